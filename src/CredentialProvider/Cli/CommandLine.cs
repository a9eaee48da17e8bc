using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Help;
using CredentialProvider.Aws;
using CredentialProvider.Cli.Doctor;
using CredentialProvider.Tokens;

namespace CredentialProvider.Cli;

/// <summary>The program's command line: what can be typed, and which class does it.</summary>
internal sealed class CommandLine
{
    private const int Done = 0, Failed = 1, Usage = 2;

    private readonly Settings _settings;
    private readonly Terminal _terminal;
    private readonly TimeProvider _time;
    private readonly NuGetSources _sources;
    private readonly TokenService _service;
    private readonly TokenCache _cache;
    private readonly TokenCommands _tokens;

    private readonly Option<string?> _owner = Text("--owner", "ACCOUNT",
        "Account that owns the domain, where nuget.config does not tell");
    private readonly Option<string?> _region = Text("--region", "REGION",
        "Region of the domain, where nuget.config does not tell");
    private readonly Option<bool> _json = Flag("--json", "Print JSON");
    private readonly Option<string?> _config = Text("--config", "FILE",
        "nuget.config to change (default: the nearest)");

    public CommandLine(Settings settings, Terminal terminal, TimeProvider time)
    {
        (_settings, _terminal, _time) = (settings, terminal, time);
        _sources = new NuGetSources(settings, Directory.GetCurrentDirectory());
        _service = new TokenService(settings, time, Retries.BuildPatience);
        _cache = new TokenCache(settings.CacheFolder);
        _tokens = new TokenCommands(settings, terminal, new TokenSource(settings, _cache, time, _service.FetchAsync),
            _cache, time);
    }

    /// <returns>The exit code: 0 done, 1 failed, 2 usage.</returns>
    public int Run(string[] args)
    {
        var root = Root();
        if (args.Length == 0)
            args = ["--help"];
        var parsed = root.Parse(args);
        if (parsed.Errors.Count == 0)
            return parsed.Invoke(new InvocationConfiguration { Output = _terminal.Output });
        foreach (var error in parsed.Errors)
            _terminal.Error(error.Message);
        _terminal.Hint("see nuget-plugin-codeartifact --help");
        return Usage;
    }

    /// <summary>All that can be typed; docs/commands.md is checked against it.</summary>
    public RootCommand Root()
    {
        var root = new RootCommand(
            "Tokens for AWS CodeArtifact feeds. NuGet starts this program with -Plugin; these commands are for people.")
        {
            Installing("install", "Put the plugin where this machine's NuGet clients find it",
                (installation, parts) => installation.Install(parts)),
            Installing("uninstall", "Take away what install has put there",
                (installation, parts) => installation.Uninstall(parts)),
            Configure(), Doctor(), Policy(), Token(), Warm(), Cache(), Login(), Completion(),
        };
        // Windows' ways of asking for help would be completed everywhere.
        foreach (var alias in new[] { "/h", "/?", "-?" })
            root.Options.OfType<HelpOption>().Single().Aliases.Remove(alias);
        return root;
    }

    private Command Installing(string verb, string description, Action<Installation, string[]> action)
    {
        var native = Flag("--native", "The native program, on PATH: NuGet 6.13 and later");
        var netcore = Flag("--netcore", "The plugin in ~/.nuget/plugins/netcore: every .NET SDK");
        var netfx = Flag("--netfx", "The plugin in ~/.nuget/plugins/netfx: Visual Studio, msbuild.exe, nuget.exe");
        var bin = Text("--bin", "DIR", "Folder for the native program (default: ~/.local/bin)");
        var home = Text("--home", "DIR", "Home folder with .nuget/plugins in it (default: the user's)");
        return Does(new Command(verb, description) { native, netcore, netfx, bin, home }, parsed => action(
            new Installation(_settings, _terminal, parsed.GetValue(bin), parsed.GetValue(home)),
            [.. new[] { native, netcore, netfx }.Where(parsed.GetValue).Select(part => part.Name[2..])]));
    }

    private Command Configure() => new("configure", "Add or remove a source in nuget.config, set defaults for tokens")
    {
        ConfigureAdd(),
        ForSource("remove", "Remove a source from nuget.config", (commands, name, config) =>
            commands.Remove(name, config)),
        ForSource("forget", "Remove a source's stored credentials, which are tried before the plugin",
            (commands, name, config) => commands.Forget(name, config)),
        ConfigureSet("set", "Set a default in the configuration file"),
        ConfigureSet("unset", "Remove a default from the configuration file"),
    };

