using CredentialProvider.Platform;

namespace CredentialProvider;

/// <summary>
/// What the environment asks for: the one place that reads it. The README's table of settings is checked against the
/// names here. A value that cannot be used is kept as <see cref="Problem"/> and reported when a feed of ours needs a
/// token: it must not disturb a build that has none.
/// </summary>
internal sealed class Settings
{
    /// <summary>The longest life that CodeArtifact gives a token: 12 hours, in seconds. Also its default.</summary>
    public const int LongestDuration = 43200;
    private const int ShortestDuration = 900;

    private readonly Func<string, string?> _variable;
    private readonly Lazy<Configuration> _configuration;

    private Settings(Func<string, string?> variable)
    {
        _variable = variable;
        AuthToken = Text("CODEARTIFACT_AUTH_TOKEN") is { } token ? new Secret(token) : null;
        (var duration, Problem) = ReadDuration();
        var roles = List("CODEARTIFACT_ROLE_ARN");
        Problem ??= FindProblemOf(roles);
        TokenOptions = new TokenOptions(
            Text("CODEARTIFACT_PROFILE"),
            roles.Length == 0 ? null : Array.ConvertAll(roles, arn => new RoleRequest(arn)),
            duration,
            IgnoresEndpointUrls ? null : Text("AWS_ENDPOINT_URL_CODEARTIFACT") ?? Text("AWS_ENDPOINT_URL"));
        _configuration = new Lazy<Configuration>(ReadConfiguration);
        CacheFolder = string.Equals(Text("CODEARTIFACT_CACHE"), "off", StringComparison.OrdinalIgnoreCase) ? null
            : FindCacheFolder();
        LogFile = Text("CODEARTIFACT_LOG_FILE") ?? Text("AWS_CODEARTIFACT_NUGET_LOGFILE");
    }

    /// <summary>CODEARTIFACT_AUTH_TOKEN: a token from outside, used for every CodeArtifact feed.</summary>
    public Secret? AuthToken { get; }

    /// <summary>CODEARTIFACT_PROFILE, CODEARTIFACT_ROLE_ARN, CODEARTIFACT_TOKEN_DURATION, and
    /// AWS_ENDPOINT_URL_CODEARTIFACT or AWS_ENDPOINT_URL.</summary>
    public TokenOptions TokenOptions { get; }

    /// <summary>CODEARTIFACT_EXTERNAL_ID: for the last of the roles, wherever they are named.</summary>
    public string? ExternalId => Text("CODEARTIFACT_EXTERNAL_ID");

    /// <summary>CODEARTIFACT_DOMAINS, or the configuration file's: <c>domain</c>, <c>domain/owner</c> or
    /// <c>*/owner</c>; empty allows all.</summary>
    public string[] Domains => List("CODEARTIFACT_DOMAINS") is { Length: > 0 } own ? own : Configuration.Domains;

    /// <summary>The first of CODEARTIFACT_CONFIG, the user's codeartifact.json and the machine's; read once, when
    /// first asked for.</summary>
    public Configuration Configuration => _configuration.Value;

    /// <summary>A folder in CODEARTIFACT_CACHE_DIR or the user's cache folder; null keeps no tokens
    /// (CODEARTIFACT_CACHE=off).</summary>
    public string? CacheFolder { get; }

    /// <summary>CODEARTIFACT_LOG_FILE, or AWS_CODEARTIFACT_NUGET_LOGFILE, which AWS's own provider reads.</summary>
    public string? LogFile { get; }

    /// <summary>CODEARTIFACT_LOG_LEVEL: NuGet's names, Debug to Error.</summary>
    public string? LogLevel => Text("CODEARTIFACT_LOG_LEVEL");

    /// <summary>AWS_IGNORE_CONFIGURED_ENDPOINT_URLS.</summary>
    public bool IgnoresEndpointUrls => IsTrue("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");

    /// <summary>AWS_USE_FIPS_ENDPOINT; null where it is not set.</summary>
    public bool? UseFipsEndpoint => Question("AWS_USE_FIPS_ENDPOINT");

    /// <summary>AWS_USE_DUALSTACK_ENDPOINT; null where it is not set.</summary>
    public bool? UseDualStackEndpoint => Question("AWS_USE_DUALSTACK_ENDPOINT");

    /// <summary>AWS_CA_BUNDLE: the certificates to trust in calls to AWS, instead of the system's.</summary>
    public string? AwsCaBundle => Text("AWS_CA_BUNDLE");

    /// <summary>HTTPS_PROXY, where the run-time does not read it by itself.</summary>
    public string? HttpsProxy => Text("HTTPS_PROXY") ?? Text("https_proxy");

    /// <summary>How the instance metadata service is reached.</summary>
    public MetadataSettings Metadata => MetadataSettings.From(Text);

    /// <summary>Names the variable, its value and what it should be; null where all is well.</summary>
    public string? Problem { get; }

    /// <summary>AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are set.</summary>
    public bool HasAwsKeys => Text("AWS_ACCESS_KEY_ID") is not null && Text("AWS_SECRET_ACCESS_KEY") is not null;

