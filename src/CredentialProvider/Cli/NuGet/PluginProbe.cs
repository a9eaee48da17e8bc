using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using CredentialProvider.Configuration;

namespace CredentialProvider.Cli.NuGet;

/// <summary>
/// Starts a plugin by NuGet's command line and shakes hands with it, as NuGet does before it asks for credentials. A
/// restore fails at a plugin that does not answer.
/// </summary>
/// <param name="dotnet">The host that NuGet starts assemblies with.</param>
internal sealed class PluginProbe(string dotnet)
{
    /// <summary>A plugin that does nothing for this long hangs. One that is still starting, on a busy machine, gets as
    /// long as NuGet gives it.</summary>
    private static readonly TimeSpan IdleLimit = TimeSpan.FromSeconds(5), Limit = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private const string Handshake = """
        {"RequestId":"b6a2b7a8-5a0c-4d4a-9e0f-2f8a1d0c7e11","Type":"Request","Method":"Handshake","Payload":{"ProtocolVersion":"2.0.0","MinimumProtocolVersion":"1.0.0"}}
        """;

    /// <returns>What the plugin does wrong, such as "ends with exit code 1"; null if it shook hands.</returns>
    public async Task<string?> FindProblemAsync(PluginFile plugin)
    {
        if (plugin.Problem is not null)
            return plugin.Problem;
        // Outside Windows, a .NET Framework program is started by mono.
        var host = plugin.NeedsDotnet ? dotnet
            : !OperatingSystem.IsWindows() && Path.GetExtension(plugin.Path) == ".exe" ? "mono" : null;
        if (ProcessEnvironment.FindProgram(host ?? plugin.Path) is not { } program)
            return $"needs {host}, which is not on PATH";
        var start = new ProcessStartInfo(program)
        {
            Arguments = host is null ? "-Plugin" : $"\"{plugin.Path}\" -Plugin",
            UseShellExecute = false,
            CreateNoWindow = true,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        };
        try
        {
            using var process = Process.Start(start)!;
            try
            {
                return await ShakeHandsAsync(process);
            }
            finally
            {
                End(process);
            }
        }
        catch (Win32Exception e)
        {
            // .NET's text also has the path and the working directory.
            return $"cannot be started: {new Win32Exception(e.NativeErrorCode).Message}";
        }
    }

    private static async Task<string?> ShakeHandsAsync(Process process)
    {
        var errors = process.StandardError.ReadToEndAsync();
        try
        {
            await process.StandardInput.WriteLineAsync(Handshake);
            await process.StandardInput.FlushAsync();
        }
        catch (IOException)
        {
            // It has ended; the exit code says more.
        }

        var answer = WaitForAnswerAsync(process.StandardOutput, process.StandardInput);
        var (began, worked) = (Stopwatch.StartNew(), ProcessorTime(process));
        for (var idle = TimeSpan.Zero; await Task.WhenAny(answer, Task.Delay(Interval)) != answer;)
        {
            var now = ProcessorTime(process);
            (idle, worked) = (now > worked ? TimeSpan.Zero : idle + Interval, now);
            if (idle >= IdleLimit || began.Elapsed >= Limit)
                return $"does not answer within {IdleLimit.TotalSeconds:0} s";
        }

        if (await answer)
            return null;
        // The exit follows the end of the output.
        await Task.WhenAny(process.WaitForExitAsync(), Task.Delay(IdleLimit));
        var text = await Task.WhenAny(errors, Task.Delay(Interval)) == errors ? await errors : "";
        var reason = text.Split('\n').Select(line => line.Trim()).FirstOrDefault(line => line.Length > 0);
        var code = process.HasExited ? $"ends with exit code {process.ExitCode}" : "closes its output";
        return reason is null ? code : $"{code}: {reason}";
    }

    /// <returns>Zero for a process that has ended, which may happen at any moment.</returns>
    private static TimeSpan ProcessorTime(Process process)
    {
        try
        {
            return process.TotalProcessorTime;
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception)
        {
            return TimeSpan.Zero;
        }
    }

    /// <returns>True once the plugin has answered the handshake; false if its output ended before.</returns>
    private static async Task<bool> WaitForAnswerAsync(StreamReader output, StreamWriter input)
    {
        while (await output.ReadLineAsync() is { } line)
        {
            if (TryRead(line, out var id, out var isAnswer) && isAnswer)
                return true;
            if (id is null)
                continue;
            // A plugin may wait for our answer to its own handshake.
            await input.WriteLineAsync($$$"""
                {"RequestId":"{{{JsonEncodedText.Encode(id)}}}","Type":"Response","Method":"Handshake","Payload":{"ResponseCode":"Success","ProtocolVersion":"2.0.0"}}
                """);
            await input.FlushAsync();
        }

        return false;
    }

    private static bool TryRead(string line, out string? request, out bool isAnswer)
    {
        (request, isAnswer) = (null, false);
        try
        {
            using var json = JsonDocument.Parse(line);
            string? GetString(string name) =>
                json.RootElement.TryGetProperty(name, out var value) ? value.GetString() : null;

            if (GetString("Method") != "Handshake")
                return false;
            isAnswer = GetString("Type") == "Response";
            request = isAnswer ? null : GetString("RequestId");
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    private static void End(Process process)
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
