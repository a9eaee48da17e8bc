namespace CredentialProvider.EndToEndTests.Infra;

/// <summary>Runs programs in a pseudo-terminal, as a user's shell does, with Python's pty module.</summary>
public static class PseudoTerminal
{
    private const string Python = "/usr/bin/python3";

    private const string Script = """
        import fcntl, os, pty, struct, sys, termios
        child, terminal = pty.fork()
        if child == 0:
            fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
            os.execvp(sys.argv[1], sys.argv[1:])
        while True:
            try:
                output = os.read(terminal, 4096)
            except OSError:
                break
            if not output:
                break
            os.write(1, output)
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        """;

    /// <summary>From now on, this sandbox's programs have a terminal; what they print arrives on standard output.</summary>
    public static void UseTerminal(this Sandbox sandbox)
    {
        Artifacts.Require(Python, "python3");
        sandbox.Wrapper = [Python, "-c", Script];
        sandbox.Variables["TERM"] = "xterm-256color";
    }
}
