namespace CredentialProvider.Fuzzing;

/// <summary>A connection whose other end has sent some bytes and then closed it.</summary>
/// <param name="bytes">What is read from it.</param>
internal sealed class Duplex(byte[] bytes) : MemoryStream(bytes, writable: false)
{
    public MemoryStream Written { get; } = new();

    public override bool CanWrite => true;

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        Written.WriteAsync(buffer, cancellationToken);
}
