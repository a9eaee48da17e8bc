using CredentialProvider.Platform;

namespace CredentialProvider.Tests.Platform;

/// <summary>Files that are written beside and renamed.</summary>
public sealed class ReplacedFiles : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    [Fact]
    public void Are_complete_private_and_alone_in_their_folder()
    {
        var path = _temporary.Below("file");
        foreach (var size in new[] { 100_000, 3, 0 })
        {
            OwnerOnlyFile.Replace(path, new byte[size]);
            Assert.Equal(size, new FileInfo(path).Length);
            TemporaryFolder.AssertOwnerOnly(path);
            Assert.Equal([path], Directory.GetFileSystemEntries(_temporary.Path));
        }
    }

    [Theory]
    [InlineData(0b110_100_000)] // 0640
    [InlineData(0b110_100_100)] // 0644
    public void Have_the_mode_that_was_asked_for(int mode)
    {
        TemporaryFolder.RequireUnix();
        OwnerOnlyFile.Replace(_temporary.Below("file"), [1], mode);
        Assert.Equal((UnixFileMode)mode, File.GetUnixFileMode(_temporary.Below("file")));
    }

    [Fact]
    public void Replace_a_link_and_not_what_it_leads_to()
    {
        TemporaryFolder.RequireUnix();
        File.WriteAllText(_temporary.Below("theirs"), "old");
        File.CreateSymbolicLink(_temporary.Below("file"), _temporary.Below("theirs"));
        OwnerOnlyFile.Replace(_temporary.Below("file"), [1]);
        Assert.Equal("old", File.ReadAllText(_temporary.Below("theirs")));
        TemporaryFolder.AssertOwnerOnly(_temporary.Below("file"));
    }

    [Theory]
    [InlineData("missing/file")]
    [InlineData("folder")]
    public void That_cannot_be_written_leave_nothing_behind(string name)
    {
        TemporaryFolder.RequireUnix();
        Directory.CreateDirectory(_temporary.Below("folder/full"));
        Assert.Throws<IOException>(() => OwnerOnlyFile.Replace(_temporary.Below(name), [1]));
        Assert.Equal([_temporary.Below("folder")], Directory.GetFileSystemEntries(_temporary.Path));
    }

    [Fact]
    public void Are_not_left_incomplete_by_a_full_disk()
    {
        TemporaryFolder.RequireUnix();
        Assert.SkipUnless(File.Exists("/dev/full"), "needs /dev/full");
        Assert.False(Posix.TryWriteInto("/dev/full", [1], ofOthers: false));
        Assert.True(Posix.TryWriteInto("/dev/null", new byte[100_000], ofOthers: false));
    }

    public void Dispose() => _temporary.Dispose();
}
