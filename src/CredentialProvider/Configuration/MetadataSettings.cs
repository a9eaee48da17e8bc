using CredentialProvider.Errors;
using CredentialProvider.FastStart;

namespace CredentialProvider.Configuration;

/// <summary>Where and how long to ask the EC2 instance metadata service (IMDS). Names are those of the AWS SDKs; the
/// environment comes first, then the AWS profile.</summary>
/// <param name="IsDisabled">AWS_EC2_METADATA_DISABLED.</param>
/// <param name="Endpoint">AWS_EC2_METADATA_SERVICE_ENDPOINT, else by AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE.</param>
/// <param name="OtherEndpoint">Tried if nothing answers at <paramref name="Endpoint"/>: the IPv6 address, unless the user
/// chose an endpoint or a mode.</param>
/// <param name="Timeout">AWS_METADATA_SERVICE_TIMEOUT, per attempt.</param>
/// <param name="Attempts">AWS_METADATA_SERVICE_NUM_ATTEMPTS.</param>
/// <param name="RoleName">AWS_EC2_INSTANCE_PROFILE_NAME: the instance role's name, which saves one request.</param>
internal sealed record MetadataSettings(bool IsDisabled, string Endpoint, string? OtherEndpoint, TimeSpan Timeout,
    int Attempts, string? RoleName)
{
    private const int DefaultSeconds = 1, DefaultAttempts = 2;

    private const string Ipv4Endpoint = "http://169.254.169.254", Ipv6Endpoint = "http://[fd00:ec2::254]";

    /// <param name="variable">Reads the environment; null for a variable that is unset or blank.</param>
    /// <param name="profile">Reads the AWS profile in use, with null for a setting that is absent; null if there is
    /// none.</param>
    /// <exception cref="NoTokenException">A value cannot be used.</exception>
    public static MetadataSettings From(
        Func<string, string?> variable, Func<string, (string Value, string Place)?>? profile)
    {
        (string Value, string Place)? Find(string name) => AwsSetting.Find(name, variable, profile);
        var endpoint = ParseEndpoint(Find("AWS_EC2_METADATA_SERVICE_ENDPOINT"));
        // A mode that is not needed may be wrong.
        var mode = endpoint is null ? ParseMode(Find("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")) : null;
        return new MetadataSettings(
            IsDisabledIn(variable),
            endpoint ?? mode ?? Ipv4Endpoint,
            endpoint is null && mode is null ? Ipv6Endpoint : null,
            TimeSpan.FromSeconds(ParsePositive(Find("AWS_METADATA_SERVICE_TIMEOUT")) ?? DefaultSeconds),
            ParsePositive(Find("AWS_METADATA_SERVICE_NUM_ATTEMPTS")) ?? DefaultAttempts,
            Find("AWS_EC2_INSTANCE_PROFILE_NAME")?.Value);
    }

    /// <summary>What decides whose credentials the service gives; empty where it is the instance's own. Values that cannot be
    /// used count too.</summary>
    public static string KeyOf(Func<string, string?> variable, Func<string, (string Value, string Place)?>? profile)
    {
        var endpoint = AwsSetting.Find("AWS_EC2_METADATA_SERVICE_ENDPOINT", variable, profile)?.Value;
        var role = AwsSetting.Find("AWS_EC2_INSTANCE_PROFILE_NAME", variable, profile)?.Value;
        return (endpoint is null ? "" : " at " + Fnv1a.Hash(endpoint)) + (role is null ? "" : " role " + role)
            // aws-vault serves the credentials of any profile at the instance's address.
            + (variable("AWS_VAULT") is { } vault ? " vault " + vault : "")
            + (IsDisabledIn(variable) ? " disabled" : "");
    }

    private static bool IsDisabledIn(Func<string, string?> variable) =>
        string.Equals(variable("AWS_EC2_METADATA_DISABLED"), "true", StringComparison.OrdinalIgnoreCase);

    private static string? ParseEndpoint((string Value, string Place)? setting) =>
        setting is not var (value, place) ? null
            : Uri.TryCreate(value, UriKind.Absolute, out var uri)
                && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps) ? value
            : throw AwsSetting.Invalid(place, value, "a URL such as http://169.254.169.254");

    private static string? ParseMode((string Value, string Place)? setting) =>
        setting is not var (value, place) ? null
            : value.Equals("IPv4", StringComparison.OrdinalIgnoreCase) ? Ipv4Endpoint
            : value.Equals("IPv6", StringComparison.OrdinalIgnoreCase) ? Ipv6Endpoint
            : throw AwsSetting.Invalid(place, value, "IPv4 or IPv6");

    private static int? ParsePositive((string Value, string Place)? setting) =>
        setting is not var (value, place) ? null
            : int.TryParse(value, out var number) && number > 0 ? number
            : throw AwsSetting.Invalid(place, value, "a whole number greater than 0");
}
