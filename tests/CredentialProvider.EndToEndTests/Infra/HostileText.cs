using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CredentialProvider.EndToEndTests.Infra;

/// <summary>Text that must not be printed as it is, and the check that nothing of it was.</summary>
public static class HostileText
{
    /// <summary>Part of every secret here, and of nothing else.</summary>
    public const string Secret = "hunter2";

    /// <summary>ESC, BEL, CSI, and what reorders or ends a line.</summary>
    public const string Escapes = "\u001b[31m\u0007\u009b2J\u202e\u2066\u2028\u200f\u007f";

    /// <summary>A URL with a secret wherever a URL can have one.</summary>
    public const string Url = "http://bob:" + Secret + "-password@evil.example.test/" + Escapes + "?X-Amz-Signature=" + Secret
        + "-signature&X-Amz-Security-Token=" + Secret + "-session&token=" + Secret + "-token";

    /// <summary>What servers may repeat: a request's headers, a JSON document with credentials, a line of its own.</summary>
    public const string Message = "denied" + Escapes + "\r\nerror: CACP1001: forged\nproxy " + Url + " Authorization: Basic " + Secret
        + "ABCDEFGHIJKLMNOP=\nx-amz-security-token:" + Secret + "ABCDEFGHIJKLMNOP {\"SecretAccessKey\": \"" + Secret + "\"}";

    /// <summary>In characters: a message has 1000, and a line a few words of the program around it; JSON escapes some; a line of the log file
    /// may come from a stack trace.</summary>
    public const int MaxLine = 1100, MaxJsonLine = 2200, MaxLogLine = 16 * 1024;

    public static string Json(string text) => JsonSerializer.Serialize(text);

    /// <summary>Fails if a line that the program printed has a secret, a control character or no end.</summary>
    public static void AssertPrintable(string output, string input, int maxLine = MaxLine) =>
        Assert.All(output.Split('\n'), line => AssertLine(line, input, maxLine));

    /// <summary>The same for the strings in JSON, which can have control characters as escapes.</summary>
    public static void AssertPrintable(JsonNode? json, string input)
    {
        if (json is JsonValue value && value.GetValueKind() == JsonValueKind.String)
            AssertLine(value.GetValue<string>(), input, MaxLine);
        else if (json is JsonArray array)
            Assert.All(array, item => AssertPrintable(item, input));
        else if (json is JsonObject members)
            Assert.All(members, member => AssertPrintable(member.Value, input));
    }

    private static void AssertLine(string line, string input, int maxLine)
    {
        Assert.True(line.Length <= maxLine, $"{input}: a line of {line.Length} characters: {line[..Math.Min(line.Length, 300)]}");
        Assert.False(line.Contains(Secret, StringComparison.Ordinal), $"{input}: a secret in: {line}");
        Assert.False(line.StartsWith("error: CACP1001: forged", StringComparison.Ordinal), $"{input}: a forged line");
        for (var i = 0; i < line.Length; i++)
        {
            Assert.False(CharUnicodeInfo.GetUnicodeCategory(line[i]) is UnicodeCategory.Control or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator,
                $"{input}: U+{(int)line[i]:X4} in: {line.Replace((char)0x1b, '?')}");
        }
    }
}
