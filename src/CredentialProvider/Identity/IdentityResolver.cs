using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.FastStart;
using CredentialProvider.Feeds;
using CredentialProvider.Platform;

namespace CredentialProvider.Identity;

/// <summary>
/// Finds the credential source in the order of the AWS CLI, after this project's own settings. Sources that are
/// configured are used or are an error; they are never skipped.
/// https://docs.aws.amazon.com/cli/latest/userguide/cli-chap-configure.html#configure-precedence
/// </summary>
/// <param name="considered">Collects each source that is looked at; null to save the work.</param>
internal sealed class IdentityResolver(FeedSettings feed, Settings settings, List<ConsideredSource>? considered = null)
{
    private static InstanceRoleSource? _instanceRole;

    private SharedFiles _files = SharedFiles.None;

    /// <summary>The AWS profile in use; null if it is in neither file.</summary>
    private AwsProfile? _profile;

    /// <summary>True if a user signs in for a profile: other sources do not count then.</summary>
    public bool IsForSignIn { get; init; }

    public SigningIdentity Resolve()
    {
        try
        {
            _files = SharedFiles.Read(settings.AwsConfigFile, settings.AwsCredentialsFile);
            var job = settings.WebIdentity is { } origin && !IsForSignIn ? JobIdentity.Of(feed, origin, ProfileOrigin) : null;
            var source = job is null ? null : Take(null, WebIdentityOrigin.Setting, job);
            // An explicit profile wins over the environment, as --profile does in the AWS CLI.
            source ??= feed.Profile is null && !IsForSignIn ? FindInEnvironment() : null;
            var chosen = feed.Profile ?? settings.AwsProfile;
            var name = chosen ?? "default";
            if (source is null && _files.Problem is var (problem, fix))
                throw new NoTokenException(ErrorCode.Profile, problem, fix);
            _profile = _files.FindProfile(name);
            if (source is null && _profile is null && chosen is not null)
                throw Missing(name);
            source ??= (_profile is null ? FindWithoutProfile(name) : FromProfile(_profile, isTop: true)) ?? FindOnMachine(name);
            for (var i = job is null ? 0 : 1; i < feed.Roles.Length; i++)
                source = Assume(source, feed.Roles[i]);
            return new SigningIdentity(WithTagsAndScope(source), _profile, _files, null);
        }
        catch (NoTokenException e)
        {
            return new SigningIdentity(null, _profile, _files, e);
        }
    }

    /// <summary>The source identity is set once, with the first AssumeRole, and then stays.</summary>
    private RoleSource Assume(CredentialSource source, RoleRequest role, SharedProperty? setting = null) =>
        new(source, source is RoleSource ? role : role with { SourceIdentity = feed.SourceIdentity }, setting);

    /// <param name="configured">By AWS's settings; null if it is not set.</param>
    private string? NameOf(string? configured) => feed.SessionName ?? (configured is null ? null : SessionText.ToName(configured));

    /// <exception cref="NoTokenException">There is no role to limit.</exception>
    private CredentialSource WithTagsAndScope(CredentialSource source) => source switch
    {
        _ when (feed.Tags ?? (object?)feed.Scope) is null => source,
        RoleSource last => new RoleSource(
            last.Source, last.Role with { Tags = last.Role.Tags ?? feed.Tags, Scope = feed.Scope }, last.Setting),
        WebIdentitySource last => new WebIdentitySource(last.Origin, last.Role with { Scope = feed.Scope }, last.Setting),
        _ when feed.Scope is null => source,
        _ => throw new NoTokenException(ErrorCode.Setting, $"scope limits the session of a role, but no role is assumed: the credentials are those of "
            + $"{source.Description}", "add a role: \"roles\" in codeartifact.json, or CODEARTIFACT_ROLE_ARN"),
    };

    private CredentialSource? FindInEnvironment()
    {
        const string Id = "AWS_ACCESS_KEY_ID", Secret = "AWS_SECRET_ACCESS_KEY";
        if ((settings.AwsAccessKeyId ?? settings.AwsSecretAccessKey?.Reveal()) is null)
            return Pass(null, Id);
        if (settings is not { AwsAccessKeyId: { } id, AwsSecretAccessKey: { } secret })
        {
            var (set, missing) = settings.AwsAccessKeyId is null ? (Secret, Id) : (Id, Secret);
            throw new NoTokenException(ErrorCode.NoCredentials, $"{set} is set but {missing} is not",
                $"set {missing} too, or unset {set}");
        }

        RequireHeaderValue(id, Id);
        RequireHeaderValue(secret.Reveal(), Secret);
        RequireHeaderValue(settings.AwsSessionToken?.Reveal(), settings.AwsSessionTokenVariable);
        return Take(null, Id, new AccessKeySource(id, secret, settings.AwsSessionToken, AccessKeySource.FromEnvironment));
    }

