using System.Globalization;
using System.Text;
using BzPeer.ServiceDefaults;
using Microsoft.AspNetCore.Html;

namespace BzPeer.Web;

/// <summary>
/// Titles and abstracts as they are shown: with the markup of their source where it gave some, and in all text the formulas of TeX. What is stored is
/// not trusted: it is read as <see cref="Markup"/> and written anew, elements by their names there and everything else encoded. What is of another
/// form is not shown, and the plain text is.
/// </summary>
internal static class Typography
{
    /// <summary>A title in one line.</summary>
    public static IHtmlContent Title(string title, string? markup) => Markup.Read(markup) is { } parts ? new HtmlString(Html(parts)) : Mathematics.Html(title);

    /// <summary>A title in one line.</summary>
    public static IHtmlContent Title(Work work) => Title(work.Title, work.TitleMarkup);

    /// <summary>A title of at most so many characters, cut where no formula is. What is cut is plain text, its formulas in the characters there are for them.</summary>
    public static IHtmlContent Title(Work work, int length)
    {
        var line = Mathematics.Line(work.Title);
        return new StringInfo(line).LengthInTextElements <= length ? Title(work) : new HtmlString(Mathematics.Encode(Shown.Short(line, length)));
    }

    /// <summary>An abstract, as one paragraph or several.</summary>
    public static IHtmlContent Abstract(Work work) => new HtmlString(Markup.Read(work.AbstractMarkup) switch
    {
        null => Paragraph(Mathematics.Html(work.Abstract).ToString()),
        [MarkupElement { Name: Markup.Paragraph }, ..] several => string.Concat(several.Select(part => Paragraph(Html(part is MarkupElement { Name: Markup.Paragraph } paragraph ? paragraph.Parts : [part])))),
        var one => Paragraph(Html(one)),
    });

    private static string Paragraph(string? html) => $"<p dir=\"auto\">{html}</p>";

    private static string Html(IReadOnlyList<MarkupPart> parts)
    {
        var html = new StringBuilder();
        Write(parts, html);
        return html.ToString();
    }

    private static void Write(IReadOnlyList<MarkupPart> parts, StringBuilder html)
    {
        foreach (var part in parts)
        {
            if (part is MarkupText text) html.Append(Mathematics.Html(text.Text));
            else if (part is MarkupElement { Name: Markup.Formula } formula) foreach (var piece in Pieces(formula)) WriteFormula(piece, html, variant: null);
            // A paragraph in a line is a part of the line.
            else if (part is MarkupElement { Name: Markup.Paragraph } paragraph) Write([.. paragraph.Parts, new MarkupText(" ")], html);
            else if (part is MarkupElement element)
            {
                html.Append('<').Append(element.Name).Append('>');
                Write(element.Parts, html);
                html.Append("</").Append(element.Name).Append('>');
            }
        }
    }

    /// <summary>
    /// As MathML Core, which is what all browsers draw: of faces it has the upright one and the italic one of single letters, so of the others the letters
    /// themselves are written; and it has no brackets around lists.
    /// </summary>
    /// <param name="element">The formula or an element in it.</param>
    /// <param name="html">What to write to.</param>
    /// <param name="variant">The face it is in, or null.</param>
    private static void WriteFormula(MarkupElement element, StringBuilder html, string? variant)
    {
        variant = element.Attributes.GetValueOrDefault("mathvariant", variant!);
        var name = element.Name == "mfenced" ? "mrow" : element.Name;
        html.Append('<').Append(name);
        foreach (var (attribute, value) in element.Attributes)
            if (element.Name != "mfenced" && (attribute != "mathvariant" || value == "normal")) html.Append(' ').Append(attribute).Append("=\"").Append(Mathematics.Encode(value)).Append('"');
        // What does not fit a narrow window is scrolled in itself, also with the keyboard.
        if (name == Markup.Formula && Markup.Text(element.Parts).Length > LongestPiece) html.Append(" tabindex=\"0\"");
        html.Append('>');
        var parts = element.Name == "mfenced" ? Fenced(element) : element.Parts;
        foreach (var part in parts)
        {
            if (part is MarkupElement inner) WriteFormula(inner, html, variant);
            else if (part is MarkupText text) html.Append(Mathematics.Encode(MathLetters.Of(text.Text, variant)));
        }

        html.Append("</").Append(name).Append('>');
    }

    /// <summary>
    /// No browser breaks a formula at the end of a line. A long one is written as several in a row, each up to a sign after which a line may end.
    /// </summary>
    private static IEnumerable<MarkupElement> Pieces(MarkupElement formula)
    {
        if (Markup.Text(formula.Parts).Length <= LongestPiece) return [formula];
        List<List<MarkupPart>> pieces = [[]];
        foreach (var part in Ungrouped(formula.Parts))
        {
            pieces[^1].Add(part);
            if (part is MarkupElement { Name: "mo", Parts: [MarkupText { Text.Length: 1 } sign] } && BreaksAfter.Contains(sign.Text[0], StringComparison.Ordinal)) pieces.Add([]);
        }

        return pieces.Where(piece => piece.Count > 0).Select(piece => formula with { Parts = piece });
    }

    private static IEnumerable<MarkupPart> Ungrouped(IReadOnlyList<MarkupPart> parts) =>
        parts.SelectMany(part => part is MarkupElement { Name: "mrow", Attributes.Count: 0 } row ? Ungrouped(row.Parts) : [part]);

    private const string BreaksAfter = "=≠<>≤≥≪≫≈≃≅≡∼∝∈∉⊂⊆→⇒⇔↦+−-±,;";

    /// <summary>Characters of a formula that fit a line of a narrow window.</summary>
    private const int LongestPiece = 24;

    /// <summary>What is in it with the brackets around and the marks between, of which the last one is repeated.</summary>
    private static IEnumerable<MarkupPart> Fenced(MarkupElement fenced)
    {
        var separators = fenced.Attributes.GetValueOrDefault("separators", ",");
        yield return Sign(fenced.Attributes.GetValueOrDefault("open", "("));
        for (var n = 0; n < fenced.Parts.Count; n++)
        {
            if (n > 0 && separators.Length > 0) yield return Sign($"{separators[Math.Min(n, separators.Length) - 1]}");
            yield return fenced.Parts[n];
        }

        yield return Sign(fenced.Attributes.GetValueOrDefault("close", ")"));
    }

    private static MarkupElement Sign(string sign) => new("mo", new Dictionary<string, string>(), [new MarkupText(sign)]);
}
