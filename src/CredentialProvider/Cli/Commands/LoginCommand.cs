using System.CommandLine;
using CredentialProvider.Aws.Credentials;

namespace CredentialProvider.Cli.Commands;

/// <summary><c>login</c>: signs in to IAM Identity Center.</summary>
internal sealed class LoginCommand : CliCommand
{
    private readonly Option<string?> _profile = SharedOptions.Value("--profile", "NAME",
        "AWS profile (default: CODEARTIFACT_PROFILE, AWS_PROFILE or 'default')");

    public LoginCommand(CommandContext context)
        : base(context, "login", "Sign in to IAM Identity Center for an AWS profile") => Add(_profile);

    public override HelpEntry[] Examples { get; } =
    [
        new("nuget-plugin-codeartifact login", "Sign in for the current AWS profile"),
        new("nuget-plugin-codeartifact login --profile dev", "Sign in for another profile"),
    ];

    public override HelpEntry[] Variables { get; } =
    [
        new("CODEARTIFACT_PROFILE, AWS_PROFILE", "AWS profile if --profile is missing"),
        new("AWS_CONFIG_FILE", "AWS's configuration file (default: ~/.aws/config)"),
        ProxyVariables,
    ];

    protected override async Task<bool> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        var settings = Context.Settings;
        var profile = parsed.GetValue(_profile) ?? settings.TokenOptions.Profile
            ?? settings.ConfigurationFile.Defaults.Profile ?? settings.AwsProfile ?? "default";
        var chain = new CredentialChain(settings, Context.Time);
        var isNewSession = await chain.SignInAsync(profile, Terminal.Show, cancel);
        Terminal.Print(isNewSession ? $"signed in for AWS profile '{profile}'"
            : $"AWS profile '{profile}' is signed in already");
        return true;
    }
}
