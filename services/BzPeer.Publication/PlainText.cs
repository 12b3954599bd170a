using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace BzPeer.Publication;

/// <summary>Text of a source as plain text: what it says, without its markup and without what a store or a page chokes on.</summary>
internal static class PlainText
{
    /// <summary>
    /// One line of text: white space runs become one space; control characters, lone surrogates, U+FFFE (no character, and
    /// cannot be normalized) and the controls that turn around the direction of whatever follows them are dropped. Null when
    /// nothing is left.
    /// </summary>
    public static string? Clean(string? text)
    {
        if (string.IsNullOrEmpty(text)) return null;
        var clean = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (char.IsWhiteSpace(c))
            {
                if (clean.Length > 0 && clean[^1] != ' ') clean.Append(' ');
            }
            else if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                clean.Append(c).Append(text[++i]);
            else if (!char.IsSurrogate(c) && !char.IsControl(c) && c != '\uFFFE' && !TurnsDirection(c))
                clean.Append(c);
        }

        return clean.ToString().Trim() is { Length: > 0 } line ? line : null;
    }

    /// <summary>
    /// As <see cref="Clean"/>, for sources that send HTML or JATS: entities are decoded (twice: some are encoded twice) and
    /// tags taken out. Only names that are elements count as tags, so "a &lt; b" and "List&lt;T&gt;" stay. What is raised or lowered becomes
    /// characters that are, where there are such: 10 with a raised 8 is 10⁸ and not 108.
    /// </summary>
    public static string? FromMarkup(string? text)
    {
        if (text is null || text.AsSpan().IndexOfAny('<', '&') < 0) return Clean(text);
        var decoded = Scripts.Replace(WebUtility.HtmlDecode(WebUtility.HtmlDecode(text)), static script => InLine(script) ?? script.Value);
        return Clean(Tag.Replace(decoded, static tag =>
        {
            var name = tag.Groups["name"].Value;
            name = name[(name.IndexOf(':') + 1)..];
            return tag.Value.StartsWith("<!", StringComparison.Ordinal) || Blocks.Contains(name) ? " "
                : tag.Groups["prefix"].Success || Inline.Contains(name) ? ""
                : tag.Value;
        }));
    }

    private static string? InLine(Match script)
    {
        var (from, to) = script.Groups["place"].Value.EndsWith("sup", StringComparison.OrdinalIgnoreCase)
            ? ("0123456789+-−–=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁼⁽⁾ⁿⁱ") : ("0123456789+-−–=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ");
        var text = script.Groups["text"].Value.Trim();
        return text.Length > 0 && text.All(c => from.Contains(c, StringComparison.Ordinal)) ? string.Concat(text.Select(c => to[from.IndexOf(c, StringComparison.Ordinal)])) : null;
    }

    /// <summary>A name in the form by which two are the same: NFKC, without case, single spaces.</summary>
    public static string Fold(string name)
    {
        // Upper case first: it unites what lower case keeps apart (σ and ς). The sharp s is the one letter whose full folding
        // is longer than itself and that stands in names.
        var folded = name.Normalize(NormalizationForm.FormKC).ToUpperInvariant().ToLowerInvariant().Replace("ß", "ss", StringComparison.Ordinal);
        return Clean(folded.Normalize(NormalizationForm.FormKC)) ?? "";
    }

    /// <summary>As <see cref="Clean"/>, and no longer than <paramref name="most"/>. Cleaned again, because the cut may go through a surrogate pair.</summary>
    public static string? Shorten(string? text, int most) => Clean(text) is { } clean && clean.Length > most ? Clean(clean[..most]) : Clean(text);

    /// <summary>Unicode characters: what limits are stated in.</summary>
    public static int Length(string text) => text.EnumerateRunes().Count();

    private static bool TurnsDirection(char c) => c is (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069');

    private static readonly HashSet<string> Blocks = new(StringComparer.OrdinalIgnoreCase)
    {
        "p", "br", "div", "li", "ul", "ol", "hr", "tr", "td", "th", "table", "tbody", "thead", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article",
        "blockquote", "pre", "dl", "dt", "dd", "title", "subtitle", "sec", "abstract", "list", "list-item", "label", "disp-formula", "break",
        "script", "style", "iframe", "object", "form", "svg", "video", "audio",
    };

    private static readonly HashSet<string> Inline = new(StringComparer.OrdinalIgnoreCase)
    {
        "a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "del", "em", "embed", "font", "i", "img", "input", "ins", "kbd", "link", "mark", "meta", "q", "s",
        "samp", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "var", "button", "textarea", "select", "option", "body", "html", "head", "base",
        "italic", "bold", "sc", "scp", "roman", "sans-serif", "monospace", "underline", "overline", "named-content", "styled-content", "inline-formula",
        "inline-graphic", "tex-math", "ext-link", "uri", "xref", "fn", "graphic", "alternatives", "math", "mi", "mn", "mo", "mrow", "msub", "msup", "msubsup",
        "mfrac", "mtext", "mspace", "mover", "munder", "munderover", "mstyle", "msqrt", "mroot", "mtable", "mtr", "mtd", "mfenced", "semantics", "annotation",
    };

    /// <summary>What is raised or lowered, in HTML and JATS and, where it is one number, in MathML.</summary>
    private static readonly Regex Scripts = new(
        @"<(?<place>(?:jats:)?su[pb])>(?<text>[^<>]{1,20})</(?:jats:)?su[pb]>|<mml:mn(?: [^<>]*)?>(?<text>[0-9]{1,20})</mml:mn>\s*</(?<place>mml:msu[pb])>",
        RegexOptions.NonBacktracking | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

    /// <summary>Linear in the text, whatever it is: with backtracking, a comment or a tag that is never closed could hold up an import for hours.</summary>
    private static readonly Regex Tag = new(
        @"<!--.*?-->|<!\[CDATA\[|\]\]>|</?(?<name>(?<prefix>(?:jats|mml|m|xlink|inf):)?[a-z][a-z0-9-]*)(?:\s+[^<>]*=[^<>]*)?\s*/?>",
        RegexOptions.NonBacktracking | RegexOptions.IgnoreCase | RegexOptions.Singleline | RegexOptions.CultureInvariant);
}
