using System.Diagnostics;
using System.Text;
using CredentialProvider.Configuration;
using CredentialProvider.Platform;

namespace CredentialProvider.Cli;

/// <summary>What another program printed.</summary>
internal sealed record ProgramOutput(int ExitCode, string Output, string Errors)
{
    /// <summary>In characters. It may be a program of another user, and printing does not have to end.</summary>
    private const int MaxOutput = 16 * 1024 * 1024;

    /// <param name="customize">Sets more than the program and its arguments; null for none.</param>
    /// <param name="input">What the program reads.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">The program cannot be started.</exception>
    public static async Task<ProgramOutput> RunAsync(string program, IEnumerable<string> arguments, CancellationToken cancel,
        Action<ProcessStartInfo>? customize = null, string input = "")
    {
        var start = ProcessEnvironment.CreateStartInfo(program, ProcessArguments.Join(arguments));
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        start.StandardOutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        start.StandardErrorEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        customize?.Invoke(start);
        using var process = Process.Start(start)!;
        var errors = ReadAsync(process, process.StandardError);
        var output = ReadAsync(process, process.StandardOutput);
        Write(process, input);
        await output;
        await process.WaitForExitAsync(cancel);
        return new ProgramOutput(process.ExitCode, await output, await errors);
    }

    private static void Write(Process process, string input)
    {
        try
        {
            var bytes = Encoding.UTF8.GetBytes(input);
            process.StandardInput.BaseStream.Write(bytes, 0, bytes.Length);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The program ended before it had read everything. Its exit code and its output say why.
        }
    }

    /// <summary>Ends a program that prints too much.</summary>
    private static async Task<string> ReadAsync(Process process, StreamReader reader)
    {
        var (text, part) = (new StringBuilder(), new char[4096]);
        int length;
        while ((length = await reader.ReadAsync(part, 0, part.Length)) > 0)
        {
            if (text.Length + length > MaxOutput)
            {
                End(process);
                break;
            }

            text.Append(part, 0, length);
        }

        return text.ToString();
    }

    private static void End(Process process)
    {
        try
        {
            process.Kill();
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // It has ended.
        }
    }
}
