using CredentialProvider.Aws;
using CredentialProvider.Cli.NuGet;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Feeds;
using CredentialProvider.Platform;
using CredentialProvider.Tokens;

namespace CredentialProvider.Cli.Doctor;

/// <summary>
/// Runs the checks in the order in which NuGet and the plugin depend on them: machine, source, AWS identity, token,
/// feed. A failed check does not stop the checks that can do without it.
/// </summary>
internal sealed class DoctorRun(
    Settings settings, Terminal terminal, TimeProvider time, NuGetSources nuget, DoctorReport report)
{
    private readonly TokenCache _cache = new(settings.CacheFolder);
    private readonly TokenService _service = new(settings, time, Retries.Timeout);

    /// <summary>Each identity is checked, and each token requested, for the first source that needs it.</summary>
    private readonly Dictionary<string, string> _identities = [];
    private readonly Dictionary<TokenKey, Secret?> _tokens = [];

    /// <param name="package">ID of a package that every source should have; null if not asked.</param>
    /// <param name="publish">ID of a package that may be published to every source; null if not asked.</param>
    /// <returns>False if any check failed.</returns>
    public async Task<bool> RunAsync(
        IReadOnlyList<CheckedSource> sources, string? package, string? publish, CancellationToken cancel)
    {
        var machine = new MachineChecks(settings, _cache);
        report.Add(null, machine.CheckSettings());
        report.Add(null, machine.CheckLog());
        terminal.Progress("starting the plugins that NuGet finds");
        await report.AddAsync(null, new PluginChecks(settings, time).RunAsync());
        report.Add(null, ProjectSdks.Check(settings, Directory.GetCurrentDirectory()));
        report.Add(null, machine.CheckCache());
        if (sources.Count == 0)
        {
            report.Add(null, Finding.Fail(
                Checks.Sources, $"no enabled CodeArtifact source in {string.Join(", ", nuget.Files)}",
                "add one: nuget-plugin-codeartifact configure add "
                + "--domain DOMAIN --owner ACCOUNT --region REGION --repository REPOSITORY"));
        }

        foreach (var source in sources)
            await CheckAsync(source, package, publish, cancel);
        return report.Finish();
    }

    private async Task CheckAsync(CheckedSource source, string? package, string? publish, CancellationToken cancel)
    {
        report.Begin(source);
        report.Add(source, new SourceChecks(settings, nuget, source).Run());
        if (!TokenRequest.TryResolve(source.Url, settings, out var request)
            || MistypedFeed.Find(source.Url) is not null)
        {
            report.Add(source, Finding.Skip(Checks.Token, "the URL has to be corrected first"));
            return;
        }

        if (await GetTokenAsync(source, request, cancel) is not { } token)
        {
            report.Add(source, Finding.Skip(Checks.Read, "there is no token"));
            return;
        }

        terminal.Progress($"{source.Title}: reading from the repository");
        var checks = new FeedChecks(settings, request.Feed, source.Url, token);
        await report.AddAsync(source, checks.RunAsync(package, publish));
    }

    private async Task<Secret?> GetTokenAsync(CheckedSource source, TokenRequest request, CancellationToken cancel)
    {
        if (request.FeedSettings.Problem is not null)
        {
            report.Add(source, Finding.Skip(Checks.Token, "the settings have to be corrected first"));
            return null;
        }

        if (settings.AuthToken is { } external)
        {
            report.Add(source, Finding.Skip(
                Checks.Token, "CODEARTIFACT_AUTH_TOKEN is set, so the plugin uses it and does not call AWS"));
            return external;
        }

        await CheckIdentityAsync(source, request);
        if (request.Identity.Failure is not null)
        {
            report.Add(source, Finding.Skip(Checks.Token, "there are no credentials"));
            return null;
        }

        var key = request.Key;
        if (_tokens.TryGetValue(key, out var known))
        {
            report.Add(source, Finding.Skip(Checks.Token, $"same token as above, for {request.Feed.DomainName}"));
            return known;
        }

        terminal.Progress($"{source.Title}: getting a token");
        try
        {
            var token = await _service.FetchAsync(request, prompt: null, cancel);
            report.Add(source, Finding.Ok(
                Checks.Token, $"issued by CodeArtifact, valid until {token.Expires.UtcDateTime:u}"));
            if (FindStaleToken(source, key, token) is { } stale)
                report.Add(source, stale);
            return _tokens[key] = token.Token;
        }
        catch (NoTokenException e)
        {
            report.Add(source, Finding.Fail(Checks.Token, e));
            return _tokens[key] = null;
        }
    }

    /// <summary>The key of an instance's role is the machine, so a cached token outlives a change of the role.</summary>
    private Finding? FindStaleToken(CheckedSource source, TokenKey key, AuthorizationToken token) =>
        _cache.Read(key) is { Principal: { } old } cached && cached.IsFresh(time.GetUtcNow())
            && token.Principal is { } now && old != now
            ? Finding.Warn(Checks.Token, $"the plugin uses a cached token of {old}, but the credentials are now those of {now}",
                $"remove it: nuget-plugin-codeartifact cache clear {ShellText.Argument(source.Name ?? source.Url)}")
            : null;

    private async Task CheckIdentityAsync(CheckedSource source, TokenRequest request)
    {
        var identity = $"{request.Identity.Source?.Key ?? request.Identity.Failure?.Message} in {request.Feed.Region}";
        if (_identities.TryGetValue(identity, out var other))
        {
            report.Add(source, Finding.Skip(Checks.Credentials, $"same as for {other}"));
            return;
        }

        _identities[identity] = source.Title;
        terminal.Progress($"{source.Title}: looking for AWS credentials");
        await report.AddAsync(source, new IdentityChecks(settings, time, request).RunAsync());
    }
}
