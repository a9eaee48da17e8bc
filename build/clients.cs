// Writes docs/reference/clients.md from the results of the last build/test.sh: dotnet run build/clients.cs
//   --check     changes nothing; exits with 1 if the page differs from the results
// A cell says "tested here" only if every test that its row names ran and passed.

#:property RestorePackagesWithLockFile=false
using System.Text;

const string Release = "tested in release workflow", Protocol = "by protocol";

// Client | version | how the plugin is found | machine | build of the plugin | evidence: the start of the tests' names, or release or protocol
const string Rows = """
    dotnet restore | SDK 10 | on PATH | linux-x64 | native | Clients.DotnetRestore.A_restore_needs_only_the_plugin(how: NativeOnPath)
    dotnet restore | SDK 10 | NUGET_PLUGIN_PATHS | linux-x64 | native | Clients.DotnetRestore.A_restore_needs_only_the_plugin(how: NativeByPluginPaths)
    dotnet restore | SDK 10 | NUGET_NETCORE_PLUGIN_PATHS | linux-x64 | netcore | Clients.DotnetRestore.A_restore_needs_only_the_plugin(how: NetCoreByNetCorePluginPaths)
    dotnet restore | SDK 10 | ~/.nuget/plugins/netcore | linux-x64 | netcore | Clients.DotnetRestore.A_restore_needs_only_the_plugin(how: NetCoreInHome)
    dotnet restore | SDK 10 | .NET tool on PATH | linux-x64 | native | Packages.DotnetTool.A_restore_needs_only_the_tool
    dotnet restore | SDK 10 | platform-independent .NET tool on PATH | linux-x64 | netcore | Packages.DotnetTool.A_platform_without_a_native_executable_gets_the_any_package
    dotnet restore | SDK 10 | .NET tool as SDKs 8 and 9 install it | linux-x64 | netcore | Packages.DotnetTool.An_older_SDK_gets_the_framework_dependent_build
    dotnet restore | SDK 10 | tool manifest, then `install` | linux-x64 | native | Packages.DotnetTool.A_tool_manifest_restores_the_tool_on_another_machine
    install.sh | | installs it on PATH | linux-x64 | native | Packages.InstallScripts.They_install_the_plugin_from_every_kind_of_source(shell: "sh"
    install.ps1 | PowerShell 7 | installs it on PATH | linux-x64 | native | Packages.InstallScripts.They_install_the_plugin_from_every_kind_of_source(shell: "pwsh"
    dotnet restore | SDK 10 | on PATH | linux-arm64, emulated | native | Clients.Arm64.
    dotnet restore | SDK 10 | on PATH, through a script | linux-x64 | netcore on .NET 8 and on .NET 9 | Clients.OlderRuntimes.A_restore_works
    dotnet restore | SDK 10 | on PATH, through a script | win-x64, under Wine | native, compiled at run time | Clients.Windows.A_restore_needs_only_the_plugin
    dotnet restore | SDK 10 | in the root file system of an image, as root | Debian 12 | native | Images.Dockerfiles.Every_user_of_the_SDK_image_restores(who: "root"
    dotnet restore | SDK 10 | in the root file system of an image, as other users | Debian 12 | native | Images.Dockerfiles.Every_user_of_the_SDK_image_restores
    dotnet restore, one project | SDK 10 | MSBuild package | linux-x64 | native | Packages.TheMSBuildPackage.A_fresh_clone_restores(arguments: ["restore", "client"])
    dotnet restore, solution | SDK 10 | MSBuild package | linux-x64 | native | Packages.TheMSBuildPackage.A_fresh_clone_restores(arguments: ["restore", "all.slnx"])
    dotnet restore, static graph | SDK 10 | MSBuild package | linux-x64 | native | Packages.TheMSBuildPackage.A_fresh_clone_restores(arguments: ["restore", "all.slnx", "-p:
    dotnet restore | SDK 10 | MSBuild package | linux-x64 | netcore | Packages.ThePluginInThePackage.Without_a_native_executable_for_this_machine_dotnet_runs_the_framework_dependent_build
    dotnet build | SDK 10 | MSBuild package | linux-x64 | native | Packages.TheMSBuildPackage.A_fresh_clone_restores(arguments: ["build"
    dotnet run | SDK 10 | MSBuild package | linux-x64 | native | Packages.TheMSBuildPackage.A_fresh_clone_restores(arguments: ["run"
    dotnet run, file-based app | SDK 10 | MSBuild package | linux-x64 | native | Packages.TheMSBuildPackage.A_file_based_app_runs
    msbuild -restore -m | SDK 10 | MSBuild package | linux-x64 | native | Packages.TheMSBuildPackage.A_fresh_clone_restores(arguments: ["msbuild", "all.slnx", "-restore", "-m"])
    msbuild -restore -graph | SDK 10 | MSBuild package | linux-x64 | native | Packages.TheMSBuildPackage.A_fresh_clone_restores(arguments: ["msbuild", "all.slnx", "-restore", "-m:1"
    MSBuild of .NET Framework, mono | 17.7 | MSBuild package, tasks only | linux-x64 | native | Packages.TheMSBuildPackage.Visual_Studios_MSBuild_runs_the_same_tasks
    dotnet nuget push, dotnet add package | SDK 10 | on PATH | linux-x64 | native | Clients.DotnetRestore.Packages_can_be_added_and_published
    nuget.exe, mono | 6.13.1 | on PATH | linux-x64 | native | Clients.NuGetExe.It_uses_the_native_executable
    nuget.exe, mono | 6.13.1 | NUGET_NETFX_PLUGIN_PATHS | linux-x64 | netfx | Clients.NuGetExe.It_uses_the_NET_Framework_build
    nuget.exe, mono | 6.13.1 | legacy protocol | linux-x64 | netfx | Clients.NuGetExe.It_uses_the_legacy_protocol
    NuGet.Protocol | 6.7.0 | NUGET_NETCORE_PLUGIN_PATHS | linux-x64 | netcore | Clients.NuGetProtocol.It_gets_credentials_from_the_framework_dependent_build(version: "6.7.0")
    NuGet.Protocol | 7.9.0 | NUGET_NETCORE_PLUGIN_PATHS | linux-x64 | netcore | Clients.NuGetProtocol.It_gets_credentials_from_the_framework_dependent_build(version: "7.9.0")
    NuGet.Protocol | 8.0.0 | NUGET_NETCORE_PLUGIN_PATHS | linux-x64 | netcore | Clients.NuGetProtocol.It_gets_credentials_from_the_framework_dependent_build(version: "8.0.0")
    NuGet.Protocol on .NET 8 | 6.7.0 | NUGET_NETCORE_PLUGIN_PATHS | linux-x64 | netcore on .NET 8 | Clients.OlderRuntimes.NuGet_Protocol_of_SDK_8_gets_credentials
    NuGet.Protocol | 6.7.0 | MSBuild package | linux-x64 | netcore | Clients.NuGetProtocol.It_uses_the_plugin_that_the_MSBuild_package_offers(version: "6.7.0"
    NuGet.Protocol | 7.9.0 | MSBuild package | linux-x64 | native | Clients.NuGetProtocol.It_uses_the_plugin_that_the_MSBuild_package_offers(version: "7.9.0"
    NuGet.Protocol | 8.0.0 | MSBuild package | linux-x64 | native | Clients.NuGetProtocol.It_uses_the_plugin_that_the_MSBuild_package_offers(version: "8.0.0"
    NuGet.Protocol | 7.9.0 | on PATH | linux-x64 | native | Clients.NuGetProtocol.It_finds_the_native_executable_on_PATH(version: "7.9.0")
    NuGet.Protocol | 8.0.0 | on PATH | linux-x64 | native | Clients.NuGetProtocol.It_finds_the_native_executable_on_PATH(version: "8.0.0")
    scripts of the GitHub Actions, CodeBuild, GitLab, Jenkins and Azure Pipelines templates | | installed by the script | linux-x64 | native | Pipelines.CiTemplates.They_install_the_pinned_version_and_restore
    dotnet restore | SDK 10 | on PATH | linux-arm64 | native | release
    unit tests, and a start of the program | | | win-x64, win-arm64, osx-x64, osx-arm64 | native | release
    dotnet restore | SDK 10 | on PATH | win-x64, win-arm64, osx-x64, osx-arm64 | native | protocol
    dotnet restore | SDK 9.0.200 and later | on PATH | all | native | protocol
    dotnet restore | SDKs 8 and 9 | ~/.nuget/plugins/netcore | all | netcore | protocol
    dotnet restore | SDK 10 | .NET tool on PATH | Alpine (musl) | netcore | protocol
    dotnet restore | SDK 10 | .NET tool on PATH | Windows | netcore | protocol
    Visual Studio, msbuild.exe | 17.13 and later | on PATH | Windows | native | protocol
    Visual Studio, msbuild.exe | before 17.13 | ~/.nuget/plugins/netfx | Windows | netfx | protocol
    msbuild.exe -restore | 17.6 and later | MSBuild package | Windows | netfx | protocol
    nuget.exe | 6.13 and later | on PATH | Windows | native | protocol
    nuget.exe | 4.8 to 6.12 | ~/.nuget/plugins/netfx | Windows | netfx | protocol
    Rider | | same as its .NET SDK | all | netcore, native | protocol
    """;

