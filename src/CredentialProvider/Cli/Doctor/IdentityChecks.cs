using System.Diagnostics;
using System.Net.Http;
using Amazon.Runtime;
using Amazon.SecurityToken.Model;
using CredentialProvider.Aws;
using CredentialProvider.Feeds;

namespace CredentialProvider.Cli.Doctor;

/// <summary>The way from this machine to AWS, and who it is there.</summary>
internal sealed class IdentityChecks(Settings settings, TimeProvider time, Feed feed)
{
    /// <summary>AWS takes signatures that are five minutes old or early.</summary>
    private static readonly TimeSpan LargestSkew = TimeSpan.FromMinutes(5);

    /// <summary>The header Date has whole seconds, and the answer was on its way for a while.</summary>
    private static readonly TimeSpan HeaderPrecision = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly CredentialChain _chain = new(settings, time);

    /// <summary>In the order in which one builds on the other.</summary>
    public async IAsyncEnumerable<Finding> RunAsync()
    {
        await foreach (var finding in CheckNetworkAsync())
            yield return finding;

        // The wrong clock or the wrong network is no reason not to look further: each check stands for itself.
        AWSCredentials? credentials = null;
        foreach (var link in _chain.Links(feed))
        {
            if (link.Open is not { } open)
            {
                yield return Finding.Skip(Checks.Credentials, $"{link.Name}: not set");
            }
            else
            {
                (var finding, credentials) = await TryAsync(Checks.Credentials, $"{link.Name} has credentials", open);
                yield return finding;
                break;
            }
        }

        foreach (var role in FeedSettings.For(feed, settings).Roles)
        {
            if (credentials is not { } source)
            {
                yield return Finding.Skip(Checks.Role, $"{role.Arn}: there are no credentials to assume it with");
                continue;
            }

            (var finding, credentials) = await TryAsync(Checks.Role, $"{role.Arn} is assumed", () =>
                _chain.Assume(source, role, feed));
            yield return finding;
        }

        yield return credentials is null ? Finding.Skip(Checks.Identity, "there are no credentials to ask with")
            : await CheckIdentityAsync(credentials);
    }

    private async Task<(Finding Finding, AWSCredentials? Credentials)> TryAsync(string check, string good,
        Func<AWSCredentials> open)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            var credentials = await AwsCall.FetchAsync(open());
            return (Finding.Ok(check, good) with { Duration = Since(started) }, credentials);
        }
        catch (Exception e)
        {
            var failure = e as NoTokenException ?? AwsFailure.OfToken(feed, "the source of credentials", e);
            return (Finding.Fail(check, failure) with { Duration = Since(started) }, null);
        }
    }

    /// <summary>Any answer will do: it tells that the endpoint is reached and trusted, and AWS's time.</summary>
    private async IAsyncEnumerable<Finding> CheckNetworkAsync()
    {
        var endpoint = ApiEndpoint.For(feed, settings, _chain.EndpointOf(feed));
        var started = Stopwatch.GetTimestamp();
        DateTimeOffset? date = null;
        NoTokenException? failure = null;
        try
        {
            using var http = AwsCall.Http(settings, Patience);
            using var response = await http.GetAsync(new Uri(endpoint), HttpCompletionOption.ResponseHeadersRead);
            date = response.Headers.Date;
        }
        catch (Exception e)
        {
            failure = AwsFailure.OfToken(feed, endpoint, e);
        }

        // An authority has no password in it.
        var proxy = settings.HttpsProxy is { } named && Uri.TryCreate(named, UriKind.Absolute, out var uri)
            ? $" by way of {uri.Scheme}://{uri.Authority}" : "";
        yield return (failure is null ? Finding.Ok(Checks.Network, $"{endpoint} is reached{proxy}")
            : Finding.Fail(Checks.Network, failure))
            with { Duration = Since(started) };
        yield return date is not { } theirs ? Finding.Skip(Checks.Clock, "nobody told AWS's time")
            : (theirs - time.GetUtcNow()).Duration() is var skew && skew > LargestSkew
                ? Finding.Fail(Checks.Clock,
                    $"{ErrorCode.ClockSkew}: this machine's clock differs from AWS's by {skew.TotalMinutes:0} minutes, and AWS takes 5",
                    "set the clock: timedatectl set-ntp true")
                : Finding.Ok(Checks.Clock,
                    skew < HeaderPrecision ? "agrees with AWS's" : $"{skew.TotalSeconds:0} s from AWS's");
    }

    private async Task<Finding> CheckIdentityAsync(AWSCredentials credentials)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            using var client = new StsEndpoint(feed.Region, settings).Client(credentials);
            var caller = await client.GetCallerIdentityAsync(new GetCallerIdentityRequest());
            return Finding.Ok(Checks.Identity, caller.Arn) with { Duration = Since(started) };
        }
        catch (Exception e)
        {
            var failure = AwsFailure.OfToken(feed, $"https://sts.{feed.Region}.amazonaws.com", e);
            return Finding.Fail(Checks.Identity, failure) with { Duration = Since(started) };
        }
    }

    private static TimeSpan Since(long started) =>
        TimeSpan.FromSeconds((double)(Stopwatch.GetTimestamp() - started) / Stopwatch.Frequency);
}
