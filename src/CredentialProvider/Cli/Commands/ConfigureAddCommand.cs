using System.CommandLine;
using CredentialProvider.Aws;
using CredentialProvider.Cli.NuGet;
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

    private readonly Option<string?> _config = SharedOptions.Config();

    public ConfigureAddCommand(CommandContext context)
        : base(context, "add", "Add a source to nuget.config")
    {
        _domain.Required = _repository.Required = true;
        Add(_name);
        foreach (var option in new Option[] { _domain, _repository, _owner, _region, _dualStack, _map, _config })
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
        var feed = NuGetSources.FeedFor(domain, owner ?? UnknownOwner, region, repository);
        var url = owner is not null && !isDualStack ? feed.ToUrl()
            : await GetUrlAsync(feed with { Owner = owner ?? "", IsDualStack = isDualStack }, cancel);

        var sources = Context.Sources;
        var path = parsed.GetValue(_config) is { } config ? Path.GetFullPath(config)
            : sources.Files.Count > 0 ? sources.Files[0] : Path.GetFullPath("nuget.config");
        var file = new NuGetConfigFile(path);
        var hadMapping = file.HasMapping();
        Terminal.Print(file.Add(name, url, patterns) ? $"{path}: source {name} is now {url}"
            : $"{path}: source {name} is up to date");
        if (patterns.Length == 0 && hadMapping)
        {
            Terminal.Hint($"{path} maps packages to sources, but none to {name}; "
                + "add --map 'Contoso.*' with the IDs of the packages in this source");
        }
        else if (patterns.Length == 0 && sources.All.Count(source => source.IsEnabled) > 1)
        {
            Terminal.Hint("other sources can serve packages with the same IDs; "
                + "to get an ID from this source only, add --map 'Contoso.*'");
        }

        Terminal.Hint($"next: nuget-plugin-codeartifact doctor {ShellText.Quote(name)}");
        return true;
    }

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
