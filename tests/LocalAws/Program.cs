using System.Runtime.InteropServices;
using LocalAws;

// Started by hand or by build/demo.sh: prints the environment that points a client here, and runs until its input ends.
//   --seed demo               what exists: World.Simple(), which is also what there is without this option
//   --environment-file PATH   writes the export lines there, when all is ready, instead of printing them
//   --audit PATH              writes a line of JSON for each request
string? environmentFile = null, audit = null;
for (var i = 0; i < args.Length; i += 2)
{
    switch (args.AsSpan(i))
    {
        case ["--seed", "demo", ..]:
            break;
        case ["--environment-file", var path, ..]:
            environmentFile = path;
            break;
        case ["--audit", var path, ..]:
            audit = path;
            break;
        default:
            await Console.Error.WriteLineAsync("usage: LocalAws [--seed demo] [--environment-file PATH] [--audit PATH]");
            return 2;
    }
}

// Ctrl-C and SIGTERM end it as the end of its input does, so that its folder goes too.
using var stop = new CancellationTokenSource();
void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}

using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

await using var server = await LocalAwsServer.StartAsync();
server.Audit.File = audit;
// Whoever runs it by hand may have a bundle of their own, which would come first.
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
    // A terminal's and a pipe's reads cannot be cancelled: they are left behind.
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
    // A signal.
}

return 0;
