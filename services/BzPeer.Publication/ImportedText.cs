using System.Collections.Frozen;
using System.Text;
using System.Text.RegularExpressions;
using BzPeer.ServiceDefaults;
using Ganss.Xss;

namespace BzPeer.Publication;

/// <summary>A title or an abstract of a source that sends HTML, JATS or MathML.</summary>
/// <param name="Plain">What it says, as <see cref="PlainText.FromMarkup"/> reads it.</param>
/// <param name="Marked">The same with its markup (<see cref="Markup"/>); null where there is none, or none that says the same.</param>
internal sealed partial record ImportedText(string Plain, string? Marked)
{
    /// <summary>A text in one line; null where there is none.</summary>
    public static ImportedText? Line(string? source) => Of(source, paragraphs: false);

    /// <summary>A text that may have paragraphs and headings; null where there is none.</summary>
    public static ImportedText? Paragraphs(string? source) => Of(source, paragraphs: true);

    /// <summary>Two texts in one line, with what stands between them.</summary>
    public static ImportedText Join(ImportedText one, string between, ImportedText other) => new(
        one.Plain + between + other.Plain,
        one.Marked is null && other.Marked is null ? null : (one.Marked ?? Markup.Encode(one.Plain)) + Markup.Encode(between) + (other.Marked ?? Markup.Encode(other.Plain)));

    private static ImportedText? Of(string? source, bool paragraphs) => PlainText.FromMarkup(source) is { } plain ? new(plain, Reduce(source!, plain, paragraphs)) : null;

    /// <summary>The names of HTML and MathML for what sources also write in those of JATS, or as something of which only that is kept that it holds together.</summary>
    private static readonly FrozenDictionary<string, string> Names = new Dictionary<string, string>
    {
        ["italic"] = "i",
        ["em"] = "i",
        ["bold"] = "b",
        ["strong"] = "b",
        ["none"] = "mrow",
        ["semantics"] = "mrow",
        ["mstyle"] = "mrow",
        ["mpadded"] = "mrow",
        ["mphantom"] = "mrow",
        ["menclose"] = "mrow",
        ["merror"] = "mrow",
        ["maction"] = "mrow",
    }.ToFrozenDictionary();

    private static readonly FrozenSet<string> Headings = FrozenSet.Create("title", "h1", "h2", "h3", "h4", "h5", "h6");

    /// <summary>What begins a paragraph and ends it; all else that sets apart is a space, as it is in the plain text.</summary>
    private static readonly FrozenSet<string> ParagraphsOf = Headings.Concat(["p", "div", "sec", "section", "article", "abstract", "subtitle", "list", "list-item", "ul", "ol", "li", "dl", "blockquote", "table", "tr"]).ToFrozenSet();

    /// <summary>One for all threads: nothing in it changes once it is made.</summary>
    private static readonly HtmlSanitizer Sanitizer = new(new HtmlSanitizerOptions
    {
        AllowedTags = new HashSet<string>(Markup.Elements, StringComparer.OrdinalIgnoreCase),
        AllowedAttributes = new HashSet<string>(Markup.Attributes, StringComparer.OrdinalIgnoreCase),
    })
    { KeepChildNodes = true };

    /// <summary>
    /// The tags that the plain text leaves out, and no others, are written anew under the names of HTML, each closed where it has to be; the rest of the
    /// source is text. What comes of that goes through the sanitizer, and is kept only if it is markup of ours that says what the plain text says.
    /// </summary>
    private static string? Reduce(string source, string plain, bool paragraphs)
    {
        if (!source.AsSpan().ContainsAny('<', '&')) return null;
        var decoded = PlainText.TrimScripts(PlainText.Decode(source));
        if (!decoded.Contains('<', StringComparison.Ordinal)) return null;
        var writer = new Writer(paragraphs);
        var at = 0;
        for (var tag = PlainText.Tag.Match(decoded); tag.Success; tag = tag.NextMatch())
        {
            var kind = PlainText.KindOf(tag);
            if (kind == PlainText.TagKind.None) continue;
            writer.Write(decoded.AsSpan(at, tag.Index - at));
            at = tag.Index + tag.Length;
            if (!writer.Write(tag, kind)) return null;
        }

        writer.Write(decoded.AsSpan(at));
        if (writer.End() is not { Length: <= Markup.MostLength } written) return null;
        var reduced = Sanitizer.Sanitize(written);
        if (Markup.Read(reduced) is not { } parts) return null;
        // Text that looks like a tag or an entity would be one for whoever takes it in once more.
        var said = PlainText.Flat(plain);
        return PlainText.Flat(Markup.Text(parts)) == said && PlainText.FromMarkup(reduced) is { } again && PlainText.Flat(again) == said ? reduced : null;
    }

