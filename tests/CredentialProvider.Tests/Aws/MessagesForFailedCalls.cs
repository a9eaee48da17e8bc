using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.Json;
using Amazon.Runtime;
using CredentialProvider.Aws;
using CredentialProvider.Configuration;
using CredentialProvider.Tests.Identity;
using static CredentialProvider.Tests.Aws.FailedCalls;
using static CredentialProvider.Tests.Tokens.Examples;

namespace CredentialProvider.Tests.Aws;

/// <summary>The only place that asserts the wording of failed AWS calls. AWS's part is as AWS was seen to send it.</summary>
public sealed class MessagesForFailedCalls
{
    private const string NotAuthorized = "User: arn:aws:sts::111122223333:assumed-role/Reader/build is not authorized to perform: ";

    [Theory]
    [InlineData("AccessDeniedException", NotAuthorized + "codeartifact:GetAuthorizationToken on resource: x", "CACP1001: " + NotAuthorized
        + "codeartifact:GetAuthorizationToken on resource: x; attach the policy printed by: nuget-plugin-codeartifact policy contoso/app --owner 111122223333 --region us-east-1")]
    [InlineData("ResourceNotFoundException", "Domain not found.", "CACP1002: no such domain or repository: Domain not found; "
        + "check domain, owner and region in the feed's URL: aws codeartifact list-domains --region us-east-1")]
    [InlineData("ThrottlingException", "Rate exceeded",
        "CACP1003: AWS is throttling requests: Rate exceeded; retry in a minute or request a higher service quota")]
    [InlineData("ExpiredTokenException", "The security token included in the request is expired", "CACP1005: the AWS credentials have expired: "
        + "The security token included in the request is expired; renew them, or unset AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN")]
    [InlineData("UnrecognizedClientException", "The security token included in the request is invalid.", "CACP1005: AWS rejected the credentials: "
        + "The security token included in the request is invalid; check them with 'aws sts get-caller-identity --region us-east-1'")]
    [InlineData("RequestExpired", "Request has expired.",
        "CACP1006: this machine's clock differs from AWS's: Request has expired; set the clock, for example with chrony or timedatectl")]
    [InlineData("ValidationException", "Invalid duration",
        "CACP1013: CodeArtifact rejected the request as invalid: Invalid duration; check CODEARTIFACT_TOKEN_DURATION and the feed's URL")]
    [InlineData("InternalServerException", "oops",
        "CACP1013: AWS returned InternalServerException (500): oops; retry; if the error persists, check https://health.aws.amazon.com")]
    public void CodeArtifact_returns_an_error(string code, string message, string expected) =>
        Assert.Equal(expected, Describe(ToCodeArtifact(Response(500, code, message))));

    /// <summary>IAM's messages: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html</summary>
    [Theory]
    [InlineData("GetAuthorizationToken", "because no identity-based policy allows the codeartifact:GetAuthorizationToken action",
        "attach the policy printed by: nuget-plugin-codeartifact policy contoso/app --owner 111122223333 --region us-east-1")]
    [InlineData("GetAuthorizationToken", "because no resource-based policy allows the codeartifact:GetAuthorizationToken action",
        "attach the policy printed by: nuget-plugin-codeartifact policy contoso/app --owner 111122223333 --region us-east-1")]
    [InlineData("GetAuthorizationToken", "with an explicit deny in an identity-based policy", "remove the deny of codeartifact:GetAuthorizationToken from the policies of the caller")]
    [InlineData("GetAuthorizationToken", "with an explicit deny in a resource-based policy", "remove the deny of codeartifact:GetAuthorizationToken from the policy of the "
        + "domain or repository: aws codeartifact get-domain-permissions-policy --domain contoso --domain-owner 111122223333 --region us-east-1")]
    [InlineData("GetAuthorizationToken", "because no VPC endpoint policy allows the codeartifact:GetAuthorizationToken action",
        "allow codeartifact:GetAuthorizationToken in the policy of the VPC endpoint for codeartifact.api")]
    [InlineData("ReadFromRepository", "with an explicit deny in a VPC endpoint policy",
        "remove the deny of codeartifact:ReadFromRepository from the policy of the VPC endpoint for codeartifact.repositories")]
    [InlineData("GetAuthorizationToken", "with an explicit deny in a service control policy", "ask the administrators of the AWS organization to remove the deny of "
        + "codeartifact:GetAuthorizationToken from its service control policy; no policy of the role can")]
    [InlineData("GetAuthorizationToken", "because no resource control policy allows the codeartifact:GetAuthorizationToken action", "ask the administrators of the AWS "
        + "organization to allow codeartifact:GetAuthorizationToken in its resource control policy; no policy of the role can")]
    [InlineData("GetAuthorizationToken", "because no permissions boundary allows the codeartifact:GetAuthorizationToken action",
        "allow codeartifact:GetAuthorizationToken in the permissions boundary of the role")]
    [InlineData("GetAuthorizationToken", "because no session policy allows the codeartifact:GetAuthorizationToken action",
        "allow codeartifact:GetAuthorizationToken in the session policy that the role is assumed with; for \"scope\" in codeartifact.json, "
            + "set it to \"publish\" to publish, or remove it")]
    public void A_denial_has_the_fix_for_the_policy_that_refused(string action, string reason, string fix) => Assert.EndsWith($"; {fix}",
        Describe(ToCodeArtifact(Response(403, "AccessDeniedException", $"{NotAuthorized}codeartifact:{action} on resource: arn:aws:codeartifact:us-east-1:111122223333:domain/contoso {reason}"))),
        StringComparison.Ordinal);

