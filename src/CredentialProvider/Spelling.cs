namespace CredentialProvider;

/// <summary>What somebody who mistyped a word probably meant.</summary>
internal static class Spelling
{
    /// <summary>The word that takes the fewest changes of a letter, if they are few; case does not count.</summary>
    public static string? Nearest(string typed, IEnumerable<string> words)
    {
        var (nearest, fewest) = ((string?)null, (Math.Max(typed.Length, 3) / 3) + 1);
        foreach (var word in words)
        {
            if (Distance(typed.ToLowerInvariant(), word.ToLowerInvariant()) is var distance && distance < fewest)
                (nearest, fewest) = (word, distance);
        }

        return nearest;
    }

    /// <summary>Letters to add, drop, replace or swap with a neighbour (optimal string alignment).</summary>
    private static int Distance(string a, string b)
    {
        int[] before = [], above = [.. Enumerable.Range(0, b.Length + 1)];
        for (var i = 1; i <= a.Length; i++)
        {
            var row = new int[b.Length + 1];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                row[j] = Math.Min(above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1), Math.Min(above[j], row[j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    row[j] = Math.Min(row[j], before[j - 2] + 1);
            }

            (before, above) = (above, row);
        }

        return above[^1];
    }
}
