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
    /// <param name="profile">Reads the AWS profile in use; null for a setting that is absent.</param>
    public static MetadataSettings From(Func<string, string?> variable, Func<string, string?> profile)
    {
        var endpoint = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT") ?? profile("ec2_metadata_service_endpoint");
        var mode = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE") ?? profile("ec2_metadata_service_endpoint_mode");
        return new MetadataSettings(
            string.Equals(variable("AWS_EC2_METADATA_DISABLED"), "true", StringComparison.OrdinalIgnoreCase),
            endpoint ?? (string.Equals(mode, "IPv6", StringComparison.OrdinalIgnoreCase) ? Ipv6Endpoint : Ipv4Endpoint),
            endpoint is null && mode is null ? Ipv6Endpoint : null,
            TimeSpan.FromSeconds(ParsePositive(
                variable("AWS_METADATA_SERVICE_TIMEOUT") ?? profile("metadata_service_timeout")) ?? DefaultSeconds),
            ParsePositive(variable("AWS_METADATA_SERVICE_NUM_ATTEMPTS") ?? profile("metadata_service_num_attempts"))
                ?? DefaultAttempts,
            variable("AWS_EC2_INSTANCE_PROFILE_NAME") ?? profile("ec2_instance_profile_name"));
    }

    private static int? ParsePositive(string? value) =>
        int.TryParse(value, out var number) && number > 0 ? number : null;
}
