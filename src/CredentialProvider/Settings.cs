namespace CredentialProvider;

/// <summary>
/// What the environment asks for: the one place that reads it. The README's table of settings is checked against the names
/// here. A value that cannot be used is kept as <see cref="Problem"/> and reported when a feed of ours needs a token: it must
/// not disturb a build that has none.
/// </summary>
internal sealed record Settings
{
    /// <summary>The longest life that CodeArtifact gives a token: 12 hours, in seconds. Also its default.</summary>
    private const int LongestDuration = 43200;
    private const int ShortestDuration = 900;

    /// <summary>CODEARTIFACT_AUTH_TOKEN: a token from outside, used for every CodeArtifact feed.</summary>
    public Secret? AuthToken { get; private init; }

    /// <summary>CODEARTIFACT_PROFILE: comes before every other source of credentials.</summary>
    public string? Profile { get; private init; }

    /// <summary>CODEARTIFACT_ROLE_ARN: assumed one after the other.</summary>
    public IReadOnlyList<string> RoleArns { get; private init; } = [];

    /// <summary>CODEARTIFACT_EXTERNAL_ID: for the last of the roles.</summary>
    public string? ExternalId { get; private init; }

    /// <summary>CODEARTIFACT_TOKEN_DURATION in seconds: 900 to 43200, or 0 for as long as the credentials live.</summary>
    public int TokenDuration { get; private init; } = LongestDuration;

    /// <summary>CODEARTIFACT_DOMAINS: <c>domain</c>, <c>domain/owner</c> or <c>*/owner</c>; empty allows all.</summary>
    public IReadOnlyList<string> Domains { get; private init; } = [];

    /// <summary>Where tokens are kept; null keeps none.</summary>
    public string? CacheFolder { get; private init; }

    /// <summary>CODEARTIFACT_LOG_FILE, or AWS_CODEARTIFACT_NUGET_LOGFILE, which AWS's own provider reads.</summary>
    public string? LogFile { get; private init; }

    /// <summary>CODEARTIFACT_LOG_LEVEL: NuGet's names, Debug to Error.</summary>
    public string? LogLevel { get; private init; }

    /// <summary>AWS_ENDPOINT_URL_CODEARTIFACT or AWS_ENDPOINT_URL: the CodeArtifact API elsewhere.</summary>
    public string? CodeArtifactEndpoint { get; private init; }

    /// <summary>AWS_USE_FIPS_ENDPOINT.</summary>
    public bool UseFipsEndpoint { get; private init; }

    /// <summary>AWS_USE_DUALSTACK_ENDPOINT.</summary>
    public bool UseDualStackEndpoint { get; private init; }

    /// <summary>HTTPS_PROXY, where the run-time does not read it by itself.</summary>
    public string? HttpsProxy { get; private init; }

    /// <summary>How the instance metadata service is reached.</summary>
    public MetadataSettings Metadata { get; private init; } = new();

    /// <summary>The AWS variables that choose a source of credentials.</summary>
    public SourceSettings Source { get; private init; } = new();

    /// <summary>Names the variable, its value and what it should be; null where all is well.</summary>
    public string? Problem { get; private init; }

    /// <summary>Reads the process's environment.</summary>
    public static Settings FromEnvironment() => From(Environment.GetEnvironmentVariable);

    /// <summary>Reads <paramref name="variable"/>, which answers null or empty for what is not set.</summary>
    public static Settings From(Func<string, string?> variable)
    {
        string? Text(string name) => variable(name) is { } value && value.AsSpan().Trim().Length > 0 ? value.Trim() : null;
        bool IsTrue(string name) => string.Equals(Text(name), "true", StringComparison.OrdinalIgnoreCase);

        string? problem = null;
        var roleArns = List(Text("CODEARTIFACT_ROLE_ARN"));
        foreach (var arn in roleArns)
        {
            if (!arn.StartsWith("arn:", StringComparison.Ordinal) || !arn.Contains(":role/", StringComparison.Ordinal))
                problem = $"CODEARTIFACT_ROLE_ARN has '{arn}'; it takes role ARNs like arn:aws:iam::111122223333:role/Reader";
        }

        var duration = LongestDuration;
        if (Text("CODEARTIFACT_TOKEN_DURATION") is { } seconds
            && (!int.TryParse(seconds, out duration) || duration is not (0 or (>= ShortestDuration and <= LongestDuration))))
        {
            problem = $"CODEARTIFACT_TOKEN_DURATION is '{seconds}'; it takes seconds: 0, or 900 to 43200";
        }

        return new Settings
        {
            AuthToken = Text("CODEARTIFACT_AUTH_TOKEN") is { } token ? new Secret(token) : null,
            Profile = Text("CODEARTIFACT_PROFILE"),
            RoleArns = roleArns,
            ExternalId = Text("CODEARTIFACT_EXTERNAL_ID"),
            TokenDuration = duration,
            Domains = List(Text("CODEARTIFACT_DOMAINS")),
            CacheFolder = Text("CODEARTIFACT_CACHE") is "off" ? null
                : Text("CODEARTIFACT_CACHE_DIR") ?? UserCacheFolder(Text),
            LogFile = Text("CODEARTIFACT_LOG_FILE") ?? Text("AWS_CODEARTIFACT_NUGET_LOGFILE"),
            LogLevel = Text("CODEARTIFACT_LOG_LEVEL"),
            CodeArtifactEndpoint = IsTrue("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") ? null
                : Text("AWS_ENDPOINT_URL_CODEARTIFACT") ?? Text("AWS_ENDPOINT_URL"),
            UseFipsEndpoint = IsTrue("AWS_USE_FIPS_ENDPOINT"),
            UseDualStackEndpoint = IsTrue("AWS_USE_DUALSTACK_ENDPOINT"),
            HttpsProxy = Text("HTTPS_PROXY") ?? Text("https_proxy"),
            Metadata = MetadataSettings.From(Text),
            Source = SourceSettings.From(Text),
            Problem = problem,
        };
    }

