using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace CredentialProvider.Benchmarks;

/// <summary>One launch of a plugin. Times are in milliseconds, from just before the process starts.</summary>
/// <param name="Memory">Peak resident memory in MiB, as counted by the kernel.</param>
/// <param name="Cpu">CPU time of all threads in milliseconds.</param>
/// <param name="Read">KiB returned by read calls; does not include mapped files, such as executables.</param>
internal sealed record Launch(double Handshake, double Credentials, double Exit, double Memory, double Cpu, double Read, string Answer)
{
    public bool IsSuccess => Answer.Contains("\"Success\"", StringComparison.Ordinal);
}

/// <summary>A plugin process, started and driven as NuGet does it.</summary>
internal sealed class PluginSession : IDisposable
{
    public const string App = "https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json";

    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly Process _process;
    private readonly Stream _input;
    private readonly StreamReader _lines;

    /// <summary>Starts the plugin and waits for its handshake.</summary>
    public PluginSession(string[] command, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment.Clear();
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        _process = Process.Start(start)!;
        _input = _process.StandardInput.BaseStream;
        _lines = new StreamReader(_process.StandardOutput.BaseStream, Encoding.UTF8, false, 4096);
        var first = _lines.ReadLine() ?? throw new InvalidOperationException($"{command[0]} closed its output before the handshake");
        Handshake = Elapsed;
        Send($$$"""{"RequestId":"{{{Field(first, "RequestId")}}}","Type":"Response","Method":"Handshake","Payload":{"ResponseCode":"Success","ProtocolVersion":"2.0.0"}}""");
    }

    public double Handshake { get; }

    public double Elapsed => _watch.Elapsed.TotalMilliseconds;

    /// <summary>Peak resident memory in MiB.</summary>
    public double PeakMemory => ReadNumber($"/proc/{_process.Id}/status", "VmHWM:") / 1024;

    public static Launch Run(string[] command, IReadOnlyDictionary<string, string> environment)
    {
        using var plugin = new PluginSession(command, environment);
        var answer = plugin.Initialize().GetCredentials(App);
        var credentials = plugin.Elapsed;
        var (memory, cpu, read) = (plugin.PeakMemory, plugin.Cpu(), ReadNumber($"/proc/{plugin._process.Id}/io", "rchar:") / 1024);
        return new Launch(plugin.Handshake, credentials, plugin.Close(), memory, cpu, read, answer);
    }

    /// <summary>Sends what NuGet sends before it asks for credentials.</summary>
    public PluginSession Initialize()
    {
        Exchange("1", "Handshake", """{"ProtocolVersion":"2.0.0","MinimumProtocolVersion":"1.0.0"}""");
        Exchange("2", "Initialize", """{"ClientVersion":"7.9.0","Culture":"en-US","RequestTimeout":"00:00:30"}""");
        Exchange("3", "GetOperationClaims", "{}");
        Exchange("4", "SetLogLevel", """{"LogLevel":"Debug"}""");
        return this;
    }

    public string GetCredentials(string uri)
    {
        SendCredentialsRequest("c", uri);
        return ReadResponse("c");
    }

    public void SendCredentialsRequest(string id, string uri) => Send(Request(id, "GetAuthenticationCredentials",
        $$"""{"Uri":"{{uri}}","IsRetry":false,"IsNonInteractive":true,"CanShowDialog":true}"""));

    /// <summary>The next response, or the response to the request with this id.</summary>
    public string ReadResponse(string? id = null)
    {
        while (true)
        {
            var line = _lines.ReadLine() ?? throw new InvalidOperationException("the plugin exited");
            if (Field(line, "Type") == "Response" && (id is null || Field(line, "RequestId") == id))
                return line;
        }
    }

    /// <returns>Milliseconds until the process has exited.</returns>
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

    private void Exchange(string id, string method, string payload)
    {
        Send(Request(id, method, payload));
        ReadResponse(id);
    }

    private static string Request(string id, string method, string payload) =>
        $$"""{"RequestId":"{{id}}","Type":"Request","Method":"{{method}}","Payload":{{payload}}}""";

    private void Send(string line)
    {
        _input.Write(Encoding.UTF8.GetBytes(line + "\r\n"));
        _input.Flush();
    }

    /// <summary>Finds a field by position, because the time of a JSON parser here would be added to every plugin's.</summary>
    private static string Field(string line, string name)
    {
        var at = line.IndexOf($"\"{name}\":\"", StringComparison.Ordinal) + name.Length + 4;
        return line[at..line.IndexOf('"', at)];
    }

    /// <summary>In milliseconds, of the threads that exist now; schedstat counts nanoseconds.</summary>
    private double Cpu() => Directory.GetDirectories($"/proc/{_process.Id}/task").Sum(thread =>
    {
        try
        {
            return double.Parse(File.ReadAllText(Path.Combine(thread, "schedstat")).Split(' ')[0], CultureInfo.InvariantCulture) / 1e6;
        }
        catch (IOException)
        {
            // It ended just now.
            return 0;
        }
    });

    private static double ReadNumber(string file, string name)
    {
        var line = File.ReadLines(file).First(text => text.StartsWith(name, StringComparison.Ordinal));
        return double.Parse(line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
