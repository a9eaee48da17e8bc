namespace CredentialProvider.MSBuild;

/// <summary>The kind of process that MSBuild runs this task in. It says so only on the command line.</summary>
internal static class TaskHost
{
    /// <summary>True in a process that runs single tasks for a node of MSBuild.</summary>
    public static bool IsThisProcess => Has("/nodemode:2");

    /// <summary>True in a task host that ends with the build, and not if it waits for the next one.</summary>
    public static bool EndsWithBuild => IsThisProcess && Has("/nodereuse:false");

    private static bool Has(string option) =>
        Environment.CommandLine.IndexOf(option, StringComparison.OrdinalIgnoreCase) >= 0;
}
