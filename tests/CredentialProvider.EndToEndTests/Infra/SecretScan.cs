using System.Buffers;
using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;
using LocalAws;

namespace CredentialProvider.EndToEndTests.Infra;

/// <summary>
/// Scans a sandbox at the end of every test for credentials and tokens: all output and all files. Only the files of the token cache and of
/// AWS's SSO and login caches may contain secrets, and only if they are readable by their owner alone.
/// </summary>
public static partial class SecretScan
{
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Secrets that no LocalAws issues: tests put them into the environment.</summary>
    public const string ProxyPassword = "proxy-password-3c1f0e77", SecretKey = "environment-secret-key-9d5b21";

    /// <summary>Fails the test if a secret is found outside of those caches.</summary>
    public static void AssertNoLeaks(Sandbox sandbox)
    {
        var secrets = SearchValues.Create([.. SecretsOf(sandbox.Aws.World), ProxyPassword, SecretKey], StringComparison.Ordinal);
        if (!sandbox.PrintsTokens)
            Assert.DoesNotContain(sandbox.Output, text => text.AsSpan().ContainsAny(secrets));
        var allFiles = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint };
        foreach (var path in Directory.EnumerateFiles(sandbox.Root, "*", allFiles))
        {
            if (sandbox.TestFiles.ContainsKey(path) || new FileInfo(path).UnixFileMode.HasFlag(UnixFileMode.UserExecute) || !IsRegular(path))
                continue;
            if (path.AsSpan().ContainsAny(secrets))
                Assert.Fail($"a secret is in the name {path}");
            if (!Read(path).AsSpan().ContainsAny(secrets))
                continue;
            var isCache = path.EndsWith(".json", StringComparison.Ordinal) && File.GetUnixFileMode(path) == OwnerOnly
                && (path.Contains("/.aws/sso/cache/", StringComparison.Ordinal) || path.Contains("/.aws/login/cache/", StringComparison.Ordinal) || TokenCacheFile().IsMatch(path));
            Assert.True(isCache || sandbox.PrintsTokens, $"a secret is in {path}");
        }
    }

    /// <summary>Every secret that LocalAws has issued.</summary>
    public static IEnumerable<string> SecretsOf(World world) => world.Sessions.Values
        .SelectMany(session => new[] { session.SecretAccessKey, session.Token })
        .Concat(world.Tokens.Keys).Concat(world.SsoTokens.Keys).Concat(world.SsoRefreshTokens.Keys)
        .Concat(world.SsoClients.Values.Select(client => client.Secret)).Concat(world.SsoCodes.Keys).Concat(world.LoginSessions.Keys).Append(world.ContainerAuthorization).Concat(world.CiSecrets)
        .Where(secret => secret is { Length: >= 16 }).Select(secret => secret!);

    private static bool IsRegular(string path) => (File.GetAttributes(path) & (FileAttributes.Normal | FileAttributes.Archive | FileAttributes.ReadOnly)) != 0
        && new FileInfo(path).Length > 0;

    private static string Read(string path)
    {
        using var file = File.OpenRead(path);
        using var content = path.EndsWith(".binlog", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : (Stream)file;
        using var reader = new StreamReader(content, Encoding.Latin1);
        return reader.ReadToEnd();
    }

    /// <summary>Named after domain, owner, region and a hash, wherever the cache is.</summary>
    [GeneratedRegex(@"/[a-z0-9-]+-\d{12}\.[a-z0-9-]+\.[0-9a-f]{16}\.json$")]
    private static partial Regex TokenCacheFile();
}
