namespace CredentialProvider.Tests;

/// <summary>A folder that goes with the test.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("cacp-").FullName;

    /// <summary>Skips the test where files have no modes and links are for administrators.</summary>
    public static void RequireUnix() => Assert.SkipWhen(OperatingSystem.IsWindows(), "modes, owners and pipes of Unix");

    /// <summary>Mode 0600; elsewhere it is DPAPI that keeps others out.</summary>
    public static void IsForItsOwner(string file)
    {
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    public string Below(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