    private CredentialSource? FindWithoutProfile(string name)
    {
        considered?.Add(new ConsideredSource("profile " + name, "does not exist", IsTaken: false));
        return FindWebIdentity(new AwsProfile(name, [], []), readsEnvironment: true);
    }

    /// <summary>The sources of one profile in the AWS CLI's order; null if it has none.</summary>
    /// <param name="isTop">False for a source_profile, for which the environment does not count.</param>
    private CredentialSource? FromProfile(AwsProfile profile, bool isTop)
    {
        var source = (isTop ? FindRole(profile, [profile.Name]) : null)
            ?? FindWebIdentity(profile, readsEnvironment: isTop && feed.Profile is null && !IsForSignIn)
            ?? FindSso(profile)
            ?? FindAccessKey(profile with { Config = [] }, _files.Credentials)
            ?? FindLogin(profile)
            ?? FindProcess(profile)
            ?? FindAccessKey(profile with { Credentials = [] }, _files.Config);
        if (source is null && (profile.FindProperty("sso_session") ?? profile.FindProperty("sso_start_url")) is { } sso)
        {
            throw Unusable(profile, $"{sso.Section.Place()}: sso_account_id and sso_role_name are missing",
                $"add them: aws configure sso {ShellText.Option("--profile", profile.Name)}");
        }

        return source is null && profile.FindProblem() is var (place, why)
            ? throw Unusable(profile, $"{place}: {why}", "correct or remove that line") : source;
    }

    /// <summary>role_arn with source_profile or credential_source.</summary>
    /// <param name="visited">Profiles on the way here, to find loops.</param>
    private CredentialSource? FindRole(AwsProfile profile, List<string> visited)
    {
        if (profile.FindDecisive("role_arn") is not { } arn || profile.FindDecisive("web_identity_token_file") is not null)
            return Pass(profile, "role_arn");
        if (profile.FindProperty("mfa_serial") is { } mfa)
        {
            throw Unusable(profile, $"{mfa.Place} asks for an MFA code, which a build cannot enter",
                "use a profile with a session, for example one with sso_session");
        }

        var (parent, credentialSource) = (profile.FindDecisive("source_profile"), profile.FindDecisive("credential_source"));
        if (parent is not null && credentialSource is not null)
            throw Unusable(profile, $"{credentialSource.Place} and source_profile are both set", "remove one of them");
        var source = parent is not null ? FromSourceProfile(profile, parent, visited)
            : credentialSource is not null ? FromCredentialSource(profile, credentialSource)
            : throw Unusable(profile, $"{arn.Place} needs source_profile or credential_source", "add one of them below it");
        var session = NameOf(profile.Find("role_session_name") ?? settings.AwsRoleSessionName);
        var role = new RoleRequest(arn.Value, session, profile.FindDecisive("external_id")?.Value);
        return Take(profile, "role_arn", Assume(source, role, arn));
    }

    private CredentialSource FromSourceProfile(AwsProfile profile, SharedProperty parent, List<string> visited)
    {
        var name = parent.Value;
        if (_files.FindProfile(name) is not { } source)
        {
            var (why, fix) = MissingProfile.Explain(name, _files);
            throw Unusable(profile, $"{parent.Place} is '{name}', but {why}", fix);
        }

        var hasKeys = (source.FindDecisive("aws_access_key_id") ?? source.FindDecisive("aws_secret_access_key")) is not null;
        if (visited.Contains(name) && !(name == profile.Name && hasKeys))
        {
            throw Unusable(profile, $"{parent.Place} forms a loop: {string.Join(" -> ", visited)} -> {name}",
                "end the chain at a profile with credentials of its own");
        }

        visited.Add(name);
        // Static keys end a chain, even if the profile has a role of its own.
        return (hasKeys ? null : FindRole(source, visited)) ?? FromProfile(source, isTop: false)
            ?? throw Unusable(profile, $"{parent.Place} is '{name}', which has no credentials",
                $"add credentials to profile '{name}', or name another");
    }

