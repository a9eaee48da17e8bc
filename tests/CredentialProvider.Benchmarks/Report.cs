using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using LocalAws;

namespace CredentialProvider.Benchmarks;

/// <summary>Measures side by side, in turn, and writes docs/benchmarks.md.</summary>
internal static class Report
{
    private const int Launches = 60, Restores = 16, Storm = 64, Packages = 40, Rules = 100;

    private static readonly string Root = typeof(Report).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "RepositoryRoot").Value!;

    private static readonly string Native = Path.GetFullPath(Path.Combine(Root, "artifacts/native/nuget-plugin-codeartifact"));
    private static readonly string Floor = Path.GetFullPath(Path.Combine(Root, "artifacts/floor/nuget-plugin-floor"));
    private static readonly string NetCore = Path.GetFullPath(Path.Combine(
        Root, "artifacts/plugins/netcore/CredentialProvider.CodeArtifact/CredentialProvider.CodeArtifact.dll"));

    public static async Task<int> WriteAsync(string[] args)
    {
        var text = new StringBuilder();
        text.AppendLine("# Benchmarks");
        text.AppendLine();
        text.AppendLine($"`build/bench.sh`, {DateTime.UtcNow:yyyy-MM-dd}, {Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription},");
        text.AppendLine($".NET {Environment.Version}. Whole processes, measured in turn in one run: medians, with quartiles in brackets.");
        text.AppendLine("AWS is `tests/LocalAws` on loopback.");
        await LaunchesAsync(text);
        await StormAsync(text);
        await RestoresAsync(text);
        await BroughtAlong.WriteAsync(text);
        var report = text.ToString();
        Console.Write(report);
        if (args is ["--output", var path])
            await File.WriteAllTextAsync(path, report);
        return 0;
    }

    private static async Task LaunchesAsync(StringBuilder text)
    {
        await using var machine = await Machine.StartAsync();
        var withRules = new Dictionary<string, string>(machine.Variables) { ["CODEARTIFACT_CONFIG"] = machine.WriteRules(Rules) };
        (string Name, string[] Command, IReadOnlyDictionary<string, string> Variables)[] plugins =
        [
            ("floor: answers with constants", [Floor, "-Plugin"], machine.Variables),
            ("native", [Native, "-Plugin"], machine.Variables),
            ($"native, with {Rules} rules in the configuration file", [Native, "-Plugin"], withRules),
            ("netcore", ["dotnet", NetCore, "-Plugin"], machine.Variables),
            ("peer on NuGet.Protocol 8.0.0", ["dotnet", typeof(Report).Assembly.Location, "-Plugin"], machine.Variables),
        ];
        var results = plugins.Select(_ => new List<Launch>()).ToList();
        // The first round fills the cache of tokens and the system's of files.
        for (var round = -1; round < Launches; round++)
        {
            for (var i = 0; i < plugins.Length; i++)
            {
                var launch = Conversation.Run(plugins[i].Command, plugins[i].Variables);
                if (!launch.Answer.Contains("\"Success\"", StringComparison.Ordinal))
                    throw new InvalidOperationException(launch.Answer);
                if (round >= 0)
                    results[i].Add(launch);
            }
        }

        text.AppendLine($"""

            ## From launch to credentials, token in the cache

            {Launches} launches each. Milliseconds from before the start of the process; the peer has its token in a constant.

            | plugin | handshake | credentials | Close to exit | peak memory, MiB | peer's credentials / its own |
            | --- | --- | --- | --- | --- | --- |
            """);
        for (var i = 0; i < plugins.Length; i++)
        {
            var ratio = Figures.Median(results[^1].Zip(results[i], (peer, own) => peer.Credentials / own.Credentials));
            text.AppendLine($"| {plugins[i].Name} | {Figures.Spread([.. results[i].Select(l => l.Handshake)])} | {Figures.Spread([.. results[i].Select(l => l.Credentials)])} "
                + $"| {Figures.Spread([.. results[i].Select(l => l.Exit)])} | {Figures.Median(results[i].Select(l => l.PeakMemory)):0.0} | {ratio:0.0} |");
        }
    }

    private static async Task StormAsync(StringBuilder text)
    {
        text.AppendLine($"""

            ## {Storm} plugins started at once on an empty cache

            | plugin | slowest handshake, ms | slowest credentials, ms | different tokens | token calls | metadata calls |
            | --- | --- | --- | --- | --- | --- |
            """);
        foreach (var (name, command) in new[] { ("native", new[] { Native, "-Plugin" }), ("netcore", ["dotnet", NetCore, "-Plugin"]) })
        {
            await using var machine = await Machine.StartAsync();
            using var go = new ManualResetEventSlim();
            var launches = Enumerable.Range(0, Storm).Select(_ => Task.Factory.StartNew(
                () =>
                {
                    go.Wait();
                    return Conversation.Run(command, machine.Variables);
                },
                CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToList();
            go.Set();
            var results = await Task.WhenAll(launches);
            text.AppendLine($"| {name} | {results.Max(l => l.Handshake):0} | {results.Max(l => l.Credentials):0} | {results.Select(l => l.Answer).Distinct().Count()} "
                + $"| {machine.Aws.Audit.Count("codeartifact")} | {machine.Aws.Audit.Count("metadata")} |");
        }
    }

    private static async Task RestoresAsync(StringBuilder text)
    {
        await using var machine = await Machine.StartAsync();
        var repository = machine.Aws.World.Repositories[0];
        for (var i = 0; i < Packages; i++)
            repository.With(Package.Create($"Contoso.Part{i:00}", "1.0.0"));
        var token = machine.Aws.World.IssueToken(repository.Domain, machine.Aws.World.OpenSession(
            machine.Aws.World.InstanceRole!, "static", DateTimeOffset.UtcNow), DateTimeOffset.UtcNow.AddHours(12));
        var plugin = machine.WriteProject("plugin", Packages, null);
        var @static = machine.WriteProject("static", Packages, token);
        (string Name, string Project, Dictionary<string, string> Variables)[] ways =
        [
            ("a static token in nuget.config", @static, []),
            ("the native plugin", plugin, new() { ["NUGET_PLUGIN_PATHS"] = Native }),
            ("the floor", plugin, new() { ["NUGET_PLUGIN_PATHS"] = Floor, ["FLOOR_TOKEN"] = token }),
        ];
        var times = ways.Select(_ => new List<double>()).ToList();
        for (var round = -1; round < Restores; round++)
        {
            // A B C, then C B A: whoever comes last finds a warmer machine.
            foreach (var i in round % 2 == 0 ? Enumerable.Range(0, ways.Length) : Enumerable.Range(0, ways.Length).Reverse())
            {
                var elapsed = await machine.RestoreAsync(ways[i].Project, ways[i].Variables);
                if (round >= 0)
                    times[i].Add(elapsed);
            }
        }

        text.AppendLine($"""

            ## `dotnet restore` of {Packages} packages, token in the cache

            {Restores} rounds, all packages downloaded each time. The floor is what NuGet's own side of any plugin costs.

            | credentials from | ms | ratio to a static token, by round |
            | --- | --- | --- |
            """);
        for (var i = 0; i < ways.Length; i++)
            text.AppendLine($"| {ways[i].Name} | {Figures.Spread(times[i], "0")} | {Figures.Spread([.. times[i].Zip(times[0], (own, other) => own / other)], "0.000")} |");
    }

    /// <summary>A machine with an empty home and an instance role.</summary>
    private sealed class Machine(LocalAwsServer aws) : IAsyncDisposable
    {
        private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("bench-");

        public LocalAwsServer Aws => aws;

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

        public static async Task<Machine> StartAsync() => new(await LocalAwsServer.StartAsync());

        /// <summary>A configuration file with rules for other domains, which all have to be read.</summary>
        public string WriteRules(int count)
        {
            var path = Path.Combine(_root.FullName, "codeartifact.json");
            var rules = Enumerable.Range(0, count).Select(i => $$"""
                { "domain": "domain{{i}}", "owner": "111122223333", "region": "us-east-1", "duration": 3600,
                  "roles": [ "arn:aws:iam::111122223333:role/Tools", { "arn": "arn:aws:iam::111122223333:role/Reader{{i}}", "externalId": "42" } ] }
                """);
            File.WriteAllText(path, $$"""{ "rules": [ {{string.Join(",\n", rules)}} ] }""");
            return path;
        }

        public string WriteProject(string name, int packages, string? token)
        {
            var folder = _root.CreateSubdirectory(name).FullName;
            File.WriteAllText(Path.Combine(folder, $"{name}.csproj"), $"""
                <Project Sdk="Microsoft.NET.Sdk">
                  <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
                  <ItemGroup>{string.Concat(Enumerable.Range(0, packages).Select(i => $"""<PackageReference Include="Contoso.Part{i:00}" Version="1.0.0" />"""))}</ItemGroup>
                </Project>
                """);
            var credentials = token is null ? "" : $"""
                <packageSourceCredentials><app><add key="Username" value="aws" /><add key="ClearTextPassword" value="{token}" /></app></packageSourceCredentials>
                """;
            File.WriteAllText(Path.Combine(folder, "nuget.config"), $"""
                <configuration><packageSources><clear /><add key="app" value="{Conversation.App}" /></packageSources>{credentials}</configuration>
                """);
            return folder;
        }

        /// <summary>Milliseconds that one restore takes, from an empty package folder.</summary>
        public async Task<double> RestoreAsync(string project, Dictionary<string, string> variables)
        {
            var packages = _root.CreateSubdirectory(Path.GetRandomFileName()).FullName;
            var start = new ProcessStartInfo("dotnet", ["restore", "--force", "--no-cache"]) { WorkingDirectory = project, RedirectStandardOutput = true };
            start.Environment.Clear();
            foreach (var (name, value) in Variables)
                start.Environment[name] = value;
            start.Environment["NUGET_PACKAGES"] = packages;
            foreach (var (name, value) in variables)
                start.Environment[name] = value;
            var watch = Stopwatch.StartNew();
            using var process = Process.Start(start)!;
            var output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            var elapsed = watch.Elapsed.TotalMilliseconds;
            if (process.ExitCode != 0)
                throw new InvalidOperationException(output);
            Directory.Delete(packages, recursive: true);
            return elapsed;
        }

        public async ValueTask DisposeAsync()
        {
            await aws.DisposeAsync();
            _root.Delete(recursive: true);
        }
    }
}
