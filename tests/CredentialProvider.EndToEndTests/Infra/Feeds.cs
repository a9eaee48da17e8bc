using System.Security;
using System.Xml.Linq;

namespace CredentialProvider.EndToEndTests.Infra;

/// <summary>Feeds of LocalAws, and the projects, nuget.config files and plugin installations of a sandbox.</summary>
public static class Feeds
{
    public const string App = "https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json";

    /// <summary>Another repository of the same domain.</summary>
    public const string Shared = "https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/shared/v3/index.json";

    /// <summary>Writes a nuget.config with only these sources.</summary>
    public static void WriteConfig(this Sandbox sandbox, string folder, params (string Name, string Url)[] sources) => sandbox.Write(
        Path.Combine(folder, "nuget.config"), $"""
        <configuration>
          <packageSources>
            <clear />
            {string.Concat(sources.Select(source => $"""<add key="{source.Name}" value="{SecurityElement.Escape(source.Url)}" />"""))}
          </packageSources>
        </configuration>
        """);

    /// <summary>Writes a nuget.config with only this source, whose name may have any character.</summary>
    public static void WriteSource(this Sandbox sandbox, string folder, string name, string url) => sandbox.Write(Path.Combine(folder, "nuget.config"),
        new XElement("configuration", new XElement("packageSources", new XElement("clear"),
            new XElement("add", new XAttribute("key", name), new XAttribute("value", url)))).ToString());

    /// <summary>Writes a project that references these packages, each given as <c>id/version</c>, and returns its folder.</summary>
    public static string WriteProject(this Sandbox sandbox, string name, params string[] packages)
    {
        var references = packages.Select(package => package.Split('/')).Select(parts =>
            $"""<PackageReference Include="{parts[0]}" Version="{parts[1]}" />""");
        return Path.GetDirectoryName(sandbox.Write(Path.Combine(name, Path.GetFileName(name) + ".csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
              <ItemGroup>{string.Concat(references)}</ItemGroup>
            </Project>
            """))!;
    }

    /// <summary>
    /// Writes a project with one source and one package, which depends on a package of an upstream repository and on one of nuget.org, and
    /// returns its folder.
    /// </summary>
    public static string WriteSimpleProject(this Sandbox sandbox)
    {
        var folder = sandbox.WriteProject("client", "Contoso.App.Client/1.0.0");
        sandbox.WriteConfig("client", ("app", App));
        return folder;
    }

    /// <summary>Writes a nuget.config with a declaration and comments, as a user would.</summary>
    public static void WriteSimpleConfig(this Sandbox sandbox) => sandbox.Write("client/nuget.config", $"""
        <?xml version="1.0" encoding="utf-8"?>
        <configuration>
          <!-- Where packages come from. -->
          <packageSources>
            <clear />
            <add key="contoso" value="{App}" />  <!-- all of them -->
          </packageSources>
        </configuration>

        """);

    public static void PutNativeOnPath(this Sandbox sandbox)
    {
        Artifacts.RequireNative();
        sandbox.Variables["PATH"] = $"{Artifacts.NativeFolder}:{sandbox.Variables["PATH"]}";
    }

    /// <summary>Puts a shell script on PATH that runs this command as the plugin, and returns its path.</summary>
    public static string PutOnPath(this Sandbox sandbox, string command)
    {
        var program = sandbox.Write("bin/nuget-plugin-codeartifact", $"#!/bin/sh\nexec {command} \"$@\"\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        sandbox.Variables["PATH"] = $"{Path.GetDirectoryName(program)}:{sandbox.Variables["PATH"]}";
        return program;
    }

    /// <summary>
    /// Lets a request to instance metadata take a minute, so that a test that counts requests sees no second attempt on a busy machine.
    /// </summary>
    public static void AllowSlowMetadata(this Sandbox sandbox) => sandbox.Variables["AWS_METADATA_SERVICE_TIMEOUT"] = "60";

    /// <summary>Switches to an empty package folder, as on a fresh build agent.</summary>
    public static void ForgetPackages(this Sandbox sandbox) => sandbox.Variables["NUGET_PACKAGES"] = sandbox.Folder("other-packages");

    public static bool HasPackage(this Sandbox sandbox, string id) =>
        Directory.Exists(Path.Combine(sandbox.Variables["NUGET_PACKAGES"], id.ToLowerInvariant()));
}
