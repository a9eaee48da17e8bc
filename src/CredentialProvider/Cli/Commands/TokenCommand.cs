using System.CommandLine;
using System.Security;
using System.Text;
using System.Xml;
using CredentialProvider.Cli.NuGet;
using CredentialProvider.Configuration;
using CredentialProvider.FastStart;
using CredentialProvider.Feeds;
using CredentialProvider.Tokens;

namespace CredentialProvider.Cli.Commands;

/// <summary><c>token</c>: prints a token, or writes it to a file that only its owner can read.</summary>
internal sealed class TokenCommand : CliCommand
{
    private readonly SourceOptions _source;
    private readonly Option<string> _format =
        SharedOptions.Format("text", "json", "env", "netrc", "header", "nuget-config");

    private readonly Option<string?> _output = OutputFile.Option();

    private readonly Option<string?> _profile = SharedOptions.Profile();

    public TokenCommand(CommandContext context)
        : base(context, "token", "Print a token for tools that do not support plugins")
    {
        _source = SourceOptions.OneOfAnyFormat(context.Sources);
        _source.AddTo(this);
        foreach (var option in new Option[] { _format, _output, _profile })
            Add(option);
    }

    public override HelpEntry[] Examples { get; } =
    [
        new("nuget-plugin-codeartifact token contoso", "Print the token for a source in nuget.config"),
        new("nuget-plugin-codeartifact token contoso/app --owner 111122223333 --region us-east-1 --format json",
            "Print user name, token and expiration of a repository that is not in nuget.config"),
        new("nuget-plugin-codeartifact token contoso --format nuget-config --output nuget.secret",
            "Write a nuget.config for an image build that mounts it as a secret"),
        new("nuget-plugin-codeartifact token https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/pypi/app/ "
            + "--format netrc --output pip.netrc",
            "Write a netrc file for pip (NETRC=pip.netrc) or curl (--netrc-file pip.netrc)"),
    ];

    public override HelpEntry[] Variables { get; } =
    [
        ProfileVariables, RegionVariables, CacheVariables, ProxyVariables,
        ExternalTokenVariables,
    ];

    protected override async Task<bool> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        var source = _source.Find(parsed)[0];
        var settings = Context.Settings.WithProfile(parsed.GetValue(_profile));
        var token = await new CommandTokens(settings, Terminal, Context.Time)
            .RequireAsync(TokenRequest.For(source.Feed, settings), renewIfAging: false, cancel);
        var format = parsed.GetValue(_format);
        // A token from outside may have any characters.
        if (format is "env" or "netrc" && !AsciiText.IsToken(token.Token.Reveal()))
        {
            throw new CommandFailedException(
                $"no token as {format}: the token in {token.Source} contains a character that a shell or a netrc file "
                + "would take for syntax; use --format text");
        }

        var text = format switch
        {
            "json" => ToJson(source.Feed, token),
            "env" => $"CODEARTIFACT_AUTH_TOKEN={token.Token.Reveal()}",
            "netrc" => ToNetrc(source.Url, token),
            "header" => ToHeader(source.Url, token),
            "nuget-config" => ToNuGetConfig(source, token),
            _ => token.Token.Reveal(),
        };
        if (parsed.GetValue(_output) is not { } file)
        {
            Terminal.PrintVerbatim(text);
            return true;
        }

        if (OutputFile.Write(file, "token", text + "\n"))
            Terminal.Hint($"{file} contains a token for {source.Feed.DomainName}{CommandTokens.ValidUntil(token)}; only you can read it");
        return true;
    }

    private static string ToJson(Feed feed, AuthorizationToken token) => JsonText.Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("domain", feed.Domain);
        json.WriteString("owner", feed.Owner);
        json.WriteString("region", feed.Region);
        json.WriteString("username", "aws");
        json.WriteSecret("token", token.Token);
        if (token.Expires != DateTimeOffset.MaxValue)
            json.WriteString("expires", token.Expires);
        json.WriteEndObject();
    });

    /// <summary>An entry for the host of a URL. Swift sends the password of the user "token" as a bearer token, as
    /// CodeArtifact expects it of Swift.</summary>
    private static string ToNetrc(string url, AuthorizationToken token)
    {
        FeedUrl.TrySplit(url, out var host, out var path);
        var user = FormatOf(path) == "swift" ? "token" : "aws";
        return $"machine {host.Split(':')[0]} login {user} password {token.Token.Reveal()}";
    }

    /// <summary>What the clients of the URL's package format send.</summary>
    private static string ToHeader(string url, AuthorizationToken token)
    {
        FeedUrl.TrySplit(url, out _, out var path);
        var text = token.Token.Reveal();
        return "Authorization: " + FormatOf(path) switch
        {
            "npm" or "swift" => $"Bearer {text}",
            "cargo" => text,
            _ => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"aws:{text}")),
        };
    }

    private static string FormatOf(string path) => path.Split('/')[1];

    /// <summary>A complete nuget.config, to be mounted as a secret where no plugin can run.</summary>
    private string ToNuGetConfig(Source source, AuthorizationToken token)
    {
        if (!FeedRecognition.TryFind(source.Url, Context.Settings, out _))
        {
            throw new CommandFailedException(
                $"no nuget.config for {source.Url}: it is not a NuGet feed; use another --format");
        }
        if (source.Feed.Repository.Length == 0)
        {
            throw new CommandFailedException(
                $"no nuget.config for {source.Feed.Domain}: the repository is missing; "
                + $"use {source.Feed.Domain}/REPOSITORY");
        }

        var name = source.Name ?? source.Feed.Repository;
        return $"""
            <?xml version="1.0" encoding="utf-8"?>
            <configuration>
              <packageSources>
                <add key="{SecurityElement.Escape(name)}" value="{SecurityElement.Escape(source.Url)}" />
              </packageSources>
              <packageSourceCredentials>
                <{XmlConvert.EncodeLocalName(name)}>
                  <add key="Username" value="aws" />
                  <add key="ClearTextPassword" value="{SecurityElement.Escape(token.Token.Reveal())}" />
                </{XmlConvert.EncodeLocalName(name)}>
              </packageSourceCredentials>
            </configuration>
            """;
    }
}
