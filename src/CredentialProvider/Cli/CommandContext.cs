using CredentialProvider.Cli.NuGet;
using CredentialProvider.Configuration;

namespace CredentialProvider.Cli;

/// <summary>What every command works with.</summary>
internal sealed record CommandContext(Settings Settings, Terminal Terminal, TimeProvider Time, NuGetSources Sources);
