using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace LocalAws;

/// <summary>One IAM statement. Actions and resources take <c>*</c>.</summary>
public sealed record Statement(string Action, string Resource = "*", bool IsDeny = false)
{
    /// <summary>StringEquals on <c>sts:AWSServiceName</c>; null for none.</summary>
    public string? ServiceName { get; init; }

    /// <summary>NumericLessThanEquals on <c>sts:DurationSeconds</c>; null for none.</summary>
    public int? MaxDurationSeconds { get; init; }
}

/// <summary>A statement of a domain's or repository's policy: a principal's ARN, an account number or <c>*</c> may do this.</summary>
public sealed record Grant(string Principal, string Action, string Resource = "*");

/// <summary>Who may assume a role: a principal's ARN or account number, and the external id it has to bring, if any.</summary>
public sealed record Trust(string Principal, string? ExternalId = null);

/// <summary>An IAM role with its identity policy.</summary>
public sealed record Role(string Arn)
{
    public List<Statement> Policy { get; init; } = [];

    public List<Trust> Trusts { get; init; } = [];

    /// <summary>The web identity token that may assume it.</summary>
    public string? WebIdentityToken { get; init; }

    public string Name => Arn[(Arn.LastIndexOf('/') + 1)..];

    public string Account => Arn.Split(':')[4];
}

/// <summary>Keys that sign, and whose they are.</summary>
public sealed record Session(string AccessKeyId, string SecretAccessKey, string? Token, Role Role, string Name, DateTimeOffset Expires)
{
    /// <summary>As IAM's messages name it: a role's session, or a user where the keys are for good.</summary>
    public string PrincipalArn => Token is null ? $"arn:aws:iam::{Role.Account}:user/{Name}"
        : $"arn:aws:sts::{Role.Account}:assumed-role/{Role.Name}/{Name}";
}

/// <summary>A CodeArtifact domain.</summary>
public sealed record Domain(string Name, string Owner, string Region)
{
    public string Arn => $"arn:aws:codeartifact:{Region}:{Owner}:domain/{Name}";
}

/// <summary>A repository of a domain; upstreams are searched in order.</summary>
public sealed record Repository(Domain Domain, string Name)
{
    public List<string> Upstreams { get; init; } = [];

    /// <summary>The public gallery behind an external connection: pulled through and kept when first asked for.</summary>
    public List<Package>? ExternalConnection { get; init; }

    public ConcurrentDictionary<string, Package> Packages { get; } = new();

    public string Arn => $"arn:aws:codeartifact:{Domain.Region}:{Domain.Owner}:repository/{Domain.Name}/{Name}";

    public Repository With(params Package[] packages)
    {
        foreach (var package in packages)
            Packages[package.Key] = package;
        return this;
    }
}

/// <summary>A NuGet feed that is not AWS's.</summary>
/// <param name="Password">Basic password for user <c>user</c>; null for an open feed.</param>
public sealed record ForeignFeed(string Host, string? Password)
{
    public List<Package> Packages { get; init; } = [];
}

/// <summary>A host that passes requests on to a domain's repositories, under its own name.</summary>
public sealed record ReverseProxy(string Host, Domain Domain);

/// <summary>A token that was handed out.</summary>
public sealed record IssuedToken(Domain Domain, Session Caller)
{
    public required DateTimeOffset Expires { get; set; }

    public bool IsRevoked { get; set; }
}

/// <summary>A device authorization.</summary>
/// <param name="UserCode">What the person types.</param>
public sealed record SsoDevice(string UserCode)
{
    /// <summary>Whose role the device gets, once a person has allowed it.</summary>
    public Role? Role { get; set; }

    public bool IsDenied { get; set; }
}

/// <summary>What exists: roles, sessions, domains, repositories, tokens.</summary>
public sealed class World
{
    public const string Account = "111122223333";

    /// <summary>Null where the instance has no role.</summary>
    public Role? InstanceRole { get; set; }

    public ConcurrentDictionary<string, Role> Roles { get; } = new();

    public ConcurrentDictionary<string, Session> Sessions { get; } = new();

    public ConcurrentDictionary<string, IssuedToken> Tokens { get; } = new();

    /// <summary>SSO access tokens that the portal takes, with the role they give.</summary>
    public ConcurrentDictionary<string, Role> SsoTokens { get; } = new();

    /// <summary>SSO refresh tokens, good for one use, with the role that their successors give.</summary>
    public ConcurrentDictionary<string, Role> SsoRefreshTokens { get; } = new();

    /// <summary>Devices that wait for a person, by the code that they know.</summary>
    public ConcurrentDictionary<string, SsoDevice> SsoDevices { get; } = new();

    /// <summary>The role of a person who allows every device at once; null where a test does it.</summary>
    public Role? SsoPerson { get; set; }

    /// <summary>What a container has to send to get the instance role's credentials.</summary>
    public string ContainerAuthorization { get; } = RandomText(24);

    public List<Domain> Domains { get; } = [];

    /// <summary>
    /// What domains allow to callers of other accounts. Where a domain has no entry, the callers' own policies decide alone, which AWS
    /// does for callers of the domain's account only.
    /// </summary>
    public ConcurrentDictionary<Domain, IReadOnlyList<Grant>> DomainPolicies { get; } = new();

    /// <summary>The same for repositories.</summary>
    public ConcurrentDictionary<Repository, IReadOnlyList<Grant>> RepositoryPolicies { get; } = new();

    public List<Repository> Repositories { get; } = [];

    public List<ForeignFeed> ForeignFeeds { get; } = [];

    public List<ReverseProxy> ReverseProxies { get; } = [];

    /// <summary>How long role sessions live that are asked for with no duration.</summary>
    public TimeSpan SessionLife { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long tokens live, whatever was asked for; null for what was asked for.</summary>
    public TimeSpan? TokenLife { get; set; }

    /// <summary>The server's clock, skew included, once a server has this world.</summary>
    internal Func<DateTimeOffset> Now { get; set; } = () => DateTimeOffset.UtcNow;

    /// <summary>
    /// Domain contoso: repository app, its upstream shared, and its upstream nuget-store with the public gallery behind it. An instance
    /// with role BuildAgentRole, which may read all of it and publish to app.
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

    /// <summary>Makes keys for a role and remembers them for signatures.</summary>
    /// <param name="life">Null for <see cref="SessionLife"/>.</param>
    public Session OpenSession(Role role, string name, DateTimeOffset now, bool isTemporary = true, TimeSpan? life = null)
    {
        var session = new Session((isTemporary ? "ASIA" : "AKIA") + RandomText(16).ToUpperInvariant(), RandomText(40),
            isTemporary ? RandomText(320) : null, role, name, isTemporary ? now + (life ?? SessionLife) : DateTimeOffset.MaxValue);
        return Sessions[session.AccessKeyId] = session;
    }

    /// <summary>A token as GetAuthorizationToken makes it: looks like the compact JWE that CodeArtifact hands out.</summary>
    public string IssueToken(Domain domain, Session caller, DateTimeOffset expires)
    {
        var token = $"eyJ{RandomText(200)}.{RandomText(43)}.{RandomText(16)}.{RandomText(1200)}.{RandomText(22)}";
        Tokens[token] = new IssuedToken(domain, caller) { Expires = expires };
        return token;
    }

    /// <summary>A token for twelve hours, as the instance role would get it, for clients that are given one.</summary>
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
