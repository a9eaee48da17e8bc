using System.Security.Cryptography;
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

    /// <summary>The label says nothing about a host that the user has configured.</summary>
    [Theory]
    [InlineData("https://codeartifact.contoso.example/nuget/app/v3/index.json")]
    [InlineData("https://codeartifact.contoso.example/index.json")]
    [InlineData("https://app.d.codeartifact.contoso.example/nuget/app/v3/index.json")]
    public void Have_no_mistake_for_a_private_host(string url)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.Below("codeartifact.json"), """
            {"hosts": {
              "codeartifact.contoso.example": {"domain": "contoso", "owner": "111122223333", "region": "us-east-1", "repository": "app"},
              "app.d.codeartifact.contoso.example": {"domain": "contoso", "owner": "111122223333", "region": "us-east-1", "repository": "app"}
            }}
            """);
        File.WriteAllText(folder.Below("nuget.config"), $"""
            <configuration><packageSources><clear /><add key="private" value="{url}" /></packageSources></configuration>
            """);
        var settings = SettingsFromVariables.From(("CODEARTIFACT_CONFIG", folder.Below("codeartifact.json")));
        var nuget = new NuGetSources(settings, folder.Path);

        var source = Assert.Single(CheckedSource.Find(nuget, settings, [], owner: null, region: null));

        Assert.Equal([Finding.Ok(Checks.Url, "domain contoso (111122223333, us-east-1), repository app")], new SourceChecks(settings, nuget, source).CheckUrl());
    }

    [Fact]
    public void Fail_for_a_password_that_NuGet_cannot_decrypt()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.Below("nuget.config"), """
            <configuration>
              <packageSources>
                <clear />
                <add key="encrypted" value="https://a.example.test/v3/index.json" />
                <add key="clear" value="https://b.example.test/v3/index.json" />
                <add key="none" value="https://c.example.test/v3/index.json" />
              </packageSources>
              <packageSourceCredentials>
                <encrypted><add key="Username" value="u" /><add key="Password" value="not base64" /></encrypted>
                <clear><add key="Username" value="u" /><add key="ClearTextPassword" value="x" /></clear>
              </packageSourceCredentials>
            </configuration>
            """);
        var sources = new NuGetSources(SettingsFromVariables.From(), folder.Path).All;

        Assert.Equal(["encrypted"], sources.Where(SourceChecks.CannotDecrypt).Select(source => source.Name));
    }

    /// <summary>On Windows, NuGet decrypts http_proxy.password.</summary>
    [Fact]
    public void Explain_a_proxy_that_NuGet_cannot_read()
    {
        Assert.Equal("it is not a URL", NuGetProxy.Read(() => throw new UriFormatException()).Problem);
        Assert.Equal("it cannot be decrypted: not base64", NuGetProxy.Read(() => throw new FormatException("not base64.")).Problem);
        Assert.Equal("it cannot be decrypted: Key not valid for use in specified state",
            NuGetProxy.Read(() => throw new CryptographicException("Key not valid for use in specified state.\r\n")).Problem);
        Assert.Equal((null, null), NuGetProxy.Read(() => null));
    }

    /// <summary>MSBuild's restore has sources that doctor does not read, whether or not nuget.config has some.</summary>
    [Theory]
    [InlineData("<Project><PropertyGroup><RestoreSources>x</RestoreSources></PropertyGroup></Project>")]
    [InlineData("<Project><PropertyGroup><restoresources>x</restoresources></PropertyGroup></Project>")]
    [InlineData("<Project><PropertyGroup><RestoreAdditionalProjectSources>x</RestoreAdditionalProjectSources></PropertyGroup></Project>")]
    public void Name_a_file_with_other_sources(string project)
    {
        using var folder = new TemporaryFolder();
        var file = folder.Below("Directory.Build.props");
        File.WriteAllText(file, project);
        File.WriteAllText(folder.Below("nuget.config"), """
            <configuration><packageSources><clear /><add key="contoso" value="https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json" /></packageSources></configuration>
            """);
        var settings = SettingsFromVariables.From();
        var nuget = NuGetSources.From(settings, folder.Path);

        var findings = new ConfigurationChecks(settings, nuget).CheckSources(
            CheckedSource.Find(nuget, settings, [], owner: null, region: null), package: null, new ProjectSdks(folder.Path)).ToList();

        Assert.Contains(file, Assert.Single(findings, finding => finding.Outcome == Outcome.Skip).Text, StringComparison.Ordinal);
        Assert.Contains(findings, finding => finding.Text.Contains($"looks for nuget.config in {folder.Path} ", StringComparison.Ordinal));
        Assert.Equal($" --configfile {folder.Below("nuget.config")}", nuget.ConfigFileOption);
    }

    /// <summary>MSBuild's names ignore case.</summary>
    [Fact]
    public void Find_a_property_of_MSBuild_in_any_case()
    {
        Dictionary<string, string?> variables = new() { ["restoresources"] = " /a ", ["RESTORECONFIGFILE"] = "b", ["RestoreConfigFile"] = "c", ["RestoreRootConfigDirectory"] = " " };

        Assert.Equal(("restoresources", "/a"), RestoreProperties.Find(RestoreProperties.Sources, variables));
        Assert.Equal(("RestoreConfigFile", "c"), RestoreProperties.Find(RestoreProperties.ConfigFile, variables));
        Assert.Null(RestoreProperties.Find(RestoreProperties.RootFolder, variables));
        Assert.Null(RestoreProperties.Find(RestoreProperties.AdditionalSources, variables));
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
