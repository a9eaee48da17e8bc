using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace CredentialProvider.Benchmarks;

/// <summary>One launch of a plugin, from before the start of the process. Times in milliseconds.</summary>
/// <param name="Memory">MiB at the peak, as the kernel counted it.</param>
/// <param name="Cpu">Milliseconds of processor time, all threads.</param>
/// <param name="Read">KiB that read calls returned; what is mapped, as programs are, is not in it.</param>
internal sealed record Launch(double Handshake, double Credentials, double Exit, double Memory, double Cpu, double Read, string Answer)
{
    public bool IsSuccess => Answer.Contains("\"Success\"", StringComparison.Ordinal);
}

/// <summary>A plugin, started and spoken to as NuGet does.</summary>
internal sealed class Conversation : IDisposable
{
    public const string App = "https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json";

    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly Process _process;
    private readonly Stream _input;
    private readonly StreamReader _lines;

    /// <summary>Up to the plugin's handshake.</summary>
    public Conversation(string[] command, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment.Clear();
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        _process = Process.Start(start)!;
        _input = _process.StandardInput.BaseStream;
        _lines = new StreamReader(_process.StandardOutput.BaseStream, Encoding.UTF8, false, 4096);
        var first = _lines.ReadLine() ?? throw new InvalidOperationException($"{command[0]} said nothing");
        Handshake = Elapsed;
        Send($$$"""{"RequestId":"{{{Field(first, "RequestId")}}}","Type":"Response","Method":"Handshake","Payload":{"ResponseCode":"Success","ProtocolVersion":"2.0.0"}}""");
    }

    public double Handshake { get; }

    public double Elapsed => _watch.Elapsed.TotalMilliseconds;

    /// <summary>MiB.</summary>
    public double PeakMemory => Number($"/proc/{_process.Id}/status", "VmHWM:") / 1024;

    public static Launch Run(string[] command, IReadOnlyDictionary<string, string> environment)
    {
        using var plugin = new Conversation(command, environment);
        var answer = plugin.Open().AskForCredentials(App);
        var credentials = plugin.Elapsed;
        var (memory, cpu, read) = (plugin.PeakMemory, plugin.Cpu(), Number($"/proc/{plugin._process.Id}/io", "rchar:") / 1024);
        return new Launch(plugin.Handshake, credentials, plugin.Close(), memory, cpu, read, answer);
    }

    /// <summary>What NuGet says before it asks for credentials.</summary>
    public Conversation Open()
    {
        Ask("1", "Handshake", """{"ProtocolVersion":"2.0.0","MinimumProtocolVersion":"1.0.0"}""");
        Ask("2", "Initialize", """{"ClientVersion":"7.9.0","Culture":"en-US","RequestTimeout":"00:00:30"}""");
        Ask("3", "GetOperationClaims", "{}");
        Ask("4", "SetLogLevel", """{"LogLevel":"Debug"}""");
        return this;
    }

    public string AskForCredentials(string uri)
    {
        SendForCredentials("c", uri);
        return Response("c");
    }

    public void SendForCredentials(string id, string uri) => Send(Request(id, "GetAuthenticationCredentials",
        $$"""{"Uri":"{{uri}}","IsRetry":false,"IsNonInteractive":true,"CanShowDialog":true}"""));

    /// <summary>The next response; to the request of that id, where one is given.</summary>
    public string Response(string? id = null)
    {
        while (true)
        {
            var line = _lines.ReadLine() ?? throw new InvalidOperationException("the plugin ended");
            if (Field(line, "Type") == "Response" && (id is null || Field(line, "RequestId") == id))
                return line;
        }
    }

    /// <returns>Milliseconds to the end of the process.</returns>
    public double Close()
    {
        var before = Elapsed;
        Send("""{"RequestId":"6","Type":"Request","Method":"Close"}""");
        _process.WaitForExit();
        return Elapsed - before;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _lines.Dispose();
        _process.Dispose();
    }

    private void Ask(string id, string method, string payload)
    {
        Send(Request(id, method, payload));
        Response(id);
    }

    private static string Request(string id, string method, string payload) =>
        $$"""{"RequestId":"{{id}}","Type":"Request","Method":"{{method}}","Payload":{{payload}}}""";

    private void Send(string line)
    {
        _input.Write(Encoding.UTF8.GetBytes(line + "\r\n"));
        _input.Flush();
    }

    /// <summary>By position: a JSON parser of ours would be in the time of theirs.</summary>
    private static string Field(string line, string name)
    {
        var at = line.IndexOf($"\"{name}\":\"", StringComparison.Ordinal) + name.Length + 4;
        return line[at..line.IndexOf('"', at)];
    }

    /// <summary>Of the threads that are there; the scheduler counts in nanoseconds.</summary>
    private double Cpu() => Directory.GetDirectories($"/proc/{_process.Id}/task")
        .Sum(thread => double.Parse(File.ReadAllText(Path.Combine(thread, "schedstat")).Split(' ')[0], CultureInfo.InvariantCulture) / 1e6);

    private static double Number(string file, string name)
    {
        var line = File.ReadLines(file).First(text => text.StartsWith(name, StringComparison.Ordinal));
        return double.Parse(line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
