using System.Net;
using System.Text.Json;
using Amazon.Runtime;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;

namespace CredentialProvider.Aws.Credentials;

/// <summary>
/// The credentials of an EC2 instance's role.
/// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html
/// </summary>
internal sealed class InstanceRoleCredentials : AsyncCredentials
{
    private const string RolesPath = "latest/meta-data/iam/security-credentials/";

    /// <summary>How long to use credentials that look expired before the service is asked again.</summary>
    private static readonly TimeSpan ExpiredLifetime = TimeSpan.FromMinutes(5);

    private readonly MetadataSettings _settings;
    private readonly TimeProvider _time;
    private readonly string _otherSources;
    private readonly ExpiringCredentials _credentials;
    private string? _role;

    /// <param name="profiles">Names of profiles that the user may have forgotten to choose; empty if there are
    /// none.</param>
    public InstanceRoleCredentials(MetadataSettings settings, TimeProvider time, string profiles = "")
    {
        (_settings, _time, _role) = (settings, time, settings.RoleName);
        _otherSources = "provide credentials another way: "
            + (profiles.Length == 0 ? "AWS_PROFILE" : $"AWS_PROFILE (one of {profiles})")
            + ", or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
        _credentials = new ExpiringCredentials(time, FetchAsync);
    }

    public override string? Principal => _role;

    /// <exception cref="NoTokenException">There is no instance role, or it cannot be read.</exception>
    public override Task<ImmutableCredentials> GetCredentialsAsync() => _credentials.GetAsync();

    /// <summary>Reads the JSON document that the service returns for a role.</summary>
    /// <exception cref="NoTokenException">It has no valid credentials.</exception>
    internal (ImmutableCredentials Credentials, DateTimeOffset Expires) Parse(string document)
    {
        try
        {
            using var json = JsonDocument.Parse(document);
            string? GetString(string name) =>
                json.RootElement.TryGetProperty(name, out var value) ? value.GetString() : null;

            if (GetString("Code") is { } code and not "Success")
            {
                throw Error($"the instance metadata service returned {code} for role {_role}",
                    "check the role's trust policy: it must allow EC2 to assume the role");
            }

            if (GetString("AccessKeyId") is not { Length: > 0 } id
                || GetString("SecretAccessKey") is not { Length: > 0 } secret
                || !ExpiringCredentials.TryParseTime(GetString("Expiration"), out var expires))
            {
                throw Error($"the instance metadata service returned incomplete credentials for role {_role}",
                    "check what serves AWS_EC2_METADATA_SERVICE_ENDPOINT");
            }

            // The service extends credentials during an outage, and this machine's clock may be wrong: AWS decides.
            var now = _time.GetUtcNow();
            if (expires <= now)
                expires = now + ExpiredLifetime;
            return (new ImmutableCredentials(id, secret, GetString("Token")), expires);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Error($"the instance metadata service returned invalid JSON for role {_role}",
                "check what serves AWS_EC2_METADATA_SERVICE_ENDPOINT");
        }
    }

    private async Task<(ImmutableCredentials Credentials, DateTimeOffset Expires)> FetchAsync()
    {
        if (_settings.IsDisabled)
            throw Error("AWS_EC2_METADATA_DISABLED is true", $"unset it, or {_otherSources}");
        using var metadata = new InstanceMetadata(_settings, _otherSources);
        // Asked again each time: the instance may get another role while an agent runs.
        _role = _settings.RoleName ?? FirstLine(await metadata.GetAsync(RolesPath,
            status => status == HttpStatusCode.NotFound ? NoRole() : null));
        return Parse(await metadata.GetAsync(RolesPath + Uri.EscapeDataString(_role),
            status => status == HttpStatusCode.NotFound ? RoleNotFound() : null));
    }

    private static string FirstLine(string roles)
    {
        var name = roles.Split('\n')[0].Trim();
        return name.Length > 0 ? name : throw NoRole();
    }

    private static NoTokenException NoRole() => Error("the instance has no role",
        "attach one: aws ec2 associate-iam-instance-profile --instance-id ID --iam-instance-profile Name=PROFILE");

    private NoTokenException RoleNotFound() => Error($"the instance has no role {_role}",
        "check the instance profile, and AWS_EC2_INSTANCE_PROFILE_NAME if it is set");

    private static NoTokenException Error(string why, string fix) => new(ErrorCode.NoCredentials, why, fix);
}
