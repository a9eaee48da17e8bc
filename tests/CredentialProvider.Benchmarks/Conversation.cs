using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace CredentialProvider.Benchmarks;

/// <summary>One launch of a plugin, spoken to as NuGet does. Times in milliseconds from before the start of the process.</summary>
/// <param name="PeakMemory">MiB, as the kernel counted it.</param>
internal sealed record Launch(double Handshake, double Credentials, double Exit, double PeakMemory, string Answer);

internal static class Conversation
{
    public const string App = "https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json";

    public static Launch Run(string[] command, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment.Clear();
        foreach (var (name, value) in environment)
            start.Environment[name] = value;

        var watch = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        var input = process.StandardInput.BaseStream;
        var lines = new StreamReader(process.StandardOutput.BaseStream, Encoding.UTF8, false, 4096);
        var first = lines.ReadLine() ?? throw new InvalidOperationException($"{command[0]} said nothing");
        var handshake = watch.Elapsed.TotalMilliseconds;

        Send(input, $$$"""{"RequestId":"{{{Field(first, "RequestId")}}}","Type":"Response","Method":"Handshake","Payload":{"ResponseCode":"Success","ProtocolVersion":"2.0.0"}}""");
        Ask(input, lines, "1", "Handshake", """{"ProtocolVersion":"2.0.0","MinimumProtocolVersion":"1.0.0"}""");
        Ask(input, lines, "2", "Initialize", """{"ClientVersion":"7.9.0","Culture":"en-US","RequestTimeout":"00:00:30"}""");
        Ask(input, lines, "3", "GetOperationClaims", "{}");
        Ask(input, lines, "4", "SetLogLevel", """{"LogLevel":"Debug"}""");
        var answer = Ask(input, lines, "5", "GetAuthenticationCredentials",
            $$"""{"Uri":"{{App}}","IsRetry":false,"IsNonInteractive":true,"CanShowDialog":true}""");
        var credentials = watch.Elapsed.TotalMilliseconds;

        var memory = PeakMemory(process.Id);
        var before = watch.Elapsed.TotalMilliseconds;
        Send(input, """{"RequestId":"6","Type":"Request","Method":"Close"}""");
        process.WaitForExit();
        return new Launch(handshake, credentials, watch.Elapsed.TotalMilliseconds - before, memory, answer);
    }

    private static string Ask(Stream input, StreamReader lines, string id, string method, string payload)
    {
        Send(input, $$"""{"RequestId":"{{id}}","Type":"Request","Method":"{{method}}","Payload":{{payload}}}""");
        while (true)
        {
            var line = lines.ReadLine() ?? throw new InvalidOperationException("the plugin ended");
            if (Field(line, "RequestId") == id && Field(line, "Type") == "Response")
                return line;
        }
    }

    private static void Send(Stream input, string line)
    {
        input.Write(Encoding.UTF8.GetBytes(line + "\r\n"));
        input.Flush();
    }

    /// <summary>By position: a JSON parser of ours would be in the time of theirs.</summary>
    private static string Field(string line, string name)
    {
        var at = line.IndexOf($"\"{name}\":\"", StringComparison.Ordinal) + name.Length + 4;
        return line[at..line.IndexOf('"', at)];
    }

    private static double PeakMemory(int process)
    {
        var line = File.ReadLines($"/proc/{process}/status").First(text => text.StartsWith("VmHWM:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }
}
