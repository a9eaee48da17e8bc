using System.Globalization;
using System.Reflection;
using System.Text;
using CredentialProvider.Aws;

namespace CredentialProvider.Tests.Aws;

/// <summary>
/// Ten thousand build agents without a token start at the same instant, against CodeArtifact's quota of 40 requests a second. Runs the
/// program's own retries on a virtual clock. Draws docs/internals/fleet.svg; a chart that differs is written to artifacts/fleet.svg.
/// </summary>
public sealed class TenThousandAgentsStartingAtOnce
{
    private const int Agents = 10_000, QuotaPerSecond = 40, Shown = 640;

    private static readonly string Root = typeof(TenThousandAgentsStartingAtOnce).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == "RepositoryRoot").Value!;

    private static readonly Lazy<(Fleet With, Fleet Without)> Fleets = new(() =>
        (Fleet.Start(agent => new Random(agent).NextDouble), Fleet.Start(_ => () => 1)));

    [Fact]
    public void Every_agent_gets_a_token()
    {
        Assert.Equal(Agents, Fleets.Value.With.Tokens.Sum());
        // 10,000 tokens at 40 a second take 250 s.
        Assert.InRange(Fleets.Value.With.LastToken, 250, 400);
    }

    [Fact]
    public void Without_jitter_most_agents_get_none() => Assert.InRange(Fleets.Value.Without.Tokens.Sum(), 0, Agents / 2);

    [Fact]
    public void The_chart_in_the_docs_is_up_to_date()
    {
        var (with, without) = Fleets.Value;
        var chart = Draw(with, without);
        var shown = Path.Combine(Root, "docs", "internals", "fleet.svg");
        if (File.Exists(shown) && File.ReadAllText(shown) == chart)
            return;
        var drawn = Path.Combine(Root, "artifacts", "fleet.svg");
        File.WriteAllText(drawn, chart);
        Assert.Fail($"docs/internals/fleet.svg is out of date; the new chart is {drawn}. With jitter {with.Tokens.Sum()} tokens, the last after "
            + $"{with.LastToken} s, {with.Requests.Sum()} requests; without {without.Tokens.Sum()} tokens, {without.Requests.Sum()} requests");
    }

    private sealed record Fleet(int[] Requests, int[] Tokens)
    {
        /// <summary>Seconds.</summary>
        public int LastToken => Array.FindLastIndex(Tokens, count => count > 0) + 1;

        /// <param name="randomOf">An agent's source of jitter.</param>
        public static Fleet Start(Func<int, Func<double>> randomOf)
        {
            var (requests, tokens) = (new int[Shown], new int[Shown]);
            var time = new VirtualTime();
            // A token bucket, like AWS's API throttling: it holds one second's quota, and a throttled request takes nothing.
            var (available, filled) = ((double)QuotaPerSecond, TimeSpan.Zero);
            Task<int> Call()
            {
                available = Math.Min(QuotaPerSecond, available + ((time.Elapsed - filled).TotalSeconds * QuotaPerSecond));
                filled = time.Elapsed;
                requests[(int)time.Elapsed.TotalSeconds]++;
                if (available < 1)
                    throw FailedCalls.Throttled();
                available--;
                tokens[(int)time.Elapsed.TotalSeconds]++;
                return Task.FromResult(0);
            }

            var running = Enumerable.Range(0, Agents).Select(agent => new Retries(time, randomOf(agent), Retries.BuildTimeout)
                .RunAsync(_ => Call(), waiting: null, CancellationToken.None)).ToList();
            time.Run();
            Assert.All(running, agent => Assert.True(agent.IsCompleted));
            return new Fleet(requests, tokens);
        }
    }

    private static string Draw(Fleet with, Fleet without)
    {
        var svg = new StringBuilder("""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 330" font-family="sans-serif" font-size="12">
            <rect width="900" height="330" fill="#fff"/>

            """);
        Panel(svg, 60, "requests in each 5 s (the quota is 200)", Grouped(with.Requests), Grouped(without.Requests), isLogarithmic: true);
        Panel(svg, 510, "agents with a token", Running(with.Tokens), Running(without.Tokens), isLogarithmic: false);
        svg.Append("""
            <path d="M300 318h30" stroke="#1b6ac9" stroke-width="2"/><text x="336" y="322">with jitter</text>
            <path d="M480 318h30" stroke="#c9461b" stroke-width="2"/><text x="516" y="322">without</text>
            </svg>

            """);
        return svg.ToString().ReplaceLineEndings("\n");
    }

    private static double[] Grouped(int[] seconds) => [.. seconds.Chunk(5).Select(group => (double)group.Sum())];

    private static double[] Running(int[] seconds)
    {
        var sum = 0;
        return [.. seconds.Chunk(5).Select(group => (double)(sum += group.Sum()))];
    }

    private static void Panel(StringBuilder svg, int left, string title, double[] with, double[] without, bool isLogarithmic)
    {
        const int Top = 40, Width = 360, Height = 220;
        double Y(double value) => Top + Height - (Height * (isLogarithmic ? Math.Log10(Math.Max(value, 1)) / 5 : value / Agents));
        string Line(double[] values) => string.Join(' ', values.Select((value, index) => string.Create(CultureInfo.InvariantCulture,
            $"{left + (Width * index / (double)values.Length):0.#},{Y(value):0.#}")));
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{left}\" y=\"24\" font-size=\"14\">{title}</text>\n");
        foreach (var value in isLogarithmic ? [1, 10, 100, 1000, 10_000, 100_000] : new[] { 0, 2500, 5000, 7500, 10_000 })
        {
            svg.Append(CultureInfo.InvariantCulture, $"<path d=\"M{left} {Y(value):0.#}h{Width}\" stroke=\"#ddd\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{left - 6}\" y=\"{Y(value) + 4:0.#}\" text-anchor=\"end\">{value}</text>\n");
        }

        for (var second = 0; second <= 600; second += 120)
        {
            var x = left + (Width * second / (double)Shown);
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{x:0.#}\" y=\"{Top + Height + 18}\" text-anchor=\"middle\">{second} s</text>\n");
        }

        svg.Append($"<polyline points=\"{Line(without)}\" fill=\"none\" stroke=\"#c9461b\" stroke-width=\"2\"/>\n");
        svg.Append($"<polyline points=\"{Line(with)}\" fill=\"none\" stroke=\"#1b6ac9\" stroke-width=\"2\"/>\n");
    }
}
