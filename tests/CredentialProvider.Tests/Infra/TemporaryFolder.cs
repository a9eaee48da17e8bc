namespace CredentialProvider.Tests.Infra;

/// <summary>A new directory that is deleted with everything in it at the end of the test.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("cacp-").FullName;

    /// <summary>Skips the test on Windows, which has no file modes and needs administrator rights for links.</summary>
    public static void RequireUnix() => Assert.SkipWhen(OperatingSystem.IsWindows(), "needs Unix file modes, owners and pipes");

    /// <summary>Asserts mode 0600. On Windows DPAPI protects the content instead.</summary>
    public static void AssertOwnerOnly(string file)
    {
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    /// <summary>The path of a file or folder in this directory.</summary>
    public string Below(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
