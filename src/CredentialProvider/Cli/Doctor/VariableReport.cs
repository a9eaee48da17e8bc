using CredentialProvider.Configuration;

namespace CredentialProvider.Cli.Doctor;

/// <summary>
/// The environment variables that matter to this program and to NuGet. A value is shown only for names on a list, because
/// any other may be a secret.
/// </summary>
internal static class VariableReport
{
    private const string Hidden = "(set, not shown)";

    private static readonly string[] Prefixes =
    [
        "CODEARTIFACT_", "AWS_", "NUGET_", "NuGetPackageSourceCredentials_", "VSS_NUGET_", "DOTNET_", "MSBUILD", "Restore", "XDG_", "SSL_CERT_",
        "ACTIONS_ID_TOKEN_REQUEST_", "SYSTEM_ACCESSTOKEN", "SYSTEM_OIDCREQUESTURI", "BUILDKITE_JOB_ID",
    ];

    private static readonly string[] Shown =
    [
        "CODEARTIFACT_AGENT", "CODEARTIFACT_PROFILE", "CODEARTIFACT_ROLE_ARN", "CODEARTIFACT_TOKEN_DURATION", "CODEARTIFACT_DOMAINS", "CODEARTIFACT_CACHE",
        "CODEARTIFACT_CACHE_DIR", "CODEARTIFACT_CONFIG", "CODEARTIFACT_LOG_FILE", "CODEARTIFACT_LOG_LEVEL", "AWS_CODEARTIFACT_NUGET_LOGFILE",
        "CODEARTIFACT_WEB_IDENTITY", "CODEARTIFACT_WEB_IDENTITY_AUDIENCE",
        "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CA_BUNDLE", "AWS_EC2_METADATA_DISABLED", "AWS_USE_FIPS_ENDPOINT",
        "AWS_USE_DUALSTACK_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_CODEARTIFACT", "AWS_ENDPOINT_URL_STS",
        "NUGET_PLUGIN_PATHS", "NUGET_NETCORE_PLUGIN_PATHS", "NUGET_NETFX_PLUGIN_PATHS", "NUGET_PACKAGES",
        "NUGET_FALLBACK_PACKAGES", "NUGET_HTTP_CACHE_PATH", "NUGET_PLUGINS_CACHE_PATH", "NUGET_SCRATCH",
        "RestoreConfigFile", "RestoreRootConfigDirectory",
        "NUGET_PLUGIN_HANDSHAKE_TIMEOUT_IN_SECONDS", "NUGET_PLUGIN_REQUEST_TIMEOUT_IN_SECONDS",
        "DOTNET_ROOT", "DOTNET_HOST_PATH", "DOTNET_CLI_HOME", "DOTNET_CLI_USE_MSBUILD_SERVER", "MSBUILDUSESERVER",
        "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR",
        "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "PATH", "HOME", "TMPDIR",
    ];

    public static IEnumerable<string> Lines() => ProcessEnvironment.GetAll()
        .Where(variable => IsShown(variable.Key) || Array.Exists(Prefixes, prefix => variable.Key.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)))
        .OrderBy(variable => variable.Key, StringComparer.Ordinal)
        .Select(variable => $"{variable.Key} = {(IsShown(variable.Key) ? variable.Value : Hidden)}");

    private static bool IsShown(string name) => Array.Exists(Shown, shown => shown.Equals(name, StringComparison.OrdinalIgnoreCase));
}
