using System.Diagnostics;
using CredentialProvider.Configuration;
using CredentialProvider.Platform;

namespace CredentialProvider.Tests.Platform;

/// <summary>Owner and mode of configuration files and of the folders that lead to them.</summary>
public sealed class FilesThatOthersCanChange : IDisposable
{
    private const string Shared = "other users can change ", Foreign = " belongs to another user";

    private readonly TemporaryFolder _temporary = new();

    public FilesThatOthersCanChange() => TemporaryFolder.RequireUnix();

    private string Home => _temporary.Below("home");

    [Theory]
    [InlineData("600", "700", true)]
    [InlineData("644", "755", true)]
    [InlineData("646", "755", false)]
    [InlineData("666", "755", false)]
    [InlineData("644", "757", false)]
    [InlineData("644", "777", false)]
    [InlineData("644", "1777", true)] // only owners replace files in a sticky folder
    [InlineData("664", "775", true)] // the owner's private group
    public void Are_recognized_by_their_mode(string file, string folder, bool isTrusted)
    {
        var path = Write("home/.config/codeartifact.json");
        SetMode(path, file);
        SetMode(Path.GetDirectoryName(path)!, folder);
        Assert.Equal(isTrusted, TrustedFile.FindProblem(path, Home) is null);
    }

    [Fact]
    public void Are_named_together_with_the_command_that_closes_them()
    {
        var path = Write("home/.config/codeartifact.json");
        SetMode(Path.GetDirectoryName(path)!, "777");
        var problem = TrustedFile.FindProblem(path, Home);
        Assert.Equal(($"{Shared}{Home}/.config", $"chmod go-w {Home}/.config"), problem);
        Run("sh", "-c", problem!.Value.Fix);
        Assert.Null(TrustedFile.FindProblem(path, Home));
    }

