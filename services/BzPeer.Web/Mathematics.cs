using System.Text;
using System.Text.Encodings.Web;
using System.Text.RegularExpressions;
using System.Text.Unicode;
using Microsoft.AspNetCore.Html;

namespace BzPeer.Web;

/// <summary>
/// Formulas and emphasis as arXiv and others print them in titles and abstracts: <c>$O(n^2)$</c>, <c>\(\alpha\)</c>, <c>\emph{not}</c>. What is read
/// becomes letters and a few elements named here, and everything else is text, so no record brings markup of its own. A formula that is not
/// understood as a whole stays as it was printed: half a formula says something else.
/// </summary>
internal static partial class Mathematics
{
    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);

    /// <summary>A piece of text, or an element around pieces.</summary>
    internal abstract record Part;

    private sealed record Letters(string Text) : Part;

    private sealed record Element(Look Look, IReadOnlyList<Part> Parts) : Part;

    private enum Look { Italic, Bold, Code, Script, Above, Below }

    /// <summary>A stretch of the text as printed, and what it says.</summary>
    internal sealed record Stretch(string Printed, IReadOnlyList<Part> Parts, bool IsFormula);

    /// <summary>Text as it stands in a page, without a look for formulas.</summary>
    public static string Encode(string text) => Encoder.Encode(text);

    /// <summary>The text as it is shown.</summary>
    public static IHtmlContent Html(string? text) => new HtmlString(Write(text ?? "", AsHtml));

    /// <summary>The text where there is no markup, as in the title of a window: formulas in the characters that there are for them.</summary>
    public static string Text(string? text) => Write(text ?? "", AsText);

    /// <summary>The same where lines are broken and cut at spaces: in a formula are none of those.</summary>
    public static string Line(string? text)
    {
        var written = new StringBuilder();
        foreach (var stretch in Stretches(text ?? ""))
        {
            var from = written.Length;
            AsText(stretch.Parts, written);
            if (stretch.IsFormula) written.Replace(' ', '\u00A0', from, written.Length - from);
        }

        return written.ToString();
    }

    private static string Write(string text, Action<IReadOnlyList<Part>, StringBuilder> write)
    {
        var written = new StringBuilder(text.Length);
        foreach (var stretch in Stretches(text)) write(stretch.Parts, written);
        return written.ToString();
    }

    private static void AsHtml(IReadOnlyList<Part> parts, StringBuilder html)
    {
        foreach (var part in parts)
        {
            if (part is Letters letters) html.Append(Encoder.Encode(letters.Text));
            if (part is not Element element) continue;
            var (open, close) = element.Look switch
            {
                Look.Italic => ("<i>", "</i>"),
                Look.Bold => ("<b>", "</b>"),
                Look.Code => ("<code>", "</code>"),
                Look.Script => ("<i class=\"script\">", "</i>"),
                Look.Above => ("<sup>", "</sup>"),
                _ => ("<sub>", "</sub>"),
            };
            html.Append(open);
            AsHtml(element.Parts, html);
            html.Append(close);
        }
    }

    private static void AsText(IReadOnlyList<Part> parts, StringBuilder text)
    {
        foreach (var part in parts)
        {
            if (part is Letters letters) text.Append(letters.Text);
            if (part is not Element element) continue;
            var inner = new StringBuilder();
            AsText(element.Parts, inner);
            text.Append(element.Look is Look.Above or Look.Below ? InLine(inner.ToString(), element.Look) : inner);
        }
    }

    /// <summary>Raised or lowered characters where all of them exist, else as people type it.</summary>
    private static string InLine(string script, Look look)
    {
        var (from, to, mark) = look == Look.Above ? ("0123456789+−=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ", '^') : ("0123456789+−=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", '_');
        if (script.All(from.Contains)) return string.Concat(script.Select(c => to[from.IndexOf(c, StringComparison.Ordinal)]));
        return script.Length == 1 ? $"{mark}{script}" : $"{mark}({script})";
    }

    /// <summary>The text cut where formulas and emphasis begin and end; together what is printed in them is the text.</summary>
    internal static IEnumerable<Stretch> Stretches(string text, int depth = 0)
    {
        var from = 0;
        for (var at = 0; at < text.Length;)
        {
            if (text[at] is not ('$' or '\\' or '{') || Read(text, at, depth) is not { } special)
            {
                at++;
                continue;
            }
            if (at > from) yield return Plain(text[from..at]);
            yield return special;
            from = at += special.Printed.Length;
        }
        if (from < text.Length) yield return Plain(text[from..]);
    }

    private static Stretch Plain(string text) => new(text, [new Letters(text)], IsFormula: false);

    private static Stretch? Read(string text, int at, int depth)
    {
        var rest = text.AsSpan(at);
        if (rest.StartsWith("$$")) return Between(text, at, "$$", "$$");
        if (rest[0] == '$') return Between(text, at, "$", "$");
        if (rest.StartsWith(@"\(")) return Between(text, at, @"\(", @"\)");
        if (rest.StartsWith(@"\[")) return Between(text, at, @"\[", @"\]");
        if (rest.Length > 1 && rest[0] == '\\' && rest[1] is '%' or '$' or '&' or '#' or '_') return new($@"\{rest[1]}", [new Letters($"{rest[1]}")], IsFormula: false);
        if (Letter().Match(text, at) is { Success: true } letter && Single(letter) is { } single) return new(letter.Value, [new Letters(single)], IsFormula: false);
        foreach (var (start, look) in Emphases)
        {
            if (depth > MostDepth || !rest.StartsWith(start, StringComparison.Ordinal) || End(text, at + start.Length) is not { } end) continue;
            var inner = text[(at + start.Length)..end];
            return new(text[at..(end + 1)], [new Element(look, [.. Stretches(inner, depth + 1).SelectMany(stretch => stretch.Parts)])], IsFormula: false);
        }
        return null;
    }

    /// <summary>What arXiv writes for letters that it once had no other way to write: <c>Mar\'ia</c>, <c>{\o}</c>, <c>{\alpha}</c>.</summary>
    private static string? Single(Match letter)
    {
        var name = letter.Groups["name"].Value;
        if (name.Length > 0) return Named.GetValueOrDefault(name) ?? Greek.GetValueOrDefault(name) ?? Symbols.GetValueOrDefault(name) ?? Operators.GetValueOrDefault(name);
        return (letter.Groups["letter"].Value.TrimStart('\\') + Marks[letter.Groups["mark"].Value]).Normalize(NormalizationForm.FormC);
    }

    [GeneratedRegex(
        """
        \G(?:\{\\(?<mark>['`^"~=.vcHukr])\{(?<letter>\\?[A-Za-z])\}\}|\\(?<mark>['`^"~=.vcHukr])\{(?<letter>\\?[A-Za-z])\}|\{\\(?<mark>['`^"~=.])(?<letter>\\?[A-Za-z])\}|\\(?<mark>['`^"~=.])(?<letter>[A-Za-z]|\\i\b)|\{\\(?<name>[A-Za-z]+)\})
        """)]
    private static partial Regex Letter();

    /// <summary>A formula between these marks. Between two dollars may also be money ("between $5 and $10, in US$"), which is read as text.</summary>
    private static Stretch? Between(string text, int at, string open, string close)
    {
        var from = at + open.Length;
        var end = from < text.Length ? text.IndexOf(close, from, Math.Min(MostLength, text.Length - from), StringComparison.Ordinal) : -1;
        if (end <= from) return null;
        var after = end + close.Length;
        var inner = text.AsSpan()[from..end];
        if (open == "$" && (inner[0] == ' ' || inner[^1] is ' ' or '\\' || (inner.Contains(' ') && inner.IndexOfAny(@"\^_{}=<>+-*/|(") < 0)
            || (char.IsAsciiDigit(inner[0]) && after < text.Length && char.IsAsciiDigit(text[after])))) return null;
        return new Formula(text[from..end]).Read() is { } parts ? new(text[at..after], parts, IsFormula: true) : Plain(text[at..after]);
    }

    /// <summary>Where the brace that was opened before this place is closed.</summary>
    private static int? End(string text, int at)
    {
        for (var open = 1; at < text.Length; at++)
        {
            if (text[at] == '{') open++;
            else if (text[at] == '}' && --open == 0) return at;
        }
        return null;
    }

    private const int MostDepth = 8;

    private const int MostLength = 1_000;

    private static readonly (string Start, Look Look)[] Emphases =
    [
        (@"\emph{", Look.Italic), (@"\textit{", Look.Italic), (@"\textsl{", Look.Italic), (@"{\em ", Look.Italic), (@"{\it ", Look.Italic), (@"{\sl ", Look.Italic),
        (@"\textbf{", Look.Bold), (@"{\bf ", Look.Bold), (@"\texttt{", Look.Code), (@"{\tt ", Look.Code),
    ];

    private static readonly Dictionary<string, string> Marks = Pairs("' \u0301 ` \u0300 ^ \u0302 \" \u0308 ~ \u0303 = \u0304 . \u0307 v \u030C c \u0327 H \u030B u \u0306 k \u0328 r \u030A");

    private static readonly Dictionary<string, string> Named = Pairs("ss ß o ø O Ø l ł L Ł ae æ AE Æ oe œ OE Œ aa å AA Å i ı");

    private static readonly Dictionary<string, string> Greek = Pairs(
        """
        alpha α beta β gamma γ delta δ epsilon ϵ varepsilon ε zeta ζ eta η theta θ vartheta ϑ iota ι kappa κ lambda λ mu μ nu ν xi ξ omicron ο pi π varpi ϖ rho ρ varrho ϱ
        sigma σ varsigma ς tau τ upsilon υ phi ϕ varphi φ chi χ psi ψ omega ω ell ℓ hbar ℏ imath ı jmath ȷ
        """);

    private static readonly Dictionary<string, string> Symbols = Pairs(
        """
        Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω
        infty ∞ partial ∂ nabla ∇ emptyset ∅ varnothing ∅ forall ∀ exists ∃ neg ¬ lnot ¬ Re ℜ Im ℑ aleph ℵ angle ∠ degree ° circ ∘ star ⋆ ast ∗ prime ′ dagger † top ⊤ bot ⊥ square □ checkmark ✓
        sum ∑ prod ∏ int ∫ oint ∮ bigcup ⋃ bigcap ⋂ ldots … dots … cdots ⋯ dotsc … lfloor ⌊ rfloor ⌋ lceil ⌈ rceil ⌉ langle ⟨ rangle ⟩ vert | Vert ‖ lvert | rvert | lVert ‖ rVert ‖ | ‖
        { { } } % % $ $ & & # # _ _ backslash \ colon : lbrace { rbrace }
        """);

    private static readonly Dictionary<string, string> Operators = Pairs(
        """
        times × cdot · div ÷ pm ± mp ∓ cup ∪ cap ∩ setminus ∖ oplus ⊕ otimes ⊗ wedge ∧ land ∧ vee ∨ lor ∨ bullet •
        le ≤ leq ≤ leqslant ⩽ ge ≥ geq ≥ geqslant ⩾ lt < gt > ll ≪ gg ≫ ne ≠ neq ≠ approx ≈ sim ∼ simeq ≃ cong ≅ equiv ≡ propto ∝ lesssim ≲ gtrsim ≳ in ∈ notin ∉ ni ∋
        subset ⊂ subseteq ⊆ supset ⊃ supseteq ⊇ mid ∣ parallel ∥ perp ⊥ prec ≺ succ ≻ models ⊨ vdash ⊢ coloneqq ≔
        to → rightarrow → leftarrow ← gets ← leftrightarrow ↔ longrightarrow ⟶ Rightarrow ⇒ Leftarrow ⇐ Leftrightarrow ⇔ implies ⟹ iff ⟺ mapsto ↦ uparrow ↑ downarrow ↓
        """);

    private static readonly Dictionary<string, string> Accents = Pairs("hat \u0302 widehat \u0302 tilde \u0303 widetilde \u0303 bar \u0304 overline \u0305 vec \u20D7 dot \u0307 ddot \u0308 underline \u0332");

    private static readonly HashSet<string> Functions =
        ["log", "ln", "lg", "exp", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "max", "min", "sup", "inf", "lim", "limsup", "liminf", "arg", "det", "dim", "ker", "gcd", "Pr", "deg", "mod"];

    private static readonly Dictionary<string, Look?> Faces = Names(Look.Script, "mathcal mathscr cal").Concat(Names(Look.Bold, "mathbf boldsymbol bm textbf bf"))
        .Concat(Names(Look.Italic, "mathit textit emph it")).Concat(Names(Look.Code, "mathtt texttt")).Concat(Names(null, "mathrm mathsf text textrm textsf textsc mbox rm operatorname")).ToDictionary();

    private static IEnumerable<KeyValuePair<string, Look?>> Names(Look? look, string names) => names.Split(' ').Select(name => KeyValuePair.Create(name, look));

    /// <summary>What says how large something is or how far apart, and nothing else.</summary>
    private static readonly HashSet<string> Sizes =
        ["left", "right", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr", "Biggl", "Biggr", "displaystyle", "textstyle", "limits", "nolimits", "!", "quad", "qquad", ",", ";", ":", " "];

    private static Dictionary<string, string> Pairs(string pairs) =>
        pairs.Split((char[])[' ', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries).Chunk(2).ToDictionary(pair => pair[0], pair => pair[1]);

    /// <summary>Reads one formula, from its first character to its last, or not at all.</summary>
    private sealed class Formula(string tex)
    {
        private int at;

        public IReadOnlyList<Part>? Read() => Row(0, script: false) is { Count: > 0 } parts && at == tex.Length ? parts : null;

        /// <summary>Up to the brace that closes it, or the end; null where something is not understood.</summary>
        private List<Part>? Row(int depth, bool script)
        {
            if (depth > MostDepth) return null;
            var row = new List<Part>();
            // A minus between two things has space around it, one before a thing has not.
            var afterThing = false;
            var bars = 0;
            while (at < tex.Length && tex[at] != '}')
            {
                var c = tex[at];
                if (char.IsWhiteSpace(c) || c == '~')
                {
                    at++;
                }
                else if (c is '^' or '_')
                {
                    at++;
                    if (Argument(depth, script: true) is not { } raised) return null;
                    row.Add(new Element(c == '^' ? Look.Above : Look.Below, raised));
                    afterThing = true;
                }
                else if (OperatorHere() is { } sign)
                {
                    row.Add(new Letters(script || !afterThing ? sign : $" {sign} "));
                    afterThing = false;
                }
                else if (c == ',' || c == ';')
                {
                    at++;
                    row.Add(new Letters(script || (at < tex.Length && char.IsAsciiDigit(tex[at])) ? $"{c}" : $"{c} "));
                    afterThing = false;
                }
                else if (FunctionHere() is { } function)
                {
                    var next = Next();
                    row.Add(new Letters($"{(afterThing ? " " : "")}{function}{(next is '\\' or '|' || char.IsAsciiLetterOrDigit(next) ? " " : "")}"));
                    afterThing = false;
                }
                else
                {
                    if (Thing(depth, script) is not { } thing) return null;
                    row.AddRange(thing);
                    if (c == '|') bars++;
                    // The second of two bars closes what the first opened: |E| = n.
                    afterThing = c == '|' ? bars % 2 == 0 : c is not ('(' or '[') && (thing.Count > 0 || afterThing);
                }
            }
            // "$\le$ 5" and "$5 \times$": the space around it stands outside the formula.
            if (!afterThing && row is [.., Letters last]) row[^1] = new Letters(last.Text.TrimEnd());
            return row;
        }

        /// <summary>What a script, a root or a face is put on: a group in braces, or one thing.</summary>
        private List<Part>? Argument(int depth, bool script)
        {
            while (Next() == ' ') at++;
            return at >= tex.Length || tex[at] is '}' or '^' or '_' ? null : OperatorHere() is { } sign ? [new Letters(sign)] : Thing(depth, script);
        }

        private List<Part>? Thing(int depth, bool script)
        {
            var c = tex[at];
            if (c == '{')
            {
                at++;
                var group = Row(depth + 1, script);
                return group is not null && at < tex.Length && tex[at++] == '}' ? group : null;
            }
            if (c == '\\') return Command(depth, script);
            if (c is '&' or '#' or '%' or '$') return null;
            at++;
            if (char.IsAsciiLetter(c)) return [new Element(Look.Italic, [new Letters($"{c}")])];
            if (char.IsHighSurrogate(c) && at < tex.Length) return [new Letters($"{c}{tex[at++]}")];
            return [new Letters(c == '\'' ? "′" : $"{c}")];
        }

        private List<Part>? Command(int depth, bool script)
        {
            var name = NameHere();
            at += 1 + name.Length;
            if (Greek.TryGetValue(name, out var letter)) return [new Element(Look.Italic, [new Letters(letter)])];
            if (Symbols.TryGetValue(name, out var symbol)) return [new Letters(symbol)];
            if (Sizes.Contains(name)) return Size(name);
            if (name is "frac" or "tfrac" or "dfrac")
                return Argument(depth, script) is { } over && Argument(depth, script) is { } under ? [.. Grouped(over), new Letters("/"), .. Grouped(under)] : null;
            if (name == "sqrt") return Next() != '[' && Argument(depth, script) is { } root ? [new Letters("√"), .. Grouped(root)] : null;
            if (name == "mathbb") return DoubleStruck();
            if (name is "mathfrak" or "frak") return Upright() is [Letters word] ? [new Letters(MathLetters.Of(word.Text, "fraktur"))] : null;
            if (Accents.TryGetValue(name, out var accent))
                return Argument(depth, script) is { } under && Said(under) is { Length: 1 } ? [.. under.Take(under.Count - 1), Accented(under[^1], accent)] : null;
            if (!Faces.TryGetValue(name, out var look)) return null;
            var face = Upright() ?? Argument(depth, script);
            return face is null ? null : look is { } styled ? [new Element(styled, face)] : face;
        }

        /// <summary>Space, or the mark that says there is no bracket on this side.</summary>
        private List<Part> Size(string name)
        {
            if (name is "left" or "right" && Next() == '.') at++;
            return name is "quad" or "qquad" or " " ? [new Letters(" ")] : [];
        }

        /// <summary>Words in braces: in a face of its own a word is no product of its letters.</summary>
        private List<Part>? Upright()
        {
            while (Next() == ' ') at++;
            if (Next() != '{' || End(tex, at + 1) is not { } end) return null;
            var words = tex[(at + 1)..end];
            if (words.Length == 0 || words.Any(c => !char.IsLetterOrDigit(c) && c is not (' ' or '-' or '.' or ','))) return null;
            at = end + 1;
            return [new Letters(words)];
        }

        private List<Part>? DoubleStruck()
        {
            const string Usual = "CHNPQRZE1";
            if (Upright() is not [Letters { Text: [var letter] }] || !Usual.Contains(letter, StringComparison.Ordinal)) return null;
            return [new Letters(MathLetters.Of($"{letter}", "double-struck"))];
        }

        private static Part Accented(Part part, string accent) => part switch
        {
            Letters letters => new Letters(letters.Text + accent),
            Element element => element with { Parts = [.. element.Parts.Take(element.Parts.Count - 1), Accented(element.Parts[^1], accent)] },
            _ => part,
        };

        /// <summary>In brackets, unless it is one number or letter: a/(b + c).</summary>
        private static IReadOnlyList<Part> Grouped(List<Part> parts) =>
            Said(parts) is { } said && (said.Length == 1 || said.All(char.IsAsciiDigit) || parts.Count == 1) ? parts : [new Letters("("), .. parts, new Letters(")")];

        private static string Said(IReadOnlyList<Part> parts)
        {
            var said = new StringBuilder();
            AsText(parts, said);
            return said.ToString();
        }

        private string? OperatorHere()
        {
            if (tex[at] is '+' or '=' or '<' or '>' or '-' or '*')
                return tex[at++] switch { '-' => "−", '*' => "∗", var sign => $"{sign}" };
            if (tex[at] != '\\' || !Operators.TryGetValue(NameHere(), out var known)) return null;
            at += 1 + NameHere().Length;
            return known;
        }

        private string? FunctionHere()
        {
            if (tex[at] != '\\' || NameHere() is not { } name || !Functions.Contains(name)) return null;
            at += 1 + name.Length;
            while (Next() == ' ') at++;
            return name;
        }

        /// <summary>The name of the command here: letters, or one other character.</summary>
        private string NameHere()
        {
            var end = at + 1;
            while (end < tex.Length && char.IsAsciiLetter(tex[end])) end++;
            return tex[(at + 1)..Math.Min(tex.Length, Math.Max(end, at + 2))];
        }

        private char Next() => at < tex.Length ? tex[at] : '\0';
    }
}
