using Amazon.Runtime;

namespace CredentialProvider.Aws.Credentials;

/// <summary>AWS credentials that are always fetched asynchronously: nothing here calls the SDK's synchronous
/// method.</summary>
internal abstract class AsyncCredentials : AWSCredentials
{
    /// <summary>Whose they are, once fetched: the ARN that STS returned, or the name of an instance's role; null if
    /// unknown.</summary>
    public virtual string? Principal => null;

    public sealed override ImmutableCredentials GetCredentials() => throw new NotSupportedException();
}
