using System.Collections.Concurrent;
using CredentialProvider.Aws;
using CredentialProvider.Aws.Credentials;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Feeds;
using CredentialProvider.Identity;
using CredentialProvider.Tests.Identity;
using CredentialProvider.Tokens;
using Microsoft.Extensions.Time.Testing;

namespace CredentialProvider.Tests.Aws;

/// <summary>What users learn while credentials are fetched, and when that fails.</summary>
public sealed class GettingCredentials
{
    private const string Nowhere = "http://127.0.0.1:9";

    /// <summary>What only a developer of this program or of the SDK understands.</summary>
    private static readonly string[] DeveloperTexts =
        ["Value cannot be null", "Parameter '", "Object reference", "Exception", "   at ", "System.", "Amazon.", "Nullable", "was not recognized", "index"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("[profile p]\ncredential_process = /none/vault\n", "AWS_PROFILE=p", "credential_process of profile p")]
    [InlineData("[profile p]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = q\n[profile q]\ncredential_process = /none/vault\n", "AWS_PROFILE=p", "credential_process of profile q -> arn:aws:iam::111122223333:role/R")]
    [InlineData(null, "AWS_WEB_IDENTITY_TOKEN_FILE=/none/jwt AWS_ROLE_ARN=arn:aws:iam::111122223333:role/R", "web identity -> arn:aws:iam::111122223333:role/R")]
    [InlineData("[profile l]\nlogin_session = arn:x\n", "AWS_PROFILE=l", "aws login session (profile l)")]
    [InlineData(null, "AWS_CONTAINER_CREDENTIALS_FULL_URI=nonsense", "container credentials")]
    [InlineData(null, "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://10.0.0.1:80/v2/credentials/id?x=id", "container credentials from http://10.0.0.1:80")]
    [InlineData(null, "AWS_EC2_METADATA_DISABLED=true", "instance role")]
    public async Task Names_the_source_in_the_log(string? config, string variables, string source)
    {
        using var home = new AwsHome(config).With(variables);
        home.Variables["AWS_LOGIN_CACHE_DIRECTORY"] = home.Folder;
        var log = new ConcurrentQueue<string>();
        await Assert.ThrowsAsync<NoTokenException>(() => new TokenService(home.Settings, TimeProvider.System, TimeSpan.Zero)
            .FetchAsync(home.Request, new UserPrompt(_ => { }, CanSignIn: false, log.Enqueue), Cancel));
        Assert.Equal($"getting AWS credentials for domain contoso (111122223333, us-east-1): {source}", log.First());
    }

    [Fact]
    public async Task Tells_the_user_what_takes_long()
    {
        TemporaryFolder.RequireUnix();
        using var home = new AwsHome();
        var end = Path.Combine(home.Folder, "end");
        await File.WriteAllTextAsync(home.Variables["AWS_CONFIG_FILE"], $"[profile vault]\ncredential_process = sh -c 'until [ -e {end} ]; do sleep 0.05; done; exit 1'\n", Cancel);
        home.With("AWS_PROFILE=vault");
        var time = new FakeTimeProvider();
        var (log, shown) = (new ConcurrentQueue<string>(), new TaskCompletionSource<string>());
        var fetch = new TokenService(home.Settings, time, TimeSpan.Zero)
            .FetchAsync(home.Request, new UserPrompt(line => shown.TrySetResult(line), CanSignIn: false, log.Enqueue), Cancel);

        while (!shown.Task.IsCompleted && !fetch.IsCompleted)
        {
            await Task.WhenAny(shown.Task, fetch, Task.Delay(10, Cancel));
            if (!log.IsEmpty)
                time.Advance(TimeSpan.FromMilliseconds(50));
        }

        Assert.Equal("waiting for AWS credentials for domain contoso (111122223333, us-east-1): credential_process of profile vault", await shown.Task);
        await File.WriteAllTextAsync(end, "", Cancel);
        Assert.Equal(ErrorCode.Profile, (await Assert.ThrowsAsync<NoTokenException>(() => fetch)).Code);
    }

    /// <summary>Homes of generated users whose files and variables were damaged.</summary>
    [Fact]
    public async Task Fails_with_a_code_and_without_the_words_of_developers()
    {
        const int Homes = 300;
        using var folder = new TemporaryFolder();
        var failures = 0;
        for (var seed = 1; seed <= Homes; seed++)
        {
            var home = GeneratedHome.Create(seed, folder.Below($"{seed}"));
            home.Damage();
            foreach (var name in new[] { "AWS_ENDPOINT_URL", "AWS_EC2_METADATA_SERVICE_ENDPOINT" })
                home.Variables.TryAdd(name, Nowhere);
            home.Variables.Remove("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
            if (home.Variables.ContainsKey("AWS_CONTAINER_CREDENTIALS_FULL_URI"))
                home.Variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = Nowhere;
            home.Variables["AWS_LOGIN_CACHE_DIRECTORY"] = folder.Path;
            if (await FindFailureAsync(home) is not { } failure)
                continue;
            failures++;
            Assert.Matches("^CACP10[0-9]{2}$", failure.Code);
            Assert.All(DeveloperTexts, text => Assert.False(failure.Message.Contains(text, StringComparison.Ordinal), $"{failure.Message}\n{home.Describe()}"));
        }

        Assert.InRange(failures, Homes / 4, Homes);
    }

    private static async Task<NoTokenException?> FindFailureAsync(GeneratedHome home)
    {
        var settings = Settings.From(home.Variables.GetValueOrDefault);
        var request = TokenRequest.For(new Feed("contoso", "111122223333", "us-east-1", "app"), settings);
        if (request.Identity.Failure is { } failure)
            return failure;
        for (var source = request.Identity.Source; source is not null; source = (source as RoleSource)?.Source)
        {
            // Damaged commands are not for running.
            if (source is ProcessSource)
                return null;
        }

        try
        {
            var credentials = new CredentialChain(settings, TimeProvider.System).Resolve(request);
            await FetchedCredentials.FromAsync(credentials);
            _ = request.Identity.EndpointOf("codeartifact", settings);
            return null;
        }
        catch (Exception e)
        {
            return FailureMessages.Describe(request.Feed, Nowhere, e);
        }
    }
}
