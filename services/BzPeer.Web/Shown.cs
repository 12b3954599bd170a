using System.Globalization;
using System.Text.RegularExpressions;

namespace BzPeer.Web;

/// <summary>How numbers, dates, names and outside addresses are shown, as the language of the page writes them. Addresses are built from ids, never taken from a record.</summary>
internal static partial class Shown
{
    public static string Count(long number) => number.ToString("N0", CultureInfo.CurrentCulture);

    public static string Number(double number) => number.ToString("0.##", CultureInfo.CurrentCulture);

    public static string Day(DateTimeOffset at) => at.ToString("D", CultureInfo.CurrentCulture);

    public static string Day(DateOnly day) => day.ToString("D", CultureInfo.CurrentCulture);

    public static string Moment(DateTimeOffset at) => string.Create(CultureInfo.CurrentCulture, $"{at.UtcDateTime:d}, {at.UtcDateTime:HH:mm} UTC");

    /// <summary>A day, month or year of an answer: <c>2026-03-01</c> is "1 Mar 2026", <c>2026-03</c> "Mar 2026".</summary>
    public static string Step(string at) => Step(at, "d");

    /// <summary>The same where there is little room: a day without its year.</summary>
    public static string Mark(string at) => Step(at, "M");

    private static string Step(string at, string day) => at.Length switch
    {
        10 => DateOnly.ParseExact(at, "yyyy-MM-dd", CultureInfo.InvariantCulture).ToString(day, CultureInfo.CurrentCulture),
        7 => DateOnly.ParseExact(at, "yyyy-MM", CultureInfo.InvariantCulture).ToString("Y", CultureInfo.CurrentCulture),
        _ => at,
    };

    public static string Machine(DateTimeOffset at) => at.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);

    /// <summary>First letters of the first and last name, whole characters in any script.</summary>
    public static string Initials(string name)
    {
        var words = name.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Where(word => char.IsLetter(word[0]) || char.IsSurrogate(word[0])).ToArray();
        return words switch
        {
            [] => "?",
            [var only] => First(only),
            [var first, .., var last] => First(first) + First(last),
        };

        static string First(string word) => StringInfo.GetNextTextElement(word).ToUpperInvariant();
    }

    /// <summary>A name of the wire as words: <c>WorkPublished</c> is "Work published".</summary>
    public static string Words(string name) => WordStart().Replace(name, start => $" {start.Value.ToLowerInvariant()}");

    /// <summary>One of eight colours, always the same for the same researcher.</summary>
    public static int Hue(Guid id) => id.ToByteArray()[^1] % 8;

    /// <summary>At most so many characters, cut after a word; after a whole character where that would leave next to nothing.</summary>
    public static string Short(string text, int length)
    {
        var elements = new StringInfo(text);
        if (elements.LengthInTextElements <= length) return text;
        var afterWord = elements.SubstringByTextElements(0, length).LastIndexOf(' ');
        return (afterWord > length / 3 ? text[..afterWord] : elements.SubstringByTextElements(0, length - 1)).TrimEnd() + "…";
    }

    public static string? DoiAddress(string? doi) =>
        doi is not null && Doi().IsMatch(doi) ? $"https://doi.org/{Uri.EscapeDataString(doi).Replace("%2F", "/", StringComparison.Ordinal)}" : null;

    public static string? ArxivAddress(string? id) =>
        id is not null && Arxiv().IsMatch(id) ? $"https://arxiv.org/abs/{id}" : null;

    public static string? OrcidAddress(string? id) =>
        id is not null && Orcid().IsMatch(id) ? $"https://orcid.org/{id}" : null;

    public static string? OpenAlexAddress(string? id) =>
        id is not null && OpenAlex().IsMatch(id) ? $"https://openalex.org/{id}" : null;

    [GeneratedRegex("(?<=[a-z])[A-Z]")]
    private static partial Regex WordStart();

    [GeneratedRegex(@"^10\.\d{4,9}/\S+$")]
    private static partial Regex Doi();

    [GeneratedRegex(@"^(\d{4}\.\d{4,5}|[a-z-]+(\.[A-Z]{2})?/\d{7})$")]
    private static partial Regex Arxiv();

    [GeneratedRegex(@"^\d{4}-\d{4}-\d{4}-\d{3}[\dX]$")]
    private static partial Regex Orcid();

    [GeneratedRegex(@"^A\d+$")]
    private static partial Regex OpenAlex();
}
