using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace CredentialProvider.Plugin;

/// <summary>Lines of JSON in both directions: UTF-8 without a byte-order mark, one message a line.</summary>
internal sealed class Connection(Stream input, Stream output)
{
    /// <summary>NuGet's messages have a few hundred bytes. A longer line is dropped, not stored.</summary>
    private const int LongestLine = 1024 * 1024;

    private readonly Lock _sending = new();
    private byte[] _buffer = new byte[4096];
    private int _start;
    private int _end;

    /// <summary>Blocks for the next line that is a message; null at the end of input.</summary>
    public Message? Receive()
    {
        while (TryReadLine(out var line))
        {
            try
            {
                if (JsonSerializer.Deserialize(line.Span, Wire.Default.Message) is { } message)
                    return message;
            }
            catch (JsonException)
            {
                // Not a message. The next line may be one, and a build depends on it.
            }
        }

        return null;
    }

    /// <summary>Sends one message, whole, in one write. A client that is gone is no error: its input's end follows.</summary>
    public void Send<T>(string requestId, string type, string method, T payload, JsonTypeInfo<T> payloadType)
    {
        var line = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(line))
        {
            json.WriteStartObject();
            json.WriteString("RequestId"u8, requestId);
            json.WriteString("Type"u8, type);
            json.WriteString("Method"u8, method);
            if (payload is not null)
            {
                json.WritePropertyName("Payload"u8);
                JsonSerializer.Serialize(json, payload, payloadType);
            }

            json.WriteEndObject();
        }

        line.GetSpan(1)[0] = (byte)'\n';
        line.Advance(1);
        try
        {
            lock (_sending)
            {
                output.Write(line.WrittenSpan);
                output.Flush();
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The pipe is closed.
        }
    }

    private bool TryReadLine(out ReadOnlyMemory<byte> line)
    {
        var isTooLong = false;
        var searched = _start;
        while (true)
        {
            var newLine = Array.IndexOf(_buffer, (byte)'\n', searched, _end - searched);
            if (newLine >= 0)
            {
                line = _buffer.AsMemory(_start, newLine - _start);
                _start = newLine + 1;
                if (!isTooLong)
                    return true;
                isTooLong = false;
                searched = _start;
                continue;
            }

            isTooLong |= _end - _start >= LongestLine;
            if (isTooLong)
                _start = _end;
            MakeRoom();
            searched = _end;
            var read = Read();
            if (read <= 0)
            {
                line = default;
                return false;
            }

            _end += read;
        }
    }

    private void MakeRoom()
    {
        if (_start > 0)
        {
            Buffer.BlockCopy(_buffer, _start, _buffer, 0, _end - _start);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _buffer.Length)
            Array.Resize(ref _buffer, _buffer.Length * 2);
    }

    private int Read()
    {
        try
        {
            return input.Read(_buffer, _end, _buffer.Length - _end);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            return 0;
        }
    }
}
