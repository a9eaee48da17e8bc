using System.Runtime.InteropServices;
using LocalAws;

// Runs LocalAws by itself, from a terminal or from build/demo.sh. Prints the environment variables for a client and runs until stdin is
// closed or it receives SIGINT or SIGTERM. The simulated AWS is World.Simple().
//   --environment-file PATH   once ready, write the variables to PATH as export lines instead of printing them
//   --audit PATH              append a line of JSON per request to PATH
//   --issued-tokens PATH      append each issued authorization token to PATH
string? environmentFile = null, audit = null, issuedTokens = null;
for (var i = 0; i < args.Length; i += 2)
{
    switch (args.AsSpan(i))
    {
        case ["--environment-file", var path, ..]:
            environmentFile = path;
            break;
        case ["--audit", var path, ..]:
            audit = path;
            break;
        case ["--issued-tokens", var path, ..]:
            issuedTokens = path;
            break;
        default:
            await Console.Error.WriteLineAsync("usage: LocalAws [--environment-file PATH] [--audit PATH] [--issued-tokens PATH]");
            return 2;
    }
}

// On a signal, end as at the end of stdin, so that the temporary folder is deleted.
using var stop = new CancellationTokenSource();
void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}

using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

await using var server = await LocalAwsServer.StartAsync();
(server.Audit.File, server.World.IssuedTokensFile) = (audit, issuedTokens);
// AWS SDKs prefer AWS_CA_BUNDLE to SSL_CERT_FILE, and the user's shell may already set it.
var environment = new Dictionary<string, string>(server.Environment) { ["AWS_CA_BUNDLE"] = server.CaBundleFile };
var exports = string.Concat(environment.OrderBy(variable => variable.Key, StringComparer.Ordinal)
    .Select(variable => $"export {variable.Key}='{variable.Value}'\n"));
if (environmentFile is null)
{
    Console.Write(exports);
}
else
{
    await File.WriteAllTextAsync(environmentFile + ".new", exports);
    File.Move(environmentFile + ".new", environmentFile, overwrite: true);
}

try
{
    // A read from a terminal or pipe cannot be cancelled, so it is abandoned on a signal.
    var input = Task.Run(async () =>
    {
        while (await Console.In.ReadLineAsync() is not null)
        {
        }
    });
    await input.WaitAsync(stop.Token);
}
catch (OperationCanceledException)
{
    // SIGINT or SIGTERM.
}

return 0;
