using LocalAws;

namespace CredentialProvider.EndToEndTests.Secrecy;

/// <summary>What AWS, proxies, feeds and programs answer: secrets that they repeat, commands to the terminal, texts without end.</summary>
[Trait("Category", "Slow")]
public sealed class HostileAnswers
{
    private static readonly string Endless = HostileText.Message + new string('x', 900 * 1024);

    public static TheoryData<string, string?> Calls() => new()
    {
        { "codeartifact", null }, { "sts", null }, { "metadata", "PutToken" }, { "metadata", "GetRole" }, { "metadata", "GetCredentials" },
        { "nuget", "ServiceIndex" }, { "nuget", "Versions" }, { "sso-oidc", null },
    };

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task Are_not_printed_as_they_are(string service, string? operation)
    {
        await using var sandbox = await StartAsync();
        var world = sandbox.Aws.World;
        if (service == "sts")
        {
            sandbox.Variables["CODEARTIFACT_ROLE_ARN"] = "arn:aws:iam::111122223333:role/Reader";
            world.InstanceRole!.Policy.Add(new Statement("sts:AssumeRole"));
        }
        else if (service == "sso-oidc")
        {
            sandbox.Write("home/.aws/config",
                "[default]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = us-east-1\nsso_account_id = 111122223333\nsso_role_name = Reader\n");
        }

        var run = new HostileRun(sandbox);
        foreach (var fault in new[]
        {
            new Fault(service, operation) { Status = 403, ErrorCode = "AccessDeniedException", Message = HostileText.Message },
            new Fault(service, operation) { Status = 400, ErrorCode = "Odd" + HostileText.Escapes[..1], Message = Endless[..200_000] },
            new Fault(service, operation) { Status = 500, Body = HostileText.Message },
            new Fault(service, operation) { Body = HostileText.Message },
            new Fault(service, operation) { Body = Endless },
            new Fault(service, operation) { Body = $$"""{"authorizationToken":{{HostileText.Json(HostileText.Message)}},"expiration":1e10,"versions":[{{HostileText.Json(HostileText.Message)}}],"resources":[{"@type":"PackageBaseAddress/3.0.0","@id":{{HostileText.Json(HostileText.Message)}}}],"Code":{{HostileText.Json(HostileText.Message)}} }""" },
            new Fault(service, operation) { Status = 302, Headers = new Dictionary<string, string> { ["Location"] = $"https://bob:{HostileText.Secret}@evil.example.test/?token={HostileText.Secret}" } },
        })
        {
            sandbox.Aws.Faults.Clear();
            sandbox.Aws.Faults.Add(fault);
            await run.CheckAsync($"{service} {operation} {fault.Status}", sandbox.Folder("client"), ["warm"],
                // With an answer that it accepts, it would wait for the user.
                [.. service == "sso-oidc" && fault.Status is not null ? ["login"] : new[] { "cache", "path" }]);
            await sandbox.RunAsync(Artifacts.Native, sandbox.Root, "cache", "clear");
        }

        Assert.Empty(run.ForeignHosts());
    }

    /// <summary>CASES: the password was in NuGet's log, the answer, the log file, the cache's note and <c>doctor --json</c>.</summary>
    [Theory]
    [InlineData(407)]
    [InlineData(403)]
    [InlineData(502)]
    [InlineData(null)]
    public async Task Of_a_proxy_contain_its_URL_without_the_password(int? status)
    {
        await using var sandbox = await StartAsync();
        foreach (var name in new[] { "HTTPS_PROXY", "https_proxy" })
            sandbox.Variables[name] = $"http://bob:{HostileText.Secret}-password@{(status is null ? "127.0.0.1:9" : sandbox.Aws.Proxy.Authority)}";
        if (status is not null)
            sandbox.Aws.Faults.Add(new Fault("proxy", "Connect") { Status = status });

        await new HostileRun(sandbox).CheckAsync($"proxy {status}", sandbox.Folder("client"), ["token", "contoso"], ["warm"],
            ["configure", "add", "--domain", "contoso", "--repository", "app", "--region", "us-east-1"]);

        Assert.Contains(sandbox.Output, text => text.Contains("CACP1007", StringComparison.Ordinal));
    }

