using CredentialProvider.Aws;
using CredentialProvider.Cli;
using CredentialProvider.Platform;
using CredentialProvider.Plugin;
using CredentialProvider.Tokens;

namespace CredentialProvider;

/// <summary>Where it all is put together.</summary>
internal static class Program
{
    private const int Done = 0;

    public static int Main(string[] args)
    {
        // Tokens and keys are in this process's memory.
        Posix.ForbidCoreDumps();
        if (Array.IndexOf(args, "-Plugin") < 0)
            return RunForPerson(args);

        using var input = StandardStreams.OpenInput();
        using var output = StandardStreams.OpenOutput();
        RunPlugin(Settings.FromEnvironment(), new Connection(input, output));
        return Done;
    }

    private static void RunPlugin(Settings settings, Connection connection)
    {
        var time = TimeProvider.System;
        var log = new LogFile(settings.LogFile, settings.LogLevel, time);
        using var host = new PluginHost(connection, Answer(settings, time), log);
        host.Run();
    }

    private static CredentialAnswer Answer(Settings settings, TimeProvider time)
    {
        // One for all domains, so that they share credentials; made when first needed, which loads the AWS code.
        var service = new Lazy<TokenService>(() =>
        {
            // From here on there is code of others, whose stray print would break the protocol.
            Console.SetOut(TextWriter.Null);
            return new TokenService(settings, time, Retries.BuildPatience);
        });
        var tokens = new TokenSource(settings, new TokenCache(settings.CacheFolder), time,
            (feed, person, cancel) => service.Value.FetchAsync(feed, person, cancel));
        return new CredentialAnswer(settings, tokens, time);
    }

    private static int RunForPerson(string[] args)
    {
        var (settings, time) = (Settings.FromEnvironment(), TimeProvider.System);
        return OlderProtocol.IsMeant(args)
            ? OlderProtocol.AnswerAsync(args, Answer(settings, time), Console.Out, Console.Error)
                .GetAwaiter().GetResult()
            : new CommandLine(settings, Terminal.Open(settings), time).Run(args);
    }
}
