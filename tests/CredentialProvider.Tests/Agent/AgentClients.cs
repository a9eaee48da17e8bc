using CredentialProvider.Agent;
using CredentialProvider.Errors;
using CredentialProvider.Feeds;
using CredentialProvider.Tokens;
using Microsoft.Extensions.Time.Testing;
using static CredentialProvider.Tests.Tokens.Examples;

namespace CredentialProvider.Tests.Agent;

/// <summary>What an agent gives to its clients: many at once, over a day, and those that mean harm.</summary>
public sealed class AgentClients
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Share_one_call_to_AWS()
    {
        var aws = new TaskCompletionSource();
        await using var agent = new RunningAgent(TimeProvider.System) { Gate = aws.Task };
        var asking = Enumerable.Range(0, 200).Select(_ => agent.AskAsync()).ToList();
        await RunningAgent.UntilAsync(() => agent.Fetched > 0);
        aws.SetResult();

        var tokens = await Task.WhenAll(asking);

        Assert.All(tokens, token => Assert.Equal("token-1", token.Token.Reveal()));
        Assert.Equal(1, agent.Fetched);
        await RunningAgent.UntilAsync(() => agent.Log.Count == 200);
    }

    [Fact]
    public async Task Get_a_token_and_whose_it_is()
    {
        var time = new FakeTimeProvider(Noon);
        await using var agent = new RunningAgent(time);

        var token = await agent.AskAsync();

        Assert.Equal(($"agent {agent.Socket}: instance role", "BuildAgentRole"), (token.Source, token.Principal));
        Assert.Equal((Noon, Noon.AddHours(12)), (token.Obtained, token.Expires));
        // The line follows the answer.
        await RunningAgent.UntilAsync(() => !agent.Log.IsEmpty);
        Assert.Equal($"uid {Platform()} pid {Environment.ProcessId}: domain contoso (111122223333, us-east-1) for repository app: "
            + "token of instance role (BuildAgentRole), valid until 2026-11-25 00:00:00Z", Assert.Single(agent.Log));
        static uint Platform() => CredentialProvider.Platform.Posix.EffectiveUser;
    }

    /// <summary>An agent runs for days, and a domain that is removed must be refused from then on.</summary>
    [Fact]
    public async Task Get_what_the_configuration_file_says_at_the_time()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Below("codeartifact.json");
        await File.WriteAllTextAsync(file, """{ "domains": ["contoso"] }""", Cancel);
        await using var agent = new RunningAgent(TimeProvider.System, settings: RunningAgent.SettingsOf(("CODEARTIFACT_CONFIG", file)));
        Assert.NotNull(await agent.AskAsync());
        await File.WriteAllTextAsync(file, """{ "domains": ["other"] }""", Cancel);
        var refusal = await Assert.ThrowsAsync<NoTokenException>(() => agent.AskAsync());
        Assert.Contains("domain contoso/111122223333 is not in the list of allowed domains", refusal.Why, StringComparison.Ordinal);
    }

    /// <summary>Three days with a request every ten minutes: no client ever waits for a token that has expired.</summary>
    [Fact]
    public async Task Have_a_renewed_token_in_a_long_build()
    {
        var time = new FakeTimeProvider(Noon);
        await using var agent = new RunningAgent(time);
        for (var minutes = 0; minutes < 3 * 24 * 60; minutes += 10)
        {
            var token = await agent.AskAsync();
            Assert.True(token.Expires - time.GetUtcNow() > TimeSpan.FromHours(5), $"after {minutes} minutes");
            if (time.GetUtcNow() - token.Obtained >= TimeSpan.FromHours(6))
            {
                // Renewed in the background at half of its life, while it is still given.
                await RunningAgent.UntilAsync(() => agent.AskAsync().Result.Obtained > token.Obtained);
            }

            time.Advance(TimeSpan.FromMinutes(10));
        }

        Assert.Equal(12, agent.Fetched);
    }

    /// <summary>The plugin's side of a long build, and of an agent that has died.</summary>
    [Fact]
    public async Task Renew_their_own_token_and_keep_it_while_there_is_no_agent()
    {
        var time = new FakeTimeProvider(Noon);
        var agent = new RunningAgent(time);
        var settings = RunningAgent.SettingsOf(("CODEARTIFACT_AGENT", agent.Socket));
        var (tokens, request) = (AgentOrAws.CreateSource(settings, time, (_, _, _) => throw new InvalidOperationException("AWS")), TokenRequest.For(App, settings));
        var first = await AgentOrAws.GetAsync(tokens, request, default, null, (_, _) => Assert.Fail("no warning"), Cancel);
        time.Advance(TimeSpan.FromHours(7));
        await tokens.RefreshAsync(request, first, Cancel);
        Assert.Equal("token-2", tokens.TryGetCached(request.Key, default)!.Token.Reveal());
        await agent.DisposeAsync();
        time.Advance(TimeSpan.FromHours(11.9));

        var last = await AgentOrAws.GetAsync(tokens, request, default, null, (_, _) => Assert.Fail("no warning"), Cancel);

        Assert.Equal("token-2", last.Token.Reveal());
    }

    [Fact]
    public void Keep_the_tokens_of_different_agents_and_repositories_apart()
    {
        static string FileOf(string socket, string repository) =>
            TokenRequest.For(App with { Repository = repository }, RunningAgent.SettingsOf(("CODEARTIFACT_AGENT", socket))).Key.FileName;
        string[] files = [FileOf("/a.sock", "app"), FileOf("/b.sock", "app"), FileOf("/a.sock", "shared"), FileOf("", "app")];
        Assert.Equal(files, files.Distinct());
        Assert.Equal(FileOf("/a.sock", "app"), files[0]);
    }

    [Fact]
    public async Task Keep_the_tokens_of_the_agent_and_of_AWS_apart()
    {
        var (time, warnings) = (new FakeTimeProvider(Noon), new List<string>());
        var settings = RunningAgent.SettingsOf(("CODEARTIFACT_AGENT", "/none/agent.sock"));
        var (tokens, request) = (AgentOrAws.CreateSource(settings, time, (_, _, _) => Task.FromResult(Token("AWS's"))), TokenRequest.For(App, settings));

        var token = await AgentOrAws.GetAsync(tokens, request, default, null, (line, _) => warnings.Add(line), Cancel);

        Assert.Equal("AWS's", token.Token.Reveal());
        Assert.StartsWith("CACP1015: no agent for domain contoso (111122223333, us-east-1), using AWS credentials: ", Assert.Single(warnings), StringComparison.Ordinal);
        Assert.Null(tokens.TryGetCached(request.Key, default));
        Assert.NotNull(tokens.TryGetCached(request.WithoutAgent().Key, default));
    }

    [Fact]
    public async Task Get_a_newer_token_than_the_refused_one()
    {
        var time = new FakeTimeProvider(Noon);
        await using var agent = new RunningAgent(time);
        var refused = await agent.AskAsync();
        time.Advance(TimeSpan.FromSeconds(1));

        var tokens = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => agent.AskAsync(after: refused.Obtained)));

        Assert.All(tokens, token => Assert.Equal("token-2", token.Token.Reveal()));
        Assert.Equal(2, agent.Fetched);
    }

    [Fact]
    public async Task Cannot_make_the_agent_call_AWS_without_end()
    {
        var time = new FakeTimeProvider(Noon);
        await using var agent = new RunningAgent(time);
        for (var call = 0; call < AgentTokens.MaxCallsForDomain; call++)
            await agent.AskAsync(after: Noon.AddYears(1));

        var refused = await Assert.ThrowsAsync<NoTokenException>(() => agent.AskAsync(after: Noon.AddYears(1)));

        Assert.Equal(ErrorCode.Throttled, refused.Code);
        Assert.Equal(AgentTokens.MaxCallsForDomain, agent.Fetched);
        // Others are served meanwhile, and everyone a minute later.
        Assert.Equal("token-10", (await agent.AskAsync()).Token.Reveal());
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("token-11", (await agent.AskAsync(after: Noon.AddYears(1))).Token.Reveal());
    }

    [Fact]
    public async Task Cannot_fill_its_memory_with_domains()
    {
        var time = new FakeTimeProvider(Noon);
        await using var agent = new RunningAgent(time);
        await agent.AskAsync();
        for (var domain = 1; domain < AgentTokens.MaxCalls; domain++)
            await agent.AskAsync(App with { Domain = $"d{domain}" });
        Assert.Equal(ErrorCode.Throttled, (await Assert.ThrowsAsync<NoTokenException>(() => agent.AskAsync(App with { Domain = "one-more" }))).Code);
        time.Advance(TimeSpan.FromMinutes(1));

        await agent.AskAsync(App with { Domain = "one-more" });

        // The first one's token had to go.
        await agent.AskAsync();
        Assert.Equal(AgentTokens.MaxCalls + 2, agent.Fetched);
    }

    [Fact]
    public async Task Get_the_failure_with_its_code_cause_and_fix()
    {
        await using var agent = new RunningAgent(TimeProvider.System) { Failure = new NoTokenException(ErrorCode.BadCredentials, "the SSO session has expired", "nuget-plugin-codeartifact login") };

        var failure = await Assert.ThrowsAsync<NoTokenException>(() => agent.AskAsync());

        Assert.Equal((ErrorCode.BadCredentials, "the agent says: the SSO session has expired", "where the agent runs: nuget-plugin-codeartifact login"), (failure.Code, failure.Why, failure.Fix));
    }

    [Theory]
    [InlineData("contoso", null, null, true)]
    [InlineData("fabrikam", "--domains does not include contoso/111122223333", null, false)]
    [InlineData("*/111122223333", null, null, true)]
    [InlineData("contoso", "CODEARTIFACT_DOMAINS", "fabrikam", false)] // --domains only narrows
    public async Task Get_tokens_of_allowed_domains_only(string domains, string? why, string? variable, bool isAllowed)
    {
        var settings = RunningAgent.SettingsOf(("CODEARTIFACT_DOMAINS", variable ?? ""));
        await using var agent = new RunningAgent(TimeProvider.System, [domains], settings);
        if (isAllowed)
        {
            Assert.Equal("token-1", (await agent.AskAsync()).Token.Reveal());
            return;
        }

        var refusal = await Assert.ThrowsAsync<NoTokenException>(() => agent.AskAsync());
        Assert.Equal(ErrorCode.Setting, refusal.Code);
        Assert.Contains(why!, refusal.Why, StringComparison.Ordinal);
        Assert.Equal(0, agent.Fetched);
    }

    [Fact]
    public async Task Wait_for_a_slow_AWS_by_asking_again()
    {
        var (aws, time) = (new TaskCompletionSource(), new FakeTimeProvider(Noon));
        await using var agent = new RunningAgent(time) { Gate = aws.Task };
        var asking = agent.AskAsync(time: TimeProvider.System);
        await RunningAgent.UntilAsync(() => agent.Fetched > 0);
        while (!agent.Log.Any(line => line.EndsWith("waiting for AWS", StringComparison.Ordinal)))
        {
            time.Advance(AgentServer.MaxWait);
            await Task.Yield();
        }

        aws.SetResult();

        Assert.Equal("token-1", (await asking).Token.Reveal());
        Assert.Equal(1, agent.Fetched);
    }

    [Fact]
    public async Task Do_not_cancel_a_call_for_others_when_they_leave()
    {
        var aws = new TaskCompletionSource();
        await using var agent = new RunningAgent(TimeProvider.System) { Gate = aws.Task };
        using (var first = await AgentConnection.OpenAsync(agent.Socket, Cancel))
        {
            await AgentProtocol.SendAsync(first, new AgentRequest(App, default).ToLine(), Cancel);
            await RunningAgent.UntilAsync(() => agent.Fetched > 0);
        }

        var second = agent.AskAsync();
        aws.SetResult();

        Assert.Equal("token-1", (await second).Token.Reveal());
        Assert.Equal(1, agent.Fetched);
    }

    [Fact]
    public async Task That_send_nothing_make_room_for_others()
    {
        await using var agent = new RunningAgent(TimeProvider.System);
        var silent = new List<Stream>();
        for (var client = 0; client <= AgentServer.MaxSilent; client++)
            silent.Add(await AgentConnection.OpenAsync(agent.Socket, Cancel));

        Assert.Equal("token-1", (await agent.AskAsync()).Token.Reveal());

        Assert.Null(await RunningAgent.ReadAsync(silent[0]));
        silent.ForEach(stream => stream.Dispose());
    }

    [Fact]
    public async Task That_send_too_slowly_are_left()
    {
        var time = new FakeTimeProvider(Noon);
        await using var agent = new RunningAgent(time);
        using var slow = await AgentConnection.OpenAsync(agent.Socket, Cancel);
        await slow.WriteAsync("{"u8.ToArray(), Cancel);
        while (agent.Log.IsEmpty)
        {
            time.Advance(AgentServer.ClientTimeout);
            await Task.Yield();
        }

        Assert.Null(await RunningAgent.ReadAsync(slow));
        Assert.EndsWith("no answer: the client is too slow", Assert.Single(agent.Log), StringComparison.Ordinal);
    }

    [Fact]
    public async Task That_wait_for_AWS_do_not_keep_others_from_a_cached_token()
    {
        await using var agent = new RunningAgent(TimeProvider.System);
        await agent.AskAsync();
        var aws = new TaskCompletionSource();
        agent.Gate = aws.Task;
        var waiting = Enumerable.Range(0, AgentServer.MaxWaiting).Select(_ => agent.AskAsync(App with { Domain = "other" })).ToList();
        NoTokenException? busy = null;
        // Until all of them have arrived, one more waits like them, so it is given up and asked again.
        while (busy is null)
            busy = await Record.ExceptionAsync(() => Task.WhenAny(agent.AskAsync(App with { Domain = "third" }), Task.Delay(50, Cancel)).Unwrap()) as NoTokenException;

        Assert.Equal(ErrorCode.NoAgent, busy.Code);
        Assert.Equal("token-1", (await agent.AskAsync()).Token.Reveal());
        aws.SetResult();
        await Task.WhenAll(waiting);
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("garbage\n")]
    [InlineData("{\"version\":1\n")]
    [InlineData("\0\u0001\u001b[2J\ud83d\ude00\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("{\"version\":2,\"token\":\"please\"}\n")]
    [InlineData(null)] // longer than any request, without a line end
    public async Task That_send_anything_else_get_an_error_with_the_version(string? text)
    {
        await using var agent = new RunningAgent(TimeProvider.System);

        var answer = await agent.SendAsync(text ?? new string('{', 2000));

        Assert.StartsWith("""{"version":1,"code":"CACP1015","why":""", answer, StringComparison.Ordinal);
        Assert.Equal("token-1", (await agent.AskAsync()).Token.Reveal());
        Assert.DoesNotContain(agent.Log, line => line.Contains("Exception", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Of_another_version_learn_both_versions()
    {
        await using var agent = new RunningAgent(TimeProvider.System);
        Assert.Contains("the request has protocol version 7, but this program speaks version 1", await agent.SendAsync("{\"version\":7}\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_a_token_and_never_credentials()
    {
        await using var agent = new RunningAgent(TimeProvider.System);
        var answer = System.Text.Json.Nodes.JsonNode.Parse((await agent.SendAsync(new AgentRequest(App, default).ToLine() + "\n"))!)!;
        Assert.Equal(["version", "token", "obtained", "expires", "source", "principal"], answer.AsObject().Select(member => member.Key));
    }

    [Fact]
    public async Task End_an_agent_by_staying_away()
    {
        var (aws, time) = (new TaskCompletionSource(), new FakeTimeProvider(Noon));
        await using var agent = new RunningAgent(time, idle: TimeSpan.FromHours(8)) { Gate = aws.Task };
        var asking = agent.AskAsync(time: TimeProvider.System);
        await RunningAgent.UntilAsync(() => agent.Fetched > 0);
        time.Advance(TimeSpan.FromHours(7));
        Assert.False(agent.Running.IsCompleted);
        aws.SetResult();
        await asking;
        await RunningAgent.UntilAsync(() => agent.Log.Any(line => line.Contains("valid until", StringComparison.Ordinal)));

        while (!agent.Running.IsCompleted)
        {
            time.Advance(TimeSpan.FromHours(8));
            await Task.Yield();
        }
    }
}
