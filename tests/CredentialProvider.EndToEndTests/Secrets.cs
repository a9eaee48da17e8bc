using System.Buffers;
using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;
using LocalAws;

namespace CredentialProvider.EndToEndTests;

/// <summary>
/// Keys, session tokens, CodeArtifact tokens and what a test adds are looked for at the end of every test, in all that was printed and in
/// all files of its machine. They may be in the cache's files and those of AWS's single sign-on, if nobody else can read them.
/// </summary>
public sealed partial class Secrets
{
    private const string ProxyPassword = "proxy-password-3c1f0e77", OwnKey = "environment-secret-key-9d5b21";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Fails where a secret is in a place that is not for it.</summary>
    internal static void Search(Sandbox sandbox)
    {
        var secrets = SearchValues.Create([.. Of(sandbox.Aws.World), ProxyPassword, OwnKey], StringComparison.Ordinal);
        if (!sandbox.PrintsTokens)
            Assert.DoesNotContain(sandbox.Printed, text => text.AsSpan().ContainsAny(secrets));
        foreach (var path in Directory.EnumerateFiles(sandbox.Root, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }))
        {
            if (sandbox.Planted.ContainsKey(path) || new FileInfo(path).UnixFileMode.HasFlag(UnixFileMode.UserExecute) || !IsRegular(path))
                continue;
            if (path.AsSpan().ContainsAny(secrets))
                Assert.Fail($"a secret is in the name {path}");
            if (!Read(path).AsSpan().ContainsAny(secrets))
                continue;
            var isItsPlace = path.EndsWith(".json", StringComparison.Ordinal) && File.GetUnixFileMode(path) == OwnerOnly
                && (path.Contains("/.aws/sso/cache/", StringComparison.Ordinal) || CacheFile().IsMatch(path));
            Assert.True(isItsPlace || sandbox.PrintsTokens, $"a secret is in {path}");
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Are_in_no_system_call_but_those_that_answer_and_keep_a_token(bool isAllowed)
    {
        Artifacts.Require("/usr/bin/strace", "strace");
        Artifacts.Require(Artifacts.Native, "the native program");
        await using var sandbox = await Sandbox.StartAsync();
        var world = sandbox.Aws.World;
        var session = world.OpenSession(world.InstanceRole!, "process", DateTimeOffset.UtcNow);
        var keys = sandbox.Write("keys.json", $$"""
            {"Version":1,"AccessKeyId":"{{session.AccessKeyId}}","SecretAccessKey":"{{session.SecretAccessKey}}","SessionToken":"{{session.Token}}","Expiration":"2036-01-01T00:00:00Z"}
            """);
        sandbox.Write("home/.aws/config", $"[profile build]\nrole_arn = arn:aws:iam::111122223333:role/Reader\nsource_profile = keys\n[profile keys]\ncredential_process = /bin/cat {keys}\n");
        world.InstanceRole!.Policy.Add(new Statement("sts:AssumeRole"));
        world.AddRole("Reader", isAllowed ? World.ReadPolicy() : [], World.Account, new Trust(World.Account));
        sandbox.Variables["CODEARTIFACT_PROFILE"] = "build";
        // Another program's, which this one has no use for and hands on to nobody but its children.
        sandbox.Variables["AWS_SECRET_ACCESS_KEY"] = OwnKey;
        sandbox.Variables["CODEARTIFACT_LOG_FILE"] = Path.Combine(sandbox.Home, "plugin.log");
        foreach (var name in new[] { "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy" })
            sandbox.Variables[name] = $"http://builder:{ProxyPassword}@{sandbox.Aws.Proxy.Authority}";
        sandbox.Variables["NUGET_ENHANCED_MAX_NETWORK_TRY_COUNT"] = "1";
        // It has the answer, too, and is read below.
        var trace = sandbox.Write("trace", "");
        var wrapper = sandbox.Write("bin/nuget-plugin-codeartifact",
            $"#!/bin/sh\nexec strace -f -y -s 100000 -o {trace} -e trace=write,writev,pwrite64,sendto,sendmsg,execve,prctl,rename {Artifacts.Native} \"$@\"\n");
        File.SetUnixFileMode(wrapper, OwnerOnly | UnixFileMode.UserExecute);
        sandbox.Variables["PATH"] = $"{Path.GetDirectoryName(wrapper)}:{sandbox.Variables["PATH"]}";
        var folder = sandbox.WriteSimpleProject();

        var outcome = await sandbox.DotnetAsync(folder, "restore", "-v", "diag", "-bl:log.binlog");

        Assert.Equal(isAllowed, outcome.ExitCode == 0);
        Assert.True(File.Exists(Path.Combine(folder, "log.binlog")));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(sandbox.Variables["CODEARTIFACT_LOG_FILE"]));
        var secrets = SearchValues.Create([.. Of(world), ProxyPassword], StringComparison.Ordinal);
        var (calls, answers, kept) = (0, 0, 0);
        await foreach (var call in File.ReadLinesAsync(trace, TestContext.Current.CancellationToken))
        {
            calls++;
            if (!call.AsSpan().ContainsAny(secrets))
                continue;
            if (Answer().IsMatch(call))
                answers++;
            else if (Keep().IsMatch(call))
                kept++;
            else
                // What a credential_process prints goes to this program alone.
                Assert.Matches(@"write\(1<pipe:\[\d+\]>, ""\{\\""Version", call);
        }

        Assert.InRange(calls, 10, int.MaxValue);
        Assert.Equal((isAllowed, isAllowed), (answers > 0, kept > 0));
        var text = await File.ReadAllTextAsync(trace, TestContext.Current.CancellationToken);
        Assert.Contains("prctl(PR_SET_DUMPABLE, SUID_DUMP_DISABLE) = 0", text, StringComparison.Ordinal);
        Assert.Matches(@"execve\(.*keys\.json", text);
    }

    private static IEnumerable<string> Of(World world) => world.Sessions.Values
        .SelectMany(session => new[] { session.SecretAccessKey, session.Token })
        .Concat(world.Tokens.Keys).Concat(world.SsoTokens.Keys).Concat(world.SsoRefreshTokens.Keys).Append(world.ContainerAuthorization)
        .Where(secret => secret is { Length: >= 16 }).Select(secret => secret!);

    private static bool IsRegular(string path) => (File.GetAttributes(path) & (FileAttributes.Normal | FileAttributes.Archive | FileAttributes.ReadOnly)) != 0
        && new FileInfo(path).Length > 0;

    private static string Read(string path)
    {
        using var file = File.OpenRead(path);
        using var plain = path.EndsWith(".binlog", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : (Stream)file;
        using var reader = new StreamReader(plain, Encoding.Latin1);
        return reader.ReadToEnd();
    }

    /// <summary>Named after domain, owner, region and a hash, wherever the cache is.</summary>
    [GeneratedRegex(@"/[a-z0-9-]+-\d{12}\.[a-z0-9-]+\.[0-9a-f]{16}\.json$")]
    private static partial Regex CacheFile();

    [GeneratedRegex(@"write\(1<pipe:\[\d+\]>, ""\{\\""RequestId.*GetAuthenticationCredentials.*Success")]
    private static partial Regex Answer();

    [GeneratedRegex(@"p?write(64)?\(\d+</[^>]*/codeartifact-credentials/[^>]*\.json\.[A-Za-z0-9]{6}>")]
    private static partial Regex Keep();
}
