// Writes docs/clients.md, the clients that restore, from what the last build/test.sh printed: dotnet run build/clients.cs
//   --check     changes nothing, and ends with 1 where the page says something else
// A cell is "tested here" only if all tests that its row names ran and passed.

#:property RestorePackagesWithLockFile=false
using System.Text;

const string Release = "tested in release workflow", Protocol = "by protocol";

// Client | version | how the plugin is found | machine | build of the plugin | tests (class and method, or the beginning of it), or who else tests it
const string Rows = """
    dotnet restore | SDK 10 | on PATH | linux-x64 | native | Restoring.A_restore_needs_nothing_but_the_plugin(how: NativeOnPath)
    dotnet restore | SDK 10 | NUGET_PLUGIN_PATHS | linux-x64 | native | Restoring.A_restore_needs_nothing_but_the_plugin(how: NativeByPluginPaths)
    dotnet restore | SDK 10 | NUGET_NETCORE_PLUGIN_PATHS | linux-x64 | netcore | Restoring.A_restore_needs_nothing_but_the_plugin(how: NetCoreByNetCorePluginPaths)
    dotnet restore | SDK 10 | ~/.nuget/plugins/netcore | linux-x64 | netcore | Restoring.A_restore_needs_nothing_but_the_plugin(how: NetCoreBelowTheHome)
    dotnet restore | SDK 10 | .NET tool on PATH | linux-x64 | native | Tools.A_restore_needs_nothing_but_the_tool
    dotnet restore | SDK 10 | .NET tool of any platform on PATH | linux-x64 | netcore | Tools.A_platform_without_a_native_program_takes_any
    dotnet restore | SDK 10 | .NET tool as SDKs 8 and 9 take it | linux-x64 | netcore | Tools.An_older_SDK_takes_the_framework_dependent_program
    dotnet restore | SDK 10 | tool manifest, then install | linux-x64 | native | Tools.A_manifest_brings_the_tool_to_the_next_machine
    install.sh | | puts it on PATH | linux-x64 | native | InstallScripts.Install_the_program_from_wherever_it_is(shell: "sh"
    install.ps1 | PowerShell 7 | puts it on PATH | linux-x64 | native | InstallScripts.Install_the_program_from_wherever_it_is(shell: "pwsh"
    dotnet restore | SDK 10 | on PATH | linux-arm64, emulated | native | Arm64.
    dotnet restore | SDK 10 | on PATH, by a script | linux-x64 | netcore on .NET 8 and on .NET 9 | OlderRuntimes.A_restore_works
    dotnet restore | SDK 10 | on PATH, by a script | win-x64, under Wine | the native one's source, not compiled ahead | Windows.A_restore_needs_nothing_but_the_plugin
    dotnet restore | SDK 10 | in an image's root file system, root | Debian 12 | native | Images.Every_user_of_the_SDKs_image_restores(who: "root"
    dotnet restore | SDK 10 | in an image's root file system, every other user | Debian 12 | native | Images.Every_user_of_the_SDKs_image_restores
    dotnet restore, one project | SDK 10 | MSBuild package | linux-x64 | native | TheMSBuildPackage.A_clone_is_restored_at_once(arguments: ["restore", "client"])
    dotnet restore, solution | SDK 10 | MSBuild package | linux-x64 | native | TheMSBuildPackage.A_clone_is_restored_at_once(arguments: ["restore", "all.slnx"])
    dotnet restore, static graph | SDK 10 | MSBuild package | linux-x64 | native | TheMSBuildPackage.A_clone_is_restored_at_once(arguments: ["restore", "all.slnx", "-p:
    dotnet restore | SDK 10 | MSBuild package | linux-x64 | netcore | TheMSBuildPackage.Where_the_native_program_does_not_run_dotnet_runs_the_other
    dotnet build | SDK 10 | MSBuild package | linux-x64 | native | TheMSBuildPackage.A_clone_is_restored_at_once(arguments: ["build"
    dotnet run | SDK 10 | MSBuild package | linux-x64 | native | TheMSBuildPackage.A_clone_is_restored_at_once(arguments: ["run"
    dotnet run, program of one file | SDK 10 | MSBuild package | linux-x64 | native | TheMSBuildPackage.A_program_of_one_file_is_run_at_once
    msbuild -restore -m | SDK 10 | MSBuild package | linux-x64 | native | TheMSBuildPackage.A_clone_is_restored_at_once(arguments: ["msbuild", "all.slnx", "-restore", "-m"])
    msbuild -restore -graph | SDK 10 | MSBuild package | linux-x64 | native | TheMSBuildPackage.A_clone_is_restored_at_once(arguments: ["msbuild", "all.slnx", "-restore", "-m:1"
    MSBuild of .NET Framework, mono | 17.7 | MSBuild package, its tasks alone | linux-x64 | native | TheMSBuildPackage.The_engine_of_Visual_Studio_runs_the_same_tasks
    dotnet nuget push, dotnet add package | SDK 10 | on PATH | linux-x64 | native | Restoring.A_package_is_added_and_another_published
    nuget.exe, mono | 6.13.1 | on PATH | linux-x64 | native | OtherClients.Nuget_exe_uses_the_native_plugin
    nuget.exe, mono | 6.13.1 | NUGET_NETFX_PLUGIN_PATHS | linux-x64 | netfx | OtherClients.Nuget_exe_uses_the_netfx_plugin
    nuget.exe, mono | 6.13.1 | older protocol | linux-x64 | netfx | OtherClients.Nuget_exe_uses_the_older_protocol
    NuGet.Protocol | 6.7.0 | NUGET_NETCORE_PLUGIN_PATHS | linux-x64 | netcore | OtherClients.NuGet_Protocol_starts_and_understands_the_netcore_plugin(version: "6.7.0")
    NuGet.Protocol | 7.9.0 | NUGET_NETCORE_PLUGIN_PATHS | linux-x64 | netcore | OtherClients.NuGet_Protocol_starts_and_understands_the_netcore_plugin(version: "7.9.0")
    NuGet.Protocol | 8.0.0 | NUGET_NETCORE_PLUGIN_PATHS | linux-x64 | netcore | OtherClients.NuGet_Protocol_starts_and_understands_the_netcore_plugin(version: "8.0.0")
    NuGet.Protocol on .NET 8 | 6.7.0 | NUGET_NETCORE_PLUGIN_PATHS | linux-x64 | netcore on .NET 8 | OlderRuntimes.NuGet_of_its_time_starts_and_understands_the_plugin
    NuGet.Protocol | 6.7.0 | MSBuild package | linux-x64 | netcore | OtherClients.NuGet_Protocol_takes_what_the_MSBuild_package_offers(version: "6.7.0"
    NuGet.Protocol | 7.9.0 | MSBuild package | linux-x64 | native | OtherClients.NuGet_Protocol_takes_what_the_MSBuild_package_offers(version: "7.9.0"
    NuGet.Protocol | 8.0.0 | MSBuild package | linux-x64 | native | OtherClients.NuGet_Protocol_takes_what_the_MSBuild_package_offers(version: "8.0.0"
    NuGet.Protocol | 7.9.0 | on PATH | linux-x64 | native | OtherClients.NuGet_Protocol_finds_the_native_plugin_on_PATH(version: "7.9.0")
    NuGet.Protocol | 8.0.0 | on PATH | linux-x64 | native | OtherClients.NuGet_Protocol_finds_the_native_plugin_on_PATH(version: "8.0.0")
    GitHub Actions, CodeBuild, GitLab, Jenkins, Azure Pipelines: their scripts | | ready-made steps | linux-x64 | native | Pipelines.Install_what_is_pinned_and_restore
    dotnet restore | SDK 10 | on PATH | linux-arm64 | native | release
    unit tests; the program starts | | | win-x64, win-arm64, osx-x64, osx-arm64 | native | release
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
    Rider | | as its .NET SDK | all | netcore, native | protocol
    """;

