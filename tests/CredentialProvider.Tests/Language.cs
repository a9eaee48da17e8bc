using System.Text.RegularExpressions;

namespace CredentialProvider.Tests;

/// <summary>Texts, messages, comments and names use plain English and the field's own terms.</summary>
public sealed class Language
{
    /// <summary>
    /// Expressions that this project used to contain, as regular expressions. A space also matches an underscore (test names) and a line
    /// break within a comment. Case is ignored.
    /// </summary>
    private static readonly string[] Expressions =
    [
        // Terms that the field calls something else.
        "run-times?", "native programs?", "opens? TLS", "images? of its memory", "lists? of users", "(?:program|process)'s number",
        "stands? before (?:CodeArtifact|it|this)", "single sign-on (?:of|is|has|session)", "no single sign-on", "AWS's single sign-on", "sign-on is over",
        "makes? (?:a token|tokens(?! differ))", "gave the keys", "asks? for fewer", "ask for a higher quota", "mended",

        // Nouns that mean the user, or no one in particular.
        "a person", "somebody", "whoever", "(?-i:Who) (?:waits|comes|asks|can|has|makes)", "all who (?:ask|wait|come)",
        """(?<![=/'"`\[.:«-])(?<!(?:profile|user|chown|su|-u) )nobody(?![='"`\]/»-])""",

        // Constructions.
        "by way of", "of ours", "tells? of", "told of", "(?:is|was|are) told (?:as|once)", "belongs? into",
        "(?<!there )(?:is|was) no (?:key|region|host name|JSON|URL|feed|role|file|token|text|error|list|command|answer|failure|repository's)",
        "is (?:over or|all any)", "is over in", "is not there from", "nothing of it counts",
        "(?:count|counts) as everywhere", "on its own account", "for want of", "as long as it is good", "for as long as it took",
        "; it takes (?:one|a|an|seconds|domain|'domain')", "takes a (?:text|list) in", "stands here twice",

        "can(?:not)? be had", "leads? in a circle", "--[a-z-]+ exclude each other", "not believed", "to be believed", "wants a login", "for ever",

        // British spellings.
        "colours?", "favours?", "neighbours?", "behaviours?", "honour(?:s|ed)?", "(?:recogni|synchroni|normali|initiali|organi|vectori|optimi)s(?:e|es|ed|ing|ation)", "judgement", "licence",

        // Sentences.
        "took to come here", "has its number elsewhere", "what answers at", "bring it along", "so not beside", "has it beside",
        "tells which packages", "selects nothing", "policy that does", "tools that run no", "decides? what may be read", "is not all any more",
        "anything else as it is written", "replaces no file", "Nothing has to be set", "never notice that", "whom it concerns", "put there by others",
        "Go as written", "comments that were true", "what was not seen", "own side of it", "XML of another kind",
    ];

    /// <summary>Names, as regular expressions. Case matters.</summary>
    private static readonly string[] Names =
    [
        "[Pp]atient", "Patience", "Examination", "Setback", "Question\\(\\)", "Bad\\(", "OlderProtocol", "BadValue(?:Exception)?", "SingleSignOn", "SharedKeys",
        "(?:Deepest|Longest|Largest)(?= =|[A-Z])",
    ];

    private static readonly string[] Extensions =
        [".cs", ".csproj", ".props", ".targets", ".proj", ".md", ".txt", ".sh", ".ps1", ".yml", ".yaml", ".json", ".xml", ".bat", ".Dockerfile", ".sample", ""];

    private static readonly Regex Expression = Join(Expressions.Select(expression => expression.Replace(
        " ", @"(?:_|[ \t]+|\s+(?:(?://+|\#+|\*|<!--)[ \t]*)?)", StringComparison.Ordinal)), RegexOptions.IgnoreCase);

    private static readonly Regex Name = Join(Names, RegexOptions.None);

    [Fact]
    public void Is_plain_English()
    {
        var hits = SearchedFiles().SelectMany(file => Find(file, Repository.Read(file))).ToList();
        Assert.True(hits.Count == 0, $"{hits.Count} expressions to rewrite:\n{string.Join('\n', hits)}");
    }

    [Theory]
    [InlineData("it waits for a person")]
    [InlineData("public void A_rule_that_nobody_can_read()")]
    [InlineData("// started by a\n    // person who signs in")]
    [InlineData("Nobody will await it")]
    [InlineData("the run-time's own code")]
    [InlineData("'x' is no key")]
    [InlineData("var patient = 1;")]
    public void Is_searched_in_prose_names_and_wrapped_comments(string text) => Assert.Single(Find("file", text));

    [Theory]
    [InlineData("$ AWS_PROFILE=nobody nuget-plugin-codeartifact doctor")]
    [InlineData("AWS profile 'nobody' cannot be used")]
    [InlineData("chown nobody file")]
    [InlineData("HOME=/proc/nobody")]
    [InlineData("there is no key")]
    [InlineData("is no longer valid")]
    [InlineData("the runtime, a personal profile and the impatient")]
    public void Allows_user_names_and_similar_words(string text) => Assert.Empty(Find("file", text));

    /// <summary>Root pages except the history in CHANGELOG.md; docs, sources, tests and scripts except this file.</summary>
    private static IEnumerable<string> SearchedFiles() =>
        Directory.GetFiles(Repository.Root, "*.md").Select(file => Path.GetFileName(file)).Where(file => file != "CHANGELOG.md")
            .Concat(new[] { "docs", "src", "tests", "build" }.SelectMany(folder => Repository.Files(folder)))
            .Where(file => Extensions.Contains(Path.GetExtension(file)) && Path.GetFileName(file) is not ("Language.cs" or "packages.lock.json"));

    /// <summary>Lines of the form <c>file:line: expression</c>.</summary>
    private static IEnumerable<string> Find(string file, string text) =>
        Expression.Matches(text).Concat(Name.Matches(text)).OrderBy(match => match.Index)
            .Select(match => $"{file}:{text.AsSpan(0, match.Index).Count('\n') + 1}: {match.Value.ReplaceLineEndings(" ")}");

    /// <summary>Whole words; an underscore separates words.</summary>
    private static Regex Join(IEnumerable<string> alternatives, RegexOptions options) =>
        new($"(?<![A-Za-z0-9])(?:{string.Join('|', alternatives)})(?![A-Za-z0-9])", options | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(30));
}
