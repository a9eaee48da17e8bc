using CredentialProvider.Cli.NuGet;
using CredentialProvider.Configuration;
using CredentialProvider.Identity;

namespace CredentialProvider.Tests.Configuration;

/// <summary>A home directory that cannot be used, in whose place the working directory must not be taken.</summary>
public sealed class HomeDirectories : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    public HomeDirectories() => TemporaryFolder.RequireUnix();

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("relative")]
    [InlineData("~")]
    [InlineData("/nonexistent/home")]
    [InlineData("/\uFFFD")] // how .NET reads bytes that are not UTF-8
    public void That_are_relative_or_missing_are_none(string variable) => Assert.Null(Settings.FindHome(variable));

    [Fact]
    public void That_exist_are_used()
    {
        Assert.Equal(_temporary.Path, Settings.FindHome(_temporary.Path));
        Assert.Equal("/", Settings.FindHome("/"));
    }

    /// <summary>As Python's os.path.expanduser does for the AWS CLI.</summary>
    [Fact]
    public void Come_from_the_passwd_entry_if_HOME_is_unset() =>
        Assert.True(Settings.FindHome(null) is null or ['/', ..]);

    [Theory]
    [InlineData("XDG_CACHE_HOME")]
    [InlineData("XDG_CONFIG_HOME")]
    public void Are_not_replaced_by_a_relative_XDG_folder(string name)
    {
        string? Variable(string variable) => variable == name ? "relative" : null;
        Assert.Null(KnownPaths.CacheFolder(null, Variable));
        Assert.Null(KnownPaths.UserConfigurationFile(null, Variable));
        Assert.StartsWith("/h/", KnownPaths.CacheFolder("/h", Variable), StringComparison.Ordinal);
        Assert.Equal("/h/.config/codeartifact.json", KnownPaths.UserConfigurationFile("/h", Variable));
    }

    [Fact]
    public void Are_not_needed_for_folders_that_the_user_named()
    {
        string? Variable(string variable) => variable switch
        {
            "CODEARTIFACT_CACHE_DIR" => "relative",
            "XDG_CONFIG_HOME" => "/etc/xdg",
            _ => null,
        };
        Assert.Equal("relative/codeartifact-credentials", KnownPaths.CacheFolder(null, Variable));
        Assert.Equal("/etc/xdg/codeartifact.json", KnownPaths.UserConfigurationFile(null, Variable));
    }

    [Fact]
    public void That_are_none_leave_a_tilde_as_it_is_and_hold_no_file()
    {
        Assert.Equal("~/.aws/config", ProcessEnvironment.ExpandPath("~/.aws/config", null, _ => null));
        Assert.False(SharedFile.Read("~/.aws/config").Exists);
        var settings = SettingsFromVariables.From(("HOME", "relative"), ("AWS_CONFIG_FILE", "~/config"), ("AWS_SHARED_CREDENTIALS_FILE", "named"));
        Assert.Equal("~/config", settings.AwsConfigFile);
        Assert.Equal("named", settings.AwsCredentialsFile);
    }

    [Fact]
    public void That_are_none_hold_no_plugin()
    {
        var discovery = new PluginDiscovery(isNetFramework: false, searchesPath: false, home: null, _ => null, FileModes.Of);
        Assert.Empty(discovery.Find());
        Assert.Empty(discovery.InstalledAssemblies());
    }

    public void Dispose() => _temporary.Dispose();
}
