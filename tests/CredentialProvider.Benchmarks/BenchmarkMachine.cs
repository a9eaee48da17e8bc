using System.Diagnostics;
using System.Reflection;
using LocalAws;

namespace CredentialProvider.Benchmarks;

/// <summary>A machine with an empty home directory and an instance role, and the programs that are measured on it.</summary>
internal sealed class BenchmarkMachine(LocalAwsServer aws) : IAsyncDisposable
{
    public static readonly string RepositoryRoot = typeof(BenchmarkMachine).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == "RepositoryRoot").Value!;

    public static readonly string Native = Built("native/nuget-plugin-codeartifact"), Floor = Built("floor/nuget-plugin-floor"),
        NetCore = Built("plugins/netcore/CredentialProvider.CodeArtifact/CredentialProvider.CodeArtifact.dll"),
        NetFx = Built("plugins/netfx/CredentialProvider.CodeArtifact/CredentialProvider.CodeArtifact.exe");

    public const string Mono = "/usr/bin/mono", Aws = "/usr/bin/aws";

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("bench-");

    public LocalAwsServer Services => aws;

    /// <summary>The environment of every process.</summary>
    public Dictionary<string, string> Variables => new(aws.Environment)
    {
        ["HOME"] = _root.FullName,
        ["PATH"] = Environment.GetEnvironmentVariable("PATH")!,
        ["TMPDIR"] = _root.FullName,
        ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
        ["DOTNET_NOLOGO"] = "1",
        ["DOTNET_SKIP_FIRST_TIME_EXPERIENCE"] = "1",
        ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0",
        ["MSBUILDDISABLENODEREUSE"] = "1",
    };

    public string Cache => Path.Combine(_root.FullName, ".cache", "codeartifact-credentials");

    public static async Task<BenchmarkMachine> StartAsync() => new(await LocalAwsServer.StartAsync());

    public Dictionary<string, string> With(params (string Name, string Value)[] more)
    {
        var variables = Variables;
        foreach (var (name, value) in more)
            variables[name] = value;
        return variables;
    }

    public string Folder(string name) => _root.CreateSubdirectory(name).FullName;

    public string Write(string name, string content)
    {
        var path = Path.Combine(_root.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        return path;
    }

    /// <summary>Writes a solution whose projects reference the same packages, in a folder of that name.</summary>
    public string WriteSolution(string name, int projects, string references, string config)
    {
        for (var i = 0; i < projects; i++)
        {
            Write($"{name}/Project{i}/Project{i}.csproj", $"""
                <Project Sdk="Microsoft.NET.Sdk">
                  <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
                  <ItemGroup>{references}</ItemGroup>
                </Project>
                """);
        }

        Write($"{name}/All.slnx", $"<Solution>{string.Concat(Enumerable.Range(0, projects).Select(i => $"""<Project Path="Project{i}/Project{i}.csproj" />"""))}</Solution>");
        Write($"{name}/nuget.config", config);
        return Folder(name);
    }

    /// <summary>Runs a program that must succeed.</summary>
    /// <returns>Milliseconds.</returns>
    public static async Task<double> TimeAsync(string folder, Dictionary<string, string> variables, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Clear();
        foreach (var (name, value) in variables)
            start.Environment[name] = value;
        var watch = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        var elapsed = watch.Elapsed.TotalMilliseconds;
        // The output may contain a token, so it is not shown.
        return process.ExitCode == 0 ? elapsed : throw new InvalidOperationException(
            $"{program} {arguments[0]} exited with {process.ExitCode} after printing {(await output).Length} characters, errors: {await errors}");
    }

    public async ValueTask DisposeAsync()
    {
        await aws.DisposeAsync();
        _root.Delete(recursive: true);
    }

    private static string Built(string path) => Path.GetFullPath(Path.Combine(RepositoryRoot, "artifacts", path));
}
