namespace CredentialProvider.Errors;

/// <summary>The codes that messages start with. Users search for them: never reuse or renumber one.</summary>
internal static class ErrorCode
{
    /// <summary>IAM denies the token, or reading or publishing with it.</summary>
    public const string AccessDenied = "CACP1001";

    /// <summary>The domain or repository does not exist in the owner's account and region.</summary>
    public const string DomainNotFound = "CACP1002";

    /// <summary>AWS is throttling requests.</summary>
    public const string Throttled = "CACP1003";

    /// <summary>No AWS credentials were found.</summary>
    public const string NoCredentials = "CACP1004";

    /// <summary>AWS rejects the credentials, or a session has expired.</summary>
    public const string BadCredentials = "CACP1005";

    /// <summary>This machine's clock is too far off for AWS to accept its signatures.</summary>
    public const string ClockSkew = "CACP1006";

    /// <summary>AWS cannot be reached.</summary>
    public const string Network = "CACP1007";

    /// <summary>AWS's certificate is not trusted: a TLS-inspecting proxy, or missing root certificates.</summary>
    public const string Tls = "CACP1008";

    /// <summary>A role cannot be assumed.</summary>
    public const string RoleNotAssumed = "CACP1009";

    /// <summary>An AWS profile cannot be used: it is missing or incomplete, or its credential source failed.</summary>
    public const string Profile = "CACP1010";

    /// <summary>The repository refuses a token that was just issued, or one that you provide.</summary>
    public const string TokenRefused = "CACP1011";

    /// <summary>A setting has an invalid value, or excludes the domain.</summary>
    public const string Setting = "CACP1012";

    /// <summary>Any other AWS error, or an unexpected response; the message has its words.</summary>
    public const string Service = "CACP1013";

    /// <summary>NuGet cannot use the plugin of the MSBuild package, which alone reports this.</summary>
    public const string PluginNotUsable = "CACP1014";

    /// <summary>The agent in CODEARTIFACT_AGENT cannot be used; AWS credentials are used instead.</summary>
    public const string NoAgent = "CACP1015";
}
