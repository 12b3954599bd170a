using System.Globalization;
using System.Text;
using BzPeer.ServiceDefaults;

namespace BzPeer.Publication;

/// <summary>
/// A printed name in the form in which two are compared: without case, diacritics, hyphens and apostrophes, in words. The name
/// itself keeps all of them; this is only for finding out who is meant.
/// </summary>
/// <param name="Letters">All of it without spaces: "Müller, J." and "Muller J" have the same.</param>
/// <param name="Given">The first word, null for a name of one word.</param>
/// <param name="Middle">What stands between the first word and the last: second names, initials, particles.</param>
/// <param name="Family">The last word, null for a name of one word.</param>
/// <param name="Suffix">"jr", "iii", else null.</param>
internal sealed record AuthorName(string Letters, string? Given, IReadOnlyList<string> Middle, string? Family, string? Suffix)
{
    private static readonly HashSet<string> Suffixes = ["jr", "sr", "ii", "iii", "iv"];

    /// <summary>Whether all that is known of the given name is its first letter.</summary>
    public bool IsInitial => Given is { Length: 1 } && char.IsLower(Given[0]);

    /// <summary>First letter of the given name; names are looked up by it.</summary>
    public string? Initial => Given is null ? null : char.IsHighSurrogate(Given[0]) ? Given[..2] : Given[..1];

    public static AuthorName Of(string printed)
    {
        var words = Words(printed);
        var letters = string.Concat(words);
        var suffix = words.Count > 2 && Suffixes.Contains(words[^1]) ? words[^1] : null;
        if (suffix is not null) words.RemoveAt(words.Count - 1);
        return words switch
        {
            // The family name comes first where nothing separates the two.
            [var one] when IsEastAsian(one) => new(letters, one[1..], [], one[..1], null),
            [_] or [] => new(letters, null, [], null, null),
            _ => new(letters, words[0], words[1..^1], words[^1], suffix),
        };
    }

    /// <summary>
    /// Whether both can be the name of one person: the same letters; or the same family name, the same given name or its initial, and
    /// nothing in between that contradicts.
    /// </summary>
    public bool Fits(AuthorName other) => Letters == other.Letters
        || (Family is not null && Family == other.Family
            && (Given == other.Given || ((IsInitial || other.IsInitial) && Given![0] == other.Given![0]))
            && (Suffix ?? other.Suffix) == (other.Suffix ?? Suffix)
            && (IsWithin(Middle, other.Middle) || IsWithin(other.Middle, Middle)));

    /// <summary>Whether each of the fewer words is one of the more, or its beginning, in the same order.</summary>
    private static bool IsWithin(IReadOnlyList<string> fewer, IReadOnlyList<string> more)
    {
        var at = 0;
        foreach (var word in fewer)
        {
            while (at < more.Count && !more[at].StartsWith(word, StringComparison.Ordinal) && !word.StartsWith(more[at], StringComparison.Ordinal)) at++;
            if (at++ == more.Count) return false;
        }

        return true;
    }

    private static List<string> Words(string printed)
    {
        List<string> words = [];
        var word = new StringBuilder();
        // Most names are plain, and every author of an import passes here several times.
        var isPlain = Ascii.IsValid(printed);
        foreach (var letter in isPlain ? printed.ToLowerInvariant() : PlainText.Fold(printed).Normalize(NormalizationForm.FormD))
        {
            if (IsDiacritic(letter) || letter is '\'' or '’' or 'ʼ' or '`') continue;
            if (SearchWords.Strokes.TryGetValue(letter, out var plain)) word.Append(plain);
            else if (CharUnicodeInfo.GetUnicodeCategory(letter) == UnicodeCategory.DashPunctuation) word.Append('-');
            else if (char.IsLetterOrDigit(letter) || char.IsSurrogate(letter) || char.GetUnicodeCategory(letter) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark) word.Append(letter);
            else End();
        }

        End();
        return words;

        void End()
        {
            // "Jean-Luc" is one name; "J-L" are two initials.
            if (word.Length == 0) return;
            var parts = (isPlain ? word.ToString() : word.ToString().Normalize(NormalizationForm.FormC)).Split('-', StringSplitOptions.RemoveEmptyEntries);
            if (parts.All(part => part.Length == 1)) words.AddRange(parts);
            else words.Add(string.Concat(parts));
            word.Clear();
        }
    }

    /// <summary>
    /// What Latin, Greek, Cyrillic, Hebrew and Arabic names are also written without: accents, points and vowel signs, and the stroke
    /// that lengthens a word. The marks of other scripts make other names.
    /// </summary>
    private static bool IsDiacritic(char letter) =>
        letter is (>= '\u0300' and <= '\u036F') or (>= '\u0591' and <= '\u05C7') or '\u0640' or (>= '\u064B' and <= '\u065F') or '\u0670';

    private static bool IsEastAsian(string word) =>
        word.Length is >= 2 and <= 4 && word.All(letter => letter is (>= '\u4E00' and <= '\u9FFF') or (>= '\uAC00' and <= '\uD7A3'));
}
