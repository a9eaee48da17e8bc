// The two CodeArtifact operations that this program calls, written against AWSSDK.Core's public runtime. The names are
// those of the AWSSDK.CodeArtifact package, so that the package can replace this file.

using System.Globalization;
using System.Net;
using System.Text.Json;
using Amazon.Runtime;
using Amazon.Runtime.Credentials.Internal;
using Amazon.Runtime.Endpoints;
using Amazon.Runtime.Internal;
using Amazon.Runtime.Internal.Auth;
using Amazon.Runtime.Internal.Transform;
using Amazon.Runtime.Internal.Util;
using Amazon.Util.Internal;
using CredentialProvider.FastStart;
using CredentialProvider.Tokens;

namespace CredentialProvider.Aws;

/// <summary>Issues an authorization token for a domain.
/// https://docs.aws.amazon.com/codeartifact/latest/APIReference/API_GetAuthorizationToken.html</summary>
internal sealed class GetAuthorizationTokenRequest : AmazonWebServiceRequest
{
    public required string Domain { get; init; }

    public required string DomainOwner { get; init; }

    /// <summary>900 to 43200, or 0 for the remaining lifetime of the role session.</summary>
    public required int DurationSeconds { get; init; }
}

/// <summary>The token, and when it expires by AWS's clock.</summary>
internal sealed class GetAuthorizationTokenResponse : AmazonWebServiceResponse
{
    public string AuthorizationToken { get; set; } = "";

    public DateTimeOffset Expiration { get; set; }

    public static GetAuthorizationTokenResponse From(JsonElement json) => new()
    {
        // It goes into request headers, and commands write it for shells.
        AuthorizationToken = json.GetProperty("authorizationToken").GetString() is { } token && AsciiText.IsToken(token)
            ? token : throw new JsonException("authorizationToken is invalid"),
        // Seconds since the Unix epoch, as a JSON number that may have a fraction or an exponent.
        Expiration = DateTimeOffset.FromUnixTimeMilliseconds((long)(json.GetProperty("expiration").GetDouble() * 1000)),
    };
}

/// <summary>Asks for a repository's URL.
/// https://docs.aws.amazon.com/codeartifact/latest/APIReference/API_GetRepositoryEndpoint.html</summary>
internal sealed class GetRepositoryEndpointRequest : AmazonWebServiceRequest
{
    public required string Domain { get; init; }

    /// <summary>Null for the caller's account.</summary>
    public string? DomainOwner { get; init; }

    public required string Repository { get; init; }

    /// <summary><c>ipv4</c> or <c>dualstack</c>.</summary>
    public required string EndpointType { get; init; }
}

/// <summary>The repository's URL, for example
/// https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/. Append v3/index.json to get the
/// NuGet source.</summary>
internal sealed class GetRepositoryEndpointResponse : AmazonWebServiceResponse
{
    public string RepositoryEndpoint { get; set; } = "";
}

/// <summary>An error response from CodeArtifact.</summary>
internal sealed class AmazonCodeArtifactException(ErrorResponse error, Exception? inner, HttpStatusCode status)
    : AmazonServiceException(error.Message, inner, error.Type, error.Code, error.RequestId, status)
{
    /// <summary>The Retry-After header, in seconds; null if there is none or it is a date.</summary>
    public int? RetryAfterSeconds { get; init; }
}

/// <summary>An API endpoint, and the region to sign requests for.</summary>
internal sealed class AmazonCodeArtifactConfig : ClientConfig
{
    public AmazonCodeArtifactConfig(string endpoint, string region)
        : base(new StaticConfiguration())
    {
        ServiceURL = endpoint;
        AuthenticationRegion = region;
        // Otherwise the SDK guesses it from the host name, which fails for VPC endpoints and private hosts.
        AuthenticationServiceName = "codeartifact";
        EndpointProvider = new StaticEndpointProvider(endpoint);
    }

    public override string ServiceVersion => "2018-09-22";

    public override string RegionEndpointServiceName => "codeartifact";

    public override string UserAgent { get; } = InternalSDKUtils.BuildUserAgentString("CodeArtifact", "1.0");

    public override Endpoint DetermineServiceOperationEndpoint(ServiceOperationEndpointParameters parameters) =>
        new(ServiceURL);

    /// <summary>The SDK's standard mode. To find the default mode, the SDK may query the instance metadata
    /// service.</summary>
    private sealed class StaticConfiguration : IDefaultConfigurationProvider
    {
        public IDefaultConfiguration GetDefaultConfiguration(
            Amazon.RegionEndpoint clientRegion, DefaultConfigurationMode? requestedConfigurationMode) =>
                new DefaultConfiguration
        {
            Name = DefaultConfigurationMode.Standard,
            RetryMode = RequestRetryMode.Standard,
            ConnectTimeout = TimeSpan.FromSeconds(3.1),
        };
    }
}

