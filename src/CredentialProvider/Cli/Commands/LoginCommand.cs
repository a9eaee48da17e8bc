using System.CommandLine;
using CredentialProvider.Aws.Credentials;
using CredentialProvider.Configuration;

namespace CredentialProvider.Cli.Commands;

/// <summary><c>login</c>: signs in to IAM Identity Center.</summary>
internal sealed class LoginCommand : CliCommand
{
    private readonly Option<string?> _profile = SharedOptions.Value("--profile", "NAME",
        "AWS profile (default: CODEARTIFACT_PROFILE, AWS_PROFILE or 'default')");

    private readonly Option<bool> _deviceCode = SharedOptions.Flag("--device-code",
        "Show a code for a browser on any device (default over SSH, in containers and without a display)");

    private readonly Option<bool> _browser = SharedOptions.Flag("--browser",
        "Use the browser on this machine even over SSH, in a container or without a display");

    public LoginCommand(CommandContext context)
        : base(context, "login", "Sign in to IAM Identity Center for an AWS profile")
    {
        Add(_profile);
        Add(_deviceCode);
        Add(_browser);
        Validators.Add(result =>
        {
            if (result.GetValue(_deviceCode) && result.GetValue(_browser))
                result.AddError("--browser and --device-code cannot be combined; use one of them");
        });
    }

    public override HelpEntry[] Examples { get; } =
    [
        new("nuget-plugin-codeartifact login", "Sign in for the current AWS profile"),
        new("nuget-plugin-codeartifact login --profile dev", "Sign in for another profile"),
        new("nuget-plugin-codeartifact login --device-code", "Sign in with a browser on another device"),
    ];

    public override HelpEntry[] Variables { get; } =
    [
        new("CODEARTIFACT_PROFILE, AWS_PROFILE", "AWS profile if --profile is missing"),
        new("AWS_CONFIG_FILE", "AWS's configuration file (default: ~/.aws/config)"),
        ProxyVariables,
    ];

    protected override async Task<bool> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        var settings = Context.Settings.WithProfile(parsed.GetValue(_profile));
        var defaults = FeedSettings.For(feed: null, settings);
        defaults.ThrowIfProblem();
        // A machine's file may enforce another profile for tokens, but only the user can sign in for one.
        var chosen = parsed.GetValue(_profile) ?? defaults.Profile;
        var profile = chosen ?? settings.AwsProfile ?? "default";
        var usesBrowser = parsed.GetValue(_browser)
            || (!parsed.GetValue(_deviceCode) && Browser.IsAvailable(settings));
        Terminal.Progress($"AWS profile '{profile}': checking the SSO session");
        var isNewSession = await new CredentialChain(settings, Context.Time).SignInAsync(chosen, Terminal.ShowAndWait,
            usesBrowser ? url => Browser.TryOpen(url) : null, cancel);
        Terminal.Print(isNewSession ? $"signed in for AWS profile '{profile}'"
            : $"AWS profile '{profile}' is signed in already");
        return true;
    }
}
