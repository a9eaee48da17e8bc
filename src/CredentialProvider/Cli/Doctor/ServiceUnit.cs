using System.ComponentModel;
using System.Text;
using CredentialProvider.Configuration;
using CredentialProvider.Platform;

namespace CredentialProvider.Cli.Doctor;

/// <summary>
/// A systemd service: its user and its environment, put together as systemd does for the next start of the service.
/// https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html
/// </summary>
internal sealed class ServiceUnit
{
    /// <summary>Settings that hide files from the service or keep it from executing them.</summary>
    private static readonly string[] FileSettings =
        ["RootDirectory", "RootImage", "ProtectHome", "InaccessiblePaths", "TemporaryFileSystem", "NoExecPaths"];

    /// <summary>Settings that create folders for the service, with the variable for their paths and the folder above.</summary>
    private static readonly (string Setting, string Variable, string Parent)[] Folders =
    [
        ("RuntimeDirectory", "RUNTIME_DIRECTORY", "/run"), ("StateDirectory", "STATE_DIRECTORY", "/var/lib"),
        ("CacheDirectory", "CACHE_DIRECTORY", "/var/cache"), ("LogsDirectory", "LOGS_DIRECTORY", "/var/log"),
        ("ConfigurationDirectory", "CONFIGURATION_DIRECTORY", "/etc"),
    ];

    /// <summary>Settings that put secrets into files of the service.</summary>
    private static readonly string[] CredentialSettings =
        ["LoadCredential", "LoadCredentialEncrypted", "SetCredential", "SetCredentialEncrypted", "ImportCredential"];

    private static readonly string[] Properties =
    [
        "LoadState", "User", "Group", "SupplementaryGroups",
        "Environment", "PassEnvironment", "EnvironmentFiles", "UnsetEnvironment", .. FileSettings, .. CredentialSettings,
        .. Folders.Select(folder => folder.Setting),
    ];

    private readonly List<(string Name, string Value)> _properties;
    private readonly Dictionary<string, string> _files = [];
    private readonly List<string> _unknown = [];

    private ServiceUnit(string name, List<(string Name, string Value)> properties) =>
        (Name, _properties) = (name, properties);

    /// <summary>With its suffix.</summary>
    public string Name { get; }

    /// <summary>A name or a UID; root if the unit does not say.</summary>
    public string User => Get("User") is { Length: > 0 } user ? user : "root";

    /// <summary>The group of its processes; null for the user's own.</summary>
    public string? Group => Get("Group") is { Length: > 0 } group ? group : null;

    /// <summary>Groups beside those of the user.</summary>
    public IReadOnlyList<string> SupplementaryGroups => ParseWords(Get("SupplementaryGroups"));

    /// <summary>Variables whose values this user may not read.</summary>
    public IReadOnlyList<string> UnknownVariables => _unknown;

    /// <summary>The folder of the service's credentials; null if its unit sets none.</summary>
    public string? CredentialsFolder =>
        Array.Exists(CredentialSettings, setting => Get(setting).Length > 0) ? $"/run/credentials/{Name}" : null;

    /// <summary>Settings that this program does not apply, such as <c>ProtectHome=yes</c>.</summary>
    public IEnumerable<string> Restrictions => _properties
        .Where(property => FileSettings.Contains(property.Name) && property.Value is not ("" or "no"))
        .Select(property => $"{property.Name}={property.Value}");

    /// <param name="name">With or without <c>.service</c>.</param>
    /// <exception cref="CommandFailedException">systemd does not run or has no such unit.</exception>
    public static async Task<ServiceUnit> ReadAsync(string name, CancellationToken cancel)
    {
        if (!name.EndsWith(".service", StringComparison.Ordinal))
            name += ".service";
        var output = await AskAsync(["show", "--property", string.Join(",", Properties), "--", name], cancel);
        var unit = Parse(name, output);
        return unit.Get("LoadState") == "loaded" ? unit : throw new CommandFailedException(
            $"cannot check service {name}: systemd has no such unit; list them: systemctl list-units --type=service");
    }

    /// <param name="output">What <c>systemctl show</c> prints.</param>
    internal static ServiceUnit Parse(string name, string output) => new(name, ParseProperties(output));

    /// <summary>Every variable that systemd sets for the service.</summary>
    /// <exception cref="CommandFailedException">A file with variables cannot be read, so the service cannot start.</exception>
    public async Task<Dictionary<string, string?>> GetEnvironmentAsync(UserEntry user, CancellationToken cancel)
    {
        var variables = new Dictionary<string, string?>();
        // What every service gets, such as the default PATH.
        foreach (var line in (await AskAsync(["show-environment"], cancel)).Split('\n'))
            Add(ParseWords(line), variables);
        if (Get("User").Length > 0)
            user.SetVariables(variables);
        foreach (var (setting, variable, parent) in Folders)
        {
            // A name may be followed by a link and its options.
            if (ParseWords(Get(setting)) is { Count: > 0 } names)
                variables[variable] = string.Join(":", names.Select(name => $"{parent}/{name.Split(':')[0]}"));
        }

        if (CredentialsFolder is { } credentials)
            variables["CREDENTIALS_DIRECTORY"] = credentials;
        Pass(ParseWords(Get("PassEnvironment")), variables);
        Add(ParseWords(Get("Environment")), variables);
        foreach (var (_, entry) in _properties.Where(property => property is { Name: "EnvironmentFiles", Value.Length: > 0 }))
            ReadFiles(entry, variables);
        foreach (var name in ParseWords(Get("UnsetEnvironment")))
            variables.Remove(name);
        return variables;
    }

