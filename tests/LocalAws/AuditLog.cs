using System.Text.Json;

namespace LocalAws;

/// <summary>One request as the service saw it; never a key or token.</summary>
/// <param name="Service">metadata, sts, codeartifact, nuget, sso, foreign or proxy.</param>
/// <param name="Operation">For example PutToken, AssumeRole, GetAuthorizationToken, ServiceIndex, Download.</param>
/// <param name="Status">0 where no answer was sent.</param>
/// <param name="Detail">Which role, domain or package it was about.</param>
public sealed record AuditEntry(
    DateTimeOffset Time, string Service, string Operation, string Host, string Path, int Status, string Detail)
{
    public TimeSpan Took { get; init; }
}

/// <summary>What was asked, in order.</summary>
public sealed class AuditLog
{
    private readonly Lock _lock = new();
    private readonly List<AuditEntry> _entries = [];

    /// <summary>Gets every entry as a line of JSON too, where set.</summary>
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
