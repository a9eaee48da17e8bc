namespace CredentialProvider.Platform;

/// <summary>Standard input and output for .NET Framework and mono, whose FileStream rejects descriptor 0.</summary>
internal static class StandardStreams
{
    public static Stream OpenInput() => Console.OpenStandardInput();

    public static Stream OpenOutput() => Console.OpenStandardOutput();
}