/// <summary>Signs requests, sends them and reads responses with AWSSDK.Core's pipeline.</summary>
internal sealed class AmazonCodeArtifactClient(AWSCredentials credentials, AmazonCodeArtifactConfig config)
    : AmazonServiceClient(credentials, config)
{
    protected override IServiceMetadata ServiceMetadata { get; } = new Metadata();

    /// <exception cref="AmazonServiceException">With AWS's error code and message.</exception>
    public Task<GetAuthorizationTokenResponse> GetAuthorizationTokenAsync(
        GetAuthorizationTokenRequest request, CancellationToken cancel) =>
        InvokeAsync<GetAuthorizationTokenResponse>(request, new InvokeOptions
        {
            RequestMarshaller = new Query("POST", "/v1/authorization-token", new()
            {
                ["domain"] = request.Domain,
                ["domain-owner"] = request.DomainOwner,
                ["duration"] = request.DurationSeconds.ToString(CultureInfo.InvariantCulture),
            }),
            ResponseUnmarshaller = new Answer(GetAuthorizationTokenResponse.From),
        }, cancel);

    /// <inheritdoc cref="GetAuthorizationTokenAsync"/>
    public Task<GetRepositoryEndpointResponse> GetRepositoryEndpointAsync(
        GetRepositoryEndpointRequest request, CancellationToken cancel) =>
        InvokeAsync<GetRepositoryEndpointResponse>(request, new InvokeOptions
        {
            RequestMarshaller = new Query("GET", "/v1/repository/endpoint", new()
            {
                ["domain"] = request.Domain,
                ["domain-owner"] = request.DomainOwner,
                ["repository"] = request.Repository,
                ["format"] = "nuget",
                ["endpointType"] = request.EndpointType,
            }),
            ResponseUnmarshaller = new Answer(root => new GetRepositoryEndpointResponse
            {
                RepositoryEndpoint = root.GetProperty("repositoryEndpoint").GetString()
                    ?? throw new JsonException("repositoryEndpoint is null"),
            }),
        }, cancel);

    protected override void CustomizeRuntimePipeline(RuntimePipeline pipeline)
    {
        AwsClients.Configure(pipeline, Config);
        pipeline.RemoveHandler<Amazon.Runtime.Internal.EndpointResolver>();
        pipeline.AddHandlerAfter<Marshaller>(new FixedEndpoint());
        pipeline.AddHandlerAfter<FixedEndpoint>(new SignatureVersion4());
    }

    private sealed class Metadata : IServiceMetadata
    {
        public string ServiceId => "codeartifact";

        public IDictionary<string, string> OperationNameMapping { get; } = new Dictionary<string, string>();
    }

    private sealed class FixedEndpoint : BaseEndpointResolver
    {
        protected override void ServiceSpecificHandler(IExecutionContext executionContext,
            EndpointParameters parameters)
        {
        }

        protected override EndpointParameters MapEndpointsParameters(IRequestContext requestContext) => new();
    }

    private sealed class SignatureVersion4 : BaseAuthResolverHandler
    {
        protected override List<IAuthSchemeOption> ResolveAuthOptions(IExecutionContext executionContext) =>
            AuthSchemeOption.DEFAULT_SIGV4;
    }

    /// <summary>A request with all parameters in the query string, without those that are null.</summary>
    private sealed class Query(string method, string path, Dictionary<string, string?> parameters)
        : IMarshaller<IRequest, AmazonWebServiceRequest>
    {
        public IRequest Marshall(AmazonWebServiceRequest input)
        {
            var request = new DefaultRequest(input, "Amazon.CodeArtifact")
            {
                HttpMethod = method,
                ResourcePath = path,
                UseQueryString = true,
            };
            foreach (var (name, value) in parameters)
            {
                if (value is not null)
                    request.Parameters.Add(name, value);
            }

            return request;
        }
    }

    /// <summary>Reads a JSON response, or an error from body and headers.</summary>
    internal sealed class Answer(Func<JsonElement, AmazonWebServiceResponse> read) : JsonResponseUnmarshaller
    {
        public override AmazonWebServiceResponse Unmarshall(JsonUnmarshallerContext input) => Read(input.Stream);

        /// <exception cref="JsonException">It is not CodeArtifact's JSON.</exception>
        public AmazonWebServiceResponse Read(Stream body)
        {
            try
            {
                using var json = JsonDocument.Parse(body);
                return read(json.RootElement);
            }
            catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException
                or ArgumentOutOfRangeException or FormatException)
            {
                throw new JsonException(e.Message, e);
            }
        }

        public override AmazonServiceException UnmarshallException(
            JsonUnmarshallerContext input, Exception innerException, HttpStatusCode statusCode)
        {
            var reader = new StreamingUtf8JsonReader(input.Stream);
            var error = JsonErrorResponseUnmarshaller.GetInstance().Unmarshall(input, ref reader);
            var retryAfter = input.ResponseData.GetHeaderValue("Retry-After");
            return new AmazonCodeArtifactException(error, innerException, statusCode)
            {
                RetryAfterSeconds = int.TryParse(retryAfter, out var seconds) ? seconds : null,
            };
        }
    }
}
