namespace CredentialProvider.Aws;

/// <summary>The kinds of failed AWS calls that users have to tell apart.</summary>
internal enum FailureKind
{
    /// <summary>AWS limits the rate of requests.</summary>
    Throttled,

    /// <summary>IAM denies the call, or a trust policy denies assuming the role.</summary>
    AccessDenied,

    /// <summary>The domain or repository does not exist.</summary>
    NotFound,

    /// <summary>CodeArtifact rejects a parameter.</summary>
    InvalidRequest,

    /// <summary>STS rejects a parameter of the session.</summary>
    RoleNotAssumed,

    /// <summary>STS rejects the web identity token that assumes the role.</summary>
    WebIdentityRefused,

    /// <summary>The web identity token that assumes the role has expired.</summary>
    WebIdentityExpired,

    /// <summary>The session that signs the call has expired.</summary>
    ExpiredCredentials,

    /// <summary>AWS does not know the access key, or its secret does not match.</summary>
    InvalidCredentials,

    /// <summary>The account has not enabled the region.</summary>
    RegionOff,

    /// <summary>The signature's time is too far from AWS's.</summary>
    ClockSkew,

    /// <summary>Any other AWS error code.</summary>
    OtherError,

    /// <summary>A response that AWS would not send, for example a proxy's error page.</summary>
    UnexpectedResponse,

    /// <summary>The endpoint's certificate is not trusted.</summary>
    UntrustedCertificate,

    /// <summary>No connection: DNS, routing or a closed port.</summary>
    Unreachable,

    /// <summary>The request could not be sent, usually because a proxy refused the tunnel.</summary>
    NotSent,

    /// <summary>The connection ended before the response was complete.</summary>
    ConnectionLost,

    /// <summary>No response in time.</summary>
    Timeout,

    /// <summary>The AWS SDK has no credentials, for a reason of its own.</summary>
    NoCredentials,
}
