using CredentialProvider.Errors;
using CredentialProvider.FastStart;
using CredentialProvider.Platform;

namespace CredentialProvider.Configuration;

/// <summary>
/// A token from outside, used for every CodeArtifact feed; AWS is not called. It is in a file, which is read for each
/// request because another program renews it, or in a variable. The file takes precedence, as in AWS's own pair
/// AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE and AWS_CONTAINER_AUTHORIZATION_TOKEN.
/// </summary>
internal sealed class ExternalToken
{
    private const string Variable = "CODEARTIFACT_AUTH_TOKEN", FileVariable = "CODEARTIFACT_AUTH_TOKEN_FILE";

    /// <summary>Bytes. No HTTP server accepts a header of this length.</summary>
    private const int MaxSize = 16 * 1024;

    private const string Invalid = "contains a line break or another character that is not valid in a token";

    private readonly Secret? _value;

    private ExternalToken(string? file, Secret? value)
    {
        (File, _value) = (file, value);
        if (file is not null && KnownPaths.Absolute(file) is null)
        {
            // The value is not repeated: it may be the token itself.
            Problem = $"{FileVariable} is not an absolute path, so it could lead into a cloned "
                + "repository";
        }
        else if (file is null && !AsciiText.IsHeaderValue(value!.Reveal()))
        {
            Problem = $"{Variable} {Invalid}";
        }
    }

    /// <summary>Null if the token is in the variable.</summary>
    public string? File { get; }

    /// <summary>The variable in use.</summary>
    public string Source => File is null ? Variable : FileVariable;

    /// <summary>Where the token is, for users.</summary>
    public string Place => File is null || Problem is not null ? Source : $"{File} ({FileVariable})";

    /// <summary>The other variable, if that is set too; for users.</summary>
    public string? Ignored => File is not null && _value is not null
        ? $"{Variable} is ignored: {FileVariable} takes precedence" : null;

    /// <summary>What is wrong with the variable; null if nothing is. The file is not read for that.</summary>
    public string? Problem { get; }

    /// <param name="variable">Reads a variable; null for one that is unset or blank.</param>
    /// <param name="path">As <paramref name="variable"/>, with <c>~</c> and variables expanded.</param>
    /// <returns>Null if neither is set.</returns>
    public static ExternalToken? From(Func<string, string?> variable, Func<string, string?> path)
    {
        var (file, value) = (path(FileVariable), variable(Variable));
        return file is null && value is null ? null : new ExternalToken(file, value is null ? null : new Secret(value));
    }

    /// <exception cref="NoTokenException">There is no token in the file.</exception>
    public Secret Read() => TryRead(out var problem) ?? throw new NoTokenException(ErrorCode.Setting, problem!,
        $"put a token there, or unset {Source}");

    /// <summary>The token, without white space around it.</summary>
    /// <param name="problem">Why there is none; null if there is one.</param>
    public Secret? TryRead(out string? problem)
    {
        problem = Problem;
        if (File is null || problem is not null)
            return problem is null ? _value : null;
        if (RegularFile.TryRead(File, MaxSize) is not { } bytes)
        {
            problem = $"{Place} cannot be read: {RegularFile.WhyUnreadable(File, MaxSize)}";
            return null;
        }

        // Honors a byte order mark: Windows PowerShell writes UTF-16.
        using var reader = new StreamReader(new MemoryStream(bytes));
        var text = reader.ReadToEnd().Trim();
        problem = text.Length == 0 ? $"{Place} is empty" : AsciiText.IsHeaderValue(text) ? null : $"{Place} {Invalid}";
        return problem is null ? new Secret(text) : null;
    }
}
