using CredentialProvider.Aws;
using CredentialProvider.Platform;
using CredentialProvider.Plugin;
using CredentialProvider.Tokens;

namespace CredentialProvider;

/// <summary>Where it all is put together.</summary>
internal static class Program
{
    private const int Done = 0, Usage = 2;

    public static int Main(string[] args)
    {
        if (Array.IndexOf(args, "-Plugin") < 0)
            return ShowUsage();

        // Taken before anything else can: a library's stray print would break the protocol.
        using var input = StandardStreams.OpenInput();
        using var output = StandardStreams.OpenOutput();
        Console.SetOut(TextWriter.Null);
        RunPlugin(Settings.FromEnvironment(), new Connection(input, output));
        return Done;
    }

    private static void RunPlugin(Settings settings, Connection connection)
    {
        var time = TimeProvider.System;
        var log = new LogFile(settings.LogFile, settings.LogLevel, time);
        // One for all domains, so that they share credentials; made when first needed, which loads the AWS code.
        var service = new Lazy<TokenService>(() => new TokenService(settings, time));
        var tokens = new TokenSource(settings, new TokenCache(settings.CacheFolder), time,
            (feed, cancel) => service.Value.FetchAsync(feed, cancel));
        using var host = new PluginHost(connection, new CredentialAnswer(settings, tokens, time), log);
        host.Run();
    }

    private static int ShowUsage()
    {
        Console.Error.WriteLine("nuget-plugin-codeartifact: NuGet starts this program with -Plugin to get tokens for AWS CodeArtifact feeds.");
        return Usage;
    }
}
