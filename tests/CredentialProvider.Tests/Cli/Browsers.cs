using CredentialProvider.Cli;

namespace CredentialProvider.Tests.Cli;

/// <summary>Whether <c>login</c> uses a browser on this machine or a device code.</summary>
public sealed class Browsers
{
    [Theory]
    [InlineData("DISPLAY=:0", false, false, true)]
    [InlineData("WAYLAND_DISPLAY=wayland-0", false, false, true)]
    [InlineData("", false, false, false)]
    [InlineData("DISPLAY=", false, false, false)]
    [InlineData("", true, false, true)]
    [InlineData("SSH_CONNECTION=198.51.100.7 50022 203.0.113.1 22", true, false, false)]
    [InlineData("DISPLAY=localhost:10.0;SSH_TTY=/dev/pts/0", false, false, false)]
    [InlineData("DISPLAY=:0", false, true, false)]
    [InlineData("DISPLAY=:0;container=podman", false, false, false)]
    [InlineData("DISPLAY=:0;KUBERNETES_SERVICE_HOST=10.0.0.1", false, false, false)]
    public void A_browser_needs_a_display_and_a_user_on_this_machine(string variables, bool alwaysHasDisplay, bool isContainer, bool isAvailable) =>
        Assert.Equal(isAvailable, Browser.IsAvailable(
            SettingsFromVariables.From([.. variables.Split(';').Where(text => text.Length > 0).Select(text => (text.Split('=')[0], text.Split('=')[1]))]),
            alwaysHasDisplay, isContainer));
}
