using System.ComponentModel;
using System.Diagnostics;
using System.Reflection;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace CredentialProvider.MSBuild;

/// <summary>
/// Runs before NuGet restores. Fetches the tokens of all CodeArtifact sources, domains in parallel, and makes NuGet
/// find this package's plugin unless one is installed. A project that was restored before may need neither, so both
/// can wait until NuGet sends a request. Tokens pass between the plugin, its cache and NuGet, and never through this
/// task.
/// </summary>
public abstract class PrepareFeeds : ToolTask
{
    /// <summary>How lines of the plugin begin: for a domain without a token, any other error, and a token.</summary>
    private const string FailurePrefix = "error: CACP", ErrorPrefix = "error: ", TokenPrefix = "domain ";

    private const string PluginNotUsable = "CACP1014";

    private const RegisteredTaskObjectLifetime Lifetime = RegisteredTaskObjectLifetime.Build;

    private readonly List<(string Code, string Text)> _failures = [];
    private int _tokens;
    private string _firstLine = "";
    private PackagedPlugin? _plugin;

    /// <summary>The sources of the restore: URLs and folders, separated by semicolons.</summary>
    public string Sources { get; set; } = "";

    /// <summary>The package's <c>tools</c> folder.</summary>
    [Required]
    public string ToolsFolder { get; set; } = "";

    public bool OfferPlugin { get; set; }

    public bool WarmUp { get; set; }

    /// <summary>Only installs the plugin for this user.</summary>
    public bool Install { get; set; }

    /// <summary>How to report a domain without a token: <c>warning</c>, <c>message</c>, <c>error</c>, or <c>none</c> to leave it
    /// to the plugin that NuGet starts.</summary>
    public string Failure { get; set; } = "";

    /// <summary>Does nothing until NuGet sends a request. Failures are then left to the plugin.</summary>
    public bool WaitForRequest { get; set; }

    /// <summary>NuGet restores in a process that static graph restore has started, and not in MSBuild's.</summary>
    public bool StaticGraph { get; set; }

    /// <summary>True if MSBuild runs this task, and so the restore, in a task host that ends with the build. Each of its nodes
    /// starts its own one.</summary>
    [Output]
    public bool OffersInTaskHost { get; private set; }

    private bool IsLeftToNuGet => Failure == "none";

    protected override string ToolName => Path.GetFileName(Plugin.Executable);

    private PackagedPlugin Plugin => _plugin ??= PackagedPlugin.Find(ToolsFolder, IsNetFramework);

    private static bool IsNetFramework { get; } = typeof(object).Assembly.GetName().Name == "mscorlib";

    public override bool Execute()
    {
        if (Install)
        {
            var isInstalled = base.Execute() && ExitCode == 0;
            foreach (var (code, text) in _failures)
                Log.LogError(null, code, null, HelpLink(code), "CodeArtifact", 0, 0, 0, 0, "{0}", text);
            return isInstalled;
        }

        // One run per build and set of sources. A run for projects that were never restored also covers the others.
        var (engine, key) = ((IBuildEngine4)BuildEngine, $"{ToolsFolder}\n{Sources}");
        var first = (PrepareFeeds?)engine.GetRegisteredTaskObject(key, Lifetime);
        var waiting = (FirstFeedRequest?)engine.GetRegisteredTaskObject(key + nameof(WaitForRequest), Lifetime);
        if (WaitForRequest && FirstFeedRequest.IsObservable(IsNetFramework))
        {
            if (first is null && waiting is null)
                Wait(engine, key + nameof(WaitForRequest), (Sources, PrepareLate));
            OffersInTaskHost = TaskHost.EndsWithBuild;
            return true;
        }

        waiting?.Dispose();
        if (first is null)
        {
            first = this;
            if (WarmUp && !CachedTokens.Cover(Feeds))
                base.Execute();
            engine.RegisterTaskObject(key, this, Lifetime, allowEarlyCollection: false);
        }

        foreach (var (code, text) in first._failures)
            Report(code, text);
        // Without any token, the plugin would only repeat the wait and the warning.
        if (OfferPlugin && (first._failures.Count == 0 || first._tokens > 0 || IsLeftToNuGet))
            OfferToNuGet(engine, key);
        return !Log.HasLoggedErrors;
    }

    private void OfferToNuGet(IBuildEngine4 engine, string key)
    {
        OffersInTaskHost = TaskHost.EndsWithBuild;
        var problem = !StaticGraph || !TaskHost.IsThisProcess ? null
            : $"{NuGetPlugins.Unusable}: with MSBUILDFORCEALLTASKSOUTOFPROC, no task runs in the process of a static graph restore; "
            + $"unset the variable, or {NuGetPlugins.InstallFix}";
        var isOffered = problem is null && NuGetPlugins.TryOffer(Plugin, IsNetFramework, out problem);
        if (problem is not null)
            Report(PluginNotUsable, problem);
        else if (isOffered)
            Wait(engine, key + nameof(OfferPlugin));
        else
            Wait(engine, key + nameof(OfferPlugin), (Sources, () => NuGetPlugins.TryOffer(Plugin, IsNetFramework, out _)));
    }

    /// <summary>Lets the actions wait for NuGet's first request in this build. The request to a CodeArtifact feed is followed
    /// by a 401: the plugin starts while the connection is made.</summary>
    private void Wait(IBuildEngine4 engine, string key, params (string Sources, Action Run)[] actions)
    {
        if (!FirstFeedRequest.IsObservable(IsNetFramework) || engine.GetRegisteredTaskObject(key, Lifetime) is not null)
            return;
        var feeds = OfferPlugin ? string.Join(" ", Feeds.Where(CachedTokens.MayBeCodeArtifact)) : "";
        var waiting = new FirstFeedRequest([.. actions, (feeds, () => NuGetPlugins.StartAsync())]);
        // A static graph is restored in this process after the build has ended.
        if (!StaticGraph)
            engine.RegisterTaskObject(key, waiting, Lifetime, allowEarlyCollection: false);
    }

