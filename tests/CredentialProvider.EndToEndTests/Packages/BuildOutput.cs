using System.Text.RegularExpressions;

namespace CredentialProvider.EndToEndTests.Packages;

/// <summary>The executables that build/build.sh publishes.</summary>
[Trait("Category", "Slow")]
public sealed partial class BuildOutput
{
    [Fact]
    public void The_native_executable_is_one_file_of_at_most_16_MB()
    {
        Artifacts.RequireNative();
        Assert.InRange(new FileInfo(Artifacts.Native).Length, 1, 16 * 1024 * 1024);
        Assert.Equal([Artifacts.Native], Directory.GetFiles(Artifacts.NativeFolder));
    }

    [Fact]
    public void The_framework_dependent_build_rolls_forward_to_every_later_runtime() => Assert.Contains("\"rollForward\": \"Major\"",
        File.ReadAllText(Path.ChangeExtension(Artifacts.NetCore, ".runtimeconfig.json")), StringComparison.Ordinal);

    [Fact]
    public async Task Every_build_reports_its_version_and_commit()
    {
        Artifacts.RequireNative();
        await using var sandbox = await Sandbox.StartAsync();
        var commit = PackageContents.Commit("CredentialProvider.CodeArtifact.any");

        var native = (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "--version")).Succeeded();
        var netcore = (await sandbox.DotnetAsync(sandbox.Home, Artifacts.NetCore, "--version")).Succeeded();

        Assert.All([native, netcore], outcome => Assert.Equal($"{Artifacts.Version}+{commit}\n", outcome.Output));
        Assert.Equal(commit, System.Diagnostics.FileVersionInfo.GetVersionInfo(Artifacts.NetFx).ProductVersion!.Split('+')[1]);
    }

    [Fact]
    public void The_NET_Framework_build_exists() => Assert.True(File.Exists(Artifacts.NetFx));

    [Fact]
    public async Task The_native_executables_run_on_the_glibc_of_Amazon_Linux_2023()
    {
        Artifacts.RequireNative();
        Artifacts.Require("/usr/bin/readelf", "readelf");
        await using var sandbox = await Sandbox.StartAsync();
        var cross = Artifacts.Built("cross");
        foreach (var program in Directory.Exists(cross) ? Directory.GetFiles(cross, "*", SearchOption.AllDirectories).Append(Artifacts.Native) : [Artifacts.Native])
        {
            var symbols = (await sandbox.RunAsync("readelf", sandbox.Root, "--version-info", "--wide", program)).Succeeded();

            var versions = GlibcVersion().Matches(symbols.Output).Select(match => Version.Parse(match.Groups[1].Value)).ToList();
            Assert.NotEmpty(versions);
            Assert.InRange(versions.Max()!, new Version(2, 17), new Version(2, 34));
        }
    }

    [Theory]
    [InlineData("linux-x64", true)]
    [InlineData("linux-arm64", true)]
    [InlineData("osx-arm64", false)]
    [InlineData("win-x64", false)]
    public async Task Linker_options_for_Linux_are_used_only_on_Linux(string platform, bool isLinux)
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
    private static partial Regex GlibcVersion();
}
