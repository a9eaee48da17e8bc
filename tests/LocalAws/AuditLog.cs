using System.Text.Json;

namespace LocalAws;

/// <summary>One request. Contains no credentials and no tokens.</summary>
/// <param name="Service">metadata, sts, codeartifact, nuget, ci, sso, sso-oidc, signin, foreign or proxy.</param>
/// <param name="Operation">For example PutToken, AssumeRole, GetAuthorizationToken, ServiceIndex, Download.</param>
/// <param name="Status">The HTTP status; 0 if no response was sent.</param>
/// <param name="Detail">The role, domain or package requested.</param>
public sealed record AuditEntry(
    DateTimeOffset Time, string Service, string Operation, string Host, string Path, int Status, string Detail)
{
    /// <summary>The time from the request to its response.</summary>
    public TimeSpan Took { get; init; }

    public string UserAgent { get; init; } = "";

    /// <summary>The role session that called or, for an AssumeRole call, that was opened.</summary>
    public RoleSession? Session { get; init; }
}

/// <summary>A role session as CloudTrail shows it.</summary>
/// <param name="Tags">By key.</param>
/// <param name="Policy">The inline session policy; null for none.</param>
public sealed record RoleSession(string Name, string? SourceIdentity, IReadOnlyDictionary<string, string> Tags, string? Policy)
{
    internal static RoleSession From(Session session) => new(session.Name, session.SourceIdentity,
        session.Tags.ToDictionary(tag => tag.Key, tag => tag.Value.Value), session.Policy);
}

/// <summary>All requests, in order of their responses.</summary>
public sealed class AuditLog
{
    private readonly Lock _lock = new();
    private readonly List<AuditEntry> _entries = [];

    /// <summary>If set, every entry is appended to this file as a line of JSON.</summary>
    public string? File { get; set; }

    public IReadOnlyList<AuditEntry> Entries
    {
        get
        {
            lock (_lock)
                return [.. _entries];
        }
    }

    public int Count(string service, string? operation = null) =>
        Entries.Count(entry => entry.Service == service && (operation is null || entry.Operation == operation));

    public void Clear()
    {
        lock (_lock)
            _entries.Clear();
    }

    internal void Add(AuditEntry entry)
    {
        lock (_lock)
        {
            _entries.Add(entry);
            if (File is not null)
                System.IO.File.AppendAllText(File, JsonSerializer.Serialize(entry) + "\n");
        }
    }
}