    private Command ConfigureAdd()
    {
        var name = new Argument<string?>("NAME")
        {
            Description = "The source's name (default: DOMAIN/REPOSITORY)",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var domain = Text("--domain", "DOMAIN", "The domain");
        var repository = Text("--repository", "REPOSITORY", "The repository");
        domain.Required = repository.Required = true;
        var owner = Text("--owner", "ACCOUNT",
            "Account that owns the domain (default: AWS is asked, with this machine's identity)");
        var region = Text("--region", "REGION", "Region of the domain (default: AWS_REGION)");
        var dualStack = Flag("--dual-stack", "The host that answers over IPv6, too");
        var map = new Option<string[]>("--map")
        {
            Description = "Package ids that come from here and nowhere else",
            HelpName = "PATTERN",
            AllowMultipleArgumentsPerToken = true,
        };
        var command = new Command("add", "Add a source to nuget.config")
        {
            name, domain, repository, owner, region, dualStack, map, _config,
        };
        return Does(command, async (parsed, cancel) =>
        {
            await Configuring().AddAsync(new ConfigureCommands.Wanted(
                parsed.GetValue(name), parsed.GetValue(domain)!, parsed.GetValue(repository)!, parsed.GetValue(owner),
                parsed.GetValue(region), parsed.GetValue(dualStack), parsed.GetValue(map) ?? [],
                parsed.GetValue(_config)), cancel);
            return true;
        });
    }

    private Command ForSource(string verb, string description, Action<ConfigureCommands, string, string?> action)
    {
        var source = new Argument<string>("NAME") { Description = "The source's name in nuget.config" };
        return Does(new Command(verb, description) { Completing(source), _config }, parsed =>
            action(Configuring(), parsed.GetRequiredValue(source), parsed.GetValue(_config)));
    }

    private Command ConfigureSet(string verb, string description)
    {
        var key = new Argument<string>("KEY") { Description = string.Join(", ", ConfigurationFile.OptionKeys) };
        key.CompletionSources.Add(_ => ConfigurationFile.OptionKeys.Select(name => new CompletionItem(name)));
        var value = new Argument<string>("VALUE") { Description = "Several roles have commas between them" };
        var command = new Command(verb, description) { key };
        if (verb == "set")
            command.Add(value);
        return Does(command, parsed =>
            Configuring().Set(parsed.GetRequiredValue(key), verb == "set" ? parsed.GetRequiredValue(value) : null));
    }

    private ConfigureCommands Configuring() => new(_settings, _terminal, _sources, _service);

    private Command Doctor()
    {
        var sources = Sources("Sources to examine (default: CodeArtifact's in nuget.config)", ArgumentArity.ZeroOrMore);
        var package = Text("--package", "ID", "Also: does the repository, or what is behind it, have this package?");
        var publish = Text("--publish", "ID",
            "Also: may this package be published? (offers a version that is there already)");
        var command = new Command("doctor", "Find out what is wrong and how it is mended")
        {
            sources, package, publish, _owner, _region, _json,
        };
        return Does(command, (parsed, cancel) =>
        {
            var (named, owner, region) = Named(parsed, sources);
            return new Examination(_settings, _terminal, _time, _sources, _cache).RunAsync(
                Patient.Find(_sources, _settings, named, owner, region),
                new Examination.Questions(parsed.GetValue(package), parsed.GetValue(publish), parsed.GetValue(_json)),
                cancel);
        });
    }

    private Command Policy()
    {
        var sources = Sources("What has to be read or published to", ArgumentArity.OneOrMore);
        var publish = Flag("--publish", "Publishing, too");
        var principal = Text("--principal", "PRINCIPAL",
            "A reader of another account: its number, or the ARN of a role or user");
        var format = Format(PolicyDocuments.Formats);
        var command = new Command("policy", "Print the least IAM policy that does")
        {
            sources, publish, principal, format, _owner, _region,
        };
        return Does(command, parsed =>
        {
            var feeds = Find(parsed, sources).Select(source => source.Feed).ToList();
            if (feeds.Find(feed => feed.Repository.Length == 0) is { } bare)
                throw new CommandFailedException(
                    $"no policy for {bare.Domain}: it takes a repository, too; name {bare.Domain}/REPOSITORY");
            var documents = PolicyDocuments.For(feeds, parsed.GetValue(publish), parsed.GetValue(principal));
            _terminal.Print(parsed.GetValue(format) switch
            {
                "terraform" => PolicyFormats.Terraform(documents),
                "cloudformation" => PolicyFormats.CloudFormation(documents),
                _ => PolicyFormats.Json(documents),
            });
        });
    }

    private Command Token()
    {
        var source = Completing(new Argument<string>("SOURCE")
        {
            Description = "A feed's URL, its name in nuget.config, DOMAIN or DOMAIN/REPOSITORY",
        });
        var format = Format(TokenCommands.Formats);
        var output = Text("--output", "FILE", "Write it to a file that only its owner can read");
        var command = new Command("token", "Print a token, for tools that run no plugins")
        {
            source, format, output, _owner, _region,
        };
        return Does(command, async (parsed, cancel) =>
        {
            var found = _sources.Find(parsed.GetRequiredValue(source), parsed.GetValue(_owner),
                parsed.GetValue(_region));
            await _tokens.TokenAsync(found, parsed.GetRequiredValue(format), parsed.GetValue(output), cancel);
            return true;
        });
    }

    private Command Warm()
    {
        var sources = Sources("Sources (default: CodeArtifact's in nuget.config)", ArgumentArity.ZeroOrMore);
        var skipForeign = Flag("--skip-foreign", "Pass over URLs that are not CodeArtifact's");
        var command = new Command("warm", "Get tokens now, so that no build has to wait")
        {
            sources, skipForeign, _owner, _region,
        };
        return Does(command, (parsed, cancel) => _tokens.WarmAsync(
            parsed.GetValue(skipForeign) ? _sources.Among(parsed.GetValue(sources) ?? []) : Find(parsed, sources),
            cancel));
    }

    private Command Cache()
    {
        var sources = Sources("Sources (default: all tokens)", ArgumentArity.ZeroOrMore);
        return new Command("cache", "Show or remove the tokens that are kept")
        {
            Does(new Command("list", "Show whose tokens are kept, and until when") { _json }, parsed =>
                _tokens.ListCache(parsed.GetValue(_json))),
            Does(new Command("clear", "Remove tokens") { sources, _owner, _region }, parsed =>
                _tokens.ClearCache(Named(parsed, sources).Sources.Length == 0 ? null : Find(parsed, sources))),
            Does(new Command("path", "Print the folder"), _ => _tokens.PrintCachePath()),
        };
    }

    private Command Login()
    {
        var name = Text("--profile", "NAME", "AWS profile (default: CODEARTIFACT_PROFILE, AWS_PROFILE or default)");
        return Does(new Command("login", "Sign in for an AWS profile with single sign-on") { name },
            async (parsed, cancel) =>
        {
            var profile = parsed.GetValue(name) ?? _settings.TokenOptions.Profile
                ?? _settings.Configuration.Defaults.Profile ?? _settings.AwsProfile ?? "default";
            try
            {
                var isNew = await new CredentialChain(_settings, _time).SignInAsync(profile, _terminal.Show, cancel);
                _terminal.Print(isNew ? $"signed in for AWS profile '{profile}'"
                    : $"AWS profile '{profile}' is signed in already");
                return true;
            }
            catch (NoTokenException e)
            {
                throw new CommandFailedException($"{e.Code}: {e.Message}");
            }
        });
    }

    private Command Completion()
    {
        var shell = new Argument<string>("SHELL") { Description = string.Join(", ", Completions.Shells) };
        shell.AcceptOnlyFromAmong(Completions.Shells);
        const string Description = "Print a script that makes a shell complete this command line";
        return Does(new Command("completion", Description) { shell }, parsed =>
            _terminal.Print(Completions.For(parsed.GetRequiredValue(shell))));
    }

    private Argument<string[]> Sources(string description, ArgumentArity arity) =>
        Completing(new Argument<string[]>("SOURCE")
        {
            Description = $"{description}: URL, name in nuget.config, DOMAIN or DOMAIN/REPOSITORY",
            Arity = arity,
        });

    private IReadOnlyList<Source> Find(ParseResult parsed, Argument<string[]> sources)
    {
        var (named, owner, region) = Named(parsed, sources);
        return _sources.Find(named, owner, region);
    }

    private (string[] Sources, string? Owner, string? Region) Named(ParseResult parsed, Argument<string[]> sources) =>
        (parsed.GetValue(sources) ?? [], parsed.GetValue(_owner), parsed.GetValue(_region));

    private T Completing<T>(T source)
        where T : Argument
    {
        source.CompletionSources.Add(_ =>
        {
            try
            {
                return _sources.CodeArtifact.Select(known => new CompletionItem(known.Name!));
            }
            catch (CommandFailedException)
            {
                // A broken nuget.config is told by commands, not while somebody types.
                return [];
            }
        });
        return source;
    }

    private static Option<string?> Text(string name, string value, string description) =>
        new(name) { Description = description, HelpName = value };

    private static Option<bool> Flag(string name, string description) => new(name) { Description = description };

    private static Option<string> Format(string[] names)
    {
        var format = new Option<string>("--format")
        {
            Description = $"One of {string.Join(", ", names)}",
            HelpName = "FORMAT",
            DefaultValueFactory = _ => names[0],
        };
        return format.AcceptOnlyFromAmong(names);
    }

    private Command Does(Command command, Action<ParseResult> action) => Does(command, (parsed, _) =>
    {
        action(parsed);
        return Task.FromResult(true);
    });

    private Command Does(Command command, Func<ParseResult, CancellationToken, Task<bool>> action)
    {
        command.SetAction(async (parsed, cancel) =>
        {
            try
            {
                return await action(parsed, cancel) ? Done : Failed;
            }
            catch (CommandFailedException e)
            {
                _terminal.Error(e.Message);
            }
            catch (NoTokenException e)
            {
                _terminal.Error($"{e.Code}: no token: {e.Message}");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _terminal.Error($"{command.Name} failed: {e.Message}");
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                // Whoever pressed Ctrl-C knows.
            }

            return Failed;
        });
        return command;
    }
}
