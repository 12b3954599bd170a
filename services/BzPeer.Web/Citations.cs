using System.Globalization;
using System.Net;
using System.Text;
using BzPeer.ServiceDefaults;

namespace BzPeer.Web;

/// <summary>
/// <c>/works/{id}.bib</c> and <c>/works/{id}.csl.json</c>: a work as reference managers take it in, named by a key that people can read.
/// </summary>
internal static class Citations
{
    private static readonly HashSet<string> SmallWords =
        ["a", "an", "the", "on", "of", "in", "for", "to", "and", "or", "with", "by", "from", "at", "as", "is", "are", "towards", "toward", "der", "die", "das", "ein", "eine", "le", "la", "les", "un", "une", "el"];

    public static void MapCitations(this WebApplication app)
    {
        Map(".bib", "application/x-bibtex; charset=utf-8", Bibtex.Of);
        Map(".csl.json", "application/vnd.citationstyles.csl+json", CslJson.Of);

        void Map(string ending, string type, Func<Work, string> write) => app
            .MapGet($"/works/{{id:guid}}{ending}", async (Guid id, HttpContext http, BzPeerApi api, CancellationToken ct) => await api.Work(id, ct) switch
            {
                { Value: { } work } => Results.File(Encoding.UTF8.GetBytes(write(work)), type, Key(work) + ending),
                { Survivor: { } survivor } => Results.LocalRedirect($"/works/{survivor}{ending}", permanent: true),
                { Unavailable: true } => Later(http),
                var answer => Results.StatusCode((int)(answer.Status ?? HttpStatusCode.NotFound)),
            })
            .AllowAnonymous().ExcludeFromDescription();
    }

    private static IResult Later(HttpContext http)
    {
        http.Response.Headers.RetryAfter = "5";
        return Results.StatusCode(StatusCodes.Status503ServiceUnavailable);
    }

    /// <summary>First author's family name, year and first word of the title that says something: <c>bernier2023extending</c>. Letters and digits of ASCII only.</summary>
    public static string Key(Work work)
    {
        var family = Plain(PrintedName.Of(work.FirstAuthor()?.Name ?? "").Family).Replace(" ", "", StringComparison.Ordinal);
        var words = Plain(Mathematics.Text(work.Title)).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var word = words.FirstOrDefault(word => !SmallWords.Contains(word)) ?? words.FirstOrDefault();
        return family.Length == 0 && word is null
            ? $"work{work.Id.ToString("N")[..8]}"
            : $"{family}{work.Year?.ToString(CultureInfo.InvariantCulture)}{word}";
    }

    public static Author? FirstAuthor(this Work work) => work.InOrder().FirstOrDefault();

    public static IReadOnlyList<Author> InOrder(this Work work) => [.. (work.Authors ?? []).OrderBy(author => author.Position)];

    /// <summary>What its type says of how it came out, whichever source's term it is.</summary>
    public static Form FormOf(Work work) => work.Type?.ToLowerInvariant().Replace('_', '-').Replace(' ', '-') switch
    {
        "article" or "journal-article" or "article-journal" or "review" or "letter" or "editorial" or "erratum" or "data-paper" => work.Venue is null ? Form.Other : Form.Article,
        "proceedings-article" or "conference-paper" or "paper-conference" or "inproceedings" or "conference" => work.Venue is null ? Form.Other : Form.Paper,
        "book-chapter" or "chapter" or "incollection" or "inbook" or "reference-entry" or "book-section" => work.Venue is null ? Form.Other : Form.Chapter,
        "book" or "monograph" or "edited-book" or "reference-book" => Form.Book,
        "dissertation" or "thesis" or "phdthesis" or "dissertation-thesis" => Form.Thesis,
        "report" or "techreport" or "working-paper" => Form.Report,
        "dataset" => Form.Dataset,
        "preprint" or "posted-content" => Form.Preprint,
        _ => Form.Other,
    };

    /// <summary>Lower-case letters and digits of ASCII with single spaces, accents taken off; of other scripts nothing is left.</summary>
    private static string Plain(string text)
    {
        var plain = new StringBuilder(text.Length);
        foreach (var c in text.Normalize(NormalizationForm.FormKD).ToLowerInvariant())
        {
            if (char.IsAsciiLetterOrDigit(c)) plain.Append(c);
            else if (Unaccented.TryGetValue(c, out var letters)) plain.Append(letters);
            // An apostrophe or an accent stands within a word.
            else if (c is not ('\'' or '’') && CharUnicodeInfo.GetUnicodeCategory(c) != UnicodeCategory.NonSpacingMark && plain.Length > 0 && plain[^1] != ' ') plain.Append(' ');
        }
        return plain.ToString().Trim();
    }

    private static readonly Dictionary<char, string> Unaccented = new() { ['ß'] = "ss", ['ø'] = "o", ['ł'] = "l", ['æ'] = "ae", ['œ'] = "oe", ['đ'] = "d", ['ð'] = "d", ['þ'] = "th", ['ı'] = "i" };
}

/// <summary>How a work came out, as far as references tell apart.</summary>
internal enum Form
{
    Article,
    Paper,
    Chapter,
    Book,
    Thesis,
    Report,
    Dataset,
    Preprint,
    Other,
}

/// <summary>A name as it is printed on a work, cut as references want it.</summary>
/// <param name="Given">What stands before the family name.</param>
/// <param name="Family">The family name with its particles (van der Berg); the whole of a group's name.</param>
/// <param name="Suffix">Jr. and the like, or nothing.</param>
internal sealed record PrintedName(string Given, string Family, string Suffix)
{
    private static readonly string[] Suffixes = ["Jr", "Jr.", "Sr", "Sr.", "II", "III", "IV"];

    private static readonly string[] Groups = ["collaboration", "consortium", "group", "team", "committee", "network", "initiative", "association", "society", "institute", "university"];

    public bool IsGroup => Given.Length == 0;

    public static PrintedName Of(string name)
    {
        var words = name.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 2 || name.Contains(',', StringComparison.Ordinal) || words.Any(word => Groups.Contains(word.ToLowerInvariant()) || word.Equals("and", StringComparison.OrdinalIgnoreCase)))
            return new("", name, "");
        var suffix = words.Length > 2 && Suffixes.Contains(words[^1]) ? words[^1] : "";
        if (suffix.Length > 0) words = words[..^1];
        var family = words.Length - 1;
        while (family > 1 && char.IsLower(words[family - 1][0])) family--;
        return new(string.Join(' ', words[..family]), string.Join(' ', words[family..]), suffix);
    }
}
