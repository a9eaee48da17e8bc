using System.Reflection;
using CredentialProvider.Cli.NuGet;
using CsCheck;
using NuGet.Common;
using NuGet.Protocol.Plugins;
using NuGetPluginFile = NuGet.Protocol.Plugins.PluginFile;
using PluginFile = CredentialProvider.Cli.NuGet.PluginFile;

namespace CredentialProvider.Tests.Cli;

/// <summary>
/// Which plugins NuGet starts. Expected values: "NuGet cross platform plugins" on learn.microsoft.com, and NuGet's own PluginDiscoverer,
/// which runs beside ours over generated folders and variables.
/// </summary>
public sealed class NuGetPluginDiscovery : IDisposable
{
    private const string Command = "nuget-plugin-codeartifact", Assembly = "CredentialProvider.CodeArtifact.dll";

    private readonly TemporaryFolder _folder = new();

    public NuGetPluginDiscovery() => TemporaryFolder.RequireUnix();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Looks_in_the_home_folder_and_then_on_PATH()
    {
        var installed = Write("home/.nuget/plugins/netcore/CredentialProvider.CodeArtifact/" + Assembly);
        var (first, second) = (Write("a/" + Command), Write("b/nuget-plugin-other"));
        Assert.Equal([new(installed, NeedsDotnet: true), new(first, NeedsDotnet: false), new(second, NeedsDotnet: false)],
            Find(("PATH", $"{Path("a")}::{Path("missing")}:{Path("b")}")));
    }

    [Fact]
    public void Ignores_PATH_before_6_13()
    {
        Write("a/" + Command);
        Assert.Empty(Discovery(searchesPath: false, ("PATH", Path("a"))).Find());
    }

    [Fact]
    public void Separates_paths_by_semicolons_before_6_13() => Assert.Equal(
        [new PluginFile("/x/a.dll", NeedsDotnet: true, "does not exist"), new PluginFile("/y/b.dll", NeedsDotnet: true, "does not exist")],
        Discovery(searchesPath: false, ("NUGET_PLUGIN_PATHS", "/x/a.dll;/y/b.dll")).Find());

    [Theory]
    [InlineData("NUGET_NETCORE_PLUGIN_PATHS", "NUGET_PLUGIN_PATHS", "NUGET_NETFX_PLUGIN_PATHS")]
    [InlineData("NUGET_PLUGIN_PATHS", "NUGET_NETFX_PLUGIN_PATHS", "PATH")]
    [InlineData(null, "NUGET_NETFX_PLUGIN_PATHS", "PATH")]
    public void Is_decided_by_the_most_specific_variable(string? deciding, params string[] others)
    {
        var discovery = Discovery(searchesPath: true, [.. others.Append(deciding).OfType<string>().Select(name => (name, $"/{name}/{Assembly}"))]);

        Assert.Equal(deciding, discovery.DecidingVariable);
    }

    [Fact]
    public void Starts_an_executable_with_dotnet_if_the_variable_is_for_dotnet_alone() => Assert.Equal(
        [new PluginFile(Write("a/" + Command), NeedsDotnet: true)], Find(("NUGET_NETCORE_PLUGIN_PATHS", Path("a/" + Command))));

    [Fact]
    public void Fails_at_a_link_that_leads_nowhere()
    {
        Make(Path("a/nuget-plugin-gone"), 3);
        Assert.True(Assert.Single(Find(("PATH", Path("a")))).HidesOthers);
    }

