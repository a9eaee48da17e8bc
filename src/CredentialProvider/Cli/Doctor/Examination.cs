using System.Text.Json;
using CredentialProvider.Aws;
using CredentialProvider.Feeds;
using CredentialProvider.Tokens;

namespace CredentialProvider.Cli.Doctor;

/// <summary>
/// <c>doctor</c>: looks at everything between NuGet and a repository, each check for itself, and says what is wrong and
/// how it is mended.
/// </summary>
internal sealed class Examination(Settings settings, Terminal terminal, TimeProvider time, NuGetSources sources,
    TokenCache cache)
{
    private readonly TokenService _service = new(settings, time, Retries.Budget);
    private readonly List<Finding> _findings = [];

    /// <summary>Sources with the same identity, or the same token, are not examined twice for it.</summary>
    private readonly Dictionary<string, string> _identities = [];
    private readonly Dictionary<TokenKey, Secret?> _tokens = [];

    /// <summary>What else is asked.</summary>
    /// <param name="Package">Id that each source should have.</param>
    /// <param name="Publish">Id of a package that each source should take.</param>
    public sealed record Questions(string? Package, string? Publish, bool AsJson);

    /// <returns>False if any check failed.</returns>
    public async Task<bool> RunAsync(IReadOnlyList<Patient> patients, Questions asked, CancellationToken cancel)
    {
        Report(null, new MachineChecks(settings, cache).Run(), asked);
        if (patients.Count == 0)
        {
            Report(null, Finding.Fail(Checks.Sources,
                $"no enabled source is CodeArtifact's in {string.Join(", ", sources.Files)}",
                "nuget-plugin-codeartifact configure add --domain DOMAIN --owner ACCOUNT --region REGION --repository REPOSITORY"), asked);
        }

        foreach (var patient in patients)
            await ExamineAsync(patient, asked, cancel);
        terminal.Progress("");
        if (asked.AsJson)
            terminal.Print(AsJson());
        var failed = _findings.Count(finding => finding.Outcome == Outcome.Fail);
        if (failed > 0)
            terminal.Hint(failed == 1 ? "1 check failed" : $"{failed} checks failed");
        return failed == 0;
    }

    private async Task ExamineAsync(Patient patient, Questions asked, CancellationToken cancel)
    {
        if (!asked.AsJson)
            terminal.Print($"{patient.Title}{(patient.Name is null ? "" : $" {patient.PrintableUrl}")}");
        Report(patient, new SourceChecks(settings, sources, patient).Run(), asked);
        if (!Feed.TryFind(patient.Url, settings, out var feed) || MistypedFeed.Find(patient.Url) is not null)
        {
            Report(patient, Finding.Skip(Checks.Token, "the URL has to be right first"), asked);
            return;
        }

        if (await TokenAsync(patient, feed, asked, cancel) is not { } token)
        {
            Report(patient, Finding.Skip(Checks.Read, "there is no token"), asked);
            return;
        }

        terminal.Progress($"{patient.Title}: asking the repository");
        await foreach (var finding in new FeedChecks(settings, feed, patient.Url, token)
            .RunAsync(asked.Package, asked.Publish))
            Report(patient, finding, asked);
    }

    private async Task<Secret?> TokenAsync(Patient patient, Feed feed, Questions asked, CancellationToken cancel)
    {
        if (settings.AuthToken is { } own)
        {
            Report(patient, Finding.Skip(Checks.Token,
                "CODEARTIFACT_AUTH_TOKEN is set: that is taken and AWS is not asked"), asked);
            return own;
        }

        await IdentityAsync(patient, feed, asked);
        var key = TokenKey.For(feed, settings);
        if (_tokens.TryGetValue(key, out var known))
        {
            Report(patient, Finding.Skip(Checks.Token, $"as above, for {feed.DomainName}"), asked);
            return known;
        }

        terminal.Progress($"{patient.Title}: getting a token");
        try
        {
            FeedSettings.For(feed, settings).ThrowIfProblem();
            var token = await _service.FetchAsync(feed, person: null, cancel);
            Report(patient, Finding.Ok(Checks.Token,
                $"made by CodeArtifact, good until {token.Expires.UtcDateTime:u}"), asked);
            return _tokens[key] = token.Token;
        }
        catch (NoTokenException e)
        {
            Report(patient, Finding.Fail(Checks.Token, e), asked);
            return _tokens[key] = null;
        }
    }

    private async Task IdentityAsync(Patient patient, Feed feed, Questions asked)
    {
        var identity = $"{TokenKey.For(feed, settings).Identity} in {feed.Region}";
        if (_identities.TryGetValue(identity, out var other))
        {
            Report(patient, Finding.Skip(Checks.Credentials, $"as for {other}"), asked);
            return;
        }

        _identities[identity] = patient.Title;
        terminal.Progress($"{patient.Title}: looking for AWS credentials");
        await foreach (var finding in new IdentityChecks(settings, time, feed).RunAsync())
            Report(patient, finding, asked);
    }

    private void Report(Patient? patient, IEnumerable<Finding> findings, Questions asked)
    {
        foreach (var finding in findings)
            Report(patient, finding, asked);
    }

    private void Report(Patient? patient, Finding finding, Questions asked)
    {
        finding = finding with { Source = patient?.Title };
        _findings.Add(finding);
        if (asked.AsJson)
            return;
        var word = $"{Word(finding.Outcome),-4}";
        word = finding.Outcome switch
        {
            Outcome.Ok => terminal.Green(word),
            Outcome.Fail => terminal.Red(word),
            _ => terminal.Grey(word),
        };
        var duration = finding.Duration is { } took ? $" ({took.TotalMilliseconds:0} ms)" : "";
        terminal.Print($"  {word}  {finding.Check,-18}  {finding.Text}{duration}");
        if (finding.Fix is { } fix)
            terminal.Print($"        {"",-18}  fix: {fix}");
    }

    private static string Word(Outcome outcome) => outcome switch
    {
        Outcome.Ok => "ok",
        Outcome.Fail => "fail",
        _ => "skip",
    };

    private string AsJson() => JsonText.Write(json =>
    {
        json.WriteStartArray();
        foreach (var finding in _findings)
        {
            json.WriteStartObject();
            if (finding.Source is { } source)
                json.WriteString("source", source);
            json.WriteString("check", finding.Check);
            json.WriteString("outcome", Word(finding.Outcome));
            json.WriteString("text", finding.Text);
            if (finding.Fix is { } fix)
                json.WriteString("fix", fix);
            if (finding.Duration is { } duration)
                json.WriteNumber("milliseconds", Math.Round(duration.TotalMilliseconds));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });
}
