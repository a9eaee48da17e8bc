using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using LocalAws;

namespace CredentialProvider.EndToEndTests.Failures;

/// <param name="FailedCheck">The first check of doctor that failed; null if none did.</param>
/// <param name="Output">Of both.</param>
internal sealed record PlantedResult(string Name, bool IsRestored, string? FailedCheck, string Output)
{
    public string Describe() => $"{Name}: the restore {(IsRestored ? "works" : "fails")}, doctor's first failed check is {FailedCheck ?? "none"}\n{Output}";
}

/// <summary>One simulated AWS and one token cache for all machines. Each combination of faults runs once.</summary>
public sealed class PlantedMachines : IAsyncLifetime
{
    private const int Parallelism = 4;

    private readonly SemaphoreSlim _slots = new(Parallelism);
    private readonly ConcurrentDictionary<string, Task<PlantedResult>> _runs = new();
    private readonly DirectoryInfo _cache = Directory.CreateTempSubdirectory("cacp-");
    private LocalAwsServer _aws = null!;

    public async ValueTask InitializeAsync()
    {
        Artifacts.RequireNative();
        _aws = await LocalAwsServer.StartAsync();
        _aws.World.ForeignFeeds.Add(new ForeignFeed("gallery.example.test", Password: null));
        // Tests run one after the other, and machines four at a time.
        foreach (var fault in PlantedFault.All)
            _ = RunAsync(fault.Name);
        foreach (var (one, other) in PlantedFault.Pairs)
            _ = RunAsync(one, other);
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_runs.Values);
        await _aws.DisposeAsync();
        _slots.Dispose();
        _cache.Delete(recursive: true);
    }

    internal Task<PlantedResult> RunAsync(params string[] names) => _runs.GetOrAdd(string.Join(" + ", names), _ => Task.Run(async () =>
    {
        await _slots.WaitAsync();
        try
        {
            await using var machine = Plant(names);
            var restore = await machine.RestoreAsync();
            var doctor = await machine.DoctorAsync();
            return new PlantedResult(string.Join(" + ", names), restore.ExitCode == 0, FindFailure(doctor), $"{restore.Output}\n{doctor.Output}");
        }
        finally
        {
            _slots.Release();
        }
    }));

    /// <summary>The first failed check; or what is wrong with the report, which is complete whatever the fault.</summary>
    private static string? FindFailure(Outcome doctor)
    {
        var end = doctor.Output.LastIndexOf(']');
        if (end < 0)
            return "no report";
        var findings = JsonNode.Parse(doctor.Output[..(end + 1)])!.AsArray().Select(finding => ((string)finding!["check"]!, (string)finding["outcome"]!)).ToList();
        string[] always = ["settings", "plugin", "cache"];
        return always.Except(findings.Select(finding => finding.Item1)).Select(missing => $"no check {missing}").FirstOrDefault()
            ?? (doctor.ExitCode == (findings.Exists(finding => finding.Item2 == "fail") ? 1 : 0) ? findings.Find(finding => finding.Item2 == "fail").Item1
                : $"exit code {doctor.ExitCode}");
    }

    internal PlantedMachine Plant(params string[] names)
    {
        var machine = new PlantedMachine(_aws, _cache.FullName);
        foreach (var name in names)
            PlantedFault.All.Single(fault => fault.Name == name).Plant(machine);
        machine.Complete();
        return machine;
    }
}
