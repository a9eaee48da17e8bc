using System.Collections.Immutable;

namespace CredentialProvider.EndToEndTests.Infra;

/// <summary>An image built by <see cref="Dockerfile"/>: layers over <see cref="RootFileSystem"/>, newest first, and the configuration of its processes.</summary>
public sealed record Image(Sandbox Sandbox, ImmutableList<string> Layers, ImmutableDictionary<string, string> Environment)
{
    public string User { get; init; } = "0";

    public string WorkingDirectory { get; init; } = "/";

    public string Command { get; init; } = "";

    /// <summary>As <c>docker run --read-only</c>: only the mounts are writable.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>Bind mounts: files and folders of this machine by their path in the image.</summary>
    public ImmutableDictionary<string, string> Mounts { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>As <c>docker run</c>: runs a process on a writable layer of its own.</summary>
    /// <param name="command">A line for sh; null for the image's CMD.</param>
    /// <param name="variables">Added to the image's environment; null removes one.</param>
    public Task<Outcome> RunAsync(string? command = null, params (string Name, string? Value)[] variables) => WithLayer().ExecuteAsync(command ?? Command, variables);

    /// <summary>This image with an empty layer on top.</summary>
    public Image WithLayer() => this with { Layers = Layers.Insert(0, Sandbox.Folder($"layers/{Guid.NewGuid():N}")) };

    /// <summary>Runs a line of sh whose changes go to the newest layer.</summary>
    public Task<Outcome> ExecuteAsync(string command, params (string Name, string? Value)[] variables)
    {
        var environment = Environment.SetItems(variables.Where(variable => variable.Value is not null).Select(variable => KeyValuePair.Create(variable.Name, variable.Value!)))
            .RemoveRange(variables.Where(variable => variable.Value is null).Select(variable => variable.Name));
        return MountedAsync(Sandbox.Root, $"""
            exec chroot --userspec={User}:{User} --groups= "$root" env -i -C {Quote(WorkingDirectory)} {string.Join(' ', environment.Select(variable => Quote($"{variable.Key}={variable.Value}")))} sh -c {Quote(command)}
            """);
    }

    /// <summary>Copies files into the newest layer, owned by root.</summary>
    /// <param name="from">An image, or null for this machine's files.</param>
    public Task<Outcome> CopyAsync(Image? from, string folder, IEnumerable<string> sources, string target)
    {
        var (mount, source) = from is null ? ("", folder) : (from.WithLayer().Mount("other"), "$other" + folder);
        var copies = sources.Select(path => $"""
            shopt -s nullglob
            set -- "{source}"/{path.TrimStart('/')}
            for each; do
              if [ -d "$each" ]; then mkdir -p "$root"{target}; cp -r --preserve=mode "$each/." "$root"{target}
              else mkdir -p "$root"{(target.EndsWith('/') ? target : Path.GetDirectoryName(target))}; cp --preserve=mode "$each" "$root"{target}
              fi
            done
            """);
        return MountedAsync(Sandbox.Root, mount + string.Join('\n', copies));
    }

    private async Task<Outcome> MountedAsync(string folder, string script) =>
        await Sandbox.RunAsync("unshare", folder, "--mount", "bash", "-ec", Mount("root") + script);

    /// <summary>Bash commands that mount this image. The mount namespace, and with it every mount, ends with its last process.</summary>
    private string Mount(string name)
    {
        var place = Sandbox.Folder($"mounts/{Guid.NewGuid():N}");
        var mounts = Mounts.Select(mount => $"""
            mkdir -p {(Directory.Exists(mount.Value) ? place + mount.Key : Path.GetDirectoryName(place + mount.Key))}
            [ -e {place}{mount.Key} ] || touch {place}{mount.Key}
            mount --bind {Quote(mount.Value)} {place}{mount.Key}

            """);
        return $"""
            {name}={place}
            mount -t overlay overlay -o lowerdir={string.Join(':', Layers.Skip(1).Append(RootFileSystem.Path))},upperdir={Layers[0]},workdir={Sandbox.Folder($"work/{Guid.NewGuid():N}")} {place}
            mount --bind {RootFileSystem.Sdk} {place}{RootFileSystem.Sdk}
            mount -o remount,bind,ro {place}{RootFileSystem.Sdk}
            mount --rbind /proc {place}/proc
            mount --rbind /dev {place}/dev
            {string.Concat(mounts)}
            {(IsReadOnly ? $"mount -o remount,bind,ro {place}" : "")}

            """;
    }

    private static string Quote(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
