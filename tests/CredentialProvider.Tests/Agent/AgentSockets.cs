using System.Diagnostics;
using System.Net.Sockets;
using CredentialProvider.Agent;
using CredentialProvider.Errors;
using CredentialProvider.Platform;
using static CredentialProvider.Tests.Tokens.Examples;

namespace CredentialProvider.Tests.Agent;

/// <summary>Where an agent listens, and which sockets a plugin uses.</summary>
public sealed class AgentSockets : IDisposable
{
    private const int OwnerOnly = 0x180;

    private readonly TemporaryFolder _temporary = new();

    public AgentSockets() => TemporaryFolder.RequireUnix();

    private string Socket => _temporary.Below("run/a.sock");

    [Theory]
    [InlineData(0x180)] // 0600
    [InlineData(0x1B0)] // 0660
    [InlineData(0x1B6)] // 0666
    public void Have_the_mode_that_was_asked_for_and_end_with_the_agent(int mode)
    {
        using (AgentListener.Create(Socket, mode))
        {
            Assert.Equal((UnixFileMode)mode, File.GetUnixFileMode(Socket));
            // Its own folder: others may search it, and not change it.
            Assert.Equal((UnixFileMode)0x1ED, File.GetUnixFileMode(Path.GetDirectoryName(Socket)!));
        }

        Assert.False(File.Exists(Socket));
    }

    [Fact]
    public void Of_a_living_agent_are_left_alone()
    {
        using var living = AgentListener.Create(Socket, OwnerOnly);
        Assert.Equal($"another agent is running at {Socket}", Assert.Throws<IOException>(() => AgentListener.Create(Socket, OwnerOnly)).Message);
        Assert.True(File.Exists(Socket));
    }