var root = Path.GetFullPath(Path.Combine(AppContext.GetData("EntryPointFileDirectoryPath") as string ?? "build", ".."));
var results = File.ReadAllLines(Path.Combine(root, "artifacts/CredentialProvider.EndToEndTests.txt"))
    .Select(line => line.Split(' ', 2)).Where(parts => parts is ["passed" or "failed" or "skipped", _])
    .Select(parts => (IsPassed: parts[0] == "passed", Name: parts[1].Replace("CredentialProvider.EndToEndTests.", "", StringComparison.Ordinal))).ToList();

var page = new StringBuilder("""
    # Clients

    Which NuGet clients work with the plugin, how they find it, and how that was tested. `build/test.sh` checks this table
    against its results; `dotnet run build/clients.cs` writes it.

    - **tested here**: the client itself restored, published or installed a package through the plugin, on the machine that
      ran the tests.
    - **tested in release workflow**: `.github/workflows/release.yml` runs this on such a machine; it has not yet run for this
      version.
    - **by protocol**: not run; the client uses the same protocol as the tested ones.

    | client | version | how it finds the plugin | machine | build of the plugin | tested |
    | --- | --- | --- | --- | --- | --- |

    """);
foreach (var row in Rows.Split('\n'))
{
    var cells = row.Split(" | ");
    page.Append($"| {string.Join(" | ", cells[..^1])} | {Describe(cells[^1])} |\n".Replace(" |  |", " | |", StringComparison.Ordinal));
}

var path = Path.Combine(root, "docs/reference/clients.md");
if (args is ["--check"])
{
    if (File.Exists(path) && File.ReadAllText(path) == page.ToString())
        return 0;
    var generated = Path.Combine(root, "artifacts/clients.md");
    File.WriteAllText(generated, page.ToString());
    Console.WriteLine("docs/reference/clients.md differs from the test results; copy artifacts/clients.md over it");
    return 1;
}

File.WriteAllText(path, page.ToString());
return 0;

string Describe(string evidence)
{
    if (evidence is "release" or "protocol")
        return evidence == "release" ? Release : Protocol;
    var tests = results.Where(result => result.Name.StartsWith(evidence, StringComparison.Ordinal)).ToList();
    return tests.Count == 0 ? "not run" : tests.TrueForAll(test => test.IsPassed) ? "tested here" : "**failed or skipped**";
}
