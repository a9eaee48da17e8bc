using CredentialProvider.Configuration;

namespace CredentialProvider.Cli.NuGet;

/// <summary>The .NET SDKs of a dotnet, and which of them it uses in a folder.</summary>
/// <param name="Versions">Those that are installed.</param>
/// <param name="Used">Null if that is not known.</param>
/// <param name="Refusing">The global.json with which dotnet uses none of them, so that each of its commands fails; otherwise
/// null.</param>
internal sealed record DotnetSdks(IReadOnlyList<string> Versions, string? Used, string? Refusing)
{
    private static readonly Lazy<DotnetSdks> Cached = new(() =>
        ProcessEnvironment.FindProgram("dotnet") is { } dotnet ? Find(dotnet, WorkingDirectory) : new([], null, null));

    /// <summary>Null if it no longer exists.</summary>
    private static string? WorkingDirectory
    {
        get
        {
            try
            {
                return Directory.GetCurrentDirectory();
            }
            catch (IOException)
            {
                return null;
            }
        }
    }

    /// <summary>Of the dotnet on PATH, in the working directory.</summary>
    public static DotnetSdks Here => Cached.Value;

    /// <param name="folder">Null to find only what is installed.</param>
    internal static DotnetSdks Find(string dotnet, string? folder)
    {
        // Started there, dotnet does not see the global.json of a cloned repository, whose sdk.paths may lead to SDKs of
        // its own. "dotnet --version" would run one of them.
        var installed = Run(dotnet, "--list-sdks", Path.GetDirectoryName(dotnet)!)?.Output ?? "";
        string[] versions = [.. installed.Split('\n').Select(line => line.Split(' ')[0].Trim()).Where(version => version.Length > 0)];
        var needsToAsk = versions.Length > 1 || (folder is not null && GlobalJson.Find(folder) is not null);
        if (!needsToAsk)
            return new DotnetSdks(versions, versions.FirstOrDefault(), null);
        if (folder is null || versions.Length == 0 || Run(dotnet, "--list-sdks", folder)?.Output != installed
            || Run(dotnet, "--version", folder) is not { } run)
        {
            return new DotnetSdks(versions, null, null);
        }

        var used = run.Output.Trim();
        return run.ExitCode == 0 ? new DotnetSdks(versions, versions.Contains(used) ? used : null, null)
            : new DotnetSdks(versions, null, GlobalJson.Find(folder));
    }

    /// <returns>Null if it cannot be started.</returns>
    private static ProgramOutput? Run(string program, string option, string folder)
    {
        try
        {
            return ProgramOutput.RunAsync(program, [option], CancellationToken.None, start =>
            {
                start.WorkingDirectory = folder;
                // Relative ones would lead dotnet to files of the working directory.
                if (Settings.Home is null && !OperatingSystem.IsWindows())
                    start.Environment["HOME"] = "/";
                if (KnownPaths.Absolute(ProcessEnvironment.Get(KnownPaths.DotnetHome)) is null)
                    start.Environment.Remove(KnownPaths.DotnetHome);
            }).GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            return null;
        }
    }
}
