using System.Globalization;
using System.Text.Json;

namespace BzPeer.Publication;

/// <summary>A record of a source as it was read: what it says of a work or an author, or why it was rejected.</summary>
/// <param name="SourceId">The source's id of it, as far as it could be read.</param>
/// <param name="Work">What it says of a work; null when rejected, and where it says something else.</param>
/// <param name="Rejection">Why it is rejected, else null.</param>
/// <param name="BreaksOff">Nothing after it could be read.</param>
/// <param name="Source">Whose word it is, where the format does not say so by itself.</param>
/// <param name="Author">What it says of an author apart from works; null when it says nothing of any or is rejected.</param>
internal sealed record ReadRecord(string? SourceId, SourceWork? Work, string? Rejection, bool BreaksOff = false, string? Source = null, AuthorRecord? Author = null)
{
    private const int MaxShownId = 200;
    private const int MaxReason = 1_000;

    /// <summary>What else it says: notices about works, or that the source deleted its record of one.</summary>
    public IReadOnlyList<Heard> Also { get; init; } = [];

    /// <summary>All that it says, the word on its own work first.</summary>
    public IEnumerable<Heard> Heard(string format) => Work is null ? Also : Also.Prepend(new Assertion(Source ?? format, SourceId!, Work));

    /// <summary>Something that is no word on a work.</summary>
    public static ReadRecord Telling(string sourceId, Heard heard) => new(sourceId, null, null) { Also = [heard] };

    /// <summary>The work, if it keeps the rules.</summary>
    public static ReadRecord Of(string sourceId, SourceWork work) =>
        WorkRules.Check(work) is { } broken ? Rejected(sourceId, broken.Detail) : new(sourceId, work, null);

    /// <summary>The author, if they keep the rules.</summary>
    public static ReadRecord OfAuthor(string sourceId, AuthorRecord author) =>
        WorkRules.Check(author.Author) is { } broken ? Rejected(sourceId, broken.Detail) : new(sourceId, null, null, Author: author);

    /// <summary>What is said of it may quote it, so that is cleaned too: a rejection can always be stored.</summary>
    public static ReadRecord Rejected(string? sourceId, string reason) => new(PlainText.Shorten(sourceId, MaxShownId), null, PlainText.Shorten(reason, MaxReason)!);

    public static ReadRecord Broken(string reason) => Rejected(null, reason) with { BreaksOff = true };
}

/// <summary>Reads JSON of others, in which any member may be missing, null or of another kind than it should be.</summary>
internal static class LooseJson
{
    public static JsonElement? Member(this JsonElement? element, string name) => element?.Member(name);

    public static JsonElement? Member(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public static string? Text(this JsonElement? element) => element is { ValueKind: JsonValueKind.String } text && text.GetString() is { Length: > 0 } found ? found : null;

    public static IEnumerable<JsonElement> Items(this JsonElement? element) => element is { ValueKind: JsonValueKind.Array } array ? array.EnumerateArray() : [];

    public static bool IsTrue(this JsonElement? element) => element is { ValueKind: JsonValueKind.True };

    public static int? Whole(this JsonElement? element) => element is { ValueKind: JsonValueKind.Number } number && number.TryGetInt32(out var value) ? value : null;

    /// <summary>A number, also where it stands in quotes.</summary>
    public static double? Number(this JsonElement? element) => element switch
    {
        { ValueKind: JsonValueKind.Number } number => number.GetDouble(),
        { ValueKind: JsonValueKind.String } text when double.TryParse(text.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) => value,
        _ => null,
    };

    /// <summary>The first text that is not blank: of a list, or where a list should be.</summary>
    public static string? FirstText(this JsonElement? element) =>
        element is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray().Select(item => ((JsonElement?)item).FirstText()).FirstOrDefault(text => text is not null)
        : string.IsNullOrWhiteSpace(element.Text()) ? null : element.Text();

    /// <summary>A whole number, also where it stands in quotes.</summary>
    public static int? Digits(this JsonElement? element) =>
        element.Whole() ?? (int.TryParse(element.Text(), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null);

    /// <summary>Year and day of <c>{"date-parts": [[2019, 5, 3]]}</c>, of which the day and the month may be missing.</summary>
    public static (int? Year, DateOnly? Day) DateParts(this JsonElement? date)
    {
        var parts = ((JsonElement?)date.Member("date-parts").Items().FirstOrDefault()).Items().Select(part => ((JsonElement?)part).Digits()).ToList();
        return Date(parts.ElementAtOrDefault(0), parts.ElementAtOrDefault(1), parts.ElementAtOrDefault(2));
    }

    /// <summary>What of a date is known: the year, and the day only where all three parts make one.</summary>
    public static (int? Year, DateOnly? Day) Date(int? year, int? month, int? day)
    {
        if (year is not (> 0 and <= 9999)) return (null, null);
        return month is >= 1 and <= 12 && day >= 1 && day <= DateTime.DaysInMonth(year.Value, month.Value) ? (year, new DateOnly(year.Value, month.Value, day.Value)) : (year, null);
    }

    /// <summary>The day at the beginning of a text, <c>2023-01-03</c> or <c>2023-01-03T18:00:00Z</c>.</summary>
    public static DateOnly? Day(string? text) =>
        text is { Length: >= 10 } && DateOnly.TryParseExact(text.AsSpan(0, 10), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : null;
}
