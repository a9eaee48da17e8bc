using CredentialProvider.Errors;
using CredentialProvider.FastStart;
using CredentialProvider.Platform;


namespace CredentialProvider.Plugin;

/// <summary>
/// The credential provider protocol of nuget.exe before 4.8 and Paket: one process per request, with the URL on the
/// command line and one JSON object as the answer.
/// https://learn.microsoft.com/nuget/reference/extensibility/nuget-exe-credential-providers
/// </summary>
internal static class LegacyProtocol
{
    /// <summary>No token, or no answer at all.</summary>
    public const int Failed = 2;

    private const int Found = 0, NotApplicable = 1;

    /// <summary>True if the first word says so, as nuget.exe and Paket do.</summary>
    public static bool IsRequested(string[] args) =>
        args.Length > 0 && args[0].Equals("-uri", StringComparison.OrdinalIgnoreCase);

    /// <summary>Answers on <paramref name="output"/>; tells a user who has to sign in on
    /// <paramref name="errors"/>.</summary>
    /// <param name="args">-uri URL [-nonInteractive] [-isRetry] [-verbosity V].</param>
    /// <returns>The exit code: 0 found, 1 not applicable, 2 failed.</returns>
    public static async Task<int> AnswerAsync(string[] args, CredentialAnswer answer, LogFile log, TextWriter output,
        TextWriter errors)
    {
        const string Id = "-uri";
        var requests = RequestLog.Start(log, "nuget.exe's older protocol");
        var request = new CredentialsRequest(args.Length > 1 ? args[1] : null, Has(args, "-isRetry"),
            Has(args, "-nonInteractive"));
        var asked = requests?.GetTimestamp() ?? 0;
        var resolved = answer.Resolve(request);
        requests?.Asked(Id, resolved);
        var cached = answer.TryAnswerFromCache(resolved);
        var response = cached ?? await answer.AnswerAsync(resolved, (level, line) =>
        {
            log.Write(level, line);
            if (level == LogLevels.Minimal)
                errors.WriteLine(PrintableText.Of(line));
        }, CancellationToken.None);
        await output.WriteLineAsync(ToJson(response));
        requests?.Answered(Id, resolved, response, asked, isCached: cached is not null);
        return response.Token is not null ? Found : response.Reason is null ? NotApplicable : Failed;
    }

    private static string ToJson(CredentialsResponse response) => response.Token is { } token
        ? $$"""{"Username":"aws","Password":{{JsonString.Quote(token.Reveal())}},"Message":"","AuthTypes":["Basic"]}"""
        : $$"""{"Message":{{JsonString.Quote(PrintableText.Of(response.Reason ?? "not a CodeArtifact feed"))}}}""";

    private static bool Has(string[] args, string name) =>
        Array.Exists(args, arg => arg.Equals(name, StringComparison.OrdinalIgnoreCase));
}
