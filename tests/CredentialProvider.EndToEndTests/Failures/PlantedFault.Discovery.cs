using static CredentialProvider.EndToEndTests.Failures.PlantedMachine;

namespace CredentialProvider.EndToEndTests.Failures;

internal sealed partial record PlantedFault
{
    private const string AnExpiredToken = """{"ResponseCode":"Success","Username":"aws","Password":"expired","AuthenticationTypes":["Basic"]}""";

    /// <summary>Which plugins NuGet finds, and what they do.</summary>
    private static PlantedFault[] Discovery =>
    [
        new("the plugin is not installed", "plugin", m => File.Delete(m.Plugin)),
        new("the plugin is not executable", "plugin", m => WriteExecutable(m.Plugin, "", 0x1A4)),
        new("a web page was saved in place of the plugin", "plugin", m => WriteExecutable(m.Plugin, "<!DOCTYPE html>\n")),
        new("a dangling link before the plugin", "plugin", m => File.CreateSymbolicLink(Path.Combine(m.First, "nuget-plugin-gone"), Gone)),
        new("a dangling link after the plugin", "plugin", m => File.CreateSymbolicLink(Path.Combine(m.Last, "nuget-plugin-gone"), Gone)),
        new("a link to itself after the plugin", "plugin", m => File.CreateSymbolicLink(Path.Combine(m.Last, "nuget-plugin-loop"), "nuget-plugin-loop")),
        new("another plugin that ends, before", "plugin", m => Other(m.First, "#!/bin/sh\nexit 3\n")),
        new("another plugin that ends, after", null, m => Other(m.Last, "#!/bin/sh\nexit 3\n")),
        new("another plugin that prints text and ends, before", "plugin", m => Other(m.First, "#!/bin/sh\necho usage\n")),
        new("another plugin that never answers, before", "plugin", m => OtherHangs(m, m.First, "Handshake")),
        new("another plugin that never answers, after", null, m => Other(m.Last, OtherPlugin.With(("Handshake", OtherPlugin.Hangs)))),
        new("another plugin that greets and never answers again, before", "plugin", m => OtherHangs(m, m.First, "Initialize")),
        new("another plugin that never answers for credentials, before", "plugin", m => OtherHangs(m, m.First, "GetAuthenticationCredentials")),
        new("another plugin that does not greet NuGet, before", "plugin", m => OtherHangs(m, m.First, "Handshake", "reply '{\"ResponseCode\":\"Success\",\"ProtocolVersion\":\"2.0.0\"}'")),
        new("another plugin that ends when it is asked what it offers, before", "plugin", m => Other(m.First, OtherPlugin.With(("GetOperationClaims", OtherPlugin.Ends)))),
        new("another plugin that refuses to be initialized, before", "plugin", m => Other(m.First, OtherPlugin.With(("Initialize", "reply '{\"ResponseCode\":\"Error\"}'")))),
        new("another plugin that answers for credentials with a fault, before", "plugin",
            m => Other(m.First, OtherPlugin.With(("GetAuthenticationCredentials", "reply '{\"Message\":\"broken\"}' Fault")))),
        new("another plugin that answers NuGet's message about its proxy with a fault, before", "plugin",
            m => Other(m.First, OtherPlugin.With(("SetCredentials", "reply '{\"Message\":\"unknown\"}' Fault")))),
        new("another plugin that would answer it with a fault, before, and NuGet has no proxy", null, m =>
        {
            m.Variables.Remove("http_proxy");
            Other(m.First, OtherPlugin.With(("SetCredentials", "reply '{\"Message\":\"unknown\"}' Fault")));
        }),
        new("another plugin that answers a log level with a fault, before", "plugin",
            m => Other(m.First, OtherPlugin.With(("SetLogLevel", "reply '{\"Message\":\"unknown\"}' Fault")))),
        new("another plugin that prints text, before", "plugin", m => Other(m.First, OtherPlugin.With().Replace("while", "echo Welcome; while", StringComparison.Ordinal))),
        new("another plugin that speaks version 1, before", "plugin", m => Other(m.First, OtherPlugin.With().Replace("2.0.0", "1.0.0", StringComparison.Ordinal))),
        new("another plugin without credentials, before", null, m => Other(m.First, OtherPlugin.With())),
        new("another plugin that offers nothing, before", null, m => Other(m.First, OtherPlugin.With(("GetOperationClaims", "reply '{\"Claims\":[]}'")))),
        new("another plugin whose credentials the feed refuses, before", "plugin",
            m => Other(m.First, OtherPlugin.With(("GetAuthenticationCredentials", $"reply '{AnExpiredToken}'")))),
        new("another plugin with credentials that the feed refuses, once, before", null, m => Other(m.First, OtherPlugin.With(("GetAuthenticationCredentials",
            $$"""case $line in *'"IsRetry":false'*) reply '{{AnExpiredToken}}' ;; *) reply '{"ResponseCode":"NotFound"}' ;; esac""")))),
        new("another plugin with credentials, before", null, m => Other(m.First, $"#!/bin/sh\nexec {Artifacts.Native} \"$@\"\n")),
        new("another plugin with credentials, and not this one", null, m =>
        {
            File.Delete(m.Plugin);
            Other(m.First, $"#!/bin/sh\nexec {Artifacts.Native} \"$@\"\n");
        }),
        new("NuGet remembers that another plugin, which ends, has no credentials", null, m =>
        {
            Other(m.First, "#!/bin/sh\nexit 3\n");
            m.WriteClaims("[]", TimeSpan.FromDays(1), Path.Combine(m.First, OtherPlugin.Name));
        }),
        new("what NuGet remembers about another plugin is damaged", "plugin", m =>
        {
            Other(m.First, OtherPlugin.With());
            m.WriteClaims("[1", TimeSpan.FromDays(1), Path.Combine(m.First, OtherPlugin.Name));
        }),
        new("another plugin for another processor, before", "plugin", m => Other(m.First, "\u007fELF\u0002\u0001\u0001")),
        new("another plugin for another processor, after", null, m => Other(m.Last, "\u007fELF\u0002\u0001\u0001")),
        new("another plugin without execute permission, before", null, m => WriteExecutable(Path.Combine(m.First, "nuget-plugin-other"), "", 0x1A4)),
        new("another plugin whose interpreter is missing, before", "plugin", m => Other(m.First, "#!/opt/gone/python3\n")),
        new("a second copy of the plugin, before", null, m => File.CreateSymbolicLink(Path.Combine(m.First, "nuget-plugin-codeartifact"), Artifacts.Native)),
        new("a folder named like a plugin, before", null, m => Directory.CreateDirectory(Path.Combine(m.First, "nuget-plugin-folder"))),
        new("a link to a folder named like a plugin, before", null, m => Directory.CreateSymbolicLink(Path.Combine(m.First, "nuget-plugin-folder"), m.Home)),
        new("AWS's older provider without its runtime", "plugin", m => m.Write("home/.nuget/plugins/netcore/AWS.CodeArtifact.NuGetCredentialProvider/AWS.CodeArtifact.NuGetCredentialProvider.dll", "")),
        new("a link to a plugin that was removed in ~/.nuget/plugins/netcore", "plugin",
            m => File.CreateSymbolicLink(Path.Combine(m.Folder("home/.nuget/plugins/netcore/Other"), "Other.dll"), Gone)),
        new("a plugin for .NET Framework that is broken", null, m => m.Write("home/.nuget/plugins/netfx/Other/Other.exe", "")),
        new("an empty folder in ~/.nuget/plugins/netcore", null, m => m.Folder("home/.nuget/plugins/netcore/Other")),
        new("PATH has a folder that does not exist, a relative and an empty one", null, m => m.SearchPath.InsertRange(0, ["/nowhere", "tools", ""])),
        new("PATH has a file", null, m => m.SearchPath.Insert(0, m.Plugin)),
        new("a folder on PATH that may not be read, before", null, m => m.Close(m.First)),
        new("a folder on PATH that may not be read, with the plugin", "plugin", m => m.Close(Path.GetDirectoryName(m.Plugin)!)),
        new("PATH lacks the plugin's folder", "plugin", m => m.SearchPath.Remove(Path.GetDirectoryName(m.Plugin)!)),
        new("PATH has a folder with ~", "plugin", m => m.SearchPath[1] = "~/bin"),
        new("`NUGET_PLUGIN_PATHS` names another plugin", "plugin", m => m.Variables["NUGET_PLUGIN_PATHS"] = "/opt/gone/nuget-plugin-other"),
        new("`NUGET_PLUGIN_PATHS` has a relative path first", "plugin", m => m.Variables["NUGET_PLUGIN_PATHS"] = $"nuget-plugin-other:{m.Plugin}"),
        new("`NUGET_PLUGIN_PATHS` has a relative path last", "plugin", m => m.Variables["NUGET_PLUGIN_PATHS"] = $"{m.Plugin}:nuget-plugin-other"),
        new("`NUGET_PLUGIN_PATHS` has another plugin that ends, after", "plugin", m =>
        {
            Other(m.Last, "#!/bin/sh\nexit 3\n");
            m.Variables["NUGET_PLUGIN_PATHS"] = $"{m.Plugin}:{m.Last}";
        }),
        new("`NUGET_PLUGIN_PATHS` has another plugin that never answers, after", "plugin", m =>
        {
            OtherHangs(m, m.Last, "GetOperationClaims");
            m.Variables["NUGET_PLUGIN_PATHS"] = $"{m.Plugin}:{m.Last}";
        }),
        new("`NUGET_PLUGIN_PATHS` has another plugin that never answers for credentials, after", null, m =>
        {
            Other(m.Last, OtherPlugin.With(("GetAuthenticationCredentials", OtherPlugin.Hangs)));
            m.Variables["NUGET_PLUGIN_PATHS"] = $"{m.Plugin}:{m.Last}";
        }),
        new("`NUGET_PLUGIN_PATHS` has a missing file last", null, m => m.Variables["NUGET_PLUGIN_PATHS"] = $"{m.Plugin}:/opt/gone/nuget-plugin-other"),
        new("`NUGET_NETCORE_PLUGIN_PATHS` names a missing file last", "plugin", m => m.Variables["NUGET_NETCORE_PLUGIN_PATHS"] = $"{Artifacts.NetCore}:/opt/gone/Other.dll"),
        new("`NUGET_PLUGIN_PATHS` has a path with ~", "plugin", m => m.Variables["NUGET_PLUGIN_PATHS"] = "~/bin/nuget-plugin-codeartifact"),
        new("`NUGET_PLUGIN_PATHS` names the plugin", null, m => m.Variables["NUGET_PLUGIN_PATHS"] = m.Plugin),
        new("`NUGET_PLUGIN_PATHS` names the plugin's folder", null, m => m.Variables["NUGET_PLUGIN_PATHS"] = Path.GetDirectoryName(m.Plugin)!),
        new("`NUGET_PLUGIN_PATHS` begins with a blank", "plugin", m => m.Variables["NUGET_PLUGIN_PATHS"] = $" {m.Plugin}"),
        new("`NUGET_PLUGIN_PATHS` is empty", null, m => m.Variables["NUGET_PLUGIN_PATHS"] = ""),
        new("`NUGET_PLUGIN_PATHS` separates by a semicolon", "plugin", m => m.Variables["NUGET_PLUGIN_PATHS"] = $"{m.Plugin};/opt/other"),
        new("`NUGET_NETCORE_PLUGIN_PATHS` names the native executable", "plugin", m => m.Variables["NUGET_NETCORE_PLUGIN_PATHS"] = m.Plugin),
        new("`NUGET_NETCORE_PLUGIN_PATHS` names a missing file first", "plugin", m => m.Variables["NUGET_NETCORE_PLUGIN_PATHS"] = $"/opt/gone/Other.dll:{Artifacts.NetCore}"),
        new("`NUGET_NETCORE_PLUGIN_PATHS` names the netcore build", null, m => m.Variables["NUGET_NETCORE_PLUGIN_PATHS"] = Artifacts.NetCore),
        new("`NUGET_NETFX_PLUGIN_PATHS` names a missing file", null, m => m.Variables["NUGET_NETFX_PLUGIN_PATHS"] = "/opt/gone/Other.exe"),
        new("NuGet remembers that the plugin has no credentials", "plugin", m => m.WriteClaims("[]", TimeSpan.FromDays(1))),
        new("NuGet remembers it for too long", null, m => m.WriteClaims("[]", TimeSpan.FromDays(31))),
        new("what NuGet remembers is damaged", "plugin", m => m.WriteClaims("[1", TimeSpan.FromDays(1))),
        new("what NuGet remembers is empty", "plugin", m => m.WriteClaims("", TimeSpan.FromDays(1))),
        new("an older SDK beside this one, which does not search PATH", null, m => WriteExecutable(Path.Combine(m.First, "dotnet"),
            $"#!/bin/sh\n[ \"$1\" != --list-sdks ] || echo '8.0.404 [/usr/share/dotnet/sdk]'\nexec {RootFileSystem.Sdk}/dotnet \"$@\"\n")),
    ];

    private static void Other(string folder, string content) => WriteExecutable(Path.Combine(folder, OtherPlugin.Name), content);

    /// <summary>Gives NuGet less time to wait: enough for a plugin that answers on a busy machine.</summary>
    private static void OtherHangs(PlantedMachine machine, string folder, string method, string action = OtherPlugin.Hangs)
    {
        foreach (var limit in new[] { "HANDSHAKE", "REQUEST" })
            machine.Variables[$"NUGET_PLUGIN_{limit}_TIMEOUT_IN_SECONDS"] = "4";
        Other(folder, OtherPlugin.With((method, action)));
    }
}
