using System.Text.Json.Nodes;

namespace CredentialProvider.EndToEndTests.Secrecy;

/// <summary>Runs everything that prints, in one sandbox, and checks every line.</summary>
internal sealed class HostileRun(Sandbox sandbox)
{
    private const string LogFile = "plugin.log";

    /// <summary>The plugin with every kind of log, <c>doctor</c>, and the commands that name sources, settings and cached tokens.</summary>
    /// <param name="input">For messages of a failed test.</param>
    public async Task CheckAsync(string input, string folder, params string[][] commands)
    {
        var log = Path.Combine(sandbox.Root, LogFile);
        sandbox.Variables.TryAdd("CODEARTIFACT_LOG_FILE", log);
        await CheckPluginAsync(input);
        string[][] always = [["doctor"], ["doctor", "--json", "--package", "Contoso.App.Client"], ["cache", "list"]];
        foreach (var command in always.Concat(commands))
        {
            var printed = (await sandbox.RunAsync(Artifacts.Native, folder, command)).Output;
            var isJson = command.Contains("--json") && printed.StartsWith('[');
            HostileText.AssertPrintable(printed, $"{input}: {string.Join(' ', command)}", isJson ? HostileText.MaxJsonLine : HostileText.MaxLine);
            if (isJson)
                HostileText.AssertPrintable(JsonNode.Parse(printed[..(printed.LastIndexOf(']') + 1)]), $"{input}: {string.Join(' ', command)}");
        }

        if (File.Exists(log))
            HostileText.AssertPrintable(await File.ReadAllTextAsync(log, TestContext.Current.CancellationToken), $"{input}: log file", HostileText.MaxLogLine);
        File.Delete(log);
        foreach (var note in Directory.Exists(sandbox.Cache) ? Directory.GetFiles(sandbox.Cache, "*.lock") : [])
            HostileText.AssertPrintable(JsonNode.Parse("[" + await File.ReadAllTextAsync(note, TestContext.Current.CancellationToken) + "]"), $"{input}: {note}");
    }

    /// <summary>The names of hosts that are not AWS's and that something tried to reach.</summary>
    public IEnumerable<string> ForeignHosts() => sandbox.Aws.Audit.Entries
        .Where(entry => entry.Service is "proxy" or "foreign").Select(entry => entry.Host).Distinct();

    private async Task CheckPluginAsync(string input)
    {
        await using (var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync())
        {
            var response = await plugin.GetCredentialsAsync(Feeds.App);
            if ((string?)response["ResponseCode"] == "Error")
                HostileText.AssertPrintable(response, $"{input}: answer to NuGet");
            await plugin.CloseAsync();
            Assert.All(plugin.Messages, message => HostileText.AssertPrintable(message["Payload"], $"{input}: NuGet's log"));
        }

        sandbox.PrintsTokens = true;
        var legacy = await sandbox.RunAsync(Artifacts.Native, sandbox.Root, "-uri", Feeds.App, "-nonInteractive");
        if (legacy.ExitCode != 0)
        {
            HostileText.AssertPrintable(legacy.Output, $"{input}: -uri", HostileText.MaxJsonLine);
            HostileText.AssertPrintable(JsonNode.Parse(legacy.Output), $"{input}: -uri");
        }
    }
}
