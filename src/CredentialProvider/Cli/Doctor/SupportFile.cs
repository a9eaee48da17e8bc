using System.Runtime.InteropServices;
using CredentialProvider.Cli.Commands;
using CredentialProvider.Cli.NuGet;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Identity;
using CredentialProvider.Platform;
using CredentialProvider.Tokens;

namespace CredentialProvider.Cli.Doctor;

/// <summary>
/// What a maintainer needs to know about a machine, as Markdown. Each line passes the terminal's filter. A part that is
/// not available says why and does not stop the others.
/// </summary>
/// <param name="text">Receives the document.</param>
internal sealed class SupportFile(Settings settings, TimeProvider time, NuGetSources sources, StringWriter text)
{
    /// <summary>In characters: a line of the log can be long.</summary>
    private const int MaxLineLength = 4000;

    private readonly Terminal _page = new(text, text, hasColors: false, isInteractive: false);
    private readonly Lazy<IReadOnlyList<NuGetClient>> _clients = new(() => NuGetClient.FindAll(settings));

    /// <param name="find">Finds the sources to check.</param>
    public async Task WriteAsync(Func<IReadOnlyList<CheckedSource>> find, CancellationToken cancel)
    {
        _page.Print("# nuget-plugin-codeartifact diagnose");
        await WriteAsync("Versions", Versions);
        await WriteAsync("Variables", VariableReport.Lines);
        await WriteAsync("Settings", () => SettingsOf(feed: null));
        await WriteAsync("Plugins that NuGet finds", Plugins);
        await WriteAsync("Sources", Sources);
        await WriteAsync("Identity", () => find().SelectMany(Identity));
        await WriteAsync("Checks", () => new DoctorRun(settings, _page, time, sources, new DoctorReport(_page, isJson: false))
            .RunAsync(find(), package: null, publish: null, cancel));
        await WriteAsync("Cached tokens", () => new TokenCache(settings.CacheFolder).List()
            .Select(entry => CacheListCommand.Describe(entry.Key, entry.Token, time.GetUtcNow())));
        await WriteAsync("Log", LogLines);
    }

    private Task WriteAsync(string title, Func<IEnumerable<string>> find) => WriteAsync(title, () =>
    {
        var lines = find().DefaultIfEmpty("none");
        foreach (var line in lines)
            _page.Print(line, MaxLineLength);
        return Task.CompletedTask;
    });

    private async Task WriteAsync(string title, Func<Task> write)
    {
        _page.Print("");
        _page.Print($"## {title}");
        _page.Print("");
        _page.Print("```text");
        try
        {
            await write();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The other parts are needed all the more.
            _page.Print($"not available: {e.GetType().Name}: {e.Message}");
        }

        _page.Print("```");
    }

    private IEnumerable<string> Versions()
    {
        yield return $"program: {ThisProgram.Version}, {ThisProgram.Path}";
        yield return $"runtime: {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.ProcessArchitecture}";
        yield return $"system: {RuntimeInformation.OSDescription}, {RuntimeInformation.OSArchitecture}";
        yield return $"time: {time.GetUtcNow():u}";
        yield return $"user: {Environment.UserName}, home directory {Settings.Home ?? "none"}";
        yield return $"working directory: {Directory.GetCurrentDirectory()}";
        foreach (var client in _clients.Value)
            yield return $"NuGet client: {client.Name}";
    }

    private IEnumerable<string> SettingsOf(Feeds.Feed? feed) => SettingOrigin.Of(feed, settings).SelectMany(setting =>
        setting.Ignored.Select(setting.DescribeIgnored).Prepend($"{setting.Key}: {setting.Value} from {setting.Origin}"));

    private IEnumerable<string> Plugins()
    {
        foreach (var client in _clients.Value)
        {
            var discovery = client.Discovery();
            var plugins = discovery.Find();
            yield return $"{client.Name}{(discovery.DecidingVariable is { } variable ? $" looks only in {variable}" : "")}: "
                + (plugins.Count == 0 ? "none" : "");
            foreach (var plugin in plugins)
                yield return $"  {(plugin.NeedsDotnet ? "dotnet " : "")}{plugin.Path}{(plugin.Problem is null ? "" : $": {plugin.Problem}")}";
        }
    }

    private IEnumerable<string> Sources()
    {
        foreach (var file in sources.Files)
            yield return $"file: {file}";
        foreach (var source in sources.All)
        {
            yield return $"{source.Name}: {CheckedSource.Show(source.Source, settings)}{(source.IsEnabled ? "" : " (disabled)")}"
                + (source.Credentials is null ? "" : ", with stored credentials");
        }
    }

    private IEnumerable<string> Identity(CheckedSource source)
    {
        if (!TokenRequest.TryResolve(source.Url, settings, out var request))
            yield break;
        yield return $"{source.Title}:";
        foreach (var line in SettingsOf(request.Feed))
            yield return $"  {line}";
        foreach (var considered in SigningIdentity.Explain(request.FeedSettings, settings))
            yield return $"  {(considered.IsTaken ? "taken" : "passed over")}: {considered.Name}: {considered.Outcome}";
        if (request.Identity.Failure is { } failure)
            yield return $"  {failure.Describe(request.Feed.DomainName)}";
    }

    /// <summary>The last lines that this program wrote; the file may be that of another one.</summary>
    private IEnumerable<string> LogLines()
    {
        const int MaxLines = 200;
        if (settings.LogFile is not { } path)
            return ["CODEARTIFACT_LOG_FILE is not set: set it to a file, and repeat what failed"];
        return LogFile.FindProblem(path) is { } problem ? [$"{path}: {problem}"]
            : LogFile.ReadLast(path, MaxLines).Prepend(path);
    }
}
