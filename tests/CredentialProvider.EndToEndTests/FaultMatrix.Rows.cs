using System.Diagnostics;
using LocalAws;

namespace CredentialProvider.EndToEndTests;

/// <content>The rows.</content>
public sealed partial class FaultMatrix
{
    private const string NotIt = "CACP1013", NoCredentials = "CACP1004", Network = "CACP1007", Throttled = "CACP1003", Setting = "CACP1012";

    private const string Absent = "no metadata service", Html = "<html><body>Please log in</body></html>";

    /// <summary>Three attempts of 10 s, and the pauses.</summary>
    private const double Silence = 36;

    private static readonly string Huge = new('x', 5_000_000);

    private static readonly Row[] All =
    [
        // Instance metadata.
        Metadata("refuses connections", s => s.Variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://127.0.0.1:9", Absent) with { Heal = null },
        Metadata("never answers", new Fault("metadata") { Drops = true }, "takes connections but does not answer"),
        Metadata("does not answer the first request", new Fault("metadata", Times: 1) { Drops = true }),
        Metadata("answers after 0.5 s each time", new Fault("metadata") { Delay = TimeSpan.FromSeconds(0.5) }),
        Metadata("answers after 3 s each time", new Fault("metadata") { Delay = TimeSpan.FromSeconds(3) }, "does not answer"),
        Metadata("resets every connection", new Fault("metadata") { Resets = true }, Absent),
        Metadata("resets the first connection", new Fault("metadata", Times: 1) { Resets = true }),
        Metadata("ends every answer half-way", new Fault("metadata") { Truncates = true }, Absent),
        Metadata("ends one answer half-way", new Fault("metadata", "GetCredentials", Times: 1) { Truncates = true }),
        Metadata("stalls in the middle of the credentials", new Fault("metadata", "GetCredentials") { Stalls = true }, "does not answer"),
        Metadata("stalls once in the middle of the credentials", new Fault("metadata", "GetCredentials", Times: 1) { Stalls = true }),
        .. new[] { 400, 401, 404, 405, 500, 503 }.Select(status =>
            Metadata($"answers {status} to the request for a session", new Fault("metadata", "PutToken") { Status = status }, $"answers {status}")),
        Metadata("answers 403, as when it is disabled", new Fault("metadata", "PutToken") { Status = 403 }, "--http-endpoint enabled"),
        Metadata("answers 500 once", new Fault("metadata", "PutToken", Times: 1) { Status = 500 }),
        Metadata("answers 401 to the request for the role", new Fault("metadata", "GetRole") { Status = 401 }, "answers 401"),
        Metadata("answers 404 to the request for the role", new Fault("metadata", "GetRole") { Status = 404 }, "the instance has no role"),
        Metadata("answers 500 to the request for the role", new Fault("metadata", "GetRole") { Status = 500 }, "answers 500"),
        Metadata("names an empty role", new Fault("metadata", "GetRole") { Body = "" }, "the instance has no role"),
        Metadata("names a role that leads elsewhere", new Fault("metadata", "GetRole") { Body = "../../user-data" }, "has no role ../../user-data"),
        Metadata("names a role that it does not know", new Fault("metadata", "GetCredentials") { Status = 404 }, "the instance has no role BuildAgentRole"),
        Metadata("answers 500 once to the request for credentials", new Fault("metadata", "GetCredentials", Times: 1) { Status = 500 }),
        Metadata("says that EC2 may not assume the role", Document("""{"Code":"AssumeRoleUnauthorizedAccess"}"""), "AssumeRoleUnauthorizedAccess"),
        Metadata("hands out expired credentials", Document("""{"Code":"Success","AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":"2026-01-01T00:00:00Z"}"""),
            "that expired at 2026-01-01") with { Answer = "CACP1005" },
        Metadata("hands out credentials without a key", Document("""{"Code":"Success","SecretAccessKey":"S","Token":"T","Expiration":"2036-01-01T00:00:00Z"}"""), "not complete"),
        Metadata("hands out credentials with an empty key", Document("""{"Code":"Success","AccessKeyId":"A","SecretAccessKey":"","Token":"T","Expiration":"2036-01-01T00:00:00Z"}"""), "not complete"),
        Metadata("hands out credentials whose end is no time", Document("""{"Code":"Success","AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":"soon"}"""), "not complete"),
        Metadata("hands out numbers for credentials", Document("""{"Code":"Success","AccessKeyId":1,"SecretAccessKey":2,"Token":3,"Expiration":4}"""), "not JSON as expected"),
        Metadata("hands out half of a document", Document("""{"Code":"Success","AccessKeyId":"A","""), "not JSON as expected"),
        Metadata("hands out a web page", Document(Html), "not JSON as expected"),
        Metadata("hands out 5 MB", Document(Huge), Absent),
        Metadata("redirects to another host", new Fault("metadata", "PutToken") { Status = 302, Headers = Location }, "answers 302"),
        Metadata("redirects the request for credentials", new Fault("metadata", "GetCredentials") { Status = 307, Headers = Location }, "answers 307"),

        // STS, for a role behind the instance's.
        Sts("resets one connection", new Fault("sts", Times: 1) { Resets = true }),
        Sts("resets every connection", new Fault("sts") { Resets = true }, Network, "STS in us-east-1 cannot be reached"),
        Sts("does not answer the first request", new Fault("sts", Times: 1) { Drops = true }) with { Seconds = 16 },
        Sts("never answers", new Fault("sts") { Drops = true }, Network, "STS in us-east-1 did not answer in time") with { Seconds = Silence },
        Sts("stalls once in the middle of its answer", new Fault("sts", Times: 1) { Stalls = true }) with { Seconds = 16 },
        Sts("ends one answer half-way", new Fault("sts", Times: 1) { Truncates = true }),
        Sts("answers 400 ValidationError", Refusal("sts", 400, "ValidationError"), "CACP1009"),
        Sts("answers 403 AccessDenied", Refusal("sts", 403, "AccessDenied"), "CACP1009", "sts:AssumeRole"),
        Sts("answers 403 ExpiredToken", Refusal("sts", 403, "ExpiredToken"), "CACP1005"),
        Sts("answers 403 InvalidClientTokenId", Refusal("sts", 403, "InvalidClientTokenId"), "CACP1005"),
        Sts("answers 404 with a web page", new Fault("sts") { Status = 404, Body = Html, ContentType = "text/html" }, NotIt, "STS"),
        Sts("answers 200 with a web page", new Fault("sts") { Body = Html, ContentType = "text/html" }, NotIt, "STS"),
        Sts("answers 200 with XML of another kind", new Fault("sts") { Body = "<AssumeRoleResponse><AssumeRoleResult/></AssumeRoleResponse>" }, NotIt, "STS"),
        Sts("answers 200 with nothing", new Fault("sts") { Body = "" }, NotIt, "STS"),
        Sts("answers 200 with 5 MB", new Fault("sts") { Body = "<AssumeRoleResponse>" + Huge }, NotIt, "more than 1 MB"),
        Sts("throttles twice", Refusal("sts", 400, "Throttling") with { Times = 2 }) with { Seconds = 12 },
        Sts("throttles for an hour by Retry-After", Refusal("sts", 400, "Throttling") with { Headers = RetryAfter(3600) }, Throttled, "3600 s"),
        Sts("answers 500 once", Refusal("sts", 500, "InternalFailure") with { Times = 1 }),
        Sts("answers 503 every time", Refusal("sts", 503, "ServiceUnavailable"), NotIt, "ServiceUnavailable (503)"),
        Sts("is refused by the proxy, 403", new Fault("proxy", "Connect") { Url = "sts.", Status = 403 }, Network, "403"),
        Sts("is redirected to another host", new Fault("sts") { Status = 302, Headers = Location }, NotIt, "STS"),

        // CodeArtifact.
        Api("resets one connection", new Fault("codeartifact", Times: 1) { Resets = true }),
        Api("resets two connections", new Fault("codeartifact", Times: 2) { Resets = true }) with { Seconds = 8 },
        Api("resets every connection", new Fault("codeartifact") { Resets = true }, Network, "cannot be reached"),
        Api("does not answer the first request", new Fault("codeartifact", Times: 1) { Drops = true }) with { Seconds = 16 },
        Api("never answers", new Fault("codeartifact") { Drops = true }, Network, "in time") with { Seconds = Silence },
        Api("answers after 5 s", new Fault("codeartifact") { Delay = TimeSpan.FromSeconds(5) }) with { Seconds = 10 },
        Api("stalls once in the middle of its answer", new Fault("codeartifact", Times: 1) { Stalls = true }) with { Seconds = 16 },
        Api("stalls in the middle of every answer", new Fault("codeartifact") { Stalls = true }, Network, "in time") with { Seconds = Silence },
        Api("ends one answer half-way", new Fault("codeartifact", Times: 1) { Truncates = true }),
        Api("ends every answer half-way", new Fault("codeartifact") { Truncates = true }, Network),
        Api("answers 400 ValidationException", Refusal("codeartifact", 400, "ValidationException"), NotIt, "not valid"),
        Api("answers 402 ServiceQuotaExceededException", Refusal("codeartifact", 402, "ServiceQuotaExceededException"), NotIt, "(402)"),
        Api("answers 403 AccessDeniedException", Refusal("codeartifact", 403, "AccessDeniedException"), "CACP1001", "policy contoso/"),
        Api("answers 403 ExpiredTokenException", Refusal("codeartifact", 403, "ExpiredTokenException"), "CACP1005"),
        Api("answers 403 with a web page", new Fault("codeartifact") { Status = 403, Body = Html, ContentType = "text/html" }, NotIt),
        Api("answers 404 ResourceNotFoundException", Refusal("codeartifact", 404, "ResourceNotFoundException"), "CACP1002"),
        Api("answers 404 with a web page", new Fault("codeartifact") { Status = 404, Body = Html, ContentType = "text/html" }, NotIt),
        Api("answers 409 ConflictException", Refusal("codeartifact", 409, "ConflictException"), NotIt, "(409)"),
        Api("throttles once, with Retry-After 1", Refusal("codeartifact", 429, "ThrottlingException") with { Times = 1, Headers = RetryAfter(1) }),
        Api("throttles four times, without Retry-After", Refusal("codeartifact", 429, "ThrottlingException") with { Times = 4 }) with { Seconds = 20 },
        Api("throttles for an hour by Retry-After", Refusal("codeartifact", 429, "ThrottlingException") with { Headers = RetryAfter(3600) }, Throttled, "3600 s"),
        Api("throttles with a Retry-After that cannot be read", Refusal("codeartifact", 429, "ThrottlingException") with { Times = 1, Headers = RetryAfter(-1) }),
        Api("answers 500 InternalServerException once", Refusal("codeartifact", 500, "InternalServerException") with { Times = 1 }),
        Api("answers 500 InternalServerException every time", Refusal("codeartifact", 500, "InternalServerException"), NotIt, "(500)"),
        Api("answers 503 once with a web page", new Fault("codeartifact", Times: 1) { Status = 503, Body = Html, ContentType = "text/html" }),
        Api("answers 503 every time", Refusal("codeartifact", 503, "ServiceUnavailable"), NotIt, "(503)"),
        Api("answers 504 once", Refusal("codeartifact", 504, "GatewayTimeout") with { Times = 1 }),
        Api("redirects to another host", new Fault("codeartifact") { Status = 301, Headers = Location }, NotIt),
        Api("answers with the wrong content type", new Fault("codeartifact") { ContentType = "text/html" }),
        .. new (string Name, string Body)[]
        {
            ("a web page", Html), ("nothing", ""), ("half of an object", """{"authorizationToken":"abc","expira"""), ("a list", "[]"), ("null", "null"),
            ("no token", """{"expiration":1900000000}"""), ("null for a token", """{"authorizationToken":null,"expiration":1900000000}"""),
            ("an empty token", """{"authorizationToken":"","expiration":1900000000}"""), ("a number for a token", """{"authorizationToken":5,"expiration":1900000000}"""),
            ("no expiration", """{"authorizationToken":"abc"}"""), ("text for an expiration", """{"authorizationToken":"abc","expiration":"soon"}"""),
            ("an expiration beyond all calendars", """{"authorizationToken":"abc","expiration":1e300}"""),
            ("a token with line breaks", """{"authorizationToken":"abc\r\nX-Evil: 1","expiration":1900000000}"""),
        }.Select(answer => Api($"answers 200 with {answer.Name}", new Fault("codeartifact") { Body = answer.Body }, NotIt, "is not CodeArtifact")),
        Api("answers 200 with 5 MB", new Fault("codeartifact") { Body = "\"" + Huge }, NotIt, "more than 1 MB"),
        Api("answers 400 with 5 MB", new Fault("codeartifact") { Status = 400, Body = "\"" + Huge }, NotIt, "more than 1 MB"),
        Api("makes a token that has expired, by this machine's clock", new Fault("codeartifact") { Body = """{"authorizationToken":"abc","expiration":1700000000.5}""" }),

        // The way there.
        new("the proxy is not there", s => Proxy(s, "http://127.0.0.1:9"), Network) { Says = "HTTPS_PROXY", Heal = s => Proxy(s, s.Aws.Proxy.ToString()) },
        new("the proxy has a name that does not exist", s => Proxy(s, "http://proxy.invalid:3128"), Network, 20) { Says = "HTTPS_PROXY" },
        new("the proxy's URL is none", s => Proxy(s, "::::"), Network) { Says = "HTTPS_PROXY" },
        Way("the proxy wants a password, 407", new Fault("proxy", "Connect") { Status = 407 }, Network, "407"),
        Way("the proxy refuses, 403", new Fault("proxy", "Connect") { Status = 403 }, Network, "403"),
        Way("the proxy cannot reach AWS, 502", new Fault("proxy", "Connect") { Status = 502 }, Network, "502"),
        Way("the proxy cannot reach AWS once, 503", new Fault("proxy", "Connect", Times: 1) { Status = 503 }),
        Way("the proxy hangs up once", new Fault("proxy", "Connect", Times: 1) { Resets = true }),
        Way("the proxy hangs up every time", new Fault("proxy", "Connect") { Resets = true }, Network),
        Way("the proxy never answers", new Fault("proxy", "Connect") { Drops = true }, Network, "in time") with { Seconds = Silence },
        new("the endpoint's name does not exist", s => s.Variables["AWS_ENDPOINT_URL_CODEARTIFACT"] = "https://codeartifact.invalid", Network, 20),
        new("the certificate authority is not known", s => s.Variables["SSL_CERT_FILE"] = "/etc/ssl/certs/ca-certificates.crt", "CACP1008")
            { Says = "is not trusted", Heal = s => s.Variables["SSL_CERT_FILE"] = s.Aws.CaBundleFile },
        new("AWS_CA_BUNDLE names a file of something else", s => s.Variables["AWS_CA_BUNDLE"] = s.Write("bundle", "not a certificate"), "CACP1008"),
        new("this machine's clock is 10 minutes late", s => s.Aws.Faults.ClockSkew = TimeSpan.FromMinutes(10), Token),
        new("this machine's clock is 10 minutes early", s => s.Aws.Faults.ClockSkew = TimeSpan.FromMinutes(-10), Token),

        // This machine.
        new("there is no HOME", s => s.Variables.Remove("HOME"), Token),
        new("HOME does not exist and cannot be made", s => s.Variables["HOME"] = "/proc/nobody", Token),
        new("HOME is read-only", s => Mount(s, s.Home, "size=16k,ro"), Token) { NeedsRoot = true },
        new("the user is in no list of users and has no HOME", s => Become(s, "54321"), Token) { NeedsRoot = true },
        new("the disk is full", s =>
        {
            Mount(s, s.Folder("home/.cache"), "size=8k");
            File.WriteAllBytes(Path.Combine(s.Home, ".cache", "filler"), new byte[4096]);
        }, Token) { NeedsRoot = true },
        new("the disk is full and a failure is to be noted", s =>
        {
            Mount(s, s.Folder("home/.cache"), "size=8k");
            File.WriteAllBytes(Path.Combine(s.Home, ".cache", "filler"), new byte[4096]);
            s.Aws.Faults.Add(Refusal("codeartifact", 403, "AccessDeniedException"));
        }, "CACP1001") { NeedsRoot = true, Heal = s => s.Aws.Faults.Clear() },
        new("the cache folder is a file", s => s.Write("home/.cache/codeartifact-credentials", "a file"), Token),
        new("the cache folder is a symbolic link", s => Directory.CreateSymbolicLink(Parent(s.Cache), s.Folder("elsewhere")), Token),
        new("the cache folder is somebody else's", s => Own(s, Made(s.Cache), "12345"), Token) { NeedsRoot = true },
        new("the cache folder is open to all", s => File.SetUnixFileMode(Made(s.Cache), (UnixFileMode)0b111_111_111), Token),
        new("the cache has a folder in the token's place", s => InCache(s, path => Directory.CreateDirectory(path)), Token),
        new("the cache has a pipe in the token's place", s => InCache(s, path => Run("mkfifo", path)), Token),
        new("the cache has a link in the token's place", s => InCache(s, path => File.CreateSymbolicLink(path, s.Write("other", "{}"))), Token),
        new("the cached token is garbage", s => InCache(s, path => WritePrivate(path, "\0\u0001garbage")), Token),
        new("the cached token has no end", s => InCache(s, path => WritePrivate(path, "{\"Format\":1,\"Endpoint\":\"htt")), Token),
        new("the cached token is a file of 5 MB", s => InCache(s, path => WritePrivate(path, Huge)), Token),
        new("the cached token is empty", s => InCache(s, path => WritePrivate(path, "")), Token),
        new("the token's lock is a folder", s => InCache(s, path => Directory.CreateDirectory(path + ".lock")), Token),
        new("the token's lock has something else in it", s => InCache(s, path => WritePrivate(path + ".lock", Huge)), Token),
        new("the log file is a folder", s => s.Variables["CODEARTIFACT_LOG_FILE"] = s.Home, Token),
        new("the log file is a pipe that nobody reads", s =>
        {
            s.Variables["CODEARTIFACT_LOG_FILE"] = Path.Combine(s.Home, "log");
            Run("mkfifo", Path.Combine(s.Home, "log"));
        }, Token),
        new("the log file is on a full device", s => s.Variables["CODEARTIFACT_LOG_FILE"] = "/dev/full", Token),
        new("TMPDIR does not exist", s => s.Variables["TMPDIR"] = "/nowhere/tmp", Token),

        // Settings.
        new("the configuration file is a folder", s => s.Folder("home/.config/codeartifact.json"), Setting) { Heal = s => Directory.Delete(ConfigurationFile(s)) },
        new("the configuration file is not JSON", s => s.Write("home/.config/codeartifact.json", "{ \"defaults\": "), Setting) { Heal = s => File.Delete(ConfigurationFile(s)) },
        new("the configuration file is empty", s => s.Write("home/.config/codeartifact.json", ""), Setting) { Heal = s => File.Delete(ConfigurationFile(s)) },
        new("the configuration file is a program", s => File.Copy("/bin/true", Path.Combine(s.Folder("home/.config"), "codeartifact.json")), Setting) { Heal = s => File.Delete(ConfigurationFile(s)) },
        new("the configuration file has 5 MB", s => s.Write("home/.config/codeartifact.json", "\"" + Huge), Setting) { Heal = s => File.Delete(ConfigurationFile(s)) },
        new("the configuration file may not be read", s =>
        {
            s.Write("home/.config/codeartifact.json", "{}");
            File.SetUnixFileMode(ConfigurationFile(s), UnixFileMode.None);
            Become(s, "54321");
            s.Variables["HOME"] = s.Home;
        }, Setting) { NeedsRoot = true, Heal = s => File.Delete(ConfigurationFile(s)) },
        new("~/.aws/config is a folder", s => s.Folder("home/.aws/config"), Token),
        new("~/.aws/config is garbage", s => s.Write("home/.aws/config", "\0\u0001[[[profile\n=\n"), "CACP1010") { Says = ".aws/config" },
    ];

    private static IReadOnlyDictionary<string, string> Location => new Dictionary<string, string> { ["Location"] = "https://example.test/" };

    private static Dictionary<string, string> RetryAfter(int seconds) =>
        new() { ["Retry-After"] = seconds < 0 ? "Fri, 31 Dec 1999 23:59:59 GMT" : $"{seconds}" };

    private static Fault Document(string body) => new("metadata", "GetCredentials") { Body = body };

    private static Fault Refusal(string service, int status, string code) => new(service) { Status = status, ErrorCode = code };

    private static Row Metadata(string cause, Fault fault, string? says = null) => Metadata(cause, s => s.Aws.Faults.Add(fault), says);

    private static Row Metadata(string cause, Action<Sandbox> plant, string? says) =>
        new($"instance metadata {cause}", plant, says is null ? Token : NoCredentials) { Says = says ?? "", Heal = s => s.Aws.Faults.Clear() };

    private static Row Sts(string cause, Fault fault, string answer = Token, string says = "") => new($"STS {cause}", s =>
    {
        s.Aws.World.InstanceRole!.Policy.Add(new Statement("sts:AssumeRole"));
        s.Aws.World.AddRole("Reader", World.ReadPolicy(), World.Account, new Trust(World.Account));
        s.Variables["CODEARTIFACT_ROLE_ARN"] = "arn:aws:iam::111122223333:role/Reader";
        s.Aws.Faults.Add(fault);
    }, answer) { Says = says, Heal = s => s.Aws.Faults.Clear() };

    private static Row Api(string cause, Fault fault, string answer = Token, string says = "") => Way($"CodeArtifact {cause}", fault, answer, says);

    private static Row Way(string cause, Fault fault, string answer = Token, string says = "") =>
        new(cause, s => s.Aws.Faults.Add(fault), answer) { Says = says, Heal = s => s.Aws.Faults.Clear() };

    private static void Proxy(Sandbox sandbox, string url)
    {
        sandbox.Variables["HTTPS_PROXY"] = url;
        sandbox.Variables["https_proxy"] = url;
    }

    private static void Mount(Sandbox sandbox, string folder, string options)
    {
        Run("mount", "-t", "tmpfs", "-o", options, "none", folder);
        sandbox.AtEnd.Push(() => Run("umount", folder));
    }

    /// <summary>Everything from here on runs as this user, who may read what the tests have made.</summary>
    private static void Become(Sandbox sandbox, string user)
    {
        Run("chown", "-R", user, Path.GetDirectoryName(sandbox.Home)!);
        Run("chmod", "-R", "go+rX", Path.GetDirectoryName(sandbox.Aws.CaFile)!);
        sandbox.Variables.Remove("HOME");
        sandbox.Wrapper = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups"];
    }

    private static void Own(Sandbox sandbox, string path, string user)
    {
        Run("chown", user, path);
        sandbox.AtEnd.Push(() => Run("chown", "0", path));
    }

    private static void InCache(Sandbox sandbox, Action<string> plant)
    {
        File.SetUnixFileMode(Made(sandbox.Cache), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        plant(Path.Combine(sandbox.Cache, TokenFile.Value.Result));
    }

    private static void WritePrivate(string path, string content)
    {
        File.WriteAllText(path, content);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private static string Made(string folder) => Directory.CreateDirectory(folder).FullName;

    private static string Parent(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return path;
    }

    private static string ConfigurationFile(Sandbox sandbox) => Path.Combine(sandbox.Home, ".config", "codeartifact.json");

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
