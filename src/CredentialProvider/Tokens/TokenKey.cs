using CredentialProvider.FastStart;


namespace CredentialProvider.Tokens;

/// <summary>
/// Identifies a token: CodeArtifact issues tokens for a domain, not for a repository, and to one principal.
/// </summary>
/// <param name="Endpoint">Host of the CodeArtifact API, or the configured URL.</param>
/// <param name="Identity">The key of the credential source.</param>
internal sealed record TokenKey(string Endpoint, string Region, string Domain, string Owner, string Identity)
{
    /// <summary>The token's file. A hash collision costs a call and nothing else, because the file repeats the
    /// key.</summary>
    public string FileName => TokenFile.Name(Domain, Owner, Region, Fnv1a.Hash(Endpoint + "\n" + Identity));

    /// <summary>Domain, owner and region as every message names them.</summary>
    public string DomainName => $"domain {Domain} ({Owner}, {Region})";
}
