using System.Reflection;
using System.Text.RegularExpressions;

namespace CredentialProvider.Tests;

/// <summary>What people read says what the program does.</summary>
public sealed partial class Documentation
{
    private static readonly string Root = typeof(Documentation).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "RepositoryRoot").Value!;

    private static readonly string Readme = File.ReadAllText(Path.Combine(Root, "README.md"));

    [Fact]
    public void The_README_has_every_variable_that_is_read_and_no_other()
    {
        var read = Variable().Matches(File.ReadAllText(Path.Combine(Root, "src/CredentialProvider/Settings.cs")))
            .Select(match => match.Groups[1].Value).Distinct().Order();
        var told = Told().Matches(Readme).Select(match => match.Groups[1].Value).Where(name => name.Contains('_', StringComparison.Ordinal)).Distinct().Order();
        Assert.Equal(read, told);
    }

    [Fact]
    public void The_README_has_every_error_code()
    {
        var codes = typeof(ErrorCode).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetRawConstantValue()!).ToList();
        Assert.Equal(codes.Count, codes.Distinct().Count());
        Assert.Equal(codes.Order(), Code().Matches(Readme).Select(match => match.Groups[1].Value).Distinct().Order());
    }

    [Fact]
    public void The_first_screen_is_forty_lines() =>
        Assert.InRange(Readme.Split('\n').Index().First(line => line.Item.StartsWith("## ", StringComparison.Ordinal)).Index, 20, 40);

    [GeneratedRegex("\"((?:CODEARTIFACT|AWS)_[A-Z0-9_]+)\"")]
    private static partial Regex Variable();

    [GeneratedRegex("`((?:CODEARTIFACT|AWS)_[A-Z0-9_]+)`")]
    private static partial Regex Told();

    [GeneratedRegex("^\\| `(CACP[0-9]{4})`", RegexOptions.Multiline)]
    private static partial Regex Code();
}
