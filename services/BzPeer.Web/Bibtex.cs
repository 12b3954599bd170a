using System.Globalization;
using System.Text;

namespace BzPeer.Web;

/// <summary>
/// A work as an entry of a BibTeX file, in UTF-8. Whatever a record brings is text there: nothing in a title ends its field, and no command runs in
/// the document of whoever cites it, but those of a formula that <see cref="Mathematics"/> knows.
/// </summary>
internal static class Bibtex
{
    public static string Of(Work work)
    {
        var form = Citations.FormOf(work);
        var (entry, venue) = form switch
        {
            Form.Article => ("article", "journal"),
            Form.Paper => ("inproceedings", "booktitle"),
            Form.Chapter => ("incollection", "booktitle"),
            Form.Book => ("book", "publisher"),
            Form.Thesis => ("phdthesis", "school"),
            Form.Report => ("techreport", "institution"),
            _ => ("misc", "howpublished"),
        };
        var bibtex = new StringBuilder($"@{entry}{{{Citations.Key(work)}");
        Add("author", string.Join(" and ", work.InOrder().Select(Name)));
        Add("title", Title(work.Title));
        // The archive is named by the eprint.
        Add(venue, work.Venue is null || (form == Form.Preprint && work.ArxivId is not null) ? "" : Escaped(work.Venue));
        Add("year", work.Year?.ToString(CultureInfo.InvariantCulture) ?? "");
        if (work.PublicationDate is { } day && day.Year == work.Year)
            bibtex.Append(CultureInfo.InvariantCulture, $",\n  month = {day.ToString("MMM", CultureInfo.InvariantCulture).ToLowerInvariant()}");
        if (Shown.DoiAddress(work.Doi) is { } address)
            Add(IsVerbatim(work.Doi!) ? "doi" : "url", IsVerbatim(work.Doi!) ? work.Doi! : address);
        if (Shown.ArxivAddress(work.ArxivId) is { } arxiv)
        {
            Add("eprint", work.ArxivId!);
            Add("archiveprefix", "arXiv");
            if (work.Doi is null) Add("url", arxiv);
        }
        Add("abstract", Escaped(Mathematics.Text(work.Abstract)));
        Add("keywords", Escaped(string.Join(", ", work.Topics ?? [])));
        Add("note", work.Retracted ? "Retracted" : "");
        return bibtex.Append("\n}\n").ToString();

        void Add(string field, string value)
        {
            if (value.Length > 0) bibtex.Append(CultureInfo.InvariantCulture, $",\n  {field} = {{{value}}}");
        }
    }

    /// <summary>As "Family, Given", so that no program has to guess; a group's name in braces of its own, which keep its words together.</summary>
    private static string Name(Author author)
    {
        var name = PrintedName.Of(author.Name);
        return name.IsGroup ? $"{{{Escaped(name.Family)}}}" : string.Join(", ", new[] { name.Family, name.Suffix, name.Given }.Where(part => part.Length > 0).Select(Escaped));
    }

    /// <summary>Formulas as they were printed; of words with capitals inside (IPv6, DNA) the case is kept, which styles would lower.</summary>
    private static string Title(string title)
    {
        var written = new StringBuilder();
        foreach (var stretch in Mathematics.Stretches(title))
            written.Append(stretch.IsFormula ? stretch.Printed : string.Join(' ', Mathematics.Text(stretch.Printed).Split(' ').Select(Word)));
        return written.ToString();
    }

    private static string Word(string word) => word.Skip(1).Any(char.IsUpper) ? $"{{{Escaped(word)}}}" : Escaped(word);

    /// <summary>What TeX reads as a command, written so that it is printed. BibTeX counts braces, also those after a backslash.</summary>
    private static string Escaped(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            _ = c switch
            {
                '\\' => escaped.Append(@"\textbackslash{}"),
                '{' => escaped.Append(@"\textbraceleft{}"),
                '}' => escaped.Append(@"\textbraceright{}"),
                '~' => escaped.Append(@"\textasciitilde{}"),
                '^' => escaped.Append(@"\textasciicircum{}"),
                '&' or '%' or '$' or '#' or '_' => escaped.Append('\\').Append(c),
                _ => escaped.Append(c),
            };
        }
        return escaped.ToString();
    }

    /// <summary>Styles print a DOI as it is, without reading it.</summary>
    private static bool IsVerbatim(string doi) => doi.AsSpan().IndexOfAny(@"{}\%#~^") < 0;
}