    /// <summary>AWS_WEB_IDENTITY_TOKEN_FILE: a file that the platform renews. Counts with <see cref="AwsRoleArn"/>
    /// only.</summary>
    public string? AwsWebIdentityTokenFile => Text("AWS_WEB_IDENTITY_TOKEN_FILE");

    /// <summary>AWS_ROLE_ARN: the role that the web identity is exchanged for.</summary>
    public string? AwsRoleArn => Text("AWS_ROLE_ARN");

    /// <summary>AWS_ROLE_SESSION_NAME.</summary>
    public string? AwsRoleSessionName => Text("AWS_ROLE_SESSION_NAME");

    /// <summary>PATH's folders.</summary>
    public string[] SearchPath =>
        [.. (Text("PATH") ?? "").Split(Path.PathSeparator).Where(folder => folder.Length > 0)];

    /// <summary>NUGET_NETCORE_PLUGIN_PATHS (dotnet) or NUGET_NETFX_PLUGIN_PATHS (nuget.exe, Visual Studio): files, and then
    /// nothing else counts; null if not set.</summary>
    public string[]? PluginFiles(bool isNetFramework) =>
        Paths(isNetFramework ? "NUGET_NETFX_PLUGIN_PATHS" : "NUGET_NETCORE_PLUGIN_PATHS");

    /// <summary>NUGET_PLUGIN_PATHS: files or folders; null if not set.</summary>
    public string[]? PluginPaths => Paths("NUGET_PLUGIN_PATHS");

    /// <summary>NuGetPackageSourceCredentials_NAME: what NuGet takes before it asks a plugin.</summary>
    public bool HasNuGetCredentials(string source) => Text(NuGetCredentials(source)) is not null;

    public static string NuGetCredentials(string source) => $"NuGetPackageSourceCredentials_{source}";

    /// <summary>AWS_REGION or AWS_DEFAULT_REGION, for commands that name no region; feeds have theirs in their
    /// URL.</summary>
    public string? AwsRegion => Text("AWS_REGION") ?? Text("AWS_DEFAULT_REGION");

    /// <summary>False with NO_COLOR, and on terminals that have no colours.</summary>
    public bool WantsColours => Text("NO_COLOR") is null && Text("TERM") is not (null or "dumb");

    /// <summary>AWS_PROFILE.</summary>
    public string? AwsProfile => Text("AWS_PROFILE");

    /// <summary>AWS_CONTAINER_CREDENTIALS_RELATIVE_URI at the address of ECS, else
    /// AWS_CONTAINER_CREDENTIALS_FULL_URI.</summary>
    public string? AwsContainerUri => Text("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") is { } path
        ? "http://169.254.170.2" + path : Text("AWS_CONTAINER_CREDENTIALS_FULL_URI");

    /// <summary>AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE.</summary>
    public string? AwsContainerTokenFile => Text("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");

    /// <summary>AWS_CONTAINER_AUTHORIZATION_TOKEN: counts where there is no file.</summary>
    public Secret? AwsContainerToken =>
        Text("AWS_CONTAINER_AUTHORIZATION_TOKEN") is { } token ? new Secret(token) : null;

    /// <summary>AWS_CONFIG_FILE, or its place below the home folder.</summary>
    public string AwsConfigFile => Text("AWS_CONFIG_FILE") ?? Path.Combine(Home, ".aws", "config");

    /// <summary>AWS_SHARED_CREDENTIALS_FILE, or its place below the home folder.</summary>
    public string AwsCredentialsFile =>
        Text("AWS_SHARED_CREDENTIALS_FILE") ?? Path.Combine(Home, ".aws", "credentials");

    /// <summary>One of the two is there.</summary>
    public bool HasAwsFiles => Exists(AwsConfigFile) || Exists(AwsCredentialsFile);

