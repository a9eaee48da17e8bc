using System.IO.Compression;
using LocalAws;

namespace CredentialProvider.EndToEndTests.Packages;

/// <summary>A fresh clone of a repository that references the MSBuild package in Directory.Build.props: a solution of two projects,
/// <c>client</c> and <c>other</c>.</summary>
internal static class ClonedRepository
{
    public const string PackageId = "CredentialProvider.CodeArtifact.MSBuild";

    public const string Program = """
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework></PropertyGroup>
          <ItemGroup><PackageReference Include="Contoso.App.Client" Version="1.0.0" /></ItemGroup>
        </Project>
        """;

    /// <summary>The package as NuGet extracts it.</summary>
    private static readonly Lazy<Task<string>> Extracted = new(async () =>
    {
        await using var sandbox = await StartAsync(hasPackage: false);
        (await sandbox.DotnetRestoreAsync("client")).Succeeded();
        var folder = Artifacts.Built("msbuild-package");
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        (await sandbox.RunAsync("cp", sandbox.Root, "-a", Path.Combine(sandbox.Variables["NUGET_PACKAGES"], PackageId.ToLowerInvariant()), folder)).Succeeded();
        return folder;
    });

    /// <param name="isMapped">With package source mapping.</param>
    /// <param name="hasPackage">False on a machine that restores for the first time: NuGet has to extract the MSBuild package, which takes
    /// as long as the restore itself.</param>
    public static async Task<Sandbox> StartAsync(bool isMapped = false, bool hasPackage = true)
    {
        Artifacts.RequireNative();
        var sandbox = await Sandbox.StartAsync();
        if (hasPackage)
            (await sandbox.RunAsync("cp", sandbox.Root, "-a", await Extracted.Value, Path.Combine(sandbox.Variables["NUGET_PACKAGES"], PackageId.ToLowerInvariant()))).Succeeded();
        sandbox.Variables["NUGET_ENHANCED_MAX_NETWORK_TRY_COUNT"] = "1";
        foreach (var project in new[] { "client", "other" })
        {
            sandbox.Write($"{project}/{project}.csproj", Program);
            sandbox.Write($"{project}/Program.cs", "System.Console.WriteLine(\"it runs\");");
        }

        sandbox.Write("all.slnx", """<Solution><Project Path="client/client.csproj" /><Project Path="other/other.csproj" /></Solution>""");
        sandbox.Write("Directory.Build.props", $"""<Project><Sdk Name="{PackageId}" Version="{Artifacts.Version}" /></Project>""");
        sandbox.WriteSources(isMapped, ("app", Feeds.App));
        return sandbox;
    }

    /// <summary>Writes a nuget.config with these sources, the package's folder, and a public gallery as audit source. Without audit sources NuGet
    /// asks every source for vulnerabilities while it resolves the <c>Sdk</c>, before any target can offer the plugin.</summary>
    public static void WriteSources(this Sandbox sandbox, params (string Name, string Url)[] sources) => sandbox.WriteSources(isMapped: false, sources);

    /// <summary>The folder of the package's programs.</summary>
    public static string PackageTools(this Sandbox sandbox) =>
        Path.Combine(sandbox.Variables["NUGET_PACKAGES"], PackageId.ToLowerInvariant(), Artifacts.Version, "tools");

    /// <summary>Replaces the package's executables by scripts that only record that they were started.</summary>
    /// <returns>Gets one file for each start.</returns>
    public static Func<string[]> TraceStarts(this Sandbox sandbox)
    {
        var traces = sandbox.Folder("traces");
        foreach (var program in Directory.GetFiles(sandbox.PackageTools(), "nuget-plugin-codeartifact", SearchOption.AllDirectories))
            File.WriteAllText(program, $"#!/bin/sh\ntouch {traces}/$$\n");
        return () => Directory.GetFiles(traces);
    }

    public static void AgeTokens(this Sandbox sandbox)
    {
        foreach (var token in Directory.GetFiles(sandbox.Cache, "*.json"))
            File.SetLastWriteTimeUtc(token, DateTime.UtcNow.AddHours(-6));
    }

    public static void ForgetTokens(this Sandbox sandbox)
    {
        if (Directory.Exists(sandbox.Cache))
            Directory.Delete(sandbox.Cache, recursive: true);
    }

    public static void ForgetRestores(this Sandbox sandbox)
    {
        foreach (var project in new[] { "client", "other" })
            Directory.Delete(sandbox.Folder($"{project}/obj"), recursive: true);
    }

    public static (string Name, string Url) AddDomain(this Sandbox sandbox, string name)
    {
        sandbox.Aws.World.Repositories.Add(new Repository(sandbox.Aws.World.AddDomain(name), "app"));
        return (name, Feeds.App.Replace("contoso", name, StringComparison.Ordinal));
    }

    /// <summary>Extracts the package into the sandbox's folder <c>package</c>, with the executable bits that NuGet sets.</summary>
    public static async Task<string> UnpackPackageAsync(this Sandbox sandbox)
    {
        var folder = sandbox.Folder("package");
        await ZipFile.ExtractToDirectoryAsync(Artifacts.Package(PackageId), folder, TestContext.Current.CancellationToken);
        foreach (var program in Directory.GetFiles(folder, "nuget-plugin-codeartifact", SearchOption.AllDirectories))
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return folder;
    }

    private static void WriteSources(this Sandbox sandbox, bool isMapped, params (string Name, string Url)[] sources)
    {
        const string Gallery = "gallery.example.test";
        if (!sandbox.Aws.World.ForeignFeeds.Exists(feed => feed.Host == Gallery))
            sandbox.Aws.World.ForeignFeeds.Add(new ForeignFeed(Gallery, Password: null));
        var mapping = !isMapped ? "" : $"""
            <packageSourceMapping>
              <packageSource key="packages"><package pattern="{PackageId}" /></packageSource>
              <packageSource key="app"><package pattern="*" /></packageSource>
            </packageSourceMapping>
            """;
        sandbox.Write("nuget.config", $"""
            <configuration>
              <packageSources><clear />
                <add key="packages" value="{Artifacts.Packages}" />
                {string.Concat(sources.Select(source => $"""<add key="{source.Name}" value="{source.Url}" />"""))}
              </packageSources>
              <auditSources><clear /><add key="gallery" value="https://{Gallery}/v3/index.json" /></auditSources>
              {mapping}
            </configuration>
            """);
    }
}
