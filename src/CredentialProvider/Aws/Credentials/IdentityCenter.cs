using Amazon.Runtime;
using Amazon.Runtime.Endpoints;
using Amazon.Runtime.Internal;
using Amazon.SSO;
using Amazon.SSO.Model;
using Amazon.SSOOIDC;
using Amazon.SSOOIDC.Model;
using CredentialProvider.Configuration;
using CredentialProvider.Identity;

namespace CredentialProvider.Aws.Credentials;

/// <summary>IAM Identity Center in one region: the portal, which returns credentials, and OIDC, which signs users in.
/// The limits of <see cref="AwsClients"/> apply: requests contain the session.</summary>
/// <param name="portal">What the environment and the profile in use say about the endpoint.</param>
/// <param name="oidc">Likewise.</param>
internal sealed class IdentityCenter(string region, ServiceEndpoint portal, ServiceEndpoint oidc, Settings settings)
{
    public static IdentityCenter For(SsoSource source, SigningIdentity identity, Settings settings) => new(
        source.Region, identity.EndpointOf("sso", settings), identity.EndpointOf("sso_oidc", settings), settings);

    /// <summary>The page where users sign in; the authorization request is its query.</summary>
    public string AuthorizationPage => $"{Endpoint(OidcConfig(), new RegisterClientRequest())}/authorize";

    /// <exception cref="AwsCallException">The portal returned no credentials.</exception>
    public async Task<ImmutableCredentials> GetCredentialsAsync(SsoSource source, SsoSession session)
    {
        var config = new AmazonSSOConfig();
        AwsClients.Configure(config, region, portal, settings);
        using var client = new Portal(config);
        var request = new GetRoleCredentialsRequest
        {
            AccessToken = session.AccessToken.Reveal(),
            AccountId = source.AccountId,
            RoleName = source.RoleName,
        };
        return await CallAsync(Endpoint(config, request), portal, "sso", async stop =>
        {
            var response = await client.GetRoleCredentialsAsync(request, stop);
            return response.RoleCredentials is { } role
                ? new ImmutableCredentials(role.AccessKeyId, role.SecretAccessKey, role.SessionToken)
                : throw new System.Text.Json.JsonException("the response has no roleCredentials");
        }, CancellationToken.None);
    }

    /// <summary>One call to OIDC.</summary>
    /// <exception cref="AwsCallException">The call failed.</exception>
    public async Task<T> CallOidcAsync<T>(
        Func<IAmazonSSOOIDC, CancellationToken, Task<T>> call, CancellationToken cancel)
    {
        var config = OidcConfig();
        using var client = new Oidc(config);
        return await CallAsync(Endpoint(config, new RegisterClientRequest()), oidc, "sso_oidc", stop => call(client, stop), cancel);
    }

    private static async Task<T> CallAsync<T>(
        string endpoint, ServiceEndpoint configured, string service, Func<CancellationToken, Task<T>> call, CancellationToken cancel)
    {
        try
        {
            return await AwsClients.WithTimeoutAsync(call, cancel);
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            throw new AwsCallException(AwsCall.ToIdentityCenter(endpoint, configured, service), e);
        }
    }

    private AmazonSSOOIDCConfig OidcConfig()
    {
        var config = new AmazonSSOOIDCConfig();
        AwsClients.Configure(config, region, oidc, settings);
        return config;
    }

    private static string Endpoint(ClientConfig config, AmazonWebServiceRequest request) =>
        config.DetermineServiceOperationEndpoint(new ServiceOperationEndpointParameters(request)).URL.TrimEnd('/');

    private sealed class Portal(AmazonSSOConfig config) : AmazonSSOClient(new AnonymousAWSCredentials(), config)
    {
        protected override void CustomizeRuntimePipeline(RuntimePipeline pipeline)
        {
            base.CustomizeRuntimePipeline(pipeline);
            AwsClients.Configure(pipeline, Config);
        }
    }

    private sealed class Oidc(AmazonSSOOIDCConfig config) : AmazonSSOOIDCClient(new AnonymousAWSCredentials(), config)
    {
        protected override void CustomizeRuntimePipeline(RuntimePipeline pipeline)
        {
            base.CustomizeRuntimePipeline(pipeline);
            AwsClients.Configure(pipeline, Config);
        }
    }
}
