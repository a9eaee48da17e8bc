using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using LocalAws;

namespace CredentialProvider.EndToEndTests;

/// <summary>
/// A machine of its own for one test: an empty home, an EC2 instance role at LocalAws, and child processes that see nothing of the
/// environment that the tests run in.
/// </summary>
public sealed class Sandbox : IAsyncDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("cacp-");

    private Sandbox(LocalAwsServer aws)
    {
        Aws = aws;
        Home = Folder("home");
        Variables = new Dictionary<string, string>(aws.Environment)
        {
            ["HOME"] = Home,
            ["PATH"] = Environment.GetEnvironmentVariable("PATH")!,
            ["NUGET_PACKAGES"] = Folder("packages"),
            ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
            ["DOTNET_NOLOGO"] = "1",
            ["DOTNET_SKIP_FIRST_TIME_EXPERIENCE"] = "1",
            ["DOTNET_GENERATE_ASPNET_CERTIFICATE"] = "false",
            ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0",
            ["MSBUILDDISABLENODEREUSE"] = "1",
            ["TMPDIR"] = Folder("tmp"),
            ["LANG"] = "C.UTF-8",
        };
    }

    public LocalAwsServer Aws { get; }

    public string Home { get; }

    /// <summary>Where the plugin keeps tokens by default.</summary>
    public string Cache => Path.Combine(Home, ".cache", "codeartifact-credentials");

    /// <summary>What every child process gets.</summary>
    public Dictionary<string, string> Variables { get; }

    /// <summary>A command before every program, such as one that changes the user.</summary>
    public string[] Wrapper { get; set; } = [];

    /// <summary>Undoes what is not undone with the folder, such as a mount.</summary>
    public Stack<Action> AtEnd { get; } = [];

    /// <summary>Everything that was printed, for <see cref="Secrets"/>.</summary>
    public ConcurrentQueue<string> Printed { get; } = [];

    /// <summary>What the test itself wrote; a test may plant secrets.</summary>
    public ConcurrentDictionary<string, bool> Planted { get; } = new();

    /// <summary>True where a test asks for a token to be printed.</summary>
    public bool PrintsTokens { get; set; }

    public string Root => _root.FullName;

    public static async Task<Sandbox> StartAsync() =>
        new(await LocalAwsServer.StartAsync(ct: TestContext.Current.CancellationToken));

    /// <summary>A folder inside this sandbox, made if need be.</summary>
    public string Folder(string name) => Directory.CreateDirectory(Path.Combine(_root.FullName, name)).FullName;

    public string Write(string name, string content)
    {
        var path = Path.Combine(_root.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        Planted[path] = true;
        return path;
    }

    public Task<Outcome> DotnetAsync(string folder, params string[] arguments) => RunAsync("dotnet", folder, arguments);

    public async Task<Outcome> RunAsync(string program, string folder, params string[] arguments)
    {
        var cancel = TestContext.Current.CancellationToken;
        using var process = Launch(program, folder, arguments);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(cancel);
        var errors = process.StandardError.ReadToEndAsync(cancel);
        await process.WaitForExitAsync(cancel);
        var printed = await output + await errors;
        Printed.Enqueue(printed);
        return new Outcome(process.ExitCode, printed);
    }

    public Process Launch(string program, string folder, params string[] arguments)
    {
        string[] line = [.. Wrapper, program, .. arguments];
        var start = new ProcessStartInfo(line[0], line[1..])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
        start.Environment.Clear();
        foreach (var (name, value) in Variables)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    public async ValueTask DisposeAsync()
    {
        await Aws.DisposeAsync();
        foreach (var undo in AtEnd)
            undo();
        try
        {
            Secrets.Search(this);
        }
        finally
        {
            _root.Delete(recursive: true);
        }
    }
}

/// <summary>How a child process ended and all that it printed.</summary>
public sealed record Outcome(int ExitCode, string Output)
{
    /// <summary>Fails the test with the output where it did not end well.</summary>
    public Outcome Succeeded()
    {
        Assert.True(ExitCode == 0, $"exit code {ExitCode}:\n{Output}");
        return this;
    }

    public Outcome Failed()
    {
        Assert.True(ExitCode != 0, $"succeeded:\n{Output}");
        return this;
    }
}
