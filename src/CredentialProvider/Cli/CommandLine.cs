using System.CommandLine;
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

    private readonly Option<string?> _owner = new("--owner") { Description = "Account that owns the domain, where nuget.config does not tell", HelpName = "ACCOUNT" };
    private readonly Option<string?> _region = new("--region") { Description = "Region of the domain, where nuget.config does not tell", HelpName = "REGION" };
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON" };
    private readonly Option<string?> _config = new("--config") { Description = "nuget.config to change (default: the nearest)", HelpName = "FILE" };

    public CommandLine(Settings settings, Terminal terminal, TimeProvider time)
    {
        (_settings, _terminal, _time) = (settings, terminal, time);
        _sources = new NuGetSources(settings, Directory.GetCurrentDirectory());
        _service = new TokenService(settings, time);
        _cache = new TokenCache(settings.CacheFolder);
        _tokens = new TokenCommands(settings, terminal, new TokenSource(settings, _cache, time, _service.FetchAsync), _cache, time);
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
        var root = new RootCommand("Tokens for AWS CodeArtifact feeds. NuGet starts this program with -Plugin; these commands are for people.")
        {
            Install(), Uninstall(), Configure(), Doctor(), Policy(), Token(), Warm(), Cache(), Login(), Completion(),
        };
        // Windows' ways of asking for help would be completed everywhere.
        foreach (var alias in new[] { "/h", "/?", "-?" })
            root.Options.OfType<HelpOption>().Single().Aliases.Remove(alias);
        return root;
    }

    private Command Install()
    {
        var (native, netcore, netfx, bin, home) = InstallationOptions();
        var command = new Command("install", "Put the plugin where this machine's NuGet clients find it") { native, netcore, netfx, bin, home };
        return Does(command, (parsed, _) =>
        {
            new Installation(_settings, _terminal, parsed.GetValue(bin), parsed.GetValue(home)).Install(Chosen(parsed, native, netcore, netfx));
            return Task.FromResult(true);
        });
    }

    private Command Uninstall()
    {
        var (native, netcore, netfx, bin, home) = InstallationOptions();
        var command = new Command("uninstall", "Take away what install has put there") { native, netcore, netfx, bin, home };
        return Does(command, (parsed, _) =>
        {
            new Installation(_settings, _terminal, parsed.GetValue(bin), parsed.GetValue(home)).Uninstall(Chosen(parsed, native, netcore, netfx));
            return Task.FromResult(true);
        });
    }

    private static (Option<bool> Native, Option<bool> NetCore, Option<bool> NetFx, Option<string?> Bin, Option<string?> Home) InstallationOptions() => (
        new("--native") { Description = "The native program, on PATH: NuGet 6.13 and later" },
        new("--netcore") { Description = "The plugin in ~/.nuget/plugins/netcore: every .NET SDK" },
        new("--netfx") { Description = "The plugin in ~/.nuget/plugins/netfx: Visual Studio, msbuild.exe, nuget.exe" },
        new("--bin") { Description = "Folder for the native program (default: ~/.local/bin)", HelpName = "DIR" },
        new("--home") { Description = "Home folder with .nuget/plugins in it (default: the user's)", HelpName = "DIR" });

    private static string[] Chosen(ParseResult parsed, params Option<bool>[] parts) =>
        [.. parts.Where(part => parsed.GetValue(part)).Select(part => part.Name[2..])];

    private Command Configure() => new("configure", "Add or remove a source in nuget.config, set defaults for tokens")
    {
        ConfigureAdd(),
        ForSource("remove", "Remove a source from nuget.config", (commands, name, config) => commands.Remove(name, config)),
        ForSource("forget", "Remove a source's stored credentials, which win over the plugin", (commands, name, config) => commands.Forget(name, config)),
        ConfigureSet("set", "Set a default in the configuration file"),
        ConfigureSet("unset", "Remove a default from the configuration file"),
    };

    private Command ConfigureAdd()
    {
        var name = new Argument<string?>("NAME") { Description = "The source's name (default: DOMAIN/REPOSITORY)", Arity = ArgumentArity.ZeroOrOne };
        var domain = new Option<string>("--domain") { Description = "The domain", HelpName = "DOMAIN", Required = true };
        var repository = new Option<string>("--repository") { Description = "The repository", HelpName = "REPOSITORY", Required = true };
        var owner = new Option<string?>("--owner") { Description = "Account that owns the domain (default: AWS is asked, with this machine's identity)", HelpName = "ACCOUNT" };
        var region = new Option<string?>("--region") { Description = "Region of the domain (default: AWS_REGION)", HelpName = "REGION" };
        var dualStack = new Option<bool>("--dual-stack") { Description = "The host that answers over IPv6, too" };
        var map = new Option<string[]>("--map") { Description = "Package ids that come from here and nowhere else", HelpName = "PATTERN", AllowMultipleArgumentsPerToken = true };
        var command = new Command("add", "Add a source to nuget.config") { name, domain, repository, owner, region, dualStack, map, _config };
        return Does(command, async (parsed, cancel) =>
        {
            await Configuring().AddAsync(new ConfigureCommands.Wanted(
                parsed.GetValue(name), parsed.GetRequiredValue(domain), parsed.GetRequiredValue(repository), parsed.GetValue(owner),
                parsed.GetValue(region), parsed.GetValue(dualStack), parsed.GetValue(map) ?? [], parsed.GetValue(_config)), cancel);
            return true;
        });
    }

    private Command ForSource(string verb, string description, Action<ConfigureCommands, string, string?> action)
    {
        var source = new Argument<string>("NAME") { Description = "The source's name in nuget.config" };
        return Does(new Command(verb, description) { Completing(source), _config }, (parsed, _) =>
        {
            action(Configuring(), parsed.GetRequiredValue(source), parsed.GetValue(_config));
            return Task.FromResult(true);
        });
    }

    private Command ConfigureSet(string verb, string description)
    {
        var key = new Argument<string>("KEY") { Description = string.Join(", ", ConfigurationFile.OptionKeys) };
        key.CompletionSources.Add(_ => ConfigurationFile.OptionKeys.Select(name => new System.CommandLine.Completions.CompletionItem(name)));
        var value = new Argument<string>("VALUE") { Description = "Several roles have commas between them" };
        var command = new Command(verb, description) { key };
        if (verb == "set")
            command.Add(value);
        return Does(command, (parsed, _) =>
        {
            Configuring().Set(parsed.GetRequiredValue(key), verb == "set" ? parsed.GetRequiredValue(value) : null);
            return Task.FromResult(true);
        });
    }

    private ConfigureCommands Configuring() => new(_settings, _terminal, _sources, _service);

    private Command Doctor()
    {
        var sources = Sources("Sources to examine (default: CodeArtifact's in nuget.config)", ArgumentArity.ZeroOrMore);
        var package = new Option<string?>("--package") { Description = "Also: does the repository, or what is behind it, have this package?", HelpName = "ID" };
        var publish = new Option<string?>("--publish") { Description = "Also: may this package be published? (offers a version that is there already)", HelpName = "ID" };
        var command = new Command("doctor", "Find out what is wrong and how it is mended") { sources, package, publish, _owner, _region, _json };
        return Does(command, (parsed, cancel) => new Examination(_settings, _terminal, _time, _sources, _cache).RunAsync(
            Patient.Find(_sources, _settings, parsed.GetValue(sources) ?? [], parsed.GetValue(_owner), parsed.GetValue(_region)),
            new Examination.Questions(parsed.GetValue(package), parsed.GetValue(publish), parsed.GetValue(_json)), cancel));
    }

    private Command Policy()
    {
        var sources = Sources("What has to be read or published to", ArgumentArity.OneOrMore);
        var publish = new Option<bool>("--publish") { Description = "Publishing, too" };
        var principal = new Option<string?>("--principal") { Description = "A reader of another account: its number, or the ARN of a role or user", HelpName = "PRINCIPAL" };
        var format = Format(PolicyDocuments.Formats);
        var command = new Command("policy", "Print the least IAM policy that does") { sources, publish, principal, format, _owner, _region };
        return Does(command, (parsed, _) =>
        {
            var feeds = _sources.Find(parsed.GetValue(sources)!, parsed.GetValue(_owner), parsed.GetValue(_region)).Select(source => source.Feed).ToList();
            if (feeds.Find(feed => feed.Repository.Length == 0) is { } bare)
                throw new CommandFailedException($"no policy for {bare.Domain}: it takes a repository, too; name {bare.Domain}/REPOSITORY");
            var documents = PolicyDocuments.For(feeds, parsed.GetValue(publish), parsed.GetValue(principal));
            _terminal.Print(parsed.GetValue(format) switch
            {
                "terraform" => PolicyFormats.Terraform(documents),
                "cloudformation" => PolicyFormats.CloudFormation(documents),
                _ => PolicyFormats.Json(documents),
            });
            return Task.FromResult(true);
        });
    }

    private Command Token()
    {
        var source = Completing(new Argument<string>("SOURCE") { Description = "A feed's URL, its name in nuget.config, DOMAIN or DOMAIN/REPOSITORY" });
        var format = Format(TokenCommands.Formats);
        var output = new Option<string?>("--output") { Description = "Write it to a file that only its owner can read", HelpName = "FILE" };
        var command = new Command("token", "Print a token, for tools that run no plugins") { source, format, output, _owner, _region };
        return Does(command, async (parsed, cancel) =>
        {
            var found = _sources.Find(parsed.GetRequiredValue(source), parsed.GetValue(_owner), parsed.GetValue(_region));
            await _tokens.TokenAsync(found, parsed.GetRequiredValue(format), parsed.GetValue(output), cancel);
            return true;
        });
    }

    private Command Warm()
    {
        var sources = Sources("Sources (default: CodeArtifact's in nuget.config)", ArgumentArity.ZeroOrMore);
        return Does(new Command("warm", "Get tokens now, so that no build has to wait") { sources, _owner, _region }, (parsed, cancel) =>
            _tokens.WarmAsync(_sources.Find(parsed.GetValue(sources) ?? [], parsed.GetValue(_owner), parsed.GetValue(_region)), cancel));
    }

    private Command Cache()
    {
        var sources = Sources("Sources (default: all tokens)", ArgumentArity.ZeroOrMore);
        return new Command("cache", "Show or remove the tokens that are kept")
        {
            Does(new Command("list", "Show whose tokens are kept, and until when") { _json }, (parsed, _) =>
            {
                _tokens.ListCache(parsed.GetValue(_json));
                return Task.FromResult(true);
            }),
            Does(new Command("clear", "Remove tokens") { sources, _owner, _region }, (parsed, _) =>
            {
                var named = parsed.GetValue(sources) ?? [];
                _tokens.ClearCache(named.Length == 0 ? null : _sources.Find(named, parsed.GetValue(_owner), parsed.GetValue(_region)));
                return Task.FromResult(true);
            }),
            Does(new Command("path", "Print the folder"), (_, _) =>
            {
                _tokens.PrintCachePath();
                return Task.FromResult(true);
            }),
        };
    }

    private Command Login()
    {
        var name = new Option<string?>("--profile") { Description = "AWS profile (default: CODEARTIFACT_PROFILE, AWS_PROFILE or default)", HelpName = "NAME" };
        return Does(new Command("login", "Sign in for an AWS profile with single sign-on") { name }, async (parsed, cancel) =>
        {
            var profile = parsed.GetValue(name) ?? _settings.TokenOptions.Profile ?? _settings.Configuration.Defaults.Profile ?? _settings.AwsProfile ?? "default";
            try
            {
                var isNew = await new CredentialChain(_settings, _time).SignInAsync(profile, _terminal.Show, cancel);
                _terminal.Print(isNew ? $"signed in for AWS profile '{profile}'" : $"AWS profile '{profile}' is signed in already");
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
        return Does(new Command("completion", "Print a script that makes a shell complete this command line") { shell }, (parsed, _) =>
        {
            _terminal.Print(Completions.For(parsed.GetRequiredValue(shell)));
            return Task.FromResult(true);
        });
    }

    private Argument<string[]> Sources(string description, ArgumentArity arity) =>
        Completing(new Argument<string[]>("SOURCE") { Description = $"{description}: URL, name in nuget.config, DOMAIN or DOMAIN/REPOSITORY", Arity = arity });

    private T Completing<T>(T source)
        where T : Argument
    {
        source.CompletionSources.Add(_ => _sources.CodeArtifact.Select(known => new System.CommandLine.Completions.CompletionItem(known.Name!)));
        return source;
    }

    private static Option<string> Format(string[] names)
    {
        var format = new Option<string>("--format") { Description = $"One of {string.Join(", ", names)}", HelpName = "FORMAT", DefaultValueFactory = _ => names[0] };
        return format.AcceptOnlyFromAmong(names);
    }

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