var root = Path.GetFullPath(Path.Combine(AppContext.GetData("EntryPointFileDirectoryPath") as string ?? "build", ".."));
var results = File.ReadAllLines(Path.Combine(root, "artifacts/CredentialProvider.EndToEndTests.txt"))
    .Select(line => line.Split(' ', 2)).Where(parts => parts is ["passed" or "failed" or "skipped", _])
    .Select(parts => (IsPassed: parts[0] == "passed", Name: parts[1].Replace("CredentialProvider.EndToEndTests.", "", StringComparison.Ordinal))).ToList();

var page = new StringBuilder("""
    # Clients

    Which NuGet clients use the plugin, how they find it, and how that is known. `build/test.sh` makes this table from its results (`build/clients.cs`).

    - **tested here**: the client itself restored a project through the plugin (or published, or installed), on the machine that ran the tests.
    - **tested in release workflow**: that is what `.github/workflows/release.yml` does on a machine of that kind; it has not been run for this version.
    - **by protocol**: the client speaks the protocol that the tested ones speak; it was not run.

    | client | version | how it finds the plugin | machine | build | |
    | --- | --- | --- | --- | --- | --- |

    """);
foreach (var row in Rows.Split('\n'))
{
    var cells = row.Split(" | ");
    page.Append($"| {string.Join(" | ", cells[..^1])} | {Known(cells[^1])} |\n".Replace(" |  |", " | |", StringComparison.Ordinal));
}

var path = Path.Combine(root, "docs/clients.md");
if (args is ["--check"])
{
    if (File.Exists(path) && File.ReadAllText(path) == page.ToString())
        return 0;
    var seen = Path.Combine(root, "artifacts/clients.md");
    File.WriteAllText(seen, page.ToString());
    Console.WriteLine("docs/clients.md is not what the tests show; artifacts/clients.md is");
    return 1;
}

File.WriteAllText(path, page.ToString());
return 0;

string Known(string evidence)
{
    if (evidence is "release" or "protocol")
        return evidence == "release" ? Release : Protocol;
    var tests = results.Where(result => result.Name.StartsWith(evidence, StringComparison.Ordinal)).ToList();
    return tests.Count == 0 ? "not run" : tests.TrueForAll(test => test.IsPassed) ? "tested here" : "**failed or skipped**";
}
