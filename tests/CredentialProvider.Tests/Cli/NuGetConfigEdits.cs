using System.Text;
using System.Xml.Linq;
using CredentialProvider.Cli;
using CredentialProvider.Cli.NuGet;

namespace CredentialProvider.Tests.Cli;

/// <summary>A nuget.config that this program changes: everything else in it stays, its bytes included.</summary>
public sealed class NuGetConfigEdits : IDisposable
{
    private const string Url = "https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json";

    private const string OldUrl = "https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/old/v3/index.json";

    private static readonly Encoding Utf16 = new UnicodeEncoding(bigEndian: false, byteOrderMark: true);

    private readonly TemporaryFolder _folder = new();

    private string File => _folder.Below("nuget.config");

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, string, string> Encodings => new()
    {
        { "utf-8", "<?xml version=\"1.0\" encoding=\"utf-8\"?>", "\n" },
        { "utf-8-bom", "<?xml version=\"1.0\" encoding=\"utf-8\"?>", "\r\n" },
        { "utf-8-bom", "<?xml version=\"1.0\"?>", "\n" },
        { "utf-16", "<?xml version=\"1.0\" encoding=\"utf-16\"?>", "\r\n" },
        { "utf-16", "<?xml version=\"1.0\"?>", "\r\n" },
        { "utf-16", "", "\n" },
        { "utf-16BE", "<?xml version=\"1.0\" encoding=\"utf-16\"?>", "\r\n" },
        { "utf-16BE", "<?xml version='1.0' encoding='utf-16BE'?>", "\n" },
        { "utf-16BE", "", "\n" },
        { "iso-8859-1", "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>", "\n" },
        { "iso-8859-1", "<?xml version='1.0' encoding='ISO-8859-1'?>", "\r\n" },
    };

    [Theory]
    [MemberData(nameof(Encodings))]
    public void Keep_the_encoding_and_the_line_ends(string encoding, string declaration, string end)
    {
        Write(encoding, $"""
            {declaration}
            <configuration>
              <!-- Zugänge für Köln -->
              <packageSources>
                <add key="Köln" value="{OldUrl}" />
                <add key="contoso" value="{OldUrl}" />
              </packageSources>
              <packageSourceCredentials>
                <contoso>
                  <add key="Username" value="jürgen" />
                  <add key="ClearTextPassword" value="x" />
                </contoso>
              </packageSourceCredentials>
            </configuration>

            """.ReplaceLineEndings("\n").TrimStart('\n').Replace("\n", end, StringComparison.Ordinal));

        Assert.True(new NuGetConfigFile(File).Add("contoso", Url, ["Contoso.*"], ["Köln"]));
        AssertKept();
        Assert.True(new NuGetConfigFile(File).RemoveCredentials("contoso"));
        AssertKept();
        Assert.True(new NuGetConfigFile(File).Remove("contoso"));
        AssertKept();

        void AssertKept()
        {
            var text = Decode(encoding, System.IO.File.ReadAllBytes(File));
            Assert.Contains($"  <!-- Zugänge für Köln -->{end}", text, StringComparison.Ordinal);
            Assert.Contains($"    <add key=\"Köln\" value=\"{OldUrl}\" />{end}", text, StringComparison.Ordinal);
            Assert.DoesNotContain('\uFFFD', text);
            Assert.EndsWith($"</configuration>{end}", text, StringComparison.Ordinal);
            Assert.Equal(text, text.ReplaceLineEndings(end));
            Assert.Equal(["Köln"], XDocument.Load(File).Descendants("packageSources").Elements()
                .Select(source => (string)source.Attribute("key")!).Where(key => key != "contoso"));
        }
    }

