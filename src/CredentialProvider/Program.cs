using Microsoft.Win32.SafeHandles;
using CredentialProvider.Aws;
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
        using var input = StandardStream(0, FileAccess.Read);
        using var output = StandardStream(1, FileAccess.Write);
        Console.SetOut(TextWriter.Null);
        RunPlugin(Settings.FromEnvironment(), new Connection(input, output));
        return Done;
    }

    private static void RunPlugin(Settings settings, Connection connection)
    {
        var time = TimeProvider.System;
        var log = new LogFile(settings.LogFile, settings.LogLevel, time);
        var tokens = new TokenSource(settings, new TokenCache(settings.CacheFolder), time,
            (feed, cancel) => new TokenService(settings, time).FetchAsync(feed, cancel));
        using var host = new PluginHost(connection, new CredentialAnswer(settings, tokens, time), log);
        host.Run();
    }

    /// <summary>
    /// Standard input or output as a plain pipe. On Unix, Console would set up a terminal first: a thread, signal handlers and a
    /// millisecond for what is never a terminal.
    /// </summary>
    private static Stream StandardStream(int descriptor, FileAccess access)
    {
        if (OperatingSystem.IsWindows())
            return access == FileAccess.Read ? Console.OpenStandardInput() : Console.OpenStandardOutput();
        return new FileStream(new SafeFileHandle((nint)descriptor, ownsHandle: false), access, bufferSize: 1);
    }

    private static int ShowUsage()
    {
        Console.Error.WriteLine("nuget-plugin-codeartifact: NuGet starts this program with -Plugin to get tokens for AWS CodeArtifact feeds.");
        return Usage;
    }
}
