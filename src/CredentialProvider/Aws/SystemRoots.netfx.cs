namespace CredentialProvider.Aws;

/// <summary>.NET Framework and mono leave certificates to the system.</summary>
internal static class SystemRoots
{
    public static void Defer()
    {
    }
}