    /// <summary>.NET does not know the encoding, so NuGet cannot read the file, and nothing may change it.</summary>
    [Theory]
    [InlineData("windows-1252")]
    [InlineData("shift_jis")]
    [InlineData("no-such-encoding")]
    public void Are_refused_in_an_encoding_that_NuGet_does_not_know(string declared)
    {
        Write("iso-8859-1", $"""
            <?xml version="1.0" encoding="{declared}"?>
            <configuration><!-- Köln --><packageSources><add key="contoso" value="{OldUrl}" /></packageSources></configuration>
            """);
        var before = System.IO.File.ReadAllBytes(File);

        Assert.Throws<CommandFailedException>(() => new NuGetConfigFile(File).Add("contoso", Url, [], []));
        Assert.Throws<CommandFailedException>(() => new NuGetConfigFile(File).Remove("contoso"));
        Assert.Throws<CommandFailedException>(() => new NuGetConfigFile(File).RemoveCredentials("contoso"));

        Assert.Equal(before, System.IO.File.ReadAllBytes(File));
        Assert.Single(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Keep_the_end_of_each_line_where_they_differ()
    {
        Write("utf-8", "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<configuration>\r\n  <packageSources>\n    <clear />\r\n"
            + $"    <add key=\"a\" value=\"{OldUrl}\" />\r\n    <!-- b -->\n  </packageSources>\r\n  <!-- c -->\n</configuration>\r\n");

        new NuGetConfigFile(File).Add("new", Url, [], []);

        Assert.Equal("<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<configuration>\r\n  <packageSources>\n    <clear />\r\n"
            + $"    <add key=\"a\" value=\"{OldUrl}\" />\r\n    <!-- b -->\n    <add key=\"new\" value=\"{Url}\" protocolVersion=\"3\" />\r\n"
            + "  </packageSources>\r\n  <!-- c -->\n</configuration>\r\n", System.IO.File.ReadAllText(File));
    }

    [Fact]
    public void Add_patterns_to_those_that_the_source_has()
    {
        WriteMapped();

        Assert.True(new NuGetConfigFile(File).Add("contoso", Url, ["New.*", "OLD.*"], []));
        Assert.False(new NuGetConfigFile(File).Add("contoso", Url, ["old.*", "new.*"], []));

        Assert.Equal([("Contoso", "Old.*,Other.*,New.*"), ("other", "*")], Mapping());
    }

    [Theory]
    [InlineData("contoso")]
    [InlineData("Contoso")]
    public void Remove_a_source_of_any_case_with_its_mapping_and_credentials(string name)
    {
        WriteMapped();

        Assert.True(new NuGetConfigFile(File).Remove(name));

        Assert.Equal([("other", "*")], Mapping());
        Assert.DoesNotContain("contoso", System.IO.File.ReadAllText(File), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Change_nothing_but_the_URL_of_a_source()
    {
        Write("utf-8", $"""
            <configuration>
              <packageSources>
                <add key="Contoso" value="{OldUrl}" protocolVersion="3" allowInsecureConnections="true" disableTLSCertificateValidation="true" owner="team" />
                <add key="other" value="{OldUrl}" />
              </packageSources>
            </configuration>
            """);
        var expected = System.IO.File.ReadAllText(File).Replace($"\"Contoso\" value=\"{OldUrl}\"", $"\"Contoso\" value=\"{Url}\"", StringComparison.Ordinal);

        Assert.True(new NuGetConfigFile(File).Add("contoso", Url, [], []));

        Assert.EndsWith(expected, System.IO.File.ReadAllText(File), StringComparison.Ordinal);
        Assert.Equal(Url, new NuGetConfigFile(File).FindUrl("contoso"));
    }

    private void WriteMapped() => Write("utf-8", $"""
        <configuration>
          <packageSources>
            <add key="Contoso" value="{Url}" />
            <add key="other" value="https://other.example.test/v3/index.json" />
          </packageSources>
          <packageSourceCredentials>
            <Contoso>
              <add key="Username" value="aws" />
              <add key="ClearTextPassword" value="x" />
            </Contoso>
          </packageSourceCredentials>
          <packageSourceMapping>
            <packageSource key="Contoso">
              <package pattern="Old.*" />
              <package pattern="Other.*" />
            </packageSource>
            <packageSource key="other">
              <package pattern="*" />
            </packageSource>
          </packageSourceMapping>
        </configuration>
        """);

    private IEnumerable<(string Key, string Patterns)> Mapping() => XDocument.Load(File).Descendants("packageSource").Select(source =>
        ((string)source.Attribute("key")!, string.Join(',', source.Elements("package").Select(package => (string)package.Attribute("pattern")!)))).Order();

    private void Write(string encoding, string text) =>
        System.IO.File.WriteAllBytes(File, [.. MarkOf(encoding), .. EncodingOf(encoding).GetBytes(text)]);

    private static string Decode(string encoding, byte[] bytes)
    {
        var mark = MarkOf(encoding);
        Assert.Equal(mark, bytes[..mark.Length]);
        var text = EncodingOf(encoding).GetString(bytes, mark.Length, bytes.Length - mark.Length);
        Assert.NotEqual('\uFEFF', text[0]);
        return text;
    }

    private static byte[] MarkOf(string encoding) => encoding switch
    {
        "utf-8-bom" => [0xEF, 0xBB, 0xBF],
        "utf-16" => [0xFF, 0xFE],
        "utf-16BE" => [0xFE, 0xFF],
        _ => [],
    };

    private static Encoding EncodingOf(string encoding) =>
        encoding == "utf-16" ? Utf16 : Encoding.GetEncoding(encoding == "utf-8-bom" ? "utf-8" : encoding);
}
