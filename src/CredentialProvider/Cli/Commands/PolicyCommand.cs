using System.CommandLine;
using CredentialProvider.Cli.Policy;
using CredentialProvider.Configuration;

namespace CredentialProvider.Cli.Commands;

/// <summary><c>policy</c>: prints the IAM policy that reading or publishing needs.</summary>
internal sealed class PolicyCommand : CliCommand
{
    private readonly SourceOptions _sources;

    private readonly Option<bool> _publish = SharedOptions.Flag("--publish", "Allow publishing as well");

    private readonly Option<string?> _principal = SharedOptions.Value("--principal", "PRINCIPAL",
        "Also print resource policies for this reader in another account: an account ID, or the ARN of a role or user");

    private readonly Option<string?> _assumedBy = SharedOptions.Value("--assumed-by", "PRINCIPAL",
        "Also print the trust policy that lets this principal assume the role that restores");

    private readonly Option<string?> _oidc = SharedOptions.Value("--oidc", "ISSUER",
        $"Also print the trust policy for a CI system's OIDC tokens: {string.Join(", ", TrustPolicy.Issuers.Keys)} or the issuer's URL");

    private readonly Option<string?> _subject = SharedOptions.Value("--subject", "SUBJECT",
        "Subject of those tokens, for example repo:contoso/app:ref:refs/heads/main; * matches anything");

    private readonly Option<string> _audience = new("--audience")
    {
        Description = "Audience of those tokens",
        HelpName = "AUDIENCE",
        DefaultValueFactory = _ => WebIdentityOrigin.DefaultAudience,
    };

    private readonly Option<bool> _sourceIdentity = SharedOptions.Flag("--source-identity",
        "Let the trust policy accept a source identity");

    private readonly Option<string?> _tags = SharedOptions.Value("--tags", "KEYS",
        "Let the trust policy accept session tags with these keys, separated by commas");

    private readonly Option<string> _format = SharedOptions.Format(PolicyDocuments.Formats);

    public PolicyCommand(CommandContext context)
        : base(context, "policy", "Print the minimum IAM policy")
    {
        _sources = SourceOptions.OneOrMore(context.Sources, "Sources to allow");
        _sources.AddTo(this);
        foreach (var option in new Option[]
            { _publish, _principal, _assumedBy, _oidc, _subject, _audience, _sourceIdentity, _tags, _format })
        {
            Add(option);
        }

        Validators.Add(result =>
        {
            if (result.GetResult(_oidc) is null != result.GetResult(_subject) is null)
                result.AddError("--oidc and --subject belong together: without a subject, any project of the CI system could assume the role");
            if (result.GetResult(_oidc) is not null && result.GetResult(_assumedBy) is not null)
                result.AddError("--oidc and --assumed-by cannot be combined");
        });
    }

    public override HelpEntry[] Examples { get; } =
    [
        new("nuget-plugin-codeartifact policy contoso", "Print the policy for reading from a source in nuget.config"),
        new("nuget-plugin-codeartifact policy contoso/app --owner 111122223333 --region us-east-1 "
            + "--publish --format terraform",
            "Print the policy for publishing, for Terraform"),
        new("nuget-plugin-codeartifact policy contoso --principal 444455556666",
            "Let another account read: print the policies for both accounts"),
        new("nuget-plugin-codeartifact policy contoso --oidc github --subject 'repo:contoso/app:*'",
            "Also print the trust policy for the jobs of a repository on GitHub"),
        new("nuget-plugin-codeartifact policy contoso --source-identity --tags team,job",
            "Also print the trust policy that a source identity and tags need"),
    ];

    public override HelpEntry[] Variables { get; } = [RegionVariables];

    protected override void Run(ParseResult parsed)
    {
        var feeds = _sources.Find(parsed).Select(source => source.Feed).ToList();
        if (feeds.Find(feed => feed.Repository.Length == 0) is { } bare)
        {
            throw new CommandFailedException(
                $"no policy for {bare.Domain}: the repository is missing; use {bare.Domain}/REPOSITORY");
        }

        var principal = parsed.GetValue(_principal);
        var documents = PolicyDocuments.For(feeds, parsed.GetValue(_publish), principal).ToList();
        var tags = (parsed.GetValue(_tags) ?? "").Split(',').Select(tag => tag.Trim()).Where(tag => tag.Length > 0).ToArray();
        var trust = new TrustPolicy(parsed.GetValue(_assumedBy), parsed.GetValue(_oidc), parsed.GetValue(_subject),
            parsed.GetValue(_audience)!, parsed.GetValue(_sourceIdentity), tags);
        if ((trust.Principal ?? trust.Issuer) is not null || trust.PassesSourceIdentity || tags.Length > 0)
        {
            // The role belongs to the reader's account.
            var account = principal is null ? feeds[0].Owner : PolicyDocuments.PrincipalArn(principal, feeds[0]).Split(':')[4];
            documents.Insert(1, trust.For(feeds[0], account));
        }

        Terminal.PrintVerbatim(parsed.GetValue(_format) switch
        {
            "terraform" => PolicyFormats.Terraform(documents),
            "cloudformation" => PolicyFormats.CloudFormation(documents),
            _ => PolicyFormats.Json(documents),
        });
    }
}