    [Fact]
    public void A_denial_by_a_KMS_key_is_fixed_in_the_key_s_policy() => Assert.EndsWith("; allow kms:Decrypt in the policy of the KMS key that encrypts the domain",
        Describe(ToCodeArtifact(Response(403, "AccessDeniedException", NotAuthorized + "kms:Decrypt on resource: arn:aws:kms:us-east-1:111122223333:key/k because no identity-based policy allows it"))),
        StringComparison.Ordinal);

    [Fact]
    public void A_caller_of_another_account_may_use_a_profile_of_the_domain_s() => Assert.EndsWith(
        "; use a profile of account 111122223333, or attach the policy printed by: nuget-plugin-codeartifact policy contoso/app --owner 111122223333 --region us-east-1 --principal 444455556666",
        Describe(ToCodeArtifact(Response(403, "AccessDeniedException", NotAuthorized.Replace("111122223333", "444455556666", StringComparison.Ordinal)
            + "codeartifact:GetAuthorizationToken on resource: arn:aws:codeartifact:us-east-1:111122223333:domain/contoso"))), StringComparison.Ordinal);

    [Fact]
    public void STS_that_cannot_be_reached_has_a_VPC_endpoint_of_its_own() => Assert.EndsWith("; check DNS, HTTPS_PROXY and, in a VPC, the interface endpoint for sts",
        Describe(ToSts(new HttpRequestException("no", new SocketException((int)SocketError.HostNotFound)))), StringComparison.Ordinal);

    [Theory]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json", "in a VPC, the interface endpoint for codeartifact.repositories")]
    [InlineData("https://assets-193858265520-us-east-1.s3.us-east-1.amazonaws.com/x", "in a VPC, the gateway endpoint for s3")]
    [InlineData("https://s3.dualstack.us-east-1.amazonaws.com/assets/x", "in a VPC, the gateway endpoint for s3")]
    [InlineData("https://packages.contoso.example/nuget/app/v3/index.json", "check DNS and HTTPS_PROXY")]
    public void An_unreachable_host_of_packages_has_a_VPC_endpoint_of_its_own(string url, string fix) => Assert.EndsWith(fix,
        Describe(new AwsCallException(AwsCall.ToRepository(App with { Host = "packages.contoso.example" }, new Uri(url)),
            new HttpRequestException("no", new SocketException((int)SocketError.HostNotFound)))), StringComparison.Ordinal);

    [Fact]
    public void CodeArtifact_says_when_to_retry() =>
        Assert.Equal("CACP1003: AWS is throttling requests: Rate exceeded; retry in 7 s", Describe(Throttled(retryAfter: 7)));

    [Theory]
    [InlineData("AccessDenied", NotAuthorized + "sts:AssumeRole on resource: x", $"CACP1009: role {RoleArn} cannot be assumed: " + NotAuthorized
        + "sts:AssumeRole on resource: x; allow sts:AssumeRole on the role in the caller's policy, and allow the caller (with its external ID, "
        + "if one is required) in the role's trust policy")]
    [InlineData("RegionDisabledException", "STS is not activated in this region for account:111122223333.", "CACP1005: the account has not enabled us-east-1: "
        + "STS is not activated in this region for account:111122223333; enable it: aws account enable-region --region-name us-east-1")]
    [InlineData("InvalidIdentityToken", "Couldn't retrieve verification key",
        $"CACP1009: role {RoleArn} was not assumed: Couldn't retrieve verification key; check the role and the identity that assumes it")]
    public void STS_returns_an_error(string code, string message, string expected) => Assert.Equal(expected, Describe(ToSts(Response(403, code, message))));

