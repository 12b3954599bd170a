using System.Globalization;
using System.Text;

namespace BzPeer.Profile;

/// <summary>Names without case, diacritics and punctuation, for search only: names themselves keep all three.</summary>
public static class NameFolding
{
    /// <summary>Letters that have no decomposition in Unicode but that people type without their stroke.</summary>
    private static readonly Dictionary<char, string> Strokes = new()
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

    /// <summary>The words a name is found by: "O'Brien" both as "obrien" and as "brien".</summary>
    public static string Words(string name)
    {
        var folded = Fold(name);
        var apart = Fold(name.Replace('\'', ' ').Replace('’', ' '));
        return folded == apart ? folded : $"{folded} {apart}";
    }

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

        return folded.ToString().TrimEnd();
    }
}
