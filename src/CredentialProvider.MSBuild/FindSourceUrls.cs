using System.Text.RegularExpressions;
using CredentialProvider.Feeds;
using Microsoft.Build.Framework;

namespace CredentialProvider.MSBuild;

/// <summary>Makes the URLs of
/// <c>&lt;CodeArtifactSource Include="domain/repository" Owner="…" Region="…" DualStack="…" /&gt;</c>.</summary>
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
        var name = Name.Match(source.ItemSpec);
        var owner = Either(source.GetMetadata("Owner"), Owner);
        var region = Either(source.GetMetadata("Region"), Region, Environment.GetEnvironmentVariable("AWS_REGION"),
            Environment.GetEnvironmentVariable("AWS_DEFAULT_REGION"));
        var partition = Partition.OfRegion(region);
        var isDualStack = source.GetMetadata("DualStack").Equals("true", StringComparison.OrdinalIgnoreCase);
        var problem = !name.Success ? "it takes DOMAIN/REPOSITORY"
            : owner.Length == 0 ? "it has no owner; set Owner on it, or the property CodeArtifactOwner, to the account's 12 digits"
            : owner.Length != 12 || !Ascii.AreDigits(owner) ? $"owner '{owner}' is not the 12 digits of an account"
            : region.Length == 0 ? "it has no region; set Region on it, the property CodeArtifactRegion, or AWS_REGION"
            : partition is null ? $"'{region}' is no region; it takes one like us-east-1"
            : isDualStack && partition.RepositoryDualStackSuffix is null ? $"{region} has no dual-stack hosts"
            : null;
        if (problem is not null)
        {
            Log.LogError(null, "CACP1012", null, source.GetMetadata("DefiningProjectFullPath"), 0, 0, 0, 0, "{0}",
                $"CodeArtifactSource '{source.ItemSpec}': {problem}");
            return null;
        }

        var host = isDualStack ? $"codeartifact.{region}.{partition!.RepositoryDualStackSuffix}"
            : $"d.codeartifact.{region}.{partition!.DnsSuffix}";
        return $"https://{name.Groups[1]}-{owner}.{host}/nuget/{name.Groups[2]}/v3/index.json";
    }

    private static string Either(params string?[] texts) =>
        Array.Find(texts, text => !string.IsNullOrEmpty(text)) ?? "";
}
