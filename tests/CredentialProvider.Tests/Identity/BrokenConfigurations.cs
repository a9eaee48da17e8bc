using CredentialProvider.Cli.Doctor;
using CredentialProvider.Identity;

namespace CredentialProvider.Tests.Identity;

/// <summary>
/// Configurations of AWS credentials that are errors, from broken-configurations.json: the message and <c>doctor</c> name the
/// file, line, section and key, or the variable, and following the fix repairs them.
/// </summary>
public sealed class BrokenConfigurations
{
    /// <summary>Nothing listens there, so that no test reaches a network.</summary>
    private const string Nowhere = "http://127.0.0.1:9";

    private static readonly Dictionary<string, Row> Rows = DataFile.Read<Row>("Identity/broken-configurations.json", row => row.Name);

    public static TheoryData<string> Names => [.. Rows.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Are_named_with_their_place_and_repaired_by_their_fix(string name)
    {
        var row = Rows[name];
        using var home = new AwsHome();
        (home.Variables["AWS_ENDPOINT_URL"], home.Variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"]) = (Nowhere, Nowhere);
        Apply(home, row);

        var finding = await CheckCredentials(home);
        Assert.Equal(Outcome.Fail, finding.Outcome);
        Assert.Equal(row.Code, finding.Code);
        Assert.Contains(row.Says.Replace("HOME", home.Folder, StringComparison.Ordinal), finding.Text, StringComparison.Ordinal);
        Assert.StartsWith(row.Fix.Replace("HOME", home.Folder, StringComparison.Ordinal), finding.Fix, StringComparison.Ordinal);
        if (home.Request.Identity.Failure is { } failure)
            Assert.Equal((failure.Code, failure.Why, failure.Fix), (finding.Code, finding.Text, finding.Fix));

        if (row.Repaired is null)
            return;
        Apply(home, row.Repaired);
        Assert.Null(home.Request.Identity.Failure);
        Assert.Equal(row.Principal!.Replace("HOME", home.Folder, StringComparison.Ordinal), home.Principal);
        var repaired = await CheckCredentials(home);
        if (home.Identity.Source is AccessKeySource or ProcessSource)
            Assert.Equal((Outcome.Ok, null), (repaired.Outcome, repaired.Code));
        else
            Assert.NotEqual(finding.Text, repaired.Text); // Fetching these credentials takes a service.
    }

    /// <summary>What <c>doctor</c> says about the source that is used or cannot be used.</summary>
    private static async Task<Finding> CheckCredentials(AwsHome home)
    {
        var findings = new List<Finding>();
        await foreach (var finding in new IdentityChecks(home.Settings, TimeProvider.System, home.Request).RunAsync())
            findings.Add(finding);
        return Assert.Single(findings, finding => finding.Check == Checks.Credentials && finding.Outcome != Outcome.Skip);
    }

    private static void Apply(AwsHome home, Change change)
    {
        foreach (var (name, value) in change.Variables ?? [])
        {
            if (value is null)
                home.Variables.Remove(name);
            else
                home.Variables[name] = value.Replace("HOME", home.Folder, StringComparison.Ordinal);
        }

        foreach (var (name, text) in change.Files ?? [])
            File.WriteAllText(Path.Combine(home.Folder, name), text);
        Write(home, "config", change.Config);
        Write(home, "credentials", change.Credentials);
    }

    private static void Write(AwsHome home, string name, string[]? lines)
    {
        if (lines is not null)
            File.WriteAllText(Path.Combine(home.Folder, name), string.Join('\n', lines).Replace("HOME", home.Folder, StringComparison.Ordinal) + "\n");
    }

    /// <summary>Files and variables to set. HOME stands for the home directory.</summary>
    /// <param name="Config">Lines; null changes nothing.</param>
    /// <param name="Credentials">Lines; null changes nothing.</param>
    /// <param name="Variables">A null value unsets the variable.</param>
    private record Change(string[]? Config, string[]? Credentials, Dictionary<string, string?>? Variables, Dictionary<string, string>? Files);

    /// <param name="Says">Part of the message.</param>
    /// <param name="Fix">What the fix begins with.</param>
    /// <param name="Repaired">The configuration after the fix; null if that takes a service.</param>
    /// <param name="Principal">Who signs after the fix.</param>
    private sealed record Row(string Name, string Code, string Says, string Fix, Change? Repaired, string? Principal,
        string[]? Config, string[]? Credentials, Dictionary<string, string?>? Variables, Dictionary<string, string>? Files)
        : Change(Config, Credentials, Variables, Files);
}
