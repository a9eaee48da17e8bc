using CredentialProvider.Cli.NuGet;
using NuGet.Protocol.Plugins;

namespace CredentialProvider.Tests.Cli;

/// <summary>Clients on this machine, by the files that their installers write.</summary>
public sealed class NuGetClients : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Each edition has a NuGet of its own, whose version says whether it searches PATH.</summary>
    [Fact]
    public void Include_every_edition_of_Visual_Studio_that_has_NuGet()
    {
        foreach (var edition in new[] { "2022/Enterprise", "18/BuildTools" })
        {
            var nuget = _folder.Below($"{edition}/Common7/IDE/CommonExtensions/Microsoft/NuGet");
            Directory.CreateDirectory(nuget);
            File.Copy(typeof(PluginManager).Assembly.Location, Path.Combine(nuget, "NuGet.Protocol.dll"));
        }

        Directory.CreateDirectory(_folder.Below("Shared/Common7"));
        Directory.CreateDirectory(_folder.Below("Installer"));

        Assert.Equal([("Visual Studio 18 BuildTools", true, true), ("Visual Studio 2022 Enterprise", true, true)],
            NuGetClient.FindVisualStudio(_folder.Path).Select(client => (client.Name, client.IsNetFramework, client.FindsOnPath)));
        Assert.Empty(NuGetClient.FindVisualStudio(_folder.Below("missing")));
    }

    /// <summary>NU1302 is an error from SDK 9.0.100 (NuGet 6.12) on: https://learn.microsoft.com/nuget/reference/errors-and-warnings/nu1302.
    /// NuGet 7.0 is that of SDK 10.</summary>
    [Theory]
    [InlineData(false, "8.0.404", false, true)]
    [InlineData(false, "9.0.100", true, true)]
    [InlineData(false, "9.0.305", true, true)]
    [InlineData(false, "10.0.100", true, false)]
    [InlineData(true, "6.11.1", false, true)]
    [InlineData(true, "6.13.1.3", true, true)]
    [InlineData(true, "7.0.0", true, false)]
    public void Differ_in_what_they_refuse(bool isNetFramework, string version, bool refusesHttp, bool comparesMappingByCase)
    {
        var client = new NuGetClient("a client", isNetFramework, FindsOnPath: true) { Version = Version.Parse(version) };

        Assert.Equal((refusesHttp, comparesMappingByCase), (client.RefusesHttp, client.ComparesMappingByCase));
    }
}
