using CredentialProvider.Configuration;

namespace CredentialProvider.Tests.Infra;

/// <summary>Settings of a process whose environment contains the given variables and nothing else.</summary>
internal static class SettingsFromVariables
{
    public static Settings From(params (string Name, string Value)[] variables) =>
        Settings.From(name => variables.FirstOrDefault(variable => variable.Name == name).Value);
}
