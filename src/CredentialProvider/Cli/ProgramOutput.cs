using System.Diagnostics;
using System.Text;
using CredentialProvider.Configuration;
using CredentialProvider.Platform;

namespace CredentialProvider.Cli;

/// <summary>What another program printed.</summary>
internal sealed record ProgramOutput(int ExitCode, string Output, string Errors)
{
    /// <param name="customize">Sets more than the program and its arguments; null for none.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">The program cannot be started.</exception>
    public static async Task<ProgramOutput> RunAsync(string program, IEnumerable<string> arguments, CancellationToken cancel,
        Action<ProcessStartInfo>? customize = null)
    {
        var start = ProcessEnvironment.CreateStartInfo(program, ProcessArguments.Join(arguments));
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        start.StandardOutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        start.StandardErrorEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        customize?.Invoke(start);
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync(cancel);
        return new ProgramOutput(process.ExitCode, output, await errors);
    }
}
