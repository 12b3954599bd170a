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
        var decoded = Scripts.Replace(Decode(text), static script => InLine(script) ?? script.Value);
        return Clean(Tag.Replace(decoded, static tag => KindOf(tag) switch { TagKind.Apart => " ", TagKind.Within => "", _ => tag.Value }));
    }

    /// <summary>What a match of <see cref="Tag"/> is.</summary>
    public enum TagKind
    {
        /// <summary>No tag: text that looks like one.</summary>
        None,

        /// <summary>A tag with text on both sides that belongs together.</summary>
        Within,

        /// <summary>A tag or a comment that sets apart what stands on its sides.</summary>
        Apart,
    }

    /// <summary>Markup of a source, in which some entities are encoded twice. A formula that it has in two notations is there once.</summary>
    public static string Decode(string text)
    {
        var decoded = WebUtility.HtmlDecode(WebUtility.HtmlDecode(text));
        if (decoded.Contains("annotation", StringComparison.OrdinalIgnoreCase)) decoded = Annotation.Replace(decoded, "");
        return decoded.Contains("tex-math", StringComparison.OrdinalIgnoreCase) ? TexBesideMath.Replace(decoded, "${math}") : decoded;
    }

    /// <summary>What a match of <see cref="Tag"/> is.</summary>
    public static TagKind KindOf(Match tag) =>
        tag.Value.StartsWith("<!", StringComparison.Ordinal) || Blocks.Contains(NameOf(tag)) ? TagKind.Apart
        : tag.Groups["prefix"].Success || Inline.Contains(NameOf(tag)) || tag.Value is "<none/>" or "<none />" ? TagKind.Within
        : TagKind.None;

    /// <summary>The name of a tag without its prefix.</summary>
    public static string NameOf(Match tag) => tag.Groups["name"].Value is var name && name.IndexOf(':') is >= 0 and var colon ? name[(colon + 1)..] : name;

    /// <summary>Decoded markup without the white space around what is raised or lowered, where <see cref="FromMarkup"/> writes characters for it.</summary>
    public static string TrimScripts(string decoded) => Scripts.Replace(decoded, static script => InLine(script) is null ? script.Value : script.Value.Replace(script.Groups["text"].Value, script.Groups["text"].Value.Trim(), StringComparison.Ordinal));

    /// <summary>What it says, whatever is raised or lowered in it: for a comparison with the text of markup. Without white space.</summary>
    public static string Flat(string text)
    {
        var flat = new StringBuilder(text.Length);
        foreach (var c in text)
            if (!char.IsWhiteSpace(c)) flat.Append(Flattened.GetValueOrDefault(c, c));
        return flat.ToString();
    }

    private static string? InLine(Match script)
    {
        var (from, to) = script.Groups["place"].Value.EndsWith("sup", StringComparison.OrdinalIgnoreCase) ? Raised : Lowered;
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

    private static readonly (string From, string To) Raised = ("0123456789+-−–=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁼⁽⁾ⁿⁱ");

    private static readonly (string From, string To) Lowered = ("0123456789+-−–=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ");

    /// <summary>One raised minus stands for three signs, which are one here.</summary>
    private static readonly Dictionary<char, char> Flattened = Raised.To.Concat(Lowered.To).Zip(Raised.From.Concat(Lowered.From)).DistinctBy(pair => pair.First)
        .ToDictionary(pair => pair.First, pair => pair.Second is '−' or '–' ? '-' : pair.Second).Append(new('−', '-')).Append(new('–', '-')).ToDictionary();

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
        "annotation-xml", "mmultiscripts", "mprescripts", "mpadded", "mphantom", "menclose", "merror", "maction", "ms",
    };

    /// <summary>What is raised or lowered, in HTML and JATS and, where it is one number, in MathML.</summary>
    private static readonly Regex Scripts = new(
        @"<(?<place>(?:jats:)?su[pb])>(?<text>[^<>]{1,20})</(?:jats:)?su[pb]>|<mml:mn(?: [^<>]*)?>(?<text>[0-9]{1,20})</mml:mn>\s*</(?<place>mml:msu[pb])>",
        RegexOptions.NonBacktracking | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

    /// <summary>What a formula of MathML says once more in another notation, for programs.</summary>
    private static readonly Regex Annotation = new(
        @"<(?:mml:|m:)?annotation(?:-xml)?(?:\s[^<>]*)?>.*?</(?:mml:|m:)?annotation(?:-xml)?>",
        RegexOptions.NonBacktracking | RegexOptions.IgnoreCase | RegexOptions.Singleline | RegexOptions.CultureInvariant);

    /// <summary>A formula in TeX where the same follows in MathML, of which a reader gets one.</summary>
    private static readonly Regex TexBesideMath = new(
        @"<(?:jats:)?tex-math(?:\s[^<>]*)?>[^<]*</(?:jats:)?tex-math>\s*(?<math><(?:mml:|m:)?math[\s>])",
        RegexOptions.NonBacktracking | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

    /// <summary>Linear in the text, whatever it is: with backtracking, a comment or a tag that is never closed could hold up an import for hours.</summary>
    public static readonly Regex Tag = new(
        @"<!--.*?-->|<!\[CDATA\[|\]\]>|</?(?<name>(?<prefix>(?:jats|mml|m|xlink|inf):)?[a-z][a-z0-9-]*)(?:\s+[^<>]*=[^<>]*)?\s*/?>",
        RegexOptions.NonBacktracking | RegexOptions.IgnoreCase | RegexOptions.Singleline | RegexOptions.CultureInvariant);
}
