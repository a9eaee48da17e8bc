using System.Text.Json;
using CredentialProvider.Aws;

namespace CredentialProvider.Cli.Policy;

/// <summary>Policies as JSON, Terraform and CloudFormation.</summary>
internal static class PolicyFormats
{
    /// <summary>One policy is a document for <c>aws iam put-role-policy</c>. Several are members of one object, named
    /// after what they are attached to.</summary>
    public static string Json(IReadOnlyList<PolicyDocument> documents) => Write(json =>
    {
        if (documents.Count == 1)
        {
            PolicyJson.Write(json, documents[0].Statements);
            return;
        }

        json.WriteStartObject();
        foreach (var document in documents)
        {
            json.WritePropertyName(document.AttachTo);
            PolicyJson.Write(json, document.Statements);
        }

        json.WriteEndObject();
    });

    public static string Terraform(IReadOnlyList<PolicyDocument> documents) =>
        string.Join("\n\n", documents.Select(document =>
            $"# For {document.AttachTo}.\n{Resource(document)} {{\n{Location(document)}"
            + $"  {Argument(document)} = jsonencode({Hcl(document)})\n}}"));

    public static string CloudFormation(IReadOnlyList<PolicyDocument> documents) => Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("AWSTemplateFormatVersion", "2010-09-09");
        json.WriteStartObject("Resources");
        foreach (var document in documents)
        {
            json.WriteStartObject(string.Concat(document.Name.Split('_').Where(word => word.Length > 0).Select(word =>
                char.ToUpperInvariant(word[0]) + word[1..])));
            json.WriteString("Type", document.Target switch
            {
                PolicyTarget.Reader => "AWS::IAM::ManagedPolicy",
                PolicyTarget.Trust => "AWS::IAM::Role",
                PolicyTarget.Domain => "AWS::CodeArtifact::Domain",
                _ => "AWS::CodeArtifact::Repository",
            });
            json.WriteStartObject("Properties");
            if (document.Target is PolicyTarget.Domain or PolicyTarget.Repository)
                json.WriteString("DomainName", document.Feed.Domain);
            if (document.Target == PolicyTarget.Repository)
                json.WriteString("RepositoryName", document.Feed.Repository);
            json.WritePropertyName(document.Target switch
            {
                PolicyTarget.Reader => "PolicyDocument",
                PolicyTarget.Trust => "AssumeRolePolicyDocument",
                _ => "PermissionsPolicyDocument",
            });
            PolicyJson.Write(json, document.Statements);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    });

    private static string Resource(PolicyDocument document) => document.Target switch
    {
        PolicyTarget.Reader => $"resource \"aws_iam_policy\" \"{document.Name}\"",
        PolicyTarget.Trust => $"resource \"aws_iam_role\" \"{document.Name}\"",
        PolicyTarget.Domain => $"resource \"aws_codeartifact_domain_permissions_policy\" \"{document.Name}\"",
        _ => $"resource \"aws_codeartifact_repository_permissions_policy\" \"{document.Name}\"",
    };

    private static string Location(PolicyDocument document) => document.Target switch
    {
        PolicyTarget.Reader or PolicyTarget.Trust => $"  name = \"{document.Name.Replace('_', '-')}\"\n",
        PolicyTarget.Domain => $"  domain       = \"{document.Feed.Domain}\"\n  domain_owner = \"{document.Feed.Owner}\"\n",
        _ => $"  domain       = \"{document.Feed.Domain}\"\n  domain_owner = \"{document.Feed.Owner}\"\n"
            + $"  repository   = \"{document.Feed.Repository}\"\n",
    };

    private static string Argument(PolicyDocument document) => document.Target switch
    {
        PolicyTarget.Reader => "policy",
        PolicyTarget.Trust => "assume_role_policy",
        _ => "policy_document",
    };

    /// <summary>JSON objects are valid Terraform expressions, except that Terraform replaces <c>${…}</c> and
    /// <c>%{…}</c>, which in IAM are policy variables and text.</summary>
    private static string Hcl(PolicyDocument document) => Write(json => PolicyJson.Write(json, document.Statements))
        .Replace("${", "$${").Replace("%{", "%%{").Replace("\n", "\n  ");

    /// <summary>Every value as it is: the filter of printed texts would change what is allowed.</summary>
    private static string Write(Action<Utf8JsonWriter> write) => JsonText.Write(json => json.Write(write));
}
