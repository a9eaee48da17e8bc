using System.Reflection;
using System.Reflection.Emit;
using System.Security.Cryptography;
using System.Text;
using NuGet.Protocol.Plugins;

// Discovers and starts the plugin with the client classes of NuGet.Protocol, requests credentials, and prints the response with the SHA-256
// of the password. Arguments: a feed URL and, to register the plugin of the MSBuild package first, the folder of that package.
var uri = new Uri(args[0]);
if (args.Length > 1)
    await OfferAsync(args[1]);
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
Console.WriteLine(Path.GetFileName(found.PluginFile.Path));
Console.WriteLine($"protocol {connection.ProtocolVersion}");
Console.WriteLine($"claims {string.Join(',', created.Item2.Claims)}");
Console.WriteLine($"{response.ResponseCode} {response.Username} {string.Join(',', response.AuthenticationTypes ?? [])}");
Console.WriteLine(Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(response.Password ?? ""))));
return 0;

// Does what the MSBuild package's task does in the restore process: offers the plugin and starts it early. The empty assembly stands in for NuGet's tasks, which are loaded there.
static async Task OfferAsync(string package)
{
    AssemblyBuilder.DefineDynamicAssembly(new AssemblyName("NuGet.Build.Tasks"), AssemblyBuilderAccess.Run);
    var tasks = Assembly.LoadFrom(Path.Combine(package, "tasks", "netstandard2.0", "CredentialProvider.MSBuild.dll"));
    var plugin = tasks.GetType("CredentialProvider.MSBuild.PackagedPlugin")!.GetMethod("Find")!.Invoke(null, [Path.Combine(package, "tools"), false]);
    object[] arguments = [plugin, false, null];
    var plugins = tasks.GetType("CredentialProvider.MSBuild.NuGetPlugins")!;
    if (!(bool)plugins.GetMethod("TryOffer")!.Invoke(null, arguments)! || arguments[2] is not null)
        throw new InvalidOperationException($"not offered: {arguments[2]}");
    await (Task)plugins.GetMethod("StartAsync")!.Invoke(null, [])!;
}
