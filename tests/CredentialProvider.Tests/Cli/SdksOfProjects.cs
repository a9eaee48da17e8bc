using CredentialProvider.Cli.Doctor;
using CredentialProvider.Tests.Infra;

namespace CredentialProvider.Tests.Cli;

/// <summary>Which project SDKs NuGet has to download, from the files in a folder.</summary>
public sealed class SdksOfProjects
{
    [Theory]
    [InlineData("app.csproj", """<Project Sdk="Contoso.Sdk/1.2.0" />""")]
    [InlineData("app.fsproj", """<Project Sdk="Microsoft.NET.Sdk; Contoso.Sdk/1.2.0" />""")]
    [InlineData("Directory.Build.props", """<Project><Sdk Name="Contoso.Sdk" Version="1.2.0" /></Project>""")]
    [InlineData("Directory.Build.targets", """<Project><Import Project="Sdk.targets" Sdk="Contoso.Sdk" Version="1.2.0" /></Project>""")]
    [InlineData("dirs.proj", """<Project xmlns="http://schemas.microsoft.com/developer/msbuild/2003"><Import Project="Sdk.props" Sdk="Contoso.Sdk/1.2.0" /></Project>""")]
    [InlineData("global.json", """{ "msbuild-sdks": { /* ours */ "Contoso.Sdk": "1.2.0", } }""")]
    [InlineData("global.json", "\uFEFF{ \"msbuild-sdks\": { \"Contoso.Sdk\": \"1.2.0\" } }")]
    public void With_a_version_are_found(string file, string content)
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, file);
        File.WriteAllText(path, content);

        Assert.Equal((path, "Contoso.Sdk/1.2.0"), new ProjectSdks(folder.Path).Find());
    }

    /// <summary>A cloned repository may have links to devices.</summary>
    [Theory]
    [InlineData("global.json")]
    [InlineData("app.csproj")]
    public void Are_not_looked_for_in_a_file_without_an_end(string file)
    {
        TemporaryFolder.RequireUnix();
        using var folder = new TemporaryFolder();
        File.CreateSymbolicLink(Path.Combine(folder.Path, file), "/dev/zero");

        Assert.Null(new ProjectSdks(folder.Path).Find());
    }

    [Fact]
    public void In_the_global_json_of_a_parent_folder_are_found()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "global.json");
        File.WriteAllText(path, """{ "msbuild-sdks": { "Contoso.Sdk": "1.2.0" } }""");

        Assert.Equal((path, "Contoso.Sdk/1.2.0"), new ProjectSdks(Directory.CreateDirectory(Path.Combine(folder.Path, "src")).FullName).Find());
    }

    [Theory]
    [InlineData("Directory.Build.props", """<Project><Sdk Name="CredentialProvider.CodeArtifact.MSBuild" Version="0.1.0" /></Project>""")]
    [InlineData("src/app.csproj", """<Project Sdk="Microsoft.NET.Sdk;CredentialProvider.CodeArtifact.MSBuild/0.1.0" />""")]
    [InlineData("Directory.Packages.props", """<Project><ItemGroup><GlobalPackageReference Include="CredentialProvider.CodeArtifact.MSBuild" /></ItemGroup></Project>""")]
    [InlineData("Directory.Build.targets", """<Project><Import Project="$(MSBuildThisFileDirectory)unpacked/Sdk/Sdk.targets" /></Project>""")]
    public void The_MSBuild_package_is_found_in_the_folder_and_above(string file, string content)
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, file);
        var projects = new ProjectSdks(Directory.CreateDirectory(Path.Combine(folder.Path, "src")).FullName);
        Directory.CreateDirectory(Path.Combine(folder.Path, "unpacked", "Sdk"));
        Directory.CreateDirectory(Path.Combine(folder.Path, "unpacked", "tasks", "netstandard2.0"));
        File.WriteAllText(Path.Combine(folder.Path, "unpacked", "tasks", "netstandard2.0", "CredentialProvider.MSBuild.dll"), "");
        File.WriteAllText(Path.Combine(folder.Path, "Directory.Build.props"), "<Project");
        Assert.Null(projects.FindPackage());
        File.WriteAllText(path, content);

        Assert.Equal(path, projects.FindPackage());
    }

    [Theory]
    [InlineData("app.csproj", """<Project><ItemGroup><CodeArtifactSource Include="contoso/app" /></ItemGroup></Project>""")]
    [InlineData("Directory.Build.props", """<Project><PropertyGroup><RestoreAdditionalProjectSources>x</RestoreAdditionalProjectSources></PropertyGroup></Project>""")]
    public void Sources_in_projects_are_found(string file, string content)
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, file);
        Assert.Null(new ProjectSdks(folder.Path).FindSources());
        File.WriteAllText(path, content);

        Assert.Equal(path, new ProjectSdks(folder.Path).FindSources());
    }

    [Theory]
    [InlineData("app.csproj", """<Project Sdk="Microsoft.NET.Sdk" />""")]
    [InlineData("Directory.Build.props", """<Project><Sdk Name="CredentialProvider.CodeArtifact.MSBuild" Version="0.1.0" /></Project>""")]
    [InlineData("Directory.Build.props", """<Project><Import Project="other/Sdk.props" /></Project>""")]
    [InlineData("global.json", """{ "sdk": { "version": "10.0.100" } }""")]
    [InlineData("global.json", "[1")]
    [InlineData("app.csproj", "<Project")]
    public void Without_a_version_or_in_broken_files_are_not(string file, string content)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(Path.Combine(folder.Path, file), content);

        Assert.Null(new ProjectSdks(folder.Path).Find());
    }
}
