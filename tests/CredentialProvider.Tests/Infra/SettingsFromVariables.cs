using CredentialProvider.Configuration;

namespace CredentialProvider.Tests.Infra;

/// <summary>Settings of a process whose environment contains the given variables and nothing else.</summary>
internal static class SettingsFromVariables
{
    /// <summary>The machine has no configuration file.</summary>
    public static Settings From(params (string Name, string Value)[] variables) =>
        From("/none/codeartifact.json", variables);

    /// <param name="machineFile">The machine's configuration file.</param>
    public static Settings From(string machineFile, params (string Name, string Value)[] variables) =>
        Settings.From(name => variables.FirstOrDefault(variable => variable.Name == name).Value, machineFile);
}