    [Fact]
    public void Include_those_of_a_shared_group()
    {
        RequireRoot();
        var path = Write("home/.config/codeartifact.json");
        Run("chgrp", "12345", path);
        SetMode(path, "664");
        Assert.StartsWith(Shared, TrustedFile.FindProblem(path, Home)?.Why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("home/.config/codeartifact.json")]
    [InlineData("home/.config")]
    public void Include_those_of_another_user(string owned)
    {
        RequireRoot();
        var path = Write("home/.config/codeartifact.json");
        Run("chown", "12345", _temporary.Below(owned));
        Assert.StartsWith(_temporary.Below(owned) + Foreign, TrustedFile.FindProblem(path, Home)?.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Do_not_include_those_in_a_home_directory_that_another_user_owns()
    {
        RequireRoot(); // a job in a container runs as root in the home directory of the host's user
        var path = Write("home/.config/codeartifact.json");
        Run("chown", "12345", Home);
        Assert.Null(TrustedFile.FindProblem(path, Home));
    }

    [Fact]
    public void Include_targets_of_links()
    {
        var (target, link) = (Write("dotfiles/codeartifact.json"), Write("home/.config/other"));
        link = Path.Combine(Path.GetDirectoryName(link)!, "codeartifact.json");
        File.CreateSymbolicLink(link, target);
        Assert.Null(TrustedFile.FindProblem(link, Home));
        SetMode(_temporary.Below("dotfiles"), "777");
        Assert.StartsWith(Shared, TrustedFile.FindProblem(link, Home)?.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Include_links_in_a_folder_that_others_can_write_to()
    {
        var (target, link) = (Write("dotfiles/codeartifact.json"), Path.Combine(Path.GetDirectoryName(Write("home/.config/other"))!, "codeartifact.json"));
        File.CreateSymbolicLink(link, target);
        SetMode(Path.GetDirectoryName(link)!, "777");
        Assert.StartsWith(Shared, TrustedFile.FindProblem(link, Home)?.Why, StringComparison.Ordinal);
    }

    /// <summary>Each link but the first and the last is in a folder of its own, as with Nix, Guix and stow.</summary>
    [Theory]
    [InlineData("755", null, null)]
    [InlineData("777", null, Shared)]
    [InlineData("1777", null, null)]
    [InlineData("1777", "12345", Foreign)]
    [InlineData("755", "12345", Foreign)]
    public void Include_links_between_the_first_and_the_last(string mode, string? owner, string? problem)
    {
        var (target, other) = (Write("dotfiles/codeartifact.json"), Write("store/other"));
        var (link, between) = (Path.Combine(Path.GetDirectoryName(Write("home/.config/other"))!, "codeartifact.json"),
            Path.Combine(Path.GetDirectoryName(other)!, "codeartifact.json"));
        File.CreateSymbolicLink(between, target);
        File.CreateSymbolicLink(link, "../../store/./codeartifact.json");
        SetMode(Path.GetDirectoryName(between)!, mode);
        if (owner is not null)
        {
            RequireRoot();
            Run("chown", "-h", owner, between);
        }

        var found = TrustedFile.FindProblem(link, Home);

        if (problem is null)
        {
            Assert.Null(found);
            return;
        }

        Assert.Equal(problem == Shared ? $"{Shared}{Path.GetDirectoryName(between)}" : $"{between}{Foreign}", found!.Value.Why);
        Run("sh", "-c", found.Value.Fix);
        Assert.Null(TrustedFile.FindProblem(link, Home));
    }

    /// <summary>An administrator who pastes the fix would give away a file that the user chose.</summary>
    [Fact]
    public void Are_not_given_to_a_user_whose_link_led_there()
    {
        RequireRoot();
        var (folder, link) = (Path.GetDirectoryName(Write("victim/socket"))!, Path.Combine(Path.GetDirectoryName(Write("home/other"))!, "agent"));
        Directory.CreateSymbolicLink(link, folder);
        Run("chown", "12345", folder);
        Assert.Equal($"chown 0 {folder}", TrustedFile.FindSocketProblem($"{link}/socket")?.Fix); // root's link
        Run("chown", "-h", "65534", link);
        Assert.Equal($"rm {link}", TrustedFile.FindSocketProblem($"{link}/socket")?.Fix);
    }

    [Fact]
    public void Can_be_replaced_by_root_alone_only_in_its_folders()
    {
        RequireRoot();
        var path = Write("home/.config/codeartifact.json");
        Assert.True(TrustedFile.OnlyRootCanReplace(path)); // below a folder of root in /tmp
        Run("chown", "12345", path);
        Assert.True(TrustedFile.OnlyRootCanReplace(path));
        SetMode(Home, "777");
        Assert.False(TrustedFile.OnlyRootCanReplace(path));
        SetMode(Home, "1777");
        Assert.True(TrustedFile.OnlyRootCanReplace(path));
        SetMode(Path.GetDirectoryName(path)!, "1777");
        Assert.False(TrustedFile.OnlyRootCanReplace(path));
        SetMode(Path.GetDirectoryName(path)!, "755");
        Run("chown", "12345", Path.GetDirectoryName(path)!);
        Assert.False(TrustedFile.OnlyRootCanReplace(path));
        Assert.False(TrustedFile.OnlyRootCanReplace("/proc/self/exe"));
    }

    [Fact]
    public void Include_folders_behind_a_link_in_a_folder_that_others_can_write_to()
    {
        var target = Write("dotfiles/codeartifact.json");
        var shared = Path.GetDirectoryName(Write("shared/other"))!;
        Directory.CreateDirectory(Path.Combine(Home, ".config"));
        Directory.CreateSymbolicLink(Path.Combine(shared, "folder"), Path.GetDirectoryName(target)!);
        Directory.CreateSymbolicLink(Path.Combine(Home, ".config", "codeartifact"), Path.Combine(shared, "folder"));
        var path = Path.Combine(Home, ".config", "codeartifact", "codeartifact.json");
        Assert.Null(TrustedFile.FindProblem(path, Home));
        SetMode(shared, "777");
        Assert.StartsWith($"{Shared}{shared}", TrustedFile.FindProblem(path, Home)?.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Are_looked_for_no_longer_than_the_system_follows_links()
    {
        var link = Path.Combine(Path.GetDirectoryName(Write("home/.config/other"))!, "codeartifact.json");
        File.CreateSymbolicLink(link, link);
        Assert.Null(TrustedFile.FindProblem(link, Home));
    }

    [Fact]
    public void Do_not_include_a_home_directory_behind_a_link_of_another_user()
    {
        RequireRoot();
        Write("home/.config/codeartifact.json");
        var link = _temporary.Below("link");
        Directory.CreateSymbolicLink(link, Home);
        Run("chown", "-h", "12345", link);
        Assert.Null(TrustedFile.FindProblem(Path.Combine(link, ".config", "codeartifact.json"), link));
    }

    [Fact]
    public void Are_a_problem_of_the_configuration_unless_the_user_named_them()
    {
        var path = Write("home/.config/codeartifact.json");
        SetMode(path, "666");
        var file = ConfigurationFileReader.Read(path, Home, isNamed: false);
        Assert.Equal($"{path} is not used: {Shared}{path}", file.Problem);
        Assert.Equal($"chmod go-w {path}", file.Fix);
        Assert.Null(ConfigurationFileReader.Read(path, Home, isNamed: true).Problem);
    }

    public void Dispose() => _temporary.Dispose();

    private static void RequireRoot() => Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root changes owners");

    private static void SetMode(string path, string mode) => Run("chmod", mode, path);

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    private string Write(string name)
    {
        Directory.CreateDirectory(Home);
        var path = _temporary.Below(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, "{}");
        return path;
    }
}
