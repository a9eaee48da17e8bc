using System.Globalization;
using System.Runtime.InteropServices;
using CredentialProvider.Errors;
using CsCheck;

namespace CredentialProvider.Tests.Errors;

/// <summary>The filter that every printed text passes.</summary>
public sealed class PrintableTexts
{
    private const string Secret = "hunter2HUNTER";

    /// <summary>ASCII that may be in a password, escaped or not; no space, which ends a URL.</summary>
    private static readonly Gen<string> Password =
        Gen.Select(Gen.Char["!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~aZ09"].Array[0, 6], Gen.Char["!#$%&'*+-./:;=?@_~aZ"].Array[0, 6],
            (before, after) => new string(before) + Secret + new string(after));

    /// <summary>What text is made of here: words, separators, and everything that may hide a secret or a command to the terminal.</summary>
    private static readonly Gen<string> Text = Gen.OneOf(Gen.String, Generators.OneOf(
        " ", "\n", "\r\n", "\t", "\u001b[31m", "\u009b", "\u202e", "\u2028", "\u2066", "\ud800", "\udc00", "\ud83d\ude00", "\ufeff",
        "http://", "https://", "://", "user:", ":", "@", "/", "?", "&", "#", "=", "\"", "'", "\\", "[", "]", "token=", "X-Amz-Signature=",
        "##", "vso[", "::", "\"SessionToken\": \"", "Authorization: ", "Basic ", "Bearer ", "eyJhbGciOiJIUzI1NiJ9", "FwoGZXIvYXdzEXAMPLE", "arn:aws:iam::", "***",
        " ...", "8080", "Contoso.App", "codeartifact.us-east-1.amazonaws.com")).Array[0, 40].Select(string.Concat);

    /// <summary>Characters as the Unicode Character Database classifies them (Cc, Cf, Zl, Zp), and the bidirectional controls of UAX #9.</summary>
    [Theory]
    [InlineData("a\u001b[2Jb", @"a\u001B[2Jb")]
    [InlineData("\u0000\u0007\u007f\u0080\u009b", @"\u0000\u0007\u007F\u0080\u009B")]
    [InlineData("one\r\ntwo\tthree", @"one\u000D\u000Atwo\u0009three")]
    [InlineData("\u2028\u2029\u0085", @"\u2028\u2029\u0085")]
    [InlineData("\u061c\u200e\u200f", @"\u061C\u200E\u200F")]
    [InlineData("\u202a\u202b\u202c\u202d\u202e", @"\u202A\u202B\u202C\u202D\u202E")]
    [InlineData("\u2066\u2067\u2068\u2069\ufeff", @"\u2066\u2067\u2068\u2069\uFEFF")]
    [InlineData("\udb40\udc01", @"\uDB40\uDC01")] // U+E0001, an invisible language tag
    [InlineData("Grüße 你好 😀 \\u001B", "Grüße 你好 😀 \\u001B")]
    public void Control_characters_are_visible(string text, string expected) => Assert.Equal(expected, PrintableText.Of(text));

    [Fact]
    public void Half_of_a_surrogate_pair_is_visible() => Assert.Equal(@"a\uD800b\uDC00", PrintableText.Of("a\ud800b\udc00"));

    /// <summary>Commands to CI systems: Azure Pipelines and GitHub also find them within a line.</summary>
    [Theory]
    [InlineData("##vso[task.setvariable variable=PATH]/tmp/evil", @"#\u0023vso[task.setvariable variable=PATH]/tmp/evil")]
    [InlineData("x ##[error]y ##[command]z", @"x #\u0023[error]y #\u0023[command]z")]
    [InlineData("###vso[task.complete]", @"##\u0023vso[task.complete]")]
    [InlineData("##teamcity[message text='x']", @"#\u0023teamcity[message text='x']")]
    [InlineData("::error::forged", @"\u003A:error::forged")]
    [InlineData("  ::set-env name=PATH::/tmp/evil", @"  \u003A:set-env name=PATH::/tmp/evil")]
    [InlineData("::add-mask::", @"\u003A:add-mask::")]
    [InlineData("::::", @"\u003A:::")]
    [InlineData("## Versions", "## Versions")]
    [InlineData("C## is not C#", "C## is not C#")]
    [InlineData("listening on ::1 and std::string::npos", "listening on ::1 and std::string::npos")]
    [InlineData("::1", "::1")]
    [InlineData("::", "::")]
    [InlineData("##", "##")]
    public void Commands_to_CI_systems_are_visible(string text, string expected)
    {
        Assert.Equal(expected, PrintableText.Of(text));
        Assert.Equal(expected, PrintableText.Of(expected));
    }

