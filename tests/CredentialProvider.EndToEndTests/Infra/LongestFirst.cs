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
        typeof(Packages.TheMSBuildPackage), typeof(CommandLine.Misconfigurations), typeof(Failures.FaultMatrix), typeof(Failures.RestoresBesideDoctor),
        typeof(Secrecy.HostileInputs), typeof(Credentials.CredentialSources), typeof(Images.Dockerfiles), typeof(CommandLine.OtherUsers),
        typeof(Clients.DotnetRestore), typeof(Failures.RefusedRequests), typeof(Packages.InstallScripts), typeof(Clients.ReverseProxies),
    ];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. testCollections.OrderBy(collection => Array.FindIndex(Long, type => collection.TestCollectionDisplayName.Contains(type.FullName!, StringComparison.Ordinal)) is >= 0 and var place ? place : Long.Length)];
}
