using static CredentialProvider.Tests.Tokens.Examples;

namespace CredentialProvider.Tests.Tokens;

/// <summary>When a token is fresh, aging and valid.</summary>
public sealed class TokenLifetimes
{
    [Theory]
    [InlineData(12, 0, true, false)]
    [InlineData(12, 5.99, true, false)]
    [InlineData(12, 6, true, true)]
    [InlineData(12, 11.83, true, true)] // 10 minutes and 12 seconds left
    [InlineData(12, 11.84, false, true)]
    [InlineData(0.25, 0, true, false)] // 15 minutes, the shortest that AWS accepts
    [InlineData(0.25, 0.12, true, false)]
    [InlineData(0.25, 0.13, false, true)]
    public void Are_fresh_until_ten_minutes_are_left_and_aging_from_half(double life, double hours, bool isFresh, bool isAging)
    {
        var token = Token(life: life);
        Assert.Equal(isFresh, token.IsFresh(Noon.AddHours(hours)));
        Assert.Equal(isAging, token.IsAging(Noon.AddHours(hours)));
    }

    [Fact]
    public void Are_valid_until_they_expire()
    {
        Assert.True(Token().IsValid(Noon.AddHours(12).AddSeconds(-1)));
        Assert.False(Token().IsValid(Noon.AddHours(12)));
    }

    [Fact]
    public void Are_fresh_with_exactly_ten_minutes_left()
    {
        var limit = Noon.AddHours(12).AddMinutes(-10);
        Assert.True(Token().IsFresh(limit));
        Assert.False(Token().IsFresh(limit.AddTicks(1)));
    }

    [Fact]
    public void Are_aging_from_exactly_half()
    {
        Assert.False(Token().IsAging(Noon.AddHours(6).AddTicks(-1)));
        Assert.True(Token().IsAging(Noon.AddHours(6)));
    }

    [Fact]
    public void Tolerate_a_clock_that_is_ten_minutes_off()
    {
        Assert.True(Token().IsFresh(Noon.AddMinutes(-10)));
        Assert.False(Token().IsFresh(Noon.AddMinutes(-10).AddTicks(-1)));
    }

    [Fact]
    public void Are_not_fresh_if_they_expire_before_they_were_obtained() => Assert.False(Token(life: -1).IsFresh(Noon));

    [Fact]
    public void Are_not_valid_if_obtained_in_the_future() => Assert.False(Token(obtained: 1).IsValid(Noon));
}
