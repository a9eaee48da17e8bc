using Microsoft.Build.Evaluation;
using Microsoft.Build.Execution;
using Microsoft.Build.Framework;
using Microsoft.Build.Logging;

// Builds a target of a project: MSBuild PROJECT TARGET [PROPERTY=VALUE …]
var properties = args.Skip(2).Select(arg => arg.Split(['='], 2)).ToDictionary(parts => parts[0], parts => parts[1]);
using var projects = new ProjectCollection();
var result = BuildManager.DefaultBuildManager.Build(
    new BuildParameters(projects) { Loggers = [new ConsoleLogger(LoggerVerbosity.Detailed)], EnableNodeReuse = false },
    new BuildRequestData(args[0], properties, targetsToBuild: [args[1]], toolsVersion: null, hostServices: null));
return result.OverallResult == BuildResultCode.Success ? 0 : 1;
