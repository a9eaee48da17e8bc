using System.Diagnostics;
using System.Reflection;
using System.Text;
using LocalAws;

namespace CredentialProvider.Benchmarks;

/// <summary>What the MSBuild package costs a restore that has nothing to do, and what it saves one that begins with an empty cache.</summary>
internal sealed class BroughtAlong : IAsyncDisposable
{
    private const string Id = "CredentialProvider.CodeArtifact.MSBuild";
    private const int NoOps = 20, ColdRounds = 5, Domains = 5, Projects = 50;

    /// <summary>What CodeArtifact takes to make a token.</summary>
    private static readonly TimeSpan TokenTime = TimeSpan.FromMilliseconds(300);

    private static readonly string Artifacts = Path.GetFullPath(Path.Combine(typeof(Report).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "RepositoryRoot").Value!, "artifacts"));

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("bench-");
    private readonly LocalAwsServer _aws;
    private readonly Dictionary<string, string> _variables;

    private BroughtAlong(LocalAwsServer aws)
    {
        _aws = aws;
        _variables = new Dictionary<string, string>(aws.Environment)
        {
            ["HOME"] = _root.CreateSubdirectory("home").FullName,
            ["PATH"] = Environment.GetEnvironmentVariable("PATH")!,
            ["TMPDIR"] = _root.CreateSubdirectory("tmp").FullName,
            ["NUGET_PACKAGES"] = _root.CreateSubdirectory("packages").FullName,
            ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
            ["DOTNET_NOLOGO"] = "1",
            ["DOTNET_SKIP_FIRST_TIME_EXPERIENCE"] = "1",
            ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0",
            ["MSBUILDDISABLENODEREUSE"] = "1",
        };
    }

    private static string Version => Path.GetFileNameWithoutExtension(Directory.GetFiles(Path.Combine(Artifacts, "packages"), $"{Id}.*.nupkg").Single())[(Id.Length + 1)..];

    private string PackageFolder => Path.Combine(_variables["NUGET_PACKAGES"], Id.ToLowerInvariant(), Version);

    public static async Task WriteAsync(StringBuilder text)
    {
        await using var machine = new BroughtAlong(await LocalAwsServer.StartAsync());
        await machine.WriteNoOpsAsync(text);
        await machine.WriteColdAsync(text);
    }

    public async ValueTask DisposeAsync()
    {
        await _aws.DisposeAsync();
        _root.Delete(recursive: true);
    }

    private async Task WriteNoOpsAsync(StringBuilder text)
    {
        var (without, import, sdk) = (WriteRepository("without", projects: 1, domains: 1), WriteRepository("import", 1, 1), WriteRepository("sdk", 1, 1));
        AddSdk(sdk);
        // The package comes to its folder, and the token to the cache.
        await RestoreAsync(sdk);
        await File.WriteAllTextAsync(Path.Combine(import, "Directory.Build.props"), $"""<Project><Import Project="{PackageFolder}/Sdk/Sdk.props" /></Project>""");
        await File.WriteAllTextAsync(Path.Combine(import, "Directory.Build.targets"), $"""<Project><Import Project="{PackageFolder}/Sdk/Sdk.targets" /></Project>""");
        (string Name, string Folder)[] ways = [("without the package", without), ("with its two files imported", import), ("as `<Sdk>`, which MSBuild has to resolve first", sdk)];
        _variables["NUGET_PLUGIN_PATHS"] = Path.Combine(Artifacts, "native", "nuget-plugin-codeartifact");
        await RestoreAsync(without);
        _variables.Remove("NUGET_PLUGIN_PATHS");
        await RestoreAsync(import);

        var times = await RoundsAsync(NoOps, ways.Length, async way => await RestoreAsync(ways[way].Folder));
        text.AppendLine($"""

            ## `dotnet restore` that has nothing to do, with the MSBuild package

            {NoOps} rounds, one project, nothing installed, token in the cache.

            | | ms | ratio to without, by round |
            | --- | --- | --- |
            """);
        for (var i = 0; i < ways.Length; i++)
            text.AppendLine($"| {ways[i].Name} | {Figures.Spread(times[i], "0")} | {Figures.Spread([.. times[i].Zip(times[0], (own, other) => own / other)], "0.000")} |");
    }

    private async Task WriteColdAsync(StringBuilder text)
    {
        for (var i = 0; i < Domains; i++)
        {
            var repository = new Repository(_aws.World.AddDomain($"domain{i}"), "app");
            repository.With(Package.Create($"Part{i}", "1.0.0"));
            _aws.World.Repositories.Add(repository);
        }

        var (one, five, warmed) = (WriteRepository("one", Projects, domains: 1), WriteRepository("five", Projects, Domains), WriteRepository("warmed", Projects, Domains));
        AddSdk(warmed);
        (string Name, string Folder)[] ways = [("1 domain, plugin on PATH", one), ($"{Domains} domains, plugin on PATH", five), ($"{Domains} domains, MSBuild package", warmed)];
        _aws.Faults.Add(new Fault("codeartifact") { Delay = TokenTime });
        var plugin = $"{Path.Combine(Artifacts, "native")}:{_variables["PATH"]}";
        var path = _variables["PATH"];

        var times = await RoundsAsync(ColdRounds, ways.Length, async way =>
        {
            _variables["PATH"] = ways[way].Folder == warmed ? path : plugin;
            return await AllSourcesAsync(ways[way].Folder);
        });
        text.AppendLine($"""

            ## What all sources need before they serve packages: {Projects} projects, empty cache

            {ColdRounds} rounds; CodeArtifact takes {TokenTime.TotalMilliseconds} ms for a token. From NuGet's first request until the last source takes its token, and before that, the warm-up.

            | | ms | ratio to one domain, by round |
            | --- | --- | --- |
            """);
        for (var i = 0; i < ways.Length; i++)
            text.AppendLine($"| {ways[i].Name} | {Figures.Spread(times[i], "0")} | {Figures.Spread([.. times[i].Zip(times[0], (own, other) => own / other)], "0.00")} |");
    }

    /// <summary>A B C, then C B A: whoever comes last finds a warmer machine.</summary>
    private static async Task<List<double>[]> RoundsAsync(int rounds, int ways, Func<int, Task<double>> measure)
    {
        var times = Enumerable.Range(0, ways).Select(_ => new List<double>()).ToArray();
        for (var round = -1; round < rounds; round++)
        {
            foreach (var way in round % 2 == 0 ? Enumerable.Range(0, ways) : Enumerable.Range(0, ways).Reverse())
            {
                var time = await measure(way);
                if (round >= 0)
                    times[way].Add(time);
            }
        }

        return times;
    }

    private async Task<double> AllSourcesAsync(string folder)
    {
        foreach (var cache in new[] { Path.Combine(_variables["HOME"], ".cache"), Path.Combine(_variables["HOME"], ".local") })
        {
            if (Directory.Exists(cache))
                Directory.Delete(cache, recursive: true);
        }

        foreach (var package in Directory.GetDirectories(_variables["NUGET_PACKAGES"], "part*"))
            Directory.Delete(package, recursive: true);
        foreach (var obj in Directory.GetDirectories(folder, "obj", SearchOption.AllDirectories))
            Directory.Delete(obj, recursive: true);
        _aws.Audit.Clear();
        await RestoreAsync(folder);
        // Between the warm-up and NuGet's first request MSBuild evaluates projects, in each way for as long.
        var (tokens, feeds) = (Of("metadata", "codeartifact"), Of("nuget"));
        var first = Began(feeds[0]);
        var early = tokens.Where(entry => entry.Time < first).ToList();
        var served = feeds.Where(entry => entry is { Operation: "ServiceIndex", Status: 200 }).GroupBy(entry => entry.Host).Max(host => host.Min(entry => entry.Time));
        return (served - first).TotalMilliseconds + (early.Count == 0 ? 0 : (early[^1].Time - Began(early[0])).TotalMilliseconds);
    }

    private List<AuditEntry> Of(params string[] services) => [.. _aws.Audit.Entries.Where(entry => services.Contains(entry.Service)).OrderBy(entry => entry.Time)];

    private static DateTimeOffset Began(AuditEntry entry) => entry.Time - entry.Took;

    private async Task<double> RestoreAsync(string folder)
    {
        var start = new ProcessStartInfo("dotnet", ["restore"]) { WorkingDirectory = folder, RedirectStandardOutput = true };
        start.Environment.Clear();
        foreach (var (name, value) in _variables)
            start.Environment[name] = value;
        var watch = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        var elapsed = watch.Elapsed.TotalMilliseconds;
        return process.ExitCode == 0 ? elapsed : throw new InvalidOperationException(output);
    }

    private static void AddSdk(string folder) =>
        File.WriteAllText(Path.Combine(folder, "Directory.Build.props"), $"""<Project><Sdk Name="{Id}" Version="{Version}" /></Project>""");

    /// <summary>Each project refers to a package of each domain.</summary>
    private string WriteRepository(string name, int projects, int domains)
    {
        var folder = _root.CreateSubdirectory(name);
        var isSimple = projects == 1;
        var references = string.Concat(Enumerable.Range(0, domains).Select(i => $"""<PackageReference Include="{(isSimple ? "Contoso.App.Client" : $"Part{i}")}" Version="1.0.0" />"""));
        for (var i = 0; i < projects; i++)
        {
            File.WriteAllText(Path.Combine(folder.CreateSubdirectory($"p{i}").FullName, $"p{i}.csproj"), $"""
                <Project Sdk="Microsoft.NET.Sdk">
                  <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
                  <ItemGroup>{references}</ItemGroup>
                </Project>
                """);
        }

        File.WriteAllText(Path.Combine(folder.FullName, $"{name}.slnx"), $"<Solution>{string.Concat(Enumerable.Range(0, projects).Select(i => $"""<Project Path="p{i}/p{i}.csproj" />"""))}</Solution>");
        const string Gallery = "gallery.example.test";
        if (!_aws.World.ForeignFeeds.Exists(feed => feed.Host == Gallery))
            _aws.World.ForeignFeeds.Add(new ForeignFeed(Gallery, Password: null));
        var sources = Enumerable.Range(0, domains).Select(i => $"""<add key="d{i}" value="{(isSimple ? Conversation.App : Conversation.App.Replace("contoso", $"domain{i}", StringComparison.Ordinal))}" />""");
        File.WriteAllText(Path.Combine(folder.FullName, "nuget.config"), $"""
            <configuration>
              <packageSources><clear /><add key="packages" value="{Path.Combine(Artifacts, "packages")}" />{string.Concat(sources)}</packageSources>
              <auditSources><clear /><add key="gallery" value="https://{Gallery}/v3/index.json" /></auditSources>
            </configuration>
            """);
        return folder.FullName;
    }
}
