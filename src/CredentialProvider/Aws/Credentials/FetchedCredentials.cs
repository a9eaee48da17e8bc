using System.Text.Json;
using Amazon.Runtime;
using CredentialProvider.Errors;
using CredentialProvider.FastStart;

namespace CredentialProvider.Aws.Credentials;

/// <summary>Credentials that need no further request. Fetching them before the call that they sign keeps the failures
/// of the two apart.</summary>
internal static class FetchedCredentials
{
    /// <exception cref="NoTokenException">The source has no credentials.</exception>
    /// <exception cref="AwsCallException">A call to STS or IAM Identity Center failed.</exception>
    public static async Task<AWSCredentials> FromAsync(AWSCredentials source)
    {
        try
        {
            var fetched = await source.GetCredentialsAsync();
            // Both become headers of the signed request.
            if (!AsciiText.IsHeaderValue(fetched.AccessKey) || !AsciiText.IsHeaderValue(fetched.Token ?? ""))
            {
                throw new NoTokenException(ErrorCode.NoCredentials,
                    "the source of AWS credentials returned a line break or another character that is not valid in credentials",
                    "check the credential source that 'nuget-plugin-codeartifact doctor' names");
            }

            return fetched.UseToken
                ? new SessionAWSCredentials(fetched.AccessKey, fetched.SecretKey, fetched.Token)
                : new BasicAWSCredentials(fetched.AccessKey, fetched.SecretKey);
        }
        catch (JsonException e)
        {
            throw new NoTokenException(ErrorCode.NoCredentials,
                $"the source of AWS credentials returned invalid JSON: {e.Message}",
                "check the container credentials endpoint, or the files in ~/.aws/sso/cache", e);
        }
    }
}
