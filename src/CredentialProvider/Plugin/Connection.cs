using System.Text;
using CredentialProvider.FastStart;

namespace CredentialProvider.Plugin;

/// <summary>Reads and writes protocol messages: UTF-8, one JSON message per line. Writes no byte order mark.</summary>
internal sealed class Connection(Stream input, Stream output)
{
    /// <summary>In bytes. NuGet's messages have a few hundred; longer lines are dropped.</summary>
    private const int MaxLineLength = 1024 * 1024;

    private readonly object _sending = new();
    private byte[] _buffer = new byte[4096];
    private int _start;
    private int _end;

    /// <summary>Blocks until the next message; null at the end of input. Lines that are not messages are
    /// skipped.</summary>
    public Message? Receive()
    {
        while (TryReadLine(out var line))
        {
            if (Message.TryParse(line) is { } message)
                return message;
        }

        return null;
    }

    /// <summary>Sends one message in one write. A closed pipe is not an error: the end of input follows.</summary>
    /// <param name="payload">A JSON object; null for none.</param>
    public void Send(string requestId, string type, string method, string? payload)
    {
        lock (_sending)
            Write(requestId, type, method, payload);
    }

    /// <summary>Sends Progress unless another message is being sent: if the client does not read, waiting here would
    /// block one thread per request, until none is left to fetch the token.</summary>
    public void SendProgress(string requestId, string method)
    {
        if (!Monitor.TryEnter(_sending))
            return;
        try
        {
            Write(requestId, MessageType.Progress, method, "{}");
        }
        finally
        {
            Monitor.Exit(_sending);
        }
    }

    private void Write(string requestId, string type, string method, string? payload)
    {
        var rest = payload is null ? "" : ",\"Payload\":" + payload;
        var text = "{\"RequestId\":" + JsonString.Quote(requestId) + ",\"Type\":\"" + type + "\",\"Method\":"
            + JsonString.Quote(method) + rest + "}\n";
        var line = AsciiText.Bytes(text) ?? Encoding.UTF8.GetBytes(text);
        try
        {
            output.Write(line, 0, line.Length);
            output.Flush();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            // The pipe is closed.
        }
    }

    private bool TryReadLine(out ArraySegment<byte> line)
    {
        var isTooLong = false;
        var searched = _start;
        while (true)
        {
            while (searched < _end && _buffer[searched] != (byte)'\n')
                searched++;
            if (searched < _end)
            {
                line = new ArraySegment<byte>(_buffer, _start, searched - _start);
                _start = ++searched;
                if (!isTooLong)
                    return true;
                isTooLong = false;
                continue;
            }

            isTooLong |= _end - _start >= MaxLineLength;
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
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            return 0;
        }
    }
}