    private CredentialSource FromCredentialSource(AwsProfile profile, SharedProperty name) => name.Value switch
    {
        "Environment" => FindInEnvironment() ?? throw Unusable(profile,
            $"{name.Place} is Environment, but AWS_ACCESS_KEY_ID is not set",
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use source_profile"),
        "EcsContainer" => FindContainer() ?? throw Unusable(profile,
            $"{name.Place} is EcsContainer, but this is not a container with credentials: neither "
                + "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set",
            "use another credential_source"),
        "Ec2InstanceMetadata" => FindInstanceRole(),
        var other => throw Unusable(profile, $"{name.Place} is '{other}'",
            "set it to Environment, EcsContainer or Ec2InstanceMetadata"),
    };

    private CredentialSource? FindWebIdentity(AwsProfile profile, bool readsEnvironment)
    {
        const string Label = "web identity";
        string? Either(string? variable, string setting) => (readsEnvironment ? variable : null) ?? profile.Find(setting);
        var variable = readsEnvironment ? settings.AwsWebIdentityTokenFile : null;
        var setting = variable is null ? profile.FindProperty("web_identity_token_file") : null;
        if ((variable ?? setting?.Value) is not { } file)
            return Pass(null, Label);
        if (setting is not null && KnownPaths.IsRelative(file))
        {
            throw Unusable(profile, $"{setting.Place} is '{file}', which {KnownPaths.WhyNotRelative}",
                "write the full path of the file");
        }

        if (Either(settings.AwsRoleArn, "role_arn") is not { } arn)
        {
            throw setting is not null
                ? Unusable(profile, $"{setting.Place} is set, but role_arn is not", "add role_arn below it")
                : new NoTokenException(ErrorCode.NoCredentials, "AWS_WEB_IDENTITY_TOKEN_FILE is set but AWS_ROLE_ARN is not",
                    "set AWS_ROLE_ARN too, or unset AWS_WEB_IDENTITY_TOKEN_FILE");
        }

        var session = NameOf(Either(settings.AwsRoleSessionName, "role_session_name"));
        var origin = WebIdentityOrigin.OfFile(file, setting?.Place ?? "AWS_WEB_IDENTITY_TOKEN_FILE");
        return Take(null, Label, new WebIdentitySource(origin, new RoleRequest(arn, session), setting));
    }

    private CredentialSource? FindSso(AwsProfile profile)
    {
        var (account, role) = (profile.FindDecisive("sso_account_id"), profile.FindDecisive("sso_role_name"));
        if ((account ?? role) is not { } known)
            return Pass(profile, "SSO");
        var fix = $"complete it: aws configure sso {ShellText.Option("--profile", profile.Name)}";
        var session = profile.FindDecisive("sso_session");
        var section = session is null ? null : _files.FindSsoSession(session.Value)
            ?? throw Unusable(profile,
                $"{session.Place} is '{session.Value}', but {_files.Config.Path} has no [sso-session {session.Value}]",
                Spelling.FindNearest(session.Value, _files.SsoSessionNames()) is { } meant ? $"did you mean '{meant}'?" : fix);
        SharedProperty Require(string name)
        {
            var (own, shared) = (profile.FindProperty(name), section?.FindProperty(name));
            if (own is not null && shared is not null && own.Value != shared.Value)
                throw Unusable(profile, $"{own.Place} differs from {shared.Place}", "remove one of them");
            var place = name is "sso_start_url" or "sso_region" ? section?.Config[^1] : null;
            return shared ?? own ?? throw Unusable(profile,
                $"{(place ?? known.Section).Place()}: {name} is missing", fix);
        }

        var (url, region) = (Require("sso_start_url").Value, Require("sso_region"));
        if (Partition.OfRegion(region.Value) is null)
        {
            throw Unusable(profile, $"{region.Place} is '{region.Value}', which is not an AWS region",
                "set it to the region of your IAM Identity Center, such as us-east-1");
        }

        return Take(profile, "SSO", new SsoSource(profile.Name, session?.Value, url, region.Value,
            (account ?? Require("sso_account_id")).Value, (role ?? Require("sso_role_name")).Value,
            section?.Find("sso_registration_scopes")));
    }

    private CredentialSource? FindAccessKey(AwsProfile profile, SharedFile file)
    {
        var label = file == _files.Config ? "access key in the config file" : "access key in the credentials file";
        var (id, secret) = (profile.FindDecisive("aws_access_key_id"), profile.FindDecisive("aws_secret_access_key"));
        if (id is null && secret is null)
            return Pass(profile, label);
        if (id is null || secret is null)
        {
            var missing = id is null ? "aws_access_key_id" : "aws_secret_access_key";
            throw Unusable(profile, $"{(id ?? secret)!.Section.Place()}: {missing} is missing", $"add {missing}");
        }

        // The AWS CLI's order. Without a value there is no token: tools write an empty one for long-term keys.
        var token = profile.FindProperty("aws_security_token") ?? profile.FindProperty("aws_session_token");
        foreach (var property in new[] { id, secret, token })
            RequireHeaderValue(property?.Value, property?.Place);
        return Take(profile, label, new AccessKeySource(id.Value, new Secret(secret.Value),
            token is null ? null : new Secret(token.Value), $"access key of profile {profile.Name}"));
    }

    private CredentialSource? FindLogin(AwsProfile profile)
    {
        return profile.FindDecisive("login_session") is { } session
            ? Take(profile, "login_session", new LoginSource(profile.Name, session.Value, profile.FindProperty("region")))
            : Pass(profile, "login_session");
    }

    private CredentialSource? FindProcess(AwsProfile profile)
    {
        if (profile.FindDecisive("credential_process") is not { } command)
            return Pass(profile, "credential_process");
        // Whatever it is likely to decide by: often it is the AWS CLI with another profile.
        var context = $"{MachineIdentity.Find()} {settings.AwsProfile} "
            + Fnv1a.Hash($"{VariablesIn(command.Value)}{_files.Config.Fingerprint}\n{_files.Credentials.Fingerprint}");
        return Take(profile, "credential_process", new ProcessSource(profile.Name, command, context));
    }

    /// <summary>Each variable that the command names, whatever the shell's syntax for it, with its value.</summary>
    private string VariablesIn(string command)
    {
        var variables = "";
        for (var (start, i) = (0, 0); i <= command.Length; i++)
        {
            if (i < command.Length && (AsciiText.IsLetterOrDigit(command[i]) || command[i] == '_'))
                continue;
            var word = command[start..i];
            if (word.Length > 0 && settings.GetString(word) is { } value)
                variables += $"{word}={value}\n";
            start = i + 1;
        }

        return variables;
    }

    /// <summary>The machine's credentials, unless the files have some for the profile that are not read: another principal
    /// would sign in silence.</summary>
    private CredentialSource FindOnMachine(string name) =>
        MissingProfile.FindMisplaced(name, _files, _profile) is var (why, fix)
            ? throw Unusable(_profile ?? new AwsProfile(name, [], []), why, fix) : FindContainer() ?? FindInstanceRole();

    private CredentialSource? FindContainer() => settings.AwsContainerUri is { } uri
        ? Take(null, "container credentials", new ContainerSource(uri, settings.AwsContainerTokenFile, ContainerCaller, MachineIdentity.Find()))
        : Pass(null, "container credentials");

    /// <summary>The token is another one after each rotation, which costs one more request for a CodeArtifact token.</summary>
    private string? ContainerCaller => settings.AwsContainerTokenFile is not { } file
        ? settings.AwsContainerToken is { } token ? Fnv1a.Hash(token.Reveal()) : null
        : RegularFile.TryHashToken(file);

    private CredentialSource FindInstanceRole()
    {
        var service = MetadataSettings.KeyOf(
            settings.GetString, _profile is { } profile ? profile.FindPlaced : null);
        // Made once: this is on the path of every cached answer.
        if (_instanceRole?.Service != service)
            _instanceRole = new InstanceRoleSource(MachineIdentity.Find(), service);
        return Take(null, "instance role", _instanceRole);
    }

    /// <summary>A line break would end a header of the signed request and start another.</summary>
    private static void RequireHeaderValue(string? value, string? place)
    {
        if (value is not null && !AsciiText.IsHeaderValue(value))
        {
            throw new NoTokenException(ErrorCode.Setting,
                $"{place} contains a line break or another character that is not valid in credentials", "set it again");
        }
    }

    private NoTokenException Missing(string name)
    {
        var (why, fix) = MissingProfile.Explain(name, _files);
        return new NoTokenException(ErrorCode.Profile, $"AWS profile '{name}' ({ProfileOrigin}) does not exist: {why}", fix);
    }

    /// <summary>A profile of the feed that is not the environment's comes from a rule or the defaults.</summary>
    private string ProfileOrigin => feed.Profile is not null && feed.Profile != settings.TokenOptions.Profile
        ? "codeartifact.json" : settings.ProfileOrigin;

    private static NoTokenException Unusable(AwsProfile profile, string why, string fix) =>
        new(ErrorCode.Profile, $"AWS profile '{profile.Name}' cannot be used: {why}", fix);

    private CredentialSource Take(AwsProfile? profile, string name, CredentialSource source)
    {
        considered?.Add(new ConsideredSource(Label(profile, name), source.Description, IsTaken: true));
        return source;
    }

    private CredentialSource? Pass(AwsProfile? profile, string name, string why = "not set")
    {
        considered?.Add(new ConsideredSource(Label(profile, name), why, IsTaken: false));
        return null;
    }

    private static string Label(AwsProfile? profile, string name) =>
        profile is null ? name : $"profile {profile.Name}: {name}";
}
