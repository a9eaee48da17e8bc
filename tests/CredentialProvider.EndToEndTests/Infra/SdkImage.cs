namespace CredentialProvider.EndToEndTests.Infra;

/// <summary>The image that build/images/sdk.Dockerfile describes, built once for a test class.</summary>
public sealed class SdkImage : IAsyncDisposable
{
    private Sandbox? _sandbox;
    private Image? _image;

    /// <summary>The folder with the release's archives. Skips the test where no image can be built.</summary>
    public static string Archives()
    {
        RootFileSystem.Require();
        Artifacts.Require(Artifacts.Archive(Artifacts.Platform), "the release archive");
        return Artifacts.Archives;
    }

    public static Task<Image> BuildAsync(Sandbox sandbox, string release)
    {
        var build = new Dockerfile(sandbox, "build/images/sdk.Dockerfile", release);
        (build.Arguments["VERSION"], build.Arguments["TARGETARCH"]) = (Artifacts.Version, Artifacts.Platform == "linux-x64" ? "amd64" : "arm64");
        return build.BuildAsync();
    }

    /// <summary>The image as used in a test's sandbox.</summary>
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
