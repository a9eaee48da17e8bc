using System.Net.Sockets;
using CredentialProvider.Cli.NuGet;
using CredentialProvider.Configuration;
using CredentialProvider.Platform;

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
        var configured = NuGetSources.FindUserValue(Key);
        var (proxy, exceptions) = configured is { Length: > 0 } ? (configured, NuGetSources.FindUserValue(Exceptions))
            : (settings.GetString(Key), settings.GetString(Exceptions));
        if (!Uri.TryCreate(proxy, UriKind.Absolute, out var uri)
            || (Uri.TryCreate(settings.HttpsProxy, UriKind.Absolute, out var other) && other.Authority == uri.Authority)
            || !sources.Any(source => IsSentThere(source, exceptions)))
        {
            yield break;
        }

        var (origin, command) = configured is { Length: > 0 } ? ($"{Key} in the user's NuGet.Config", $"dotnet nuget config unset {Key}")
            : (Key, ShellText.Unset(Key)!);
        var text = $"NuGet's requests go through {uri.Scheme}://{uri.Authority} ({origin})";
        yield return await FindProblemAsync(uri) is { } problem
            ? Finding.FailWithCommand(Checks.Network, $"{text}, which cannot be reached: {problem}", "correct or unset it", command)
            : Finding.Ok(Checks.Network, text);
    }

    private static bool IsSentThere(CheckedSource source, string? exceptions) =>
        Uri.TryCreate(source.Url, UriKind.Absolute, out var url)
        && !(exceptions ?? "").Split(',').Any(host => host.Trim() is { Length: > 0 } name && url.Host.EndsWith(name, StringComparison.OrdinalIgnoreCase));

    private static async Task<string?> FindProblemAsync(Uri proxy)
    {
        using var client = new TcpClient();
        var connected = client.ConnectAsync(proxy.Host, proxy.Port);
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
