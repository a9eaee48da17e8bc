using System.CommandLine;
using CredentialProvider.Cli.Policy;

namespace CredentialProvider.Cli.Commands;

/// <summary><c>policy</c>: prints the IAM policy that reading or publishing needs.</summary>
internal sealed class PolicyCommand : CliCommand
{
    private readonly SourceOptions _sources;

    private readonly Option<bool> _publish = SharedOptions.Flag("--publish", "Allow publishing as well");

    private readonly Option<string?> _principal = SharedOptions.Value("--principal", "PRINCIPAL",
        "Also print resource policies for this reader in another account: an account ID, or the ARN of a role or user");

    private readonly Option<string> _format = SharedOptions.Format(PolicyDocuments.Formats);

    public PolicyCommand(CommandContext context)
        : base(context, "policy", "Print the minimum IAM policy")
    {
        _sources = SourceOptions.OneOrMore(context.Sources, "Sources to allow");
        _sources.AddTo(this);
        foreach (var option in new Option[] { _publish, _principal, _format })
            Add(option);
    }

    public override HelpEntry[] Examples { get; } =
    [
        new("nuget-plugin-codeartifact policy contoso", "Print the policy for reading from a source in nuget.config"),
        new("nuget-plugin-codeartifact policy contoso/app --owner 111122223333 --region us-east-1 "
            + "--publish --format terraform",
            "Print the policy for publishing, for Terraform"),
        new("nuget-plugin-codeartifact policy contoso --principal 444455556666",
            "Let another account read: print the policies for both accounts"),
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

        var documents = PolicyDocuments.For(feeds, parsed.GetValue(_publish), parsed.GetValue(_principal));
        Terminal.PrintVerbatim(parsed.GetValue(_format) switch
        {
            "terraform" => PolicyFormats.Terraform(documents),
            "cloudformation" => PolicyFormats.CloudFormation(documents),
            _ => PolicyFormats.Json(documents),
        });
    }
}
