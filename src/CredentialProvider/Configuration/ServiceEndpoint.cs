namespace CredentialProvider.Configuration;

/// <summary>How to call one AWS service: AWS's environment variables first, then the profile in use.</summary>
internal sealed record ServiceEndpoint(string? Url, bool? UseFips, bool? UseDualStack)
{
    /// <summary>The variable or the line that sets <see cref="Url"/>; null without one.</summary>
    public string? UrlPlace { get; init; }

    /// <summary>ignore_configured_endpoint_urls: it applies to AWS's variables too, but not to this project's files.</summary>
    public bool IgnoresVariables { get; init; }

    /// <summary>AWS_CA_BUNDLE, else ca_bundle: a file of the certificates to trust; null for the system's.</summary>
    public string? CaBundle { get; init; }

    /// <summary>The user's name for an application, for the User-Agent; null if there is none.</summary>
    public string? ApplicationId { get; init; }
}
