using System.Text.Json;
using Amazon.Runtime;
using CredentialProvider.Errors;
using CredentialProvider.Identity;
using CredentialProvider.Platform;

namespace CredentialProvider.Aws.Credentials;

/// <summary>
/// What the <c>credential_process</c> of a profile prints, with arguments split as the AWS CLI splits them.
/// https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
/// </summary>
internal sealed class ProcessCredentials : AsyncCredentials
{
    /// <summary>Some commands open a browser and wait for the user.</summary>
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(60);

    private readonly ProcessSource _source;
    private readonly TimeSpan _timeout;
    private readonly ExpiringCredentials _credentials;

    public ProcessCredentials(ProcessSource source, TimeProvider time, TimeSpan? timeout = null)
    {
        (_source, _timeout) = (source, timeout ?? DefaultTimeout);
        _credentials = new ExpiringCredentials(time, FetchAsync);
    }

    /// <exception cref="NoTokenException">The command failed, with the last line of its stderr, or did not print
    /// credentials.</exception>
    public override Task<ImmutableCredentials> GetCredentialsAsync() => _credentials.GetAsync();

    /// <returns>The credentials, and when they expire; <see cref="DateTimeOffset.MaxValue"/> if they do not.</returns>
    private async Task<(ImmutableCredentials Credentials, DateTimeOffset Expires)> FetchAsync() =>
        Split(_source.Command.Value) is var (program, arguments)
            ? Parse(await ChildProgram.RunAsync(program, arguments, _timeout, Failed))
            : throw Failed("it has an unclosed quote or is empty", "correct the command");

    /// <summary>The program and its arguments; null if a quote is not closed or there is no program.</summary>
    private static (string Program, string Arguments)? Split(string command)
    {
        command = command.Trim();
        if (!OperatingSystem.IsWindows())
        {
            return ShellWords.Split(command) is { Length: > 0 } words
                ? (words[0], ProcessArguments.Join(words.Skip(1))) : null;
        }

        // Windows programs split their command line themselves; a backslash is part of a path.
        var isQuoted = command.StartsWith('"');
        var end = command.IndexOf(isQuoted ? '"' : ' ', isQuoted ? 1 : 0);
        return isQuoted ? end < 0 ? null : (command[1..end], command[(end + 1)..])
            : command.Length == 0 ? null : end < 0 ? (command, "") : (command[..end], command[end..]);
    }

    private (ImmutableCredentials Credentials, DateTimeOffset Expires) Parse(string output)
    {
        const string Fix = "it must print JSON with Version 1, AccessKeyId and SecretAccessKey";
        try
        {
            using var json = JsonDocument.Parse(output);
            string? Find(string name) => json.RootElement.TryGetProperty(name, out var value)
                && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;
            if (!json.RootElement.TryGetProperty("Version", out var version) || !IsOne(version))
                throw Failed("its output does not have Version 1", Fix);
            if (Find("AccessKeyId") is not { } id || Find("SecretAccessKey") is not { } secret)
                throw Failed("its output has no AccessKeyId or no SecretAccessKey", Fix);
            var expires = !json.RootElement.TryGetProperty("Expiration", out var time) || time.ToString() is not { Length: > 0 } text
                ? DateTimeOffset.MaxValue
                : ExpiringCredentials.TryParseTime(text, out var moment) ? moment
                : throw Failed("its Expiration is not an ISO 8601 time", Fix);
            return (new ImmutableCredentials(id, secret, Find("SessionToken")), expires);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Failed("its output is not JSON", Fix);
        }
    }

    /// <summary>Programs whose numbers have no type of their own for integers print 1.0.</summary>
    private static bool IsOne(JsonElement version) => version.ToString() == "1"
        || (version.ValueKind == JsonValueKind.Number && version.TryGetDouble(out var number) && number == 1);

    private NoTokenException Failed(string why, string fix) => new(ErrorCode.Profile,
        $"AWS profile '{_source.Profile}' cannot be used: {_source.Command.Place} failed: {why}", fix);
}
