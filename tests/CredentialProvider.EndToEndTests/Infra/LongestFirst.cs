using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(CredentialProvider.EndToEndTests.Infra.LongestFirst))]

namespace CredentialProvider.EndToEndTests.Infra;

/// <summary>Starts the classes that take longest first: one that is left at the end runs alone.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    /// <summary>In the order of their times, from a report of the suite.</summary>
    private static readonly Type[] Long =
    [
        typeof(Failures.FaultMatrix), typeof(CommandLine.Misconfigurations), typeof(Packages.MSBuildProcesses), typeof(Failures.RestoresBesideDoctor),
        typeof(Packages.TheMSBuildPackage), typeof(Packages.TokensBeforeARestore), typeof(Failures.RefusedRequests), typeof(Images.Dockerfiles),
        typeof(Packages.ThePluginInThePackage), typeof(Secrecy.HostileInputs), typeof(Secrecy.HostileAnswers), typeof(Clients.RealRepositories),
        typeof(Credentials.CredentialSources), typeof(CommandLine.OtherUsers), typeof(Clients.DotnetRestore), typeof(Packages.InstallScripts),
        typeof(Lifetime.ConcurrentPlugins), typeof(Packages.DotnetTool), typeof(Clients.ReverseProxies),
    ];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. testCollections.OrderBy(collection => Array.FindIndex(Long, type => collection.TestCollectionDisplayName.Contains(type.FullName!, StringComparison.Ordinal)) is >= 0 and var place ? place : Long.Length)];
}
