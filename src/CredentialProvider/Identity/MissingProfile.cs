using CredentialProvider.Errors;
using CredentialProvider.Platform;

namespace CredentialProvider.Identity;

/// <summary>Why a profile is not in AWS's shared files, and what to do about it.</summary>
internal static class MissingProfile
{
    private const int MaxNames = 10;

    public static (string Why, string Fix) Explain(string name, SharedFiles files)
    {
        if (files.FindWithoutPrefix(name) is { } section)
            return ($"{section.Place()} lacks the word profile", $"write [profile {ShellText.Quote(name)}]");
        return ($"it is in neither {Describe(files.Config)} nor {Describe(files.Credentials)}", Suggest(name, files));
    }

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
