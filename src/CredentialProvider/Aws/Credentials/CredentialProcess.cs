using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Amazon.Runtime;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Identity;
using CredentialProvider.Platform;

namespace CredentialProvider.Aws.Credentials;

/// <summary>
/// Runs the <c>credential_process</c> of a profile: without a shell, with arguments split as the AWS CLI splits them, an
/// empty standard input (ours carries NuGet's protocol) and a time limit of its own. It ends with this process.
/// https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
/// </summary>
internal sealed class CredentialProcess(ProcessSource source, TimeSpan? timeout = null)
{
    private const int MaxOutput = 64 * 1024, MaxReason = 300;

    private static readonly ConcurrentDictionary<Process, bool> Running = new();

    /// <summary>Some commands open a browser and wait for the user.</summary>
    private readonly TimeSpan _timeout = timeout ?? TimeSpan.FromSeconds(60);

    static CredentialProcess() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        foreach (var process in Running.Keys)
            Kill(process);
    };

    /// <returns>The credentials, and when they expire; <see cref="DateTimeOffset.MaxValue"/> if they do not.</returns>
    /// <exception cref="NoTokenException">The command failed, with the last line of its stderr.</exception>
    public async Task<(ImmutableCredentials Credentials, DateTimeOffset Expires)> FetchAsync()
    {
        if (Split(source.Command.Value) is not var (program, arguments))
            throw Failed("it has an unclosed quote or is empty", "correct the command");
        using var process = Start(program, arguments);
        Running[process] = true;
        try
        {
            process.StandardInput.Close();
            var output = ReadAsync(process.StandardOutput);
            var errors = ReadAsync(process.StandardError);
            var reading = Task.WhenAll(output, errors);
            if (await Task.WhenAny(reading, Task.Delay(_timeout)) != reading)
                throw Failed($"it did not end within {_timeout.TotalSeconds:0} s", "run it by hand to see what it waits for");
            await process.WaitForExitAsync();
            return process.ExitCode == 0 ? Parse(await output)
                : throw Failed($"it exited with code {process.ExitCode}{Reason(await errors)}", "run it by hand");
        }
        finally
        {
            Running.TryRemove(process, out _);
            Kill(process);
        }
    }

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

    private Process Start(string program, string arguments)
    {
        var path = ProcessEnvironment.FindProgram(program)
            ?? throw Failed($"{program} is not on PATH", "write its full path, or add its folder to PATH");
        var start = new ProcessStartInfo(path, arguments)
        {
            UseShellExecute = false,
            CreateNoWindow = true,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        ProcessEnvironment.ShowTo(start.Environment);

        try
        {
            return Process.Start(start)!;
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException)
        {
            throw Failed($"{program} cannot be started: {e.Message}", "correct the path");
        }
    }

    private static async Task<string> ReadAsync(StreamReader reader)
    {
        var (text, buffer) = (new StringBuilder(), new char[4096]);
        while (await reader.ReadAsync(buffer, 0, buffer.Length) is > 0 and var read)
        {
            if (text.Length < MaxOutput)
                text.Append(buffer, 0, read);
        }

        return text.ToString();
    }

    private (ImmutableCredentials Credentials, DateTimeOffset Expires) Parse(string output)
    {
        const string Fix = "it must print JSON with Version 1, AccessKeyId and SecretAccessKey";
        try
        {
            using var json = JsonDocument.Parse(output);
            string? Find(string name) => json.RootElement.TryGetProperty(name, out var value)
                && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;
            if (!json.RootElement.TryGetProperty("Version", out var version) || version.ToString() != "1")
                throw Failed("its output is not of Version 1", Fix);
            if (Find("AccessKeyId") is not { } id || Find("SecretAccessKey") is not { } secret)
                throw Failed("its output has no AccessKeyId or no SecretAccessKey", Fix);
            var expires = Find("Expiration") is not { } text ? DateTimeOffset.MaxValue
                : DateTimeOffset.TryParse(text, System.Globalization.CultureInfo.InvariantCulture,
                    System.Globalization.DateTimeStyles.AssumeUniversal, out var moment) ? moment
                : throw Failed("its Expiration is not an ISO 8601 time", Fix);
            return (new ImmutableCredentials(id, secret, Find("SessionToken")), expires);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Failed("its output is not JSON", Fix);
        }
    }

    /// <summary>The last line of stderr, where such programs say what is wrong. Their stdout is never repeated.</summary>
    private static string Reason(string errors)
    {
        var line = errors.Split('\n').Select(text => text.Trim()).LastOrDefault(text => text.Length > 0) ?? "";
        return line.Length == 0 ? "" : $": {PrintableText.Of(line, MaxReason)}";
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception or NotSupportedException)
        {
            // It has ended.
        }
    }

    private NoTokenException Failed(string why, string fix) => new(ErrorCode.Profile,
        $"AWS profile '{source.Profile}' cannot be used: {source.Command.Place} failed: {why}", fix);
}
