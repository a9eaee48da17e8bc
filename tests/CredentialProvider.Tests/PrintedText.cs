using System.Text.RegularExpressions;

namespace CredentialProvider.Tests;

/// <summary>Text leaves the program in few places, and each of them filters it: Errors/PrintableText.cs.</summary>
public sealed partial class PrintedText
{
    private const string Sources = "src/CredentialProvider/";

    /// <summary>What can print, and the files that may use it.</summary>
    private static readonly (string What, Regex Use, string[] Files)[] Ways =
    [
        ("the console", Console(), ["Program.cs", "Cli/Terminal.cs", "Platform/StandardStreams.cs", "Platform/StandardStreams.netfx.cs"]),
        ("a text writer", TextWriters(), ["Cli/Terminal.cs", "Cli/HelpSections.cs", "Cli/NuGet/PluginConversation.cs", "Plugin/LegacyProtocol.cs"]),
        ("the stream of the parser's help", ParserOutput(), ["Cli/CommandLine.cs", "Cli/HelpSections.cs"]),
        ("JSON", Json(), ["Aws/PolicyJson.cs", "Cli/JsonText.cs", "Tokens/TokenCache.cs"]),
        ("a JSON string", JsonStrings(),
            ["Agent/AgentProtocol.cs", "Aws/Credentials/SsoCache.cs", "Cli/NuGet/PluginConversation.cs", "Configuration/ConfigurationEditor.cs", "Plugin/Connection.cs",
                "Plugin/LegacyProtocol.cs", "Plugin/Messages.cs"]),
        ("a message of the protocol", Protocol(), ["Plugin/Connection.cs", "Plugin/PluginHost.cs"]),
        ("the log file", Log(), ["Platform/LogFile.cs"]),
        ("diagnostics", Diagnostics(), []),
        // Deliberate exceptions: results for other programs.
        ("unfiltered text", Verbatim(),
            ["Cli/Terminal.cs", "Cli/Commands/CacheListCommand.cs", "Cli/Commands/CompletionCommand.cs", "Cli/Commands/DiagnoseCommand.cs",
                "Cli/Commands/PolicyCommand.cs",
                "Cli/Commands/TokenCommand.cs", "Cli/Doctor/DoctorReport.cs"]),
        ("a secret in JSON", Secrets(), ["Cli/JsonText.cs", "Cli/Commands/TokenCommand.cs"]),
    ];

    [Fact]
    public void Leaves_in_known_places_only()
    {
        var violations = Repository.Files(Sources, "*.cs").SelectMany(file => Find(file[Sources.Length..], Repository.Read(file))).ToList();
        Assert.True(violations.Count == 0, string.Join('\n', violations));
    }

    [Fact]
    public void Is_allowed_nowhere_without_need() => Assert.All(Ways, way => Assert.All(way.Files, file =>
        Assert.True(way.Use.IsMatch(Repository.Read(Sources + file)), $"{file} does not use {way.What}")));

    /// <summary>The files that write for users, and the note that the token cache leaves.</summary>
    [Theory]
    [InlineData("Cli/Terminal.cs", 8)]
    [InlineData("Cli/JsonText.cs", 4)]
    [InlineData("Plugin/Messages.cs", 2)]
    [InlineData("Plugin/LegacyProtocol.cs", 2)]
    [InlineData("Platform/LogFile.cs", 1)]
    [InlineData("Tokens/TokenCache.cs", 2)]
    [InlineData("Agent/AgentProtocol.cs", 2)]
    [InlineData("Errors/NoTokenException.cs", 3)]
    public void Is_filtered_where_it_leaves(string file, int times) =>
        Assert.Equal(times, Filter().Count(Repository.Read(Sources + file)));

    [Theory]
    [InlineData("Console.Error.Write(line);", "the console")]
    [InlineData("errors.WriteLine(line);", "a text writer")]
    [InlineData("await output.WriteAsync(line);", "a text writer")]
    [InlineData("new Utf8JsonWriter(stream);", "JSON")]
    [InlineData("JsonNode.Parse(text).ToJsonString()", null)]
    [InlineData("connection.Send(id, MessageType.Request, MessageMethod.Log, text);", "a message of the protocol")]
    [InlineData("OwnerOnlyFile.Append(path, line, 1);", "the log file")]
    [InlineData("Debug.WriteLine(line);", "diagnostics")]
    [InlineData("Terminal.PrintVerbatim(line);", "unfiltered text")]
    [InlineData("json.WriteSecret(name, token);", "a secret in JSON")]
    [InlineData("terminal.Print(line);", null)]
    public void That_leaves_elsewhere_is_found(string statement, string? what)
    {
        var found = Find("Tokens/Example.cs", statement).ToList();
        if (what is null)
            Assert.Empty(found);
        else
            Assert.Contains($"Tokens/Example.cs uses {what}", found);
    }

    private static IEnumerable<string> Find(string file, string source) =>
        Ways.Where(way => !way.Files.Contains(file) && way.Use.IsMatch(source)).Select(way => $"{file} uses {way.What}");

    [GeneratedRegex(@"\bConsole\.(?!Title)\w")]
    private static partial Regex Console();

    [GeneratedRegex(@"\.WriteLine(Async)?\(|\b(output|errors|stdout|stderr)\.Write(Async)?\((?!line, 0)", RegexOptions.IgnoreCase)]
    private static partial Regex TextWriters();

    [GeneratedRegex(@"(terminal|Configuration)\.(Output|Error)\b(?!\()")]
    private static partial Regex ParserOutput();

    [GeneratedRegex(@"new Utf8JsonWriter\(|JsonSerializer\.")]
    private static partial Regex Json();

    [GeneratedRegex(@"JsonString\.Quote\(")]
    private static partial Regex JsonStrings();

    [GeneratedRegex(@"MessageMethod\.Log\b|\bSend\(string|\.Send\(.*MessageType")]
    private static partial Regex Protocol();

    [GeneratedRegex(@"(OwnerOnlyFile|Posix)\.Append\(|File\.Append")]
    private static partial Regex Log();

    [GeneratedRegex(@"\b(Debug|Trace)\.Write|FailFast\(|EventLog")]
    private static partial Regex Diagnostics();

    [GeneratedRegex(@"PrintVerbatim\(")]
    private static partial Regex Verbatim();

    [GeneratedRegex(@"\bWriteSecret\(")]
    private static partial Regex Secrets();

    [GeneratedRegex(@"PrintableText\.Of(Lines)?\(")]
    private static partial Regex Filter();
}
