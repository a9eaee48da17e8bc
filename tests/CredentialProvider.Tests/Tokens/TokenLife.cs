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
    public void Good_with_ten_minutes_left_and_not_with_a_tick_less()
    {
        var limit = Noon.AddHours(12).AddMinutes(-10);
        Assert.True(Token().IsGood(limit));
        Assert.False(Token().IsGood(limit.AddTicks(1)));
    }

    [Fact]
    public void Aging_from_half_of_its_life_to_the_tick()
    {
        Assert.False(Token().IsAging(Noon.AddHours(6).AddTicks(-1)));
        Assert.True(Token().IsAging(Noon.AddHours(6)));
    }

    [Fact]
    public void A_clock_may_be_ten_minutes_off()
    {
        Assert.True(Token().IsGood(Noon.AddMinutes(-10)));
        Assert.False(Token().IsGood(Noon.AddMinutes(-10).AddTicks(-1)));
    }

    [Fact]
    public void A_token_that_expires_before_it_was_obtained_is_good_for_nothing() => Assert.False(Token(life: -1).IsGood(Noon));

    [Fact]
    public void A_token_from_the_future_is_from_another_clock() => Assert.False(Token(obtained: 1).IsAlive(Noon));
}