    /// <summary>Runs on a thread of NuGet's after the task has ended, so it cannot log. The plugin waits for tokens
    /// that are being fetched.</summary>
    private void PrepareLate()
    {
        try
        {
            if (WarmUp && !CachedTokens.Cover(Feeds))
            {
                // Every user can see command lines, except on Windows, and a source's URL may have a secret.
                var isUnix = Path.DirectorySeparatorChar == '/';
                var arguments = isUnix ? "@/dev/stdin" : GenerateResponseFileCommands().Replace('\n', ' ');
                using var warm = Process.Start(new ProcessStartInfo(GenerateFullPathToTool(),
                    $"{GenerateCommandLineCommands()} {arguments}")
                {
                    UseShellExecute = false,
                    CreateNoWindow = true,
                    RedirectStandardInput = true,
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                })!;
                if (isUnix)
                    warm.StandardInput.Write(GenerateResponseFileCommands());
                warm.StandardInput.Close();
            }
        }
        catch (Exception e) when (e is Win32Exception or IOException)
        {
            // This user may not execute it, or it is built for another system.
        }

        if (OfferPlugin)
            NuGetPlugins.TryOffer(Plugin, IsNetFramework, out _);
    }

    private void Report(string code, string text)
    {
        if (IsLeftToNuGet || Failure == "message")
            Log.LogMessage(IsLeftToNuGet ? MessageImportance.Normal : MessageImportance.High, "{0}", $"{code}: {text}");
        else if (Failure == "error")
            Log.LogError(null, code, null, HelpLink(code), "CodeArtifact", 0, 0, 0, 0, "{0}", text);
        else
            Log.LogWarning(null, code, null, HelpLink(code), "CodeArtifact", 0, 0, 0, 0, "{0}", text);
    }

    private bool NeedsHost => !IsNetFramework && !Plugin.CanBeExecuted;

    protected override string GenerateFullPathToTool() =>
        NeedsHost ? Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet" : Plugin.Executable;

    /// <summary>What precedes the response file.</summary>
    protected override string GenerateCommandLineCommands() => NeedsHost ? $"\"{Plugin.Assembly}\"" : "";

    /// <summary>A response file, because the sources may exceed the maximum length of a command line.</summary>
    protected override string GenerateResponseFileCommands() =>
        Install ? "install" : $"warm --skip-foreign\n{string.Join("\n", Feeds)}";

    protected override int ExecuteTool(string pathToTool, string responseFileCommands, string commandLineCommands)
    {
        try
        {
            return base.ExecuteTool(pathToTool, responseFileCommands, commandLineCommands);
        }
        catch (Win32Exception e)
        {
            // This user may not execute it, or it is built for another system.
            AddStartFailure(pathToTool, e.Message);
            return 1;
        }
    }

    /// <summary>The exit code is not an error: the output names each failure.</summary>
    protected override bool HandleTaskExecutionErrors()
    {
        // dotnet has its own exit codes and messages, for example without the runtime that the plugin needs. If the plugin
        // itself could not warm up, it may still have a token when NuGet asks.
        if (!Install && _failures.Count == 0 && !_firstLine.StartsWith(ErrorPrefix, StringComparison.Ordinal))
            AddStartFailure(GenerateFullPathToTool(), $"exit code {ExitCode}: {_firstLine}");
        return true;
    }

    private void AddStartFailure(string program, string why) => _failures.Add((PluginNotUsable,
        $"{NuGetPlugins.Unusable}: {program} does not run here ({why}); install another build of the plugin, see docs/guides/install.md"));

    protected override void LogToolCommand(string message) => Log.LogMessage(MessageImportance.Low, "{0}", message);

    protected override void LogEventsFromTextOutput(string singleLine, MessageImportance messageImportance)
    {
        if (singleLine.StartsWith(FailurePrefix, StringComparison.Ordinal))
        {
            var parts = singleLine.Split([": "], 3, StringSplitOptions.None);
            _failures.Add((parts[1], parts[parts.Length - 1]));
            return;
        }

        Log.LogMessage(Install ? MessageImportance.High : MessageImportance.Low, "{0}", singleLine);
        _firstLine = _firstLine.Length > 0 ? _firstLine : singleLine.Trim();
        if (singleLine.StartsWith(TokenPrefix, StringComparison.Ordinal))
            _tokens++;
    }

    /// <summary>The sources that may be CodeArtifact feeds, also on private hosts: https, without a password, and one
    /// word on a command line and in a response file.</summary>
    private string[] Feeds => Array.FindAll(Sources.Split(';'), source =>
        source.StartsWith("https://", StringComparison.OrdinalIgnoreCase) && !source.Any(c => c is '@' or '"' || char.IsControl(c) || char.IsWhiteSpace(c)));

    private static string HelpLink(string code)
    {
        var assembly = typeof(PrepareFeeds).Assembly;
        var repository = assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .FirstOrDefault(metadata => metadata.Key == "RepositoryUrl")?.Value;
        var root = repository is { Length: > 0 } ? $"{repository}/blob/v{assembly.GetName().Version!.ToString(3)}/"
            : new Uri(Path.GetFullPath(Path.Combine(assembly.Location, "..", "..", "..") + "/")).AbsoluteUri;
        return $"{root}docs/reference/errors.md#{code.ToLowerInvariant()}";
    }
}