    private sealed partial class Writer(bool paragraphs)
    {
        private readonly List<string> written = [];
        private readonly StringBuilder paragraph = new();

        /// <summary>Elements that are open: where each begins, and where what is in it does.</summary>
        private readonly List<(string Name, int Start, int Inside)> open = [];

        private bool hasElements;

        /// <summary>White space that comes before whatever is written next in this paragraph.</summary>
        private bool hasSpace;

        /// <summary>Whether what was written ends in white space, or nothing was.</summary>
        private bool endsInSpace = true;

        private bool InFormula => open.Exists(element => element.Name == Markup.Formula);

        public void Write(ReadOnlySpan<char> text)
        {
            if (text.IsEmpty) return;
            if (char.IsWhiteSpace(text[0])) hasSpace = true;
            if (PlainText.Clean(text.ToString()) is not { } clean) return;
            Space();
            paragraph.Append(Markup.Encode(clean));
            endsInSpace = false;
            hasSpace = char.IsWhiteSpace(text[^1]);
        }

        /// <summary>False where there is more of it than anybody means.</summary>
        public bool Write(Match tag, PlainText.TagKind kind)
        {
            var name = PlainText.NameOf(tag).ToLowerInvariant();
            var closes = tag.Value.StartsWith("</", StringComparison.Ordinal);
            if (kind == PlainText.TagKind.Apart)
            {
                if (paragraphs && !InFormula && ParagraphsOf.Contains(name)) EndParagraph();
                hasSpace = true;
                if (!paragraphs || InFormula || closes || !Headings.Contains(name)) return true;
                name = "b";
            }

            name = Names.GetValueOrDefault(name, name);
            if (closes) Close(name);
            else if (Markup.Allows(name, open.Count == 0 ? null : open[^1].Name))
            {
                Open(name, tag.Value);
                if (tag.Value.EndsWith("/>", StringComparison.Ordinal)) Close(name);
            }

            return open.Count < Markup.MostDepth && paragraph.Length <= Markup.MostLength;
        }

        /// <summary>All that was written; null where it is nothing but text.</summary>
        public string? End()
        {
            EndParagraph();
            return written.Count > 1 ? string.Concat(written.Select(text => $"<{Markup.Paragraph}>{text}</{Markup.Paragraph}>")) : hasElements ? written.SingleOrDefault() : null;
        }

        private void Open(string name, string tag)
        {
            Space();
            var start = paragraph.Length;
            paragraph.Append('<').Append(name);
            if (InFormula)
                foreach (var (attribute, value) in Attribute().Matches(tag).Select(match => (match.Groups["name"].Value, match.Groups["value"].Value)).DistinctBy(pair => pair.Item1))
                    if (Markup.AllowsAttribute(attribute, value)) paragraph.Append(' ').Append(attribute).Append("=\"").Append(value).Append('"');
            paragraph.Append('>');
            open.Add((name, start, paragraph.Length));
        }

        /// <summary>With all that was opened in it and not closed; nothing where it is not open.</summary>
        private void Close(string name)
        {
            var from = open.FindLastIndex(element => element.Name == name);
            if (from >= 0) CloseFrom(from);
        }

        private void CloseFrom(int from)
        {
            for (var n = open.Count - 1; n >= from; n--)
            {
                var (closed, start, inside) = open[n];
                open.RemoveAt(n);
                // In a formula also what is empty has its place.
                if (inside == paragraph.Length && !InFormula)
                {
                    TakeBack(start);
                    continue;
                }

                paragraph.Append("</").Append(closed).Append('>');
                hasElements = true;
            }
        }

        /// <summary>What was written from here on, and the space before it, which is there for what comes next.</summary>
        private void TakeBack(int start)
        {
            if (start > 0 && paragraph[start - 1] == ' ')
            {
                start--;
                (hasSpace, endsInSpace) = (true, false);
            }

            paragraph.Length = start;
        }

        private void EndParagraph()
        {
            CloseFrom(0);
            if (paragraph.Length > 0) written.Add(paragraph.ToString());
            paragraph.Clear();
            (hasSpace, endsInSpace) = (false, true);
        }

        private void Space()
        {
            if (hasSpace && !endsInSpace && !MeansNothing())
            {
                paragraph.Append(' ');
                endsInSpace = true;
            }

            hasSpace = false;
        }

        /// <summary>White space between the elements of a formula, and at the beginning of what is raised or lowered.</summary>
        private bool MeansNothing() =>
            open.Count > 0 && (open[^1].Name is "sub" or "sup" ? open[^1].Inside == paragraph.Length : InFormula && Markup.Allows("mrow", open[^1].Name));

        [GeneratedRegex("""\s(?<name>[a-z]+)\s*=\s*(?:"(?<value>[^"]*)"|'(?<value>[^']*)')""", RegexOptions.CultureInvariant)]
        private static partial Regex Attribute();
    }
}
