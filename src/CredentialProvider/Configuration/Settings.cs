using System.Globalization;
using CredentialProvider.Errors;
using CredentialProvider.Platform;

namespace CredentialProvider.Configuration;

/// <summary>
/// What the environment variables say. A test compares the documentation with the variable names here. A value that
/// cannot be used becomes a <see cref="Problem"/>, which is reported only when a CodeArtifact feed needs a token: a
/// build without one must not notice.
/// </summary>
internal sealed class Settings
{
    private readonly Func<string, string?> _variable;
    private readonly Lazy<ConfigurationLayers> _layers;
    private AllowedDomains? _allowedDomains;
    private string? _awsConfigFile;
    private string? _awsCredentialsFile;

    private Settings(Func<string, string?> variable, string machineFile)
    {
        _variable = variable;
        MachineConfigurationFile = machineFile;
        ExternalToken = ExternalToken.From(GetString, GetExpanded);
        (var duration, Problem) = ReadDuration();
        var roles = GetList("CODEARTIFACT_ROLE_ARN");
        Problem ??= FindProblem(roles) ?? ExternalToken?.Problem ?? FindUnknownVariable("CODEARTIFACT_SESSION_NAME")
            ?? FindUnknownVariable("CODEARTIFACT_SOURCE_IDENTITY");
        TokenOptions = new TokenOptions(
            GetString("CODEARTIFACT_PROFILE"),
            roles.Length == 0 ? null : Array.ConvertAll(roles, arn => new RoleRequest(arn)),
            duration,
            GetBoolean("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") == true ? null
                : GetString(EndpointVariable("codeartifact")) ?? GetString(AllEndpoints))
        {
            SessionName = GetString("CODEARTIFACT_SESSION_NAME"),
            SourceIdentity = GetString("CODEARTIFACT_SOURCE_IDENTITY"),
        };
        _layers = new Lazy<ConfigurationLayers>(() => ConfigurationLayers.Read(
            GetString("CODEARTIFACT_CONFIG"), KnownPaths.UserConfigurationFile(Home, GetString), machineFile));
        CacheFolder = KnownPaths.CacheFolder(Home, GetString);
        LogFile = GetString("CODEARTIFACT_LOG_FILE") ?? GetString("AWS_CODEARTIFACT_NUGET_LOGFILE");
    }

    /// <summary>CODEARTIFACT_AUTH_TOKEN_FILE, else CODEARTIFACT_AUTH_TOKEN; null if neither is set.</summary>
    public ExternalToken? ExternalToken { get; }

    /// <summary>CODEARTIFACT_AGENT: the socket of an agent, which is asked for tokens before AWS.</summary>
    public string? Agent => GetString("CODEARTIFACT_AGENT");

    /// <summary>systemd has passed a listening socket to the process with the PID in LISTEN_PID (LISTEN_FDS).</summary>
    public bool HasPassedSocket(int processId) =>
        GetString("LISTEN_FDS") == "1" && GetString("LISTEN_PID") == processId.ToString(CultureInfo.InvariantCulture);

    /// <summary>CODEARTIFACT_PROFILE, CODEARTIFACT_ROLE_ARN, CODEARTIFACT_SESSION_NAME, CODEARTIFACT_SOURCE_IDENTITY,
    /// CODEARTIFACT_TOKEN_DURATION, and AWS_ENDPOINT_URL_CODEARTIFACT or AWS_ENDPOINT_URL.</summary>
    public TokenOptions TokenOptions { get; }

    /// <summary>CODEARTIFACT_EXTERNAL_ID: for the last role, wherever the roles are configured.</summary>
    public string? ExternalId => GetString("CODEARTIFACT_EXTERNAL_ID");

    /// <summary>CODEARTIFACT_WEB_IDENTITY: what the first role is assumed with; null if unset.</summary>
    /// <exception cref="NoTokenException">It cannot be used.</exception>
    public WebIdentityOrigin? WebIdentity => WebIdentityOrigin.From(GetString);

