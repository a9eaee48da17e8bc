using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace LocalAws;

/// <summary>One IAM policy statement. <c>*</c> is a wildcard in actions and resources.</summary>
public sealed record Statement(string Action, string Resource = "*", bool IsDeny = false)
{
    /// <summary>Condition StringEquals on <c>sts:AWSServiceName</c>, or null.</summary>
    public string? ServiceName { get; init; }

    /// <summary>Condition NumericLessThanEquals on <c>sts:DurationSeconds</c>, or null.</summary>
    public int? MaxDurationSeconds { get; init; }
}

/// <summary>An Allow statement of a domain or repository policy.</summary>
/// <param name="Principal">A role ARN, an account ID, an account's root ARN or <c>*</c>.</param>
public sealed record Grant(string Principal, string Action, string Resource = "*");

/// <summary>A refusal of one action by a policy that is not the caller's own, in the words of
/// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html</summary>
/// <param name="Policy">The kind: service control policy, resource control policy, VPC endpoint policy, permissions boundary, session policy or
/// resource-based policy.</param>
/// <param name="IsExplicit">The policy denies the action; otherwise it does not allow it.</param>
public sealed record Guardrail(string Policy, string Action, bool IsExplicit = false);

/// <summary>A statement of a role's trust policy.</summary>
/// <param name="Principal">A role ARN or an account ID.</param>
/// <param name="ExternalId">The required external ID, or null.</param>
/// <param name="Actions">What is allowed besides sts:AssumeRole: sts:SetSourceIdentity, sts:TagSession.</param>
public sealed record Trust(string Principal, string? ExternalId = null, params string[] Actions);

/// <summary>An IAM role with its identity policy.</summary>
public sealed record Role(string Arn)
{
    public List<Statement> Policy { get; init; } = [];

    public List<Trust> Trusts { get; init; } = [];

    /// <summary>Refusals of what <see cref="Policy"/> allows.</summary>
    public List<Guardrail> Guardrails { get; } = [];

    /// <summary>A web identity token of no issuer in particular that may assume this role, or null.</summary>
    public string? WebIdentityToken { get; init; }

    /// <summary>The CI jobs that may assume this role with an ID token.</summary>
    public List<WebIdentityTrust> WebIdentityTrusts { get; init; } = [];

    public string Name => Arn[(Arn.LastIndexOf('/') + 1)..];

    public string Account => Arn.Split(':')[4];
}

/// <summary>Credentials, and the principal they belong to.</summary>
/// <param name="Token">Null for the long-term access keys of an IAM user.</param>
public sealed record Session(string AccessKeyId, string SecretAccessKey, string? Token, Role Role, string Name, DateTimeOffset Expires)
{
    /// <summary>Null if none was set.</summary>
    public string? SourceIdentity { get; init; }

    /// <summary>By key, with those of the role sessions before it that were transitive.</summary>
    public IReadOnlyDictionary<string, SessionTag> Tags { get; init; } = new Dictionary<string, SessionTag>();

    /// <summary>The inline session policy as it was passed; null for none.</summary>
    public string? Policy { get; init; }

    /// <summary>The ARN in IAM's messages: an assumed-role session, or a user for long-term access keys.</summary>
    public string PrincipalArn => Token is null ? $"arn:aws:iam::{Role.Account}:user/{Name}"
        : $"arn:aws:sts::{Role.Account}:assumed-role/{Role.Name}/{Name}";
}

/// <summary>The value of a session tag.</summary>
public sealed record SessionTag(string Value, bool IsTransitive);

/// <summary>A CodeArtifact domain.</summary>
public sealed record Domain(string Name, string Owner, string Region)
{
    public string Arn => $"arn:aws:codeartifact:{Region}:{Owner}:domain/{Name}";
}

/// <summary>A repository in a domain. Upstreams are searched in order.</summary>
public sealed record Repository(Domain Domain, string Name)
{
    public List<string> Upstreams { get; init; } = [];

    /// <summary>The packages of nuget.org, if the repository has an external connection. The first request for a package copies it.</summary>
    public List<Package>? ExternalConnection { get; init; }