    [Fact]
    public void Of_another_listening_program_are_left_alone()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Socket)!);
        using var other = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        other.Bind(new UnixDomainSocketEndPoint(Socket));
        other.Listen();
        Assert.Equal($"another program is listening on {Socket}", Assert.Throws<IOException>(() => AgentListener.Create(Socket, OwnerOnly)).Message);
    }

    [Fact]
    public void Of_a_dead_agent_are_replaced()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Socket)!);
        // A socket whose process was killed stays behind.
        Run("python3", "-c", $"import socket; s = socket.socket(socket.AF_UNIX); s.bind('{Socket}'); s.listen()");
        Assert.True(File.Exists(Socket));
        using var agent = AgentListener.Create(Socket, OwnerOnly);
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(new UnixDomainSocketEndPoint(Socket));
    }

    [Fact]
    public void Do_not_replace_a_file()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Socket)!);
        File.WriteAllText(Socket, "mine");
        Assert.Equal($"{Socket} exists and is not a socket of this user", Assert.Throws<IOException>(() => AgentListener.Create(Socket, OwnerOnly)).Message);
        Assert.Equal("mine", File.ReadAllText(Socket));
    }

    [Fact]
    public void Are_not_created_where_others_could_replace_them()
    {
        var folder = Directory.CreateDirectory(Path.GetDirectoryName(Socket)!).FullName;
        File.SetUnixFileMode(folder, (UnixFileMode)0x1FF);
        Assert.Equal($"other users can change {folder}; chmod go-w {folder}", Assert.Throws<IOException>(() => AgentListener.Create(Socket, OwnerOnly)).Message);
        Assert.False(File.Exists(Socket));
    }

    [Fact]
    public void Have_paths_that_the_system_can_represent() => Assert.Throws<IOException>(
        () => AgentListener.Create(_temporary.Below(new string('x', 120)), OwnerOnly));

    [Theory]
    [InlineData("755", 0, 0, null)] // root's
    [InlineData("755", 4242, 4242, null)] // of a user of another namespace, in this user's folder
    [InlineData("755", 4242, 4343, "belongs to another user than its socket")]
    [InlineData("775", 4242, 0, "other users can change")]
    [InlineData("777", 0, 0, "other users can change")]
    [InlineData("1777", 0, 0, null)]
    [InlineData("1777", 4242, 0, "every user can create files in")]
    public void Are_used_by_plugins_only_where_no_other_user_can_replace_them(string mode, int owner, int folderOwner, string? why)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root changes owners");
        using var agent = AgentListener.Create(Socket, 0x1B6);
        var folder = Path.GetDirectoryName(Socket)!;
        Run("sh", "-c", $"chown {owner} {Socket}; chown {folderOwner}:{(mode == "775" ? 12345 : folderOwner)} {folder}; chmod {mode} {folder}");

        var problem = TrustedFile.FindSocketProblem(Socket);

        if (why is null)
            Assert.Null(problem);
        else
            Assert.Contains(why, problem!.Value.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Are_judged_by_the_link_too_that_leads_to_them()
    {
        using var agent = AgentListener.Create(Socket, OwnerOnly);
        var open = Directory.CreateDirectory(_temporary.Below("open"));
        open.UnixFileMode = (UnixFileMode)0x1FF;
        File.CreateSymbolicLink(Path.Combine(open.FullName, "link"), Socket);
        Assert.Contains("other users can change", TrustedFile.FindSocketProblem(Path.Combine(open.FullName, "link"))!.Value.Why, StringComparison.Ordinal);
        Assert.Null(TrustedFile.FindSocketProblem(Socket));
    }

    [Fact]
    public void Are_judged_by_every_link_that_leads_to_them()
    {
        using var agent = AgentListener.Create(Socket, OwnerOnly);
        var open = Directory.CreateDirectory(_temporary.Below("open"));
        var first = _temporary.Below("first");
        File.CreateSymbolicLink(Path.Combine(open.FullName, "link"), Socket);
        File.CreateSymbolicLink(first, Path.Combine(open.FullName, "link"));
        Assert.Null(TrustedFile.FindSocketProblem(first));
        open.UnixFileMode = (UnixFileMode)0x1FF;
        Assert.Contains("other users can change", TrustedFile.FindSocketProblem(first)!.Value.Why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("agent.sock", "expected a path such as")]
    [InlineData("/none/agent.sock", "no agent answers at /none/agent.sock")]
    [InlineData("/dev/null", "no agent answers at /dev/null")]
    public async Task That_are_not_there_say_so(string socket, string why)
    {
        var failure = await Assert.ThrowsAsync<NoTokenException>(() => AgentClient.FetchAsync(
            socket, App, default, prompt: null, TimeProvider.System, TestContext.Current.CancellationToken));
        Assert.Equal(ErrorCode.NoAgent, failure.Code);
        Assert.Contains(why, failure.Why, StringComparison.Ordinal);
    }

    /// <summary>A program that listens there but is no agent.</summary>
    [Theory]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n", "cannot be used")]
    [InlineData("{\"version\":2,\"token\":\"t\"}\n", "the response has protocol version 2, but this program speaks version 1")]
    [InlineData("", "no agent answers")]
    [InlineData(null, "a line of more than 65536 bytes")]
    public async Task With_another_program_behind_them_say_so(string? answer, string why)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Socket)!);
        using var other = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        other.Bind(new UnixDomainSocketEndPoint(Socket));
        other.Listen();
        var asking = AgentClient.FetchAsync(Socket, App, default, prompt: null, TimeProvider.System, TestContext.Current.CancellationToken);
        using (var client = await other.AcceptAsync(TestContext.Current.CancellationToken))
        {
            other.Dispose();
            await client.SendAsync(System.Text.Encoding.ASCII.GetBytes(answer ?? new string('x', 70_000)), TestContext.Current.CancellationToken);
        }

        var failure = await Assert.ThrowsAsync<NoTokenException>(() => asking);

        Assert.Equal(ErrorCode.NoAgent, failure.Code);
        Assert.Contains(why, failure.Why, StringComparison.Ordinal);
    }

    /// <summary>Linux refuses a connection at once if its queue is full.</summary>
    [Fact]
    public async Task With_more_clients_than_the_kernel_keeps_are_asked_again()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "other systems wait");
        Directory.CreateDirectory(Path.GetDirectoryName(Socket)!);
        using var busy = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        busy.Bind(new UnixDomainSocketEndPoint(Socket));
        busy.Listen(0);
        using var queued = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await queued.ConnectAsync(new UnixDomainSocketEndPoint(Socket), TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<IOException>(() => AgentConnection.OpenAsync(Socket, TestContext.Current.CancellationToken));
        var asking = AgentClient.FetchAsync(Socket, App, default, prompt: null, TimeProvider.System, TestContext.Current.CancellationToken);
        using var first = await busy.AcceptAsync(TestContext.Current.CancellationToken);
        using var client = await busy.AcceptAsync(TestContext.Current.CancellationToken);
        await client.SendAsync(System.Text.Encoding.ASCII.GetBytes("""{"version":1,"token":"t","obtained":1,"expires":2}""" + "\n"), TestContext.Current.CancellationToken);
        Assert.Equal("t", (await asking).Token.Reveal());
    }

    public void Dispose() => _temporary.Dispose();

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
