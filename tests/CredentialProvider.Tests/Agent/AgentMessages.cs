using System.Text;
using CredentialProvider.Agent;
using CredentialProvider.Errors;
using CredentialProvider.FastStart;
using CredentialProvider.Tokens;
using static CredentialProvider.Tests.Tokens.Examples;

namespace CredentialProvider.Tests.Agent;

/// <summary>The wire between plugin and agent.</summary>
public sealed partial class AgentMessages
{
    private const string Request = """{"version":1,"domain":"contoso","owner":"111122223333","region":"us-east-1","repository":"app","after":0}""";

    [Fact]
    public void Carry_a_feed_and_a_time()
    {
        Assert.Equal(Request, new AgentRequest(App, DateTimeOffset.MinValue).ToLine());
        var read = AgentRequest.Parse(Bytes(new AgentRequest(App, Noon).ToLine()));
        Assert.Equal(App, read.Feed);
        // A token that was obtained in this millisecond is not later, whatever its part of it.
        Assert.Equal(Noon.AddMilliseconds(1).AddTicks(-1), read.After);
        Assert.Equal("", AgentRequest.Parse(Bytes(Request.Replace("app", "", StringComparison.Ordinal))).Feed.Repository);
    }

    [Fact]
    public void Carry_a_token()
    {
        var token = Token("eyJ.x-y_z") with { Source = "SSO role \"Dev\"", Principal = "arn:aws:sts::111122223333:assumed-role/Büro/x" };
        Assert.Equal(token, Read(new AgentResponse(token, null)).Token! with { Token = token.Token });
        Assert.Equal("eyJ.x-y_z", Read(new AgentResponse(token, null)).Token!.Token.Reveal());
        Assert.Null(Read(new AgentResponse(Token(), null)).Token!.Source);
    }

    [Fact]
    public void Carry_a_failure()
    {
        var failure = Read(new AgentResponse(null, new NoTokenException(ErrorCode.AccessDenied, "IAM denies it", "run this"))).Failure!;
        Assert.Equal((ErrorCode.AccessDenied, "the agent says: IAM denies it", "where the agent runs: run this"), (failure.Code, failure.Why, failure.Fix));
        Assert.Equal(AgentResponse.Wait, Read(AgentResponse.Wait));
    }

