using System.Globalization;
using System.Text;

namespace CredentialProvider.Tests.Identity;

/// <summary>AWS's shared files and environment as a user might have them, made from a seed.</summary>
internal sealed class GeneratedHome
{
    private static readonly string[] Names = ["default", "a", "b", "c", "my dev"];

    private readonly Random _random;
    private readonly string _config;
    private readonly string _credentials;

    private GeneratedHome(int seed, string home)
    {
        Seed = seed;
        _random = new Random(seed);
        _config = string.Concat(Names.Where(_ => Chance(60)).SelectMany(name => Repeated(name)).Select(ConfigSection))
            + (Chance(50) ? Section("sso-session corp", [("sso_start_url", "https://corp.example/start"), ("sso_region", "eu-west-1"), ("region", "x")]) : "");
        _credentials = string.Concat(Names.Where(_ => Chance(30)).Select(name => Section(name, CredentialsSettings())));
        Variables["HOME"] = home;
        Variables["AWS_CONFIG_FILE"] = Path.Combine(home, "config");
        Variables["AWS_SHARED_CREDENTIALS_FILE"] = Path.Combine(home, "credentials");
        AddVariables();
        Directory.CreateDirectory(home);
        Write("config", _config);
        Write("credentials", _credentials);
    }

    public int Seed { get; }

    public Dictionary<string, string> Variables { get; } = [];

    public static GeneratedHome Create(int seed, string home) => new(seed, home);

    public string Describe() => string.Join('\n',
        Variables.Where(variable => variable.Key != "HOME").Select(variable => $"  {variable.Key}={variable.Value}")) + $"\n--- config\n{_config}--- credentials\n{_credentials}---";

    /// <summary>Damages files and variables as editors, scripts and mistakes do.</summary>
    public void Damage()
    {
        foreach (var name in new[] { "config", "credentials" })
        {
            var path = Path.Combine(Variables["HOME"], name);
            if (File.Exists(path))
                File.WriteAllLines(path, File.ReadAllLines(path).SelectMany(DamageLine));
        }

        foreach (var name in Variables.Keys.Where(name => name is not ("HOME" or "AWS_CONFIG_FILE" or "AWS_SHARED_CREDENTIALS_FILE")).ToList())
        {
            if (Chance(10))
                Variables[name] = Pick(["", " ", "=", "a\nb", "\u00e9", new string('x', 5000), "null", "'"]);
        }

        if (Chance(10))
            Variables[Pick(["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS", "AWS_USE_FIPS_ENDPOINT", "AWS_EC2_METADATA_SERVICE_ENDPOINT"])] = Pick(["x", "http://", "://", "yes", "http://[", "https://exa mple"]);
    }

    private IEnumerable<string> DamageLine(string line)
    {
        if (Chance(4))
            yield return Pick(["nonsense", "=", "= x", "[", "]", "[]", "[profile]", "[profile ']", "[sso-session]", "\0", "key", "  more", "role_arn", "role_arn = ", "source_profile = default", "endpoint_url = x", "use_fips_endpoint = 1", "region = !", "services = none", "[default"]);
        if (Chance(4))
            yield break;
        yield return Chance(6) ? line[..(line.Length / 2)] : Chance(3) ? line.Replace('=', ' ') : Chance(2) ? line + line : line;
    }

    /// <summary>The classes of docs/guides/credentials.md in which this project differs from the AWS CLI on purpose.</summary>
    public bool ExplainsDifference(string ours, string theirs)
    {
        var isError = ours.StartsWith("error", StringComparison.Ordinal);
        return (theirs is "error ConfigParseError" && HasStrayLine) || HasRepeatedSection
            || (theirs is "error ProfileNotFound" && ours == $"key {Variables.GetValueOrDefault("AWS_ACCESS_KEY_ID")} {Variables.GetValueOrDefault("AWS_SECRET_ACCESS_KEY")} {Variables.GetValueOrDefault("AWS_SESSION_TOKEN") ?? "None"}")
            || (ours.StartsWith("role ", StringComparison.Ordinal) && ours.Replace(" env-session <-", " None <-", StringComparison.Ordinal) == theirs)
            || (theirs.Contains("mfa", StringComparison.Ordinal) && isError && ours.Contains("MFA", StringComparison.Ordinal))
            || (theirs is "error InvalidConfigError" && ours.StartsWith("sso ", StringComparison.Ordinal) && _config.Contains("region", StringComparison.OrdinalIgnoreCase))
            || (isError && ours.Contains("AWS_SECRET_ACCESS_KEY is set but AWS_ACCESS_KEY_ID is not", StringComparison.Ordinal))
            || (isError && ours.Contains("aws_access_key_id is missing", StringComparison.Ordinal))
            || (isError && ours.Contains("web_identity_token_file is empty", StringComparison.Ordinal))
            || (isError && ours.Contains("sso_account_id and sso_role_name are missing", StringComparison.Ordinal));
    }

    /// <summary>Python's parser rejects a whole file for one line that is not a setting.</summary>
    private bool HasStrayLine { get; set; }

    /// <summary>botocore rejects a file with the same header twice, and of two headers for one profile, such as
    /// <c>[profile c]</c> and <c>[profile 'c']</c>, it reads the later one alone. This project merges them.</summary>
    private bool HasRepeatedSection { get; set; }

    private IEnumerable<string> Repeated(string name)
    {
        yield return name;
        if (!Chance(3))
            yield break;
        HasRepeatedSection = true;
        yield return name;
    }

