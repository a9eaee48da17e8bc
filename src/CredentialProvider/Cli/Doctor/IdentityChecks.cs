using System.Net.Http;
using Amazon.Runtime;
using Amazon.SecurityToken.Model;
using CredentialProvider.Aws;
using CredentialProvider.Aws.Credentials;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Identity;
using CredentialProvider.Tokens;

namespace CredentialProvider.Cli.Doctor;

/// <summary>Whether AWS can be reached, and as which principal.</summary>
internal sealed class IdentityChecks(Settings settings, TimeProvider time, TokenRequest request)
{
    /// <summary>AWS rejects signatures whose time is further off.</summary>
    private static readonly TimeSpan MaxSkew = TimeSpan.FromMinutes(5);

    /// <summary>The Date header has whole seconds, and the response takes time to arrive.</summary>
    private static readonly TimeSpan HeaderPrecision = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(10);

    private readonly CredentialChain _chain = new(settings, time);

    /// <summary>In order of dependency: network, clock, credentials, roles, identity.</summary>
    public async IAsyncEnumerable<Finding> RunAsync()
    {
        await foreach (var finding in CheckNetworkAsync())
            yield return finding;

        // A wrong clock or an unreachable endpoint does not stop the other checks.
        AWSCredentials? credentials = null;
        var sources = SigningIdentity.Explain(request.FeedSettings, settings);
        foreach (var considered in sources.Where(source => !source.IsTaken))
            yield return Finding.Skip(Checks.Credentials, $"{considered.Name}: {considered.Outcome}");
        IReadOnlyList<RoleRequest> roles = request.FeedSettings.Roles;
        if (request.Identity.Source is { } source)
        {
            (source, roles) = WithoutRolesOfSettings(source);
            (var finding, credentials) = await TryAsync(Checks.Credentials, source.Description,
                () => _chain.Open(source, request));
            yield return finding;
        }
        else
        {
            yield return Finding.Fail(Checks.Credentials, request.Identity.Failure!);
        }

        foreach (var role in roles)
        {
            if (credentials is not { } caller)
            {
                yield return Finding.Skip(Checks.Role, $"{role.Arn}: no credentials to assume it with");
                continue;
            }

            (var finding, credentials) = await TryAsync(Checks.Role, $"assumed {role.Arn}", () =>
                _chain.Assume(caller, role, request));
            yield return finding;
        }

        if (request.Identity.Source is not (null or RoleSource)
            && (request.FeedSettings.SourceIdentity ?? (object?)request.FeedSettings.Tags) is not null)
        {
            yield return Finding.Warn(Checks.Role, "sourceIdentity and tags have no effect, because no role is assumed with AWS credentials",
                "add a role to assume to \"roles\" in codeartifact.json or to CODEARTIFACT_ROLE_ARN, or remove them");
        }

        yield return credentials is null ? Finding.Skip(Checks.Identity, "no credentials")
            : await CheckIdentityAsync(credentials);
    }

    /// <summary>The source before the roles of this project's settings, which have checks of their own.</summary>
    private (CredentialSource Source, IReadOnlyList<RoleRequest> Roles) WithoutRolesOfSettings(CredentialSource source)
    {
        var roles = new List<RoleRequest>();
        while (roles.Count < request.FeedSettings.Roles.Length && source is RoleSource role)
        {
            roles.Insert(0, role.Role);
            source = role.Source;
        }

        return (source, roles);
    }

    private async Task<(Finding Finding, AWSCredentials? Credentials)> TryAsync(
        string check, string success, Func<AWSCredentials> open)
    {
        var started = time.GetTimestamp();
        try
        {
            var credentials = await FetchedCredentials.FromAsync(open());
            return (Finding.Ok(check, success) with { Duration = time.GetElapsedTime(started) }, credentials);
        }
        catch (Exception e)
        {
            var failure = FailureMessages.Describe(request.Feed, "the credential source", e, request.Identity);
            return (Finding.Fail(check, failure) with { Duration = time.GetElapsedTime(started) }, null);
        }
    }

    /// <summary>Any response proves that the endpoint is reachable and trusted, and contains AWS's time.</summary>
    private async IAsyncEnumerable<Finding> CheckNetworkAsync()
    {
        var endpoint = ApiEndpoint.For(request.Feed, request.FeedSettings, settings);
        var started = time.GetTimestamp();
        DateTimeOffset? date = null;
        NoTokenException? failure = null;
        try
        {
            var profile = request.Identity.EndpointOf("codeartifact", settings);
            endpoint = ApiEndpoint.For(request.Feed, request.FeedSettings, settings, profile);
            using var http = AwsClients.CreateHttpClient(settings, RequestTimeout, profile.CaBundle);
            using var response = await http.GetAsync(new Uri(endpoint), HttpCompletionOption.ResponseHeadersRead);
            date = response.Headers.Date;
        }
        catch (Exception e)
        {
            failure = FailureMessages.Describe(request.Feed, endpoint, e, request.Identity);
        }

        // Authority is host and port, without user name and password.
        var proxy = settings.HttpsProxy is { } named && Uri.TryCreate(named, UriKind.Absolute, out var uri)
            ? $" through proxy {uri.Scheme}://{uri.Authority}" : "";
        yield return (failure is null ? Finding.Ok(Checks.Network, $"{endpoint} is reachable{proxy}")
            : Finding.Fail(Checks.Network, failure))
            with { Duration = time.GetElapsedTime(started) };
        yield return date is { } awsTime ? CheckClock((awsTime - time.GetUtcNow()).Duration())
            : Finding.Skip(Checks.Clock, "not checked, because AWS's time is unknown (no Date header received)");
    }

    private static Finding CheckClock(TimeSpan skew)
    {
        if (skew <= MaxSkew)
        {
            return Finding.Ok(Checks.Clock,
                skew < HeaderPrecision ? "agrees with AWS" : $"{skew.TotalSeconds:0} s off AWS's time");
        }

        // Requests are signed again, with AWS's time.
        return Finding.WarnWithCommand(Checks.Clock,
            $"this machine's clock is {skew.TotalMinutes:0} minutes off AWS's time; AWS accepts at most 5",
            "synchronize the clock", OperatingSystem.IsWindows() ? "w32tm /resync"
                : OperatingSystem.IsMacOS() ? "sudo sntp -sS time.apple.com" : "timedatectl set-ntp true")
            with { Code = ErrorCode.ClockSkew };
    }

    private async Task<Finding> CheckIdentityAsync(AWSCredentials credentials)
    {
        var (started, endpoint) = (time.GetTimestamp(), $"STS in {request.Feed.Region}");
        try
        {
            var sts = StsEndpoint.For(request, settings);
            endpoint = sts.Configured.Url ?? endpoint;
            using var client = sts.Client(credentials);
            var caller = await client.GetCallerIdentityAsync(new GetCallerIdentityRequest());
            return Finding.Ok(Checks.Identity, caller.Arn) with { Duration = time.GetElapsedTime(started) };
        }
        catch (Exception e)
        {
            var failure = FailureMessages.Describe(request.Feed, endpoint, e, request.Identity);
            // Only this check asks STS who the caller is; a restore can do without.
            return (failure.Code is ErrorCode.BadCredentials or ErrorCode.ClockSkew ? Finding.Fail(Checks.Identity, failure)
                : Finding.Skip(Checks.Identity, $"unknown, but a restore does not need it: {failure.Why}"))
                with { Duration = time.GetElapsedTime(started) };
        }
    }
}
