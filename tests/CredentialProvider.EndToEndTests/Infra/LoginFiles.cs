using System.Security.Cryptography;
using System.Text.Json.Nodes;
using LocalAws;

namespace CredentialProvider.EndToEndTests.Infra;

/// <summary>The AWS files of a user of <c>aws login</c>, as the AWS CLI writes them.</summary>
public static class LoginFiles
{
    public const string Session = "arn:aws:iam::111122223333:user/dev";

    /// <summary>The session's file, named after the SHA-256 of its ARN (computed with sha256sum).</summary>
    public const string Cache = "home/.aws/login/cache/" + Name;

    public const string Name = "11fc4cc919a5a20db9df757c8a1b149bd4c42115ef36c7152c0d33f1e05a9027.json";

    public const string Profile = "[default]\nlogin_session = " + Session + "\nregion = us-east-1\n";

    /// <summary>Root needs fewer rights as well: otherwise modes do not concern it.</summary>
    public static void MakeCacheReadOnly(this Sandbox sandbox)
    {
        File.SetUnixFileMode(Path.GetDirectoryName(Path.Combine(sandbox.Root, Cache))!, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        if (Environment.IsPrivilegedProcess)
            sandbox.Wrapper = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"];
    }

    /// <summary>Starts a session for a new role, DevUser, and writes its file.</summary>
    /// <param name="left">How long its credentials are still valid.</param>
    public static LoginSession StartLoginSession(this Sandbox sandbox, TimeSpan left, string file = Cache)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var (world, expires) = (sandbox.Aws.World, DateTimeOffset.UtcNow + left);
        var login = new LoginSession("arn:aws:signin:::devtools/same-device", key.ExportParameters(includePrivateParameters: false),
            world.AddRole("DevUser", World.ReadPolicy()));
        var session = world.OpenSession(login.Role, "login-user", DateTimeOffset.UtcNow, life: left);
        var refresh = $"refresh-token-{Guid.NewGuid()}";
        world.LoginSessions[refresh] = login;
        sandbox.Write(file, new JsonObject
        {
            ["accessToken"] = new JsonObject
            {
                ["accessKeyId"] = session.AccessKeyId,
                ["secretAccessKey"] = session.SecretAccessKey,
                ["sessionToken"] = session.Token,
                ["accountId"] = World.Account,
                ["expiresAt"] = expires.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'"),
            },
            ["tokenType"] = "urn:aws:params:oauth:token-type:access_token_sigv4",
            ["refreshToken"] = refresh,
            ["idToken"] = "header.payload.signature",
            ["clientId"] = login.ClientId,
            ["dpopKey"] = key.ExportECPrivateKeyPem(),
            ["fieldOfALaterVersion"] = new JsonArray(1, "two"),
        }.ToJsonString());
        return login;
    }
}
