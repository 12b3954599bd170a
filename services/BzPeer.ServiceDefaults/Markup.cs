using System.Collections.Frozen;
using System.Text;
using System.Text.RegularExpressions;

namespace BzPeer.ServiceDefaults;

/// <summary>A piece of a text with markup: text, or an element around pieces.</summary>
public abstract record MarkupPart;

/// <summary>Text as it is read, not encoded.</summary>
public sealed record MarkupText(string Text) : MarkupPart;

/// <summary>One of the elements of <see cref="Markup"/>.</summary>
/// <param name="Name">Without any prefix.</param>
/// <param name="Attributes">Those that <see cref="Markup.Allows"/>.</param>
/// <param name="Parts">What is in it.</param>
public sealed record MarkupElement(string Name, IReadOnlyDictionary<string, string> Attributes, IReadOnlyList<MarkupPart> Parts) : MarkupPart;

/// <summary>
/// The markup that titles and abstracts may have, and nothing else: raised, lowered, italic and bold text, paragraphs, and presentation MathML. It is
/// stored and told as HTML of one form, in which no browser finds anything to repair: every element is closed, paragraphs stand outside
/// everything, nothing but MathML stands in a formula, nothing but text in its letters, and of characters only <c>&amp;</c>, <c>&lt;</c> and <c>&gt;</c> are encoded.
/// </summary>
public static partial class Markup
{
    /// <summary>Elements in elements. Real formulas have some twenty.</summary>
    public const int MostDepth = 64;

    /// <summary>Characters of a title or an abstract with its markup.</summary>
    public const int MostLength = 200_000;

    /// <summary>A paragraph.</summary>
    public const string Paragraph = "p";

    /// <summary>A formula.</summary>
    public const string Formula = "math";

    private static readonly FrozenSet<string> InText = FrozenSet.Create("b", "i", "sub", "sup", Formula);

    private static readonly FrozenSet<string> Letters = FrozenSet.Create("mi", "mn", "mo", "ms", "mtext", "mspace");

    private static readonly FrozenSet<string> InFormulas = Letters.Concat(
    [
        "mrow", "mfrac", "msqrt", "mroot", "mfenced", "msub", "msup", "msubsup", "munder", "mover", "munderover", "mmultiscripts", "mprescripts", "mtable", "mtr", "mtd",
    ]).ToFrozenSet();

