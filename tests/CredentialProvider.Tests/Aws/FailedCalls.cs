using System.Net;
using Amazon.Runtime;
using CredentialProvider.Aws;
using CredentialProvider.Aws.Credentials;
using CredentialProvider.Configuration;
using CredentialProvider.Tokens;
using static CredentialProvider.Tests.Tokens.Examples;

namespace CredentialProvider.Tests.Aws;

/// <summary>Failed calls to CodeArtifact and STS.</summary>
internal static class FailedCalls
{
    public const string Endpoint = "https://codeartifact.us-east-1.amazonaws.com", RoleArn = "arn:aws:iam::111122223333:role/Reader";

    public static AwsCallException ToCodeArtifact(Exception cause) => new(AwsCall.ToCodeArtifact(App, Endpoint), cause);

    public static AwsCallException ToSts(Exception cause) => new(AwsCall.ToSts(new RoleRequest(RoleArn), Sts()), cause);

    /// <param name="variables">And <c>us-east-1</c> in the feed's URL.</param>
    public static StsEndpoint Sts(params (string Name, string Value)[] variables)
    {
        var settings = RunningAgent.SettingsOf(variables);
        return StsEndpoint.For(TokenRequest.For(App, settings), settings);
    }

    public static AwsCallException Throttled(int? retryAfter = null) => ToCodeArtifact(new AmazonCodeArtifactException(
        new() { Code = "ThrottlingException", Message = "Rate exceeded" }, null, HttpStatusCode.TooManyRequests) { RetryAfterSeconds = retryAfter });

    /// <param name="code">Null if the response does not come from AWS.</param>
    public static AmazonServiceException Response(int status, string? code = null, string message = "message") =>
        new(message, null, ErrorType.Unknown, code, "request", (HttpStatusCode)status);
}