    public static TheoryData<Exception, string> Causes => new()
    {
        { new HttpRequestException("no", new SocketException((int)SocketError.HostNotFound)), $"CACP1007: {Endpoint} cannot be reached: "
            + $"{new SocketException((int)SocketError.HostNotFound).Message}; check DNS, HTTPS_PROXY and, in a VPC, the interface endpoint for codeartifact.api" },
        { new HttpRequestException("The proxy tunnel request failed with status code '407'."),
            $"CACP1007: the proxy for {Endpoint} requires authentication: The proxy tunnel request failed with status code '407'; "
                + "put user name and password into the URL in HTTPS_PROXY, or add the host to NO_PROXY" },
        { new HttpRequestException("The proxy tunnel request failed with status code '403'."),
            $"CACP1007: {Endpoint} cannot be reached: The proxy tunnel request failed with status code '403'; check HTTPS_PROXY and NO_PROXY" },
        { new IOException("premature end"), $"CACP1007: the connection to {Endpoint} was lost: premature end; check HTTPS_PROXY and the firewalls on the network path" },
        { new TaskCanceledException("A task was canceled."), $"CACP1007: {Endpoint} did not respond in time; check firewalls, HTTPS_PROXY and, in a VPC, the interface endpoint for codeartifact.api" },
        { new HttpRequestException("no", new AuthenticationException("PartialChain")), $"CACP1008: the certificate of {Endpoint} is not trusted: PartialChain; "
            + "if a TLS-inspecting proxy is in use, add its CA to the system trust store or point SSL_CERT_FILE at a CA bundle" },
        { Response(502), $"CACP1013: unexpected response from {Endpoint}: HTTP 502 without an AWS error code; "
            + "a proxy may have answered: check HTTPS_PROXY and AWS_ENDPOINT_URL_CODEARTIFACT" },
        { new JsonException("'<' is an invalid start"), $"CACP1013: unexpected response from {Endpoint}: '<' is an invalid start; "
            + "a proxy may have answered: check HTTPS_PROXY and AWS_ENDPOINT_URL_CODEARTIFACT" },
        { new ResponseTooLargeException("more than 1 MB"), $"CACP1013: unexpected response from {Endpoint}: more than 1 MB; "
            + "a proxy may have answered: check HTTPS_PROXY and AWS_ENDPOINT_URL_CODEARTIFACT" },
        { new AmazonClientException("no", new InvalidDataException("no SSO token.")), "CACP1004: no SSO token; check the AWS credentials with 'aws sts get-caller-identity --region us-east-1'" },
    };

    [Theory]
    [MemberData(nameof(Causes), DisableDiscoveryEnumeration = true)]
    public void The_call_has_no_AWS_response(Exception cause, string expected) => Assert.Equal(expected, Describe(ToCodeArtifact(cause)));

    [Fact]
    public void Something_else_answers_for_STS() => Assert.Equal("CACP1013: unexpected response from STS in us-east-1: HTTP 404 without an AWS error code; "
        + "a proxy may have answered: check HTTPS_PROXY and AWS_ENDPOINT_URL_STS", Describe(ToSts(Response(404))));

    [Fact]
    public void STS_at_another_endpoint_is_named_with_what_sets_it()
    {
        var sts = FailedCalls.Sts(("AWS_ENDPOINT_URL_STS", "https://sts.eu-west-3.amazonaws.com"));
        Assert.StartsWith("CACP1007: https://sts.eu-west-3.amazonaws.com cannot be reached: ", Fail(new HttpRequestException("no", new SocketException((int)SocketError.HostNotFound))), StringComparison.Ordinal);
        Assert.EndsWith("; check AWS_ENDPOINT_URL_STS, DNS and HTTPS_PROXY", Fail(new HttpRequestException("no", new SocketException((int)SocketError.HostNotFound))), StringComparison.Ordinal);
        Assert.EndsWith("; enable it: aws account enable-region --region-name eu-west-3", Fail(Response(403, "RegionDisabledException", "no")), StringComparison.Ordinal);
        string Fail(Exception cause) => Describe(new AwsCallException(AwsCall.ToSts(new RoleRequest(RoleArn), sts), cause));
    }

