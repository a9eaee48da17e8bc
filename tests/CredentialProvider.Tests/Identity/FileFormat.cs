using CredentialProvider.Identity;

namespace CredentialProvider.Tests.Identity;

/// <summary>
/// The format of AWS's shared files, rule by rule, from file-format.json. The rules are those of the AWS SDKs and Tools
/// reference guide and, where the AWS CLI accepts more, the AWS CLI's.
/// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
/// </summary>
public sealed class FileFormat
{
    private static readonly Dictionary<string, Row> Cases = DataFile.Read<Row>("Identity/file-format.json", row => row.Rule);

    public static TheoryData<string> Rules => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Rules))]
    public void Has_this_rule(string rule)
    {
        var row = Cases[rule];
        using var home = new AwsHome(row.Config, row.Credentials);
        var files = SharedFiles.Read(home.Variables["AWS_CONFIG_FILE"], home.Variables["AWS_SHARED_CREDENTIALS_FILE"]);

        var profile = row.Kind is null ? files.FindProfile(row.Profile) : files.FindSsoSession(row.Profile);

        Assert.Equal(row.Settings is null, profile is null);
        foreach (var (name, value) in row.Settings ?? [])
            Assert.Equal(value, profile!.Find(name));
        if (row.Problem is not null)
            Assert.Contains($", {row.Problem}, ", profile!.FindProblem()!.Value.Place, StringComparison.Ordinal);
        else
            Assert.Null(profile?.FindProblem());
    }

    /// <param name="Kind">Null for a profile.</param>
    /// <param name="Settings">Values by name, null for one that is absent; null if there is no such profile.</param>
    /// <param name="Problem">Line of the profile that cannot be read; null if all can.</param>
    private sealed record Row(string Rule, string? Config, string? Credentials, string? Kind, string Profile, Dictionary<string, string?>? Settings, string? Problem);
}