    [Theory]
    [InlineData("", "expected a value")]
    [InlineData("GET / HTTP/1.1", "not a JSON value")]
    [InlineData("[]", "is missing 'version'")]
    [InlineData("{}", "is missing 'version'")]
    [InlineData("""{"version":2}""", "the request has protocol version 2, but this program speaks version 1")]
    [InlineData("""{"version":"1"}""", "the request has protocol version 1, but this program speaks version 1")]
    [InlineData("""{"version":1}""", "is missing 'domain'")]
    [InlineData("""{"version":1,"domain":"Contoso"}""", "domain is not valid")]
    [InlineData("""{"version":1,"domain":7}""", "domain must be a string")]
    [InlineData("""{"version":1,"domain":"contoso","owner":"1"}""", "owner is not valid")]
    [InlineData("""{"version":1,"domain":"contoso","owner":"111122223333","region":"moon"}""", "region is not valid")]
    [InlineData("""{"version":1,"domain":"contoso","owner":"111122223333","region":"us-east-1","repository":"../x"}""", "repository is not valid")]
    [InlineData("""{"version":1,"domain":"contoso","owner":"111122223333","region":"us-east-1","repository":"app"}""", "is missing 'after'")]
    [InlineData("""{"version":1,"domain":"contoso","owner":"111122223333","region":"us-east-1","repository":"app","after":-1}""", "after must be a whole number")]
    [InlineData("""{"version":1,"domain":"contoso","owner":"111122223333","region":"us-east-1","repository":"app","after":99999999999999999}""", "after is not a time")]
    public void Say_what_is_wrong_with_a_request(string line, string what)
    {
        var failure = Assert.Throws<NoTokenException>(() => AgentRequest.Parse(Bytes(line)));
        Assert.Equal(ErrorCode.NoAgent, failure.Code);
        Assert.Contains(what, failure.Why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("""{"version":2,"token":"t","obtained":1,"expires":2}""")]
    [InlineData("""{"version":1,"token":"","obtained":1,"expires":2}""")]
    [InlineData("""{"version":1,"token":"a\nb","obtained":1,"expires":2}""")]
    [InlineData("""{"version":1,"token":"a machine other.example login x password y","obtained":1,"expires":2}""")]
    [InlineData("""{"version":1,"token":"a$(touch${IFS}canary)b","obtained":1,"expires":2}""")]
    [InlineData("""{"version":1,"token":"t","obtained":1}""")]
    [InlineData("""{"version":1,"token":"t","obtained":2,"expires":1}""")]
    [InlineData("""{"version":1,"token":"t","obtained":1,"expires":999999999999}""")] // a token that would never be renewed
    [InlineData("""{"version":1,"token":"t","obtained":1,"expires":2,"source":{}}""")]
    [InlineData("""{"version":1,"wait":1}""")]
    [InlineData("""{"version":1,"code":"CACP1001","why":"x"}""")]
    public void Are_refused_by_the_plugin_if_they_are_no_answer(string line) =>
        Assert.Throws<InvalidValueException>(() => AgentResponse.Parse(Bytes(line)));

    [Theory]
    [InlineData("CACP1001", "CACP1001")]
    [InlineData("CACP99", "CACP1013")]
    [InlineData("\\u001b[2J", "CACP1013")]
    public void Have_a_known_code_and_a_visible_text(string sent, string code)
    {
        var failure = AgentResponse.Parse(Bytes($$"""{"version":1,"code":"{{sent}}","why":"\u001b[31m\u202e","fix":"\n"}""")).Failure!;
        Assert.Equal(code, failure.Code);
        Assert.DoesNotContain(failure.Message, char.IsControl);
        Assert.Contains(@"\u001B", failure.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Are_documented_as_they_are()
    {
        var page = Repository.Read("docs/reference/agent.md");
        var lines = page.Split('\n').Where(line => line.StartsWith("{\"version\"", StringComparison.Ordinal)).ToList();
        Assert.Equal(App with { Repository = "app" }, AgentRequest.Parse(Bytes(lines[0])).Feed);
        Assert.Equal(Keys(new AgentRequest(App, Noon).ToLine()), Keys(lines[0]));
        Assert.Equal(Keys(new AgentResponse(Token(), null).ToLine()), Keys(lines[1]));
        Assert.NotNull(AgentResponse.Parse(Bytes(lines[1])).Token);
        Assert.Equal(Keys(new AgentResponse(null, new NoTokenException("CACP1001", "", "")).ToLine()), Keys(lines[2]));
        Assert.NotNull(AgentResponse.Parse(Bytes(lines[2])).Failure);
        Assert.Equal(AgentResponse.Wait.ToLine(), lines[3]);
        foreach (var limit in new[] { AgentRequest.MaxLength, AgentResponse.MaxLength, AgentServer.MaxSilent, AgentServer.MaxWaiting, AgentTokens.MaxDomains, AgentTokens.MaxCalls, AgentTokens.MaxCallsForDomain })
            Assert.Contains($"{limit:N0}", page, StringComparison.Ordinal);
        foreach (var time in new[] { AgentServer.ClientTimeout, AgentServer.MaxWait, AgentClient.RequestTimeout })
            Assert.Contains($"{time.TotalSeconds} s", page, StringComparison.Ordinal);
    }

    private static AgentResponse Read(AgentResponse response) => AgentResponse.Parse(Bytes(response.ToLine()));

    private static IEnumerable<string> Keys(string line) => new JsonReader("line", Bytes(line)).Read().EnumerateObject().Select(member => member.Key);

    private static ArraySegment<byte> Bytes(string line) => new(Encoding.UTF8.GetBytes(line));
}
