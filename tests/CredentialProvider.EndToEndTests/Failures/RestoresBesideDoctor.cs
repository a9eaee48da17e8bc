using System.Text;

namespace CredentialProvider.EndToEndTests.Failures;

/// <summary>
/// Every fault in discovery and sources, and pairs of them: a restore fails if and only if <c>doctor</c> does. The restore is the SDK's own
/// (tests/NuGetRestore). artifacts/restores-beside-doctor.md has the results of a run.
/// </summary>
[Trait("Category", "Slow")]
public sealed class RestoresBesideDoctor(PlantedMachines machines) : IClassFixture<PlantedMachines>
{
    public static TheoryData<string> Names => [.. PlantedFault.All.Select(fault => fault.Name)];

    public static TheoryData<string, string> PairsOfNames => [.. PlantedFault.Pairs];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task One_fault_fails_the_check_for_it_and_the_restore_or_neither(string name)
    {
        var result = await machines.RunAsync(name);

        Assert.True(PlantedFault.All.Single(fault => fault.Name == name).Check == result.FailedCheck, result.Describe());
        Assert.True(result.IsRestored == result.FailedCheck is null, result.Describe());
        Assert.DoesNotContain(PasswordProxy.Password, result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(PairsOfNames))]
    public async Task Two_faults_fail_a_check_and_the_restore_or_neither(string one, string other)
    {
        var result = await machines.RunAsync(one, other);

        Assert.True(result.IsRestored == result.FailedCheck is null, result.Describe());
    }

    [Fact]
    public async Task A_machine_without_faults_restores()
    {
        var result = await machines.RunAsync();

        Assert.True(result.IsRestored && result.FailedCheck is null, result.Describe());
    }

    /// <summary>Ten of them with MSBuild and everything else that <c>dotnet restore</c> does.</summary>
    [Theory]
    [InlineData("a dangling link after the plugin")]
    [InlineData("another plugin that ends, before")]
    [InlineData("another plugin that ends, after")]
    [InlineData("NuGet remembers that the plugin has no credentials")]
    [InlineData("mapping of the feed's second name")]
    [InlineData("the source is disabled in the folder above")]
    [InlineData("an encrypted stored password")]
    [InlineData("a stored password that has expired")]
    [InlineData("a blank before the URL")]
    [InlineData("NuGet's cache does not have the version")]
    public async Task Dotnet_restore_has_the_same_result(string name)
    {
        await using var machine = machines.Plant(name);
        Assert.Equal((await machines.RunAsync(name)).IsRestored, (await machine.DotnetRestoreAsync()).ExitCode == 0);
    }

    [Fact]
    public async Task More_than_two_hundred_machines_were_compared()
    {
        var results = new List<PlantedResult>();
        foreach (var fault in PlantedFault.All)
            results.Add(await machines.RunAsync(fault.Name));
        foreach (var (one, other) in PlantedFault.Pairs)
            results.Add(await machines.RunAsync(one, other));
        var table = new StringBuilder("| faults | restore | first failed check of `doctor` |\n| --- | --- | --- |\n");
        foreach (var result in results)
            table.Append(System.Globalization.CultureInfo.InvariantCulture, $"| {result.Name} | {(result.IsRestored ? "works" : "fails")} | {result.FailedCheck} |\n");
        await File.WriteAllTextAsync(Artifacts.Built("restores-beside-doctor.md"), table.ToString(), TestContext.Current.CancellationToken);
        Assert.InRange(results.DistinctBy(result => result.Name).Count(), 201, int.MaxValue);
        Assert.InRange(results.Count(result => result.IsRestored), 50, 150);
    }
}