    public ConcurrentDictionary<string, Package> Packages { get; } = new();

    /// <summary>What the repository answers for other package formats, by path: <c>npm/left-pad</c>.</summary>
    public ConcurrentDictionary<string, (string Type, byte[] Content)> Files { get; } = new();

    public string Arn => $"arn:aws:codeartifact:{Domain.Region}:{Domain.Owner}:repository/{Domain.Name}/{Name}";

    public Repository With(params Package[] packages)
    {
        foreach (var package in packages)
            Packages[package.Key] = package;
        return this;
    }
}

/// <summary>A NuGet feed that is not CodeArtifact.</summary>
/// <param name="Password">Basic password for user <c>user</c>; null for a feed without authentication.</param>
public sealed record ForeignFeed(string Host, string? Password)
{
    public List<Package> Packages { get; init; } = [];
}

/// <summary>A reverse proxy in front of a domain, under its own host name.</summary>
public sealed record ReverseProxy(string Host, Domain Domain);

/// <summary>An issued authorization token.</summary>
public sealed record IssuedToken(Domain Domain, Session Caller)
{
    public required DateTimeOffset Expires { get; set; }

    public bool IsRevoked { get; set; }
}

/// <summary>A client of IAM Identity Center, as it registered.</summary>
/// <param name="GrantTypes">Empty for the device code flow.</param>
public sealed record SsoClient(string Secret, string[] GrantTypes, string[] RedirectUris, string? IssuerUrl);

/// <summary>An authorization code of IAM Identity Center, bound to its request.</summary>
/// <param name="Challenge">The base64url-encoded SHA-256 of the verifier.</param>
public sealed record SsoCode(string ClientId, string RedirectUri, string Challenge, Role Role);

/// <summary>A device authorization of IAM Identity Center.</summary>
/// <param name="UserCode">The code that the user enters.</param>
public sealed record SsoDevice(string UserCode)
{
    /// <summary>The role that the device gets once a user has approved it; null until then.</summary>
    public Role? Role { get; set; }

    public bool IsDenied { get; set; }
}

/// <summary>A session of <c>aws login</c>.</summary>
/// <param name="Key">The public key that its refresh tokens are bound to, on the curve P-256.</param>
public sealed record LoginSession(string ClientId, ECParameters Key, Role Role)
{
    /// <summary>The OAuth error that ends the session, for example TOKEN_EXPIRED; null while it can be renewed.</summary>
    public string? Error { get; set; }
}

/// <summary>The state of the simulated AWS: roles, sessions, domains, repositories and tokens.</summary>
public sealed class World
{
    public const string Account = "111122223333";

    private readonly Lock _issuing = new();

    /// <summary>Null for an instance without a role.</summary>
    public Role? InstanceRole { get; set; }

    public ConcurrentDictionary<string, Role> Roles { get; } = new();

    public ConcurrentDictionary<string, Session> Sessions { get; } = new();

    public ConcurrentDictionary<string, IssuedToken> Tokens { get; } = new();

    /// <summary>Valid SSO access tokens, with the role that each one grants.</summary>
    public ConcurrentDictionary<string, Role> SsoTokens { get; } = new();

    /// <summary>Valid SSO refresh tokens, with the role that each one grants. A refresh token can be used once.</summary>
    public ConcurrentDictionary<string, Role> SsoRefreshTokens { get; } = new();

    /// <summary>Registered clients of IAM Identity Center, by client ID.</summary>
    public ConcurrentDictionary<string, SsoClient> SsoClients { get; } = new();

    /// <summary>Authorization codes that were not used yet.</summary>
    public ConcurrentDictionary<string, SsoCode> SsoCodes { get; } = new();

    /// <summary>Started device authorizations, by device code.</summary>
    public ConcurrentDictionary<string, SsoDevice> SsoDevices { get; } = new();

    /// <summary>The role of a user who approves every device and browser immediately; null if the test approves devices and the user denies access to
    /// browsers.</summary>
    public Role? SsoUser { get; set; }

    /// <summary>Sessions of <c>aws login</c> by their refresh token, which can be used once.</summary>
    public ConcurrentDictionary<string, LoginSession> LoginSessions { get; } = new();

