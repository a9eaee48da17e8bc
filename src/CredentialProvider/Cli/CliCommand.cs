using System.CommandLine;
using CredentialProvider.Errors;

namespace CredentialProvider.Cli;

/// <summary>A line of help: a command line or variable, and what it is for.</summary>
internal sealed record HelpEntry(string Name, string Meaning);

/// <summary>A command with its options, its help and its action.</summary>
internal abstract class CliCommand : Command
{
    /// <summary>Exit codes; <see cref="CommandLine"/> returns the third for an invalid command line.</summary>
    public const int Success = 0, Failure = 1, UsageError = 2;

    protected CliCommand(CommandContext context, string name, string description)
        : base(name, description)
    {
        Context = context;
        SetAction(InvokeAsync);
    }

    /// <summary>Command lines that work as they stand, the most common first.</summary>
    public abstract HelpEntry[] Examples { get; }

    /// <summary>The environment variables that matter most to this command.</summary>
    public virtual HelpEntry[] Variables => [];

    /// <summary>What the exit codes of most commands mean.</summary>
    public static HelpEntry[] UsualExitCodes { get; } =
    [
        new($"{Success}", "success"), new($"{Failure}", "failure; stderr says why"),
        new($"{UsageError}", "invalid command line"),
    ];

    public virtual HelpEntry[] ExitCodes => UsualExitCodes;

    protected static HelpEntry ProfileVariables { get; } =
        new("CODEARTIFACT_PROFILE, AWS_PROFILE", "AWS profile to use; --profile overrides both");

    protected static HelpEntry RegionVariables { get; } =
        new("AWS_REGION, AWS_DEFAULT_REGION", "region if neither --region nor nuget.config has one");

    protected static HelpEntry ConfigurationVariable { get; } =
        new("CODEARTIFACT_CONFIG", "configuration file to use instead of the user's codeartifact.json");

    protected static HelpEntry CacheVariables { get; } =
        new("CODEARTIFACT_CACHE_DIR, CODEARTIFACT_CACHE", "where the token cache is, or 'off' for none");

    protected static HelpEntry ProxyVariables { get; } =
        new("HTTPS_PROXY, NO_PROXY", "proxy for requests to AWS");

    protected static HelpEntry ExternalTokenVariables { get; } =
        new("CODEARTIFACT_AUTH_TOKEN, CODEARTIFACT_AUTH_TOKEN_FILE", "use this token; AWS is not called");

    protected CommandContext Context { get; }

    protected Terminal Terminal => Context.Terminal;

    /// <returns>False if the command failed and has reported why.</returns>
    /// <exception cref="CommandFailedException">The command failed; the message says why.</exception>
    /// <exception cref="NoTokenException">AWS returned no token.</exception>
    protected virtual Task<bool> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        Run(parsed);
        return Task.FromResult(true);
    }

    /// <summary>As <see cref="RunAsync"/>, for a command with exit codes of its own.</summary>
    protected virtual async Task<int> RunForExitCodeAsync(ParseResult parsed, CancellationToken cancel) =>
        await RunAsync(parsed, cancel) ? Success : Failure;

    /// <inheritdoc cref="RunAsync"/>
    protected virtual void Run(ParseResult parsed) => throw new NotSupportedException();

    private async Task<int> InvokeAsync(ParseResult parsed, CancellationToken cancel)
    {
        try
        {
            return await RunForExitCodeAsync(parsed, cancel);
        }
        catch (CommandFailedException e)
        {
            Terminal.Error(e.Message);
            if (e.Hint is { } hint)
                Terminal.Hint(hint);
            return e.ExitCode;
        }
        catch (NoTokenException e)
        {
            Terminal.Error($"{e.Code}: {e.Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Terminal.Error($"{Name} failed: {e.Message}");
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The user pressed Ctrl-C and needs no explanation.
        }

        return Failure;
    }
}
