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
}
