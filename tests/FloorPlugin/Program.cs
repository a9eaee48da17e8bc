using System.Text;
using Microsoft.Win32.SafeHandles;

// The smallest possible plugin: answers NuGet with constants and the token in FLOOR_TOKEN, and finds JSON fields by text search.
using var input = new FileStream(new SafeFileHandle(0, ownsHandle: false), FileAccess.Read, 1);
using var output = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, 1);
using var lines = new StreamReader(input);
var token = Environment.GetEnvironmentVariable("FLOOR_TOKEN");

Send("""{"RequestId":"floor","Type":"Request","Method":"Handshake","Payload":{"ProtocolVersion":"2.0.0","MinimumProtocolVersion":"1.0.0"}}""");
while (lines.ReadLine() is { } line)
{
    if (Field(line, "Type") != "Request")
        continue;
    var method = Field(line, "Method");
    if (method == "Close")
        return;
    var payload = method switch
    {
        "Handshake" => """{"ResponseCode":"Success","ProtocolVersion":"2.0.0"}""",
        "GetOperationClaims" => """{"Claims":["Authentication"]}""",
        "GetAuthenticationCredentials" =>
            $$"""{"ResponseCode":"Success","Username":"aws","Password":"{{token}}","AuthenticationTypes":["Basic"]}""",
        _ => """{"ResponseCode":"Success"}""",
    };
    Send($$"""{"RequestId":"{{Field(line, "RequestId")}}","Type":"Response","Method":"{{method}}","Payload":{{payload}}}""");
}

void Send(string text) => output.Write(Encoding.UTF8.GetBytes(text + "\n"));

static string Field(string line, string name)
{
    var at = line.IndexOf($"\"{name}\":\"", StringComparison.Ordinal) + name.Length + 4;
    return line[at..line.IndexOf('"', at)];
}
