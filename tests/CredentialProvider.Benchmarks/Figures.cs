using System.Globalization;

namespace CredentialProvider.Benchmarks;

/// <summary>Medians, quartiles and ratios, formatted for the report.</summary>
internal static class Figures
{
    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count % 2 == 1 ? sorted[sorted.Count / 2] : (sorted[(sorted.Count / 2) - 1] + sorted[sorted.Count / 2]) / 2;
    }

    /// <summary>Formats the median and the quartiles: <c>4.1 (3.9 to 4.6)</c>.</summary>
    public static string Spread(IEnumerable<double> values, string format = "0.0")
    {
        var sorted = values.Order().ToList();
        return $"{Format(Median(sorted), format)} ({Format(sorted[sorted.Count / 4], format)} to {Format(sorted[sorted.Count * 3 / 4], format)})";
    }

    /// <summary>The median of the ratios of each round.</summary>
    public static double Ratio(IEnumerable<double> ones, IEnumerable<double> others) => Median(ones.Zip(others, (one, other) => one / other));

    public static string Format(double value, string format = "0.0") => value.ToString(format, CultureInfo.InvariantCulture);
}
