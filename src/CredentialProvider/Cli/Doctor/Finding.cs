using System.Text.Json;
using CredentialProvider.Errors;

namespace CredentialProvider.Cli.Doctor;

/// <summary>How a check ended; in lower case, the word that is printed.</summary>
internal enum Outcome
{
    Ok,
    Fail,
    Warn,
    Skip,
}

/// <summary>The result of one check.</summary>
/// <param name="Check">One of <see cref="Checks"/>.</param>
/// <param name="Text">What was found, in one line, without the error code.</param>
internal sealed record Finding(string Check, Outcome Outcome, string Text)
{
    /// <summary>One of <see cref="ErrorCode"/>; null if no error has this cause.</summary>
    public string? Code { get; init; }

    /// <summary>What to do about a failure or a warning, for users; includes <see cref="Command"/>.</summary>
    public string? Fix { get; init; }

    /// <summary>A command that can be pasted: it applies the fix or shows what to fix. Null if there is none.</summary>
    public string? Command { get; init; }

    /// <summary>The source that was checked; null for checks of the machine.</summary>
    public string? Source { get; init; }

    /// <summary>How long the check took; null if that says nothing.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>True for a package that NuGet does not get from this source, but perhaps from another one.</summary>
    public bool MayBeElsewhere { get; init; }

    public static Finding Ok(string check, string text) => new(check, Outcome.Ok, text);

    /// <summary>A risk that fails neither the restore nor the run.</summary>
    public static Finding Warn(string check, string text, string fix) =>
        new(check, Outcome.Warn, text) { Fix = fix };

    /// <summary>A risk with a command.</summary>
    /// <param name="purpose">What the command does, such as "remove it".</param>
    public static Finding WarnWithCommand(string check, string text, string purpose, string command) =>
        new(check, Outcome.Warn, text) { Fix = $"{purpose}: {command}", Command = command };

    public static Finding Skip(string check, string text) => new(check, Outcome.Skip, text);

    /// <summary>A failure whose fix is not a command.</summary>
    public static Finding Fail(string check, string text, string fix, string? code = null) =>
        new(check, Outcome.Fail, text) { Code = code, Fix = fix };

    /// <summary>A failure with a command.</summary>
    /// <param name="purpose">What the command does, such as "install it".</param>
    public static Finding FailWithCommand(
        string check, string text, string purpose, string command, string? code = null) =>
        new(check, Outcome.Fail, text) { Code = code, Fix = $"{purpose}: {command}", Command = command };

    /// <summary>Reads what <see cref="DoctorReport"/> has written.</summary>
    /// <exception cref="JsonException">It is something else.</exception>
    public static Finding FromJson(JsonElement json)
    {
        return GetString("outcome") is { } word && Enum.TryParse<Outcome>(word, ignoreCase: true, out var outcome)
            ? new Finding(GetString("check") ?? "", outcome, GetString("text") ?? "")
            {
                Code = GetString("code"),
                Fix = GetString("fix"),
                Command = GetString("command"),
                Source = GetString("source"),
                Duration = json.TryGetProperty("milliseconds", out var took) ? TimeSpan.FromMilliseconds(took.GetDouble()) : null,
            }
            : throw new JsonException("it printed no findings");

        string? GetString(string name) => json.ValueKind == JsonValueKind.Object
            && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }

    /// <summary>A check that ended with an exception.</summary>
    public static Finding Fail(string check, Exception e) => e switch
    {
        NoTokenException failure => Fail(check, failure),
        CommandFailedException failure => new(check, Outcome.Fail, failure.Message) { Fix = failure.Hint, Command = failure.Command },
        _ => Fail(check, $"not checked, because of an unexpected {e.GetType().Name}: {e.Message}",
            NoTokenException.ReportBug),
    };

    public static Finding Fail(string check, NoTokenException e) =>
        new(check, Outcome.Fail, e.Why) { Code = e.Code, Fix = e.Fix, Command = e.Command };
}

/// <summary>The names of all checks.</summary>
internal static class Checks
{
    public const string Service = "service", Settings = "settings", Log = "log", Plugin = "plugin", Cache = "cache", Sources = "sources",
        Url = "url", Enabled = "enabled", StoredCredentials = "stored credentials", Mapping = "mapping", Agent = "agent",
        Network = "network", Clock = "clock", Credentials = "credentials", Role = "role", Identity = "identity",
        Token = "token", Read = "read",
        Package = "package", Publish = "publish";
}
