using CredentialProvider.Cli.Doctor;

namespace CredentialProvider.Tests.Cli;

/// <summary>
/// What systemd passes to a service. The words are those that systemctl 252 printed for a unit with such settings; files with variables follow
/// systemd.exec(5), EnvironmentFile=.
/// </summary>
public sealed class SystemdUnits
{
    [Fact]
    public void Print_words_in_quotes_with_backslashes() => Assert.Equal(
        ["A=1", "B=x y", "C=$HOME", "D=quote\"d", "E=it is", @"G=back\slash", "H=tick`s", "DROPIN=1"],
        ServiceUnit.ParseWords("""A=1 "B=x y" "C=\$HOME" "D=quote\"d" "E=it is" "G=back\\slash" "H=tick\`s" DROPIN=1"""));

    [Theory]
    [InlineData("", new string[0])]
    [InlineData("LANG=C.UTF-8", new[] { "LANG=C.UTF-8" })]
    [InlineData(@"NAME=$'a b\n\'c'", new[] { "NAME=a b\n'c" })]
    [InlineData("NAME=", new[] { "NAME=" })]
    public void Print_the_environment_of_all_services_for_a_shell(string line, string[] words) => Assert.Equal(words, ServiceUnit.ParseWords(line));

    [Theory]
    [InlineData("A=1\nB=2", "A=1|B=2")]
    [InlineData("# comment\n; comment\n\n  A=1", "A=1")]
    [InlineData("# goes on \\\nA=1\nB=2", "B=2")]
    [InlineData("A = 1  \n", "A=1")]
    [InlineData("A=one two  ", "A=one two")]
    [InlineData("A='one # \\two' ", "A=one # \\two")]
    [InlineData("A=\"one \\\"two\\\" \\$x \\n\"", "A=one \"two\" $x \\n")]
    [InlineData("A=\"one\ntwo\"\nB=2", "A=one\ntwo|B=2")]
    [InlineData("A=one\\\ntwo", "A=onetwo")]
    [InlineData("A=it's", "A=it's")]
    [InlineData("A=$HOME/x", "A=$HOME/x")]
    [InlineData("A=", "A=")]
    [InlineData("no assignment\nA=1", "A=1")]
    [InlineData("A=1\r\nB=2\r\n", "A=1|B=2")]
    [InlineData("A=\"never closed", "A=never closed")]
    [InlineData("x/d;1e id #=1\n1A=1\nA.B=1\n_A1=1", "_A1=1")]
    public void Read_files_with_variables(string text, string variables) =>
        Assert.Equal(variables, string.Join('|', EnvironmentFile.Read(text).Select(variable => $"{variable.Name}={variable.Value}")));
}
