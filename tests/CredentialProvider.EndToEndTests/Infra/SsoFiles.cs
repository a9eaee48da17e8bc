namespace CredentialProvider.EndToEndTests.Infra;

/// <summary>The AWS files of a user of IAM Identity Center, as the AWS CLI writes them.</summary>
public static class SsoFiles
{
    /// <summary>The cache file of the SSO session, named after the SHA-1 of its name (computed with sha1sum).</summary>
    public const string Cache = "home/.aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json";

    /// <summary>The content of ~/.aws/config.</summary>
    public const string Profile = """
        [default]
        sso_session = corp
        sso_account_id = 111122223333
        sso_role_name = SsoReader

        [sso-session corp]
        sso_start_url = https://corp.awsapps.com/start
        sso_region = us-east-1
        sso_registration_scopes = sso:account:access
        """;
}
