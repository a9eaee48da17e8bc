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
