using System.IO.Compression;
using LocalAws;

namespace CredentialProvider.Benchmarks;

/// <summary>What the MSBuild package adds to a restore with nothing to do, and what it saves a restore with an empty
/// cache.</summary>
internal static class MSBuildPackage
{
    private const string Id = "CredentialProvider.CodeArtifact.MSBuild", Gallery = "gallery.example.test";
    private const int NoOps = 40, Colds = 4, Domains = 5;

    /// <summary>How long CodeArtifact takes to issue a token.</summary>
    private static readonly TimeSpan TokenTime = TimeSpan.FromMilliseconds(300);

    private static readonly string Packages = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(BenchmarkMachine.Native)!, "..", "packages"));

    private static string Version => Path.GetFileNameWithoutExtension(Directory.GetFiles(Packages, $"{Id}.*.nupkg").Single())[(Id.Length + 1)..];

    public static async Task MeasureAsync(Report report)
    {
        await NoOpsAsync(report);
        await ColdAsync(report);
    }

    /// <summary>Lets the projects in a folder import the package, unpacked as NuGet does.</summary>
    public static void Import(BenchmarkMachine machine, string folder)
    {
        var unpacked = machine.Folder("msbuild-package");
        ZipFile.ExtractToDirectory(Path.Combine(Packages, $"{Id}.{Version}.nupkg"), unpacked, overwriteFiles: true);
        foreach (var program in Directory.GetFiles(unpacked, Path.GetFileName(BenchmarkMachine.Native), SearchOption.AllDirectories))
            File.SetUnixFileMode(program, File.GetUnixFileMode(program) | UnixFileMode.UserExecute);
        machine.Write($"{folder}/Directory.Build.props", $"""<Project><Import Project="{unpacked}/Sdk/Sdk.props" /></Project>""");
        machine.Write($"{folder}/Directory.Build.targets", $"""<Project><Import Project="{unpacked}/Sdk/Sdk.targets" /></Project>""");
    }

    private static async Task NoOpsAsync(Report report)
    {
        await using var machine = await StartAsync();
        var (restored, variables) = (machine.Folder("packages"), machine.Variables);
        variables["NUGET_PACKAGES"] = restored;
        var (without, import, sdk) = (WriteSolution(machine, "without", 1, ["contoso"]),
            WriteSolution(machine, "import", 1, ["contoso"]), WriteSolution(machine, "sdk", 1, ["contoso"]));
        AddSdk(machine, "sdk");
        Import(machine, "import");
        // Downloads the package and fills the token cache.
        await BenchmarkMachine.TimeAsync(sdk, variables, "dotnet", "restore");
        await BenchmarkMachine.TimeAsync(without, new Dictionary<string, string>(variables) { ["NUGET_PLUGIN_PATHS"] = BenchmarkMachine.Native },
            "dotnet", "restore");
        (string Name, string Folder)[] variants =
            [("without the package", without), ("its two files imported", import), ("as `<Sdk>`, which MSBuild resolves first", sdk)];

        var times = await RoundsAsync(report.Rounds(NoOps), variants.Length,
            variant => BenchmarkMachine.TimeAsync(variants[variant].Folder, variables, "dotnet", "restore"));

        report.Section("`dotnet restore` with nothing to do, with the MSBuild package", "One project, no plugin installed, token in the cache.",
            "MSBuild package | ms | ratio to no package, per round");
        for (var i = 0; i < variants.Length; i++)
            report.Row(variants[i].Name, Figures.Spread(times[i], "0"), Figures.Spread(times[i].Zip(times[0], (own, other) => own / other), "0.000"));
        var ratio = Figures.Ratio(times[1], times[0]);
        report.Goal("restore with nothing to do: MSBuild package imported / no package", "1.02", ratio, ratio <= 1.02, "0.000");
    }

    private static async Task ColdAsync(Report report)
    {
        await using var machine = await StartAsync();
        var projects = report.IsQuick ? 5 : 50;
        string[] domains = [.. Enumerable.Range(0, Domains).Select(i => $"domain{i}")];
        foreach (var domain in domains)
            machine.Services.World.Repositories.Add(new Repository(machine.Services.World.AddDomain(domain), "app")
                .With(Package.Create($"Part.{domain}", "1.0.0")));
        machine.Services.Faults.Add(new Fault("codeartifact") { Delay = TokenTime });
        var (installed, variables) = (machine.With(("NUGET_PLUGIN_PATHS", BenchmarkMachine.Native)), machine.Variables);
        (string Name, string Folder, Dictionary<string, string> Variables)[] variants =
        [
            ("1 domain, plugin installed", WriteSolution(machine, "one", projects, domains[..1]), installed),
            ($"{Domains} domains, plugin installed", WriteSolution(machine, "five", projects, domains), installed),
            ($"{Domains} domains, MSBuild package", WriteSolution(machine, "along", projects, domains), variables),
        ];
        AddSdk(machine, "along");

        var times = await RoundsAsync(report.Rounds(Colds), variants.Length, async variant =>
        {
            if (Directory.Exists(machine.Cache))
                Directory.Delete(machine.Cache, recursive: true);
            variants[variant].Variables["NUGET_PACKAGES"] = machine.Folder(Path.GetRandomFileName());
            variants[variant].Variables["NUGET_HTTP_CACHE_PATH"] = machine.Folder(Path.GetRandomFileName());
            foreach (var obj in Directory.GetDirectories(variants[variant].Folder, "obj", SearchOption.AllDirectories))
                Directory.Delete(obj, recursive: true);
            machine.Services.Audit.Clear();
            await BenchmarkMachine.TimeAsync(variants[variant].Folder, variants[variant].Variables, "dotnet", "restore");
            return UntilServed([.. machine.Services.Audit.Entries.OrderBy(entry => entry.Time)]);
        });

        report.Section($"Time until all sources serve packages: {projects} projects, empty cache",
            $"CodeArtifact takes {TokenTime.TotalMilliseconds} ms per token. Measured from NuGet's first request until the last source accepts its token, "
            + "plus the warm-up before it.",
            "sources | ms | ratio to one domain, per round");
        for (var i = 0; i < variants.Length; i++)
            report.Row(variants[i].Name, Figures.Spread(times[i], "0"), Figures.Spread(times[i].Zip(times[0], (own, other) => own / other), "0.00"));
        var ratio = Figures.Ratio(times[2], times[0]);
        report.Goal($"{Domains} domains with the MSBuild package / 1 domain without it, empty cache", "1.5", ratio, ratio <= 1.5);
    }

    /// <summary>In milliseconds. Leaves out the time between the warm-up and NuGet's first request, in which MSBuild evaluates projects, with or
    /// without the package.</summary>
    private static double UntilServed(List<AuditEntry> entries)
    {
        var feeds = entries.Where(entry => entry.Service == "nuget").ToList();
        var first = StartOf(feeds[0]);
        var early = entries.Where(entry => entry.Service is "metadata" or "codeartifact" && entry.Time < first).ToList();
        var served = feeds.Where(entry => entry is { Operation: "ServiceIndex", Status: 200 })
            .GroupBy(entry => entry.Host).Max(host => host.Min(entry => entry.Time));
        return (served - first).TotalMilliseconds + (early.Count == 0 ? 0 : (early[^1].Time - StartOf(early[0])).TotalMilliseconds);
    }

    private static DateTimeOffset StartOf(AuditEntry entry) => entry.Time - entry.Took;

    /// <summary>The first round is a warm-up and is dropped.</summary>
    private static async Task<List<double>[]> RoundsAsync(int rounds, int variants, Func<int, Task<double>> measure)
    {
        var times = Enumerable.Range(0, variants).Select(_ => new List<double>()).ToArray();
        for (var round = -1; round < rounds; round++)
        {
            foreach (var variant in Report.Alternate(round, variants))
            {
                var time = await measure(variant);
                if (round >= 0)
                    times[variant].Add(time);
            }
        }

        return times;
    }

    /// <summary>With a public gallery that serves vulnerability data, which NuGet queries while it downloads the package.</summary>
    private static async Task<BenchmarkMachine> StartAsync()
    {
        var machine = await BenchmarkMachine.StartAsync();
        machine.Services.World.ForeignFeeds.Add(new ForeignFeed(Gallery, Password: null));
        return machine;
    }

    private static void AddSdk(BenchmarkMachine machine, string folder) =>
        machine.Write($"{folder}/Directory.Build.props", $"""<Project><Sdk Name="{Id}" Version="{Version}" /></Project>""");

    /// <summary>Each project references one package per domain.</summary>
    private static string WriteSolution(BenchmarkMachine machine, string name, int projects, string[] domains)
    {
        var references = string.Concat(domains.Select(domain =>
            $"""<PackageReference Include="{(domain == "contoso" ? "Contoso.App.Client" : $"Part.{domain}")}" Version="1.0.0" />"""));
        var sources = domains.Select(domain => $"""<add key="{domain}" value="{PluginSession.App.Replace("contoso", domain, StringComparison.Ordinal)}" />""");
        return machine.WriteSolution(name, projects, references, $"""
            <configuration>
              <packageSources><clear /><add key="packages" value="{Packages}" />{string.Concat(sources)}</packageSources>
              <auditSources><clear /><add key="gallery" value="https://{Gallery}/v3/index.json" /></auditSources>
            </configuration>
            """);
    }
}
