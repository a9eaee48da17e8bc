using System.Buffers;
using System.Text.RegularExpressions;
using LocalAws;

namespace CredentialProvider.EndToEndTests.Secrecy;

/// <summary>Where credentials and tokens go during a restore with every kind of logging switched on.</summary>
[Trait("Category", "Slow")]
public sealed partial class SecretsDuringARestore
{
    [Fact]
    public async Task Only_the_token_cache_keeps_a_secret()
    {
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.PutNativeOnPath();
        sandbox.Variables["CODEARTIFACT_LOG_FILE"] = Path.Combine(sandbox.Home, "plugin.log");
        var project = sandbox.WriteSimpleProject();

        var outcome = (await sandbox.DotnetAsync(project, "restore", "-v", "diagnostic")).Succeeded();

        var secrets = sandbox.Aws.World.Sessions.Values.SelectMany(session => new[] { session.SecretAccessKey, session.Token! })
            .Concat(sandbox.Aws.World.Tokens.Keys).ToList();
        Assert.Equal(3, secrets.Count);
        Assert.All(secrets, secret => Assert.DoesNotContain(secret, outcome.Output, StringComparison.Ordinal));
        var log = await File.ReadAllTextAsync(Path.Combine(sandbox.Home, "plugin.log"), TestContext.Current.CancellationToken);
        Assert.Contains("token for domain contoso", log, StringComparison.Ordinal);
        var files = Directory.EnumerateFiles(sandbox.Root, "*", SearchOption.AllDirectories);
        Assert.All(files.Where(path => Path.GetDirectoryName(path) != sandbox.Cache), path =>
        {
            var content = File.ReadAllText(path, System.Text.Encoding.Latin1);
            Assert.All(secrets, secret => Assert.DoesNotContain(secret, content, StringComparison.Ordinal));
        });
    }

    /// <summary>strace shows everything that leaves the process, including what nothing keeps.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Only_the_response_and_the_token_cache_appear_in_system_calls(bool isAllowed)
    {
        Artifacts.Require("/usr/bin/strace", "strace");
        Artifacts.RequireNative();
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
        // The profile takes precedence, so this may reach the child processes' environment and nothing else.
        sandbox.Variables["AWS_SECRET_ACCESS_KEY"] = SecretScan.SecretKey;
        sandbox.Variables["CODEARTIFACT_LOG_FILE"] = Path.Combine(sandbox.Home, "plugin.log");
        foreach (var name in new[] { "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy" })
            sandbox.Variables[name] = $"http://builder:{SecretScan.ProxyPassword}@{sandbox.Aws.Proxy.Authority}";
        sandbox.Variables["NUGET_ENHANCED_MAX_NETWORK_TRY_COUNT"] = "1";
        // The trace contains the response too. Write excludes it from the scan; it is checked below.
        var trace = sandbox.Write("trace", "");
        sandbox.PutOnPath($"strace -f -y -s 100000 -o {trace} -e trace=write,writev,pwrite64,sendto,sendmsg,execve,prctl,rename {Artifacts.Native}");
        var folder = sandbox.WriteSimpleProject();

        var outcome = await sandbox.DotnetAsync(folder, "restore", "-v", "diag", "-bl:log.binlog");

        Assert.Equal(isAllowed, outcome.ExitCode == 0);
        Assert.True(File.Exists(Path.Combine(folder, "log.binlog")));
        Assert.Equal(SecretScan.OwnerOnly, File.GetUnixFileMode(sandbox.Variables["CODEARTIFACT_LOG_FILE"]));
        var secrets = SearchValues.Create([.. SecretScan.SecretsOf(world), SecretScan.ProxyPassword], StringComparison.Ordinal);
        var (calls, responses, cacheWrites) = (0, 0, 0);
        await foreach (var call in File.ReadLinesAsync(trace, TestContext.Current.CancellationToken))
        {
            calls++;
            if (!call.AsSpan().ContainsAny(secrets))
                continue;
            if (Response().IsMatch(call))
                responses++;
            else if (CacheWrite().IsMatch(call))
                cacheWrites++;
            else
                // The output of credential_process goes through a pipe to the plugin alone.
                Assert.Matches(@"write\(1<pipe:\[\d+\]>, ""\{\\""Version", call);
        }

        Assert.InRange(calls, 10, int.MaxValue);
        Assert.Equal((isAllowed, isAllowed), (responses > 0, cacheWrites > 0));
        var text = await File.ReadAllTextAsync(trace, TestContext.Current.CancellationToken);
        Assert.Contains("prctl(PR_SET_DUMPABLE, SUID_DUMP_DISABLE) = 0", text, StringComparison.Ordinal);
        Assert.Matches(@"execve\(.*keys\.json", text);
    }

    [GeneratedRegex(@"write\(1<pipe:\[\d+\]>, ""\{\\""RequestId.*GetAuthenticationCredentials.*Success")]
    private static partial Regex Response();

    [GeneratedRegex(@"p?write(64)?\(\d+</[^>]*/codeartifact-credentials/[^>]*\.json\.[A-Za-z0-9]{6}>")]
    private static partial Regex CacheWrite();
}
