using System.Text;
using CredentialProvider.Errors;
using CredentialProvider.FastStart;

namespace CredentialProvider.Configuration;

/// <summary>
/// The texts by which CloudTrail tells role sessions apart: session names, source identities and tags. They may contain
/// <c>${NAME}</c> for a variable of a list. The list keeps a configuration file from sending a secret to AWS.
/// </summary>
internal static class SessionText
{
    /// <summary>Characters, in a session name or source identity.</summary>
    public const int MinLength = 2, MaxLength = 64;

    /// <summary>Characters, in the value of a tag.</summary>
    public const int MaxTagValue = 256;

    /// <summary>What a session name or source identity may have besides letters and digits.</summary>
    public const string NameCharacters = "_+=,.@-";

    /// <summary>What a tag may have besides letters, digits and blanks.</summary>
    public const string TagCharacters = "_.:/=+-@";

    private const string User = "user", Host = "host";

    /// <summary>The variable with the number of a job, and the CI system's name in the default session name.</summary>
    private static readonly (string Variable, string System)[] Jobs =
    [
        ("GITHUB_RUN_ID", "github"), ("CI_JOB_ID", "gitlab"), ("BUILD_BUILDID", "azure"), ("BUILDKITE_BUILD_NUMBER", "buildkite"),
        ("CODEBUILD_BUILD_ID", "codebuild"), ("BITBUCKET_BUILD_NUMBER", "bitbucket"), ("CIRCLE_BUILD_NUM", "circleci"), ("BUILD_TAG", ""),
    ];

    /// <summary>What may stand in <c>${…}</c>.</summary>
    public static string[] Variables { get; } =
    [
        User, Host,
        .. Jobs.Select(job => job.Variable),
        "GITHUB_REPOSITORY", "GITHUB_REF_NAME", "GITHUB_ACTOR", "GITHUB_WORKFLOW", "GITHUB_JOB", "GITHUB_RUN_ATTEMPT",
        "CI_PROJECT_PATH", "CI_COMMIT_REF_NAME", "CI_PIPELINE_ID", "CI_JOB_NAME", "GITLAB_USER_LOGIN",
        "BUILD_BUILDNUMBER", "BUILD_DEFINITIONNAME", "BUILD_SOURCEBRANCHNAME", "SYSTEM_TEAMPROJECT", "SYSTEM_JOBID",
        "BUILDKITE_PIPELINE_SLUG", "BUILDKITE_BRANCH", "BUILDKITE_JOB_ID", "BITBUCKET_REPO_FULL_NAME",
        "CIRCLE_PROJECT_REPONAME", "CIRCLE_WORKFLOW_ID", "JOB_NAME", "BUILD_NUMBER",
    ];

    /// <summary>The name in <c>${…}</c> that is not in the list; null if all are.</summary>
    public static string? FindUnknownVariable(string text)
    {
        for (var start = 0; Find(text, start) is var (from, to); start = to + 1)
        {
            if (Array.IndexOf(Variables, text[(from + 2)..to]) < 0)
                return text[(from + 2)..to];
        }

        return null;
    }

    /// <summary>The text with the values of its variables; one that is unset is empty.</summary>
    public static string Expand(string text, Settings settings) => Replace(text, name => ValueOf(name, settings));

    /// <summary>The text with something else in place of each <c>${NAME}</c>.</summary>
    public static string Replace(string text, Func<string, string> valueOf)
    {
        if (Find(text, 0) is null)
            return text;
        var replaced = new StringBuilder();
        var start = 0;
        for (; Find(text, start) is var (from, to); start = to + 1)
            replaced.Append(text, start, from - start).Append(valueOf(text[(from + 2)..to]));
        return replaced.Append(text, start, text.Length - start).ToString();
    }

    /// <summary>A session name or source identity as AWS accepts it: other characters become underscores, and what is too long
    /// is cut. Null if too little is left.</summary>
    public static string? ToName(string text)
    {
        var name = Correct(text, MaxLength, IsNameCharacter);
        return name.Length < MinLength ? null : name;
    }

    /// <summary>The value of a tag as AWS accepts it.</summary>
    public static string ToTagValue(string text) => Correct(text, MaxTagValue, IsTagCharacter);

    public static bool IsNameCharacter(char c) => AsciiText.IsLetterOrDigit(c) || AsciiText.IndexOf(NameCharacters, c) >= 0;

    public static bool IsTagCharacter(char c) =>
        char.IsLetterOrDigit(c) || c == ' ' || AsciiText.IndexOf(TagCharacters, c) >= 0;

    /// <summary>The name of a session that has none in the settings: <c>nuget@HOST</c>, or <c>nuget-SYSTEM-JOB@HOST</c>
    /// in a CI system.</summary>
    public static string DefaultName(Settings settings)
    {
        var job = Array.Find(Jobs, job => settings.GetString(job.Variable) is not null);
        // Corrected on its own: with @ and a host after it, PROJECT:NUMBER would look like a user and a password.
        var number = job.Variable is null ? "" : "-" + Correct(settings.GetString(job.Variable)!, MaxLength, IsNameCharacter);
        return ToName("nuget" + (job.System is { Length: > 0 } ? "-" + job.System : "") + number + "@" + ValueOf(Host, settings))!;
    }

    private static string ValueOf(string name, Settings settings) => name switch
    {
        _ when Array.IndexOf(Variables, name) < 0 => "",
        User => Environment.UserName,
        Host => Environment.MachineName,
        _ => settings.GetString(name) ?? "",
    };

    /// <summary>The next <c>${…}</c>: the indexes of its dollar sign and of its closing brace.</summary>
    private static (int From, int To)? Find(string text, int start)
    {
        for (var from = AsciiText.IndexOf(text, '$', start); from >= 0; from = AsciiText.IndexOf(text, '$', from + 1))
        {
            if (from + 1 < text.Length && text[from + 1] == '{' && AsciiText.IndexOf(text, '}', from) is > 0 and var to)
                return (from, to);
        }

        return null;
    }

    private static string Correct(string text, int maxLength, Func<char, bool> isAllowed)
    {
        // A text with other characters can be a URL with a password, which must not be readable after the correction.
        if (!text.All(isAllowed))
            text = PrintableText.Of(text);
        var characters = text.ToCharArray(0, Math.Min(text.Length, maxLength));
        for (var i = 0; i < characters.Length; i++)
        {
            if (!isAllowed(characters[i]))
                characters[i] = '_';
        }

        return new string(characters);
    }
}
