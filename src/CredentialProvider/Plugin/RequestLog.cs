using System.Diagnostics;
using System.Globalization;
using CredentialProvider.Feeds;
using CredentialProvider.Platform;
using CredentialProvider.Tokens;

namespace CredentialProvider.Plugin;

/// <summary>
/// What the log says about a conversation: which program NuGet started, what it asked, whose token it got, and after how
/// long. Exists only if there is a log, so that a start without one pays nothing.
/// </summary>
internal sealed class RequestLog
{
    private readonly LogFile _log;
    private readonly TimeProvider _time;
    private readonly long _started;

    private RequestLog(LogFile log)
    {
        (_log, _time) = (log, log.Time);
        _started = _time.GetTimestamp();
    }

    /// <summary>Null if there is no log.</summary>
    /// <param name="protocol">How the client speaks to this program.</param>
    public static RequestLog? Start(LogFile log, string protocol)
    {
        if (!log.IsOn)
            return null;
        var requests = new RequestLog(log);
        requests.Write($"started {ThisProgram.Path} {ThisProgram.Version}, {protocol}");
        return requests;
    }

    /// <summary>A request that only needs an acknowledgement.</summary>
    public void Received(Message message)
    {
        switch (message.Method)
        {
            case MessageMethod.Handshake:
                Write($"NuGet speaks protocol {message.GetString("MinimumProtocolVersion")} to {message.GetString("ProtocolVersion")}");
                break;
            case MessageMethod.Initialize:
                Write($"NuGet {message.GetString("ClientVersion")}, request timeout {message.GetString("RequestTimeout")}");
                break;
            case MessageMethod.MonitorNuGetProcessExit:
                Write($"NuGet's process is {message.GetInt32("ProcessId")}{NameOf(message.GetInt32("ProcessId"))}");
                break;
            case MessageMethod.GetOperationClaims:
                Write("NuGet asks what this plugin can do");
                break;
        }
    }

    /// <summary>When a request came, for <see cref="Answered"/>.</summary>
    public long GetTimestamp() => _time.GetTimestamp();

    public void Asked(string id, CredentialAnswer.ResolvedRequest resolved)
    {
        var request = resolved.Request;
        var uri = resolved.Token is null && request.Uri is { } foreign ? FeedUrl.OriginOf(foreign) : request.Uri;
        Write($"request {id}: credentials for {uri}, {(request.IsRetry ? "again, because the feed refused the last ones, " : "")}"
            + (request.IsNonInteractive ? "non-interactive" : "interactive"));
    }

    /// <param name="asked">From <see cref="GetTimestamp"/>.</param>
    /// <param name="isCached">True if AWS was not asked.</param>
    public void Answered(string id, CredentialAnswer.ResolvedRequest resolved, CredentialsResponse response, long asked,
        bool isCached)
    {
        var answer = resolved.Token is not { } wanted ? "not a CodeArtifact feed"
            : response.Token is null ? response.Reason ?? "no token"
            : $"{(isCached ? "cached token" : "token")} for {wanted.Feed.DomainName}{Describe(response.Given)}";
        Write($"request {id}: {response.Code} after {Elapsed(asked)}: {answer}");
    }

    public void Cancelled(string id, long asked) => Write($"request {id}: cancelled by NuGet after {Elapsed(asked)}");

    public void Ended() => Write($"NuGet closed the connection after {Elapsed(_started)}");

    private string Describe(AuthorizationToken? token)
    {
        if (token is null)
            return "";
        if (token.Expires == DateTimeOffset.MaxValue)
            return $" from {token.Source}";
        var age = _time.GetUtcNow() - token.Obtained;
        return $", obtained {(long)age.TotalSeconds} s ago by {token.Identity ?? "unknown credentials"}, "
            + $"expires at {token.Expires:u}";
    }

    private string Elapsed(long since) =>
        $"{_time.GetElapsedTime(since).TotalMilliseconds.ToString("0.0", CultureInfo.InvariantCulture)} ms";

    /// <summary>Empty for a process that cannot be seen, as from another container.</summary>
    private static string NameOf(int processId)
    {
        try
        {
            using var process = Process.GetProcessById(processId);
            return $" ({process.ProcessName})";
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException
            or System.ComponentModel.Win32Exception or NotSupportedException)
        {
            return "";
        }
    }

    private void Write(string text) => _log.Write(LogLevels.Information, text);
}
