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
    public static string Spread(IReadOnlyCollection<double> values, string format = "0.0")
    {
        var sorted = values.Order().ToList();
        return $"{Median(values).ToString(format)} ({sorted[sorted.Count / 4].ToString(format)} to {sorted[sorted.Count * 3 / 4].ToString(format)})";
    }
}