    private static readonly FrozenDictionary<string, Regex> Values = new Dictionary<string, Regex>
    {
        ["mathvariant"] = Word(),
        ["stretchy"] = Truth(),
        ["accent"] = Truth(),
        ["accentunder"] = Truth(),
        ["movablelimits"] = Truth(),
        ["linethickness"] = None(),
        ["width"] = Space(),
        ["lspace"] = Space(),
        ["rspace"] = Space(),
        ["open"] = Brackets(),
        ["close"] = Brackets(),
        ["separators"] = Brackets(),
        ["rowspan"] = Few(),
        ["columnspan"] = Few(),
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, string> NoAttributes = FrozenDictionary<string, string>.Empty;

    /// <summary>All elements there may be.</summary>
    public static IEnumerable<string> Elements => InText.Concat(InFormulas).Append(Paragraph);

    /// <summary>All attributes there may be, of MathML all of them.</summary>
    public static IEnumerable<string> Attributes => Values.Keys;

    /// <summary>Whether an element may stand in <paramref name="parent"/>, or in none.</summary>
    public static bool Allows(string element, string? parent) =>
        parent is null ? element == Paragraph || InText.Contains(element)
        : parent == Formula || InFormulas.Contains(parent) ? !Letters.Contains(parent) && InFormulas.Contains(element)
        : InText.Contains(element);

    /// <summary>Whether an element of a formula may have this attribute with this value: what says how it looks and leads nowhere.</summary>
    public static bool AllowsAttribute(string name, string value) => Values.TryGetValue(name, out var allowed) && allowed.IsMatch(value);

    /// <summary>The parts of a text with markup; null where anything in it is of another form, whoever wrote it.</summary>
    public static IReadOnlyList<MarkupPart>? Read(string? markup)
    {
        if (markup is null || markup.Length > MostLength) return null;
        var open = new Stack<(string Name, IReadOnlyDictionary<string, string> Attributes, List<MarkupPart> Outside)>();
        var parts = new List<MarkupPart>();
        for (var at = 0; at < markup.Length;)
        {
            if (markup[at] != '<')
            {
                var end = markup.IndexOf('<', at) is >= 0 and var next ? next : markup.Length;
                if (Decode(markup.AsSpan(at, end - at)) is not { } text) return null;
                parts.Add(new MarkupText(text));
                at = end;
            }
            else if (Tag().Match(markup, at) is { Success: true } tag)
            {
                var name = tag.Groups["name"].Value;
                var parent = open.TryPeek(out var around) ? around.Name : null;
                if (tag.Groups["close"].Length > 0)
                {
                    if (parent != name) return null;
                    open.Pop();
                    around.Outside.Add(new MarkupElement(name, around.Attributes, parts));
                    parts = around.Outside;
                }
                else
                {
                    if (!Allows(name, parent) || open.Count == MostDepth || ReadAttributes(name, tag) is not { } attributes) return null;
                    open.Push((name, attributes, parts));
                    parts = [];
                }

                at += tag.Length;
            }
            else
            {
                return null;
            }
        }

        return open.Count == 0 ? parts : null;
    }

    /// <summary>What it says without its markup, a space between paragraphs.</summary>
    public static string Text(IReadOnlyList<MarkupPart> parts)
    {
        var said = new StringBuilder();
        Add(parts);
        return said.ToString();

        void Add(IReadOnlyList<MarkupPart> some)
        {
            foreach (var part in some)
            {
                if (part is MarkupText text) said.Append(text.Text);
                if (part is not MarkupElement element) continue;
                if (element.Name == Paragraph && said.Length > 0) said.Append(' ');
                Add(element.Parts);
            }
        }
    }

    /// <summary>Text as it stands in markup.</summary>
    public static string Encode(string text) =>
        text.AsSpan().IndexOfAny("&<>") < 0 ? text : text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal);

    private static string? Decode(ReadOnlySpan<char> encoded)
    {
        if (encoded.IndexOfAny('&', '>') < 0) return encoded.ToString();
        var text = new StringBuilder(encoded.Length);
        for (var at = 0; at < encoded.Length;)
        {
            var rest = encoded[at..];
            var (character, length) = rest[0] switch
            {
                '&' when rest.StartsWith("&amp;") => ('&', 5),
                '&' when rest.StartsWith("&lt;") => ('<', 4),
                '&' when rest.StartsWith("&gt;") => ('>', 4),
                '&' or '>' => ('\0', 0),
                var other => (other, 1),
            };
            if (length == 0) return null;
            text.Append(character);
            at += length;
        }

        return text.ToString();
    }

    private static IReadOnlyDictionary<string, string>? ReadAttributes(string element, Match tag)
    {
        var (names, values) = (tag.Groups["attribute"].Captures, tag.Groups["value"].Captures);
        if (names.Count == 0) return NoAttributes;
        if (!InFormulas.Contains(element)) return null;
        var attributes = new Dictionary<string, string>();
        for (var n = 0; n < names.Count; n++)
            if (!AllowsAttribute(names[n].Value, values[n].Value) || !attributes.TryAdd(names[n].Value, values[n].Value)) return null;
        return attributes;
    }

    [GeneratedRegex("""\G<(?<close>/)?(?<name>[a-z][a-z0-9]*)(?: (?<attribute>[a-z]+)="(?<value>[^"&<>]*)")*>""", RegexOptions.CultureInvariant)]
    private static partial Regex Tag();

    [GeneratedRegex(@"^[a-z-]{1,30}\z")]
    private static partial Regex Word();

    [GeneratedRegex(@"^(?:true|false)\z")]
    private static partial Regex Truth();

    /// <summary>A fraction without its line.</summary>
    [GeneratedRegex(@"^0(?:pt|px|em)?\z")]
    private static partial Regex None();

    [GeneratedRegex(@"^[0-9]?(?:\.[0-9]{1,5})?em\z")]
    private static partial Regex Space();

    [GeneratedRegex("""^[^"&<>\s]{0,4}\z""")]
    private static partial Regex Brackets();

    [GeneratedRegex(@"^[1-9]\z")]
    private static partial Regex Few();
}
