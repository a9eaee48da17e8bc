namespace CredentialProvider.Errors;

/// <summary>Suggests the word that was probably meant by a mistyped one.</summary>
internal static class Spelling
{
    /// <summary>A hint that ends an error: <c>did you mean 'profile'?</c>, or all words if none is close.</summary>
    public static string Suggest(string typed, IReadOnlyCollection<string> words) =>
        FindNearest(typed, words) is { } meant ? $"did you mean '{meant}'?" : $"expected {string.Join(", ", words)}";

    /// <summary>The closest word, ignoring case; null if none is close.</summary>
    public static string? FindNearest(string typed, IEnumerable<string> words)
    {
        var (nearest, fewest) = ((string?)null, (Math.Max(typed.Length, 3) / 3) + 1);
        foreach (var word in words)
        {
            if (Distance(typed.ToLowerInvariant(), word.ToLowerInvariant()) is var distance && distance < fewest)
                (nearest, fewest) = (word, distance);
        }

        return nearest;
    }

    /// <summary>Letters to insert, delete, replace or swap with a neighbor (optimal string alignment).</summary>
    private static int Distance(string a, string b)
    {
        int[] twoAbove = [], above = [.. Enumerable.Range(0, b.Length + 1)];
        for (var i = 1; i <= a.Length; i++)
        {
            var row = new int[b.Length + 1];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                row[j] = Math.Min(above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1), Math.Min(above[j], row[j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    row[j] = Math.Min(row[j], twoAbove[j - 2] + 1);
            }

            (twoAbove, above) = (above, row);
        }

        return above[^1];
    }
}
