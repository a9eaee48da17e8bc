using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Security.Cryptography;
using CredentialProvider.Aws;
using CredentialProvider.Cli.NuGet;
using CredentialProvider.Platform;
using NuGet.Common;
using NuGet.Configuration;
using Settings = CredentialProvider.Configuration.Settings;
using WebProxy = NuGet.Configuration.WebProxy;

namespace CredentialProvider.Cli.Doctor;

/// <summary>
/// The proxy of NuGet, where it is not that of all other programs: NuGet prefers http_proxy, first in the user's NuGet.Config and
/// then in the environment, to HTTPS_PROXY, even for https. https://learn.microsoft.com/nuget/reference/nuget-config-file#config-section
/// </summary>
internal sealed class NuGetProxy(Settings settings, NuGetSources nuget)
{
    private const string Key = "http_proxy", Exceptions = "no_proxy", NotUrl = "it is not a URL";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <summary>False if NuGet has no proxy of its own, or none that it can use.</summary>
    public bool IsSet =>
        nuget.Problem is null && FindProblem(NuGetSources.UserConfiguration, out var proxy) is null && proxy is not null;

    public async IAsyncEnumerable<Finding> CheckAsync(IReadOnlyList<CheckedSource> sources)
    {
        if (nuget.Problem is not null)
            yield break;
        var user = NuGetSources.UserConfiguration;
        var isConfigured = !string.IsNullOrEmpty(SettingsUtility.GetConfigValue(user, Key));
        var (origin, command) = isConfigured ? ($"{Key} in the user's NuGet.Config", $"dotnet nuget config unset {Key}")
            : (Key, ShellText.Unset(Key)!);
        var file = !isConfigured ? null : user.GetConfigFilePaths().Where(NuGetSources.IsReadOnly)
            .FirstOrDefault(path =>
                SettingsUtility.GetConfigValue(NuGetSources.LoadFile(path), Key) is { Length: > 0 });
        if (FindProblem(user, out var proxy) is { } problem)
        {
            yield return problem == NotUrl ? Incorrect($"NuGet cannot use {origin}: {problem}")
                : Finding.FailWithCommand(Checks.Network, $"NuGet cannot use {Key}.password in the user's NuGet.Config: {problem}",
                    "remove it, and store it again as this user", $"dotnet nuget config unset {Key}.password");
            yield break;
        }

        if (proxy is null)
            yield break;
        var feeds = sources.Select(source => Uri.TryCreate(source.Url, UriKind.Absolute, out var url) ? url : null).OfType<Uri>().ToList();
        var hosts = feeds.GroupBy(feed => feed.Authority).Select(feeds => feeds.First()).ToList();
        if (hosts.Find(feed => !proxy.IsBypassed(feed)) is { } feed && !IsThatOfOthers(proxy))
        {
            var address = proxy.ProxyAddress;
            var text = $"NuGet's requests go through {address.Scheme}://{address.Authority} ({origin})";
            yield return await FindProblemAsync(proxy, feed) is not var (why, fix)
                ? Finding.Ok(Checks.Network, text)
                : fix is null ? Incorrect($"{text}, which {why}")
                : Finding.Fail(Checks.Network, $"{text}, which {why}", fix);
        }

        foreach (var direct in hosts.Where(proxy.IsBypassed))
        {
            if (await FindProblemAsync(direct) is { } failure)
            {
                yield return Finding.Fail(Checks.Network, $"NuGet uses no proxy for {direct.Host} ({Exceptions}), which cannot be reached: {failure}",
                    $"remove from {Exceptions} what matches the host; for NuGet, an entry matches any part of it");
            }
        }

        Finding Incorrect(string text) => file is null
            ? Finding.FailWithCommand(Checks.Network, text, "correct or unset it", command)
            : Finding.Fail(Checks.Network, text, $"correct or remove it in {file}");
    }

    /// <returns>Why a restore fails at the values; null if it does not.</returns>
    private static string? FindProblem(ISettings user, out WebProxy? proxy)
    {
        (proxy, var problem) = Read(
            () => new ProxyCache(user, EnvironmentVariableWrapper.Instance).GetUserConfiguredProxy());
        return problem;
    }

    /// <summary>On Windows, NuGet decrypts the password with DPAPI.</summary>
    internal static (WebProxy? Proxy, string? Problem) Read(Func<WebProxy?> read)
    {
        try
        {
            return (read(), null);
        }
        catch (UriFormatException)
        {
            return (null, NotUrl);
        }
        catch (Exception e) when (e is FormatException or CryptographicException or NuGetConfigurationException)
        {
            return (null, $"it cannot be decrypted: {(e.InnerException ?? e).Message.Trim().TrimEnd('.')}");
        }
    }

    /// <summary>True for the proxy that the other checks use. .NET decodes the user and the password in a variable,
    /// NuGet does not.</summary>
    private bool IsThatOfOthers(WebProxy proxy)
    {
        var user = proxy.Credentials?.GetCredential(proxy.ProxyAddress, "Basic") is { } known
            ? $"{known.UserName}:{known.Password}" : "";
        return Uri.TryCreate(settings.HttpsProxy, UriKind.Absolute, out var other) && !user.Contains('%')
            && (other.Authority, other.UserInfo) == (proxy.ProxyAddress.Authority, user);
    }

    /// <summary>Sends a request without a token, as NuGet does at first: with .NET's client, the proxy and its
    /// credentials.</summary>
    /// <returns>Null for any answer of the feed. Otherwise without .NET's message, which has the proxy's URL.</returns>
    private async Task<(string Problem, string? Fix)?> FindProblemAsync(WebProxy proxy, Uri feed)
    {
        var credentials = proxy.Credentials ?? CredentialCache.DefaultCredentials;
        using var client = AwsClients.CreateHttpClient(
            settings, Limit, proxy: new System.Net.WebProxy(proxy.ProxyAddress) { Credentials = credentials });
        try
        {
            using var answer = await client.GetAsync(
                new Uri($"https://{feed.Authority}/"), HttpCompletionOption.ResponseHeadersRead);
            return null;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            var failure = AwsFailure.Judge(new AwsCall(feed.Authority), e);
            return failure.Kind switch
            {
                FailureKind.Unreachable => ($"cannot be reached: {failure.Detail}", null),
                FailureKind.Timeout => ($"gives no answer within {Limit.TotalSeconds:0} s", null),
                FailureKind.UntrustedCertificate => (
                    $"answers with a certificate that is not trusted: {failure.Detail}",
                    "add its CA to the system trust store or point SSL_CERT_FILE at a CA bundle"),
                _ when failure.Detail.Contains("'407'") => (
                    $"refuses the connection to {feed.Host}: it requires authentication (407)",
                    $"put its user name and password into the URL in {Key}; NuGet does not decode %-escapes in them"),
                _ => ($"refuses the connection to {feed.Host}"
                    + (failure.Detail.Contains("'403'") ? " (403)" : ""), null),
            };
        }
    }

    private static async Task<string?> FindProblemAsync(Uri url)
    {
        using var client = new TcpClient();
        var connected = client.ConnectAsync(url.DnsSafeHost, url.Port);
        if (await Task.WhenAny(connected, Task.Delay(Limit)) != connected)
            return $"no answer within {Limit.TotalSeconds:0} s";
        try
        {
            await connected;
            return null;
        }
        catch (SocketException e)
        {
            return new SocketException((int)e.SocketErrorCode).Message;
        }
    }
}
