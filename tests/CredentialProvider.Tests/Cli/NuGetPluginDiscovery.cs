using CredentialProvider.Cli.NuGet;

namespace CredentialProvider.Tests.Cli;

/// <summary>Where NuGet finds this plugin. Expected values: "NuGet cross platform plugins" on learn.microsoft.com and NuGet.Client's PluginDiscoverer.</summary>
public sealed class NuGetPluginDiscovery
{
    private const string Command = "nuget-plugin-codeartifact", Assembly = "CredentialProvider.CodeArtifact.dll";
    private const string Installed = $"/home/user/.nuget/plugins/netcore/CredentialProvider.CodeArtifact/{Assembly}";

    [Fact]
    public void NuGet_looks_in_the_home_folder_and_then_on_PATH() => Assert.Equal(
        [Installed, $"/bin/{Command}", $"/usr/bin/{Command}"],
        Discovery(("PATH", "/bin::/usr/bin")).CandidatePaths());

    [Fact]
    public void Before_6_13_NuGet_looks_only_in_the_home_folder() =>
        Assert.Equal([Installed], Discovery(searchesPath: false, ("PATH", "/bin")).CandidatePaths());

    [Theory]
    [InlineData("NUGET_NETCORE_PLUGIN_PATHS", "NUGET_PLUGIN_PATHS", "NUGET_NETFX_PLUGIN_PATHS")]
    [InlineData("NUGET_PLUGIN_PATHS", "NUGET_NETFX_PLUGIN_PATHS", "PATH")]
    [InlineData(null, "NUGET_NETFX_PLUGIN_PATHS", "PATH")]
    public void The_most_specific_variable_replaces_all_other_locations(string? deciding, params string[] others)
    {
        var discovery = Discovery([.. others.Append(deciding).OfType<string>().Select(name => (name, $"/{name}/{Assembly}"))]);

        Assert.Equal(deciding, discovery.DecidingVariable);
        Assert.Equal(deciding ?? "PATH", discovery.VariableToExtend);
        Assert.Equal(deciding is null ? Installed : $"/{deciding}/{Assembly}", discovery.CandidatePaths().First());
    }

    [Fact]
    public void NUGET_PLUGIN_PATHS_lists_files_and_folders() => Assert.Superset(
        new HashSet<string> { $"/tools/{Command}", $"/opt/{Assembly}", $"/opt/{Command}" },
        Discovery(("NUGET_PLUGIN_PATHS", $"/tools:/opt/{Assembly}:/opt/{Command}:/opt/nuget-plugin-other")).CandidatePaths().ToHashSet());

    [Theory]
    [InlineData("NUGET_NETCORE_PLUGIN_PATHS", true)]
    [InlineData("NUGET_PLUGIN_PATHS", false)]
    public void Where_NuGet_starts_only_assemblies_an_executable_is_not_found(string variable, bool searchesPath)
    {
        var discovery = Discovery(searchesPath, (variable, $"/opt/{Command}:/opt/{Assembly}"));

        Assert.Equal([$"/opt/{Assembly}"], discovery.CandidatePaths());
        Assert.Equal(Assembly, discovery.FileName);
    }

    [Fact]
    public void Dotnet_before_6_13_gets_one_more_plugin_from_NUGET_PLUGIN_PATHS() =>
        Assert.Equal("NUGET_PLUGIN_PATHS", Discovery(searchesPath: false, ("PATH", "/bin")).VariableToExtend);

    private static PluginDiscovery Discovery(params (string Name, string Value)[] variables) => Discovery(searchesPath: true, variables);

    private static PluginDiscovery Discovery(bool searchesPath, params (string Name, string Value)[] variables) => new(
        isNetFramework: false, searchesPath, "/home/user", name => Array.Find(variables, variable => variable.Name == name).Value);
}
