namespace CredentialProvider.MSBuild;

/// <summary>
/// The same task, registered to run in the task host of the calling project's node. With <c>-mt</c> MSBuild may build
/// dirs.proj on another node than the one that restores, and each node has its own task host.
/// </summary>
public sealed class PrepareFeedsInTaskHost : PrepareFeeds;