    /// <summary>The jti of each DPoP proof that was accepted. A proof can be used once.</summary>
    internal ConcurrentDictionary<string, bool> LoginProofs { get; } = new();

    /// <summary>IAM's identity providers: the audiences that each issuer's tokens may have.</summary>
    public ConcurrentDictionary<string, IReadOnlyList<string>> IdentityProviders { get; } = new()
    {
        [CiJob.GitHub] = ["sts.amazonaws.com"],
        [CiJob.Buildkite] = ["sts.amazonaws.com"],
        [CiJob.Azure] = [CiJob.AzureAudience],
    };

    /// <summary>Running CI jobs.</summary>
    public List<CiJob> CiJobs { get; } = [];

    /// <summary>The ID tokens that were issued for CI jobs.</summary>
    internal ConcurrentDictionary<string, bool> IdTokens { get; } = new();

    /// <summary>The Authorization header that a container must send to get the instance role's credentials.</summary>
    public string ContainerAuthorization { get; } = RandomText(24);

    public List<Domain> Domains { get; } = [];

    /// <summary>
    /// Domain policies, which apply to callers from other accounts. For a domain without one, only the caller's identity policy is
    /// evaluated. AWS does that only for callers from the domain's own account.
    /// </summary>
    public ConcurrentDictionary<Domain, IReadOnlyList<Grant>> DomainPolicies { get; } = new();

    /// <summary>Repository policies, evaluated like <see cref="DomainPolicies"/>.</summary>
    public ConcurrentDictionary<Repository, IReadOnlyList<Grant>> RepositoryPolicies { get; } = new();

    public List<Repository> Repositories { get; } = [];

    public List<ForeignFeed> ForeignFeeds { get; } = [];

    /// <summary>Folders whose files are downloaded from a host, whatever the path before the file's name.</summary>
    public Dictionary<string, string> Downloads { get; } = [];

    public List<ReverseProxy> ReverseProxies { get; } = [];

    /// <summary>The packages that presigned URLs of S3 were given out for.</summary>
    internal ConcurrentDictionary<string, Package> Assets { get; } = new();

    /// <summary>The message with which S3 denies every download, for example because the policy of a VPC endpoint does; null if it allows them.</summary>
    public string? S3Denial { get; set; }

    /// <summary>The lifetime of role sessions requested without a duration.</summary>
    public TimeSpan SessionLife { get; set; } = TimeSpan.FromHours(1);

    /// <summary>The lifetime of authorization tokens; null for the requested one.</summary>
    public TimeSpan? TokenLife { get; set; }

    /// <summary>If set, every issued authorization token is appended to this file, one per line.</summary>
    public string? IssuedTokensFile { get; set; }

    /// <summary>The server's clock, including its skew. Set when a server starts with this world.</summary>
    internal Func<DateTimeOffset> Now { get; set; } = () => DateTimeOffset.UtcNow;

    /// <summary>
    /// Domain contoso with repository app, its upstream shared, and shared's upstream nuget-store, which has an external connection to
    /// nuget.org. The instance role, BuildAgentRole, may read all repositories and publish packages.
    /// </summary>
    public static World Simple()
    {
        var world = new World();
        var domain = world.AddDomain("contoso");
        world.Repositories.Add(new Repository(domain, "app") { Upstreams = ["shared"] }
            .With(Package.Create("Contoso.App.Client", "1.0.0", ("Contoso.Core", "1.0.0"))));
        world.Repositories.Add(new Repository(domain, "shared") { Upstreams = ["nuget-store"] }
            .With(Package.Create("Contoso.Core", "1.0.0", ("Example.Json", "13.0.1"))));
        world.Repositories.Add(new Repository(domain, "nuget-store")
        {
            ExternalConnection = [Package.Create("Example.Json", "13.0.1"), Package.Create("Example.Logging", "4.1.0")],
        });
        world.InstanceRole = world.AddRole("BuildAgentRole", ReadPolicy());
        return world;
    }