    /// <summary>CODEARTIFACT_DOMAINS and the lists of the configuration files: <c>domain</c>, <c>domain/owner</c> or
    /// <c>*/owner</c>.</summary>
    public AllowedDomains AllowedDomains =>
        _allowedDomains ??= new AllowedDomains(GetList("CODEARTIFACT_DOMAINS"), Layers);

    /// <summary>The configuration files; read on first use.</summary>
    public ConfigurationLayers Layers => _layers.Value;

    /// <summary>A folder in CODEARTIFACT_CACHE_DIR or the user's cache folder; null if tokens are not cached
    /// (CODEARTIFACT_CACHE=off).</summary>
    public string? CacheFolder { get; }

    /// <summary>CODEARTIFACT_LOG_FILE, or AWS_CODEARTIFACT_NUGET_LOGFILE, which AWS's own provider reads.</summary>
    public string? LogFile { get; }

    /// <summary>CODEARTIFACT_LOG_LEVEL: NuGet's names, Debug to Error.</summary>
    public string? LogLevel => GetString("CODEARTIFACT_LOG_LEVEL");

    /// <summary>The variable with the URL of a service.</summary>
    /// <param name="service">As in <c>services</c> sections of AWS's config file.</param>
    public static string EndpointVariable(string service) => service switch
    {
        "codeartifact" => "AWS_ENDPOINT_URL_CODEARTIFACT",
        "sts" => "AWS_ENDPOINT_URL_STS",
        "signin" => "AWS_ENDPOINT_URL_SIGNIN",
        "sso" => "AWS_ENDPOINT_URL_SSO",
        "sso_oidc" => "AWS_ENDPOINT_URL_SSO_OIDC",
        _ => throw new ArgumentOutOfRangeException(nameof(service)),
    };

    /// <summary>The variable with the URL of all services.</summary>
    public const string AllEndpoints = "AWS_ENDPOINT_URL";

    /// <summary>AWS_USE_FIPS_ENDPOINT; null if unset.</summary>
    public bool? UseFipsEndpoint => GetBoolean("AWS_USE_FIPS_ENDPOINT");

    /// <summary>AWS_USE_DUALSTACK_ENDPOINT; null if unset.</summary>
    public bool? UseDualStackEndpoint => GetBoolean("AWS_USE_DUALSTACK_ENDPOINT");

    /// <summary>AWS_CA_BUNDLE: a file of the certificates to trust in calls to AWS instead of the system's. Linux
    /// only.</summary>
    /// <exception cref="NoTokenException">It is not the absolute path of a regular file.</exception>
    public string? AwsCaBundle
    {
        get
        {
            const string Name = "AWS_CA_BUNDLE";
            if (!OperatingSystem.IsLinux() || RequireAbsolute(Name, GetString(Name)) is not { } bundle)
                return null;
            return RegularFile.Is(bundle) ? bundle : throw new NoTokenException(ErrorCode.Setting,
                $"{Name} is '{bundle}', which {(File.Exists(bundle) ? "is not a regular file" : "does not exist")}",
                "set it to a PEM file of CA certificates, or unset it");
        }
    }

    /// <summary>AWS_SDK_UA_APP_ID: the user's name for an application.</summary>
    public string? ApplicationId => GetString("AWS_SDK_UA_APP_ID");

    /// <summary>HTTPS_PROXY, for runtimes that do not read it themselves.</summary>
    public string? HttpsProxy => GetString("HTTPS_PROXY") ?? GetString("https_proxy");

    /// <summary>How to reach the instance metadata service.</summary>
    /// <param name="profile">Reads the AWS profile in use; null if there is none.</param>
    /// <exception cref="NoTokenException">A value cannot be used.</exception>
    public MetadataSettings Metadata(Func<string, (string Value, string Place)?>? profile = null) =>
        MetadataSettings.From(GetString, profile);

    /// <summary>Names the variable, its value and what was expected; null if everything is usable.</summary>
    public string? Problem { get; }

    /// <summary>AWS_ACCESS_KEY_ID.</summary>
    public string? AwsAccessKeyId => GetString("AWS_ACCESS_KEY_ID");

    /// <summary>AWS_SECRET_ACCESS_KEY.</summary>
    public Secret? AwsSecretAccessKey => GetSecret("AWS_SECRET_ACCESS_KEY");

