using LocalAws;

namespace CredentialProvider.Benchmarks;

/// <summary>Whole <c>dotnet restore</c> runs with the plugin, with a static token, and with a plugin that only answers constants.</summary>
internal static class Restores
{
    public static async Task MeasureAsync(Report report)
    {
        report.Section("Whole restores", "`dotnet restore --force`. All packages are downloaded each time, except in the last row. "
            + "The floor shows what NuGet itself spends on any plugin.\n"
            + "Cold means no token in the cache. There are as many rounds as the time allows.",
            "restore | credentials from | rounds | ms | ratio to a static token, per round | ratio to the floor, per round");
        Kind[] all =
        [
            new("1 package", 1), new("40 packages", 40), new("40 packages, cold", 40) { IsCold = true }, new("400 packages", 400),
            new("100 projects, 40 packages", 40, Projects: 100),
            new("40 packages, already on disk", 40) { HasPackages = true },
        ];
        if (report.IsQuick)
            all = [all[1], all[^1]];
        for (var i = 0; i < all.Length; i++)
        {
            // Each kind gets an equal share of the remaining time.
            var end = DateTimeOffset.UtcNow + ((report.End - DateTimeOffset.UtcNow) / (all.Length - i));
            await RestoreAsync(report, all[i], end);
        }
    }

    private static async Task RestoreAsync(Report report, Kind kind, DateTimeOffset end)
    {
        var (name, packages, projects) = kind;
        await using var machine = await BenchmarkMachine.StartAsync();
        var (world, repository) = (machine.Services.World, machine.Services.World.Repositories[0]);
        for (var i = 0; i < packages; i++)
            repository.With(Package.Create($"Contoso.Part{i:000}", "1.0.0"));
        var token = world.IssueToken(repository.Domain,
            world.OpenSession(world.InstanceRole!, "static", DateTimeOffset.UtcNow), DateTimeOffset.UtcNow.AddHours(12));
        (string Name, string Solution, Dictionary<string, string> Variables)[] variants =
        [
            ("a static token in nuget.config", WriteSolution(machine, "static", packages, projects, token), machine.Variables),
            ("the floor", WriteSolution(machine, "floor", packages, projects, null),
                machine.With(("NUGET_PLUGIN_PATHS", BenchmarkMachine.Floor), ("FLOOR_TOKEN", token))),
            ("the native plugin", WriteSolution(machine, "plugin", packages, projects, null),
                machine.With(("NUGET_PLUGIN_PATHS", BenchmarkMachine.Native), ("CODEARTIFACT_CACHE", kind.IsCold ? "off" : "on"))),
            ("the MSBuild package, no plugin installed", WriteSolution(machine, "package", packages, projects, null),
                machine.With(("CODEARTIFACT_CACHE", kind.IsCold ? "off" : "on"))),
        ];
        MSBuildPackage.Import(machine, "package");
        var times = variants.Select(_ => new List<double>()).ToList();
        for (var round = -1; round < (report.IsQuick ? 1 : 3) || (round < kind.MaxRounds && DateTimeOffset.UtcNow < end); round++)
        {
            foreach (var i in Report.Alternate(round, variants.Length))
            {
                var folder = machine.Folder($"packages{i}");
                variants[i].Variables["NUGET_PACKAGES"] = folder;
                var elapsed = await BenchmarkMachine.TimeAsync(variants[i].Solution, variants[i].Variables, "dotnet", "restore", "--force", "--no-cache");
                if (round >= 0)
                    times[i].Add(elapsed);
                if (!kind.HasPackages)
                    Directory.Delete(folder, recursive: true);
            }
        }

        for (var i = 0; i < variants.Length; i++)
        {
            string Ratio(int to) => Figures.Spread(times[i].Zip(times[to], (own, other) => own / other), "0.000");
            report.Row(name, variants[i].Name, $"{times[i].Count}", Figures.Spread(times[i], "0"), Ratio(0), Ratio(1));
        }

        var limit = (Figures.Ratio(times[1], times[0]), "the floor: NuGet's own plugin client, with a plugin that answers with constants");
        if (kind is { IsCold: false, HasPackages: false, Projects: 1 })
        {
            var package = Figures.Ratio(times[3], times[0]);
            report.Goal($"{name}: restore with the MSBuild package / with a static token", "1.03", package, package <= 1.03, "0.000", limit);
        }

        if (kind.IsCold || packages != 40 || projects > 1)
            return;
        var (toStatic, toFloor) = (Figures.Ratio(times[2], times[0]), Figures.Ratio(times[2], times[1]));
        report.Goal($"{name}: restore with the plugin / with a static token", "1.01", toStatic, toStatic <= 1.01, "0.000", limit);
        // No plugin is asked when all packages are on disk.
        if (!kind.HasPackages)
            report.Goal($"{name}: restore with the plugin / with the floor", "1.01", toFloor, toFloor <= 1.01, "0.000", (1, "itself"));
    }

    private sealed record Kind(string Name, int Packages, int Projects = 1)
    {
        /// <summary>No token in the cache.</summary>
        public bool IsCold { get; init; }

        /// <summary>All packages are on disk since the warm-up round.</summary>
        public bool HasPackages { get; init; }

        public int MaxRounds => HasPackages ? 60 : 16;
    }

    private static string WriteSolution(BenchmarkMachine machine, string name, int packages, int projects, string? token)
    {
        var references = string.Concat(Enumerable.Range(0, packages).Select(i => $"""<PackageReference Include="Contoso.Part{i:000}" Version="1.0.0" />"""));
        var credentials = token is null ? "" : $"""
            <packageSourceCredentials><app><add key="Username" value="aws" /><add key="ClearTextPassword" value="{token}" /></app></packageSourceCredentials>
            """;
        return machine.WriteSolution(name, projects, references, $"""
            <configuration><packageSources><clear /><add key="app" value="{PluginSession.App}" /></packageSources>{credentials}</configuration>
            """);
    }
}
