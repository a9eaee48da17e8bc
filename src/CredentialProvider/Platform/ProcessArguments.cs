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
        return $"\"{Escape(argument, isBeforeQuote: true)}\"";
    }

    /// <summary>What Windows programs read as this text: https://learn.microsoft.com/cpp/c-language/parsing-c-command-line-arguments</summary>
    /// <param name="isBeforeQuote">True if a quote follows the text.</param>
    public static string Escape(string text, bool isBeforeQuote)
    {
        var escaped = new StringBuilder();
        var backslashes = 0;
        foreach (var c in text)
        {
            // Backslashes are literal unless a quote follows; then each is doubled.
            if (c == '"')
                escaped.Append('\\', backslashes + 1);
            backslashes = c == '\\' ? backslashes + 1 : 0;
            escaped.Append(c);
        }

        return isBeforeQuote ? escaped.Append('\\', backslashes).ToString() : escaped.ToString();
    }
}
