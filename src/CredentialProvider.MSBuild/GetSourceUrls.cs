using CredentialProvider.Feeds;
using Microsoft.Build.Framework;

namespace CredentialProvider.MSBuild;

/// <summary>
/// Turns <c>&lt;CodeArtifactSource Include="domain/repository" Owner="…" Region="…" DualStack="…" /&gt;</c> into NuGet
/// source URLs.
/// </summary>
public sealed class GetSourceUrls : Microsoft.Build.Utilities.Task
{
    [Required]
    public ITaskItem[] Sources { get; set; } = [];

    /// <summary>Account id (12 digits) for items without one.</summary>
    public string Owner { get; set; } = "";

    /// <summary>Region for items without one. If it is empty: AWS_REGION, then AWS_DEFAULT_REGION.</summary>
    public string Region { get; set; } = "";

    /// <summary>One for each item, in the same order.</summary>
    [Output]
    public string[] Urls { get; private set; } = [];

    public override bool Execute()
    {
        Urls = [.. Sources.Select(GetUrl).OfType<string>()];
        return !Log.HasLoggedErrors;
    }

    private string? GetUrl(ITaskItem source)
    {
        var names = source.ItemSpec.Split('/');
        var owner = FirstNonEmpty(source.GetMetadata("Owner"), Owner);
        var region = FirstNonEmpty(source.GetMetadata("Region"), Region,
            Environment.GetEnvironmentVariable("AWS_REGION"), Environment.GetEnvironmentVariable("AWS_DEFAULT_REGION"));
        var isDualStack = source.GetMetadata("DualStack").Equals("true", StringComparison.OrdinalIgnoreCase);
        if (FindProblem(names, owner, region, isDualStack) is not { } problem)
            return new Feed(names[0], owner, region, names[1]) { IsDualStack = isDualStack }.ToUrl();
        Log.LogError(null, "CACP1012", null, source.GetMetadata("DefiningProjectFullPath"), 0, 0, 0, 0, "{0}",
            $"CodeArtifactSource '{source.ItemSpec}': {problem}");
        return null;
    }

    private static string? FindProblem(string[] names, string owner, string region, bool isDualStack) =>
        names.Length != 2 || !Feed.IsDomain(names[0]) || !Feed.IsRepository(names[1]) ? "expected DOMAIN/REPOSITORY"
            : owner.Length == 0 ? "Owner is missing; set it on the item or in the property CodeArtifactOwner"
            : !Feed.IsOwner(owner) ? $"Owner is '{owner}'; expected an account id (12 digits)"
            : region.Length == 0
                ? "Region is missing; set it on the item, in the property CodeArtifactRegion or in AWS_REGION"
            : Partition.OfRegion(region) is not { } partition
                ? $"Region is '{region}'; expected a region such as us-east-1"
            : isDualStack && partition.RepositoryDualStackSuffix is null
                ? $"DualStack is true, but {region} has no dual-stack hosts"
            : null;

    private static string FirstNonEmpty(params string?[] values) =>
        Array.Find(values, value => !string.IsNullOrEmpty(value)) ?? "";
}
