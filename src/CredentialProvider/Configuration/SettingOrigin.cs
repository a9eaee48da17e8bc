using CredentialProvider.Feeds;

namespace CredentialProvider.Configuration;

/// <summary>Where a feed's setting comes from; for <c>doctor</c> and the log.</summary>
/// <param name="Key">As in the configuration file.</param>
/// <param name="Origin">A variable, an option, or the path of a file.</param>
/// <param name="Ignored">Places whose other value is ignored because the origin is an enforced file.</param>
internal sealed record SettingOrigin(string Key, string Value, string Origin, IReadOnlyList<string> Ignored)
{
    private const string SessionName = "sessionName", SourceIdentity = "sourceIdentity", ExternalId = "CODEARTIFACT_EXTERNAL_ID";

    private static readonly (string Key, Func<TokenOptions, string?> Find)[] Keys =
    [
        ("profile", options => options.Profile),
        ("roles", options => options.Roles is { } roles ? Describe(roles) : null),
        (SessionName, options => options.SessionName),
        (SourceIdentity, options => options.SourceIdentity),
        ("tags", options => options.Tags is { } tags ? Describe(tags) : null),
        ("scope", options => options.Scope switch
        {
            null => null,
            TokenScope.Role => "false",
            TokenScope.Read => "true",
            _ => "publish",
        }),
        ("duration", options => options.Duration?.ToString(System.Globalization.CultureInfo.InvariantCulture)),
        ("endpoint", options => options.Endpoint),
    ];

    /// <summary>The settings that are set somewhere, in the order of the configuration file's reference.</summary>
    /// <param name="feed">Null for the settings of no feed in particular.</param>
    public static IReadOnlyList<SettingOrigin> Of(Feed? feed, Settings settings)
    {
        var sources = settings.Layers.SourcesFor(feed, settings.TokenOptions);
        var origins = new List<SettingOrigin>();
        foreach (var (key, find) in Keys)
        {
            var setting = sources.Where(source => find(source.Options) is not null).ToList();
            if (setting.Count == 0)
                continue;
            var (file, value) = (setting[0].File, find(setting[0].Options)!);
            var ignored = file is not { IsEnforced: true } ? []
                : setting.Where(source => source.File != file && find(source.Options) != value)
                    .Select(source => OriginOf(source.File, key, settings)).Distinct().ToList();
            if (key == "roles" && settings.ExternalId is not null && setting[0].Options.Roles!.Length > 0)
            {
                if (file is { IsEnforced: true })
                    ignored.Add(ExternalId);
                else
                    value += $" with the external ID in {ExternalId}";
            }

            string? correction = null;
            if (key is SessionName or SourceIdentity)
                (value, correction) = Correct(key, SessionText.Expand(value, settings));
            // An empty list of roles cancels the roles of a less specific place.
            var shown = value.Length > 0 ? value : "none";
            origins.Add(new SettingOrigin(key, shown, OriginOf(file, key, settings), ignored) { Correction = correction });
        }

        if (settings.ExternalId is not null && !origins.Exists(setting => setting.Key == "roles"))
        {
            origins.Add(new SettingOrigin("externalId", "without a role", ExternalId, [])
            {
                Correction = $"{ExternalId} has no effect, because neither CODEARTIFACT_ROLE_ARN nor codeartifact.json has roles: "
                    + "write external_id below role_arn in the AWS profile",
            });
        }

        return origins;
    }

    /// <summary>What AWS would refuse and what is sent instead, or why the setting has no effect; null if it is used as it
    /// is.</summary>
    public string? Correction { get; private init; }

    /// <summary>What users should know about the setting, a line each.</summary>
    public IEnumerable<string> Notes => Ignored.Select(DescribeIgnored).Concat(Correction is null ? [] : [Correction]);

    /// <param name="ignored">One of <see cref="Ignored"/>.</param>
    public string DescribeIgnored(string ignored) => $"{ignored} is ignored: {Origin} enforces {Key}";

    private static string OriginOf(ConfigurationFile? file, string key, Settings settings) => file?.Path ?? key switch
    {
        "profile" => settings.ProfileOption,
        "roles" => "CODEARTIFACT_ROLE_ARN",
        "duration" => "CODEARTIFACT_TOKEN_DURATION",
        SessionName => "CODEARTIFACT_SESSION_NAME",
        SourceIdentity => "CODEARTIFACT_SOURCE_IDENTITY",
        _ => settings.GetString(Settings.EndpointVariable("codeartifact")) is null ? Settings.AllEndpoints
            : Settings.EndpointVariable("codeartifact"),
    };

    /// <summary>With the external IDs, which AWS does not treat as secrets: lists can differ in them alone.</summary>
    private static string Describe(RoleRequest[] roles) => string.Join(", ", roles.Select(role =>
        role.Arn + (role.SessionName is null ? "" : $" as {role.SessionName}")
            + (role.ExternalId is null ? "" : $" with external ID {role.ExternalId}")
            + (role.Tags is null ? "" : $" with tags {Describe(role.Tags)}")));

    private static string Describe(SessionTag[] tags) => string.Join(", ", tags.Select(tag =>
        $"{tag.Key}={tag.Value}{(tag.IsTransitive ? " (transitive)" : "")}"));

    private static (string Sent, string? Correction) Correct(string key, string text)
    {
        var sent = SessionText.ToName(text);
        return (sent ?? "", sent == text ? null : $"{key} '{text}' is {(sent is null ? "not sent" : $"sent as '{sent}'")}: AWS accepts "
            + $"{SessionText.MinLength} to {SessionText.MaxLength} letters, digits and {SessionText.NameCharacters}");
    }
}
