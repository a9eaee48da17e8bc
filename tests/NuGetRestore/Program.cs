using NuGet.Build.Tasks;
using NuGet.Commands;
using NuGet.Common;
using NuGet.Configuration;
using NuGet.Frameworks;
using NuGet.LibraryModel;
using NuGet.ProjectModel;
using NuGet.Versioning;

// Restores a project with the code that `dotnet restore` runs, but without MSBuild: it reads nuget.config, finds and starts plugins and
// downloads packages in a third of the time. Arguments: the project's folder, and packages as ID/VERSION. Prints errors and warnings; the exit
// code is 0 or 1.
var folder = Path.GetFullPath(args[0]);
var log = new Messages();
// As the dotnet command does: NuGet starts assemblies with it.
Environment.SetEnvironmentVariable("DOTNET_HOST_PATH", Environment.ProcessPath);
try
{
    var settings = RestoreSettingsUtils.ReadSettings(solutionDirectory: null, folder, restoreConfigFile: null, new Lazy<IMachineWideSettings>(() => new XPlatMachineWideSetting()));
    var restored = await BuildTasksUtility.RestoreAsync(Graph(settings), interactive: false, recursive: false, noCache: false, ignoreFailedSources: false,
        disableParallel: false, force: false, forceEvaluate: false, hideWarningsAndErrors: false, restorePC: false, cleanupAssetsForUnsupportedProjects: false,
        [], log, CancellationToken.None);
    return restored.Count > 0 && restored.TrueForAll(project => project.Success) && !log.HasErrors ? 0 : 1;
}
catch (Exception e)
{
    // As NuGet's tasks report it.
    ExceptionUtilities.LogException(e, log);
    return 1;
}

// What MSBuild collects for a project for .NET 10 with these packages.
DependencyGraphSpec Graph(ISettings settings)
{
    var (name, framework) = (Path.GetFileName(folder), NuGetFramework.Parse("net10.0"));
    var path = Path.Combine(folder, $"{name}.csproj");
    var dependencies = args.Skip(1).Select(package => package.Split('/')).Select(parts => new LibraryDependency
    {
        LibraryRange = new LibraryRange(parts[0], VersionRange.Parse(parts[1]), LibraryDependencyTarget.Package),
    });
    var sources = BuildTasksUtility.GetSources(folder, folder, sources: null, sourcesOverride: null, additionalProjectSources: [], settings);
    var project = new PackageSpec([new TargetFrameworkInformation { FrameworkName = framework, TargetAlias = "net10.0", Dependencies = [.. dependencies] }])
    {
        Name = name,
        FilePath = path,
        RestoreMetadata = new ProjectRestoreMetadata
        {
            ProjectStyle = ProjectStyle.PackageReference,
            ProjectName = name,
            ProjectPath = path,
            ProjectUniqueName = path,
            OutputPath = Path.Combine(folder, "obj"),
            OriginalTargetFrameworks = ["net10.0"],
            TargetFrameworks = [new ProjectRestoreMetadataFrameworkInfo(framework) { TargetAlias = "net10.0" }],
            ConfigFilePaths = settings.GetConfigFilePaths(),
            PackagesPath = SettingsUtility.GetGlobalPackagesFolder(settings),
            // MSBuild's items have no white space at their ends.
            Sources = [.. sources.Select(source => new PackageSource(source.Trim()))],
            FallbackFolders = [.. SettingsUtility.GetFallbackPackageFolders(settings)],
            RestoreAuditProperties = new RestoreAuditProperties { EnableAudit = "false" },
            UsingMicrosoftNETSdk = true,
            SdkAnalysisLevel = new NuGetVersion(10, 0, 400),
        },
    };
    var graph = new DependencyGraphSpec();
    graph.AddProject(project);
    graph.AddRestore(path);
    return graph;
}

/// <summary>Prints errors and warnings.</summary>
internal sealed class Messages() : LoggerBase(LogLevel.Warning)
{
    /// <summary>An error of a plugin or a source fails the build, whatever the restore's own result.</summary>
    public bool HasErrors { get; private set; }

    public override void Log(ILogMessage message)
    {
        HasErrors |= message.Level == LogLevel.Error;
        if (message.Level >= LogLevel.Warning)
            Console.WriteLine($"{message.Level.ToString().ToLowerInvariant()} {message.Code}: {message.Message}");
    }

    public override Task LogAsync(ILogMessage message)
    {
        Log(message);
        return Task.CompletedTask;
    }
}
