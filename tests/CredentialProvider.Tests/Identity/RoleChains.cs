namespace CredentialProvider.Tests.Identity;

/// <summary>
/// Profiles that assume roles, from role-chains.json. The rules are those of the AWS SDKs and Tools reference guide; chains that
/// are errors are in broken-configurations.json.
/// https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html
/// </summary>
public sealed class RoleChains
{
    private static readonly Dictionary<string, Row> Cases = DataFile.Read<Row>("Identity/role-chains.json", row => row.Rule);

    public static TheoryData<string> Rules => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Rules))]
    public void Have_this_rule(string rule)
    {
        var row = Cases[rule];
        using var home = new AwsHome(row.Config, row.Credentials).With(row.Variables ?? "");
        // "ci" is the profile of every case.
        if (!home.Variables.ContainsKey("CODEARTIFACT_PROFILE"))
            home.Variables["AWS_PROFILE"] = "ci";
        Assert.Equal(row.Principal, home.Principal);
    }

    /// <param name="Principal">As <see cref="AwsHome.Describe"/> writes it.</param>
    private sealed record Row(string Rule, string Config, string? Credentials, string? Variables, string Principal);
}
