using System.ComponentModel;
using System.Diagnostics;
using System.Reflection;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace CredentialProvider.MSBuild;

/// <summary>
/// Runs before NuGet restores: gets the tokens of all CodeArtifact sources, domains side by side, and makes NuGet find
/// this package's plugin where none is installed. What was restored before may need neither: there it is put off until
/// NuGet sends a request. Tokens stay between the program, its cache and NuGet: none comes through here.
/// </summary>
public sealed class PrepareFeeds : ToolTask
{
    /// <summary>How the program tells of a failure, and of a token.</summary>
    private const string Failed = "error: CACP", Warmed = "domain ";

    private const RegisteredTaskObjectLifetime Lifetime = RegisteredTaskObjectLifetime.Build;

    private readonly List<(string Code, string Text)> _failures = [];
    private int _warmed;
    private CarriedProgram? _program;

    /// <summary>The sources of the restore, URLs and folders, with semicolons.</summary>
    public string Sources { get; set; } = "";

    /// <summary>The package's folder <c>tools</c>.</summary>
    [Required]
    public string Tools { get; set; } = "";

    public bool OffersPlugin { get; set; }

    public bool WarmsUp { get; set; }

    /// <summary>Installs the plugin for this user, and does nothing else.</summary>
    public bool Installs { get; set; }

    /// <summary>What it is if no token can be had for a domain: warning, error, or none, which leaves it to NuGet to find
    /// out.</summary>
    public string Failure { get; set; } = "";

    /// <summary>Does nothing until NuGet sends a request; failures are left to it.</summary>
    public bool Waits { get; set; }

    private bool IsLeftToNuGet => Failure == "none";

    protected override string ToolName => Path.GetFileName(Program.File);

    private CarriedProgram Program => _program ??= CarriedProgram.In(Tools, IsNetFramework);

    private static bool IsNetFramework { get; } = typeof(object).Assembly.GetName().Name == "mscorlib";

    public override bool Execute()
    {
        if (Installs)
            return base.Execute() && ExitCode == 0;
        // Once a build for projects that were not restored before, and they settle it for the others.
        var (engine, key) = ((IBuildEngine4)BuildEngine, $"{Tools}\n{Sources}");
        var first = (PrepareFeeds?)engine.GetRegisteredTaskObject(key, Lifetime);
        var waiting = (FirstRequest?)engine.GetRegisteredTaskObject(key + nameof(Waits), Lifetime);
        if (Waits && FirstRequest.CanBeSeen(IsNetFramework))
        {
            if (first is null && waiting is null)
            {
                engine.RegisterTaskObject(key + nameof(Waits), new FirstRequest(Sources, Begin), Lifetime,
                    allowEarlyCollection: false);
            }

            return true;
        }

        waiting?.Dispose();
        if (first is null)
        {
            first = this;
            if (WarmsUp && !CachedTokens.AreThereFor(Feeds))
                base.Execute();
            engine.RegisterTaskObject(key, this, Lifetime, allowEarlyCollection: false);
        }

        foreach (var (code, text) in first._failures)
            Report(code, text);
        // With no token to give, the plugin would wait for the same answer once more, and warn once more.
        if (OffersPlugin && (first._failures.Count == 0 || first._warmed > 0 || IsLeftToNuGet))
            Log.LogMessage("{0}", Offer());
        return !Log.HasLoggedErrors;
    }

    /// <summary>Later, on a thread of NuGet's: a task that has ended logs nothing. NuGet's plugins wait for the tokens that
    /// are fetched meanwhile.</summary>
    private void Begin()
    {
        try
        {
            if (WarmsUp && !CachedTokens.AreThereFor(Feeds))
            {
                Process.Start(new ProcessStartInfo(Program.File, $"warm --skip-foreign {string.Join(" ", Feeds)}")
                {
                    UseShellExecute = false,
                    CreateNoWindow = true,
                    RedirectStandardInput = true,
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                })?.Dispose();
            }
        }
        catch (Win32Exception)
        {
            // Not executable for this user, or for this system.
        }

        if (OffersPlugin)
            Offer();
    }

    private void Report(string code, string text)
    {
        if (IsLeftToNuGet)
            Log.LogMessage(MessageImportance.Normal, "{0}", $"{code}: {text}");
        else if (Failure == "error")
            Log.LogError(null, code, null, HelpLink(code), "CodeArtifact", 0, 0, 0, 0, "{0}", text);
        else
            Log.LogWarning(null, code, null, HelpLink(code), "CodeArtifact", 0, 0, 0, 0, "{0}", text);
    }

    /// <returns>What became of it.</returns>
    private string Offer()
    {
        try
        {
            return NuGetPlugins.Offer(Program, IsNetFramework) ? "NuGet has a plugin for CodeArtifact"
                : "the NuGet of this process has looked for plugins before, and does not see this package's; "
                + "start dotnet or MSBuild anew, or install the plugin";
        }
        catch (Exception e)
        {
            // Another NuGet than any that was seen. A restore may not need the plugin.
            return $"NuGet does not take the plugin of this package ({e.Message}); "
                + "install it: dotnet msbuild -t:InstallCodeArtifactPlugin";
        }
    }

    protected override string GenerateFullPathToTool() => Program.File;

    /// <summary>In a file: there may be more sources than a command line takes.</summary>
    protected override string GenerateResponseFileCommands() =>
        Installs ? "install" : $"warm --skip-foreign\n{string.Join("\n", Feeds)}";

    protected override int ExecuteTool(string pathToTool, string responseFileCommands, string commandLineCommands)
    {
        try
        {
            return base.ExecuteTool(pathToTool, responseFileCommands, commandLineCommands);
        }
        catch (Win32Exception e)
        {
            // Not executable for this user, or for this system.
            Log.LogMessage("{0}", $"{pathToTool} cannot be started: {e.Message}");
            return 1;
        }
    }

    /// <summary>Its exit code is no error of its own: what failed has been said.</summary>
    protected override bool HandleTaskExecutionErrors() => true;

    protected override void LogToolCommand(string message) => Log.LogMessage(MessageImportance.Low, "{0}", message);

    protected override void LogEventsFromTextOutput(string singleLine, MessageImportance messageImportance)
    {
        if (singleLine.StartsWith(Failed, StringComparison.Ordinal))
        {
            var parts = singleLine.Split([": "], 3, StringSplitOptions.None);
            _failures.Add((parts[1], parts[parts.Length - 1]));
            return;
        }

        Log.LogMessage(Installs ? MessageImportance.High : MessageImportance.Low, "{0}", singleLine);
        if (singleLine.StartsWith(Warmed, StringComparison.Ordinal))
            _warmed++;
    }

    /// <summary>What can be CodeArtifact's: over https, with no password in it, and one word.</summary>
    private string[] Feeds => Array.FindAll(Sources.Split(';'), source =>
        source.StartsWith("https://", StringComparison.OrdinalIgnoreCase) && source.IndexOfAny(['@', ' ', '"']) < 0);

    private static string HelpLink(string code)
    {
        var assembly = typeof(PrepareFeeds).Assembly;
        var repository = assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .FirstOrDefault(metadata => metadata.Key == "RepositoryUrl")?.Value;
        var root = repository is { Length: > 0 } ? $"{repository}/blob/v{assembly.GetName().Version!.ToString(3)}/"
            : new Uri(Path.GetFullPath(Path.Combine(Path.GetDirectoryName(assembly.Location)!, "..", "..") + "/")).AbsoluteUri;
        return $"{root}docs/errors.md#{code.ToLowerInvariant()}";
    }
}
