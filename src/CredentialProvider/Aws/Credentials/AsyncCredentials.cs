using Amazon.Runtime;

namespace CredentialProvider.Aws.Credentials;

/// <summary>AWS credentials that are always fetched asynchronously: nothing here calls the SDK's synchronous
/// method.</summary>
internal abstract class AsyncCredentials : AWSCredentials
{
    public sealed override ImmutableCredentials GetCredentials() => throw new NotSupportedException();
}
