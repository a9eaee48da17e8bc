using Amazon.Runtime;
using CredentialProvider.Identity;

namespace CredentialProvider.Aws.Credentials;

/// <summary>The credentials that a profile's credential_process prints.</summary>
internal sealed class ProcessCredentials(ProcessSource source, TimeProvider time) : AsyncCredentials
{
    private readonly ExpiringCredentials _credentials = new(time, new CredentialProcess(source).FetchAsync);

    /// <exception cref="Errors.NoTokenException">The command failed, or did not print credentials.</exception>
    public override Task<ImmutableCredentials> GetCredentialsAsync() => _credentials.GetAsync();
}
