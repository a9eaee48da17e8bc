using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace CredentialProvider.EndToEndTests.Infra;

/// <summary>
/// Interprets a Dockerfile of build/images without a container engine: every instruction runs as written, in a root file system. It supports
/// the instructions that those files use and fails the test on any other.
/// </summary>
public sealed partial class Dockerfile(Sandbox sandbox, string file, string context)
{
    private readonly Dictionary<string, Image> _images = [];
    private readonly Dictionary<string, string> _before = [], _arguments = [];
    private Image? _image;

    /// <summary>Values of <c>--build-arg</c>.</summary>
    public Dictionary<string, string> Arguments { get; } = [];

    /// <summary>Files of <c>--secret</c> by id.</summary>
    public Dictionary<string, string> Secrets { get; } = [];

    /// <summary>Environment variables of the build steps that do not become part of the image.</summary>
    public Dictionary<string, string> Variables { get; } = new(Machine(sandbox)) { ["HOME"] = "/root" };

    /// <summary>Local images by name.</summary>
    public Dictionary<string, Image> Local { get; } = [];

    /// <summary>Files of this machine that every step sees, by their path in the image.</summary>
    public Dictionary<string, string> Mounts { get; } = new(Certificates(sandbox));

    /// <summary>Variables that send requests to LocalAws. Its CA comes with <see cref="Certificates"/> instead.</summary>
    public static Dictionary<string, string> Machine(Sandbox sandbox) => new(sandbox.Aws.Environment.Where(variable => variable.Key != "SSL_CERT_FILE"));

    /// <summary>Replaces the image's CA bundle with one that includes LocalAws's CA.</summary>
    public static ImmutableDictionary<string, string> Certificates(Sandbox sandbox) =>
        ImmutableDictionary<string, string>.Empty.Add("/etc/ssl/certs/ca-certificates.crt", sandbox.Aws.CaBundleFile);

    public async Task<Image> BuildAsync()
    {
        var lines = Comment().Replace(await File.ReadAllTextAsync(Artifacts.Source(file), TestContext.Current.CancellationToken), "");
        foreach (var line in Continued().Replace(lines, "").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var (instruction, rest) = (line[..line.IndexOf(' ', StringComparison.Ordinal)], line[(line.IndexOf(' ', StringComparison.Ordinal) + 1)..].Trim());
            await StepAsync(instruction, rest);
        }

        return _image!;
    }

    private async Task StepAsync(string instruction, string rest)
    {
        switch (instruction)
        {
            case "ARG":
                Argument(rest);
                break;
            case "FROM":
                From(rest);
                break;
            case "ENV":
                var variable = Expand(rest).Split('=', 2);
                Change(_image! with { Environment = _image.Environment.SetItem(variable[0], variable[1]) });
                break;
            case "USER":
                Change(_image! with { User = Expand(rest) });
                break;
            case "WORKDIR":
                Change(_image!.WithLayer() with { WorkingDirectory = rest });
                (await (_image with { WorkingDirectory = "/" }).ExecuteAsync($"mkdir -p {rest}")).Succeeded();
                break;
            case "CMD":
                Change(_image! with { Command = rest });
                break;
            case "COPY":
                await CopyAsync(Expand(rest).Split(' '));
                break;
            case "RUN":
                await RunAsync(rest);
                break;
            default:
                Assert.Fail($"{file}: {instruction} is not supported");
                break;
        }
    }

    /// <summary>A stage sees an ARG from before the first FROM only if it declares the name itself.</summary>
    private void Argument(string declaration)
    {
        var parts = declaration.Split('=', 2);
        if ((Arguments.GetValueOrDefault(parts[0]) ?? (parts.Length == 2 ? parts[1] : _before.GetValueOrDefault(parts[0]))) is { } value)
            (_image is null ? _before : _arguments)[parts[0]] = value;
    }

    private void From(string line)
    {
        var words = Expand(line, _before).Split(' ');
        _arguments.Clear();
        _image = (Microsofts().IsMatch(words[0]) ? new Image(sandbox, [], Microsoft) : _images.GetValueOrDefault(words[0]) ?? Local[words[0]])
            .WithLayer() with { Mounts = Mounts.ToImmutableDictionary() };
        _images[words is [_, "AS", var name] ? name : ""] = _image;
    }

    /// <summary>The environment of Microsoft's images. The root file system has no ICU, hence the invariant mode.</summary>
    private static ImmutableDictionary<string, string> Microsoft { get; } = new Dictionary<string, string>
    {
        ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ["APP_UID"] = "1654",
        ["DOTNET_NOLOGO"] = "true",
        ["DOTNET_GENERATE_ASPNET_CERTIFICATE"] = "false",
        ["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "1",
    }.ToImmutableDictionary();

    private void Change(Image image)
    {
        _images[_images.Single(entry => entry.Value == _image).Key] = image;
        _image = image;
    }

    private async Task CopyAsync(string[] words)
    {
        var from = words[0].StartsWith("--from=", StringComparison.Ordinal) ? _images[words[0]["--from=".Length..]] : null;
        string[] sources = from is null ? words[..^1] : words[1..^1];
        Change(_image!.WithLayer());
        var target = Path.IsPathRooted(words[^1]) ? words[^1] : $"{_image!.WorkingDirectory}/{words[^1].TrimStart('.', '/')}";
        (await _image!.CopyAsync(from, from is null ? context : "", sources, target)).Succeeded();
    }

    private async Task RunAsync(string rest)
    {
        Change(_image!.WithLayer());
        var secrets = sandbox.Folder($"secrets/{Guid.NewGuid():N}");
        for (var mount = SecretMount().Match(rest); mount.Success; mount = SecretMount().Match(rest))
        {
            rest = rest[mount.Length..];
            if (Secrets.TryGetValue(mount.Groups[1].Value, out var source))
                File.Copy(source, Path.Combine(secrets, mount.Groups[1].Value));
        }

        var variables = Variables.Concat(_arguments).Select(variable => (variable.Key, (string?)variable.Value)).ToArray();
        var image = _image! with { Mounts = _image.Mounts.SetItem("/run/secrets", secrets) };
        try
        {
            (await image.ExecuteAsync(rest, variables)).Succeeded();
        }
        finally
        {
            Directory.Delete(secrets, recursive: true);
        }
    }

    private string Expand(string text) => Expand(text, _arguments);

    private string Expand(string text, Dictionary<string, string> arguments) => Variable().Replace(text, match =>
        _image?.Environment.GetValueOrDefault(match.Groups[1].Value) ?? arguments.GetValueOrDefault(match.Groups[1].Value) ?? "");

    [GeneratedRegex(@"^mcr\.microsoft\.com/dotnet/(sdk|runtime):10\.0@sha256:[0-9a-f]{64}$")]
    private static partial Regex Microsofts();

    [GeneratedRegex(@"^#.*\n", RegexOptions.Multiline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"\\\n")]
    private static partial Regex Continued();

    [GeneratedRegex(@"\$\{?([A-Za-z_]+)\}?")]
    private static partial Regex Variable();

    [GeneratedRegex(@"^--mount=type=secret,id=([a-z]+)\s+")]
    private static partial Regex SecretMount();
}
