using CredentialProvider.Feeds;
using CredentialProvider.Platform;

namespace CredentialProvider.Aws;

/// <summary>Parts of commands for the AWS CLI.</summary>
internal static class AwsCli
{
    public static string DomainOptions(Feed feed) => $"--domain {ShellText.Quote(feed.Domain)} "
        + $"--domain-owner {ShellText.Quote(feed.Owner)} --region {ShellText.Quote(feed.Region)}";
}
