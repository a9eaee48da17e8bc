using CredentialProvider.Cli.NuGet;
using NuGet.Protocol;
using NuGet.Protocol.Core.Types;

namespace CredentialProvider.Tests.Cli;

/// <summary>NuGet's HTTP cache. Expected values: NuGet.Protocol.</summary>
public sealed class NuGetCaches : IDisposable
{
    private const string Feed = "https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json";

    private static readonly DateTimeOffset Now = new(2026, 11, 26, 12, 0, 0, TimeSpan.Zero);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(Feed, "Contoso.App")]
    [InlineData("https://x.test/a__b/index.json", "A__B")]
    [InlineData("https://x.test", "é")]
    public void Have_the_versions_of_a_package_in_the_file_that_NuGet_reads(string source, string package)
    {
        using var cache = new SourceCacheContext();
        var expected = HttpCacheUtility.InitializeHttpCacheResult(_folder.Path, new Uri(source), $"list_{package.ToLowerInvariant()}",
            HttpSourceCacheContext.Create(cache, isFirstAttempt: true));
        Assert.Equal(expected.CacheFile, HttpCache.FileOf(_folder.Path, source, package));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(29, true)]
    [InlineData(30, false)]
    public void Are_used_for_thirty_minutes(int minutes, bool isUsed)
    {
        Write("""{ "versions": ["1.0.0"] }""", minutes);

        var found = HttpCache.Find(_folder.Path, Feed, "Contoso.Test", Now);

        Assert.Equal(isUsed ? TimeSpan.FromMinutes(minutes) : null, found?.Age);
        Assert.Equal(isUsed ? ["1.0.0"] : null, found?.Versions);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{ "versions": 1 }""")]
    public void Are_ignored_if_damaged(string content)
    {
        Write(content, minutes: 1);
        Assert.Null(HttpCache.Find(_folder.Path, Feed, "Contoso.Test", Now));
    }

    [Fact]
    public void Cannot_be_below_a_file()
    {
        var file = _folder.Below("file");
        File.WriteAllText(file, "");

        Assert.Null(WritableFolder.FindProblem(_folder.Below("new/folder")));
        Assert.Equal($"{file} is a file", WritableFolder.FindProblem(Path.Combine(file, "new", "folder")));
    }

    private void Write(string content, int minutes)
    {
        var file = HttpCache.FileOf(_folder.Path, Feed, "Contoso.Test");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, content);
        File.SetLastWriteTimeUtc(file, (Now - TimeSpan.FromMinutes(minutes)).UtcDateTime);
    }
}