    [Fact]
    public void Names_the_file_in_which_NuGet_remembers_a_plugin()
    {
        const string Plugin = "/opt/nuget-plugin-codeartifact";
        var entry = new PluginCacheEntry(NuGet.Configuration.SettingsUtility.GetPluginsCacheFolder(), Plugin, "Source-Agnostic");
        Assert.Equal(typeof(PluginCacheEntry).GetProperty("CacheFileName", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(entry),
            PluginClaims.FileOf(Plugin));
    }

    /// <summary>Each place of a generated machine is a file, an executable, a folder, a link, a link that leads nowhere, or nothing.</summary>
    [Fact]
    public void Finds_what_NuGet_finds()
    {
        string[] places = ["a/nuget-plugin-x", "a/nuget-plugin-codeartifact", "b/nuget-plugin-y", "b/other", "b/NuGet-Plugin-z", "c/p.dll"];
        string[] lists = [Path("a"), Path("b"), Path("missing"), "relative", "", "/", Path("a/nuget-plugin-x"), Path("c/p.dll"), Path("b/other"), Path("c/none.dll")];
        var list = Gen.Int[0, lists.Length - 1].Array[0, 4].Select(items => string.Join(':', items.Select(item => lists[item])));
        var listOrUnset = Gen.Select(Gen.Bool, list).Select((isSet, text) => isSet ? text : null);
        Gen.Select(Gen.Int[0, 5].Array[places.Length], list, listOrUnset, listOrUnset)
            .Sample((kinds, path, shared, own) =>
        {
            foreach (var (place, kind) in places.Zip(kinds))
                Make(Path(place), kind);
            var variables = new[] { ("PATH", path), ("NUGET_PLUGIN_PATHS", shared), ("NUGET_NETCORE_PLUGIN_PATHS", own) }
                .Where(variable => variable.Item2 is not null).Select(variable => (variable.Item1, variable.Item2!)).ToArray();

            var ours = Find(variables);

            Assert.Equal(FoundByNuGet(variables), ours.Any(file => file.HidesOthers) ? null : string.Join('\n', ours.Select(Describe)));
        }, iter: 300, threads: 1);
    }

    private static string Describe(PluginFile file) =>
        $"{file.Path} {(file.NeedsDotnet ? "dotnet" : "direct")} {file.Problem switch { null => PluginFileState.Valid, "does not exist" => PluginFileState.NotFound, _ => PluginFileState.InvalidFilePath }}";

    /// <returns>Null if NuGet's search ends with an exception.</returns>
    private static string? FoundByNuGet((string, string)[] variables)
    {
        // Only this constructor reads another environment. ~/.nuget/plugins is that of this process, and empty.
        var discoverer = (PluginDiscoverer)typeof(PluginDiscoverer).GetConstructor(
            BindingFlags.Instance | BindingFlags.NonPublic, [typeof(IEnvironmentVariableReader)])!.Invoke([new Variables(variables)]);
        using (discoverer)
        {
            try
            {
                return string.Join('\n', discoverer.DiscoverAsync(CancellationToken.None).Result.Select(result =>
                    $"{result.PluginFile.Path} {(NeedsDotnet(result.PluginFile) ? "dotnet" : "direct")} {result.PluginFile.State.Value}"));
            }
            catch (AggregateException)
            {
                return null;
            }
        }
    }

    private static bool NeedsDotnet(NuGetPluginFile file) => (bool)typeof(NuGetPluginFile)
        .GetProperty("RequiresDotnetHost", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(file)!;

    private static void Make(string path, int kind)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        if (Directory.Exists(path))
            Directory.Delete(path);
        File.Delete(path);
        if (kind == 1)
            Directory.CreateDirectory(path);
        else if (kind == 2)
            File.CreateSymbolicLink(path, "/bin/sh");
        else if (kind == 3)
            File.CreateSymbolicLink(path, "/nowhere");
        else if (kind > 3)
            File.WriteAllText(path, "");
        if (kind == 5)
            File.SetUnixFileMode(path, (UnixFileMode)0x1ED);
    }

    private IReadOnlyList<PluginFile> Find(params (string, string)[] variables) =>
        Discovery(searchesPath: true, variables).Find();

    private PluginDiscovery Discovery(bool searchesPath, params (string Name, string Value)[] variables) => new(
        isNetFramework: false, searchesPath, Path("home"), name => Array.Find(variables, variable => variable.Name == name).Value, FileModes.Of);

    private string Path(string relative) => _folder.Below(relative);

    /// <summary>An executable.</summary>
    private string Write(string relative)
    {
        Make(Path(relative), 5);
        return Path(relative);
    }

    private sealed class Variables((string Name, string Value)[] all) : IEnvironmentVariableReader
    {
        public string? GetEnvironmentVariable(string variable) => Array.Find(all, entry => entry.Name == variable).Value;
    }
}
