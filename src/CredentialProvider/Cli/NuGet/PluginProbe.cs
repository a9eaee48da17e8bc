using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using CredentialProvider.Configuration;
using CredentialProvider.Platform;

namespace CredentialProvider.Cli.NuGet;

/// <summary>
/// Starts a plugin by NuGet's command line and asks it as NuGet does. A restore fails at a plugin that does not answer in
/// time.
/// </summary>
/// <param name="dotnet">The host that NuGet starts assemblies with.</param>
/// <param name="variable">Reads the environment.</param>
internal sealed class PluginProbe(string dotnet, Func<string, string?> variable)
{
    /// <summary>A plugin that does nothing for this long hangs, unless it asks a server for credentials. One that is still
    /// starting, on a busy machine, gets as long as NuGet gives it.</summary>
    private static readonly TimeSpan IdleLimit = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly TimeSpan _handshakeLimit = ReadLimit(variable("NUGET_PLUGIN_HANDSHAKE_TIMEOUT_IN_SECONDS")),
        _requestLimit = ReadLimit(variable("NUGET_PLUGIN_REQUEST_TIMEOUT_IN_SECONDS"));

    /// <param name="feed">Null to ask for no credentials.</param>
    public async Task<PluginReply> AskAsync(PluginFile plugin, AskedFeed? feed)
    {
        if (plugin.Problem is not null)
            return new PluginReply(plugin.Problem);
        // Outside Windows, a .NET Framework program is started by mono.
        var host = plugin.NeedsDotnet ? dotnet
            : !OperatingSystem.IsWindows() && Path.GetExtension(plugin.Path) == ".exe" ? "mono" : null;
        if (ProcessEnvironment.FindProgram(host ?? plugin.Path) is not { } program)
            return new PluginReply($"needs {host}, which is not on PATH");
        var start = ProcessEnvironment.CreateStartInfo(
            program, host is null ? "-Plugin" : ProcessArguments.Join([plugin.Path, "-Plugin"]));
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        try
        {
            using var process = Process.Start(start)!;
            try
            {
                return await AskAsync(process, feed);
            }
            finally
            {
                End(process);
            }
        }
        catch (Win32Exception e)
        {
            // .NET's text also has the path and the working directory.
            return new PluginReply($"cannot be started: {new Win32Exception(e.NativeErrorCode).Message}");
        }
    }

    private async Task<PluginReply> AskAsync(Process process, AskedFeed? feed)
    {
        var errors = process.StandardError.ReadToEndAsync();
        // Like NuGet's, this reader takes a byte-order mark for text.
        using var output = new StreamReader(process.StandardOutput.BaseStream,
            new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), detectEncodingFromByteOrderMarks: false);
        var conversation = new PluginConversation(output, process.StandardInput, feed);
        var reply = conversation.RunAsync();
        var (progress, since, idle, worked) = (0, Stopwatch.StartNew(), TimeSpan.Zero, ProcessorTime(process));
        while (await Task.WhenAny(reply, Task.Delay(Interval)) != reply)
        {
            var now = ProcessorTime(process);
            idle = now > worked ? TimeSpan.Zero : idle + Interval;
            if (progress != conversation.Progress)
                (since, idle) = (Stopwatch.StartNew(), TimeSpan.Zero);
            (progress, worked) = (conversation.Progress, now);
            var isHandshake = conversation.Step == PluginConversation.Handshake;
            var limit = isHandshake ? _handshakeLimit : _requestLimit;
            if (idle >= IdleLimit && limit > IdleLimit && conversation.Step != PluginConversation.Credentials)
                limit = IdleLimit;
            if (since.Elapsed >= limit)
            {
                return new PluginReply(
                    $"does not answer{(isHandshake ? "" : $" {conversation.Step}")} within {limit.TotalSeconds:0} s");
            }
        }

        try
        {
            var answer = await reply;
            // A plugin that was asked for credentials may still store them.
            if (answer.Problem is null)
                await Task.WhenAny(process.WaitForExitAsync(), Task.Delay(Interval));
            return answer;
        }
        catch (EndOfStreamException)
        {
            return new PluginReply(await DescribeEndAsync(process, errors));
        }
        catch (InvalidDataException e)
        {
            await Task.WhenAny(process.WaitForExitAsync(), Task.Delay(Interval));
            return new PluginReply(process.HasExited ? await DescribeEndAsync(process, errors) : e.Message);
        }
    }

    private static async Task<string> DescribeEndAsync(Process process, Task<string> errors)
    {
        // The exit follows the end of the output.
        await Task.WhenAny(process.WaitForExitAsync(), Task.Delay(IdleLimit));
        var text = await Task.WhenAny(errors, Task.Delay(Interval)) == errors ? await errors : "";
        var reason = text.Split('\n').Select(line => line.Trim()).FirstOrDefault(line => line.Length > 0);
        var code = process.HasExited ? $"ends with exit code {process.ExitCode}" : "closes its output";
        return reason is null ? code : $"{code}: {reason}";
    }

    /// <summary>As NuGet reads it.</summary>
    private static TimeSpan ReadLimit(string? seconds) =>
        TimeSpan.FromSeconds(int.TryParse(seconds, out var number) && number > 0 ? number : 30);

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
