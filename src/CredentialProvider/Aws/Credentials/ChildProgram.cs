using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;

namespace CredentialProvider.Aws.Credentials;

/// <summary>
/// Runs a program that prints a secret: without a shell, with an empty standard input (ours carries NuGet's protocol) and
/// with a time limit of its own. It ends with this process.
/// </summary>
internal static class ChildProgram
{
    /// <summary>In characters.</summary>
    private const int MaxOutput = 64 * 1024, MaxReason = 300;

    private static readonly ConcurrentDictionary<Process, bool> Running = new();

    static ChildProgram() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        foreach (var process in Running.Keys)
            Kill(process);
    };

    /// <param name="program">A path, or a name that is looked up on PATH.</param>
    /// <param name="arguments">As one command line.</param>
    /// <param name="failed">Makes the exception, from the cause and the fix.</param>
    /// <returns>What it printed.</returns>
    /// <exception cref="NoTokenException">It failed, with the last line of its stderr.</exception>
    public static async Task<string> RunAsync(
        string program, string arguments, TimeSpan timeout, Func<string, string, NoTokenException> failed)
    {
        using var process = Start(program, arguments, failed);
        Running[process] = true;
        try
        {
            process.StandardInput.Close();
            var output = ReadAsync(process.StandardOutput);
            var errors = ReadAsync(process.StandardError);
            var reading = Task.WhenAll(output, errors);
            if (await Task.WhenAny(reading, Task.Delay(timeout)) != reading)
                throw failed($"it did not end within {timeout.TotalSeconds:0} s", "run it by hand to see what it waits for");
            await process.WaitForExitAsync();
            return process.ExitCode == 0 ? await output
                : throw failed($"it exited with code {process.ExitCode}{Reason(await errors)}", "run it by hand");
        }
        finally
        {
            Running.TryRemove(process, out _);
            Kill(process);
        }
    }

    private static Process Start(string program, string arguments, Func<string, string, NoTokenException> failed)
    {
        if (Path.GetFileName(program) != program && KnownPaths.IsRelative(program))
        {
            throw failed($"{program} {KnownPaths.WhyNotRelative}",
                "write the full path of the program, or only its name if it is on PATH");
        }

        var path = ProcessEnvironment.FindProgram(program)
            ?? throw failed($"{program} is not on PATH", "write its full path, or add its folder to PATH");
        var start = ProcessEnvironment.CreateStartInfo(path, arguments);
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        try
        {
            return Process.Start(start)!;
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException)
        {
            throw failed($"{program} cannot be started: {e.Message}", "correct the path");
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
}
