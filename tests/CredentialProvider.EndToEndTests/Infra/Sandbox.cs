using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using LocalAws;

namespace CredentialProvider.EndToEndTests.Infra;

/// <summary>
/// A simulated EC2 instance for one test: an empty home directory, an instance role served by LocalAws, and child processes that inherit
/// nothing from the environment of the test run. Disposing it fails the test if a secret has leaked.
/// </summary>
public sealed class Sandbox : IAsyncDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("cacp-");
    private readonly bool _ownsAws;

    private Sandbox(LocalAwsServer aws, bool ownsAws)
    {
        (Aws, _ownsAws) = (aws, ownsAws);
        Home = Folder("home");
        Variables = new Dictionary<string, string>(aws.Environment)
        {
            ["HOME"] = Home,
            // Not the system's certificates: every .NET process would parse all of them.
            ["SSL_CERT_FILE"] = aws.CaFile,
            ["SSL_CERT_DIR"] = Folder("certificates"),
            // With a folder in the variables, curl does not read the file.
            ["CURL_CA_BUNDLE"] = aws.CaFile,
            ["PATH"] = Environment.GetEnvironmentVariable("PATH")!,
            ["NUGET_PACKAGES"] = Folder("packages"),
            ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
            // Counting for later optimization only costs time in processes this short.
            ["DOTNET_TieredPGO"] = "0",
            ["DOTNET_NOLOGO"] = "1",
            ["DOTNET_SKIP_FIRST_TIME_EXPERIENCE"] = "1",
            ["DOTNET_GENERATE_ASPNET_CERTIFICATE"] = "false",
            // Workloads have their own SDK resolver, which takes a tenth of a restore.
            ["MSBuildEnableWorkloadResolver"] = "false",
            // NuGet repeats each failed request, after a second by default.
            ["NUGET_ENHANCED_NETWORK_RETRY_DELAY_MILLISECONDS"] = "10",
            // A server, node or compiler would outlive the command, and keep files of the sandbox open. ReuseMSBuildNodes allows them.
            ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0",
            ["MSBUILDDISABLENODEREUSE"] = "1",
            ["UseSharedCompilation"] = "false",
            ["TMPDIR"] = Folder("tmp"),
            ["LANG"] = "C.UTF-8",
        };
    }

    public LocalAwsServer Aws { get; }

    public string Home { get; }

    /// <summary>The plugin's default token cache.</summary>
    public string Cache => Path.Combine(Home, ".cache", "codeartifact-credentials");

    /// <summary>The environment of every child process.</summary>
    public Dictionary<string, string> Variables { get; }

    /// <summary>A command that runs every program, such as one that switches the user.</summary>
    public string[] Wrapper { get; set; } = [];

    /// <summary>Cleanup that deleting the folder does not cover, such as unmounting.</summary>
    public Stack<Action> Cleanup { get; } = [];

    /// <summary>All output of child processes, scanned by <see cref="SecretScan"/>.</summary>
    public ConcurrentQueue<string> Output { get; } = [];

    /// <summary>Files that the test wrote itself; they may contain secrets.</summary>
    public ConcurrentDictionary<string, bool> TestFiles { get; } = new();

    /// <summary>True where the test asks for a token to be printed.</summary>
    public bool PrintsTokens { get; set; }

    public string Root => _root.FullName;

    public static async Task<Sandbox> StartAsync() =>
        new(await LocalAwsServer.StartAsync(ct: TestContext.Current.CancellationToken), ownsAws: true);

    /// <summary>One of many machines in front of the same AWS, which outlives it.</summary>
    public static Sandbox Beside(LocalAwsServer aws) => new(aws, ownsAws: false);

    /// <summary>A folder in this sandbox, created on first use.</summary>
    public string Folder(string name) => Directory.CreateDirectory(Path.Combine(_root.FullName, name)).FullName;

    /// <summary>Writes a file in this sandbox and returns its path.</summary>
    public string Write(string name, string content)
    {
        var path = Path.Combine(_root.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        TestFiles[path] = true;
        return path;
    }

    public Task<Outcome> DotnetAsync(string folder, params string[] arguments) => RunAsync("dotnet", folder, arguments);

    /// <summary><c>dotnet restore</c> in this sandbox's folder, in one process: starting another one for a second project takes longer than
    /// restoring it.</summary>
    /// <param name="project">A project's folder, or a solution.</param>
    public Task<Outcome> DotnetRestoreAsync(string project, params string[] options) =>
        DotnetAsync(Root, ["restore", project, "-m:1", .. options]);

    /// <summary>Restores packages with the SDK's NuGet but without MSBuild, in a third of the time of <c>dotnet restore</c>. Prints warnings and
    /// errors alone.</summary>
    /// <param name="packages">As <c>id/version</c>.</param>
    public Task<Outcome> RestoreAsync(string folder, params string[] packages) =>
        DotnetAsync(folder, ["exec", Artifacts.Built("bin/NuGetRestore/release/NuGetRestore.dll"), folder, .. packages]);

    public async Task<Outcome> RunAsync(string program, string folder, params string[] arguments)
    {
        var cancel = TestContext.Current.CancellationToken;
        using var process = Launch(program, folder, arguments);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(cancel);
        var errors = process.StandardError.ReadToEndAsync(cancel);
        await process.WaitForExitAsync(cancel);
        var printed = await output + await errors;
        Output.Enqueue(printed);
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
        // A command is too short for collecting garbage to pay off. The memory of plugins is measured.
        if (program == "dotnet" && !arguments[0].EndsWith(".dll", StringComparison.Ordinal))
            (start.Environment["DOTNET_GCgen0size"], start.Environment["DOTNET_gcConcurrent"]) = ("4000000", "0");
        return Process.Start(start)!;
    }

    /// <summary>Lets MSBuild keep its server and nodes for the next build, as on a developer's machine. They end with the
    /// sandbox.</summary>
    public void ReuseMSBuildNodes()
    {
        Variables.Remove("DOTNET_CLI_USE_MSBUILD_SERVER");
        Variables.Remove("MSBUILDDISABLENODEREUSE");
        Cleanup.Push(EndProcesses);
    }

    /// <summary>Ends the processes with this sandbox's home folder; other sandboxes have their own.</summary>
    private void EndProcesses()
    {
        foreach (var process in Process.GetProcesses())
        {
            using (process)
            {
                if (IsInSandbox(process.Id))
                {
                    process.Kill();
                    process.WaitForExit();
                }
            }
        }
    }

    private bool IsInSandbox(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/environ").Split('\0').Contains($"HOME={Home}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has ended, or belongs to another user.
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_ownsAws)
            await Aws.DisposeAsync();
        foreach (var undo in Cleanup)
            undo();
        try
        {
            SecretScan.AssertNoLeaks(this);
        }
        finally
        {
            _root.Delete(recursive: true);
        }
    }
}