    /// <summary>The variable with the session token: AWS_SECURITY_TOKEN, its old name, comes first, as in the AWS
    /// CLI.</summary>
    public string AwsSessionTokenVariable =>
        GetString("AWS_SECURITY_TOKEN") is null ? "AWS_SESSION_TOKEN" : "AWS_SECURITY_TOKEN";

    public Secret? AwsSessionToken => GetSecret(AwsSessionTokenVariable);

    /// <summary>AWS_WEB_IDENTITY_TOKEN_FILE: renewed by the platform. Needs <see cref="AwsRoleArn"/>.</summary>
    /// <exception cref="NoTokenException">It is not an absolute path.</exception>
    public string? AwsWebIdentityTokenFile =>
        RequireAbsolute("AWS_WEB_IDENTITY_TOKEN_FILE", GetString("AWS_WEB_IDENTITY_TOKEN_FILE"));

    /// <summary>AWS_ROLE_ARN: the role that the web identity is exchanged for.</summary>
    public string? AwsRoleArn => GetString("AWS_ROLE_ARN");

    /// <summary>AWS_ROLE_SESSION_NAME: for roles without a name of their own.</summary>
    public string? AwsRoleSessionName => GetString("AWS_ROLE_SESSION_NAME");

    /// <summary>The folders in PATH.</summary>
    public string[] SearchPath =>
        [.. (GetString("PATH") ?? "").Split(Path.PathSeparator).Where(folder => folder.Length > 0)];

    /// <summary>NuGetPackageSourceCredentials_NAME is set: NuGet uses it before it asks a plugin.</summary>
    public bool HasNuGetCredentials(string source) => GetString(NuGetCredentials(source)) is not null;

    /// <summary>Name of the variable that holds NuGet's credentials for a source.</summary>
    public static string NuGetCredentials(string source) => $"NuGetPackageSourceCredentials_{source}";

    /// <summary>AWS_REGION or AWS_DEFAULT_REGION, for commands without a region. Feeds have theirs in their URL.</summary>
    public string? AwsRegion => GetString("AWS_REGION") ?? GetString("AWS_DEFAULT_REGION");

    /// <summary>False if NO_COLOR is set or the terminal (TERM) has no colors.</summary>
    public bool WantsColors => GetString("NO_COLOR") is null && GetString("TERM") is not (null or "dumb");

    /// <summary>AWS_PROFILE, else AWS_DEFAULT_PROFILE, which the AWS CLI also reads.</summary>
    public string? AwsProfile => GetString("AWS_PROFILE") ?? GetString("AWS_DEFAULT_PROFILE");

    /// <summary>The option or variable that names the AWS profile, for errors.</summary>
    public string ProfileOrigin => TokenOptions.Profile is not null ? ProfileOption
        : GetString("AWS_PROFILE") is not null ? "AWS_PROFILE" : "AWS_DEFAULT_PROFILE";

    /// <summary>AWS_CONTAINER_CREDENTIALS_RELATIVE_URI on the ECS host, else
    /// AWS_CONTAINER_CREDENTIALS_FULL_URI.</summary>
    public string? AwsContainerUri => GetString("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") is { } path
        ? "http://169.254.170.2" + path : GetString("AWS_CONTAINER_CREDENTIALS_FULL_URI");

