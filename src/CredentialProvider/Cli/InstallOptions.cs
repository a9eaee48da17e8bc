using System.CommandLine;
using CredentialProvider.Cli.NuGet;

namespace CredentialProvider.Cli;

/// <summary>Which builds <c>install</c> and <c>uninstall</c> concern, and the folders they are in.</summary>
internal sealed class InstallOptions
{
    private readonly Option<bool> _native =
        SharedOptions.Flag("--native", "The native executable, on PATH: NuGet 6.13 and later");

    private readonly Option<bool> _netcore =
        SharedOptions.Flag("--netcore", "The plugin in ~/.nuget/plugins/netcore: every .NET SDK");

    private readonly Option<bool> _netfx =
        SharedOptions.Flag("--netfx", "The plugin in ~/.nuget/plugins/netfx: Visual Studio, msbuild.exe, nuget.exe");

    private readonly Option<string?> _bin =
        SharedOptions.Value("--bin", "DIR", "Folder of the native executable (default: ~/.local/bin)");

    private readonly Option<string?> _home =
        SharedOptions.Value("--home", "DIR",
            "Home directory that contains .nuget/plugins (default: the user's; --netcore: DOTNET_CLI_HOME if set)");

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _native, _netcore, _netfx, _bin, _home })
            command.Add(option);
    }

    public Installation Installation(ParseResult parsed, CommandContext context) =>
        new(context.Settings, context.Terminal, parsed.GetValue(_bin), parsed.GetValue(_home));

    /// <summary>native, netcore, netfx; empty if the command line has none.</summary>
    public string[] Parts(ParseResult parsed) =>
        [.. new[] { _native, _netcore, _netfx }.Where(parsed.GetValue).Select(option => option.Name[2..])];
}
