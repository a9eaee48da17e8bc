using System.Text;

namespace CredentialProvider.Plugin;

/// <summary>Lines of JSON in both directions: UTF-8 without a byte-order mark, one message a line.</summary>
internal sealed class Connection(Stream input, Stream output)
{
    /// <summary>NuGet's messages have a few hundred bytes. A longer line is dropped, not stored.</summary>
    private const int LongestLine = 1024 * 1024;

    private readonly object _sending = new();
    private byte[] _buffer = new byte[4096];
    private int _start;
    private int _end;

    /// <summary>Blocks for the next line that is a message; null at the end of input. Other lines are passed
    /// over.</summary>
    public Message? Receive()
    {
        while (TryReadLine(out var line))
        {
            if (Message.TryParse(line) is { } message)
                return message;
        }

        return null;
    }

    /// <summary>Sends one message, whole, in one write. A client that is gone is no error: its input's end
    /// follows.</summary>
    /// <param name="payload">A JSON object; null for none.</param>
    public void Send(string requestId, string type, string method, string? payload)
    {
        lock (_sending)
            Write(requestId, type, method, payload);
    }

    /// <summary>A sign of life, where the other side reads: one that does not would hold up a thread for each request, until
    /// none is left to get the token.</summary>
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
        var text = "{\"RequestId\":" + Json.Text(requestId) + ",\"Type\":\"" + type + "\",\"Method\":" + Json.Text(method) + rest + "}\n";
        var line = Ascii.Bytes(text) ?? Encoding.UTF8.GetBytes(text);
        try
        {
            output.Write(line, 0, line.Length);
            output.Flush();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
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