    [Theory]
    [InlineData("https://user:p%61ss@nuget.example.test/a@b", "https://***@b")]
    [InlineData("https://user@nuget.example.test/a@b", "https://***@nuget.example.test/a@b")]
    [InlineData("https://user:p@ss@nuget.example.test", "https://***@nuget.example.test")]
    [InlineData("http://bob:p/a?s#s@proxy.example.test:3128/", "http://***@proxy.example.test:3128/")]
    [InlineData("https://nuget.example.test/a@b", "https://nuget.example.test/a@b")]
    [InlineData("bob:secret@proxy.example.test:3128", "***@proxy.example.test:3128")]
    [InlineData("HTTPS_PROXY is 'bob:secret@proxy'", "HTTPS_PROXY is '***@proxy'")]
    [InlineData("http://bob:secret", "http://***")]
    [InlineData("http://bob:12ab cd@proxy", "http://***@proxy")]
    [InlineData("http://bob:a b c@d@proxy:3128/ failed", "http://***@proxy:3128/ failed")]
    [InlineData("bob%3Asecret@gw.corp.example", "***@gw.corp.example")]
    [InlineData("secret@gw.corp.example:3128", "***@gw.corp.example:3128")]
    [InlineData("HTTPS_PROXY is 'secret@gw.corp.example'", "HTTPS_PROXY is '***@gw.corp.example'")]
    [InlineData("secret@proxy", "***@proxy")]
    [InlineData("arn:secret@gw.corp.example", "***@gw.corp.example")]
    [InlineData("arn:aws:secret@gw.corp.example", "***@gw.corp.example")]
    [InlineData("mail alice@example.com", "mail alice@example.com")]
    [InlineData("http://a@b/,http://bob:secret@c/", "http://***@b/,http://***@c/")]
    [InlineData("a@b", "a@b")]
    [InlineData("https://", "https://")]
    [InlineData("http://[fd00:ec2::254]/latest", "http://[fd00:ec2::254]/latest")]
    [InlineData("http://bob:secret@[fd00:ec2::254]:80/", "http://***@[fd00:ec2::254]:80/")]
    [InlineData("https://sts.amazonaws.com: Name or service not known (sts.amazonaws.com:443)",
        "https://sts.amazonaws.com: Name or service not known (sts.amazonaws.com:443)")]
    [InlineData("proxy 'http://bob:secret@127.0.0.1:3128/' failed with status code '407'",
        "proxy 'http://***@127.0.0.1:3128/' failed with status code '407'")]
    [InlineData("User: arn:aws:sts::111122223333:assumed-role/Reader/alice@example.com is not authorized",
        "User: arn:aws:sts::111122223333:assumed-role/Reader/alice@example.com is not authorized")]
    public void User_info_is_removed_from_URLs(string text, string expected) => Assert.Equal(expected, PrintableText.Of(text));

