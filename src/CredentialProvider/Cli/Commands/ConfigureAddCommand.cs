using System.CommandLine;
using System.Xml;
using CredentialProvider.Aws;
using CredentialProvider.Cli.Doctor;
using CredentialProvider.Cli.NuGet;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Feeds;
using CredentialProvider.Platform;
using CredentialProvider.Tokens;

namespace CredentialProvider.Cli.Commands;

/// <summary><c>configure add</c>: adds a CodeArtifact repository to nuget.config.</summary>
internal sealed class ConfigureAddCommand : CliCommand
{
    /// <summary>Has the right shape, so that everything else can be checked before AWS is called.</summary>
    private const string UnknownOwner = "000000000000";

    private readonly Argument<string?> _name = new("NAME")
    {
        Description = "Name of the source (default: DOMAIN/REPOSITORY)",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string?> _domain = SharedOptions.Value("--domain", "DOMAIN", "The domain");
    private readonly Option<string?> _repository = SharedOptions.Value("--repository", "REPOSITORY", "The repository");

    private readonly Option<string?> _owner =
        SharedOptions.Value("--owner", "ACCOUNT", "AWS account that owns the domain (default: ask AWS)");

    private readonly Option<string?> _region =
        SharedOptions.Value("--region", "REGION", "Region of the domain (default: AWS_REGION)");

    private readonly Option<bool> _dualStack =
        SharedOptions.Flag("--dual-stack", "Use the host that supports IPv4 and IPv6");

    private readonly Option<string[]> _map = new("--map")
    {
        Description = "Package IDs to get from this source only, such as 'Contoso.*'",
        HelpName = "PATTERN",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<bool> _replace =
        SharedOptions.Flag("--replace", "Change the URL of an existing source, even to another host");

    private readonly Option<string?> _config = SharedOptions.Config();

    public ConfigureAddCommand(CommandContext context)
        : base(context, "add", "Add a source to nuget.config")
    {
        _domain.Required = _repository.Required = true;
        Add(_name);
        foreach (var option in new Option[] { _domain, _repository, _owner, _region, _dualStack, _map, _replace, _config })
            Add(option);
    }

    public override HelpEntry[] Examples { get; } =
    [
        new("nuget-plugin-codeartifact configure add --domain contoso --repository app "
            + "--owner 111122223333 --region us-east-1",
            "Add repository app of domain contoso"),
        new("nuget-plugin-codeartifact configure add contoso --domain contoso --repository app --region us-east-1 "
            + "--map 'Contoso.*'",
            "Name the source, ask AWS for the owner, and get the Contoso packages from this source only"),
    ];

    public override HelpEntry[] Variables { get; } =
    [
        new("AWS_REGION, AWS_DEFAULT_REGION", "region if --region is missing"),
        new("CODEARTIFACT_PROFILE, AWS_PROFILE", "AWS profile to ask with if --owner is missing"),
    ];

    protected override async Task<bool> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        var (domain, repository) = (parsed.GetValue(_domain)!, parsed.GetValue(_repository)!);
        var (owner, isDualStack) = (parsed.GetValue(_owner), parsed.GetValue(_dualStack));
        var patterns = parsed.GetValue(_map) ?? [];
        var region = parsed.GetValue(_region) ?? Context.Settings.AwsRegion
            ?? throw new CommandFailedException("no region: neither --region nor AWS_REGION is set; add --region");
        var name = parsed.GetValue(_name) ?? $"{domain}/{repository}";
        if (name.Any(c => !XmlConvert.IsXmlChar(c) && !char.IsSurrogate(c)))
            throw new CommandFailedException("a source's name cannot contain control characters; choose another name");
        var feed = NamedSources.FeedFor(domain, owner ?? UnknownOwner, region, repository);
        feed = feed with { Owner = owner ?? "", IsDualStack = isDualStack };
        Refuse(feed);
        var url = owner is not null && !isDualStack ? feed.ToUrl() : await GetUrlAsync(feed, cancel);
        if (!FeedRecognition.TryParse(url, Context.Settings, out var found))
            throw Unexpected(feed, url);
        Refuse(found);
        if ((found.Domain, found.Repository, found.Region) != (domain, repository, region)
            || (owner ?? found.Owner) != found.Owner)
        {
            throw Unexpected(feed, url);
        }

        var path = parsed.GetValue(_config) is { } config ? Path.GetFullPath(config)
            : Context.Sources.Files.Count > 0 ? Context.Sources.Files[0] : Path.GetFullPath("nuget.config");
        var file = new NuGetConfigFile(path);
        var before = NuGetSources.With(Context.Settings, path);
        if ((file.FindUrl(name) ?? before.FindByName(name)?.Source) is { } old && HostOf(old) != HostOf(url)
            && !parsed.GetValue(_replace))
        {
            throw new CommandFailedException(
                $"source {name} not changed: its URL is {CheckedSource.Show(old, Context.Settings)}, on another host; "
                + "choose another NAME, or add --replace");
        }

        var others = before.Mapping.IsEnabled ? [] : before.All.Select(source => source.Name);
        Terminal.Print(file.Add(name, url, patterns, others) ? $"{path}: source {name} is now {url}"
            : $"{path}: source {name} is up to date");
        WarnOfMapping(path, name);
        Terminal.Hint($"next: nuget-plugin-codeartifact doctor {ShellText.Argument(name)}");
        return true;
    }

    /// <exception cref="CommandFailedException">A list of allowed domains excludes the feed, or cannot be
    /// read.</exception>
    private void Refuse(Feed feed)
    {
        FeedSettings.For(feed, Context.Settings).ThrowIfProblem();
        Context.Sources.Named.ThrowIfNotAllowed($"{feed.Domain}/{feed.Repository}", feed);
    }

    /// <summary>NuGet would get packages from that URL.</summary>
    private CommandFailedException Unexpected(Feed feed, string url) => new(
        $"no source added: AWS returned {CheckedSource.Show(url, Context.Settings)} as the URL of "
        + $"{feed.Domain}/{feed.Repository}, which is not this repository; check AWS_ENDPOINT_URL_CODEARTIFACT, or add "
        + "a private host under \"hosts\" in codeartifact.json");

    private void WarnOfMapping(string path, string name)
    {
        var mapping = NuGetSources.With(Context.Settings, path).Mapping;
        if (mapping.IsEnabled && mapping.PatternsOf(name).Count == 0)
        {
            Terminal.Hint($"{path} maps packages to sources, but none to {name}; "
                + "add --map 'Contoso.*' with the IDs of the packages in this source");
        }
        else if (mapping.FindRivals(name) is { Count: > 0 } rivals)
        {
            Terminal.Warning($"packages with the same IDs as yours may come from {string.Join(", ", rivals)} "
                + "(dependency confusion); to get an ID from this source only, add --map 'Contoso.*'");
        }
    }

    /// <summary>Host and port of a URL; another text, such as the path of a folder, is its own host.</summary>
    private static string HostOf(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) && !uri.IsFile ? uri.Authority : url;

    /// <param name="feed">Its owner may be empty, which means the caller's account.</param>
    private async Task<string> GetUrlAsync(Feed feed, CancellationToken cancel)
    {
        try
        {
            Terminal.Progress($"{feed.Domain}/{feed.Repository}: asking AWS for the URL");
            var service = new TokenService(Context.Settings, Context.Time, Retries.BuildTimeout);
            var url = await service.FindEndpointAsync(TokenRequest.For(feed, Context.Settings), cancel);
            return url.TrimEnd('/') + "/v3/index.json";
        }
        catch (NoTokenException e)
        {
            throw new CommandFailedException($"{e.Code}: no URL for {feed.Domain}/{feed.Repository}: {e.Message}",
                feed.Owner.Length == 0 && e.Code != ErrorCode.DomainNotFound
                    ? "with --owner, this command does not call AWS" : null);
        }
    }
}
