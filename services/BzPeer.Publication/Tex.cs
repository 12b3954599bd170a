using System.Globalization;
using System.Text;

namespace BzPeer.Publication;

/// <summary>Text written for TeX, as BibTeX files and some records of arXiv have it.</summary>
internal static class Tex
{
    /// <summary>Of accents on accents, so many are read: no letter has more, and whatever writes more is no text.</summary>
    private const int MostAccents = 2;

    /// <summary>Accents, each put on the letter after it.</summary>
    private static readonly Dictionary<string, string> Accents = Pairs(
        "` \u0300 ' \u0301 ^ \u0302 ~ \u0303 = \u0304 u \u0306 . \u0307 \" \u0308 r \u030A H \u030B v \u030C G \u030F d \u0323 c \u0327 k \u0328 b \u0331");

    private static readonly Dictionary<string, string> Symbols = Pairs(
        """
        ss ß SS ẞ o ø O Ø l ł L Ł ae æ AE Æ oe œ OE Œ aa å AA Å i ı j ȷ dh ð DH Ð th þ TH Þ dj đ DJ Đ ng ŋ NG Ŋ
        & & % % $ $ # # _ _ { { } } textendash – textemdash — ldots … dots … textellipsis …
        textquoteright ’ textquoteleft ‘ textquotedblleft “ textquotedblright ” textquotesingle ' textasciitilde ~ textbackslash \ textunderscore _
        copyright © textregistered ® texttrademark ™ S § P ¶ pounds £ textdegree ° TeX TeX LaTeX LaTeX
        """);

    private static Dictionary<string, string> Pairs(string pairs) => pairs.Split((char[])[' ', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries).Chunk(2).ToDictionary(pair => pair[0], pair => pair[1]);

    /// <summary>
    /// What it says, without the commands and braces: accents on their letters, dashes and quotes as characters. Formulas
    /// between dollars stay as they are, as other sources have them too. A command that is not known goes, and what it is given stays.
    /// </summary>
    public static string ToText(string tex)
    {
        // Clean, because half a character has no normal form.
        if (PlainText.Clean(tex) is not { } clean) return "";
        if (clean.AsSpan().IndexOfAny(@"\{}~$") < 0 && !clean.Contains("--", StringComparison.Ordinal) && !clean.Contains("``", StringComparison.Ordinal)) return clean;
        var text = new StringBuilder(clean.Length);
        for (var at = 0; at < clean.Length;) at = Read(clean, at, text);
        return PlainText.Clean(text.ToString().Normalize(NormalizationForm.FormC)) ?? "";
    }

    /// <summary>Adds what stands at this place, and says where it goes on.</summary>
    private static int Read(string tex, int at, StringBuilder text)
    {
        switch (tex[at])
        {
            case '\\':
                return ReadCommand(tex, at + 1, text);
            case '{' or '}':
                return at + 1;
            case '~':
                text.Append(' ');
                return at + 1;
            case '$':
                var end = tex.IndexOf('$', at + 1);
                if (end < 0) end = at;
                text.Append(tex, at, end + 1 - at);
                return end + 1;
            case '-' when Follows("---"):
                text.Append('—');
                return at + 3;
            case '-' when Follows("--"):
                text.Append('–');
                return at + 2;
            case '`' when Follows("``"):
                text.Append('“');
                return at + 2;
            case '\'' when Follows("''"):
                text.Append('”');
                return at + 2;
            case var high when char.IsHighSurrogate(high) && at + 1 < tex.Length:
                text.Append(tex, at, 2);
                return at + 2;
            default:
                text.Append(tex[at]);
                return at + 1;
        }

        bool Follows(string mark) => string.CompareOrdinal(tex, at, mark, 0, mark.Length) == 0;
    }

    private static int ReadCommand(string tex, int at, StringBuilder text, int accents = 0)
    {
        if (at >= tex.Length) return at;
        var end = at;
        while (end < tex.Length && char.IsAsciiLetter(tex[end])) end++;
        if (end == at) end += char.IsHighSurrogate(tex[at]) && at + 1 < tex.Length ? 2 : 1;
        var command = tex[at..end];
        // A space ends the name of a command, and is no space.
        if (char.IsAsciiLetter(command[0]))
            while (end < tex.Length && tex[end] == ' ') end++;

        if (Accents.TryGetValue(command, out var accent)) return accents < MostAccents ? ReadAccented(tex, end, accent, text, accents + 1) : end;
        if (command is " " or @"\" or "," or ";") text.Append(' ');
        if (Symbols.TryGetValue(command, out var symbol)) text.Append(symbol);
        return end;
    }

    /// <summary>The letter an accent is for, in braces or not, dotless or not; with nothing there, nothing.</summary>
    private static int ReadAccented(string tex, int at, string accent, StringBuilder text, int accents)
    {
        while (at < tex.Length && tex[at] is ' ' or '{') at++;
        if (at >= tex.Length || tex[at] == '}') return at;
        var letter = new StringBuilder();
        var end = tex[at] == '\\' ? ReadCommand(tex, at + 1, letter, accents) : Read(tex, at, letter);
        if (letter.Length == 0) return end;
        if (letter[0] is 'ı' or 'ȷ') letter[0] = letter[0] == 'ı' ? 'i' : 'j';
        // After the first character, which may be two halves, and the accents it has already.
        var place = char.IsHighSurrogate(letter[0]) && letter.Length > 1 ? 2 : 1;
        while (place < letter.Length && CharUnicodeInfo.GetUnicodeCategory(letter[place]) == UnicodeCategory.NonSpacingMark) place++;
        text.Append(letter.Insert(place, accent));
        return end;
    }
}

/// <summary>Names of people as lists of references write them.</summary>
internal static class PersonName
{
    /// <summary>"Beethoven, Ludwig van", "van Beethoven, Ludwig" and "King, Jr, Martin Luther" in the order in which they are spoken.</summary>
    public static string Natural(string name) => Natural(name.Split(','));

    /// <summary>The same of a name that was cut at its commas already.</summary>
    public static string Natural(IReadOnlyList<string> parts) => parts switch
    {
        [var family, var given] => $"{given.Trim()} {family.Trim()}".Trim(),
        [var family, var suffix, var given] => $"{given.Trim()} {family.Trim()} {suffix.Trim()}".Trim(),
        _ => string.Join(',', parts).Trim(),
    };
}

/// <summary>Authors in one line, as arXiv has them: <c>A. One (1), B. Two and C. Three ((1) Somewhere)</c>.</summary>
internal static class AuthorLine
{
    private static readonly string[] Suffixes = ["Jr", "Jr.", "Sr", "Sr.", "II", "III", "IV"];

    public static IEnumerable<string> Split(string? line)
    {
        List<string> names = [];
        foreach (var part in WithoutParentheses(PlainText.Clean(line) ?? "").Replace(" and ", ",", StringComparison.Ordinal).Split([',', ';'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var name = part.StartsWith("and ", StringComparison.Ordinal) ? part[4..] : part;
            if (Suffixes.Contains(name) && names.Count > 0) names[^1] += $" {name}";
            else names.Add(Tex.ToText(name));
        }

        return names;
    }

    private static string WithoutParentheses(string line)
    {
        var depth = 0;
        var without = string.Concat(line.Where(c =>
        {
            if (c == '(') depth++;
            if (c != ')') return depth == 0;
            depth = Math.Max(0, depth - 1);
            return false;
        }));
        // One that is never closed would take everybody after it along.
        return depth == 0 ? without : line;
    }
}