    /// <summary>Empty for a user without a home, as in some containers.</summary>
    public static string Home { get; } =
        !OperatingSystem.IsWindows() && Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } home
            ? Exists(home) ? home : "" : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    /// <summary>The configuration file that counts; null where there is none.</summary>
    public string? ConfigurationPath =>
        Text("CODEARTIFACT_CONFIG") ?? Array.Find([UserConfigurationFile, MachineConfigurationFile],
            Exists);

    /// <summary>The configuration file that a person's own settings go to: CODEARTIFACT_CONFIG, or the user's.</summary>
    public string OwnConfigurationFile => Text("CODEARTIFACT_CONFIG") ?? UserConfigurationFile;

    /// <summary>Where the user's configuration file is looked for, after CODEARTIFACT_CONFIG; XDG_CONFIG_HOME
    /// counts.</summary>
    private string UserConfigurationFile => Path.Combine(
        Text("XDG_CONFIG_HOME") is { } folder && Path.IsPathRooted(folder) ? folder
            : OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData)
            : Path.Combine(Home, ".config"),
        "codeartifact.json");

    private static string MachineConfigurationFile => Path.Combine(
        OperatingSystem.IsWindows()
            ? Environment.GetFolderPath(Environment.SpecialFolder.CommonApplicationData) : "/etc",
        "codeartifact-credentials", "codeartifact.json");

    /// <summary>Seconds that CodeArtifact takes for a token's life.</summary>
    public static bool IsDuration(int seconds) => seconds is 0 or (>= ShortestDuration and <= LongestDuration);

    public static bool IsRoleArn(string arn) =>
        arn.StartsWith("arn:", StringComparison.Ordinal) && arn.Contains(":role/", StringComparison.Ordinal);

    /// <summary>Reads the process's environment.</summary>
    public static Settings FromEnvironment() => new(Environment.GetEnvironmentVariable);

    /// <summary>Reads <paramref name="variable"/>, which answers null or empty for what is not set.</summary>
    public static Settings From(Func<string, string?> variable) => new(variable);

    private static bool Exists(string path) =>
        OperatingSystem.IsWindows() ? File.Exists(path) || Directory.Exists(path) : Posix.Exists(path);

    private string? Text(string name) => _variable(name)?.Trim() is { Length: > 0 } value ? value : null;

    private string[]? Paths(string name) =>
        Text(name)?.Split([Path.PathSeparator], StringSplitOptions.RemoveEmptyEntries);

    private bool IsTrue(string name) => Question(name) == true;

    private bool? Question(string name) =>
        Text(name) is { } value ? value.Equals("true", StringComparison.OrdinalIgnoreCase) : null;

    private string[] List(string name)
    {
        if (Text(name) is not { } value)
            return [];
        var parts = new List<string>();
        foreach (var part in value.Split(','))
        {
            if (part.Trim() is { Length: > 0 } text)
                parts.Add(text);
        }

        return [.. parts];
    }

    private (int? Seconds, string? Problem) ReadDuration()
    {
        if (Text("CODEARTIFACT_TOKEN_DURATION") is not { } text)
            return (null, null);
        return int.TryParse(text, out var seconds) && IsDuration(seconds)
            ? (seconds, null)
            : (null, $"CODEARTIFACT_TOKEN_DURATION is '{text}'; it takes seconds: 0, or 900 to 43200");
    }

    private static string? FindProblemOf(string[] roles)
    {
        foreach (var arn in roles)
        {
            if (!IsRoleArn(arn))
                return $"CODEARTIFACT_ROLE_ARN has '{arn}'; it takes role ARNs like arn:aws:iam::111122223333:role/Reader";
        }

        return null;
    }

    private Configuration ReadConfiguration() =>
        ConfigurationPath is { } path ? ConfigurationFile.Read(path) : Configuration.Empty;

    /// <summary>Always a folder of its own, since it is closed to others: nobody wants that of /tmp.</summary>
    private string? FindCacheFolder()
    {
        var parent = Text("CODEARTIFACT_CACHE_DIR")
            ?? (Text("XDG_CACHE_HOME") is { } cache && Path.IsPathRooted(cache) ? cache
            : OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
            : Home.Length == 0 ? ""
            : OperatingSystem.IsMacOS() ? Path.Combine(Home, "Library", "Caches")
            : Path.Combine(Home, ".cache"));
        return parent.Length == 0 ? null : Path.Combine(parent, "codeartifact-credentials");
    }
}

/// <summary>How long and where to ask the instance metadata service (IMDS). Names are those of AWS's SDKs.</summary>
/// <param name="IsDisabled">AWS_EC2_METADATA_DISABLED.</param>
/// <param name="Endpoint">AWS_EC2_METADATA_SERVICE_ENDPOINT, else by AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE.</param>
/// <param name="Timeout">AWS_METADATA_SERVICE_TIMEOUT: one attempt's time, 1 s if not set.</param>
/// <param name="Attempts">AWS_METADATA_SERVICE_NUM_ATTEMPTS, 2 if not set.</param>
/// <param name="RoleName">AWS_EC2_INSTANCE_PROFILE_NAME: the instance role's name, which saves asking for it.</param>
internal sealed record MetadataSettings(bool IsDisabled, string Endpoint, TimeSpan Timeout, int Attempts,
    string? RoleName)
{
    private const int DefaultSeconds = 1, DefaultAttempts = 2;

    public static MetadataSettings From(Func<string, string?> text)
    {
        var isIpv6 = string.Equals(text("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"), "IPv6",
            StringComparison.OrdinalIgnoreCase);
        return new MetadataSettings(
            string.Equals(text("AWS_EC2_METADATA_DISABLED"), "true", StringComparison.OrdinalIgnoreCase),
            text("AWS_EC2_METADATA_SERVICE_ENDPOINT") ?? (isIpv6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254"),
            TimeSpan.FromSeconds(Positive(text("AWS_METADATA_SERVICE_TIMEOUT")) ?? DefaultSeconds),
            Positive(text("AWS_METADATA_SERVICE_NUM_ATTEMPTS")) ?? DefaultAttempts,
            text("AWS_EC2_INSTANCE_PROFILE_NAME"));
    }

    private static int? Positive(string? value) => int.TryParse(value, out var number) && number > 0 ? number : null;
}
