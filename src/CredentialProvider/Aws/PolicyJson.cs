using System.Text;
using System.Text.Json;
using CredentialProvider.Feeds;

namespace CredentialProvider.Aws;

/// <summary>Policies in IAM's JSON.
/// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html</summary>
internal static class PolicyJson
{
    /// <summary>Without white space: STS limits the length of a session policy.</summary>
    public static string ToText(IReadOnlyList<PolicyStatement> statements)
    {
        var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
            Write(json, statements);
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    public static void Write(Utf8JsonWriter json, IReadOnlyList<PolicyStatement> statements)
    {
        json.WriteStartObject();
        json.WriteString("Version", "2012-10-17");
        json.WriteStartArray("Statement");
        foreach (var statement in statements)
            Write(json, statement);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, PolicyStatement statement)
    {
        json.WriteStartObject();
        json.WriteString("Sid", statement.Id);
        json.WriteString("Effect", "Allow");
        if (statement.Principal is var (kind, arn))
        {
            json.WriteStartObject("Principal");
            json.WriteString(kind, arn);
            json.WriteEndObject();
        }

        Write(json, "Action", statement.Actions);
        if (statement.Resources.Length > 0)
            Write(json, "Resource", statement.Resources);
        if (statement.Conditions.Length > 0)
        {
            json.WriteStartObject("Condition");
            foreach (var conditions in statement.Conditions.GroupBy(condition => condition.Operator))
            {
                json.WriteStartObject(conditions.Key);
                foreach (var condition in conditions)
                    Write(json, condition.Key, condition.Values);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, string[] values)
    {
        if (values.Length == 1)
        {
            json.WriteString(name, values[0]);
            return;
        }

        json.WriteStartArray(name);
        foreach (var value in values)
            json.WriteStringValue(value);
        json.WriteEndArray();
    }
}
