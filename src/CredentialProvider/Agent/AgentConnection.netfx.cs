using System.IO.Pipes;
using System.Security.Principal;

namespace CredentialProvider.Agent;

/// <summary>As for newer frameworks; .NET Framework has no Unix domain sockets.</summary>
internal static class AgentConnection
{
    public static async Task<Stream> OpenAsync(string path, CancellationToken cancel)
    {
        const int Milliseconds = 1000;
        if (!OperatingSystem.IsWindows())
        {
            throw AgentProtocol.Failure("the .NET Framework build of the plugin cannot use Unix domain sockets",
                "run nuget-plugin-codeartifact install --native; or unset CODEARTIFACT_AGENT");
        }

        var pipe = new NamedPipeClientStream(".", path[AgentClient.PipePrefix.Length..], PipeDirection.InOut,
            PipeOptions.Asynchronous);
        try
        {
            await pipe.ConnectAsync(Milliseconds, cancel);
            using var user = WindowsIdentity.GetCurrent();
            return user.Owner!.Equals(pipe.GetAccessControl().GetOwner(typeof(SecurityIdentifier))) ? pipe
                : throw new UnauthorizedAccessException("the pipe belongs to another user");
        }
        catch (Exception e)
        {
            await pipe.DisposeAsync();
            throw e is TimeoutException or UnauthorizedAccessException ? AgentClient.NoAnswer(path, e) : e;
        }
    }
}