    /// <summary>Forms from AWS's documentation of presigned URLs and of signed requests, with AWS's example values.</summary>
    [Theory]
    [InlineData("https://b.s3.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524&X-Amz-Date=20130524T000000Z&X-Amz-Security-Token=abc%2F&X-Amz-Signature=aeeed9bb",
        "https://b.s3.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=***&X-Amz-Date=20130524T000000Z&X-Amz-Security-Token=***&X-Amz-Signature=***")]
    [InlineData("https://feed.example.test/?token=abc#x", "https://feed.example.test/?token=***#x")]
    [InlineData("Authorization: Basic YXdzOmh1bnRlcjI=", "Authorization: Basic ***")]
    [InlineData("authorization:Bearer abcDEF123456", "authorization:Bearer ***")]
    [InlineData("Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524, SignedHeaders=host, Signature=fe5f80f7",
        "Authorization: ***")]
    [InlineData("'POST\n/v1/authorization-token\nx-amz-security-token:AQoDYXdzEJr...<remainder>\n\nhost'",
        @"'POST\u000A/v1/authorization-token\u000Ax-amz-security-token:***<remainder>\u000A\u000Ahost'")]
    [InlineData("""{"SecretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "Version": 1}""", """{"SecretAccessKey": "***", "Version": 1}""")]
    [InlineData("""{\"SessionToken\":\"abc\"}""", """{\"SessionToken\":\"***\"}""")]
    [InlineData("""{\\\"SessionToken\\\":\\\"abc\\\"}""", """{\\\"SessionToken\\\":\\\"***\\\"}""")]
    [InlineData("""{"Password":"a\"b\\","x":"\"y"}""", """{"Password":"***","x":"\"y"}""")]
    [InlineData("""{\u0022SessionToken\u0022:\u0022abc\u0022}""", """{\u0022SessionToken\u0022:\u0022***\u0022}""")]
    [InlineData("{&quot;SessionToken&quot;:&quot;abc&quot;}", "{&quot;SessionToken&quot;:&quot;***&quot;}")]
    [InlineData("?body=%7B%22SessionToken%22%3A%22abc%22%7D", "?body=%7B%22SessionToken%22%3A%22***%22%7D")]
    [InlineData("?next=https%3A%2F%2Fh.example.test%3FX-Amz-Signature%3Dabc", "?next=https%3A%2F%2Fh.example.test%3FX-Amz-Signature%3D***")]
    [InlineData("""<add key="ClearTextPassword" value="abc" />""", """<add key="ClearTextPassword" value="***" />""")]
    [InlineData("""{"Name":"password","Value":"abc"}""", """{"Name":"password","Value":"***"}""")]
    [InlineData("<SessionToken>abc</SessionToken><ns:Password>d e</ns:Password>", "<SessionToken>***</SessionToken><ns:Password>***</ns:Password>")]
    [InlineData("Authorization: Digest username=\"bob\", realm=\"a b\", response=\"6629fae4\" was refused", "Authorization: Digest *** was refused")]
    [InlineData("Proxy-Authorization: Basic Ym9i; retry", "Proxy-Authorization: Basic ***")]
    [InlineData("curl -H 'Authorization: Token 8f3a b' https://h.example.test", "curl -H 'Authorization: Token *** b' https://h.example.test")]
    [InlineData("Cookie: a=b; c=d failed", "Cookie: *** failed")]
    [InlineData("\"Set-Cookie: sid=abc; Path=/\" was sent", "\"Set-Cookie: ***\" was sent")]
    [InlineData("Cookie: sid=abc\r\nHost: h.example.test", @"Cookie: ***\u000D\u000AHost: h.example.test")]
    [InlineData("client_secret: s3cret, scope: x", "client_secret: ***, scope: x")]
    [InlineData("client_secret=abc&scope=x", "client_secret=***&scope=x")]
    [InlineData("password: hunter2", "password: ***")]
    [InlineData("password = hunter2", "password = ***")]
    [InlineData("token: 8f3a9b2c1d0e", "token: ***")]
    [InlineData("//registry.example.test/:_auth=abc", "//registry.example.test/:_auth=***")]
    [InlineData("tool --password abc --url x", "tool --password *** --url x")]
    [InlineData("tool --api-key 'a b' --url x", "tool --api-key '***' --url x")]
    [InlineData("tool --password=abc", "tool --password=***")]
    [InlineData("docker login -u AWS -p abc host", "docker login -u AWS -p *** host")]
    [InlineData("docker login --username AWS -p abc host", "docker login --username AWS -p *** host")]
    [InlineData("sshpass -p abc ssh host", "sshpass -p *** ssh host")]
    [InlineData("machine h.example.test login aws password 8f3a9b2c1d0e", "machine h.example.test login aws password ***")]
    [InlineData("""{"password"=>"abc", :token => 'd'}""", """{"password"=>"***", :token => '***'}""")]
    [InlineData("""{"Authorization":["Token abc"]}""", """{"Authorization":["***"]}""")]
    [InlineData("map[Authorization:[Basic dTpw] Host:[h]]", "map[Authorization:*** Host:[h]]")]
    [InlineData("curl -u bob:abc https://h.example.test", "curl -u bob:*** https://h.example.test")]
    [InlineData("curl -ubob:abc https://h.example.test", "curl -ubob:*** https://h.example.test")]
    [InlineData("curl -Ubob:abc -U eve:def https://h.example.test", "curl -Ubob:*** -U eve:*** https://h.example.test")]
    [InlineData("mysql -uroot -phunter2 db", "mysql -uroot -p*** db")]
    [InlineData("sshpass -phunter2 ssh h", "sshpass -p*** ssh h")]
    [InlineData("it got ATATT3xFfGF0abcdefghij0123456789 back", "it got *** back")]
    [InlineData("it got sqp_0123456789abcdef0123456789abcdef01234567 back", "it got *** back")]
    [InlineData("it got hvb.AAAAAQJabcdefghij0123456789 back", "it got *** back")]
    [InlineData("it got ghp_16C7e42F292c6912E7710c838347Ae178B4a back", "it got *** back")]
    [InlineData("it got glpat-abcdefghij0123456789 back", "it got *** back")]
    [InlineData("it got gldt-abcdefghij0123456789 back", "it got *** back")]
    [InlineData("it got glcbt-64_abcdefghij0123456789 back", "it got *** back")]
    [InlineData("it got glrt-t1_abcdefghij0123456789 back", "it got *** back")]
    [InlineData("it got glptt-abcdefghij0123456789 back", "it got *** back")]
    [InlineData("it got npm_a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6q7r8 back", "it got *** back")]
    [InlineData("it got pypi-AgEIcHlwaS5vcmcCJDU3 back", "it got *** back")]
    [InlineData("it got hf_AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEfGh back", "it got *** back")]
    [InlineData("it got dckr_pat_AbC-dEf_0123456789abcdefghi back", "it got *** back")]
    [InlineData("it got xoxb-1234567890-abcdefghij back", "it got *** back")]
    [InlineData("X-NuGet-ApiKey is oy2abcdefghijklmnopqrstuvwxyz0123456789abcdefg now", "X-NuGet-ApiKey is *** now")]
    [InlineData("credentials=abc", "credentials=***")]
    [InlineData("passwords: hunter2", "passwords: ***")]
    [InlineData("passwords=12345", "passwords=***")]
    [InlineData("client_secrets: s3cret", "client_secrets: ***")]
    [InlineData("-passin pass:hunter2 -in key", "-passin pass:*** -in key")]
    [InlineData("SSHPASS=hunter2 dbPass=hunter3", "SSHPASS=*** dbPass=***")]
    [InlineData("""{"tokens":["abc"],"x":1}""", """{"tokens":["***"],"x":1}""")]
    [InlineData("""{"tokens":["abc", "def" ,"ghi"],"x":["a","b"]}""", """{"tokens":["***"],"x":["a","b"]}""")]
    [InlineData("""{\"tokens\":[\"abc\",\"def\"],\"x\":1}""", """{\"tokens\":[\"***\"],\"x\":1}""")]
    [InlineData("tool --tokens abc --url x", "tool --tokens *** --url x")]
    [InlineData("AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "AKIAIOSFODNN7EXAMPLE ***")]
    [InlineData("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nfailed", @"-----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY-----\u000Afailed")]
    [InlineData("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "aws_secret_access_key = ***")]
    [InlineData("password=abc;x", "password=***;x")]
    [InlineData("it got eyJ2ZXIiOjEsImlzdSI6MTU5Njk.abc_-123 back", "it got *** back")]
    [InlineData("it got IQoJb3JpZ2luX2VjEXAMPLE+/== back", "it got *** back")]
    public void Secrets_are_removed_by_their_name_or_form(string text, string expected) => Assert.Equal(expected, PrintableText.Of(text));

    [Theory]
    [InlineData("CACP1011: no token for domain contoso (111122223333, us-east-1): the repository refuses the token in CODEARTIFACT_AUTH_TOKEN; set a new one")]
    [InlineData("cannot renew the token: AccessDeniedException")]
    [InlineData("it exited with code 1: Basic authentication is not configured")]
    [InlineData("sign in at https://device.sso.us-east-1.amazonaws.com/?user_code=ABCD-EFGH with the code ABCD-EFGH")]
    [InlineData("https://oidc.us-east-1.amazonaws.com/authorize?response_type=code&client_id=abc&redirect_uri=http%3A%2F%2F127.0.0.1%3A40001%2F&state=x&code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&scopes=sso%3Aaccount%3Aaccess")]
    [InlineData("attach the policy printed by: nuget-plugin-codeartifact policy contoso/app --owner 111122223333 --region us-east-1")]
    [InlineData("ExpiredTokenException (403): The security token included in the request is expired")]
    [InlineData("ExpiredToken: The provided token has expired")]
    [InlineData("InvalidIdentityToken: Couldn't retrieve verification key from your identity provider")]
    [InlineData("""{"error":"invalid_grant","code":"AccessDenied"} <Code>AccessDenied</Code>""")]
    [InlineData("give the job 'permissions: id-token: write'; pass both variables on")]
    [InlineData("CODEARTIFACT_AUTH_TOKEN = (set, not shown)")]
    [InlineData("cannot read the token: /var/run/secrets/eks.amazonaws.com/token: Permission denied")]
    [InlineData("cannot renew the token: https://oidc.us-east-1.amazonaws.com/token answered 403")]
    [InlineData("key: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab")]
    [InlineData("the authorization: Failed for user bob")]
    [InlineData("docker run --user 1000:1000 -p 8080 image")]
    [InlineData("docker run -u1000:1000 -p8080:80 image")]
    [InlineData("tar -pxf file -C folder")]
    [InlineData("ssh -p 2222 host; mkdir -p folder; nuget-plugin-codeartifact login --device-code --key file")]
    [InlineData("exit code: 127, code = 12, error code: 0x80131500")]
    [InlineData("/home/bob/Projects/CredentialProvider1/src and 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12")]
    [InlineData("set it to <token> or <password>, then retry")]
    [InlineData("-----BEGIN CERTIFICATE-----")]
    [InlineData("max_tokens=100&n=1, tokens: 5, tokens=12; keys=3 --max-tokens 4096 {\"max_tokens\":100}")]
    [InlineData("bypass=true, PROXY_BYPASS=<local> COMPASS=north; pass: 5, fail: 3")]
    [InlineData("sshpass: command not found; no credentials: not signed in; unknown keys: a, b")]
    [InlineData("/npm_config_registry_of_the_build/hf_hub_cache_folder_of_the_models/pypi-proxy-repository-folder/cio")]
    [InlineData("/usr/local/share/glrt/glft-folder")]
    public void What_users_need_stays(string text) => Assert.Equal(text, PrintableText.Of(text));

    /// <summary>Each unit is the start of something that a search may follow to the end of the text.</summary>
    [Theory]
    [InlineData("token:")]
    [InlineData("token: ")]
    [InlineData("token=\"")]
    [InlineData("token:abcdefghijk1.")]
    [InlineData("password:word ")]
    [InlineData("key=arn:aws:")]
    [InlineData("http://a:1/")]
    [InlineData("http://a:b")]
    [InlineData("://")]
    [InlineData(" -uab:")]
    [InlineData(" -u -pab")]
    [InlineData("a@b:")]
    [InlineData("x@y ")]
    [InlineData(" ")]
    [InlineData("\" ")]
    [InlineData("\\")]
    [InlineData("%22=")]
    [InlineData("<token>")]
    [InlineData("-p x ")]
    [InlineData("--token - ")]
    [InlineData("Cookie: a; ")]
    [InlineData("Authorization: a ")]
    [InlineData("Basic ")]
    [InlineData("eyJ")]
    [InlineData("ghp_x ")]
    [InlineData("hf_")]
    [InlineData(" oy2")]
    [InlineData("tokens=[\"a\",")]
    [InlineData("tokens=1")]
    [InlineData("pass:")]
    [InlineData("=aaaa")]
    [InlineData("-----BEGIN ")]
    public void A_long_text_takes_linear_time(string unit)
    {
        var text = string.Concat(Enumerable.Repeat(unit, 512 * 1024 / unit.Length));
        var before = ThreadProcessorTime();
        Redaction.Apply(text);
        // 0.3 s on any machine, however busy. A search to the end of the text at each position takes minutes.
        Assert.InRange((ThreadProcessorTime() - before).TotalSeconds, 0, 30);
    }

    [Fact]
    public void A_private_key_is_removed_from_several_lines() => Assert.Equal(
        "-----BEGIN PRIVATE KEY-----***-----END PRIVATE KEY-----|failed",
        PrintableText.OfLines("-----BEGIN PRIVATE KEY-----\nMIIEabc\ndef\n-----END PRIVATE KEY-----\nfailed", "|"));

    [Fact]
    public void A_cause_of_900_KB_leaves_room_for_the_fix()
    {
        var failure = new NoTokenException("CACP1013", new string('x', 900 * 1024), "retry");
        var line = failure.Describe("domain contoso (111122223333, us-east-1)");
        Assert.InRange(line.Length, 500, 600);
        Assert.EndsWith("xxx ...; retry", line, StringComparison.Ordinal);
    }

    /// <summary>What begins before the limit and ends after it.</summary>
    [Fact]
    public void The_limit_cuts_no_secret() => Assert.Equal(
        new string('x', PrintableText.MaxLength - 19) + " http://***@hos ...",
        PrintableText.Of(new string('x', PrintableText.MaxLength - 19) + " http://bob:" + new string('s', 2000) + "@host.example.test"));

    [Fact]
    public void Characters_are_not_cut_in_half() => Assert.EndsWith("x ...",
        PrintableText.Of(new string('x', 95) + string.Concat(Enumerable.Repeat("😀", 10)), 100), StringComparison.Ordinal);

    [Fact]
    public void Lines_of_a_stack_trace_keep_their_separator_and_nothing_else() => Assert.Equal(
        @"Failed: \u001B|   at Main()", PrintableText.OfLines("Failed: \u001b\r\n   at Main()", "|"));

    [Fact]
    public void Any_text_has_no_control_character_and_keeps_the_limit() => Gen.Select(Text, Gen.Int[10, 200]).Sample((text, limit) =>
    {
        var printed = PrintableText.Of(text, limit);
        AssertPrintable(printed);
        Assert.InRange(printed.Length, 0, limit);
        AssertPrintable(PrintableText.OfLines(text, " ", limit));
    });

    /// <summary>Where nothing is cut: <c>a@b:1x</c> is an e-mail address, and what is left of it may be a proxy.</summary>
    [Fact]
    public void Filtering_twice_changes_nothing() => Text.Sample(text =>
    {
        const int NoLimit = 1_000_000;
        var once = PrintableText.Of(text, NoLimit);
        Assert.Equal(once, PrintableText.Of(once, NoLimit));
    });

    [Fact]
    public void No_password_of_a_URL_stays() => Gen.Select(
        Generators.OneOf("http://", "https://", "socks5://", "HTTP://"), Password,
        Generators.OneOf("proxy", "proxy:3128", "[::1]:80", "host.example.test/a/b?c=d", "127.0.0.1/"),
        Generators.OneOf("{0}", "proxy '{0}' failed", "(\"{0}\")", "a {0}, b", "{0};{0}", "{{\"Proxy\":\"{0}\"}}"),
        Generators.OneOf("bob", "", "a.b-c", "%62ob")).Sample((scheme, password, host, sentence, user) =>
        Assert.DoesNotContain(Secret, PrintableText.Of(string.Format(
            CultureInfo.InvariantCulture, sentence, $"{scheme}{user}:{password}@{host}")), StringComparison.Ordinal));

    private static void AssertPrintable(string text)
    {
        for (var i = 0; i < text.Length; i += char.IsSurrogatePair(text, i) ? 2 : 1)
        {
            Assert.False(CharUnicodeInfo.GetUnicodeCategory(text, i) is UnicodeCategory.Control or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate,
                $"U+{(int)text[i]:X4} at {i}");
        }
    }

    private static TimeSpan ThreadProcessorTime()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "clock_gettime is called as on Linux");
        const int ClockThreadProcessorTime = 3;
        var secondsAndNanoseconds = new long[2];
        Assert.Equal(0, GetTime(ClockThreadProcessorTime, secondsAndNanoseconds));
        return TimeSpan.FromSeconds(secondsAndNanoseconds[0] + (secondsAndNanoseconds[1] / 1e9));
    }

    [DllImport("libc", EntryPoint = "clock_gettime"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int GetTime(int clock, [Out] long[] time);
}