    /// <summary>AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE.</summary>
    /// <exception cref="NoTokenException">It is not an absolute path.</exception>
    public string? AwsContainerTokenFile => RequireAbsolute(
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", GetString("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"));

    /// <summary>AWS_CONTAINER_AUTHORIZATION_TOKEN: used if there is no file.</summary>
    public Secret? AwsContainerToken => GetSecret("AWS_CONTAINER_AUTHORIZATION_TOKEN");

    /// <summary>AWS_CONFIG_FILE, else ~/.aws/config. A blank variable stands for no file, as in the AWS CLI. The path of a
    /// user without a home directory begins with <c>~</c>: there is no such file.</summary>
    /// <exception cref="NoTokenException">The variable is not an absolute path.</exception>
    public string AwsConfigFile => _awsConfigFile ??= GetSharedFile("AWS_CONFIG_FILE", "config");

    /// <summary>AWS_SHARED_CREDENTIALS_FILE, else ~/.aws/credentials; as <see cref="AwsConfigFile"/>.</summary>
    /// <exception cref="NoTokenException">The variable is not an absolute path.</exception>
    public string AwsCredentialsFile =>
        _awsCredentialsFile ??= GetSharedFile("AWS_SHARED_CREDENTIALS_FILE", "credentials");

    /// <summary>AWS_LOGIN_CACHE_DIRECTORY, else ~/.aws/login/cache: the sessions of <c>aws login</c>; as
    /// <see cref="AwsConfigFile"/>.</summary>
    /// <exception cref="NoTokenException">The variable is not an absolute path.</exception>
    public string AwsLoginCacheFolder =>
        GetPath("AWS_LOGIN_CACHE_DIRECTORY") ?? InAwsFolder(Path.Combine("login", "cache"));

    /// <summary>~/.aws/sso/cache: the sessions of IAM Identity Center; null for a user without a home
    /// directory.</summary>
    public static string? AwsSsoCacheFolder => Home is { } home ? Path.Combine(home, ".aws", "sso", "cache") : null;

    /// <summary>SSH_CONNECTION or SSH_TTY is set: a browser on this machine is not the user's.</summary>
    public bool IsRemoteShell => (GetString("SSH_CONNECTION") ?? GetString("SSH_TTY")) is not null;

    /// <summary>DISPLAY (X11) or WAYLAND_DISPLAY is set. Windows and macOS set neither.</summary>
    public bool HasDisplay => (GetString("DISPLAY") ?? GetString("WAYLAND_DISPLAY")) is not null;

    /// <summary>container (Podman, systemd-nspawn) or KUBERNETES_SERVICE_HOST is set.</summary>
    public bool IsContainer => (GetString("container") ?? GetString("KUBERNETES_SERVICE_HOST")) is not null;

    /// <summary>The user's home directory, absolute and existing; null if the user has none, as in some
    /// containers.</summary>
    public static string? Home { get; } = FindHome(ProcessEnvironment.Get(OperatingSystem.IsWindows() ? "USERPROFILE" : "HOME"));

    /// <inheritdoc cref="KnownPaths.NuGetHome"/>
    public static string? NuGetHome(bool isNetFramework) =>
        KnownPaths.NuGetHome(Home, isNetFramework, ProcessEnvironment.Get);

    /// <summary><see cref="NuGetHome"/> of NuGet's code in this process.</summary>
    public static string? OwnNuGetHome => NuGetHome(isNetFramework: Environment.Version.Major < 5);

    /// <summary>The machine's configuration file, whether or not it exists.</summary>
    public string MachineConfigurationFile { get; }

    /// <summary>The file that <c>configure set</c> writes: CODEARTIFACT_CONFIG, else the user's; null for a user without
    /// a home directory.</summary>
    public string? WritableConfigurationFile =>
        GetString("CODEARTIFACT_CONFIG") ?? KnownPaths.UserConfigurationFile(Home, GetString);

    /// <summary>Like the AWS CLI and NuGet, falls back on the account's profile folder or passwd entry if the variable is
    /// unset. A relative path would make the working directory, which may be a cloned repository, the home.</summary>
    /// <param name="variable">HOME, or USERPROFILE on Windows; null if it is unset.</param>
    internal static string? FindHome(string? variable) =>
        KnownPaths.Absolute(variable ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile)) is { } home
            && Exists(home) ? home : null;

    public static bool IsRoleArn(string arn) =>
        arn.StartsWith("arn:", StringComparison.Ordinal) && arn.Contains(":role/", StringComparison.Ordinal);

    /// <summary>Reads the process's environment.</summary>
    public static Settings FromEnvironment() => From(ProcessEnvironment.Get);

    /// <param name="variable">Returns null or an empty string for a variable that is unset.</param>
    /// <param name="machineFile">The machine's configuration file; null for its usual place.</param>
    public static Settings From(Func<string, string?> variable, string? machineFile = null) =>
        new(variable, machineFile ?? KnownPaths.MachineConfigurationFile);