    private static string[] List(string? value) =>
        value is null ? [] : [.. value.Split(',').Select(part => part.Trim()).Where(part => part.Length > 0)];

    /// <summary>Null for a user without a home, as in some containers.</summary>
    private static string? UserCacheFolder(Func<string, string?> text)
    {
        const string Name = "codeartifact-credentials";
        if (OperatingSystem.IsWindows())
            return Below(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), Name);
        if (text("XDG_CACHE_HOME") is { } cache && Path.IsPathRooted(cache))
            return Path.Combine(cache, Name);
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return Below(home, OperatingSystem.IsMacOS() ? Path.Combine("Library", "Caches", Name) : Path.Combine(".cache", Name));
    }

    private static string? Below(string folder, string name) => folder.Length == 0 ? null : Path.Combine(folder, name);
}

/// <summary>How long and where to ask the instance metadata service (IMDS). Names and defaults are those of AWS's SDKs.</summary>
internal sealed record MetadataSettings
{
    /// <summary>AWS_EC2_METADATA_DISABLED.</summary>
    public bool IsDisabled { get; init; }

    /// <summary>AWS_EC2_METADATA_SERVICE_ENDPOINT, else by AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE.</summary>
    public string Endpoint { get; init; } = "http://169.254.169.254";

    /// <summary>AWS_METADATA_SERVICE_TIMEOUT: one attempt's time.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>AWS_METADATA_SERVICE_NUM_ATTEMPTS.</summary>
    public int Attempts { get; init; } = 2;

    /// <summary>AWS_EC2_INSTANCE_PROFILE_NAME: the instance role's name, which saves asking for it.</summary>
    public string? RoleName { get; init; }

    public static MetadataSettings From(Func<string, string?> text)
    {
        var isIpv6 = string.Equals(text("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"), "IPv6", StringComparison.OrdinalIgnoreCase);
        var defaults = new MetadataSettings();
        return defaults with
        {
            IsDisabled = string.Equals(text("AWS_EC2_METADATA_DISABLED"), "true", StringComparison.OrdinalIgnoreCase),
            Endpoint = text("AWS_EC2_METADATA_SERVICE_ENDPOINT")
                ?? (isIpv6 ? "http://[fd00:ec2::254]" : defaults.Endpoint),
            Timeout = int.TryParse(text("AWS_METADATA_SERVICE_TIMEOUT"), out var seconds) && seconds > 0
                ? TimeSpan.FromSeconds(seconds) : defaults.Timeout,
            Attempts = int.TryParse(text("AWS_METADATA_SERVICE_NUM_ATTEMPTS"), out var attempts) && attempts > 0
                ? attempts : defaults.Attempts,
            RoleName = text("AWS_EC2_INSTANCE_PROFILE_NAME"),
        };
    }
}

/// <summary>
/// The variables by which AWS's SDKs choose a source of credentials. They are enough to name the source without opening it, which
/// is what keeps a cached answer free of AWS code.
/// </summary>
internal sealed record SourceSettings
{
    /// <summary>AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are set.</summary>
    public bool HasEnvironmentKeys { get; init; }

    /// <summary>AWS_WEB_IDENTITY_TOKEN_FILE, with AWS_ROLE_ARN: a file that the platform renews.</summary>
    public string? WebIdentityTokenFile { get; init; }

    /// <summary>AWS_ROLE_ARN: the role that the web identity is exchanged for.</summary>
    public string? WebIdentityRoleArn { get; init; }

    /// <summary>AWS_ROLE_SESSION_NAME.</summary>
    public string? RoleSessionName { get; init; }

    /// <summary>AWS_PROFILE.</summary>
    public string? Profile { get; init; }

    /// <summary>AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI.</summary>
    public string? ContainerUri { get; init; }

    /// <summary>AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE, or the defaults below the home folder.</summary>
    public IReadOnlyList<string> ProfileFiles { get; init; } = [];

    public static SourceSettings From(Func<string, string?> text)
    {
        var aws = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".aws");
        return new SourceSettings
        {
            HasEnvironmentKeys = text("AWS_ACCESS_KEY_ID") is not null && text("AWS_SECRET_ACCESS_KEY") is not null,
            WebIdentityTokenFile = text("AWS_WEB_IDENTITY_TOKEN_FILE"),
            WebIdentityRoleArn = text("AWS_ROLE_ARN"),
            RoleSessionName = text("AWS_ROLE_SESSION_NAME"),
            Profile = text("AWS_PROFILE"),
            ContainerUri = text("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") ?? text("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
            ProfileFiles =
            [
                text("AWS_CONFIG_FILE") ?? Path.Combine(aws, "config"),
                text("AWS_SHARED_CREDENTIALS_FILE") ?? Path.Combine(aws, "credentials"),
            ],
        };
    }
}
