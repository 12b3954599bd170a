using System.Globalization;
using System.Text;

namespace BzPeer.ServiceDefaults;

/// <summary>Names and titles without case, diacritics and punctuation, for search only: what is searched keeps all three.</summary>
public static class SearchWords
{
    /// <summary>So much of a word is looked at: an index has no room for more, and nobody types it.</summary>
    private const int LongestWord = 100;

    /// <summary>Letters that have no decomposition in Unicode but that people type without their stroke.</summary>
    public static IReadOnlyDictionary<char, string> Strokes { get; } = new Dictionary<char, string>
    {
        ['ø'] = "o",
        ['ł'] = "l",
        ['đ'] = "d",
        ['ð'] = "d",
        ['ħ'] = "h",
        ['ı'] = "i",
        ['ß'] = "ss",
        ['æ'] = "ae",
        ['œ'] = "oe",
        ['þ'] = "th",
        ['ŧ'] = "t",
    };

    /// <summary>The words something is found by, for <c>array_to_tsvector</c>: "O'Brien" both as "obrien" and as "brien".</summary>
    public static string Of(string name)
    {
        var folded = Fold(name);
        var apart = Fold(name.Replace('\'', ' ').Replace('’', ' '));
        return folded == apart ? folded : $"{folded} {apart}";
    }

    /// <summary>
    /// A <c>tsquery</c> in which every one of these folded words begins a word of what is searched. They are letters and digits only, so nothing
    /// in them can be an operator.
    /// </summary>
    public static string Query(string folded) => string.Join(" & ", folded.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => $"'{word}':*"));

    /// <summary>Lower-case words of letters and digits, separated by single spaces.</summary>
    public static string Fold(string name)
    {
        var folded = new StringBuilder(name.Length);
        // U+FFFE is no character, and Normalize throws on it.
        foreach (var letter in name.Replace('\uFFFE', ' ').Normalize(NormalizationForm.FormKD).ToLowerInvariant())
        {
            if (CharUnicodeInfo.GetUnicodeCategory(letter) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark) continue;
            if (Strokes.TryGetValue(letter, out var plain)) folded.Append(plain);
            else if (char.IsLetterOrDigit(letter) || char.IsSurrogate(letter)) folded.Append(letter);
            else if (letter is not ('\'' or '’' or '.') && folded.Length > 0 && folded[^1] != ' ') folded.Append(' ');
        }

        return folded.Length <= LongestWord ? folded.ToString().TrimEnd() : string.Join(' ', folded.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Cut));
    }

    private static string Cut(string word) => word.Length <= LongestWord ? word : word[..(char.IsHighSurrogate(word[LongestWord - 1]) ? LongestWord - 1 : LongestWord)];
}
