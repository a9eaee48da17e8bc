using CredentialProvider.Cli.Doctor;
using CredentialProvider.Platform;

namespace CredentialProvider.Tests.Cli;

/// <summary>What <c>doctor</c> tells root to run for another user. It comes from a process of that user, who may have changed it.</summary>
public sealed class FixesOfOtherUsers : IDisposable
{
    private const string AsBob = "sudo -H -u bob ";

    private static readonly UserEntry Bob = new("bob", "4242", "/home/bob");

    private readonly TemporaryFolder _temporary = new();

    public FixesOfOtherUsers() => Assert.SkipUnless(OperatingSystem.IsLinux(), "only on Linux can doctor check as another user");

    public void Dispose() => _temporary.Dispose();

    [Theory]
    [InlineData("dotnet nuget enable source 'My Source'", AsBob + "dotnet nuget enable source 'My Source'")]
    [InlineData("dotnet nuget update source --source https://h.example.test/v3/index.json contoso", AsBob + "dotnet nuget update source --source https://h.example.test/v3/index.json contoso")]
    [InlineData("aws configure --profile biuld", AsBob + "aws configure --profile biuld")]
    [InlineData("aws sso login --profile 'a b'", AsBob + "aws sso login --profile 'a b'")]
    [InlineData("aws codeartifact list-domains --region us-east-1", AsBob + "aws codeartifact list-domains --region us-east-1")]
    [InlineData("chmod 700 /home/bob/.cache/codeartifact-credentials", AsBob + "chmod 700 /home/bob/.cache/codeartifact-credentials")]
    [InlineData("chmod 755 /home/bob/bin/nuget-plugin-codeartifact", "sudo chmod 755 /home/bob/bin/nuget-plugin-codeartifact")]
    [InlineData("rm /usr/bin/nuget-plugin-other", "sudo rm /usr/bin/nuget-plugin-other")]
    [InlineData("rm -r \"$(printf '/tmp/it\\047s')\"", AsBob + "rm -r \"$(printf '/tmp/it\\047s')\"")]
    [InlineData("unset NUGET_PLUGIN_PATHS", "unset NUGET_PLUGIN_PATHS")]
    [InlineData("timedatectl set-ntp true", "timedatectl set-ntp true")]
    public void Are_commands_of_a_known_form(string command, string adapted)
    {
        var finding = Adapt(command);

        Assert.Equal(adapted, finding.Command);
        Assert.Equal($"according to user bob, correct it: {adapted}", finding.Fix);
    }

    [Fact]
    public void Run_this_program_as_the_user() => Assert.Equal(
        $"{AsBob}{FixesForOthers.Program} login --profile build", Adapt("nuget-plugin-codeartifact login --profile build").Command);

    /// <summary>Files that root alone can replace, but that are not the plugin's.</summary>
    [Theory]
    [InlineData("rm /etc/passwd")]
    [InlineData("rm -r /etc")]
    [InlineData("rm -r /usr/bin/nuget-plugin-other")]
    [InlineData("chmod 755 /etc/shadow")]
    [InlineData("chmod 700 /etc")]
    [InlineData("chmod go-w /dev/null")]
    public void Change_files_of_the_system_as_the_user_only(string command) => Assert.Equal(AsBob + command, Adapt(command).Command);

    [Fact]
    public void Close_no_folder_that_every_user_needs()
    {
        File.SetUnixFileMode(_temporary.Path, (UnixFileMode)0x3FF); // 1777, as /tmp

        Assert.Equal($"{AsBob}chmod go-w {_temporary.Path}", Adapt($"chmod go-w {_temporary.Path}").Command);
    }

