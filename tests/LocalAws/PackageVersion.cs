using System.Globalization;

namespace LocalAws;

/// <summary>NuGet's rules for normalizing and ordering versions: https://learn.microsoft.com/nuget/concepts/package-versioning</summary>
internal static class PackageVersion
{
    /// <summary>Orders normalized versions by precedence, lowest first.</summary>
    public static IComparer<string> Order { get; } = Comparer<string>.Create(Compare);

    /// <summary>Lower case, three or four numbers without leading zeros, and no build metadata: 1.0 and 01.0.0.0+x become 1.0.0.</summary>
    public static string Normalize(string version)
    {
        var (numbers, label) = Split(version.Split('+')[0]);
        var kept = numbers.Length == 4 && numbers[3] == 0 ? numbers[..3] : numbers;
        IEnumerable<int> padded = [.. kept, .. Enumerable.Repeat(0, Math.Max(0, 3 - kept.Length))];
        return (string.Join('.', padded) + (label.Length > 0 ? "-" + label : "")).ToLowerInvariant();
    }

    private static int Compare(string? left, string? right)
    {
        var ((numbers, label), (otherNumbers, otherLabel)) = (Split(left ?? ""), Split(right ?? ""));
        for (var i = 0; i < 4; i++)
        {
            var order = numbers.ElementAtOrDefault(i).CompareTo(otherNumbers.ElementAtOrDefault(i));
            if (order != 0)
                return order;
        }

        // A release has a higher precedence than its prereleases.
        return label.Length == 0 || otherLabel.Length == 0
            ? otherLabel.Length.CompareTo(label.Length) : CompareLabels(label.Split('.'), otherLabel.Split('.'));
    }

    private static int CompareLabels(string[] labels, string[] others)
    {
        foreach (var (label, other) in labels.Zip(others))
        {
            var (isNumber, isOtherNumber) = (int.TryParse(label, out var number), int.TryParse(other, out var otherNumber));
            var order = isNumber && isOtherNumber ? number.CompareTo(otherNumber)
                : isNumber != isOtherNumber ? (isNumber ? -1 : 1) : string.CompareOrdinal(label, other);
            if (order != 0)
                return order;
        }

        return labels.Length.CompareTo(others.Length);
    }

    private static (int[] Numbers, string Label) Split(string version)
    {
        var parts = version.Split('-', 2);
        return ([.. parts[0].Split('.').Select(number => int.Parse(number, NumberStyles.None, CultureInfo.InvariantCulture))],
            parts.Length > 1 ? parts[1] : "");
    }
}
