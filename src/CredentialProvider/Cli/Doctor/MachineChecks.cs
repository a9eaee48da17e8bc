using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Platform;
using CredentialProvider.Tokens;

namespace CredentialProvider.Cli.Doctor;

/// <summary>What affects every source: settings and the token cache.</summary>
internal sealed class MachineChecks(Settings settings, TokenCache cache)
{
    /// <param name="sources">The sources that this run checks.</param>
    public IEnumerable<Finding> CheckSettings(IEnumerable<CheckedSource> sources)
    {
        var files = new[] { settings.Layers.User, settings.Layers.Machine };
        foreach (var problem in files.Select(file => file.Problem).Prepend(settings.Problem).OfType<string>())
        {
            yield return Array.Find(files, file => file.Problem == problem)?.Fix is { } command
                ? Finding.FailWithCommand(Checks.Settings, problem, "correct it", command, ErrorCode.Setting)
                : Finding.Fail(Checks.Settings, problem, "correct or unset it", ErrorCode.Setting);
        }

        var selected = sources.Select(source => TokenRequest.TryResolve(source.Url, settings, out var request)
            ? request.FeedSettings.Problem : null).ToList();
        var partial = files.SelectMany(file => file.Rules.Select(rule => rule.Problem)
            .Concat((file.Hosts ?? []).Select(host => host.Problem))).OfType<string>().ToList();
        foreach (var problem in partial)
        {
            yield return Finding.Fail(Checks.Settings, problem, "correct it", ErrorCode.Setting)
                with { Outcome = selected.Contains(problem) ? Outcome.Fail : Outcome.Warn };
        }

        if (partial.Count == 0 && settings.Problem is null && Array.TrueForAll(files, file => file.Problem is null))
        {
            var paths = string.Join(", ", files.Where(file => file.Path is not null)
                .Select(file => file.IsEnforced ? $"{file.Path} (enforced)" : file.Path));
            yield return Finding.Ok(Checks.Settings, paths.Length > 0
                ? $"{paths} and the environment variables are valid"
                : "no configuration file; the environment variables are valid");
        }

        var lists = settings.AllowedDomains.Lists()
            .Select(list => $"{string.Join(", ", list.Domains)} from {list.Origin}").ToList();
        if (lists.Count > 0)
            yield return Finding.Ok(Checks.Settings, "allowed domains: " + string.Join("; and of those ", lists));
        if (settings.ExternalToken?.Ignored is { } ignored)
            yield return Finding.Warn(Checks.Settings, ignored, "unset one of the two");
        if (settings.ExternalToken?.File is { } token && TrustedFile.IsWritableByAll(token))
        {
            yield return Finding.WarnWithCommand(Checks.Settings, $"every user can change the token in {token}",
                "make it writable by its owner only", $"chmod go-w {ShellText.File(token)}");
        }

        foreach (var path in AwsFiles().Where(path => RegularFile.IsSpecial(path) && path != "/dev/null"))
            yield return Finding.Skip(Checks.Settings, $"{path} is not a regular file; the AWS CLI ignores it too");
    }

    /// <summary>None if a variable that names one cannot be used, which the check of the credentials reports.</summary>
    private string[] AwsFiles()
    {
        try
        {
            return [settings.AwsConfigFile, settings.AwsCredentialsFile];
        }
        catch (NoTokenException)
        {
            return [];
        }
    }

    public IEnumerable<Finding> CheckLog()
    {
        if (settings.LogFile is { } path && LogFile.FindProblem(path) is { } problem)
        {
            yield return Finding.Warn(Checks.Log, $"CODEARTIFACT_LOG_FILE is {path}, which is not written: {problem}",
                "set it to a file in a folder that only you can write to") with { Code = ErrorCode.Setting };
        }
    }

    /// <summary>A restore works without the cache: it only takes longer.</summary>
    public IEnumerable<Finding> CheckCache()
    {
        if (settings.CacheFolder is not { } folder)
        {
            yield return Finding.Skip(Checks.Cache,
                "tokens are not cached: CODEARTIFACT_CACHE is off or this user has no home directory");
            yield break;
        }

        if (!OperatingSystem.IsWindows() && Posix.TryGetStatus(folder, out var status, out _))
            yield return CheckFolder(folder, status);
        else if (OwnerOnlyFolder.TryOpen(folder) is null)
            yield return Finding.Warn(Checks.Cache, $"tokens are not cached: {folder} cannot be created",
                "set CODEARTIFACT_CACHE_DIR to another folder");
        else
            yield return CountTokens(folder);
    }

    private Finding CheckFolder(string folder, Posix.Status status)
    {
        var path = ShellText.File(folder);
        if (!status.IsFolder)
            return Unusable("is a link or a file, not a folder");
        if (status.Owner != Posix.EffectiveUser)
            return Unusable("belongs to another user");
        if (status.Permissions != Posix.FolderOwnerOnly)
        {
            return Finding.WarnWithCommand(Checks.Cache, $"other users can access {folder}",
                "restrict it to its owner", $"chmod 700 {path}");
        }

        return Array.Find(Directory.GetFiles(folder, "*.json"), IsOpenToOthers) is { } open
            ? Finding.WarnWithCommand(Checks.Cache, $"other users can read {open}, so it is not used",
                "remove the tokens", "nuget-plugin-codeartifact cache clear")
            : CountTokens(folder);

        Finding Unusable(string why) => Finding.WarnWithCommand(Checks.Cache,
            $"tokens are not cached: {folder} {why}",
            "set CODEARTIFACT_CACHE_DIR to another folder, or remove this one", $"rm -r {path}");
    }

    private Finding CountTokens(string folder)
    {
        var count = cache.List().Count;
        return Finding.Ok(Checks.Cache, $"{count} {(count == 1 ? "token" : "tokens")} in {folder}");
    }

    private static bool IsOpenToOthers(string file) =>
        Posix.TryGetStatus(file, out var status, out _) && status.Permissions != Posix.OwnerOnly;
}
