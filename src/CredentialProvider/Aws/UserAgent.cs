using Amazon.Runtime;
using Amazon.Runtime.Internal;
using CredentialProvider.FastStart;
using CredentialProvider.Platform;

namespace CredentialProvider.Aws;

/// <summary>Adds this program and its version to the User-Agent of calls through the SDK. CloudTrail shows it.</summary>
internal sealed class UserAgent : PipelineHandler
{
    /// <summary>What a product of a User-Agent may have besides letters and digits; RFC 9110, section 5.6.2.</summary>
    private const string TokenCharacters = "!#$%&'*+-.^_`|~";

    /// <summary>Longer ones make the SDK log a warning; it documents the limit.</summary>
    private const int MaxApplicationId = 50;

    /// <summary>Without the commit, for example nuget-plugin-codeartifact/1.2.3.</summary>
    public static string Text { get; } = "nuget-plugin-codeartifact/" + ToToken(ThisProgram.Version.Split('+')[0]);

    public override Task<T> InvokeAsync<T>(IExecutionContext executionContext)
    {
        executionContext.RequestContext.UserAgentDetails.AddUserAgentComponent(Text);
        return base.InvokeAsync<T>(executionContext);
    }

    /// <summary>The user's name for an application, as the User-Agent may have it.</summary>
    public static string ApplicationId(string text) =>
        ToToken(text.Length > MaxApplicationId ? text[..MaxApplicationId] : text);

    private static string ToToken(string text) => new([.. text.Select(c =>
        AsciiText.IsLetterOrDigit(c) || AsciiText.IndexOf(TokenCharacters, c) >= 0 ? c : '_')]);
}
