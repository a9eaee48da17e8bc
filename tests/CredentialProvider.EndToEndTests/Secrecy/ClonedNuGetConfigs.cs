namespace CredentialProvider.EndToEndTests.Secrecy;

/// <summary>What the nuget.config of a cloned repository can put into the log of a CI job.</summary>
public sealed class ClonedNuGetConfigs
{
    /// <summary>Azure Pipelines and GitHub run such lines of a log.</summary>
    [Theory]
    [InlineData("::error::forged")]
    [InlineData("##vso[task.setvariable variable=PATH]/tmp/evil")]
    [InlineData("##[error]forged")]
    public async Task Give_no_commands_to_a_CI_system(string name)
    {
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.PutNativeOnPath();
        sandbox.WriteConfig("client", (name, Feeds.App));

        foreach (var command in new string[][] { ["doctor"], ["doctor", "--json"], ["diagnose"], ["configure", "forget", name], ["doctor", "--", name + "x"] })
        {
            var output = (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), command)).Output;

            Assert.NotEmpty(output);
            Assert.DoesNotContain("##vso[", output, StringComparison.Ordinal);
            Assert.DoesNotContain("##[", output, StringComparison.Ordinal);
            Assert.DoesNotContain(output.Split('\n'), line => line.TrimStart().StartsWith("::", StringComparison.Ordinal));
        }
    }

    /// <summary>MyGet has the key of a user in the path.</summary>
    [Fact]
    public async Task Are_shown_with_the_host_of_a_foreign_http_feed()
    {
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.PutNativeOnPath();
        sandbox.WriteConfig("client", ("contoso", Feeds.App), ("gallery", "http://gallery.example.test/F/app/auth/key-42/api/v3/index.json"));

        var report = (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "doctor")).Failed().Output;

        Assert.Contains("source gallery has the http URL http://gallery.example.test, so restores fail", report, StringComparison.Ordinal);
        Assert.DoesNotContain("key-42", report, StringComparison.Ordinal);
    }
}
