namespace CredentialProvider.EndToEndTests;

/// <summary>The image of build/images/sdk.Dockerfile, built once for all tests.</summary>
public sealed class SdkImage : IAsyncDisposable
{
    private Sandbox? _sandbox;
    private Image? _image;

    /// <summary>The folder of a release; skips the test where there can be no image.</summary>
    public static string Archives()
    {
        RootFileSystem.Require();
        Artifacts.Require(Artifacts.Archive(Artifacts.Platform), "the archive");
        return Artifacts.Archives;
    }

    public static Task<Image> BuildAsync(Sandbox sandbox, string release)
    {
        var build = new Dockerfile(sandbox, "build/images/sdk.Dockerfile", release);
        (build.Arguments["VERSION"], build.Arguments["TARGETARCH"]) = (Artifacts.Version, Artifacts.Platform == "linux-x64" ? "amd64" : "arm64");
        return build.BuildAsync();
    }

    /// <summary>The image on a test's own machine.</summary>
    public async Task<Image> OnAsync(Sandbox sandbox)
    {
        var archives = Archives();
        _sandbox ??= await Sandbox.StartAsync();
        _image ??= await BuildAsync(_sandbox, archives);
        return _image with { Sandbox = sandbox, Mounts = Dockerfile.Certificates(sandbox) };
    }

    public async ValueTask DisposeAsync()
    {
        if (_sandbox is not null)
            await _sandbox.DisposeAsync();
    }
}
