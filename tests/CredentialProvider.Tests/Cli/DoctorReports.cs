using System.Text.Json;
using CredentialProvider.Cli;
using CredentialProvider.Cli.Doctor;
using CredentialProvider.Cli.NuGet;

namespace CredentialProvider.Tests.Cli;

/// <summary>The report of doctor.</summary>
public sealed class DoctorReports : IDisposable
{
    private readonly StringWriter _output = new();

    public void Dispose() => _output.Dispose();

    [Fact]
    public async Task Have_an_exception_as_the_failure_of_its_check_and_all_other_checks()
    {
        var report = new DoctorReport(new Terminal(_output, TextWriter.Null, hasColors: false, isInteractive: false), isJson: true);

        report.Add(null, Checks.Cache, [Finding.Ok(Checks.Cache, "first"), .. new[] { 0 }.Select(_ => Finding.Ok(Checks.Cache, "second"))]);
        report.Add(null, Checks.Log, Failing(new InvalidOperationException("no such thing")));
        await report.AddAsync(null, Checks.Plugin, PluginsAsync(new CommandFailedException("no plugin", "install one")));
        report.Add(null, Checks.Settings, [Finding.Ok(Checks.Settings, "last")]);

        Assert.False(report.Finish());
        using var json = JsonDocument.Parse(_output.ToString());
        Assert.Equal(["cache ok", "cache ok", "log ok", "log fail", "plugin fail", "settings ok"],
            json.RootElement.EnumerateArray().Select(finding => $"{finding.GetProperty("check")} {finding.GetProperty("outcome")}"));
    }

    /// <summary>The token of a private feed is often a part of its path.</summary>
    [Theory]
    [InlineData("https://nuget.example.test/F/x/auth/hunter2/api/v3/index.json", "https://nuget.example.test")]
    [InlineData("https://nuget.example.test/nuget/v2/hunter2", "https://nuget.example.test")]
    [InlineData(" https://nuget.example.test/nuget/hunter2/v3/index.json", "https://nuget.example.test")]
    [InlineData("https://codeartifact.example.test/F/hunter2/api/v3/index.json", "https://codeartifact.example.test")]
    [InlineData("http://a.d.codeartifact.example.test/nuget/hunter2/", "http://a.d.codeartifact.example.test")]
    public void Name_only_the_host_of_a_foreign_feed(string url, string host)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.Below("nuget.config"), $"""
            <configuration><packageSources><clear /><add key="other" value="{url}" /></packageSources></configuration>
            """);
        var settings = SettingsFromVariables.From();
        var nuget = new NuGetSources(settings, folder.Path);
        var report = new DoctorReport(new Terminal(_output, TextWriter.Null, hasColors: false, isInteractive: false), isJson: false);
        foreach (var source in CheckedSource.Find(nuget, settings, ["other", url.Trim()], owner: null, region: null))
        {
            report.Begin(source);
            report.Add(source, Checks.Url, new SourceChecks(settings, nuget, source).CheckUrl());
        }

        Assert.Contains($"{host} is not a CodeArtifact feed", _output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Do_not_hide_that_the_user_stopped_the_run() => Assert.Throws<OperationCanceledException>(() => new DoctorReport(
        new Terminal(_output, TextWriter.Null, hasColors: false, isInteractive: false), isJson: true).Add(null, Checks.Log, Failing(new OperationCanceledException())));

    private static IEnumerable<Finding> Failing(Exception e)
    {
        yield return Finding.Ok(Checks.Log, "before");
        throw e;
    }

    private static async IAsyncEnumerable<Finding> PluginsAsync(Exception e)
    {
        await Task.Yield();
        throw e;
#pragma warning disable CS0162 // makes this an iterator
        yield break;
#pragma warning restore CS0162
    }
}
