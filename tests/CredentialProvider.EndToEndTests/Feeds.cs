using System.Security;

namespace CredentialProvider.EndToEndTests;

/// <summary>URLs of LocalAws's repositories, and the projects and nuget.config files that name them.</summary>
public static class Feeds
{
    public const string App = "https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json";

    /// <summary>A nuget.config with these sources and no others.</summary>
    public static void WriteConfig(this Sandbox sandbox, string folder, params (string Name, string Url)[] sources) => sandbox.Write(
        Path.Combine(folder, "nuget.config"), $"""
        <configuration>
          <packageSources>
            <clear />
            {string.Concat(sources.Select(source => $"""<add key="{source.Name}" value="{SecurityElement.Escape(source.Url)}" />"""))}
          </packageSources>
        </configuration>
        """);

    /// <summary>A project that refers to these packages, each as <c>id/version</c>; returns its folder.</summary>
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

    /// <summary>The commonest case: one project, one source, a package with one from an upstream and one from outside behind it.</summary>
    public static string WriteSimpleProject(this Sandbox sandbox)
    {
        var folder = sandbox.WriteProject("client", "Contoso.App.Client/1.0.0");
        sandbox.WriteConfig("client", ("app", App));
        return folder;
    }

    /// <summary>A nuget.config as a person writes it.</summary>
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
        Artifacts.Require(Artifacts.Native, "the native program");
        sandbox.Variables["PATH"] = $"{Artifacts.NativeFolder}:{sandbox.Variables["PATH"]}";
    }

    /// <summary>A plugin on PATH that is started by this line of sh; returns its path.</summary>
    public static string PutOnPath(this Sandbox sandbox, string command)
    {
        var program = sandbox.Write("bin/nuget-plugin-codeartifact", $"#!/bin/sh\nexec {command} \"$@\"\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        sandbox.Variables["PATH"] = $"{Path.GetDirectoryName(program)}:{sandbox.Variables["PATH"]}";
        return program;
    }

    /// <summary>As on the next build agent: everything has to be downloaded again.</summary>
    public static void ForgetPackages(this Sandbox sandbox) => sandbox.Variables["NUGET_PACKAGES"] = sandbox.Folder("other-packages");

    public static bool HasPackage(this Sandbox sandbox, string id) =>
        Directory.Exists(Path.Combine(sandbox.Variables["NUGET_PACKAGES"], id.ToLowerInvariant()));
}
