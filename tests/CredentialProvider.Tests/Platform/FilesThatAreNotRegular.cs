using System.Diagnostics;
using System.Net.Sockets;
using CredentialProvider.Configuration;
using CredentialProvider.Identity;
using CredentialProvider.Platform;

namespace CredentialProvider.Tests.Platform;

/// <summary>FIFOs, devices and sockets where a file is expected: nothing waits for them.</summary>
public sealed class FilesThatAreNotRegular : IDisposable
{
    private readonly TemporaryFolder _temporary = new();
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    public FilesThatAreNotRegular() => TemporaryFolder.RequireUnix();

    public static TheoryData<string> Kinds => ["fifo", "socket", "/dev/zero", "/dev/null", "/dev/tty"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Are_no_configuration(string kind) =>
        Assert.EndsWith(" cannot be read: it is not a regular file", ConfigurationFileReader.Read(Create(kind), null, isNamed: true).Problem, StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Are_no_shared_file_of_AWS_for_botocore_either(string kind)
    {
        var file = SharedFile.Read(Create(kind));
        Assert.False(file.Exists);
        Assert.Null(file.Problem);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Are_no_file_of_the_cache(string kind) => Assert.Null(Posix.TryRead(Create(kind), 1000));

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Are_no_lock(string kind)
    {
        using var none = new FileLock(Create(kind));
        Assert.True(none.TryTake());
        Assert.False(none.IsHeld);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Are_no_log(string kind) => Assert.NotNull(LogFile.FindProblem(Create(kind)));

    [Fact]
    public void Are_found_behind_links_too()
    {
        File.CreateSymbolicLink(_temporary.Below("link"), Create("fifo"));
        Assert.True(RegularFile.IsSpecial(_temporary.Below("link")));
        Assert.False(RegularFile.Is(_temporary.Below("link")));
    }

    [Fact]
    public void Do_not_include_files_folders_and_what_does_not_exist()
    {
        File.WriteAllText(_temporary.Below("file"), "");
        Assert.True(RegularFile.Is(_temporary.Below("file")));
        Assert.False(RegularFile.Is(_temporary.Path));
        Assert.All(["file", ".", "missing"], name => Assert.False(RegularFile.IsSpecial(_temporary.Below(name))));
    }

    public void Dispose()
    {
        _socket.Dispose();
        _temporary.Dispose();
    }

    private string Create(string kind)
    {
        var path = _temporary.Below(kind);
        switch (kind)
        {
            case "fifo":
                using (var make = Process.Start("mkfifo", path))
                    make.WaitForExit();
                return path;
            case "socket":
                _socket.Bind(new UnixDomainSocketEndPoint(path));
                return path;
            default:
                return kind;
        }
    }
}