    [Theory]
    [InlineData("unset x/d;1e id #")]
    [InlineData("unset x y")]
    [InlineData("unset 1x")]
    [InlineData("dotnet nuget enable source x; id")]
    [InlineData("dotnet nuget enable source x\nid")]
    [InlineData("dotnet nuget enable source $(id)")]
    [InlineData("dotnet nuget enable source `id`")]
    [InlineData("dotnet nuget enable source \"$(id)\"")]
    [InlineData("dotnet nuget enable source \"$(printf 'x'; id)\"")]
    [InlineData("dotnet nuget enable source \"$(printf 'x')\"; id #\"$(printf 'x')\"")]
    [InlineData("dotnet nuget enable source 'x")]
    [InlineData("dotnet nuget enable source 'x\\'; id #'")] // fish
    [InlineData("dotnet nuget enable source 'x\u2019; id #'")] // PowerShell
    [InlineData("dotnet nuget enable source x > /etc/passwd")]
    [InlineData("dotnet nuget enable source =ls")] // zsh
    [InlineData("dotnet nuget enable source ~root/*")]
    [InlineData("dotnet nuget enable source \\; id")]
    [InlineData("dotnet build")]
    [InlineData("aws iam attach-user-policy --user-name bob --policy-arn arn:aws:iam::aws:policy/AdministratorAccess")]
    [InlineData("aws codeartifact put-domain-permissions-policy --domain contoso")]
    [InlineData("chmod 4755 /home/bob/bash")]
    [InlineData("chmod -R 755 /")]
    [InlineData("chmod 755 --reference=x")]
    [InlineData("chown 4242 /etc/shadow")]
    [InlineData("rm -r -f")]
    [InlineData("rm a b")]
    [InlineData("sudo rm -r /etc")]
    [InlineData("sudo id")]
    [InlineData("nuget-plugin-codeartifact doctor; id")]
    [InlineData("nuget-plugin-codeartifact-of-bob login")]
    [InlineData("curl https://h.example.test")]
    [InlineData("")]
    public void Have_no_other_command(string command)
    {
        var finding = Adapt(command);

        Assert.Null(finding.Command);
        Assert.Equal($"according to user bob, correct it: {command}", finding.Fix);
    }

    [Fact]
    public void Are_the_words_of_that_user_without_a_command() =>
        Assert.Equal("according to user bob, run sudo id", Fixes().Adapt(Finding.Fail(Checks.Cache, "text", "run sudo id")).Fix);

    [Theory]
    [InlineData("unset x/d;1e id #", null)]
    [InlineData("unset A.B", null)]
    [InlineData("unset NUGET_PLUGIN_PATHS", "sed -i '/^ *NUGET_PLUGIN_PATHS *=/d' ")]
    public void Change_the_file_of_a_service_for_identifiers_only(string command, string? start)
    {
        var file = _temporary.Below("agent.env");
        File.WriteAllText(file, "x/d;1e id #=1\nA.B=1\nNUGET_PLUGIN_PATHS=/x\n");
        var unit = ServiceUnit.Parse("agent.service", "LoadState=loaded");
        unit.ReadFiles($"{file} (ignore_errors=no)", []);

        var adapted = Fixes(unit).Adapt(Finding.FailWithCommand(Checks.Plugin, "text", "unset it", command)).Command;

        Assert.Equal(start is null ? null : $"{start}{file}", adapted?.Replace("sudo -H -u bob ", "", StringComparison.Ordinal).Replace("sudo ", "", StringComparison.Ordinal));
    }

    /// <summary>The user could put a link to another file in its place, whose text sed would give to the user.</summary>
    [Fact]
    public void Change_a_file_that_the_user_can_replace_as_the_user()
    {
        var file = _temporary.Below("agent.env");
        File.WriteAllText(file, "NUGET_PLUGIN_PATHS=/x\n");
        File.CreateSymbolicLink(_temporary.Below("link"), file);
        var unit = ServiceUnit.Parse("agent.service", "LoadState=loaded");
        unit.ReadFiles($"{_temporary.Below("link")} (ignore_errors=no)", []);

        var adapted = Fixes(unit).Adapt(Finding.FailWithCommand(Checks.Plugin, "text", "unset it", "unset NUGET_PLUGIN_PATHS"));

        Assert.StartsWith($"{AsBob}sed -i ", adapted.Command, StringComparison.Ordinal);
    }

    /// <summary>What this program writes itself is one command.</summary>
    [Theory]
    [InlineData("plain/word-1.0")]
    [InlineData("two words")]
    [InlineData("$(id) `id` ; & | < > # ~ * ? !")]
    [InlineData("it's")]
    [InlineData("back\\slash")]
    [InlineData("line\nend")]
    [InlineData("\u2019\u001b\ud83d\ude00")]
    [InlineData("=x")]
    [InlineData("")]
    public void Accept_every_word_in_its_quotes(string word) => Assert.True(ShellText.IsOneCommand($"rm {ShellText.QuoteForPosix(word)}"));

    private static FixesForOthers Fixes(ServiceUnit? service = null) => new(Bob, new Dictionary<string, string?>(), service);

    private static Finding Adapt(string command) => Fixes().Adapt(Finding.FailWithCommand(Checks.Plugin, "text", "correct it", command));
}
