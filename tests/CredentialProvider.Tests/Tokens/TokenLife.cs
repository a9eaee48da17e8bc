using static CredentialProvider.Tests.Tokens.Examples;

namespace CredentialProvider.Tests.Tokens;

public sealed class TokenLife
{
    [Theory]
    [InlineData(12, 0, true, false)]
    [InlineData(12, 5.99, true, false)]
    [InlineData(12, 6, true, true)]
    [InlineData(12, 11.83, true, true)] // 10 minutes and 12 seconds left
    [InlineData(12, 11.84, false, true)]
    [InlineData(0.25, 0, true, false)] // 15 minutes, the shortest that can be asked for
    [InlineData(0.25, 0.12, true, false)]
    [InlineData(0.25, 0.13, false, true)]
    public void Good_until_ten_minutes_are_left_and_aging_from_half(double life, double hours, bool isGood, bool isAging)
    {
        var token = Token(life: life);
        Assert.Equal(isGood, token.IsGood(Noon.AddHours(hours)));
        Assert.Equal(isAging, token.IsAging(Noon.AddHours(hours)));
    }

    [Fact]
    public void Alive_until_it_expires()
    {
        Assert.True(Token().IsAlive(Noon.AddHours(12).AddSeconds(-1)));
        Assert.False(Token().IsAlive(Noon.AddHours(12)));
    }

    [Fact]
    public void A_token_from_the_future_is_from_another_clock() => Assert.False(Token(obtained: 1).IsAlive(Noon));
}
