using System.Text.Json.Nodes;
using Amazon.SSOOIDC.Model;
using CredentialProvider.Aws.Credentials;
using CredentialProvider.Errors;
using CredentialProvider.Identity;

namespace CredentialProvider.Tests.Aws;

/// <summary>The files in ~/.aws/sso/cache: their names, and their format in every version of the AWS CLI.</summary>
public sealed class SsoSessions : IDisposable
{
    private const string StartUrl = "https://corp.awsapps.com/start";

    private static readonly DateTimeOffset Now = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Computed with sha1sum.</summary>
    [Theory]
    [InlineData("corp", "ee0bfd2552fbd840c02cc48b6e823320543c450f.json")]
    [InlineData(null, "a51746d4aa793ae07b25e90c3a5db96fc7832bd7.json")]
    public void A_session_file_is_named_after_the_SHA1_of_the_session_or_the_start_URL(string? session, string name) =>
        Assert.Equal(name, Path.GetFileName(Cache(session).SessionFile));

    /// <summary>Computed with Python's json.dumps(…, sort_keys=True) and hashlib.sha1, as the AWS CLI does.</summary>
    [Theory]
    [InlineData("corp", "us-east-1", null, "0dbee05f0229616e8f2427e85f5e810875ed57ff.json")]
    [InlineData("corp", "us-east-1", " sso:account:access ,", "0dbee05f0229616e8f2427e85f5e810875ed57ff.json")]
    [InlineData("Bü \"ro\"", "us-east-1", "sso:account:access,codewhisperer:completions", "945842fe8768c7533960c61991de72433a1f3ce2.json")]
    [InlineData(null, "eu-west-1", null, "af5d46839faddc8878a0696bcf4436c63f06e6b5.json")]
    public void A_registration_file_is_named_after_what_the_client_is_registered_for(string? session, string region, string? scopes, string name) =>
        Assert.Equal(name, Path.GetFileName(Cache(session, region, scopes).RegistrationFile));

    /// <summary>From the AWS CLI 2.0 (UTC), 2.9 (Z), the AWS SDK for .NET, and with offsets as ISO 8601 allows.</summary>
    [Theory]
    [InlineData("2026-11-24T12:00:00UTC")]
    [InlineData("2026-11-24T12:00:00Z")]
    [InlineData("2026-11-24T12:00:00.000Z")]
    [InlineData("2026-11-24T13:00:00+01:00")]
    [InlineData("2026-11-24T12:00:00")]
    public void Expiration_is_read_in_every_format(string expires)
    {
        var session = Read($$"""{"startUrl":"{{StartUrl}}","region":"us-east-1","accessToken":"a","expiresAt":"{{expires}}"}""");
        Assert.Equal(Now, session!.Expires);
        Assert.Equal("a", session.AccessToken.Reveal());
    }

