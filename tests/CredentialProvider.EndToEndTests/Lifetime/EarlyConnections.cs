using LocalAws;

namespace CredentialProvider.EndToEndTests.Lifetime;

/// <summary>The connection to CodeArtifact is opened while credentials are fetched.</summary>
public sealed class EarlyConnections
{
    private const string CodeArtifact = "codeartifact.us-east-1.amazonaws.com";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Send_nothing_before_there_are_credentials(bool isNetCore)
    {
        if (!isNetCore)
            Artifacts.RequireNative();
        await using var sandbox = await StartAsync();
        var connected = new TaskCompletionSource();
        sandbox.Aws.Faults.Add(new Fault("metadata", Times: 1) { Until = connected.Task });
        await using var plugin = await PluginProcess.Start(sandbox, isNetCore ? Artifacts.NetCore : Artifacts.Native).InitializeAsync();

        var answer = plugin.GetCredentialsAsync(Feeds.App);
        await TimeLimit.UntilAsync(() => sandbox.Aws.Tunnels.Contains(CodeArtifact));
        Assert.Equal(0, sandbox.Aws.Audit.Count("codeartifact"));
        connected.SetResult();

        Assert.Equal("Success", (string?)(await answer)["ResponseCode"]);
        Assert.Equal([CodeArtifact], sandbox.Aws.Tunnels);
        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact"));
    }

    [Fact]
    public async Task May_fail()
    {
        Artifacts.RequireNative();
        await using var sandbox = await StartAsync();
        var refused = new TaskCompletionSource();
        sandbox.Aws.Faults.Add(new Fault("proxy", "Connect", Times: 1) { Status = 503 });
        sandbox.Aws.Faults.Add(new Fault("metadata", Times: 1) { Until = refused.Task });
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();

        var answer = plugin.GetCredentialsAsync(Feeds.App);
        await TimeLimit.UntilAsync(() => sandbox.Aws.Audit.Count("proxy") == 1);
        refused.SetResult();

        Assert.Equal("Success", (string?)(await answer)["ResponseCode"]);
        Assert.Empty(plugin.Warnings);
    }

    /// <summary>The sandbox's metadata service may take any time.</summary>
    private static async Task<Sandbox> StartAsync()
    {
        var sandbox = await Sandbox.StartAsync();
        sandbox.Variables["AWS_METADATA_SERVICE_TIMEOUT"] = "60";
        return sandbox;
    }
}
