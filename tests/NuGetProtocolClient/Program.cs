using System.Security.Cryptography;
using System.Text;
using NuGet.Protocol.Plugins;

// Finds and starts the plugin with NuGet.Protocol's own client classes, asks it for credentials, and prints what came back. The password is
// printed as its SHA-256. Arguments: a feed's URL.
var uri = new Uri(args[0]);
var manager = PluginManager.Instance;
var found = (await manager.FindAvailablePluginsAsync(CancellationToken.None)).Single();
var created = await manager.TryGetSourceAgnosticPluginAsync(found, OperationClaim.Authentication, CancellationToken.None);
if (!created.Item1 || created.Item2.Message is not null)
{
    Console.WriteLine($"no plugin: {created.Item2?.Message}");
    return 1;
}

var connection = created.Item2.Plugin.Connection;
var response = await connection.SendRequestAndReceiveResponseAsync<GetAuthenticationCredentialsRequest, GetAuthenticationCredentialsResponse>(
    MessageMethod.GetAuthenticationCredentials,
    new GetAuthenticationCredentialsRequest(uri, isRetry: false, isNonInteractive: true, canShowDialog: false),
    CancellationToken.None);
Console.WriteLine($"protocol {connection.ProtocolVersion}");
Console.WriteLine($"claims {string.Join(',', created.Item2.Claims)}");
Console.WriteLine($"{response.ResponseCode} {response.Username} {string.Join(',', response.AuthenticationTypes ?? [])}");
Console.WriteLine(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(response.Password ?? ""))));
return 0;
