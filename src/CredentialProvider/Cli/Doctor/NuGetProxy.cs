using System.Net.Sockets;
using CredentialProvider.Cli.NuGet;
using CredentialProvider.Platform;
using NuGet.Common;
using NuGet.Configuration;
using Settings = CredentialProvider.Configuration.Settings;

namespace CredentialProvider.Cli.Doctor;

/// <summary>
/// The proxy of NuGet, where it is not that of all other programs: NuGet prefers http_proxy, first in the user's NuGet.Config and
/// then in the environment, to HTTPS_PROXY, even for https. https://learn.microsoft.com/nuget/reference/nuget-config-file#config-section
/// </summary>
internal sealed class NuGetProxy(Settings settings, NuGetSources nuget)
{
    private const string Key = "http_proxy", Exceptions = "no_proxy";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    public async IAsyncEnumerable<Finding> CheckAsync(IReadOnlyList<CheckedSource> sources)
    {
        if (nuget.Problem is not null)
            yield break;
        var user = NuGetSources.UserConfiguration;
        var isConfigured = !string.IsNullOrEmpty(SettingsUtility.GetConfigValue(user, Key));
        var (origin, command) = isConfigured ? ($"{Key} in the user's NuGet.Config", $"dotnet nuget config unset {Key}")
            : (Key, ShellText.Unset(Key)!);
        if (!TryFind(user, out var proxy))
        {
            yield return Finding.FailWithCommand(Checks.Network, $"NuGet cannot use {origin}: it is not a URL", "correct or unset it", command);
            yield break;
        }

        if (proxy is null)
            yield break;
        var feeds = sources.Select(source => Uri.TryCreate(source.Url, UriKind.Absolute, out var url) ? url : null).OfType<Uri>().ToList();
        var address = proxy.ProxyAddress;
        if (feeds.Exists(feed => !proxy.IsBypassed(feed))
            && !(Uri.TryCreate(settings.HttpsProxy, UriKind.Absolute, out var other) && other.Authority == address.Authority))
        {
            var text = $"NuGet's requests go through {address.Scheme}://{address.Authority} ({origin})";
            yield return await FindProblemAsync(address) is { } problem
                ? Finding.FailWithCommand(Checks.Network, $"{text}, which cannot be reached: {problem}", "correct or unset it", command)
                : Finding.Ok(Checks.Network, text);
        }

        foreach (var direct in feeds.Where(proxy.IsBypassed).GroupBy(feed => feed.Authority).Select(feeds => feeds.First()))
        {
            if (await FindProblemAsync(direct) is { } problem)
            {
                yield return Finding.Fail(Checks.Network, $"NuGet uses no proxy for {direct.Host} ({Exceptions}), which cannot be reached: {problem}",
                    $"remove from {Exceptions} what matches the host; for NuGet, an entry matches any part of it");
            }
        }
    }

    /// <returns>False if a restore fails at the value.</returns>
    private static bool TryFind(ISettings user, out WebProxy? proxy)
    {
        proxy = null;
        try
        {
            proxy = new ProxyCache(user, EnvironmentVariableWrapper.Instance).GetUserConfiguredProxy();
            return true;
        }
        catch (UriFormatException)
        {
            return false;
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
