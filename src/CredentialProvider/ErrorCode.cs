namespace CredentialProvider;

/// <summary>The codes that messages start with. They are searched for on the web: never reuse or renumber
/// one.</summary>
internal static class ErrorCode
{
    /// <summary>IAM does not allow the call that makes tokens.</summary>
    public const string AccessDenied = "CACP1001";

    /// <summary>The domain does not exist in the owner's account and region.</summary>
    public const string DomainNotFound = "CACP1002";

    /// <summary>AWS asks for fewer calls.</summary>
    public const string Throttled = "CACP1003";

    /// <summary>No source of AWS credentials has any.</summary>
    public const string NoCredentials = "CACP1004";

    /// <summary>The AWS credentials are expired or not valid (any more).</summary>
    public const string BadCredentials = "CACP1005";

    /// <summary>This machine's clock differs from AWS's by too much for a signature.</summary>
    public const string ClockSkew = "CACP1006";

    /// <summary>AWS could not be reached.</summary>
    public const string Network = "CACP1007";

    /// <summary>AWS was reached but its certificate is not trusted: a proxy that opens TLS, or missing root
    /// certificates.</summary>
    public const string Tls = "CACP1008";

    /// <summary>A role of the chain may not be assumed.</summary>
    public const string RoleNotAssumed = "CACP1009";

    /// <summary>An AWS profile is missing, incomplete or its source failed.</summary>
    public const string Profile = "CACP1010";

    /// <summary>CodeArtifact refuses a token that it has just made.</summary>
    public const string TokenRefused = "CACP1011";

    /// <summary>A setting has a value that cannot be used.</summary>
    public const string Setting = "CACP1012";

    /// <summary>AWS failed in another way; its own words are in the message.</summary>
    public const string Service = "CACP1013";
}
