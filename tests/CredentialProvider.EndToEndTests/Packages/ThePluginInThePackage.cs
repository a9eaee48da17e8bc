namespace CredentialProvider.EndToEndTests.Packages;

/// <summary>Which plugin NuGet uses where a repository references the MSBuild package, and whether it can start it.</summary>
[Trait("Category", "Slow")]
public sealed class ThePluginInThePackage
{
    [Theory]
    [InlineData("PATH")]
    [InlineData("NUGET_PLUGIN_PATHS")]
    [InlineData("NUGET_NETCORE_PLUGIN_PATHS")]
    [InlineData("home")]
    public async Task An_installed_plugin_is_used_instead_of_the_packages(string place)
    {
        await using var sandbox = await ClonedRepository.StartAsync();
        Artifacts.Require(Artifacts.Native, "the native executable");
        if (place == "home")
            (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "install", "--netcore")).Succeeded();
        else if (place == "PATH")
            sandbox.PutNativeOnPath();
        else
            sandbox.Variables[place] = place == "NUGET_PLUGIN_PATHS" ? Artifacts.Native : Artifacts.NetCore;

        Assert.DoesNotContain(sandbox.PackageTools(), await PluginsUsedAsync(sandbox), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("PATH")]
    [InlineData("NUGET_PLUGIN_PATHS")]
    [InlineData("NUGET_NETCORE_PLUGIN_PATHS")]
    public async Task Other_plugins_are_still_found(string place)
    {
        await using var sandbox = await ClonedRepository.StartAsync();
        // Any plugin will do, so this is our own under another name.
        var isNative = place != "NUGET_NETCORE_PLUGIN_PATHS";
        var other = Path.Combine(sandbox.Folder("elsewhere"), isNative ? "nuget-plugin-other" : "Other.dll");
        foreach (var file in isNative ? [Artifacts.Native] : Directory.GetFiles(Artifacts.NetCoreFolder))
        {
            var (own, renamed) = isNative ? ("codeartifact", "other") : ("CredentialProvider.CodeArtifact", "Other");
            File.Copy(file, Path.Combine(sandbox.Folder("elsewhere"), Path.GetFileName(file).Replace(own, renamed, StringComparison.Ordinal)));
        }

        sandbox.Variables[place] = place == "PATH" ? $"{Path.GetDirectoryName(other)}:{sandbox.Variables["PATH"]}" : other;

        var used = await PluginsUsedAsync(sandbox);

        Assert.Contains(other, used, StringComparison.Ordinal);
        Assert.Contains(sandbox.PackageTools(), used, StringComparison.Ordinal);
    }

    /// <summary>NuGet itself finds no plugin at all then.</summary>
    [Fact]
    public async Task A_link_on_PATH_that_leads_nowhere_does_not_hide_the_plugin()
    {
        await using var sandbox = await ClonedRepository.StartAsync();
        File.CreateSymbolicLink(Path.Combine(sandbox.Folder("bin"), "nuget-plugin-gone"), "/nowhere");
        sandbox.Variables["PATH"] = $"{sandbox.Folder("bin")}:{sandbox.Variables["PATH"]}";

        (await sandbox.DotnetRestoreAsync("client")).Succeeded();

        Assert.True(sandbox.HasPackage("Example.Json"));
    }

    /// <summary>NuGet itself fails at such a path.</summary>
    [Theory]
    [InlineData("NUGET_NETCORE_PLUGIN_PATHS", "/nowhere/Other.dll")]
    [InlineData("NUGET_PLUGIN_PATHS", "nuget-plugin-relative")]
    public async Task An_unusable_path_in_a_variable_does_not_fail_the_restore(string variable, string path)
    {
        await using var sandbox = await ClonedRepository.StartAsync();
        sandbox.Variables[variable] = path;

        (await sandbox.DotnetRestoreAsync("client")).Succeeded();

        Assert.True(sandbox.HasPackage("Example.Json"));
    }

    [Fact]
    public async Task Without_a_native_executable_for_this_machine_dotnet_runs_the_framework_dependent_build()
    {
        await using var sandbox = await ClonedRepository.StartAsync();
        (await sandbox.DotnetRestoreAsync("client")).Succeeded();
        foreach (var native in Directory.GetDirectories(sandbox.PackageTools(), "linux-*"))
            Directory.Delete(native, recursive: true);
        sandbox.ForgetTokens();
        var client = sandbox.Folder("client");
        Directory.Delete(Path.Combine(client, "obj"), recursive: true);
        Directory.Delete(Path.Combine(sandbox.Variables["NUGET_PACKAGES"], "example.json"), recursive: true);
        sandbox.Aws.Audit.Clear();

        (await sandbox.DotnetAsync(client, "restore", "--no-http-cache")).Succeeded();

        Assert.True(sandbox.HasPackage("Example.Json"));
        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact"));
    }

    /// <summary>As after unzipping the package, or in a folder that is mounted noexec.</summary>
    [Fact]
    public async Task Without_the_right_to_execute_dotnet_runs_the_framework_dependent_build()
    {
        await using var sandbox = await ClonedRepository.StartAsync();
        (await sandbox.DotnetRestoreAsync("client")).Succeeded();
        foreach (var file in Directory.GetFiles(sandbox.PackageTools(), "nuget-plugin-codeartifact", SearchOption.AllDirectories))
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        sandbox.ForgetRestores();
        sandbox.ForgetTokens();
        sandbox.Aws.Audit.Clear();

        (await sandbox.DotnetRestoreAsync("client")).Succeeded();

        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact"));
    }

    /// <summary>NuGet extracts programs with mode 0744, so only the user who extracted them can start them.</summary>
    [Fact]
    public async Task Another_user_restores_with_a_shared_package_folder()
    {
        const string User = "4242";
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can become another user");
        await using var sandbox = await ClonedRepository.StartAsync();
        (await sandbox.DotnetRestoreAsync("client")).Succeeded();
        sandbox.ForgetRestores();
        sandbox.ForgetTokens();
        (await sandbox.RunAsync("chown", sandbox.Root, "-R", User, sandbox.Root)).Succeeded();
        (await sandbox.RunAsync("chown", sandbox.Root, "-R", "0", sandbox.PackageTools())).Succeeded();
        (await sandbox.RunAsync("chmod", sandbox.Root, "-R", "go+rX", Path.GetDirectoryName(sandbox.Aws.CaFile)!)).Succeeded();
        foreach (var file in Directory.GetFiles(sandbox.PackageTools(), "nuget-plugin-codeartifact", SearchOption.AllDirectories))
            File.SetUnixFileMode(file, (UnixFileMode)0x1E4); // 0744
        sandbox.Aws.Audit.Clear();
        sandbox.Wrapper = ["setpriv", "--reuid", User, "--regid", User, "--clear-groups"];

        (await sandbox.DotnetRestoreAsync("client")).Succeeded();

        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact"));
    }

    private static async Task<string> PluginsUsedAsync(Sandbox sandbox)
    {
        var outcome = await sandbox.DotnetRestoreAsync("client", "-v", "diag", "-p:CodeArtifactWarmUp=false");
        return string.Join('\n', outcome.Output.Split('\n').Where(line => line.Contains("as a credential provider plugin", StringComparison.Ordinal)));
    }
}
