using System.Security.Cryptography;

namespace CredentialProvider.Aws.Credentials;

/// <summary>Reads elliptic curve private keys.</summary>
internal static class EcKey
{
    /// <param name="pem">As the AWS CLI writes it: <c>EC PRIVATE KEY</c> (RFC 5915).</param>
    /// <exception cref="CryptographicException">It is not such a key.</exception>
    public static ECDsa Import(string pem)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(pem);
            return key;
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            key.Dispose();
            throw new CryptographicException("not an EC private key", e);
        }
    }
}
