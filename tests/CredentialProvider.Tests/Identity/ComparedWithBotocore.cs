using System.Diagnostics;
using System.Text;
using System.Text.Json;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Feeds;
using CredentialProvider.Identity;

namespace CredentialProvider.Tests.Identity;

/// <summary>
/// Generated homes and environments, resolved by this project and by botocore (Debian's python3-botocore), which is the
/// measure: the principal that <c>aws sts get-caller-identity</c> shows. Differences must belong to one of the classes in
/// docs/guides/credentials.md. IDENTITY_CASES and IDENTITY_SEED change how many homes there are, and which.
/// </summary>
public sealed class ComparedWithBotocore : IDisposable
{
    private const int DefaultCases = 500, DefaultSeed = 20261126;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    [Trait("Category", "Slow")]
    public async Task The_principal_is_the_same()
    {
        Assert.SkipUnless(File.Exists("/usr/lib/python3/dist-packages/botocore/credentials.py"), "python3-botocore is not installed");
        var (count, seed) = (Number("IDENTITY_CASES", DefaultCases), Number("IDENTITY_SEED", DefaultSeed));
        var homes = Enumerable.Range(0, count).Select(i => GeneratedHome.Create(seed + i, Path.Combine(_folder.Path, $"{i}"))).ToList();
        var theirs = await AskBotocoreAsync(homes.Select(home => home.Variables));
        var differences = new List<string>();
        foreach (var (home, expected) in homes.Zip(theirs))
        {
            var ours = Describe(home);
            if (ours == expected || (ours.StartsWith("error", StringComparison.Ordinal) && expected.StartsWith("error", StringComparison.Ordinal)))
                continue;
            if (!home.ExplainsDifference(ours, expected))
                differences.Add($"seed {home.Seed}: ours {ours}, botocore {expected}\n{home.Describe()}");
        }

        Assert.True(differences.Count == 0, $"{differences.Count} of {count} differ:\n{string.Join('\n', differences.Take(5))}");
    }

    [Fact]
    public async Task A_job_s_token_file_is_that_of_AWS_own_variables()
    {
        Assert.SkipUnless(File.Exists("/usr/lib/python3/dist-packages/botocore/credentials.py"), "python3-botocore is not installed");
        using var home = new AwsHome().With("CODEARTIFACT_WEB_IDENTITY=file:/run/jwt CODEARTIFACT_ROLE_ARN=arn:aws:iam::111122223333:role/Ci");
        var theirs = await AskBotocoreAsync([new() { ["HOME"] = home.Folder, ["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/run/jwt", ["AWS_ROLE_ARN"] = "arn:aws:iam::111122223333:role/Ci" }]);
        Assert.Equal(theirs, [home.Principal]);
    }

    public void Dispose() => _folder.Dispose();

    private static string Describe(GeneratedHome home)
    {
        var settings = Settings.From(home.Variables.GetValueOrDefault);
        var feed = FeedSettings.For(new Feed("contoso", "111122223333", "us-east-1", "app"), settings);
        var identity = SigningIdentity.Resolve(feed, settings);
        return identity.Source is { } source ? AwsHome.Describe(source) : $"error {identity.Failure!.Message}";
    }

    private static async Task<List<string>> AskBotocoreAsync(IEnumerable<Dictionary<string, string>> environments)
    {
        var start = new ProcessStartInfo("/usr/bin/python3", Path.Combine(AppContext.BaseDirectory, "Identity", "botocore_identity.py"))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        using var python = Process.Start(start)!;
        var reading = python.StandardOutput.ReadToEndAsync();
        var count = 0;
        foreach (var env in environments)
        {
            count++;
            await python.StandardInput.WriteLineAsync(JsonSerializer.Serialize(new { env }));
        }

        python.StandardInput.Close();
        var lines = (await reading).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await python.WaitForExitAsync();
        Assert.Equal((0, count), (python.ExitCode, lines.Length));
        return [.. lines.Select(line => JsonSerializer.Deserialize<string>(line)!)];
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), out var number) ? number : otherwise;
}
