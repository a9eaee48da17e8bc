using System.Diagnostics;
using System.Text.Json.Nodes;
using CredentialProvider.Errors;
using CredentialProvider.Tokens;
using CsCheck;
using static CredentialProvider.Tests.Tokens.Examples;

namespace CredentialProvider.Tests.Tokens;

/// <summary>The token cache on disk: what it accepts, whom it trusts and how concurrent users see it.</summary>
public sealed class TokenCaches : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly TemporaryFolder _temporary = new();
    private readonly TokenCache _cache;

    public TokenCaches() => _cache = new TokenCache(Folder);

    private string Folder => _temporary.Below("cache");

    private string File => Path.Combine(Folder, Key.FileName);

    [Fact]
    public void Return_what_was_written_for_the_same_key()
    {
        Assert.True(_cache.Write(Key, Token("secret"), Noon));
        var read = new TokenCache(Folder).Read(Key)!;
        Assert.Equal("secret", read.Token.Reveal());
        Assert.Equal((Noon, Noon.AddHours(12)), (read.Obtained, read.Expires));
    }

    [Theory]
    [InlineData(null, null, null)]
    [InlineData("environment variables", null, "environment variables")]
    [InlineData("instance role", "BuildAgentRole", "instance role (BuildAgentRole)")]
    public void Tell_who_obtained_a_token(string? source, string? principal, string? identity)
    {
        _cache.Write(Key, Token() with { Source = source, Principal = principal }, Noon);
        Assert.Equal(identity, new TokenCache(Folder).Read(Key)!.Identity);
    }

    [Fact]
    public void Are_readable_only_by_their_owner()
    {
        TemporaryFolder.RequireUnix();
        _cache.Write(Key, Token(), Noon);
        using var held = Take(_cache, Key);
        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, new DirectoryInfo(Folder).UnixFileMode);
        Assert.All(Directory.GetFiles(Folder), path => Assert.Equal(OwnerOnly, System.IO.File.GetUnixFileMode(path)));
    }

    [Fact]
    public void Name_files_by_domain_region_and_hash() =>
        Assert.Matches(@"^contoso-111122223333\.us-east-1\.[0-9a-f]{16}\.json$", Key.FileName);

    [Fact]
    public void Have_a_key_of_their_own_for_each_region_domain_and_endpoint()
    {
        TokenKey[] keys =
        [
            Key, TokenRequest.For(App with { Region = "eu-west-1" }, DefaultSettings).Key, TokenRequest.For(App with { Owner = "444455556666" }, DefaultSettings).Key,
            TokenRequest.For(App with { Domain = "fabrikam" }, DefaultSettings).Key, With(("AWS_ENDPOINT_URL_CODEARTIFACT", "https://elsewhere.example")), With(("AWS_USE_FIPS_ENDPOINT", "true")),
        ];
        Assert.Equal(keys.Length, keys.Select(key => key.FileName).Distinct().Count());
    }

    [Fact]
    public void Have_the_same_key_for_every_repository_of_a_domain() =>
        Assert.Equal(Key, TokenRequest.For(App with { Repository = "other" }, DefaultSettings).Key);

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"Format\":1}")]
    [InlineData("{\"Format\":\"one\"}")]
    [InlineData("\0\0\0\0")]
    public void Miss_on_a_damaged_file_and_replace_it(string content)
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
    [InlineData("Token", 7)]
    [InlineData("Obtained", "yesterday")]
    [InlineData("Obtained", 1.5)]
    [InlineData("Endpoint", null)]
    [InlineData("Region", "eu-west-1")]
    [InlineData("Owner", "444455556666")]
    [InlineData("Expires", null)]
    public void Miss_on_a_field_of_another_type_or_value(string field, object? value)
    {
        TemporaryFolder.RequireUnix();
        _cache.Write(Key, Token(), Noon);
        var json = JsonNode.Parse(System.IO.File.ReadAllText(File))!;
        json[field] = JsonValue.Create(value);
        System.IO.File.WriteAllText(File, json.ToJsonString());
        Assert.Null(_cache.Read(Key));
    }

    [Fact]
    public void Miss_on_a_truncated_file()
    {
        _cache.Write(Key, Token(), Noon);
        var bytes = System.IO.File.ReadAllBytes(File);
        System.IO.File.WriteAllBytes(File, bytes[..(bytes.Length / 2)]);
        Assert.Null(_cache.Read(Key));
    }

    [Fact]
    public void Miss_on_a_huge_file()
    {
        _cache.Write(Key, Token(), Noon);
        using (var file = System.IO.File.OpenWrite(File))
            file.SetLength(1L << 30);
        Assert.Null(_cache.Read(Key));
    }

    [Fact]
    public void Miss_on_a_file_that_others_can_read_and_replace_it()
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
    public void Remove_write_access_of_others_to_the_folder()
    {
        TemporaryFolder.RequireUnix();
        _cache.Write(Key, Token(), Noon);
        System.IO.File.SetUnixFileMode(Folder, (UnixFileMode)0x1FF);
        Assert.NotNull(_cache.Read(Key));
        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, new DirectoryInfo(Folder).UnixFileMode);
    }

    [Fact]
    public void Do_not_follow_a_link_to_a_file()
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
    public void Do_not_follow_a_link_to_a_folder()
    {
        TemporaryFolder.RequireUnix();
        Directory.CreateSymbolicLink(Folder, Directory.CreateDirectory(_temporary.Below("elsewhere")).FullName);
        Assert.False(_cache.Write(Key, Token(), Noon));
        Assert.Empty(Directory.GetFiles(_temporary.Below("elsewhere")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Do_not_trust_a_file_or_folder_of_another_user(bool isFolder)
    {
        TemporaryFolder.RequireUnix();
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can give files away");
        _cache.Write(Key, Token(), Noon);
        Run("chown", "65534", isFolder ? Folder : File);
        Assert.Null(_cache.Read(Key));
        Assert.Equal(!isFolder, _cache.Write(Key, Token(), Noon));
    }

    [Fact]
    public void Are_disabled_if_the_folder_is_a_file()
    {
        System.IO.File.WriteAllText(Folder, "");
        Assert.False(_cache.Write(Key, Token(), Noon));
        Assert.Null(_cache.Read(Key));
        Take(_cache, Key).Dispose();
    }

    [Theory]
    [InlineData("mkfifo")]
    [InlineData("mkdir")]
    public async Task Miss_on_a_pipe_or_folder_without_blocking(string program)
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
    public void Keep_nothing_without_a_folder()
    {
        var none = new TokenCache(null);
        Assert.False(none.Write(Key, Token(), Noon));
        Assert.Null(none.Read(Key));
        using var held = Take(none, Key);
        using var also = Take(none, Key);
    }

    [Fact]
    public void Return_a_token_with_special_characters_unchanged()
    {
        const string Text = "eyJ0 \"quoted\" \\ é 😀 \u2028=";
        _cache.Write(Key, Token(Text), Noon);
        Assert.Equal(Text, _cache.Read(Key)!.Token.Reveal());
    }

    [Fact]
    public void Can_be_created_by_many_processes_at_once()
    {
        var keys = Enumerable.Range(0, 16).Select(i => Key with { Domain = $"domain{i}" }).ToList();
        var deep = _temporary.Below("not/there/yet/cache");
        var written = keys.AsParallel().WithDegreeOfParallelism(16).Select(key => new TokenCache(deep).Write(key, Token(), Noon)).ToList();
        Assert.DoesNotContain(false, written);
        Assert.All(keys, key => Assert.NotNull(new TokenCache(deep).Read(key)));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task Show_readers_the_old_token_or_the_new_one_and_leave_no_files_behind()
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

    /// <summary>Tries generated keys and tokens; a failure prints the seed that reproduces it.</summary>
    [Fact]
    public void Return_any_token_of_any_key_unchanged() =>
        Gen.Select(Gen.String[Gen.Char[' ', '~'], 0, 50], Gen.String[Gen.Char['!', '~'], 1, 3000], Gen.Int[0, 43200]).Sample((identity, text, life) =>
    {
        var (key, token) = (Key with { Identity = identity }, new AuthorizationToken(new Secret(text), Noon, Noon.AddSeconds(life)));
        Assert.True(_cache.Write(key, token, Noon));
        var read = _cache.Read(key)!;
        Assert.Equal((text, token.Obtained, token.Expires), (read.Token.Reveal(), read.Obtained, read.Expires));
        Assert.Null(_cache.Read(key with { Identity = identity + "\u00e9" }));
    }, iter: 300, threads: 1);

    [Fact]
    public void Miss_or_return_a_token_if_any_byte_of_a_file_changes()
    {
        _cache.Write(Key, Token(), Noon);
        var file = System.IO.File.ReadAllBytes(File);
        Gen.Select(Gen.Int[0, file.Length - 1], Gen.Byte).Sample((at, value) =>
        {
            var bytes = file.ToArray();
            bytes[at] = value;
            if (TokenCache.Parse(bytes) is { } entry)
                Assert.NotEmpty(entry.Token.Token.Reveal());
        });
    }

    [Fact]
    public void Give_a_lock_to_one_holder_at_a_time()
    {
        var other = new TokenCache(Folder);
        using var next = other.CreateLock(Key);
        using (Take(_cache, Key))
        {
            Assert.False(next.TryTake());
            using var another = Take(other, Key with { Domain = "fabrikam" });
        }

        Assert.True(next.TryTake());
    }

    [Fact]
    public void Do_not_replace_a_newer_token_with_an_older_one()
    {
        _cache.Write(Key, Token("newer", obtained: 0.1), Noon.AddHours(0.2));
        Assert.True(_cache.Write(Key, Token("older"), Noon.AddHours(0.2)));
        Assert.Equal("newer", _cache.Read(Key)!.Token.Reveal());
    }

    [Fact]
    public void Delete_expired_files_and_leftovers()
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
        // A file of another program: users may configure any folder.
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
    public void Ignore_an_invalid_failure_in_a_lock_file(string content)
    {
        Take(_cache, Key).Dispose();
        System.IO.File.WriteAllText(Directory.GetFiles(_temporary.Path, "*.lock", SearchOption.AllDirectories).Single(), content);
        using var held = Take(_cache, Key);
        Assert.Null(held.FailureAfter(DateTimeOffset.MinValue, DateTimeOffset.MaxValue));
    }

    public void Dispose() => _temporary.Dispose();

    private static TokenKey With(params (string, string)[] variables) =>
        TokenRequest.For(App, SettingsFromVariables.From([("AWS_CONFIG_FILE", "/none"), ("AWS_SHARED_CREDENTIALS_FILE", "/none"), .. variables])).Key;

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
