using System.Net;
using Amazon.Runtime;
using CredentialProvider.Aws;
using CredentialProvider.Configuration;
using static CredentialProvider.Tests.Tokens.Examples;

namespace CredentialProvider.Tests.Aws;

/// <summary>Failed calls to CodeArtifact and STS.</summary>
internal static class FailedCalls
{
    public const string Endpoint = "https://codeartifact.us-east-1.amazonaws.com", RoleArn = "arn:aws:iam::111122223333:role/Reader";

    public static AwsCallException ToCodeArtifact(Exception cause) => new(AwsCall.ToCodeArtifact(App, Endpoint), cause);

    public static AwsCallException ToSts(Exception cause) => new(AwsCall.ToSts(new RoleRequest(RoleArn), App), cause);

    public static AwsCallException Throttled(int? retryAfter = null) => ToCodeArtifact(new AmazonCodeArtifactException(
        new() { Code = "ThrottlingException", Message = "Rate exceeded" }, null, HttpStatusCode.TooManyRequests) { RetryAfterSeconds = retryAfter });

    /// <param name="code">Null if the response does not come from AWS.</param>
    public static AmazonServiceException Response(int status, string? code = null, string message = "message") =>
        new(message, null, ErrorType.Unknown, code, "request", (HttpStatusCode)status);
}