    public static List<Statement> ReadPolicy() =>
    [
        new("codeartifact:GetAuthorizationToken"), new("codeartifact:ReadFromRepository"), new("codeartifact:GetRepositoryEndpoint"),
        new("codeartifact:PublishPackageVersion"), new("sts:GetServiceBearerToken") { ServiceName = "codeartifact.amazonaws.com" },
    ];

    public Domain AddDomain(string name, string owner = Account, string region = "us-east-1")
    {
        var domain = new Domain(name, owner, region);
        Domains.Add(domain);
        return domain;
    }

    public Role AddRole(string name, List<Statement> policy, string account = Account, params Trust[] trusts)
    {
        var role = new Role($"arn:aws:iam::{account}:role/{name}") { Policy = policy, Trusts = [.. trusts] };
        return Roles[role.Arn] = role;
    }

    /// <summary>Creates credentials for a role; requests signed with them are accepted.</summary>
    /// <param name="life">Null for <see cref="SessionLife"/>.</param>
    public Session OpenSession(Role role, string name, DateTimeOffset now, bool isTemporary = true, TimeSpan? life = null)
    {
        var session = new Session((isTemporary ? "ASIA" : "AKIA") + RandomText(16).ToUpperInvariant(), RandomText(40),
            isTemporary ? RandomText(320) : null, role, name, isTemporary ? now + (life ?? SessionLife) : DateTimeOffset.MaxValue);
        return Sessions[session.AccessKeyId] = session;
    }

    /// <summary>Starts a CI job whose ID tokens may assume the role.</summary>
    /// <param name="role">Null for a job that no role trusts.</param>
    public CiJob StartJob(string issuer, string subject, Role? role = null, TimeSpan? tokenLife = null)
    {
        role?.WebIdentityTrusts.Add(new WebIdentityTrust(issuer, subject));
        var job = new CiJob(issuer, subject, RandomText(48)) { TokenLife = tokenLife ?? TimeSpan.FromMinutes(5) };
        CiJobs.Add(job);
        return job;
    }

    /// <summary>An ID token as CI systems put it into a variable or a file.</summary>
    public string IssueIdToken(CiJob job, string audience = "sts.amazonaws.com") => new OidcIssuers(this, Now).Issue(job, audience);

    /// <summary>The secrets of CI jobs.</summary>
    public IEnumerable<string> CiSecrets => CiJobs.Select(job => job.RequestToken).Concat(IdTokens.Keys);

    /// <summary>Issues an authorization token in the shape of CodeArtifact's: a compact JWE.</summary>
    public string IssueToken(Domain domain, Session caller, DateTimeOffset expires)
    {
        var token = $"eyJ{RandomText(200)}.{RandomText(43)}.{RandomText(16)}.{RandomText(1200)}.{RandomText(22)}";
        Tokens[token] = new IssuedToken(domain, caller) { Expires = expires };
        if (IssuedTokensFile is not null)
        {
            lock (_issuing)
                File.AppendAllText(IssuedTokensFile, token + "\n");
        }

        return token;
    }

    /// <summary>Issues the instance role a token that is valid for twelve hours.</summary>
    public string IssueToken(string domain)
    {
        var caller = OpenSession(InstanceRole ?? throw new InvalidOperationException("the instance has no role"), "test", Now());
        return IssueToken(Domains.Single(candidate => candidate.Name == domain), caller, Now().AddHours(12));
    }

    public void RevokeToken(string token) => Tokens[token].IsRevoked = true;

    public void RevokeAllTokens()
    {
        foreach (var token in Tokens.Values)
            token.IsRevoked = true;
    }

    public void ExpireAllTokens()
    {
        foreach (var token in Tokens.Values)
            token.Expires = DateTimeOffset.MinValue;
    }

    public void ExpireAllCredentials()
    {
        foreach (var (id, session) in Sessions)
            Sessions[id] = session with { Expires = DateTimeOffset.MinValue };
    }

    public Repository? FindRepository(string domain, string owner, string region, string name) => Repositories.Find(repository =>
        repository.Name == name && repository.Domain == new Domain(domain, owner, region));

    internal static string RandomText(int length) =>
        RandomNumberGenerator.GetString("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", length);
}
