using System.Text;

namespace CredentialProvider.Platform;

/// <summary>Command lines of other programs.</summary>
internal static class ProcessArguments
{
    /// <summary>The arguments as ProcessStartInfo.ArgumentList, which .NET Framework lacks, would pass them.</summary>
    public static string Join(IEnumerable<string> arguments) => string.Join(" ", arguments.Select(Quote));

    private static string Quote(string argument)
    {
        if (argument.Length > 0 && argument.IndexOfAny([' ', '\t', '\n', '\v', '"', '\\']) < 0)
            return argument;
        var quoted = new StringBuilder("\"");
        var backslashes = 0;
        foreach (var c in argument)
        {
            // Backslashes are literal unless a quote follows; then each is doubled.
            if (c == '"')
                quoted.Append('\\', backslashes + 1);
            backslashes = c == '\\' ? backslashes + 1 : 0;
            quoted.Append(c);
        }

        return quoted.Append('\\', backslashes).Append('"').ToString();
    }
}
