using System.Globalization;
using CredentialProvider.Errors;
using CredentialProvider.Platform;

namespace CredentialProvider.Identity;

/// <summary>Why a profile is not in AWS's shared files, and what to do about it.</summary>
internal static class MissingProfile
{
    private const int MaxNames = 10;

    private static readonly string[] CredentialSettings =
        ["aws_access_key_id", "role_arn", "credential_process", "sso_session", "sso_start_url", "login_session"];

    public static (string Why, string Fix) Explain(string name, SharedFiles files) =>
        FindWithoutHeader(name, files) ?? FindSimilar(name, files, _ => true)
            ?? ($"it is in neither {Describe(files.Config)} nor {Describe(files.Credentials)}", Suggest(name, files));

    /// <summary>Credentials that look like the profile's but are not read, by the AWS CLI either.</summary>
    /// <param name="profile">What is read; null if the profile is in neither file.</param>
    /// <returns>Why they are not read, and the fix; null if there are none.</returns>
    public static (string Why, string Fix)? FindMisplaced(string name, SharedFiles files, AwsProfile? profile) =>
        FindWithoutHeader(name, files) ?? (profile is null ? null : FindIndented(profile)) ?? FindSimilar(name, files, section => profile?.Config.Contains(section) != true
            && profile?.Credentials.Contains(section) != true
            && Array.Exists(CredentialSettings, setting => section.Find(setting) is not null));

    private static (string Why, string Fix)? FindWithoutHeader(string name, SharedFiles files)
    {
        var file = files.Credentials.LineWithoutSection is not null ? files.Credentials : files.Config;
        return file.LineWithoutSection is { } line ? ($"{file.Path}, line {line} is above the first section",
            $"write {Header(name, file == files.Config)} above it") : null;
    }

    /// <summary>A setting that continues the one above it, because it is indented.</summary>
    private static (string Why, string Fix)? FindIndented(AwsProfile profile)
    {
        foreach (var setting in profile.Credentials.Concat(profile.Config).SelectMany(section => section.Properties))
        {
            if (Array.Find(CredentialSettings, name => setting.FindNested(name) is not null) is { } indented)
                return ($"{setting.Place} has {indented} as part of its value, because that line is indented", "remove the indentation");
        }

        return null;
    }

    /// <summary>A section whose header a reader takes for the profile's.</summary>
    private static (string Why, string Fix)? FindSimilar(string name, SharedFiles files, Func<SharedSection, bool> matters)
    {
        foreach (var file in new[] { files.Config, files.Credentials })
        {
            foreach (var section in file.Sections)
            {
                if (LooksLike(section.Name, name) && matters(section))
                    return (WhyNotRead(section, file == files.Config), $"write {Header(name, file == files.Config)}");
            }
        }

        return null;
    }

    private static bool LooksLike(string header, string name)
    {
        if (header.IndexOf(name, StringComparison.Ordinal) < 0)
            return false;
        var words = ShellWords.Split(string.Concat(header.Select(c => IsDeceptive(c) ? ' ' : c))) ?? [];
        var isPrefixed = words.Length > 1 && words[0].Equals("profile", StringComparison.OrdinalIgnoreCase);
        return string.Join(" ", words.Skip(isPrefixed ? 1 : 0)) == name;
    }

    private static string WhyNotRead(SharedSection section, bool isConfig) => section.Place() + section.Name switch
    {
        var name when name.FirstOrDefault(IsDeceptive) is not '\0' and var c => $" contains U+{(int)c:X4}, which looks like a space or is invisible",
        _ when !isConfig => " has the word profile or quotes, which are part of the name in this file",
        var name when name.StartsWith("profile", StringComparison.OrdinalIgnoreCase) => " is not a valid profile header",
        _ => " lacks the word profile",
    };

    private static bool IsDeceptive(char c) =>
        c > 0x7F && (char.IsWhiteSpace(c) || CharUnicodeInfo.GetUnicodeCategory(c) == UnicodeCategory.Format);

    private static string Header(string name, bool isConfig) =>
        !isConfig || name == "default" ? $"[{name}]" : $"[profile {ShellText.Quote(name)}]";

    private static string Describe(SharedFile file) => file.Exists ? file.Path
        : $"{file.Path} ({(Directory.Exists(file.Path) ? "a folder" : "no such file")})";

    private static string Suggest(string name, SharedFiles files)
    {
        var names = files.ProfileNames();
        return names.Count == 0 ? $"create it: aws configure {ShellText.Option("--profile", name)}"
            : Spelling.FindNearest(name, names) is { } meant ? $"did you mean '{meant}'?"
            : $"use one of these profiles: {string.Join(", ", names.Take(MaxNames))}{(names.Count > MaxNames ? ", ..." : "")}";
    }
}