    [Theory]
    [InlineData("""{"accessToken":"a","expiresAt":"2026-11-24T12:00:00Z"}""", false)]
    [InlineData("""{"accessToken":"a","expiresAt":"2026-11-24T12:00:00Z","refreshToken":"r"}""", false)]
    [InlineData("""{"accessToken":"a","expiresAt":"2026-11-24T12:00:00Z","refreshToken":null,"clientId":"c","clientSecret":"s","registrationExpiresAt":"2027-01-01T00:00:00Z"}""", false)]
    [InlineData("""{"accessToken":"a","expiresAt":"2026-11-24T12:00:00Z","refreshToken":"r","clientId":"c","clientSecret":"s"}""", true)]
    [InlineData("""{"accessToken":"a","expiresAt":"2026-11-24T12:00:00Z","refreshToken":"r","clientId":"c","clientSecret":"s","registrationExpiresAt":"2027-01-01T00:00:00UTC"}""", true)]
    [InlineData("""{"accessToken":"a","expiresAt":"2026-11-24T12:00:00Z","refreshToken":"r","clientId":"c","clientSecret":"s","registrationExpiresAt":"2026-11-01T00:00:00Z"}""", false)]
    public void A_session_without_optional_fields_is_read_and_renewed_only_with_all_that_renewal_needs(string content, bool isRenewable) =>
        Assert.Equal(isRenewable, Read(content)!.IsRenewable(Now));

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"accessToken":"a"}""")]
    [InlineData("""{"expiresAt":"2026-11-24T12:00:00Z"}""")]
    [InlineData("""{"accessToken":"","expiresAt":"2026-11-24T12:00:00Z"}""")]
    [InlineData("""{"accessToken":7,"expiresAt":"2026-11-24T12:00:00Z"}""")]
    [InlineData("""{"accessToken":"a","expiresAt":"soon"}""")]
    [InlineData("""{"accessToken":"a","expiresAt":"UTC"}""")]
    [InlineData("""{"accessToken":"a","accessToken":"b","expiresAt":"2026-11-24T12:00:00Z"}""")]
    [InlineData("""{"accessToken":"a",""")]
    public void A_damaged_file_is_no_session(string content) => Assert.Null(Read(content));

    [Fact]
    public void A_user_without_a_home_directory_has_no_session_and_stores_none()
    {
        var cache = new SsoCache(null, Source("corp", "us-east-1", null));
        Assert.Null(cache.ReadSession());
        Assert.Null(cache.ReadRegistration(isForBrowser: true));
        Assert.Throws<IOException>(() => cache.Write(new SsoSession(new Secret("a"), Now, null, null)));
    }

    [Fact]
    public void A_written_session_has_the_fields_of_the_AWS_CLI_and_only_its_owner_reads_it()
    {
        var cache = new SsoCache(_folder.Below("new/cache"), Source("corp", "us-east-1", null));
        cache.Write(new SsoSession(new Secret("a"), Now, new Secret("r"), new SsoRegistration("c", new Secret("s"), Now.AddDays(90), IsForBrowser: true)));

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse($$"""
            {"startUrl":"{{StartUrl}}","region":"us-east-1","accessToken":"a","expiresAt":"2026-11-24T12:00:00Z","clientId":"c","clientSecret":"s",
             "registrationExpiresAt":"2027-02-22T12:00:00Z","refreshToken":"r"}
            """), JsonNode.Parse(File.ReadAllText(cache.SessionFile!))));
        TemporaryFolder.AssertOwnerOnly(cache.SessionFile!);
        Assert.Equal("r", cache.ReadSession()!.RefreshToken!.Reveal());
    }

    [Fact]
    public void A_written_registration_has_the_fields_of_the_AWS_CLI()
    {
        var cache = Cache("corp");
        cache.Write(new SsoRegistration("c", new Secret("s"), Now, IsForBrowser: true));

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""
            {"clientId":"c","clientSecret":"s","expiresAt":"2026-11-24T12:00:00Z","scopes":["sso:account:access"],"grantTypes":["authorization_code","refresh_token"]}
            """), JsonNode.Parse(File.ReadAllText(cache.RegistrationFile!))));
    }

    [Theory]
    [InlineData("""{"clientId":"c","clientSecret":"s","expiresAt":"2027-01-01T00:00:00Z"}""", false)]
    [InlineData("""{"clientId":"c","clientSecret":"s","expiresAt":"2027-01-01T00:00:00UTC","scopes":["sso:account:access"]}""", false)]
    [InlineData("""{"clientId":"c","clientSecret":"s","expiresAt":"2027-01-01T00:00:00Z","grantTypes":["authorization_code","refresh_token"]}""", true)]
    public void A_registration_is_used_for_its_own_flow_only(string content, bool isForBrowser)
    {
        var cache = Cache("corp");
        File.WriteAllText(cache.RegistrationFile!, content);
        Assert.Null(cache.ReadRegistration(!isForBrowser));
        Assert.Equal("c", cache.ReadRegistration(isForBrowser)!.ClientId);
    }

    [Fact]
    public void A_renewal_without_a_new_refresh_token_keeps_the_old_one()
    {
        var session = new SsoSession(new Secret("a"), Now, new Secret("r"), null);
        var renewed = session.Renew(new CreateTokenResponse { AccessToken = "b", ExpiresIn = 3600 }, Now);
        Assert.Equal(("b", Now.AddHours(1), "r"), (renewed.AccessToken.Reveal(), renewed.Expires, renewed.RefreshToken!.Reveal()));
        Assert.Equal("n", session.Renew(new CreateTokenResponse { AccessToken = "b", ExpiresIn = 3600, RefreshToken = "n" }, Now).RefreshToken!.Reveal());
    }

    private SsoSession? Read(string content)
    {
        var cache = Cache("corp");
        File.WriteAllText(cache.SessionFile!, content);
        return cache.ReadSession();
    }

    private SsoCache Cache(string? session, string region = "us-east-1", string? scopes = null) => new(_folder.Path, Source(session, region, scopes));

    private static SsoSource Source(string? session, string region, string? scopes) => new("default", session, StartUrl, region, "111122223333", "Reader", scopes);
}
