using CredentialProvider.Cli.NuGet;

namespace CredentialProvider.Tests.Cli;

/// <summary>Package source mapping, by the rules of "Package Source Mapping" on learn.microsoft.com.</summary>
public sealed class MappedPackages : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("Contoso.App", "Contoso.*", "one")]
    [InlineData("contoso.app", "Contoso.*", "one")]
    [InlineData("Contoso.Core", "Contoso.Core", "two")]
    [InlineData("Fabrikam", "*", "two")]
    public void Come_from_the_source_with_the_most_specific_pattern(string package, string pattern, string source)
    {
        var mapping = Mapping("<packageSource key='one'><package pattern='Contoso.*' /></packageSource>"
            + "<packageSource key='two'><package pattern='*' /><package pattern='Contoso.Core' /></packageSource>");

        Assert.Equal((pattern, source), (mapping.PatternFor(package), Assert.Single(mapping.SourcesFor(package)).Name));
    }

    [Fact]
    public void Come_from_nowhere_if_no_pattern_matches()
    {
        var mapping = Mapping("<packageSource key='one'><package pattern='Contoso.*' /></packageSource>");

        Assert.Null(mapping.PatternFor("Fabrikam"));
        Assert.Empty(mapping.SourcesFor("Fabrikam"));
    }

    private SourceMapping Mapping(string items)
    {
        var file = _folder.Below("mapped.config");
        File.WriteAllText(file, "<configuration><packageSources><clear /><add key='one' value='https://one.test/v3/index.json' />"
            + $"<add key='two' value='https://two.test/v3/index.json' /></packageSources><packageSourceMapping>{items}</packageSourceMapping></configuration>");
        return NuGetSources.With(SettingsFromVariables.From(), file).Mapping;
    }
}
