namespace CredentialProvider.Cli.Policy;

/// <summary>Policies as JSON, Terraform and CloudFormation.</summary>
internal static class PolicyFormats
{
    /// <summary>One policy is a document for <c>aws iam put-role-policy</c>. Several are members of one object, named
    /// after what they are attached to.</summary>
    public static string Json(IReadOnlyList<PolicyDocument> documents) => JsonText.Write(json =>
    {
        if (documents.Count == 1)
        {
            PolicyDocuments.WriteJson(json, documents[0]);
            return;
        }

        json.WriteStartObject();
        foreach (var document in documents)
        {
            json.WritePropertyName(document.AttachTo);
            PolicyDocuments.WriteJson(json, document);
        }

        json.WriteEndObject();
    });

    public static string Terraform(IReadOnlyList<PolicyDocument> documents) =>
        string.Join("\n\n", documents.Select(document =>
            $"# For {document.AttachTo}.\n{Resource(document)} {{\n{Location(document)}"
            + $"  {Argument(document)} = jsonencode({Hcl(document)})\n}}"));

    public static string CloudFormation(IReadOnlyList<PolicyDocument> documents) => JsonText.Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("AWSTemplateFormatVersion", "2010-09-09");
        json.WriteStartObject("Resources");
        foreach (var document in documents)
        {
            json.WriteStartObject(string.Concat(document.Name.Split('_').Where(word => word.Length > 0).Select(word =>
                char.ToUpperInvariant(word[0]) + word[1..])));
            json.WriteString("Type",
                document.Feed is null ? "AWS::IAM::ManagedPolicy" : document.Feed.Repository.Length == 0
                ? "AWS::CodeArtifact::Domain" : "AWS::CodeArtifact::Repository");
            json.WriteStartObject("Properties");
            if (document.Feed is { } feed)
                json.WriteString("DomainName", feed.Domain);
            if (document.Feed is { Repository: { Length: > 0 } repository })
                json.WriteString("RepositoryName", repository);
            json.WritePropertyName(document.Feed is null ? "PolicyDocument" : "PermissionsPolicyDocument");
            PolicyDocuments.WriteJson(json, document);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    });

    private static string Resource(PolicyDocument document) => document.Feed switch
    {
        null => $"resource \"aws_iam_policy\" \"{document.Name}\"",
        { Repository.Length: 0 } => $"resource \"aws_codeartifact_domain_permissions_policy\" \"{document.Name}\"",
        _ => $"resource \"aws_codeartifact_repository_permissions_policy\" \"{document.Name}\"",
    };

    private static string Location(PolicyDocument document) => document.Feed switch
    {
        null => $"  name = \"{document.Name.Replace('_', '-')}\"\n",
        { Repository.Length: 0 } feed => $"  domain       = \"{feed.Domain}\"\n  domain_owner = \"{feed.Owner}\"\n",
        var feed => $"  domain       = \"{feed.Domain}\"\n  domain_owner = \"{feed.Owner}\"\n"
            + $"  repository   = \"{feed.Repository}\"\n",
    };

    private static string Argument(PolicyDocument document) => document.Feed is null ? "policy" : "policy_document";

    /// <summary>JSON objects are valid Terraform expressions.</summary>
    private static string Hcl(PolicyDocument document) =>
        JsonText.Write(json => PolicyDocuments.WriteJson(json, document)).Replace("\n", "\n  ");
}
