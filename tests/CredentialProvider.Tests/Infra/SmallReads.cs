namespace CredentialProvider.Tests.Infra;

/// <summary>A stream that returns a few bytes per read, as a pipe does.</summary>
internal sealed class SmallReads(byte[] bytes, int maxBytes) : MemoryStream(bytes)
{
    public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, maxBytes));
}
