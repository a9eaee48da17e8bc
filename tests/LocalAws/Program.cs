using LocalAws;

// Started by hand or by build/demo.sh: prints the environment that points a client here, and runs until its input ends.
//   --environment-file PATH   writes the export lines there, when all is ready, instead of printing them
//   --audit PATH              writes a line of JSON for each request
await using var server = await LocalAwsServer.StartAsync();
server.Audit.File = Option("--audit");

var exports = string.Concat(server.Environment.OrderBy(variable => variable.Key, StringComparer.Ordinal)
    .Select(variable => $"export {variable.Key}='{variable.Value}'\n"));
if (Option("--environment-file") is { } path)
{
    await File.WriteAllTextAsync(path + ".new", exports);
    File.Move(path + ".new", path, overwrite: true);
}
else
{
    Console.Write(exports);
}

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true;
    stop.Cancel();
};
try
{
    while (await Console.In.ReadLineAsync(stop.Token) is not null)
    {
    }
}
catch (OperationCanceledException)
{
    // Ctrl-C.
}

string? Option(string name)
{
    var index = Array.IndexOf(args, name);
    return index >= 0 && index + 1 < args.Length ? args[index + 1] : null;
}
