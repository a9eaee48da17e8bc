using System.Diagnostics;
using System.Text.RegularExpressions;
using LocalAws;

namespace CredentialProvider.EndToEndTests.Credentials;

/// <summary>What a user in a terminal sees when the SSO session has ended. MSBuild's loggers print there in other ways than into a file.</summary>
[Trait("Category", "Slow")]
public sealed partial class SigningInInATerminal
{
    [Theory]
    [InlineData("")]
    [InlineData("-v:n")]
    [InlineData("--interactive")]
    [InlineData("--tl:off")]
    public async Task A_restore_shows_URL_and_code_while_it_waits(string option)
    {
        await using var sandbox = await StartAsync();
        sandbox.PutNativeOnPath();
        var project = sandbox.WriteSimpleProject();
        sandbox.UseTerminal();
        using var restore = sandbox.Launch("dotnet", project, ["restore", .. option.Length == 0 ? Array.Empty<string>() : [option]]);

        // dotnet loads MSBuild and NuGet first, so the native executable would be too fast a reference.
        var (device, text) = await PromptedDeviceAsync(sandbox, restore, Artifacts.NetCore);
        device.Role = sandbox.Aws.World.Roles.Values.Single(role => role.Name == "SsoReader");
        var rest = await restore.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await TimeLimit.ExitAsync(restore);

        Assert.True(restore.ExitCode == 0, text + rest);
        Assert.True(sandbox.HasPackage("Example.Json"));
    }

    [Theory]
    [InlineData("login")]
    [InlineData("token contoso/app --owner 111122223333 --region us-east-1 --output token")]
    [InlineData("warm contoso/app --owner 111122223333 --region us-east-1")]
    public async Task A_command_says_what_it_waits_for(string command)
    {
        await using var sandbox = await StartAsync();
        sandbox.PrintsTokens = true;
        sandbox.UseTerminal();
        using var running = sandbox.Launch(Artifacts.Native, sandbox.Home, command.Split(' '));

        var (device, text) = await PromptedDeviceAsync(sandbox, running, Artifacts.Native);
        device.Role = sandbox.Aws.World.Roles.Values.Single(role => role.Name == "SsoReader");
        var rest = await running.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await TimeLimit.ExitAsync(running);

        Assert.True(running.ExitCode == 0, text + rest);
        Assert.Contains("waiting (Ctrl-C to cancel)", text + rest, StringComparison.Ordinal);
    }

    private static async Task<Sandbox> StartAsync()
    {
        Artifacts.RequireNative();
        var sandbox = await Sandbox.StartAsync();
        sandbox.Aws.World.AddRole("SsoReader", World.ReadPolicy());
        sandbox.Write("home/.aws/config", SsoFiles.Profile);
        return sandbox;
    }

    /// <summary>Reads the terminal until it shows the URL and the code, in time; a line need not have ended.</summary>
    /// <param name="build">What the time is measured against.</param>
    private static async Task<(SsoDevice Device, string Text)> PromptedDeviceAsync(Sandbox sandbox, Process process, string build)
    {
        const double Seconds = 5;
        var (text, buffer, watch) = ("", new char[4096], Stopwatch.StartNew());
        while (await process.StandardOutput.ReadAsync(buffer, TestContext.Current.CancellationToken) is > 0 and var read)
        {
            text += new string(buffer, 0, read);
            if (Prompt().Match(text) is not { Success: true } prompt)
                continue;
            await TimeLimit.AssertAsync(watch.Elapsed, Seconds, build);
            return (sandbox.Aws.World.SsoDevices.Values.Single(device => device.UserCode == prompt.Groups[1].Value), text);
        }

        throw new UnreachableException($"no prompt:\n{text}");
    }

    [GeneratedRegex(@"AWS profile 'default': sign in at https://corp\.awsapps\.com/start/#/device\?user_code=([A-Z0-9]{4}-[A-Z0-9]{4}) with the code \1")]
    private static partial Regex Prompt();
}
