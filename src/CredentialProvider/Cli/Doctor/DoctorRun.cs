using CredentialProvider.Agent;
using CredentialProvider.Aws;
using CredentialProvider.Cli.NuGet;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
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

    private bool _isOnlySource, _isFound, _isMissing;

    /// <param name="package">ID of a package that every source should have; null if not asked.</param>
    /// <param name="publish">ID of a package that may be published to every source; null if not asked.</param>
    /// <returns>False if any check failed.</returns>
    public async Task<bool> RunAsync(
        IReadOnlyList<CheckedSource> sources, string? package, string? publish, CancellationToken cancel)
    {
        var machine = new MachineChecks(settings, _cache);
        var projects = new ProjectSdks(Directory.GetCurrentDirectory());
        report.Add(null, Checks.Settings, machine.CheckSettings(sources));
        report.Add(null, Checks.Log, machine.CheckLog());
        terminal.Progress("starting the plugins that NuGet finds");
        var plugins = new PluginChecks(settings, time, FindFeed(sources), projects);
        await report.AddAsync(null, Checks.Plugin, plugins.RunAsync());
        report.Add(null, Checks.Plugin, projects.Check(settings));
        report.Add(null, Checks.Cache, machine.CheckCache());
        var configuration = new ConfigurationChecks(settings, nuget);
        report.Add(null, Checks.Sources, configuration.CheckSources(sources, package, projects));
        if (package is not null)
            report.Add(null, Checks.Mapping, configuration.CheckPackage(package));
        await report.AddAsync(null, Checks.Network, new NuGetProxy(settings, nuget).CheckAsync(sources));
        _isOnlySource = sources.Count == 1;
        foreach (var source in sources)
            await CheckAsync(source, package, publish, cancel);
        if (package is not null && _isMissing && !_isFound && !_isOnlySource)
        {
            report.Add(null, Finding.Fail(Checks.Package, $"NuGet gets {package} from none of these sources",
                "apply the fix shown for one of them"));
        }

        return report.Finish();
    }

    /// <summary>The first feed, for the plugins that NuGet asks before this project's.</summary>
    private AskedFeed? FindFeed(IReadOnlyList<CheckedSource> sources)
    {
        foreach (var source in sources)
        {
            if (TokenRequest.TryResolve(source.Url, settings, out var request)
                && FeedRecognition.FindMistake(source.Url, settings) is null)
            {
                return new AskedFeed(source.Url, new NuGetProxy(settings, nuget).IsSet,
                    password => FeedChecks.AcceptsAsync(settings, request.Feed, source.Url, password));
            }
        }

        return null;
    }

    private async Task CheckAsync(CheckedSource source, string? package, string? publish, CancellationToken cancel)
    {
        report.Begin(source);
        var own = new SourceChecks(settings, nuget, source);
        report.Add(source, Checks.Url, own.CheckUrl().Select(finding => package is null ? finding : Soften(finding)));
        report.Add(source, Checks.Settings, own.CheckSettings());
        report.Add(source, Checks.Enabled, own.CheckEnabled());
        report.Add(source, Checks.StoredCredentials, own.CheckStoredCredentials());
        report.Add(source, Checks.Mapping, own.CheckMapping());
        if (!TokenRequest.TryResolve(source.Url, settings, out var request)
            || FeedRecognition.FindMistake(source.Url, settings) is not null)
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
        var other = package is null ? null : own.FindOtherSource(package);
        var checks = new FeedChecks(settings, time, request.Feed, source.Url, token);
        var findings = checks.RunAsync(other is null ? package : null, publish);
        await report.AddAsync(source, Checks.Read, SoftenAsync(findings, own));
        if (other is not null)
            report.Add(source, other);
    }

    private async IAsyncEnumerable<Finding> SoftenAsync(IAsyncEnumerable<Finding> findings, SourceChecks own)
    {
        await foreach (var finding in findings)
        {
            yield return Soften(finding is { Check: Checks.Read, Code: ErrorCode.Tls }
                ? own.WithoutValidation(finding) : finding);
        }
    }

    /// <summary>A package that one of several sources lacks is a failure only if no other has it.</summary>
    private Finding Soften(Finding finding)
    {
        _isFound |= finding is { Check: Checks.Package, Outcome: Outcome.Ok };
        _isMissing |= finding.MayBeElsewhere;
        return finding.MayBeElsewhere && !_isOnlySource ? finding with { Outcome = Outcome.Warn } : finding;
    }

    private async Task<Secret?> GetTokenAsync(CheckedSource source, TokenRequest request, CancellationToken cancel)
    {
        if (request.FeedSettings.Problem is not null)
        {
            report.Add(source, Finding.Skip(Checks.Token, "the settings have to be corrected first"));
            return null;
        }

        if (settings.ExternalToken is { } external)
            return ReadToken(source, external);

        if (request.Agent is { } socket)
        {
            if (await TryAskAgentAsync(source, request, socket, cancel))
                return _tokens[request.Key];
            request = request.WithoutAgent();
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
                Checks.Token, $"issued by CodeArtifact, valid until {token.Expires:u}"));
            if (FindStaleToken(source, key, token) is { } stale)
                report.Add(source, stale);
            return _tokens[key] = token.Token;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            report.Add(source, Finding.Fail(Checks.Token, e));
            return _tokens[key] = null;
        }
    }

    private Secret? ReadToken(CheckedSource source, ExternalToken external)
    {
        try
        {
            var token = external.Read();
            report.Add(source, Finding.Skip(
                Checks.Token, $"the plugin uses the token in {external.Place} and does not call AWS"));
            return token;
        }
        catch (NoTokenException e)
        {
            report.Add(source, Finding.Fail(Checks.Token, e));
            return null;
        }
    }

    /// <returns>False if the agent cannot be asked, so that the plugin asks AWS.</returns>
    private async Task<bool> TryAskAgentAsync(
        CheckedSource source, TokenRequest request, string socket, CancellationToken cancel)
    {
        if (_tokens.ContainsKey(request.Key))
        {
            report.Add(source, Finding.Skip(Checks.Agent, $"same token as above, for {request.Feed.DomainName}"));
            return true;
        }

        terminal.Progress($"{source.Title}: asking the agent");
        try
        {
            var token = await AgentClient.FetchAsync(
                socket, request.Feed, DateTimeOffset.MinValue, prompt: null, time, cancel);
            report.Add(source, Finding.Ok(Checks.Agent, $"a token from {token.Identity}, valid until {token.Expires:u}; "
                + "AWS credentials, profile and roles of this process are not used"));
            _tokens[request.Key] = token.Token;
        }
        catch (NoTokenException e) when (e.Code == ErrorCode.NoAgent)
        {
            report.Add(source, Finding.Warn(Checks.Agent, $"{e.Why}; the plugin uses AWS credentials instead", e.Fix)
                with { Code = e.Code });
            return false;
        }
        catch (NoTokenException e)
        {
            report.Add(source, Finding.Fail(Checks.Agent, e));
            _tokens[request.Key] = null;
        }

        return true;
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
        await report.AddAsync(source, Checks.Credentials, new IdentityChecks(settings, time, request).RunAsync());
    }
}
