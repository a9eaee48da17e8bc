using CredentialProvider.Configuration;
using CredentialProvider.Platform;
using NuGet.Configuration;

namespace CredentialProvider.Cli.NuGet;

/// <summary>Reads nuget.config by NuGet's code, which locks each file in NuGet's scratch folder.</summary>
internal static class ConfigurationLock
{
    public const string CorrectTheFile = "correct the file: until then, every restore fails";

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <summary>NuGet locks a file while it reads it, and waits half a minute for a lock that it may not take, and forever for one
    /// that another process has.</summary>
    internal static T Read<T>(Func<T> read, TimeSpan? timeout = null)
    {
        try
        {
            // Its thread keeps trying until this process ends.
            var reading = Task.Factory.StartNew(read, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            return ((IAsyncResult)reading).AsyncWaitHandle.WaitOne(timeout ?? Timeout) ? reading.GetAwaiter().GetResult()
                : throw NoLock("it timed out waiting for the lock");
        }
        catch (NuGetConfigurationException e)
        {
            throw new CommandFailedException(
                $"nuget.config cannot be read: {ConfigurationError.Describe(e)}", CorrectTheFile);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            // Whatever is wrong with the file itself is a NuGetConfigurationException.
            throw NoLock(e.Message.TrimEnd('.'));
        }
    }

    private static CommandFailedException NoLock(string why)
    {
        const string Variable = "NUGET_SCRATCH", Default = "NuGetScratch";
        var own = ProcessEnvironment.Get(Variable) is { Length: > 0 } set ? set : null;
        // NuGet's function for this folder fails if the folder belongs to another user.
        var folder = own ?? Path.Combine(Path.GetTempPath(), OperatingSystem.IsLinux() ? Default + Environment.UserName : Default);
        var (purpose, command) = own is not null ? ($"set {Variable} to a folder that this user can write to, or unset it", ShellText.Unset(Variable))
            : !Directory.Exists(folder) ? ($"set {Variable} to a folder that this user can write to", null)
            : ("remove it", OperatingSystem.IsWindows() || Posix.EffectiveUser == 0 ? ShellText.Remove(folder) : $"sudo {ShellText.Remove(folder)}");
        return new CommandFailedException($"nuget.config cannot be read, because NuGet cannot lock it in {folder}: {why}",
            command is null ? purpose : $"{purpose}: {command}")
        {
            Command = command,
        };
    }
}
