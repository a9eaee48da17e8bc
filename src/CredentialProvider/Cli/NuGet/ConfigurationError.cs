using System.Xml;
using System.Xml.Linq;
using NuGet.Configuration;

namespace CredentialProvider.Cli.NuGet;

/// <summary>What is wrong with a nuget.config, and in which line. NuGet's own messages name only the file.</summary>
internal static class ConfigurationError
{
    private const string Cause = "Unable to parse config file because: ", Path = "Path: '";

    /// <returns>As <c>FILE, line 6, column 12: why</c>; without a line if it is unknown.</returns>
    public static string Describe(NuGetConfigurationException error)
    {
        var message = error.Message;
        var start = message.IndexOf(Path, StringComparison.Ordinal);
        var end = start < 0 ? -1 : message.IndexOf('\'', start + Path.Length);
        if (end < 0)
            return message.TrimEnd('.');
        var file = message[(start + Path.Length)..end];
        var why = (error.InnerException?.Message ?? message[..start]).Replace(Cause, "").Trim();
        var place = "";
        if (error.InnerException is XmlException { LineNumber: > 0 } xml)
        {
            place = $", line {xml.LineNumber}, column {xml.LinePosition}";
            // .NET's text ends with the position, too.
            var position = why.LastIndexOf($" Line {xml.LineNumber}", StringComparison.Ordinal);
            why = position > 0 ? why[..position] : why;
        }
        else if (FindLine(file, why) is { } line)
        {
            place = $", line {line}";
        }

        return $"{file}{place}: {why.TrimEnd('.')}";
    }

    /// <summary>The line of the element that a message is about; null if it cannot be found.</summary>
    private static int? FindLine(string file, string message)
    {
        var quoted = message.Split('\'').Where((_, index) => index % 2 == 1).ToList();
        try
        {
            var elements = XDocument.Load(file, LoadOptions.SetLineInfo).Descendants().ToList();
            // "Missing required attribute 'value' in element 'add'", or the name of a source.
            var found = quoted is [var attribute, var name] ? elements.Find(element => element.Name.LocalName == name
                    && string.IsNullOrEmpty((string?)element.Attribute(attribute)))
                : elements.Find(element => quoted.Contains((string?)element.Attribute("key") ?? element.Name.LocalName));
            return found is IXmlLineInfo line && line.HasLineInfo() ? line.LineNumber : null;
        }
        catch (Exception e) when (e is XmlException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
