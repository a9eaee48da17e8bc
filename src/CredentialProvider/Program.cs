using CredentialProvider.Agent;
using CredentialProvider.Aws;
using CredentialProvider.Cli;
using CredentialProvider.Cli.Commands;
using CredentialProvider.Configuration;
using CredentialProvider.Platform;
using CredentialProvider.Plugin;
using CredentialProvider.Tokens;

namespace CredentialProvider;

/// <summary>Composes the program: a NuGet plugin with <c>-Plugin</c>, a command line otherwise.</summary>
internal static class Program
{
    private const int Success = 0;

    public static int Main(string[] args)
    {
        // This process has tokens and keys in its memory.
        Posix.DisableCoreDumps(keepsCapabilities: IsExec(args));
        var isMissing = Posix.ReserveStandardStreams();
        try
        {
            // Where NuGet has it; any other word may be an argument of the command that exec runs.
            var isPlugin = args is ["-Plugin", ..];
            if ((isMissing[1] && !IsExec(args)) || (isPlugin && isMissing[0]))
                throw new IOException($"standard {(isMissing[1] ? "output" : "input")} is closed");
            return isPlugin ? RunPlugin() : RunCommandLine(args);
        }
        catch (Exception e)
        {
            // An unhandled exception would print a stack trace and leave a dump.
            Terminal.Abort(e);
            return LegacyProtocol.IsRequested(args) ? LegacyProtocol.Failed : CliCommand.Failure;
        }
    }

    private static int RunPlugin()
    {
        using var input = StandardStreams.OpenInput();
        using var output = StandardStreams.OpenOutput();
        RunPlugin(Settings.FromEnvironment(), new Connection(input, output));
        return Success;
    }

    private static void RunPlugin(Settings settings, Connection connection)
    {
        var time = TimeProvider.System;
        using var host = new PluginHost(connection, Answer(settings, time), Log(settings, time));
        host.Run();
    }

    private static LogFile Log(Settings settings, TimeProvider time) =>
        new(settings.LogFile, settings.LogLevel, time);

    private static CredentialAnswer Answer(Settings settings, TimeProvider time)
    {
        // One for all domains, so that they share credentials. Created on first use, because it loads the AWS code.
        var service = new Lazy<TokenService>(() =>
        {
            // Third-party code runs from here on; anything it printed would break the protocol.
            Console.SetOut(TextWriter.Null);
            return new TokenService(settings, time, Retries.BuildTimeout);
        });
        var tokens = AgentOrAws.CreateSource(settings, time,
            (request, prompt, cancel) => service.Value.FetchAsync(request, prompt, cancel));
        return new CredentialAnswer(settings, tokens,
            (feed, url, token, cancel) => FeedReply.AskAsync(settings, feed, url, token, cancel), time);
    }

    private static int RunCommandLine(string[] args)
    {
        ProcessEnvironment.IgnoreRelativeFolders();
        var (settings, time) = (Settings.FromEnvironment(), TimeProvider.System);
        return LegacyProtocol.IsRequested(args)
            ? LegacyProtocol.AnswerAsync(
                args, Answer(settings, time), Log(settings, time), Console.Out, Console.Error)
                .GetAwaiter().GetResult()
            : new CommandLine(settings, Terminal.Open(settings, isForCommand: IsExec(args)), time).Run(args);
    }

    /// <summary>True for <c>exec</c>: this process becomes another program, whose terminal and settings must be
    /// unchanged.</summary>
    private static bool IsExec(string[] args) => args is [ExecCommand.Word, ..];
}