    /// <summary>The EnvironmentFile that sets a variable; null if there is none. It takes precedence over the unit.</summary>
    public string? FindFile(string variable) => _files.TryGetValue(variable, out var file) ? file : null;

    /// <param name="entry">For example <c>/etc/default/agent (ignore_errors=yes)</c>; the name may have wildcards.</param>
    internal void ReadFiles(string entry, Dictionary<string, string?> variables)
    {
        const string Ignored = " (ignore_errors=yes)", Required = " (ignore_errors=no)";
        var isRequired = entry.EndsWith(Required, StringComparison.Ordinal);
        var path = entry.Replace(isRequired ? Required : Ignored, "");
        try
        {
            var folder = Path.GetDirectoryName(path)!;
            string[] files = path.IndexOfAny(['*', '?']) < 0 ? [path]
                : [.. Directory.GetFiles(folder, Path.GetFileName(path)).OrderBy(file => file, StringComparer.Ordinal)];
            foreach (var file in files)
            {
                foreach (var (name, value) in EnvironmentFile.Read(ReadFile(file)))
                    (variables[name], _files[name]) = (value, file);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (isRequired)
            {
                throw new CommandFailedException($"cannot check service {Name}: systemd does not start it, because its "
                    + $"EnvironmentFile cannot be read: {e.Message.TrimEnd('.')}; correct the unit, or run this with sudo");
            }
        }
    }

    /// <summary>The service's user may be able to put anything in its place.</summary>
    /// <exception cref="IOException">It cannot be read, is not a regular file, or is too large.</exception>
    internal static string ReadFile(string path)
    {
        const int MaxSize = 1024 * 1024;
        return RegularFile.TryRead(path, MaxSize) is { } bytes ? Encoding.UTF8.GetString(bytes)
            : throw new IOException($"{path}: {RegularFile.WhyUnreadable(path, MaxSize)}");
    }

    /// <summary>Adds variables of systemd's own process. Unlike the variables of its manager, they are not passed on
    /// otherwise.</summary>
    private void Pass(List<string> names, Dictionary<string, string?> variables)
    {
        if (names.Count == 0)
            return;
        try
        {
            var all = File.ReadAllText("/proc/1/environ").Split('\0');
            Add(all.Where(variable => names.Contains(variable.Split('=')[0])), variables);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _unknown.AddRange(names);
        }
    }

    private string Get(string name) => _properties.Find(property => property.Name == name).Value ?? "";

    private static void Add(IEnumerable<string> assignments, Dictionary<string, string?> variables)
    {
        foreach (var assignment in assignments)
        {
            if (assignment.IndexOf('=') is > 0 and var at)
                variables[assignment[..at]] = assignment[(at + 1)..];
        }
    }

    /// <summary>Lines of the form NAME=VALUE; a value may have line ends.</summary>
    private static List<(string Name, string Value)> ParseProperties(string output)
    {
        var properties = new List<(string Name, string Value)>();
        foreach (var line in output.Split('\n'))
        {
            if (line.IndexOf('=') is > 0 and var at && Array.IndexOf(Properties, line[..at]) >= 0)
                properties.Add((line[..at], line[(at + 1)..]));
            else if (properties.Count > 0 && line.Length > 0)
                properties[^1] = (properties[^1].Name, $"{properties[^1].Value}\n{line}");
        }

        return properties;
    }

    /// <summary>Words as systemctl quotes them: in double quotes with backslashes or, in show-environment, as
    /// <c>NAME=$'…'</c>.</summary>
    internal static List<string> ParseWords(string text)
    {
        const char None = '\0';
        var (words, word, quote) = (new List<string>(), (StringBuilder?)null, None);
        for (var i = 0; i < text.Length; i++)
        {
            var (c, next) = (text[i], i + 1 < text.Length ? text[i + 1] : None);
            if (quote == None && c is ' ' or '\n')
            {
                if (word is not null)
                    words.Add(word.ToString());
                word = null;
                continue;
            }

            word ??= new StringBuilder();
            if (c == quote)
                quote = None;
            else if (quote == None && c is '"' or '\'')
                quote = c;
            else if (c == '\\' && next != None)
                word.Append(text[++i] switch { 'n' when quote == '\'' => '\n', 't' when quote == '\'' => '\t', var escaped => escaped });
            else if (quote != None || c != '$' || next != '\'')
                word.Append(c);
        }

        if (word is not null)
            words.Add(word.ToString());
        return words;
    }

    private static async Task<string> AskAsync(string[] arguments, CancellationToken cancel)
    {
        const string Systemctl = "systemctl";
        string why;
        try
        {
            if (ProcessEnvironment.FindProgram(Systemctl) is { } program)
            {
                var run = await ProgramOutput.RunAsync(program, arguments, cancel);
                if (run.ExitCode == 0)
                    return run.Output;
                why = run.Errors.Split('\n')[0].TrimEnd('.', '\r');
            }
            else
            {
                why = $"{Systemctl} is not on PATH";
            }
        }
        catch (Win32Exception e)
        {
            why = e.Message;
        }

        throw new CommandFailedException($"cannot ask systemd: {why}; use --user NAME with the service's user");
    }
}
