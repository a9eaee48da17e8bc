using System.Reflection;
using System.Runtime.InteropServices;
using CredentialProvider.Platform;
using Processor = System.Runtime.InteropServices.Architecture;

namespace CredentialProvider.Tests.Platform;

/// <summary>Which functions of the C library read owner and mode.</summary>
public sealed class StatusOfFiles : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    /// <summary>Apple's sys/cdefs.h: __DARWIN_SUF_64_BIT_INO_T is "$INODE64" on x86_64, and empty on arm64, where
    /// __DARWIN_ONLY_64_BIT_INO_T is 1.</summary>
    [Theory]
    [InlineData(Processor.X64, true)]
    [InlineData(Processor.Arm64, false)]
    public void Have_the_suffix_of_64_bit_inodes_in_their_name_where_macOS_has_both(Processor process, bool hasSuffix) =>
        Assert.Equal(hasSuffix, Posix.HasInodeSuffix(process));

    [Theory]
    [InlineData("LStatInode64", "lstat$INODE64")]
    [InlineData("StatInode64", "stat$INODE64")]
    [InlineData("LStat", "lstat")]
    [InlineData("Stat", "stat")]
    public void Are_imported_by_the_name_that_Apple_exports(string method, string entryPoint) => Assert.Equal(entryPoint,
        typeof(Posix).GetMethod(method, BindingFlags.NonPublic | BindingFlags.Static)!.GetCustomAttribute<DllImportAttribute>()!.EntryPoint);

    [Fact]
    public void Agree_with_NET()
    {
        TemporaryFolder.RequireUnix();
        var path = _temporary.Below("file");
        File.WriteAllText(path, "");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.GroupExecute | UnixFileMode.OtherWrite);
        File.CreateSymbolicLink(_temporary.Below("link"), path);

        Assert.True(Posix.TryGetStatus(path, out var file, out _));
        Assert.True(Posix.TryGetStatus(_temporary.Below("link"), out var link, out _));
        Assert.True(Posix.TryGetStatus(_temporary.Below("link"), out var target, out _, followsLinks: true));
        Assert.True(Posix.TryGetStatus(_temporary.Path, out var folder, out _));

        Assert.Equal((int)File.GetUnixFileMode(path), file.Mode);
        Assert.Equal(Posix.EffectiveUser, file.Owner);
        Assert.Equal((true, false, false), (file.IsFile, file.IsFolder, file.IsLink));
        Assert.Equal((false, false, true), (link.IsFile, link.IsFolder, link.IsLink));
        Assert.Equal(file, target);
        Assert.Equal((false, true, false), (folder.IsFile, folder.IsFolder, folder.IsLink));
        Assert.False(Posix.TryGetStatus(_temporary.Below("missing"), out _, out var isSupported));
        Assert.True(isSupported);
    }

    public void Dispose() => _temporary.Dispose();
}
