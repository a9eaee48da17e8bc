namespace CredentialProvider.EndToEndTests.Infra;

/// <summary>Exit code and output, stdout before stderr, of a child process.</summary>
public sealed record Outcome(int ExitCode, string Output)
{
    /// <summary>Fails the test with the output if the exit code is not 0.</summary>
    public Outcome Succeeded()
    {
        Assert.True(ExitCode == 0, $"exit code {ExitCode}:\n{Output}");
        return this;
    }

    /// <summary>Fails the test with the output if the exit code is 0.</summary>
    public Outcome Failed()
    {
        Assert.True(ExitCode != 0, $"succeeded:\n{Output}");
        return this;
    }
}
