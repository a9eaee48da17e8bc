using System.Text.Json.Nodes;
using System.Xml.Linq;

namespace CredentialProvider.EndToEndTests.CommandLine;

/// <summary>Commands that the program prints, with values that others wrote in them, pasted into a shell: they do what they say and nothing else.</summary>
[Trait("Category", "Slow")]
public sealed class PastedFixes
{
    public static TheoryData<string> Values =>
    [
        "x; touch canary #", "$(touch canary)", "`touch canary`", "x && touch canary", "x\ntouch canary\n#", "\ntouch canary", "x\ty", "\u202egpj.x",
        "my feed", "it's", "\"quoted\"", "'", "'; touch canary; '", @"a\b", @"ends with \", @"x\'; touch canary #", "\u2019; touch canary; \u2018", "*", "!!", "~root", "=ls", "%s%n", "$HOME", "#x", "-x", "--help", "-- -x", "@y", "büro \U0001f4e6", "contoso/app",
    ];

    /// <summary>One of each kind.</summary>
    public static TheoryData<string> Samples => ["x; touch canary #", "$(touch canary)", "x\ntouch canary\n#", "my feed", "it's", "-x", "@y", @"ends with \", "büro \U0001f4e6"];

    [Theory]
    [MemberData(nameof(Values))]
    public async Task Doctors_fixes_change_the_named_source_only(string name)
    {
        await using var sandbox = await StartAsync();
        var file = WriteBrokenSource(sandbox, name);

        var commands = (await FindingsAsync(sandbox, "doctor", "--json", "--", name)).Where(finding => (string?)finding["check"] is "url" or "enabled" or "stored credentials")
            .Select(finding => (string)finding["command"]!).ToList();
        Assert.Equal(3, commands.Count);
        foreach (var command in commands)
        {
            Assert.DoesNotContain(command, char.IsControl);
            (await PasteAsync(sandbox, command)).Succeeded();
        }

        var configuration = XDocument.Load(file).Root!;
        Assert.Equal([(name, Feeds.App), ("other", "https://other.example/v3/index.json")],
            configuration.Element("packageSources")!.Elements("add").Select(source => ((string)source.Attribute("key")!, (string)source.Attribute("value")!)));
        Assert.Equal(["other"], configuration.Elements("disabledPackageSources").Elements().Select(source => (string)source.Attribute("key")!));
        Assert.Equal(["other"], configuration.Elements("packageSourceCredentials").Elements().Select(source => source.Name.LocalName));
        Assert.Equal(["nuget.config"], FilesIn(sandbox, "client"));
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public async Task The_hint_after_configure_add_checks_the_new_source(string name)
    {
        await using var sandbox = await StartAsync();
        sandbox.Write("client/nuget.config", "<configuration><packageSources><clear /></packageSources></configuration>");

        var added = (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "configure", "add", "--domain", "contoso", "--owner", "111122223333",
            "--region", "us-east-1", "--repository", "app", "--", name)).Succeeded();
        var hint = added.Output[(added.Output.IndexOf("hint: next: ", StringComparison.Ordinal) + "hint: next: ".Length)..].TrimEnd('\n');
        // The plugin's place is of no interest here.
        var report = await PasteAsync(sandbox, hint.Replace("doctor ", "doctor --json ", StringComparison.Ordinal));

        // A terminal never gets control characters, also not within JSON.
        Assert.Equal([string.Concat(name.Select(c => char.IsControl(c) ? $"\\u{(int)c:X4}" : $"{c}"))], Findings(report.Output).Select(finding => (string?)finding["source"]).OfType<string>().Distinct());
        Assert.Equal(["nuget.config"], FilesIn(sandbox, "client"));
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public async Task A_missing_profile_is_created_by_its_name(string profile)
    {
        await using var sandbox = await StartAsync();
        sandbox.WriteSource("client", "contoso", Feeds.App);
        File.SetUnixFileMode(sandbox.Write("bin/aws", "#!/bin/sh\nprintf '%s\\0' \"$@\"\n"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        sandbox.Variables["AWS_PROFILE"] = profile;

        var fix = (await FindingsAsync(sandbox, "doctor", "--json")).Select(finding => (string?)finding["fix"]).First(fix => fix?.StartsWith("create it: ", StringComparison.Ordinal) == true)!;
        var words = (await PasteAsync(sandbox, fix["create it: ".Length..])).Succeeded().Output.Split('\0');

        Assert.Equal(profile[0] == '-' ? ["configure", $"--profile={profile}", ""] : ["configure", "--profile", profile, ""], words);
        Assert.Equal(["nuget.config"], FilesIn(sandbox, "client"));
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public async Task A_folder_of_any_name_is_closed_to_others(string name)
    {
        await using var sandbox = await StartAsync();
        sandbox.WriteSource("client", "contoso", Feeds.App);
        var folder = sandbox.Folder($"caches/{name.Replace('/', ' ')}");
        var cache = Directory.CreateDirectory(Path.Combine(folder, "codeartifact-credentials")).FullName;
        File.SetUnixFileMode(cache, (UnixFileMode)0b111_101_101);
        sandbox.Variables["CODEARTIFACT_CACHE_DIR"] = folder;

        var command = (await FindingsAsync(sandbox, "doctor", "--json")).Single(finding => (string?)finding["check"] == "cache")["command"]!;
        (await PasteAsync(sandbox, (string)command!)).Succeeded();

        Assert.Equal((UnixFileMode)0b111_000_000, File.GetUnixFileMode(cache));
        Assert.Equal(["nuget.config"], FilesIn(sandbox, "client"));
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public async Task The_hint_after_install_puts_the_folder_on_PATH(string name)
    {
        await using var sandbox = await StartAsync();
        var bin = Path.Combine(sandbox.Root, "bins", name.Replace('/', ' '));

        var installed = (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "install", "--native", $"--bin={bin}")).Succeeded();
        const string Start = "is not on PATH; add it: ";
        var hint = installed.Output[(installed.Output.IndexOf(Start, StringComparison.Ordinal) + Start.Length)..].Split('\n')[0];
        var found = (await PasteAsync(sandbox, $"{hint}; command -v nuget-plugin-codeartifact")).Succeeded();

        Assert.Equal(Path.Combine(bin, "nuget-plugin-codeartifact") + "\n", found.Output);
        Assert.Empty(FilesIn(sandbox, "client"));
    }

    [Fact]
    public async Task A_source_cannot_be_named_by_control_characters()
    {
        await using var sandbox = await StartAsync();

        var refusal = (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "configure", "add", "x\u001b]0;y\u0007", "--domain", "contoso", "--owner", "111122223333",
            "--region", "us-east-1", "--repository", "app")).Failed();

        Assert.Equal("error: a source's name cannot contain control characters; choose another name\n", refusal.Output);
        Assert.Empty(FilesIn(sandbox, "client"));
    }

    [Fact]
    public async Task A_variable_that_no_shell_can_unset_gets_no_command()
    {
        await using var sandbox = await StartAsync();
        sandbox.WriteSource("client", "my feed", Feeds.App);
        sandbox.Variables["NuGetPackageSourceCredentials_my feed"] = "Username=aws;Password=an expired token";

        var finding = (await FindingsAsync(sandbox, "doctor", "--json")).Single(finding => (string?)finding["check"] == "stored credentials");

        Assert.Equal(("warn", "remove it where it is set: no shell can unset this name", null),
            ((string?)finding["outcome"], (string?)finding["fix"], (string?)finding["command"]));
    }

    private static async Task<Sandbox> StartAsync()
    {
        var sandbox = await Sandbox.StartAsync();
        sandbox.PutNativeOnPath();
        sandbox.Variables["PATH"] = $"{sandbox.Folder("bin")}:{sandbox.Variables["PATH"]}";
        return sandbox;
    }

    /// <summary>A source with a URL that has to be corrected, which is disabled and has a stored password, beside one that is disabled for a reason.</summary>
    private static string WriteBrokenSource(Sandbox sandbox, string name)
    {
        static XElement Entry(string key, string value) => new("add", new XAttribute("key", key), new XAttribute("value", value));
        XElement Credentials(string source) => new(System.Xml.XmlConvert.EncodeLocalName(source), Entry("Username", "aws"), Entry("ClearTextPassword", "old"));
        return sandbox.Write("client/nuget.config", new XElement("configuration",
            new XElement("packageSources", new XElement("clear"), Entry(name, Feeds.App.Replace("https:", "http:", StringComparison.Ordinal)), Entry("other", "https://other.example/v3/index.json")),
            new XElement("disabledPackageSources", Entry(name, "true"), Entry("other", "true")),
            new XElement("packageSourceCredentials", Credentials(name), Credentials("other"))).ToString());
    }

    private static async Task<IReadOnlyList<JsonNode>> FindingsAsync(Sandbox sandbox, params string[] arguments) =>
        Findings((await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), arguments)).Output);

    private static List<JsonNode> Findings(string output) => [.. JsonNode.Parse(output[..(output.LastIndexOf(']') + 1)])!.AsArray().Select(finding => finding!)];

    private static Task<Outcome> PasteAsync(Sandbox sandbox, string command) => sandbox.RunAsync("sh", sandbox.Folder("client"), "-c", command);

    private static string?[] FilesIn(Sandbox sandbox, string folder) =>
        [.. Directory.GetFileSystemEntries(sandbox.Folder(folder)).Select(Path.GetFileName).Order(StringComparer.Ordinal)];
}
