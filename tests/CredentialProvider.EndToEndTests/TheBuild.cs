using System.Text.RegularExpressions;

namespace CredentialProvider.EndToEndTests;

/// <summary>What build/build.sh leaves behind.</summary>
public sealed partial class TheBuild
{
    [Fact]
    public void The_native_program_has_fifteen_megabytes_at_most_and_stands_alone()
    {
        Artifacts.Require(Artifacts.Native, "the native program");
        Assert.InRange(new FileInfo(Artifacts.Native).Length, 1, 15_000_000);
        Assert.Equal([Artifacts.Native], Directory.GetFiles(Artifacts.NativeFolder));
    }

    [Fact]
    public void The_netcore_build_runs_on_every_later_runtime() => Assert.Contains("\"rollForward\": \"Major\"",
        File.ReadAllText(Path.ChangeExtension(Artifacts.NetCore, ".runtimeconfig.json")), StringComparison.Ordinal);

    [Fact]
    public async Task Every_build_says_which_version_and_commit_it_is()
    {
        Artifacts.Require(Artifacts.Native, "the native program");
        await using var sandbox = await Sandbox.StartAsync();
        var commit = PackedFiles.Commit("CredentialProvider.CodeArtifact.any");

        var native = (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "--version")).Succeeded();
        var netcore = (await sandbox.DotnetAsync(sandbox.Home, Artifacts.NetCore, "--version")).Succeeded();

        Assert.All([native, netcore], outcome => Assert.Equal($"{Artifacts.Version}+{commit}\n", outcome.Output));
        Assert.Equal(commit, System.Diagnostics.FileVersionInfo.GetVersionInfo(Artifacts.NetFx).ProductVersion!.Split('+')[1]);
    }

    [Fact]
    public void The_netfx_build_is_there() => Assert.True(File.Exists(Artifacts.NetFx));

    [Fact]
    public async Task The_native_programs_need_no_newer_C_library_than_Amazon_Linux_2023_has()
    {
        Artifacts.Require(Artifacts.Native, "the native program");
        Artifacts.Require("/usr/bin/readelf", "readelf");
        await using var sandbox = await Sandbox.StartAsync();
        var others = Artifacts.Built("cross");
        foreach (var program in Directory.Exists(others) ? Directory.GetFiles(others, "*", SearchOption.AllDirectories).Append(Artifacts.Native) : [Artifacts.Native])
        {
            var symbols = (await sandbox.RunAsync("readelf", sandbox.Root, "--version-info", "--wide", program)).Succeeded();

            var versions = CLibrary().Matches(symbols.Output).Select(match => Version.Parse(match.Groups[1].Value)).ToList();
            Assert.NotEmpty(versions);
            Assert.InRange(versions.Max()!, new Version(2, 17), new Version(2, 34));
        }
    }

    [Theory]
    [InlineData("linux-x64", true)]
    [InlineData("linux-arm64", true)]
    [InlineData("osx-arm64", false)]
    [InlineData("win-x64", false)]
    public async Task What_is_for_Linuxs_linker_is_for_no_other(string platform, bool isLinux)
    {
        await using var sandbox = await Sandbox.StartAsync();

        var build = (await sandbox.DotnetAsync(sandbox.Root, "msbuild", Artifacts.Source("src/CredentialProvider/CredentialProvider.csproj"), "-p:TargetFramework=net10.0",
            $"-p:RuntimeIdentifier={platform}", "-getProperty:PositionIndependentExecutable,IlcDehydrate", "-getItem:LinkerArg,DirectPInvoke")).Succeeded();

        Assert.Equal(isLinux, build.Output.Contains("-no-pie", StringComparison.Ordinal));
        Assert.Equal(isLinux, build.Output.Contains("libc!statx", StringComparison.Ordinal));
        Assert.Equal(isLinux, build.Output.Contains("\"PositionIndependentExecutable\": \"false\"", StringComparison.Ordinal));
        Assert.Equal(isLinux, build.Output.Contains("\"IlcDehydrate\": \"false\"", StringComparison.Ordinal));
    }

    [GeneratedRegex(@"GLIBC_(\d+\.\d+)")]
    private static partial Regex CLibrary();
}
