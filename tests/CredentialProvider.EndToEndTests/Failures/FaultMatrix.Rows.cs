using System.Diagnostics;
using LocalAws;

namespace CredentialProvider.EndToEndTests.Failures;

/// <content>The rows of the table.</content>
public sealed partial class FaultMatrix
{
    private const string UnexpectedResponse = "CACP1013", NoCredentials = "CACP1004", Network = "CACP1007", Throttling = "CACP1003", Setting = "CACP1012";

    private const string Absent = "no instance metadata service", Html = "<html><body>Please log in</body></html>";

    /// <summary>Three attempts of 10 s, with the delays between them.</summary>
    private const double AllAttempts = 36;

    private static readonly string FiveMegabytes = new('x', 5_000_000);

    private static readonly Row[] All =
    [
        // Instance metadata.
        Metadata("refuses connections", s => s.Variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://127.0.0.1:9", Absent) with { Repair = null },
        Metadata("never answers", new Fault("metadata") { Drops = true }, "accepts connections but does not respond"),
        Metadata("does not answer the first request", new Fault("metadata", Times: 1) { Drops = true }),
        Metadata("answers after 0.5 s each time", new Fault("metadata") { Delay = TimeSpan.FromSeconds(0.5) }),
        Metadata("answers after 3 s each time", new Fault("metadata") { Delay = TimeSpan.FromSeconds(3) }, "does not respond"),
        Metadata("resets every connection", new Fault("metadata") { Resets = true }, Absent),
        Metadata("resets the first connection", new Fault("metadata", Times: 1) { Resets = true }),
        Metadata("truncates every response", new Fault("metadata") { Truncates = true }, Absent),
        Metadata("truncates one response", new Fault("metadata", "GetCredentials", Times: 1) { Truncates = true }),
        Metadata("stalls in the middle of the credentials", new Fault("metadata", "GetCredentials") { Stalls = true }, "does not respond"),
        Metadata("stalls once in the middle of the credentials", new Fault("metadata", "GetCredentials", Times: 1) { Stalls = true }),
        .. new[] { 400, 401, 404, 405, 500, 503 }.Select(status =>
            Metadata($"answers {status} to the request for a session token", new Fault("metadata", "PutToken") { Status = status }, $"returned {status}")),
        Metadata("answers 403 because it is disabled", new Fault("metadata", "PutToken") { Status = 403 }, "--http-endpoint enabled"),
        Metadata("answers 500 once", new Fault("metadata", "PutToken", Times: 1) { Status = 500 }),
        Metadata("answers 401 to the request for the role", new Fault("metadata", "GetRole") { Status = 401 }, "returned 401"),
        Metadata("answers 404 to the request for the role", new Fault("metadata", "GetRole") { Status = 404 }, "the instance has no role"),
        Metadata("answers 500 to the request for the role", new Fault("metadata", "GetRole") { Status = 500 }, "returned 500"),
        Metadata("returns an empty role name", new Fault("metadata", "GetRole") { Body = "" }, "the instance has no role"),
        Metadata("returns a role name with a path traversal", new Fault("metadata", "GetRole") { Body = "../../user-data" }, "has no role ../../user-data"),
        Metadata("returns the name of an unknown role", new Fault("metadata", "GetCredentials") { Status = 404 }, "the instance has no role BuildAgentRole"),
        Metadata("answers 500 once to the request for credentials", new Fault("metadata", "GetCredentials", Times: 1) { Status = 500 }),
        Metadata("reports that EC2 may not assume the role", CredentialsDocument("""{"Code":"AssumeRoleUnauthorizedAccess"}"""), "AssumeRoleUnauthorizedAccess"),
        Metadata("returns expired credentials", CredentialsDocument("""{"Code":"Success","AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":"2026-01-01T00:00:00Z"}"""),
            "AWS rejected the credentials") with { Answer = "CACP1005" },
        Metadata("returns credentials without an access key ID", CredentialsDocument("""{"Code":"Success","SecretAccessKey":"S","Token":"T","Expiration":"2036-01-01T00:00:00Z"}"""), "incomplete credentials"),
        Metadata("returns credentials with an empty secret key", CredentialsDocument("""{"Code":"Success","AccessKeyId":"A","SecretAccessKey":"","Token":"T","Expiration":"2036-01-01T00:00:00Z"}"""), "incomplete credentials"),
        Metadata("returns credentials whose expiration is not a time", CredentialsDocument("""{"Code":"Success","AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":"soon"}"""), "incomplete credentials"),
        Metadata("returns numbers instead of strings", CredentialsDocument("""{"Code":"Success","AccessKeyId":1,"SecretAccessKey":2,"Token":3,"Expiration":4}"""), "invalid JSON"),
        Metadata("returns half of a document", CredentialsDocument("""{"Code":"Success","AccessKeyId":"A","""), "invalid JSON"),
        Metadata("returns a web page", CredentialsDocument(Html), "invalid JSON"),
        Metadata("returns 5 MB", CredentialsDocument(FiveMegabytes), Absent),
        Metadata("redirects to another host", new Fault("metadata", "PutToken") { Status = 302, Headers = Location }, "returned 302"),
        Metadata("redirects the request for credentials", new Fault("metadata", "GetCredentials") { Status = 307, Headers = Location }, "returned 307"),

        // STS, for a role that the instance role assumes.
        Sts("resets one connection", new Fault("sts", Times: 1) { Resets = true }),
        Sts("resets every connection", new Fault("sts") { Resets = true }, Network, "STS in us-east-1 cannot be reached"),
        Sts("does not answer the first request", new Fault("sts", Times: 1) { Drops = true }) with { Seconds = 16 },
        Sts("never answers", new Fault("sts") { Drops = true }, Network, "STS in us-east-1 did not respond in time") with { Seconds = AllAttempts },
        Sts("stalls once in the middle of its response", new Fault("sts", Times: 1) { Stalls = true }) with { Seconds = 16 },
        Sts("truncates one response", new Fault("sts", Times: 1) { Truncates = true }),
        Sts("answers 400 ValidationError", ErrorResponse("sts", 400, "ValidationError"), "CACP1009"),
        Sts("answers 403 AccessDenied", ErrorResponse("sts", 403, "AccessDenied"), "CACP1009", "sts:AssumeRole"),
        Sts("answers 403 ExpiredToken", ErrorResponse("sts", 403, "ExpiredToken"), "CACP1005"),
        Sts("answers 403 InvalidClientTokenId", ErrorResponse("sts", 403, "InvalidClientTokenId"), "CACP1005"),
        Sts("answers 404 with a web page", new Fault("sts") { Status = 404, Body = Html, ContentType = "text/html" }, UnexpectedResponse, "STS"),
        Sts("answers 200 with a web page", new Fault("sts") { Body = Html, ContentType = "text/html" }, UnexpectedResponse, "STS"),
        Sts("answers 200 with unexpected XML", new Fault("sts") { Body = "<AssumeRoleResponse><AssumeRoleResult/></AssumeRoleResponse>" }, UnexpectedResponse, "STS"),
        Sts("answers 200 with an empty body", new Fault("sts") { Body = "" }, UnexpectedResponse, "STS"),
        Sts("answers 200 with 5 MB", new Fault("sts") { Body = "<AssumeRoleResponse>" + FiveMegabytes }, UnexpectedResponse, "more than 1 MB"),
        Sts("throttles twice", ErrorResponse("sts", 400, "Throttling") with { Times = 2 }) with { Seconds = 12 },
        Sts("throttles with Retry-After 3600", ErrorResponse("sts", 400, "Throttling") with { Headers = RetryAfter(3600) }, Throttling, "3600 s"),
        Sts("answers 500 once", ErrorResponse("sts", 500, "InternalFailure") with { Times = 1 }),
        Sts("answers 503 every time", ErrorResponse("sts", 503, "ServiceUnavailable"), UnexpectedResponse, "ServiceUnavailable (503)"),
        Sts("is denied by the proxy with 403", new Fault("proxy", "Connect") { Url = "sts.", Status = 403 }, Network, "403"),
        Sts("is redirected to another host", new Fault("sts") { Status = 302, Headers = Location }, UnexpectedResponse, "STS"),

        // The CI system that issues a job's OIDC token.
        Ci("resets one connection", new Fault("ci", Times: 1) { Resets = true }),
        Ci("resets every connection", new Fault("ci") { Resets = true }, Network, "actions.githubusercontent.com cannot be reached"),
        Ci("does not answer the first request", new Fault("ci", Times: 1) { Drops = true }) with { Seconds = 16 },
        Ci("never answers", new Fault("ci") { Drops = true }, Network, "did not respond in time") with { Seconds = AllAttempts },
        Ci("truncates one response", new Fault("ci", Times: 1) { Truncates = true }),
        Ci("stalls once in the middle of its response", new Fault("ci", Times: 1) { Stalls = true }) with { Seconds = 16 },
        Ci("answers 401", new Fault("ci") { Status = 401 }, NoCredentials, "issued no ID token: HTTP 401"),
        Ci("answers 200 with a web page", new Fault("ci") { Body = Html, ContentType = "text/html" }, UnexpectedResponse, "not JSON with a token"),
        Ci("answers 200 without a token", new Fault("ci") { Body = """{"count":1,"value":null}""" }, UnexpectedResponse, "not JSON with a token"),
        Ci("answers 200 with 5 MB", new Fault("ci") { Body = FiveMegabytes }, UnexpectedResponse, "more than 64 KB"),
        Ci("throttles twice", new Fault("ci", Times: 2) { Status = 429 }) with { Seconds = 12 },
        Ci("answers 500 once", new Fault("ci", Times: 1) { Status = 500 }),
        Ci("answers 503 every time", new Fault("ci") { Status = 503 }, UnexpectedResponse, "HTTP 503"),
        Ci("is denied by the proxy with 403", new Fault("proxy", "Connect") { Url = "actions.", Status = 403 }, Network, "403"),
        Ci("is redirected to another host", new Fault("ci") { Status = 302, Headers = Location }, NoCredentials, "a redirect, which is not followed"),

        // CodeArtifact.
        CodeArtifact("resets one connection", new Fault("codeartifact", Times: 1) { Resets = true }),
        CodeArtifact("resets two connections", new Fault("codeartifact", Times: 2) { Resets = true }) with { Seconds = 8 },
        CodeArtifact("resets every connection", new Fault("codeartifact") { Resets = true }, Network, "cannot be reached"),
        CodeArtifact("does not answer the first request", new Fault("codeartifact", Times: 1) { Drops = true }) with { Seconds = 16 },
        CodeArtifact("never answers", new Fault("codeartifact") { Drops = true }, Network, "in time") with { Seconds = AllAttempts },
        CodeArtifact("answers after 5 s", new Fault("codeartifact") { Delay = TimeSpan.FromSeconds(5) }) with { Seconds = 10 },
        CodeArtifact("stalls once in the middle of its response", new Fault("codeartifact", Times: 1) { Stalls = true }) with { Seconds = 16 },
        CodeArtifact("stalls in the middle of every response", new Fault("codeartifact") { Stalls = true }, Network, "in time") with { Seconds = AllAttempts },
        CodeArtifact("truncates one response", new Fault("codeartifact", Times: 1) { Truncates = true }),
        CodeArtifact("truncates every response", new Fault("codeartifact") { Truncates = true }, Network),
        CodeArtifact("answers 400 ValidationException", ErrorResponse("codeartifact", 400, "ValidationException"), UnexpectedResponse, "as invalid"),
        CodeArtifact("answers 402 ServiceQuotaExceededException", ErrorResponse("codeartifact", 402, "ServiceQuotaExceededException"), UnexpectedResponse, "(402)"),
        CodeArtifact("answers 403 AccessDeniedException", ErrorResponse("codeartifact", 403, "AccessDeniedException"), "CACP1001", "policy contoso/"),
        CodeArtifact("answers 403 ExpiredTokenException", ErrorResponse("codeartifact", 403, "ExpiredTokenException"), "CACP1005"),
        CodeArtifact("answers 403 with a web page", new Fault("codeartifact") { Status = 403, Body = Html, ContentType = "text/html" }, UnexpectedResponse),
        CodeArtifact("answers 404 ResourceNotFoundException", ErrorResponse("codeartifact", 404, "ResourceNotFoundException"), "CACP1002"),
        CodeArtifact("answers 404 with a web page", new Fault("codeartifact") { Status = 404, Body = Html, ContentType = "text/html" }, UnexpectedResponse),
        CodeArtifact("answers 409 ConflictException", ErrorResponse("codeartifact", 409, "ConflictException"), UnexpectedResponse, "(409)"),
        CodeArtifact("throttles once, with Retry-After 1", ErrorResponse("codeartifact", 429, "ThrottlingException") with { Times = 1, Headers = RetryAfter(1) }),
        CodeArtifact("throttles four times, without Retry-After", ErrorResponse("codeartifact", 429, "ThrottlingException") with { Times = 4 }) with { Seconds = 20 },
        CodeArtifact("throttles with Retry-After 3600", ErrorResponse("codeartifact", 429, "ThrottlingException") with { Headers = RetryAfter(3600) }, Throttling, "3600 s"),
        CodeArtifact("throttles with an invalid Retry-After", ErrorResponse("codeartifact", 429, "ThrottlingException") with { Times = 1, Headers = RetryAfter(-1) }),
        CodeArtifact("answers 500 InternalServerException once", ErrorResponse("codeartifact", 500, "InternalServerException") with { Times = 1 }),
        CodeArtifact("answers 500 InternalServerException every time", ErrorResponse("codeartifact", 500, "InternalServerException"), UnexpectedResponse, "(500)"),
        CodeArtifact("answers 503 once with a web page", new Fault("codeartifact", Times: 1) { Status = 503, Body = Html, ContentType = "text/html" }),
        CodeArtifact("answers 503 every time", ErrorResponse("codeartifact", 503, "ServiceUnavailable"), UnexpectedResponse, "(503)"),
        CodeArtifact("answers 504 once", ErrorResponse("codeartifact", 504, "GatewayTimeout") with { Times = 1 }),
        CodeArtifact("redirects to another host", new Fault("codeartifact") { Status = 301, Headers = Location }, UnexpectedResponse),
        CodeArtifact("answers with the wrong content type", new Fault("codeartifact") { ContentType = "text/html" }),
        .. new (string Name, string Body)[]
        {
            ("a web page", Html), ("an empty body", ""), ("half of an object", """{"authorizationToken":"abc","expira"""), ("an array", "[]"), ("null", "null"),
            ("no token", """{"expiration":1900000000}"""), ("a null token", """{"authorizationToken":null,"expiration":1900000000}"""),
            ("an empty token", """{"authorizationToken":"","expiration":1900000000}"""), ("a numeric token", """{"authorizationToken":5,"expiration":1900000000}"""),
            ("no expiration", """{"authorizationToken":"abc"}"""), ("a textual expiration", """{"authorizationToken":"abc","expiration":"soon"}"""),
            ("an out-of-range expiration", """{"authorizationToken":"abc","expiration":1e300}"""),
            ("a token with line breaks", """{"authorizationToken":"abc\r\nX-Evil: 1","expiration":1900000000}"""),
        }.Select(answer => CodeArtifact($"answers 200 with {answer.Name}", new Fault("codeartifact") { Body = answer.Body }, UnexpectedResponse, "unexpected response from https://codeartifact.us-east-1.amazonaws.com")),
        CodeArtifact("answers 200 with 5 MB", new Fault("codeartifact") { Body = "\"" + FiveMegabytes }, UnexpectedResponse, "more than 1 MB"),
        CodeArtifact("answers 400 with 5 MB", new Fault("codeartifact") { Status = 400, Body = "\"" + FiveMegabytes }, UnexpectedResponse, "more than 1 MB"),
        CodeArtifact("issues a token that is expired by this machine's clock", new Fault("codeartifact") { Body = """{"authorizationToken":"abc","expiration":1700000000.5}""" }),

        // The network.
        new("the proxy refuses connections", s => SetProxy(s, "http://127.0.0.1:9"), Network) { Says = "HTTPS_PROXY", Repair = s => SetProxy(s, s.Aws.Proxy.ToString()) },
        new("the proxy's name does not resolve", s => SetProxy(s, "http://proxy.invalid:3128"), Network, 20) { Says = "HTTPS_PROXY" },
        new("the proxy's URL is invalid", s => SetProxy(s, "::::"), Network) { Says = "HTTPS_PROXY" },
        NetworkFault("the proxy requires authentication (407)", new Fault("proxy", "Connect") { Status = 407 }, Network, "407"),
        NetworkFault("the proxy denies access (403)", new Fault("proxy", "Connect") { Status = 403 }, Network, "403"),
        NetworkFault("the proxy cannot reach AWS (502)", new Fault("proxy", "Connect") { Status = 502 }, Network, "502"),
        NetworkFault("the proxy fails once (503)", new Fault("proxy", "Connect", Times: 1) { Status = 503 }),
        NetworkFault("the proxy closes the connection once", new Fault("proxy", "Connect", Times: 1) { Resets = true }),
        NetworkFault("the proxy closes every connection", new Fault("proxy", "Connect") { Resets = true }, Network),
        NetworkFault("the proxy never answers", new Fault("proxy", "Connect") { Drops = true }, Network, "in time") with { Seconds = AllAttempts },
        new("the endpoint's name does not resolve", s => s.Variables["AWS_ENDPOINT_URL_CODEARTIFACT"] = "https://codeartifact.invalid", Network, 20),
        new("the certificate authority is not trusted", s => s.Variables["SSL_CERT_FILE"] = "/etc/ssl/certs/ca-certificates.crt", "CACP1008")
            { Says = "is not trusted", Repair = s => s.Variables["SSL_CERT_FILE"] = s.Aws.CaBundleFile },
        new("AWS_CA_BUNDLE names a file that is not a CA bundle", s => s.Variables["AWS_CA_BUNDLE"] = s.Write("bundle", "not a certificate"), "CACP1008"),
        new("this machine's clock is 10 minutes behind", s => s.Aws.Faults.ClockSkew = TimeSpan.FromMinutes(10), Token),
        new("this machine's clock is 10 minutes ahead", s => s.Aws.Faults.ClockSkew = TimeSpan.FromMinutes(-10), Token),

        // This machine.
        new("HOME is not set", s => s.Variables.Remove("HOME"), Token),
        new("HOME does not exist and cannot be created", s => s.Variables["HOME"] = "/proc/nobody", Token),
        new("HOME is read-only", s => MountTmpfs(s, s.Home, "size=16k,ro"), Token) { NeedsRoot = true },
        new("the user has no passwd entry and no HOME", s => RunAs(s, "54321"), Token) { NeedsRoot = true },
        new("the disk is full", s =>
        {
            MountTmpfs(s, s.Folder("home/.cache"), "size=8k");
            File.WriteAllBytes(Path.Combine(s.Home, ".cache", "filler"), new byte[4096]);
        }, Token) { NeedsRoot = true },
        new("the disk is full and the request is denied", s =>
        {
            MountTmpfs(s, s.Folder("home/.cache"), "size=8k");
            File.WriteAllBytes(Path.Combine(s.Home, ".cache", "filler"), new byte[4096]);
            s.Aws.Faults.Add(ErrorResponse("codeartifact", 403, "AccessDeniedException"));
        }, "CACP1001") { NeedsRoot = true, Repair = s => s.Aws.Faults.Clear() },
        new("the cache folder is a file", s => s.Write("home/.cache/codeartifact-credentials", "a file"), Token),
        new("the cache folder is a symbolic link", s => Directory.CreateSymbolicLink(WithParent(s.Cache), s.Folder("elsewhere")), Token),
        new("the cache folder belongs to another user", s => ChangeOwner(s, Create(s.Cache), "12345"), Token) { NeedsRoot = true },
        new("the cache folder is accessible to every user", s => File.SetUnixFileMode(Create(s.Cache), (UnixFileMode)0b111_111_111), Token),
        new("the token file is a folder", s => InCache(s, path => Directory.CreateDirectory(path)), Token),
        new("the token file is a named pipe", s => InCache(s, path => Run("mkfifo", path)), Token),
        new("the token file is a symbolic link", s => InCache(s, path => File.CreateSymbolicLink(path, s.Write("other", "{}"))), Token),
        new("the token file contains garbage", s => InCache(s, path => WritePrivate(path, "\0\u0001garbage")), Token),
        new("the token file is truncated", s => InCache(s, path => WritePrivate(path, "{\"Format\":1,\"Endpoint\":\"htt")), Token),
        new("the token file has 5 MB", s => InCache(s, path => WritePrivate(path, FiveMegabytes)), Token),
        new("the token file is empty", s => InCache(s, path => WritePrivate(path, "")), Token),
        new("the lock file is a folder", s => InCache(s, path => Directory.CreateDirectory(path + ".lock")), Token),
        new("the lock file has 5 MB", s => InCache(s, path => WritePrivate(path + ".lock", FiveMegabytes)), Token),
        new("the log file is a folder", s => s.Variables["CODEARTIFACT_LOG_FILE"] = s.Home, Token),
        new("the log file is a named pipe without a reader", s =>
        {
            s.Variables["CODEARTIFACT_LOG_FILE"] = Path.Combine(s.Home, "log");
            Run("mkfifo", Path.Combine(s.Home, "log"));
        }, Token),
        new("the log file is on a full device", s => s.Variables["CODEARTIFACT_LOG_FILE"] = "/dev/full", Token),
        new("TMPDIR does not exist", s => s.Variables["TMPDIR"] = "/nowhere/tmp", Token),

        // Settings.
        new("the configuration file is a folder", s => s.Folder("home/.config/codeartifact.json"), Setting) { Repair = s => Directory.Delete(ConfigurationFile(s)) },
        new("the configuration file is not JSON", s => s.Write("home/.config/codeartifact.json", "{ \"defaults\": "), Setting) { Repair = s => File.Delete(ConfigurationFile(s)) },
        new("the configuration file is empty", s => s.Write("home/.config/codeartifact.json", ""), Setting) { Repair = s => File.Delete(ConfigurationFile(s)) },
        new("the configuration file is an executable", s => File.Copy("/bin/true", Path.Combine(s.Folder("home/.config"), "codeartifact.json")), Setting) { Repair = s => File.Delete(ConfigurationFile(s)) },
        new("the configuration file has 5 MB", s => s.Write("home/.config/codeartifact.json", "\"" + FiveMegabytes), Setting) { Repair = s => File.Delete(ConfigurationFile(s)) },
        new("the configuration file is not readable", s =>
        {
            s.Write("home/.config/codeartifact.json", "{}");
            File.SetUnixFileMode(ConfigurationFile(s), UnixFileMode.None);
            RunAs(s, "54321");
            s.Variables["HOME"] = s.Home;
        }, Setting) { NeedsRoot = true, Repair = s => File.Delete(ConfigurationFile(s)) },
        new("~/.aws/config is a folder", s => s.Folder("home/.aws/config"), Token),
        new("~/.aws/config contains garbage", s => s.Write("home/.aws/config", "\0\u0001[[[profile\n=\n"), "CACP1010")
            { Says = "is not UTF-8 text", Repair = s => File.Delete(Path.Combine(s.Home, ".aws/config")) },
    ];

    private static IReadOnlyDictionary<string, string> Location => new Dictionary<string, string> { ["Location"] = "https://example.test/" };

    private static Dictionary<string, string> RetryAfter(int seconds) =>
        new() { ["Retry-After"] = seconds < 0 ? "Fri, 31 Dec 1999 23:59:59 GMT" : $"{seconds}" };

    private static Fault CredentialsDocument(string body) => new("metadata", "GetCredentials") { Body = body };

    private static Fault ErrorResponse(string service, int status, string code) => new(service) { Status = status, ErrorCode = code };

    private static Row Metadata(string cause, Fault fault, string? says = null) => Metadata(cause, s => s.Aws.Faults.Add(fault), says);

    private static Row Metadata(string cause, Action<Sandbox> inject, string? says) =>
        new($"instance metadata {cause}", inject, says is null ? Token : NoCredentials) { Says = says ?? "", Repair = s => s.Aws.Faults.Clear(), IsAboutMetadata = true };

    private static Row Sts(string cause, Fault fault, string answer = Token, string says = "") => new($"STS {cause}", s =>
    {
        s.Aws.World.InstanceRole!.Policy.Add(new Statement("sts:AssumeRole"));
        s.Aws.World.AddRole("Reader", World.ReadPolicy(), World.Account, new Trust(World.Account));
        s.Variables["CODEARTIFACT_ROLE_ARN"] = "arn:aws:iam::111122223333:role/Reader";
        s.Aws.Faults.Add(fault);
    }, answer) { Says = says, Repair = s => s.Aws.Faults.Clear() };

    private static Row Ci(string cause, Fault fault, string answer = Token, string says = "") => new($"the CI system {cause}", s =>
    {
        var job = s.Aws.World.StartJob(CiJob.GitHub, "repo:contoso/app:ref:refs/heads/main", s.Aws.World.AddRole("Pipeline", World.ReadPolicy()));
        (s.Variables["CODEARTIFACT_WEB_IDENTITY"], s.Variables["CODEARTIFACT_ROLE_ARN"]) = ("github", "arn:aws:iam::111122223333:role/Pipeline");
        (s.Variables["ACTIONS_ID_TOKEN_REQUEST_URL"], s.Variables["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]) = (job.RequestUrl, job.RequestToken);
        s.Aws.Faults.Add(fault);
    }, answer) { Says = says, Repair = s => s.Aws.Faults.Clear() };

    private static Row CodeArtifact(string cause, Fault fault, string answer = Token, string says = "") => NetworkFault($"CodeArtifact {cause}", fault, answer, says);

    private static Row NetworkFault(string cause, Fault fault, string answer = Token, string says = "") =>
        new(cause, s => s.Aws.Faults.Add(fault), answer) { Says = says, Repair = s => s.Aws.Faults.Clear() };

    private static void SetProxy(Sandbox sandbox, string url)
    {
        sandbox.Variables["HTTPS_PROXY"] = url;
        sandbox.Variables["https_proxy"] = url;
    }

    private static void MountTmpfs(Sandbox sandbox, string folder, string options)
    {
        Run("mount", "-t", "tmpfs", "-o", options, "none", folder);
        sandbox.Cleanup.Push(() => Run("umount", folder));
    }

    /// <summary>Runs every program as this user, who may read the files of the test.</summary>
    private static void RunAs(Sandbox sandbox, string user)
    {
        Run("chown", "-R", user, Path.GetDirectoryName(sandbox.Home)!);
        Run("chmod", "-R", "go+rX", Path.GetDirectoryName(sandbox.Aws.CaFile)!);
        sandbox.Variables.Remove("HOME");
        sandbox.Wrapper = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups"];
    }

    private static void ChangeOwner(Sandbox sandbox, string path, string user)
    {
        Run("chown", user, path);
        sandbox.Cleanup.Push(() => Run("chown", "0", path));
    }

    private static void InCache(Sandbox sandbox, Action<string> inject)
    {
        File.SetUnixFileMode(Create(sandbox.Cache), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        inject(Path.Combine(sandbox.Cache, TokenFile.Value.Result));
    }

    private static void WritePrivate(string path, string content)
    {
        File.WriteAllText(path, content);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private static string Create(string folder) => Directory.CreateDirectory(folder).FullName;

    private static string WithParent(string path)
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
