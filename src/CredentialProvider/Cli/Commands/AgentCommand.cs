using System.CommandLine;
using System.Globalization;
using CredentialProvider.Agent;
using CredentialProvider.Aws;
using CredentialProvider.Configuration;
using CredentialProvider.Platform;
using CredentialProvider.Tokens;

namespace CredentialProvider.Cli.Commands;

/// <summary><c>agent</c>: gives tokens to processes that have no AWS credentials.</summary>
internal sealed class AgentCommand : CliCommand
{
    private readonly Option<string?> _socket = SharedOptions.Value("--socket", "PATH",
        "Socket to create, or on Windows a pipe such as \\\\.\\pipe\\agent (default: the socket that systemd passes)");

    private readonly Option<string?> _domains = SharedOptions.Value("--domains", "LIST",
        $"Give tokens for these domains only, comma-separated: {AllowedDomains.EntryForms}");

    private readonly Option<string?> _mode = SharedOptions.Value("--mode", "MODE",
        "Permission bits of the socket: 0600 for this user (default), 0660 for its group too, 0666 for everyone");

    private readonly Option<string?> _idle = SharedOptions.Value("--idle", "TIME",
        "Stop after this time without a request, such as 30m or 8h (default: never)");

    private readonly Option<string?> _profile = SharedOptions.Profile();

    public AgentCommand(CommandContext context)
        : base(context, "agent", "Serve tokens to containers and other processes that have no AWS credentials")
    {
        foreach (var option in new Option[] { _socket, _domains, _mode, _idle, _profile })
            Add(option);
        Validators.Add(result =>
        {
            if (result.GetValue(_mode) is { } mode && ParseMode(mode) is null)
                result.AddError($"invalid mode '{mode}'; expected octal digits such as 0660");
            if (result.GetValue(_idle) is { } idle && ParseTime(idle) is null)
                result.AddError($"invalid time '{idle}'; expected a number and s, m or h, such as 30m or 8h");
            var domains = ParseDomains(result.GetValue(_domains));
            if (result.GetValue(_domains) is not null && domains.Length == 0)
                result.AddError($"--domains names no domain; expected {AllowedDomains.EntryForms}; omit --domains to allow all");
            if (Array.Find(domains, domain => !AllowedDomains.IsEntry(domain)) is { } invalid)
                result.AddError($"invalid domain '{invalid}'; expected {AllowedDomains.EntryForms}");
            if (OperatingSystem.IsWindows() && result.GetValue(_socket) is { } pipe
                && !pipe.StartsWith(AgentClient.PipePrefix, StringComparison.OrdinalIgnoreCase))
            {
                result.AddError($"invalid pipe '{pipe}'; expected {AgentClient.PipePrefix}NAME");
            }
        });
    }

    public override HelpEntry[] Examples { get; } =
    [
        new("nuget-plugin-codeartifact agent --socket /run/codeartifact/agent.sock --domains contoso/111122223333",
            "Give tokens for one domain to processes of this user"),
        new("nuget-plugin-codeartifact agent --socket /run/codeartifact/agent.sock --mode 0666 --idle 8h",
            "Give tokens to containers that mount /run/codeartifact, and stop after 8 hours without a request"),
    ];

    public override HelpEntry[] Variables { get; } =
    [
        ProfileVariables, ConfigurationVariable, CacheVariables, ProxyVariables,
        new("CODEARTIFACT_DOMAINS", "allowed domains; --domains narrows them"),
        new("CODEARTIFACT_LOG_FILE", "log of requests: peer, domain and outcome; also on stderr"),
        new("CODEARTIFACT_AGENT", "socket that plugins use; the agent ignores it"),
    ];

    protected override async Task<bool> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        var settings = Context.Settings.WithProfile(parsed.GetValue(_profile));
        if (settings.ExternalToken is { } external)
        {
            throw new CommandFailedException($"{external.Source} is set, but an agent gives tokens that it fetches "
                + "for each domain; unset it");
        }

        Posix.KeepNewFilesPrivate();
        using var listener = Listen(parsed);
        var file = new LogFile(settings.LogFile, settings.LogLevel, Context.Time);
        var server = new AgentServer(settings, ParseDomains(parsed.GetValue(_domains)), Context.Time,
            new TokenService(settings, Context.Time, Retries.BuildTimeout).FetchAsync, line =>
            {
                file.Write(LogLevels.Information, line);
                Terminal.Show(line);
            });
        var idle = parsed.GetValue(_idle) is { } text ? ParseTime(text) : null;
        await server.RunAsync(listener.AcceptAsync, idle, cancel);
        return true;
    }

    private AgentListener Listen(ParseResult parsed)
    {
        if (parsed.GetValue(_socket) is { } path)
        {
            var mode = parsed.GetValue(_mode) is { } text ? ParseMode(text)!.Value : Posix.OwnerOnly;
            var listener = AgentListener.Create(path, mode);
            Terminal.Print($"listening on {path}");
            return listener;
        }

        return Context.Settings.HasPassedSocket(Environment.ProcessId) ? AgentListener.FromSystemd()
            : throw new CommandFailedException("no socket: --socket is missing, and systemd has passed none; "
                + "use --socket /run/codeartifact/agent.sock");
    }

    private static string[] ParseDomains(string? list) =>
        [.. (list ?? "").Split(',').Select(domain => domain.Trim()).Where(domain => domain.Length > 0)];

    /// <returns>Null for anything but three octal digits, with or without a leading zero.</returns>
    private static int? ParseMode(string text) =>
        text.Length is 3 or 4 && text.All(c => c is >= '0' and <= '7') && (text.Length == 3 || text[0] == '0')
            ? text.Aggregate(0, (mode, digit) => (mode * 8) + (digit - '0')) : null;

    /// <returns>Null for anything but a number and a unit.</returns>
    private static TimeSpan? ParseTime(string text)
    {
        const int MaxHours = 24 * 49; // in milliseconds, timers count up to 2^32
        var (digits, unit) = text.Length == 0 ? ("", ' ') : (text[..^1], text[^1]);
        if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return null;
        double? seconds = unit switch { 's' => number, 'm' => number * 60.0, 'h' => number * 3600.0, _ => null };
        return seconds is > 0 and <= MaxHours * 3600.0 ? TimeSpan.FromSeconds(seconds.Value) : null;
    }
}
