using CredentialProvider.Cli.NuGet;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
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

    /// <summary>NuGet on .NET reads NuGet.Config and plugins below DOTNET_CLI_HOME, and NuGet on .NET Framework below HOME
    /// (NuGet.Common.NuGetEnvironment). A relative one would make a cloned repository the home.</summary>
    [Theory]
    [InlineData("/h", "/tmp/dotnet", "/tmp/dotnet", "/h")]
    [InlineData(null, "/tmp/dotnet", "/tmp/dotnet", null)]
    [InlineData("/h", null, "/h", "/h")]
    [InlineData("/h", "", "/h", "/h")]
    [InlineData("/h", "relative", "/h", "/h")]
    [InlineData(null, "relative", null, null)]
    public void Of_NuGet_on_NET_are_that_of_dotnet(string? home, string? dotnetHome, string? ofDotnet, string? ofFramework)
    {
        string? Variable(string name) => name == "DOTNET_CLI_HOME" ? dotnetHome : null;
        Assert.Equal(ofDotnet, KnownPaths.NuGetHome(home, isNetFramework: false, Variable));
        Assert.Equal(ofFramework, KnownPaths.NuGetHome(home, isNetFramework: true, Variable));
    }

    [Fact]
    public void That_are_none_leave_a_tilde_as_it_is_and_hold_no_file()
    {
        Assert.Equal("~/.aws/config", ProcessEnvironment.ExpandPath("~/.aws/config", null, _ => null));
        Assert.False(SharedFile.Read("~/.aws/config").Exists);
    }

    [Theory]
    [InlineData("$HOME/config")]
    [InlineData("${HOME}/config")]
    [InlineData("~/config")]
    [InlineData("~other/config")]
    [InlineData("config")]
    [InlineData("./config")]
    public void That_are_none_and_other_relative_paths_make_AWS_own_variables_an_error(string path)
    {
        var settings = SettingsFromVariables.From([("HOME", "relative"), .. PathVariables.Keys.Select(name => (name, path))]);
        foreach (var (name, read) in PathVariables)
        {
            var failure = Assert.Throws<NoTokenException>(() => read(settings));
            Assert.Equal(ErrorCode.Setting, failure.Code);
            Assert.StartsWith($"{name} is '{path}', which is not an absolute path; ", failure.Why, StringComparison.Ordinal);
            Assert.Contains(name, failure.Fix, StringComparison.Ordinal);
        }
    }

    private static readonly Dictionary<string, Func<Settings, string?>> PathVariables = new()
    {
        ["AWS_CONFIG_FILE"] = settings => settings.AwsConfigFile,
        ["AWS_SHARED_CREDENTIALS_FILE"] = settings => settings.AwsCredentialsFile,
        ["AWS_LOGIN_CACHE_DIRECTORY"] = settings => settings.AwsLoginCacheFolder,
        ["AWS_WEB_IDENTITY_TOKEN_FILE"] = settings => settings.AwsWebIdentityTokenFile,
        ["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = settings => settings.AwsContainerTokenFile,
        ["AWS_CA_BUNDLE"] = settings => settings.AwsCaBundle,
    };

    [Fact]
    public void That_are_none_hold_no_plugin()
    {
        var discovery = new PluginDiscovery(isNetFramework: false, searchesPath: false, home: null, _ => null, FileModes.Of);
        Assert.Empty(discovery.Find());
        Assert.Empty(discovery.InstalledAssemblies());
    }

    public void Dispose() => _temporary.Dispose();
}
