using CredentialProvider.Feeds;
using CredentialProvider.Platform;

namespace CredentialProvider.Configuration;

/// <summary>
/// The user's configuration file over the machine's. With <c>"enforced": true</c> in the machine's file, what it sets
/// is final. A file that exists but cannot be used stops every CodeArtifact feed: without its list of allowed domains, a
/// broken file would allow more than a valid one.
/// </summary>
/// <param name="User">The file in CODEARTIFACT_CONFIG, else the user's.</param>
internal sealed record ConfigurationLayers(ConfigurationFile User, ConfigurationFile Machine)
{
    /// <summary>A problem that affects every feed.</summary>
    public string? Problem => Machine.Problem ?? User.Problem;

    /// <inheritdoc cref="ConfigurationFile.Fix"/>
    public string? Fix => Machine.Problem is null ? User.Fix : Machine.Fix;

    /// <param name="named">The file in CODEARTIFACT_CONFIG, which must exist; null if the variable is unset.</param>
    /// <param name="user">The user's file, if there is one; null for a user without a place for it.</param>
    /// <param name="machine">The machine's file, if there is one.</param>
    public static ConfigurationLayers Read(string? named, string? user, string machine)
    {
        // The variable may name the machine's file, which then is not the user's as well.
        var isNamedTwice = named is not null && (named == machine || Path.GetFullPath(named) == machine);
        return new ConfigurationLayers(
            (named ?? user) is not { } path || isNamedTwice || (named is null && IsAbsent(path))
                ? ConfigurationFile.Empty : ConfigurationFileReader.Read(path, Settings.Home, isNamed: named is not null),
            !isNamedTwice && IsAbsent(machine) ? ConfigurationFile.Empty
                : ConfigurationFileReader.Read(machine, Settings.Home, isNamed: false, isMachine: true));
    }

    /// <summary>False saves the work of looking at a foreign feed's URL.</summary>
    public bool HasHosts => User.Hosts is not null || Machine.Hosts is not null;

    /// <summary>The entry of a host in front of CodeArtifact; null for any other host.</summary>
    /// <param name="name">With <c>:port</c> if the port is not 443; in any case.</param>
    public PrivateHost? FindHost(string name) => Machine is { IsEnforced: true, Hosts: { } only } ? Find(only, name)
        : Find(User.Hosts, name) ?? Find(Machine.Hosts, name);

    /// <summary>What the environment and the files say about a feed, most important first. The environment takes
    /// precedence over the most specific rule, and the user's rule over an equally specific one of the machine; defaults
    /// come last. Everything in an enforced file takes precedence over everything else.</summary>
    /// <param name="feed">Null for the settings of no feed in particular.</param>
    public IReadOnlyList<OptionSource> SourcesFor(Feed? feed, TokenOptions environment)
    {
        var sources = new List<OptionSource>();
        if (Machine.IsEnforced)
        {
            AddRules(sources, 0, feed, Machine);
            AddDefaults(sources, Machine);
        }

        sources.Add(new OptionSource(null, environment));
        var first = sources.Count;
        if (!Machine.IsEnforced)
            AddRules(sources, first, feed, Machine);
        AddRules(sources, first, feed, User);
        AddDefaults(sources, User);
        if (!Machine.IsEnforced)
            AddDefaults(sources, Machine);
        return sources;
    }

    /// <summary>Adds rules at their place from <paramref name="first"/> on: most specific first, and of two that are
    /// equally specific, the later one first.</summary>
    private static void AddRules(List<OptionSource> sources, int first, Feed? feed, ConfigurationFile file)
    {
        foreach (var rule in file.Rules)
        {
            if (feed is null || !rule.Selects(feed))
                continue;
            var place = first;
            while (place < sources.Count && sources[place].Specificity > rule.Specificity)
                place++;
            sources.Insert(place, new OptionSource(file, rule.Options, rule.Specificity, rule.Problem));
        }
    }

    private static void AddDefaults(List<OptionSource> sources, ConfigurationFile file)
    {
        if (file.Defaults != TokenOptions.None)
            sources.Add(new OptionSource(file, file.Defaults));
    }

    private static PrivateHost? Find(PrivateHost[]? hosts, string name) => hosts is null ? null
        : Array.Find(hosts, host => host.Host.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>False also for a link without a target and for a file in a folder that this user may not search: the
    /// file is there, and what it restricts is unknown.</summary>
    private static bool IsAbsent(string path)
    {
        if (OperatingSystem.IsWindows())
            return !File.Exists(path) && !Directory.Exists(path);
        var folder = Path.GetDirectoryName(path);
        return string.IsNullOrEmpty(folder) || (Posix.MayExecute(folder!)
            ? !Posix.TryGetStatus(path, out _, out var isSupported) && (isSupported || !Posix.Exists(path))
            : !Posix.Exists(folder!));
    }
}

/// <summary>A place that can set a feed's options: the environment, or a rule or the defaults of a file.</summary>
/// <param name="File">Null for the environment.</param>
/// <param name="Specificity">As of <see cref="Rule"/>; 0 for anything but a rule.</param>
/// <param name="Problem">Why the rule cannot be used.</param>
internal sealed record OptionSource(
    ConfigurationFile? File, TokenOptions Options, int Specificity = 0, string? Problem = null);
