using System.Text.RegularExpressions;
using CredentialProvider.Feeds;
using Microsoft.Build.Framework;

namespace CredentialProvider.MSBuild;

/// <summary>Makes the URLs of <c>&lt;CodeArtifactSource Include="domain/repository" Owner="…" Region="…" /&gt;</c>.</summary>
public sealed class FindSourceUrls : Microsoft.Build.Utilities.Task
{
    private static readonly Regex Name = new(@"^([a-z][a-z0-9-]{0,48}[a-z0-9])/([A-Za-z0-9][A-Za-z0-9._-]{1,99})$");

    [Required]
    public ITaskItem[] Sources { get; set; } = [];

    /// <summary>For items that name none: the 12 digits of an account.</summary>
    public string Owner { get; set; } = "";

    /// <summary>For items that name none; then AWS_REGION and AWS_DEFAULT_REGION.</summary>
    public string Region { get; set; } = "";

    /// <summary>One for each source, in their order.</summary>
    [Output]
    public string[] Urls { get; private set; } = [];

    public override bool Execute()
    {
        Urls = [.. Sources.Select(Find).OfType<string>()];
        return !Log.HasLoggedErrors;
    }

    private string? Find(ITaskItem source)
    {
        var (name, owner) = (Name.Match(source.ItemSpec), Either(source.GetMetadata("Owner"), Owner));
        var region = Either(source.GetMetadata("Region"), Region, Environment.GetEnvironmentVariable("AWS_REGION"), Environment.GetEnvironmentVariable("AWS_DEFAULT_REGION"));
        if (!name.Success)
            return Refuse(source, "it takes DOMAIN/REPOSITORY");
        if (owner.Length != 12 || !Ascii.AreDigits(owner.AsSpan()))
            return Refuse(source, owner.Length == 0 ? "it has no owner; set Owner on it, or the property CodeArtifactOwner, to the account's 12 digits" : $"owner '{owner}' is not the 12 digits of an account");
        if (Partition.OfRegion(region) is not { } partition)
            return Refuse(source, region.Length == 0 ? "it has no region; set Region on it, the property CodeArtifactRegion, or AWS_REGION" : $"'{region}' is no region; it takes one like us-east-1");
        var isDualStack = source.GetMetadata("DualStack").Equals("true", StringComparison.OrdinalIgnoreCase);
        if (isDualStack && partition.RepositoryDualStackSuffix is null)
            return Refuse(source, $"{region} has no dual-stack hosts");
        var host = isDualStack ? $"codeartifact.{region}.{partition.RepositoryDualStackSuffix}" : $"d.codeartifact.{region}.{partition.DnsSuffix}";
        return $"https://{name.Groups[1]}-{owner}.{host}/nuget/{name.Groups[2]}/v3/index.json";
    }

    private string? Refuse(ITaskItem source, string why)
    {
        Log.LogError(null, "CACP1012", null, source.GetMetadata("DefiningProjectFullPath"), 0, 0, 0, 0, "{0}", $"CodeArtifactSource '{source.ItemSpec}': {why}");
        return null;
    }

    private static string Either(params string?[] texts) => Array.Find(texts, text => !string.IsNullOrEmpty(text)) ?? "";
}
