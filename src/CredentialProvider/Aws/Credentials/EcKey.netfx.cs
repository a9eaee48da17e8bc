using System.Security.Cryptography;

namespace CredentialProvider.Aws.Credentials;

/// <summary>Reads elliptic curve private keys for .NET Framework, which can import neither PEM nor DER.</summary>
internal static class EcKey
{
    private const byte Integer = 0x02, BitString = 0x03, OctetString = 0x04, Sequence = 0x30, Parameters = 0xA0,
        PublicKey = 0xA1;

    /// <summary>Bytes of a coordinate on P-256.</summary>
    private const int Size = 32;

    /// <param name="pem">As the AWS CLI writes it: <c>EC PRIVATE KEY</c> (RFC 5915), on the curve P-256, with its
    /// public key.</param>
    /// <exception cref="CryptographicException">It is not such a key.</exception>
    public static ECDsa Import(string pem)
    {
        const string Begin = "-----BEGIN EC PRIVATE KEY-----", End = "-----END EC PRIVATE KEY-----";
        var start = pem.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        var end = pem.IndexOf(End, StringComparison.Ordinal);
        if (start < Begin.Length || end < start)
            throw new CryptographicException("not an EC private key");
        try
        {
            var der = Convert.FromBase64String(pem.Substring(start, end - start));
            var key = new Reader(new Reader(der).Read(Sequence));
            key.Read(Integer);
            var d = key.Read(OctetString);
            key.Read(Parameters);
            // Unused bits (none), the form of the point (uncompressed), x and y.
            var point = new Reader(key.Read(PublicKey)).Read(BitString);
            return d.Length == Size && point is [0, 4, ..] && point.Length == 2 + (2 * Size)
                ? ECDsa.Create(new ECParameters
                {
                    Curve = ECCurve.NamedCurves.nistP256,
                    D = d,
                    Q = new ECPoint { X = Slice(point, 2, Size), Y = Slice(point, 2 + Size, Size) },
                })
                : throw new CryptographicException("not a key on P-256 with its public key");
        }
        catch (Exception e) when (e is FormatException or NotSupportedException or NotImplementedException)
        {
            throw new CryptographicException("not an EC private key that this runtime supports", e);
        }
    }

    private static byte[] Slice(byte[] bytes, int start, int length)
    {
        var slice = new byte[length];
        Array.Copy(bytes, start, slice, 0, length);
        return slice;
    }

    /// <summary>Reads DER values one after the other.</summary>
    private sealed class Reader(byte[] bytes)
    {
        private int _position;

        /// <returns>The content of the next value.</returns>
        public byte[] Read(byte tag)
        {
            if (Next() != tag)
                throw new CryptographicException("unexpected DER");
            int length = Next();
            // Such a key needs no lengths above 255.
            if (length == 0x81)
                length = Next();
            else if (length > 0x7F)
                throw new CryptographicException("unexpected DER");
            if (length > bytes.Length - _position)
                throw new CryptographicException("truncated DER");
            _position += length;
            return Slice(bytes, _position - length, length);
        }

        private byte Next() =>
            _position < bytes.Length ? bytes[_position++] : throw new CryptographicException("truncated DER");
    }
}
