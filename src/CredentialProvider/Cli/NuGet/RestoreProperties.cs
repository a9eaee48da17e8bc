using CredentialProvider.Configuration;

namespace CredentialProvider.Cli.NuGet;

/// <summary>
/// Properties of MSBuild's restore that replace nuget.config or a part of it. MSBuild takes environment variables for
/// properties, in any case. https://learn.microsoft.com/nuget/reference/msbuild-targets#restore-properties
/// </summary>
internal static class RestoreProperties
{
    /// <summary>The only nuget.config.</summary>
    public const string ConfigFile = "RestoreConfigFile";

    /// <summary>The folder in which the search for nuget.config begins.</summary>
    public const string RootFolder = "RestoreRootConfigDirectory";

    /// <summary>What replaces the sources in nuget.config.</summary>
    public const string Sources = "RestoreSources";

    /// <summary>Sources besides them.</summary>
    public const string AdditionalSources = "RestoreAdditionalProjectSources";

    /// <summary>The variable that sets a property, and its trimmed value; null if none does.</summary>
    public static (string Name, string Value)? Find(string property) => Find(property, ProcessEnvironment.GetAll());

    /// <param name="variables">The environment.</param>
    internal static (string Name, string Value)? Find(string property, IDictionary<string, string?> variables)
    {
        var name = variables.ContainsKey(property) ? property
            : variables.Keys.FirstOrDefault(key => key.Equals(property, StringComparison.OrdinalIgnoreCase));
        return name is not null && variables[name]?.Trim() is { Length: > 0 } value ? (name, value) : null;
    }
}