    /// <summary>stdout has the credentials, and the environment has others.</summary>
    [Theory]
    [InlineData("printf '%s' '{0}'; printf '%s' '{0}' >&2; exit 1")]
    [InlineData("printf '%s' '{0}'")]
    [InlineData("""echo '{"Version":1,"AccessKeyId":"A","SecretAccessKey":"hunter2","SessionToken":"hunter2","Expiration":"hunter2"}'""")]
    [InlineData("""echo '{"Version":1,"AccessKeyId":"hunter2\r\nX-Evil: 1","SecretAccessKey":"hunter2","SessionToken":"hunter2\r\nX-Evil: 1"}'""")]
    [InlineData("""echo '{"Version":"hunter2"}'; env >&2; exit 3""")]
    public async Task Of_a_credential_process_are_not_logged(string body)
    {
        await using var sandbox = await StartAsync();
        sandbox.Variables["AWS_SECRET_ACCESS_KEY"] = HostileText.Secret;
        sandbox.Variables["AWS_PROFILE"] = sandbox.Variables["CODEARTIFACT_PROFILE"] = "process";
        var script = sandbox.Write("process.sh", body.Replace("{0}", HostileText.Message, StringComparison.Ordinal));
        sandbox.Write("home/.aws/config", $"[profile process]\ncredential_process = /bin/sh {script}\n");

        await new HostileRun(sandbox).CheckAsync(body, sandbox.Folder("client"), ["token", "contoso"]);
    }

    [Theory]
    [InlineData("AWS_CONTAINER_AUTHORIZATION_TOKEN", "CACP1012")]
    [InlineData("AWS_SESSION_TOKEN", "CACP1012")]
    [InlineData("AWS_ACCESS_KEY_ID", "CACP1012")]
    [InlineData("CODEARTIFACT_AUTH_TOKEN", "CACP1012")]
    public async Task Header_values_with_line_breaks_are_errors_that_name_the_setting(string variable, string code)
    {
        foreach (var value in new[] { $"{HostileText.Secret}\r\nX-Evil: 1", $"{HostileText.Secret}\u0001x", $"{HostileText.Secret}\u00e9x" })
        {
            await using var sandbox = await StartAsync();
            if (variable.StartsWith("AWS_CONTAINER", StringComparison.Ordinal))
            {
                sandbox.Variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1:9/credentials";
            }
            else if (variable.StartsWith("AWS_", StringComparison.Ordinal))
            {
                sandbox.Variables["AWS_ACCESS_KEY_ID"] = "AKIAEXAMPLE";
                sandbox.Variables["AWS_SECRET_ACCESS_KEY"] = HostileText.Secret;
            }

            sandbox.Variables[variable] = value;
            await new HostileRun(sandbox).CheckAsync(variable, sandbox.Folder("client"));

            var error = (await sandbox.RunAsync(Artifacts.Native, sandbox.Root, "token", Feeds.App)).Failed().Output;
            Assert.Contains(code, error, StringComparison.Ordinal);
            Assert.Contains(variable, error, StringComparison.Ordinal);
            Assert.DoesNotContain(sandbox.Aws.Audit.Entries, entry => entry.Service is "sts" or "nuget" || entry.Operation == "GetAuthorizationToken");
        }
    }

    private static async Task<Sandbox> StartAsync()
    {
        Artifacts.RequireNative();
        var sandbox = await Sandbox.StartAsync();
        sandbox.WriteConfig("client", ("contoso", Feeds.App));
        sandbox.Variables["CODEARTIFACT_LOG_LEVEL"] = "Debug";
        return sandbox;
    }
}