    /// <summary>The same variables, with the configuration files as they are now.</summary>
    public Settings WithCurrentFiles() =>
        new(_variable, MachineConfigurationFile) { ProfileOption = ProfileOption };

    /// <summary>These settings with another AWS profile, in place of CODEARTIFACT_PROFILE and AWS_PROFILE, and without an
    /// agent or a token from outside, which would come before it.</summary>
    /// <param name="profile">Null changes nothing.</param>
    public Settings WithProfile(string? profile) => profile is null ? this
        : new Settings(name => name switch
            {
                "CODEARTIFACT_PROFILE" or "AWS_PROFILE" => profile,
                "CODEARTIFACT_AGENT" or "CODEARTIFACT_AUTH_TOKEN" or "CODEARTIFACT_AUTH_TOKEN_FILE" => null,
                _ => _variable(name),
            }, MachineConfigurationFile)
        {
            ProfileOption = "--profile",
        };

    /// <summary>What sets the AWS profile of <see cref="TokenOptions"/>.</summary>
    public string ProfileOption { get; private init; } = "CODEARTIFACT_PROFILE";

    private static bool Exists(string path) =>
        OperatingSystem.IsWindows() ? File.Exists(path) || Directory.Exists(path) : Posix.Exists(path);

    /// <summary>The trimmed value of a variable; null if it is unset or blank.</summary>
    public string? GetString(string name) => _variable(name)?.Trim() is { Length: > 0 } value ? value : null;

    private Secret? GetSecret(string name) => GetString(name) is { } value ? new Secret(value) : null;

    private string? GetExpanded(string name) => GetString(name) is { } path ? ProcessEnvironment.ExpandPath(
        path, GetString("HOME") is { } home ? FindHome(home) : Home, GetString) : null;

    private string? GetPath(string name) => RequireAbsolute(name, GetExpanded(name));

    private string? RequireAbsolute(string name, string? path) =>
        path is null || !KnownPaths.IsRelative(path) ? path : throw new NoTokenException(ErrorCode.Setting,
            $"{name} is '{GetString(name)}', which {KnownPaths.WhyNotRelative}",
            $"set {name} to a path that begins with {(OperatingSystem.IsWindows() ? "a drive" : "/")}, or unset it");

    private string GetSharedFile(string variable, string name) =>
        GetPath(variable) ?? (_variable(variable) is null ? InAwsFolder(name) : "/dev/null");

    private static string InAwsFolder(string name) =>
        Home is null ? $"~/.aws/{name}" : Path.Combine(Home, ".aws", name);

    private bool? GetBoolean(string name) =>
        GetString(name) is { } value ? value.Equals("true", StringComparison.OrdinalIgnoreCase) : null;

    private string[] GetList(string name)
    {
        if (GetString(name) is not { } value)
            return [];
        var items = new List<string>();
        foreach (var item in value.Split(','))
        {
            if (item.Trim() is { Length: > 0 } text)
                items.Add(text);
        }

        // A list of commas allows nothing: the variables that it was made of may be unset.
        return items.Count == 0 ? [value] : [.. items];
    }

    private (int? Seconds, string? Problem) ReadDuration()
    {
        if (GetString("CODEARTIFACT_TOKEN_DURATION") is not { } text)
            return (null, null);
        return int.TryParse(text, out var seconds) && TokenLifetime.IsAllowed(seconds)
            ? (seconds, null)
            : (null, $"CODEARTIFACT_TOKEN_DURATION is '{text}'; expected {TokenLifetime.Expected}");
    }

    private string? FindUnknownVariable(string name) =>
        GetString(name) is { } text && SessionText.FindUnknownVariable(text) is { } unknown
            ? $"{name} contains ${{{unknown}}}, which is not a supported variable "
                + $"({Spelling.Suggest(unknown, SessionText.Variables)})"
            : null;

    private static string? FindProblem(string[] roles) =>
        Array.Find(roles, arn => !IsRoleArn(arn)) is { } invalid
            ? $"CODEARTIFACT_ROLE_ARN contains '{invalid}'; expected role ARNs such as arn:aws:iam::111122223333:role/Reader"
            : null;
}
