using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Platform;

namespace CredentialProvider.Identity;

/// <summary>How AWS's services are called: the environment first, then the profile that signs.</summary>
/// <param name="profile">Null if it is in neither file.</param>
/// <param name="files">Have the profile's <c>services</c> section.</param>
internal sealed class EndpointSettings(AwsProfile? profile, SharedFiles files, Settings settings)
{
    /// <param name="service">As in <c>services</c> sections, for example <c>sts</c>.</param>
    /// <exception cref="NoTokenException">A value cannot be used.</exception>
    public ServiceEndpoint Find(string service)
    {
        var isIgnored = HasUrl(service) && GetBoolean("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") == true;
        var url = isIgnored ? null : FindUrl(service);
        if (url is var (value, place) && !IsUrl(value))
            throw AwsSetting.Invalid(place, value, "a URL that begins with https:// or http://");
        return new ServiceEndpoint(url?.Value, GetBoolean("AWS_USE_FIPS_ENDPOINT"),
            GetBoolean("AWS_USE_DUALSTACK_ENDPOINT"))
        {
            UrlPlace = url?.Place,
            IgnoresVariables = isIgnored,
            CaBundle = FindCaBundle(),
            ApplicationId = settings.ApplicationId ?? profile?.Find("sdk_ua_app_id"),
        };
    }

    /// <summary>A setting that ignores URLs may be wrong where there are none.</summary>
    private bool HasUrl(string service) => (settings.GetString(Settings.EndpointVariable(service))
        ?? settings.GetString(Settings.AllEndpoints) ?? profile?.Find("services") ?? profile?.Find("endpoint_url")) is not null;

    private (string Value, string Place)? FindUrl(string service)
    {
        var variable = Settings.EndpointVariable(service);
        if (settings.GetString(variable) is { } own)
            return (own, variable);
        if (settings.GetString(Settings.AllEndpoints) is { } all)
            return (all, Settings.AllEndpoints);
        if (profile?.FindProperty("services") is { } services)
        {
            var section = files.FindServices(services.Value) ?? throw new NoTokenException(ErrorCode.Setting,
                $"{services.Place} is '{services.Value}', but {files.Config.Path} has no [services {services.Value}]",
                "add that section, or correct or remove the line");
            if (section.FindNested(service, "endpoint_url") is { } nested)
                return nested;
        }

        return profile?.FindPlaced("endpoint_url");
    }

    /// <summary>A relative path would be one in the working directory, which may be a cloned repository.</summary>
    private string? FindCaBundle()
    {
        if (settings.AwsCaBundle is { } bundle)
            return bundle;
        if (!OperatingSystem.IsLinux() || profile?.FindProperty("ca_bundle") is not { } setting)
            return null;
        return KnownPaths.Absolute(setting.Value) is { } path && RegularFile.Is(path) ? path
            : throw AwsSetting.Invalid(setting.Place, setting.Value, "the absolute path of a PEM file of CA certificates");
    }

    private bool? GetBoolean(string variable) =>
        AwsSetting.Find(variable, settings.GetString, name => profile?.FindPlaced(name)) is not var (value, place) ? null
            : bool.TryParse(value, out var isTrue) ? isTrue : throw AwsSetting.Invalid(place, value, "true or false");

    private static bool IsUrl(string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && (uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeHttp);
}
