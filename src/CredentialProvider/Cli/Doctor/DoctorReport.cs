namespace CredentialProvider.Cli.Doctor;

/// <summary>The findings of one run: each printed as it comes, or all of them as JSON at the end.</summary>
internal sealed class DoctorReport(Terminal terminal, bool isJson)
{
    private readonly List<Finding> _findings = [];

    /// <summary>Starts the findings of a source.</summary>
    public void Begin(CheckedSource source)
    {
        if (!isJson)
            terminal.Print(source.Name is null ? source.Title : $"{source.Title} {source.ShownUrl}");
    }

    /// <param name="source">Null for a check of the machine.</param>
    public void Add(CheckedSource? source, Finding finding)
    {
        _findings.Add(finding with { Source = source?.Title });
        if (isJson)
            return;
        var color = finding.Outcome switch
        {
            Outcome.Ok => TextColor.Green,
            Outcome.Fail => TextColor.Red,
            Outcome.Warn => TextColor.Yellow,
            _ => TextColor.Gray,
        };
        var code = finding.Code is null ? "" : $"{finding.Code}: ";
        var duration = finding.Duration is { } took ? $" ({took.TotalMilliseconds:0} ms)" : "";
        terminal.Print($"{Word(finding.Outcome),-4}", color, $"{finding.Check,-18}  {code}{finding.Text}{duration}");
        if (finding.Fix is { } fix)
            terminal.Print($"        {"",-18}  fix: {fix}");
    }

    /// <summary>Runs a check. An exception is a failure of this check, and no other is missed for it.</summary>
    public void Add(CheckedSource? source, string check, IEnumerable<Finding> findings)
    {
        try
        {
            foreach (var finding in findings)
                Add(source, finding);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Add(source, Finding.Fail(check, e));
        }
    }

    /// <inheritdoc cref="Add(CheckedSource?, string, IEnumerable{Finding})"/>
    public async Task AddAsync(CheckedSource? source, string check, IAsyncEnumerable<Finding> findings)
    {
        try
        {
            await foreach (var finding in findings)
                Add(source, finding);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Add(source, Finding.Fail(check, e));
        }
    }

    /// <returns>False if any check failed.</returns>
    public bool Finish()
    {
        terminal.Progress("");
        if (isJson)
            terminal.PrintVerbatim(ToJson());
        var failed = _findings.Count(finding => finding.Outcome == Outcome.Fail);
        if (failed > 0)
            terminal.Hint(failed == 1 ? "1 check failed" : $"{failed} checks failed");
        return failed == 0;
    }

    private static string Word(Outcome outcome) => outcome switch
    {
        Outcome.Ok => "ok",
        Outcome.Fail => "fail",
        Outcome.Warn => "warn",
        _ => "skip",
    };

    private string ToJson() => JsonText.Write(json =>
    {
        json.WriteStartArray();
        foreach (var finding in _findings)
        {
            json.WriteStartObject();
            WriteIfAny("source", finding.Source);
            json.WriteString("check", finding.Check);
            json.WriteString("outcome", Word(finding.Outcome));
            WriteIfAny("code", finding.Code);
            json.WriteString("text", finding.Text);
            WriteIfAny("fix", finding.Fix);
            WriteIfAny("command", finding.Command);
            if (finding.Duration is { } duration)
                json.WriteNumber("milliseconds", Math.Round(duration.TotalMilliseconds));
            json.WriteEndObject();
        }

        json.WriteEndArray();

        void WriteIfAny(string name, string? value)
        {
            if (value is not null)
                json.WriteString(name, value);
        }
    });
}