    private void AddVariables()
    {
        if (Chance(50))
            Variables["AWS_PROFILE"] = Pick([.. Names, "missing"]);
        if (Chance(15))
            Variables["AWS_ACCESS_KEY_ID"] = "AKENV";
        if (Variables.ContainsKey("AWS_ACCESS_KEY_ID") ? Chance(90) : Chance(3))
            Variables["AWS_SECRET_ACCESS_KEY"] = "SKENV";
        if (Chance(10))
            Variables["AWS_SESSION_TOKEN"] = "STENV";
        if (Chance(12))
            Variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/token";
        if (Chance(12))
            Variables["AWS_ROLE_ARN"] = Role("Env");
        if (Chance(10))
            Variables["AWS_ROLE_SESSION_NAME"] = "env-session";
        if (Chance(10))
            Variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/1";
        if (Chance(10))
            Variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://169.254.170.23/v1/credentials";
    }

    private string ConfigSection(string name)
    {
        var quoted = name.Contains(' ', StringComparison.Ordinal) ? Pick([$"'{name}'", $"\"{name}\"", name.Replace(" ", "\\ ", StringComparison.Ordinal)]) : Pick([name, name, name, $"'{name}'"]);
        return Section(name == "default" && Chance(80) ? name : $"profile{Pick([" ", "  ", "\t", " ", "s "])}{quoted}", ConfigSettings());
    }

    private List<(string Name, string Value)> ConfigSettings()
    {
        var settings = new List<(string, string)>();
        Add(settings, 60, "region", Pick(["us-east-1", "eu-west-1"]));
        Add(settings, 30, "role_arn", Role(Pick(["A", "B"])));
        Add(settings, 30, "source_profile", Pick([.. Names, "missing"]));
        Add(settings, 10, "credential_source", Pick(["Environment", "EcsContainer", "Ec2InstanceMetadata", "ec2instancemetadata", "environment", "Nonsense"]));
        Add(settings, 10, "external_id", "42");
        Add(settings, 10, "role_session_name", "ci");
        Add(settings, 8, "duration_seconds", Pick(["900", "43200", "x"]));
        Add(settings, 3, "mfa_serial", "arn:aws:iam::111122223333:mfa/x");
        Add(settings, 8, "web_identity_token_file", "/profile-token");
        Add(settings, 15, "sso_account_id", "111122223333");
        Add(settings, 15, "sso_role_name", "Reader");
        Add(settings, 10, "sso_start_url", "https://old.example/start");
        Add(settings, 10, "sso_region", "us-west-2");
        Add(settings, 8, "sso_session", Pick(["corp", "other"]));
        Add(settings, 12, "credential_process", Pick(["/bin/creds --x 'a b'", "creds # not a comment ; either"]));
        Add(settings, 5, "use_fips_endpoint", "maybe");
        Add(settings, 5, "retry_mode", "legacy");
        Add(settings, 5, "max_attempts", "x");
        AddKeys(settings, 15, "CFG");
        return settings;
    }

    private List<(string Name, string Value)> CredentialsSettings()
    {
        var settings = new List<(string, string)>();
        AddKeys(settings, 80, "CRED");
        Add(settings, 5, "role_arn", Role("C"));
        Add(settings, 5, "source_profile", Pick(Names));
        Add(settings, 5, "credential_process", "/bin/from-credentials");
        return settings;
    }

    private void AddKeys(List<(string, string)> settings, int percent, string kind)
    {
        if (!Chance(percent))
            return;
        var number = _random.Next(100).ToString(CultureInfo.InvariantCulture);
        Add(settings, 96, "aws_access_key_id", $"AK{kind}{number}");
        Add(settings, 96, "aws_secret_access_key", $"SK{kind}+/={number}");
        Add(settings, 20, Pick(["aws_session_token", "aws_security_token"]), $"ST{kind}{number}");
    }

    private string Section(string name, List<(string Name, string Value)> settings)
    {
        var text = new StringBuilder($"[{name}]{Pick(["", "", "", " # mine", " ; mine"])}\n");
        foreach (var (setting, value) in settings.OrderBy(_ => _random.Next()))
        {
            text.Append(Pick(["", "", "", "# comment\n", "; comment = x\n", "\n"]));
            text.Append(CultureInfo.InvariantCulture, $"{Pick([setting, setting, setting.ToUpperInvariant()])}{Pick(["=", " = ", "  =", ": "])}{value}{Pick(["", "", " ", "\t"])}\n");
        }

        if (Chance(10))
            text.Append("s3 =\n  max_concurrent_requests = 10\n  addressing_style = path\n");

        if (Chance(2))
        {
            HasStrayLine = true;
            text.Append("neither a section nor a setting\n");
        }

        return text.Append(Pick(["", "\n"])).ToString();
    }

    private void Add(List<(string, string)> settings, int percent, string name, string value)
    {
        if (Chance(percent))
            settings.Add((name, Chance(2) ? "" : value));
    }

    private void Write(string name, string text)
    {
        if (text.Length > 0)
            File.WriteAllText(Path.Combine(Variables["HOME"], name), Chance(10) ? text.Replace("\n", "\r\n", StringComparison.Ordinal) : text);
    }

    private static string Role(string name) => $"arn:aws:iam::111122223333:role/{name}";

    private bool Chance(int percent) => _random.Next(100) < percent;

    private string Pick(string[] choices) => choices[_random.Next(choices.Length)];
}
