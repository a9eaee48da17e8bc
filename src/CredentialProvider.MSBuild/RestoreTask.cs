using CredentialProvider.MSBuild;

namespace NuGet.Build.Tasks;

/// <summary>
/// <see cref="PrepareFeeds"/> under the name of NuGet's own task. MSBuild chooses by this name the process that runs the
/// task: its own, or under the MSBuild server and with <c>-mt</c> a task host. So this task runs where NuGet will restore,
/// and can make the NuGet in that process find the plugin.
/// </summary>
public sealed class RestoreTask : PrepareFeeds;
