using System.Globalization;
using System.Text;

namespace CredentialProvider.Benchmarks;

/// <summary>A horizontal bar chart as SVG, readable on light and dark pages.</summary>
internal static class Chart
{
    private const int Left = 230, Width = 460, RowHeight = 26, Top = 40;

    /// <param name="rows">Name, value, and whether to highlight the bar as this project's.</param>
    public static string Bars(string title, string unit, IReadOnlyCollection<(string Name, double Value, bool IsOurs)> rows)
    {
        var height = Top + (rows.Count * RowHeight) + 10;
        var max = rows.Max(row => row.Value);
        var svg = new StringBuilder();
        svg.AppendLine(CultureInfo.InvariantCulture, $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 {height}" font-family="sans-serif" font-size="13">""");
        svg.AppendLine(CultureInfo.InvariantCulture, $"""<rect width="800" height="{height}" fill="#fff"/><text x="10" y="24" font-size="15">{title}</text>""");
        var y = Top;
        foreach (var (name, value, isOurs) in rows)
        {
            var length = Math.Max(1, value / max * Width);
            var color = isOurs ? "#2563eb" : "#9ca3af";
            svg.Append(CultureInfo.InvariantCulture, $"""<text x="{Left - 8}" y="{y + 16}" text-anchor="end">{name}</text>""");
            svg.Append(CultureInfo.InvariantCulture, $"""<rect x="{Left}" y="{y + 3}" width="{length:0.#}" height="18" fill="{color}"/>""");
            svg.AppendLine(CultureInfo.InvariantCulture, $"""<text x="{Left + length + 6:0.#}" y="{y + 16}">{value:0.#} {unit}</text>""");
            y += RowHeight;
        }

        return svg.Append("</svg>\n").ToString();
    }
}
