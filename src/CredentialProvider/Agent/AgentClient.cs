using CredentialProvider.Aws;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.FastStart;
using CredentialProvider.Feeds;
using CredentialProvider.Platform;
using CredentialProvider.Tokens;

namespace CredentialProvider.Agent;

/// <summary>Asks an agent for a token. A failure to reach one has the code
/// <see cref="ErrorCode.NoAgent"/>.</summary>
internal static class AgentClient
{
    /// <summary>The beginning of a pipe's path on Windows.</summary>
    public const string PipePrefix = @"\\.\pipe\";

    /// <summary>For one request. An agent that waits for AWS says so earlier.</summary>
    public static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Connections that an agent may close, or be too busy for, before it counts as unusable.</summary>
    private const int MaxLost = 3;

    /// <summary>Before the next request, in case the agent does not wait itself.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <exception cref="NoTokenException">The agent cannot be asked, or has no token and says why.</exception>
    public static async Task<AuthorizationToken> FetchAsync(string socket, Feed feed, DateTimeOffset after,
        UserPrompt? prompt, TimeProvider time, CancellationToken cancel)
    {
        prompt?.Log?.Invoke($"asking the agent at {socket} for {feed.DomainName}");
        if (FindProblem(socket) is { } problem)
            throw problem;
        var (request, first, lost) = (new AgentRequest(feed, after).ToLine(), time.GetTimestamp(), 0);
        while (true)
        {
            var response = AgentResponse.Wait;
            try
            {
                response = await AskAsync(socket, request, time, cancel);
            }
            catch (IOException e)
            {
                // It has just ended, to be started again by systemd, or has too many clients.
                if (++lost == MaxLost)
                    throw NoAnswer(socket, e);
            }

            if (response.Token is { } token)
                return token with { Source = $"agent {socket}{(token.Source is null ? "" : $": {token.Source}")}" };
            if (response.Failure is { } failure)
                throw failure;
            // As long as this process would wait for AWS itself.
            if (time.GetElapsedTime(first) > Retries.BuildTimeout)
                throw AgentProtocol.Failure(
                    $"the agent at {socket} has been waiting for AWS for {Retries.BuildTimeout.TotalMinutes:0} minutes",
                    "on the agent's machine, run nuget-plugin-codeartifact doctor");
            await time.Delay(Pause, cancel);
        }
    }

    /// <exception cref="IOException">The agent has closed the connection.</exception>
    private static async Task<AgentResponse> AskAsync(
        string socket, string request, TimeProvider time, CancellationToken cancel)
    {
        using var limit = time.CreateCancellationTokenSource(RequestTimeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        try
        {
            using var stream = await AgentConnection.OpenAsync(socket, either.Token);
            await AgentProtocol.SendAsync(stream, request, either.Token);
            return AgentResponse.Parse(
                await AgentProtocol.ReadLineAsync(stream, AgentResponse.MaxLength, either.Token));
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw NoAnswer(socket, $"timed out after {RequestTimeout.TotalSeconds:0} s");
        }
        catch (InvalidValueException e)
        {
            throw AgentProtocol.Failure(
                $"the answer of the agent at {socket} cannot be used: {e.Message}", AgentProtocol.SameVersion);
        }
    }

    public static NoTokenException NoAnswer(string socket, Exception e) => NoAnswer(socket, e.Message);

    /// <summary>Why the agent is not even asked; null if it may be. A user who can replace the socket can give a wrong
    /// token and a message, but gets nothing: SECURITY.md.</summary>
    private static NoTokenException? FindProblem(string socket)
    {
        var example = OperatingSystem.IsWindows() ? PipePrefix + "codeartifact-agent" : "/run/codeartifact/agent.sock";
        if (OperatingSystem.IsWindows() ? !socket.StartsWith(PipePrefix, StringComparison.OrdinalIgnoreCase)
            : KnownPaths.Absolute(socket) is null)
        {
            return AgentProtocol.Failure($"CODEARTIFACT_AGENT is '{socket}'; expected a path such as {example}",
                "correct or unset it");
        }

        return !OperatingSystem.IsWindows() && TrustedFile.FindSocketProblem(socket) is { } problem
            ? AgentProtocol.Failure($"the agent's socket {socket} is not used: {problem.Why}", problem.Fix) : null;
    }

    private static NoTokenException NoAnswer(string socket, string why) =>
        AgentProtocol.Failure($"no agent answers at {socket}: {why}",
            "on the machine with the AWS credentials, run nuget-plugin-codeartifact agent "
            + $"{ShellText.Option("--socket", socket)}; or unset CODEARTIFACT_AGENT");
}