    [Theory]
    [InlineData("codeartifact", "dev")]
    [InlineData("signin", "dev")]
    [InlineData("sso", "dev")]
    [InlineData("sso_oidc", "AWS_ENDPOINT_URL_SSO_OIDC=http://127.0.0.1:9")]
    [InlineData("codeartifact", "AWS_ENDPOINT_URL=http://127.0.0.1:9")]
    public void Another_endpoint_is_named_with_what_sets_it(string service, string variables)
    {
        using var home = new AwsHome("[profile dev]\nregion = us-east-1\nendpoint_url = http://127.0.0.1:9\n")
            .With(variables == "dev" ? "AWS_PROFILE=dev" : variables);
        var configured = home.Identity.EndpointOf(service, home.Settings);
        var call = service switch
        {
            "codeartifact" => AwsCall.ToCodeArtifact(App, configured.Url!, place: configured.UrlPlace),
            "signin" => AwsCall.ToSignIn(configured.Url!, configured),
            _ => AwsCall.ToIdentityCenter(configured.Url!, configured, service),
        };
        Assert.EndsWith($"; check {(variables == "dev" ? configured.UrlPlace : variables.Split('=')[0])}, DNS and HTTPS_PROXY",
            Describe(new AwsCallException(call, new HttpRequestException("no", new SocketException((int)SocketError.HostNotFound)))), StringComparison.Ordinal);
        Assert.Contains(variables == "dev" ? "line 3, [profile dev]: endpoint_url" : "AWS_ENDPOINT_URL", configured.UrlPlace, StringComparison.Ordinal);
    }

    /// <summary>Pasted, the AWS CLI asks with the same credentials.</summary>
    [Theory]
    [InlineData("AWS_PROFILE=work", "UnrecognizedClientException", "check them with 'aws sts get-caller-identity --region us-east-1 --profile work'")]
    [InlineData("CODEARTIFACT_PROFILE=chain", "UnrecognizedClientException", "check them with 'aws sts get-caller-identity --region us-east-1 --profile chain'")]
    [InlineData("CODEARTIFACT_PROFILE=work", "ResourceNotFoundException", "aws codeartifact list-domains --region us-east-1 --profile work")]
    [InlineData("AWS_PROFILE=work", "ExpiredTokenException", "renew the access key of profile work")]
    [InlineData("AWS_PROFILE=chain", "ExpiredTokenException", "renew the access key of profile work")]
    [InlineData("AWS_ACCESS_KEY_ID=A AWS_SECRET_ACCESS_KEY=S", "ExpiredTokenException", "renew them, or unset AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN")]
    [InlineData("AWS_ACCESS_KEY_ID=A AWS_SECRET_ACCESS_KEY=S", "UnrecognizedClientException", "check them with 'aws sts get-caller-identity --region us-east-1'")]
    [InlineData("", "ExpiredTokenException", "renew them; they are from the instance role")]
    [InlineData("", "UnrecognizedClientException", "check them with 'aws sts get-caller-identity --region us-east-1'")]
    public void A_fix_is_for_the_credentials_that_were_used(string variables, string code, string fix)
    {
        using var home = new AwsHome("[profile work]\naws_access_key_id = A\naws_secret_access_key = S\n"
            + "[profile chain]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = work\n").With(variables);
        Assert.EndsWith(fix, Describe(new AwsCallException(AwsCall.ToCodeArtifact(App, Endpoint, home.Identity), Response(403, code, "no"))), StringComparison.Ordinal);
    }

    [Fact]
    public void AWS_does_not_respond_at_all()
    {
        var message = FailureMessages.NoResponse(Endpoint, TimeSpan.FromSeconds(60));
        Assert.Equal($"CACP1007: AWS did not respond within 60 s; check the network path to {Endpoint}", $"{message.Code}: {message.Message}");
    }

    [Fact]
    public void The_policy_command_names_a_caller_from_another_account() =>
        Assert.EndsWith("policy contoso/app --owner 111122223333 --region us-east-1 --publish --principal 444455556666",
            Denial.Of(App, "User: arn:aws:iam::444455556666:user/build is not authorized", isPublishing: true).Command, StringComparison.Ordinal);

    private static string Describe(AwsCallException failure)
    {
        var message = FailureMessages.Describe(App, "https://not-this-one", failure);
        return $"{message.Code}: {message.Message}";
    }
}
