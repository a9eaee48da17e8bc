using CredentialProvider.Cli.Doctor;
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

    /// <summary>dotnet fails at once, in the wording of hostfxr. An SDK that a cloned repository brings is not started.</summary>
    [Theory]
    [InlineData("10.0.401", "exit 155", null, true)]
    [InlineData("10.0.401 8.0.404", "exit 155", null, true)]
    [InlineData("10.0.401", "echo 10.0.401", "10.0.401", false)]
    [InlineData("10.0.401 8.0.404", "echo 8.0.404", "8.0.404", false)]
    [InlineData("10.0.401", "echo 11.0.100", null, false)]
    [InlineData("", "exit 155", null, false)]
    public void Fail_with_a_global_json_whose_SDK_is_not_installed(string installed, string answer, string? used, bool isRefusing)
    {
        TemporaryFolder.RequireUnix();
        var (dotnet, global) = (_folder.Below("dotnet"), _folder.Below("clone/global.json"));
        Script(dotnet, $"[ \"$1\" = --version ] || {{ for sdk in {installed}; do echo \"$sdk [/usr/share/dotnet/sdk]\"; done; exit; }}; {answer}");
        Directory.CreateDirectory(_folder.Below("clone/src"));
        File.WriteAllText(global, """{ "sdk": { "version": "99.0.100" } } // ours""");

        var sdks = DotnetSdks.Find(dotnet, _folder.Below("clone/src"));

        Assert.Equal((used, isRefusing ? global : null), (sdks.Used, sdks.Refusing));
        Assert.Equal(installed.Split(' ', StringSplitOptions.RemoveEmptyEntries), sdks.Versions);
        var finding = PluginChecks.CheckSdk(sdks);
        Assert.Equal(isRefusing ? $"{global} asks for .NET SDK 99.0.100, which is not installed, so every dotnet command fails here; "
            + $"installed: {installed.Replace(" ", ", ", StringComparison.Ordinal)}" : null, finding?.Text);
    }

    [Fact]
    public void Are_not_asked_for_their_version_where_a_clone_brings_an_SDK()
    {
        TemporaryFolder.RequireUnix();
        var (dotnet, asked) = (_folder.Below("dotnet"), _folder.Below("asked"));
        Script(dotnet, $"[ \"$1\" = --list-sdks ] || {{ touch {asked}; exit 155; }}; echo \"10.0.401 [$PWD/sdk]\"");
        Directory.CreateDirectory(_folder.Below("clone"));
        File.WriteAllText(_folder.Below("clone/global.json"), """{ "sdk": { "paths": ["sdk"] } }""");

        Assert.Null(DotnetSdks.Find(dotnet, _folder.Below("clone")).Refusing);
        Assert.False(File.Exists(asked));
    }

    private static void Script(string path, string content)
    {
        File.WriteAllText(path, $"#!/bin/sh\n{content}\n");
        File.SetUnixFileMode(path, (UnixFileMode)0x1ED);
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
