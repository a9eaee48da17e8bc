using CredentialProvider.Errors;

namespace CredentialProvider.Configuration;

/// <summary>Settings that AWS's SDKs read from a variable and from the AWS profile in use.</summary>
internal static class AwsSetting
{
    /// <summary>The variable, else the profile's setting, which has the same name without <c>AWS_</c> and in lower
    /// case.</summary>
    /// <param name="variable">Reads the environment; null for a variable that is unset or blank.</param>
    /// <param name="profile">Reads the profile, with null for a setting that is absent; null if there is none.</param>
    public static (string Value, string Place)? Find(
        string name, Func<string, string?> variable, Func<string, (string Value, string Place)?>? profile) =>
        variable(name) is { } value ? (value, name) : profile?.Invoke(name["AWS_".Length..].ToLowerInvariant());

    public static NoTokenException Invalid(string place, string value, string expected) =>
        new(ErrorCode.Setting, $"{place} is '{value}'; expected {expected}", "correct or unset it");
}
