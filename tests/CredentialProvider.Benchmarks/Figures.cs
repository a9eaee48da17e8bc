using System.Globalization;

namespace CredentialProvider.Benchmarks;

/// <summary>Medians, and how far the middle half of the values spreads.</summary>
internal static class Figures
{
    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count % 2 == 1 ? sorted[sorted.Count / 2] : (sorted[(sorted.Count / 2) - 1] + sorted[sorted.Count / 2]) / 2;
    }

    /// <summary><c>4.1 (3.9 to 4.6)</c>: the median and the quartiles.</summary>
    public static string Spread(IEnumerable<double> values, string format = "0.0")
    {
        var sorted = values.Order().ToList();
        return $"{Show(Median(sorted), format)} ({Show(sorted[sorted.Count / 4], format)} to {Show(sorted[sorted.Count * 3 / 4], format)})";
    }

    /// <summary>The median of what one is to the other, round by round.</summary>
    public static double Ratio(IEnumerable<double> ones, IEnumerable<double> others) => Median(ones.Zip(others, (one, other) => one / other));

    public static string Show(double value, string format = "0.0") => value.ToString(format, CultureInfo.InvariantCulture);
}
