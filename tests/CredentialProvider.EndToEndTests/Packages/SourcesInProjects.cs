using System.Text.RegularExpressions;
using LocalAws;

namespace CredentialProvider.EndToEndTests.Packages;

/// <summary><c>CodeArtifactSource</c> items: sources in projects, without a nuget.config.</summary>
[Trait("Category", "Slow")]
public sealed class SourcesInProjects
{
    [Theory]
    [InlineData("", false)]
    [InlineData("-p:RestoreUseStaticGraphEvaluation=true", false)]
    [InlineData("", true)]
    public async Task Sources_can_be_items_in_the_project(string option, bool isMultiTargeted)
    {
        await using var sandbox = await ClonedRepository.StartAsync();
        sandbox.WriteSources();
        var project = ProgramWith("""<CodeArtifactSource Include="contoso/app" Owner="111122223333" Region="us-east-1" />""");
        if (isMultiTargeted)
            project = project.Replace("TargetFramework>", "TargetFrameworks>", StringComparison.Ordinal);
        sandbox.Write("client/client.csproj", project);

        (await sandbox.DotnetRestoreAsync("client", option.Length == 0 ? [] : [option])).Succeeded();

        Assert.True(sandbox.HasPackage("Example.Json"));
    }

    [Fact]
    public async Task Environment_variables_can_set_owner_and_region_of_sources()
    {
        await using var sandbox = await ClonedRepository.StartAsync();
        sandbox.WriteSources();
        sandbox.Variables["CodeArtifactOwner"] = World.Account;
        sandbox.Variables["AWS_REGION"] = "us-east-1";
        sandbox.Write("client/client.csproj", ProgramWith("""<CodeArtifactSource Include="contoso/app" DualStack="true" />"""));

        (await sandbox.DotnetRestoreAsync("client")).Succeeded();

        Assert.Contains(sandbox.Aws.Audit.Entries, entry => entry.Host == "contoso-111122223333.codeartifact.us-east-1.on.aws");
    }

    [Theory]
    [InlineData("""Include="contoso" Owner="111122223333" Region="us-east-1" """, "expected DOMAIN/REPOSITORY")]
    [InlineData("""Include="contoso/app" Region="us-east-1" """, "Owner is missing; set it on the item or in the property CodeArtifactOwner")]
    [InlineData("""Include="contoso/app" Owner="1234" Region="us-east-1" """, "Owner is '1234'; expected an account id (12 digits)")]
    [InlineData("""Include="contoso/app" Owner="111122223333" """, "Region is missing; set it on the item, in the property CodeArtifactRegion or in AWS_REGION")]
    [InlineData("""Include="contoso/app" Owner="111122223333" Region="here" """, "Region is 'here'; expected a region such as us-east-1")]
    public async Task An_invalid_source_is_an_error_in_the_file_that_defines_it(string attributes, string why)
    {
        await using var sandbox = await ClonedRepository.StartAsync();
        sandbox.Write("client/client.csproj", ProgramWith($"<CodeArtifactSource {attributes}/>"));

        var outcome = (await sandbox.DotnetRestoreAsync("client")).Failed();

        Assert.Matches($@"client/client\.csproj : error CACP1012: CodeArtifactSource 'contoso(/app)?': {Regex.Escape(why)}", outcome.Output);
    }

    private static string ProgramWith(string items) => ClonedRepository.Program.Replace("<ItemGroup>", $"<ItemGroup>{items}", StringComparison.Ordinal);
}
