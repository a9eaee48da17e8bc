using System.Diagnostics;
using System.Text.Json.Nodes;
using CredentialProvider.Feeds;
using CredentialProvider.Tokens;
using static CredentialProvider.Tests.Tokens.Examples;

namespace CredentialProvider.Tests.Tokens;

public sealed class TokensOnDisk : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly TemporaryFolder _temporary = new();
    private readonly TokenCache _cache;

    public TokensOnDisk() => _cache = new TokenCache(Folder);

    private string Folder => _temporary.Below("cache");

    private string File => Path.Combine(Folder, Key.FileName);

    [Fact]
    public void What_was_written_is_read_by_whoever_has_the_same_key()
    {
        Assert.True(_cache.Write(Key, Token("secret"), Noon));
        var read = new TokenCache(Folder).Read(Key)!;
        Assert.Equal("secret", read.Token.Reveal());
        Assert.Equal((Noon, Noon.AddHours(12)), (read.Obtained, read.Expires));
    }

    [Fact]
    public void Only_the_owner_can_read_it()
    {
        TemporaryFolder.RequireUnix();
        _cache.Write(Key, Token(), Noon);
        using var held = _cache.TryLock(Key);
        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, new DirectoryInfo(Folder).UnixFileMode);
        Assert.All(Directory.GetFiles(Folder), path => Assert.Equal(OwnerOnly, System.IO.File.GetUnixFileMode(path)));
    }

    [Fact]
    public void Its_name_says_the_domain_and_nothing_secret() =>
        Assert.Matches(@"^contoso-111122223333\.us-east-1\.[0-9a-f]{16}\.json$", Key.FileName);

    [Fact]
    public void Keys_differ_by_everything_that_makes_tokens_differ()
    {
        TokenKey[] keys =
        [
            Key, TokenKey.For(App with { Region = "eu-west-1" }, Plain), TokenKey.For(App with { Owner = "444455556666" }, Plain),
            With(("AWS_PROFILE", "dev")), With(("CODEARTIFACT_PROFILE", "ci")), With(("CODEARTIFACT_ROLE_ARN", "arn:aws:iam::111122223333:role/A")),
            With(("AWS_ENDPOINT_URL_CODEARTIFACT", "https://elsewhere.example")), With(("AWS_USE_FIPS_ENDPOINT", "true")),
            With(("CODEARTIFACT_ROLE_ARN", "arn:aws:iam::111122223333:role/A,arn:aws:iam::111122223333:role/B")),
            With(("CODEARTIFACT_ROLE_ARN", "arn:aws:iam::111122223333:role/B,arn:aws:iam::111122223333:role/A")), TokenKey.For(App with { Domain = "fabrikam" }, Plain),
            With(("CODEARTIFACT_ROLE_ARN", "arn:aws:iam::111122223333:role/A"), ("AWS_PROFILE", "dev")),
            With(("AWS_PROFILE", "other")), With(("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/x")),
            With(("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "x")),
            With(("AWS_WEB_IDENTITY_TOKEN_FILE", "/t"), ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/W")),
        ];
        Assert.Equal(keys.Length, keys.Select(key => key.FileName).Distinct().Count());
    }

    [Fact]
    public void Neither_a_repository_nor_an_access_key_is_part_of_the_key()
    {
        Assert.Equal(Key, TokenKey.For(App with { Repository = "other" }, Plain));
        Assert.Equal(With(("AWS_ACCESS_KEY_ID", "ASIAONE"), ("AWS_SECRET_ACCESS_KEY", "1")), With(("AWS_ACCESS_KEY_ID", "ASIATWO"), ("AWS_SECRET_ACCESS_KEY", "2")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"Format\":1}")]
    [InlineData("{\"Format\":\"one\"}")]
    [InlineData("\0\0\0\0")]
    public void A_damaged_file_is_a_miss_and_is_replaced(string content)
    {
        _cache.Write(Key, Token(), Noon);
        System.IO.File.WriteAllText(File, content);
        Assert.Null(_cache.Read(Key));
        _cache.Write(Key, Token("new"), Noon);
        Assert.Equal("new", _cache.Read(Key)!.Token.Reveal());
    }

    [Theory]
    [InlineData("Format", 2)]
    [InlineData("Domain", "fabrikam")]
    [InlineData("Identity", "profile other")]
    [InlineData("Token", "")]
    [InlineData("Expires", 9223372036854775807)]
    public void A_file_of_another_format_or_key_is_a_miss(string field, object value)
    {
        TemporaryFolder.RequireUnix();
        _cache.Write(Key, Token(), Noon);
        var json = JsonNode.Parse(System.IO.File.ReadAllText(File))!;
        json[field] = JsonValue.Create(value);
        System.IO.File.WriteAllText(File, json.ToJsonString());
        Assert.Null(_cache.Read(Key));
    }

    [Fact]
    public void Half_a_file_is_a_miss()
    {
        _cache.Write(Key, Token(), Noon);
        var bytes = System.IO.File.ReadAllBytes(File);
        System.IO.File.WriteAllBytes(File, bytes[..(bytes.Length / 2)]);
        Assert.Null(_cache.Read(Key));
    }

    [Fact]
    public void A_huge_file_is_not_read()
    {
        _cache.Write(Key, Token(), Noon);
        using (var file = System.IO.File.OpenWrite(File))
            file.SetLength(1L << 30);
        Assert.Null(_cache.Read(Key));
    }

    [Fact]
    public void A_file_that_others_could_read_is_refused_and_replaced()
    {
        TemporaryFolder.RequireUnix();
        _cache.Write(Key, Token(), Noon);
        System.IO.File.SetUnixFileMode(File, OwnerOnly | UnixFileMode.OtherRead);
        Assert.Null(_cache.Read(Key));
        _cache.Write(Key, Token(), Noon);
        Assert.Equal(OwnerOnly, System.IO.File.GetUnixFileMode(File));
        Assert.NotNull(_cache.Read(Key));
    }

    [Fact]
    public void A_folder_that_others_could_write_to_is_closed()
    {
        TemporaryFolder.RequireUnix();
        _cache.Write(Key, Token(), Noon);
        System.IO.File.SetUnixFileMode(Folder, (UnixFileMode)0x1FF);
        Assert.NotNull(_cache.Read(Key));
        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, new DirectoryInfo(Folder).UnixFileMode);
    }

    [Fact]
    public void A_link_is_not_followed()
    {
        TemporaryFolder.RequireUnix();
        _cache.Write(Key, Token(), Noon);
        var elsewhere = _temporary.Below("elsewhere");
        System.IO.File.Move(File, elsewhere);
        System.IO.File.CreateSymbolicLink(File, elsewhere);
        Assert.Null(_cache.Read(Key));
        _cache.Write(Key, Token("new"), Noon);
        Assert.Null(new FileInfo(File).LinkTarget);
        Assert.DoesNotContain("new", System.IO.File.ReadAllText(elsewhere), StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_is_a_link_is_not_used()
    {
        TemporaryFolder.RequireUnix();
        Directory.CreateSymbolicLink(Folder, Directory.CreateDirectory(_temporary.Below("elsewhere")).FullName);
        Assert.False(_cache.Write(Key, Token(), Noon));
        Assert.Empty(Directory.GetFiles(_temporary.Below("elsewhere")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_somebody_else_owns_is_not_trusted(bool isFolder)
    {
        TemporaryFolder.RequireUnix();
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can give files away");
        _cache.Write(Key, Token(), Noon);
        Run("chown", "65534", isFolder ? Folder : File);
        Assert.Null(_cache.Read(Key));
        Assert.Equal(!isFolder, _cache.Write(Key, Token(), Noon));
    }

    [Fact]
    public void A_file_in_the_place_of_the_folder_means_no_cache()
    {
        System.IO.File.WriteAllText(Folder, "");
        Assert.False(_cache.Write(Key, Token(), Noon));
        Assert.Null(_cache.Read(Key));
        using var held = _cache.TryLock(Key);
        Assert.NotNull(held);
    }

    [Theory]
    [InlineData("mkfifo")]
    [InlineData("mkdir")]
    public async Task What_is_no_file_is_a_miss_and_nothing_hangs(string program)
    {
        TemporaryFolder.RequireUnix();
        _cache.Write(Key, Token(), Noon);
        System.IO.File.Delete(File);
        Run(program, "-m", "600", File);
        Assert.Null(await Task.Run(() => _cache.Read(Key)).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
        Assert.Equal(program == "mkfifo", _cache.Write(Key, Token("new"), Noon));
        Assert.Equal(program == "mkfifo" ? "new" : null, _cache.Read(Key)?.Token.Reveal());
        Assert.Single(Directory.GetFileSystemEntries(Folder));
    }

    [Fact]
    public void Without_a_folder_nothing_is_kept()
    {
        var none = new TokenCache(null);
        Assert.False(none.Write(Key, Token(), Noon));
        Assert.Null(none.Read(Key));
        using var held = none.TryLock(Key);
        using var also = none.TryLock(Key);
        Assert.NotNull(held);
        Assert.NotNull(also);
    }

    [Theory]
    [InlineData("Token", 7)]
    [InlineData("Obtained", "yesterday")]
    [InlineData("Obtained", 1.5)]
    [InlineData("Endpoint", null)]
    [InlineData("Region", "eu-west-1")]
    [InlineData("Owner", "444455556666")]
    [InlineData("Expires", null)]
    public void A_field_of_another_kind_is_a_miss(string field, object? value)
    {
        TemporaryFolder.RequireUnix();
        _cache.Write(Key, Token(), Noon);
        var json = JsonNode.Parse(System.IO.File.ReadAllText(File))!;
        json[field] = JsonValue.Create(value);
        System.IO.File.WriteAllText(File, json.ToJsonString());
        Assert.Null(_cache.Read(Key));
    }

    [Fact]
    public void A_token_of_any_text_comes_back_as_it_was()
    {
        const string Text = "eyJ0 \"quoted\" \\ é 😀 \u2028=";
        _cache.Write(Key, Token(Text), Noon);
        Assert.Equal(Text, _cache.Read(Key)!.Token.Reveal());
    }

    [Fact]
    public void Many_who_come_first_at_once_all_get_a_folder()
    {
        var keys = Enumerable.Range(0, 16).Select(i => Key with { Domain = $"domain{i}" }).ToList();
        var deep = _temporary.Below("not/there/yet/cache");
        var written = keys.AsParallel().WithDegreeOfParallelism(16).Select(key => new TokenCache(deep).Write(key, Token(), Noon)).ToList();
        Assert.DoesNotContain(false, written);
        Assert.All(keys, key => Assert.NotNull(new TokenCache(deep).Read(key)));
    }

    [Fact]
    public async Task A_reader_sees_the_old_token_or_the_new_one_and_nothing_is_left_over()
    {
        _cache.Write(Key, Token("0"), Noon);
        using var stop = new CancellationTokenSource();
        var reader = Task.Run(() =>
        {
            var reads = 0;
            for (; !stop.IsCancellationRequested; reads++)
                Assert.NotNull(_cache.Read(Key));
            return reads;
        });
        var writers = Task.WhenAll(Enumerable.Range(1, 4).Select(writer => Task.Run(() =>
        {
            for (var i = 0; i < 250; i++)
                Assert.True(_cache.Write(Key, Token($"{writer}.{i}"), Noon));
        })));
        await writers.ContinueWith(_ => stop.Cancel(), TestContext.Current.CancellationToken, TaskContinuationOptions.None, TaskScheduler.Default);
        await writers;
        Assert.NotEqual(0, await reader);
        Assert.Equal([File], Directory.GetFiles(Folder));
    }

    [Fact]
    public void A_lock_is_held_by_one()
    {
        var other = new TokenCache(Folder);
        using (var held = _cache.TryLock(Key))
        {
            Assert.NotNull(held);
            Assert.Null(other.TryLock(Key));
            using var another = other.TryLock(Key with { Domain = "fabrikam" });
            Assert.NotNull(another);
        }

        using var after = other.TryLock(Key);
        Assert.NotNull(after);
    }

    public void Dispose() => _temporary.Dispose();

    private static TokenKey With(params (string, string)[] variables) => TokenKey.For(
        App, SettingsFromVariables.From([("AWS_CONFIG_FILE", "/none"), ("AWS_SHARED_CREDENTIALS_FILE", "/none"), .. variables]));

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    [Fact]
    public void A_newer_token_is_not_replaced_by_an_older_one()
    {
        _cache.Write(Key, Token("newer", obtained: 0.1), Noon.AddHours(0.2));
        Assert.True(_cache.Write(Key, Token("older"), Noon.AddHours(0.2)));
        Assert.Equal("newer", _cache.Read(Key)!.Token.Reveal());
    }

    [Fact]
    public void What_nobody_has_use_for_is_swept_out()
    {
        var (now, other) = (DateTimeOffset.UtcNow, Key with { Domain = "fabrikam" });
        _cache.Write(other, Token(), now);
        var folder = Path.GetDirectoryName(Directory.GetFiles(_temporary.Path, "*.json", SearchOption.AllDirectories).Single())!;
        var leftover = Path.Combine(folder, Key.FileName + ".a1b2c3");
        System.IO.File.WriteAllText(leftover, "half a token");
        System.IO.File.SetLastWriteTimeUtc(leftover, now.UtcDateTime.AddHours(-12));
        _cache.Write(Key, Token(), now);
        Assert.Equal(3, Directory.GetFiles(folder).Length);

        System.IO.File.SetLastWriteTimeUtc(leftover, now.UtcDateTime.AddHours(-14));
        System.IO.File.SetLastWriteTimeUtc(Path.Combine(folder, other.FileName), now.UtcDateTime.AddHours(-14));
        // Not ours: a person may have named any folder.
        var notes = Path.Combine(folder, "package.json");
        System.IO.File.WriteAllText(notes, "{}");
        System.IO.File.SetLastWriteTimeUtc(notes, now.UtcDateTime.AddYears(-1));
        _cache.Write(Key, Token(), now);
        Assert.Equal([Path.Combine(folder, Key.FileName), notes], Directory.GetFiles(folder).Order(StringComparer.Ordinal));

        Assert.Equal(1, _cache.Clear());
        Assert.Equal([notes], Directory.GetFiles(folder));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"Key":1,"At":2,"Code":3,"Why":4,"Fix":5}""")]
    [InlineData("""{"Key":"another","At":99999999999999,"Code":"CACP1001","Why":"why","Fix":"fix"}""")]
    public void A_lock_file_with_anything_else_in_it_tells_of_no_failure(string content)
    {
        using (_cache.TryLock(Key))
        {
        }

        System.IO.File.WriteAllText(Directory.GetFiles(_temporary.Path, "*.lock", SearchOption.AllDirectories).Single(), content);
        using var held = _cache.TryLock(Key);
        Assert.Null(held!.FailureAfter(DateTimeOffset.MinValue));
    }
}
