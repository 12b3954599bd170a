using System.Text;

namespace BzPeer.Web;

/// <summary>Letters and digits in the faces of <c>mathvariant</c>, as the characters that Unicode has for them: ℝ, 𝐱, ℒ.</summary>
internal static class MathLetters
{
    /// <summary>Where each face begins; 0 where it has none of these.</summary>
    private sealed record Face(int Upper, int Lower, int Digits = 0, int GreekUpper = 0, int GreekLower = 0);

    private static readonly Dictionary<string, Face> Faces = new()
    {
        ["bold"] = new(0x1D400, 0x1D41A, 0x1D7CE, 0x1D6A8, 0x1D6C2),
        ["italic"] = new(0x1D434, 0x1D44E, 0, 0x1D6E2, 0x1D6FC),
        ["bold-italic"] = new(0x1D468, 0x1D482, 0, 0x1D71C, 0x1D736),
        ["script"] = new(0x1D49C, 0x1D4B6),
        ["bold-script"] = new(0x1D4D0, 0x1D4EA),
        ["fraktur"] = new(0x1D504, 0x1D51E),
        ["double-struck"] = new(0x1D538, 0x1D552, 0x1D7D8),
        ["bold-fraktur"] = new(0x1D56C, 0x1D586),
        ["sans-serif"] = new(0x1D5A0, 0x1D5BA, 0x1D7E2),
        ["bold-sans-serif"] = new(0x1D5D4, 0x1D5EE, 0x1D7EC),
        ["sans-serif-italic"] = new(0x1D608, 0x1D622),
        ["sans-serif-bold-italic"] = new(0x1D63C, 0x1D656),
        ["monospace"] = new(0x1D670, 0x1D68A, 0x1D7F6),
    };

    /// <summary>Places that Unicode left empty, because the letter was somewhere else before.</summary>
    private static readonly Dictionary<int, char> Elsewhere = new()
    {
        [0x1D455] = 'ℎ',
        [0x1D49D] = 'ℬ',
        [0x1D4A0] = 'ℰ',
        [0x1D4A1] = 'ℱ',
        [0x1D4A3] = 'ℋ',
        [0x1D4A4] = 'ℐ',
        [0x1D4A7] = 'ℒ',
        [0x1D4A8] = 'ℳ',
        [0x1D4AD] = 'ℛ',
        [0x1D4BA] = 'ℯ',
        [0x1D4BC] = 'ℊ',
        [0x1D4C4] = 'ℴ',
        [0x1D506] = 'ℭ',
        [0x1D50B] = 'ℌ',
        [0x1D50C] = 'ℑ',
        [0x1D515] = 'ℜ',
        [0x1D51D] = 'ℨ',
        [0x1D53A] = 'ℂ',
        [0x1D53F] = 'ℍ',
        [0x1D545] = 'ℕ',
        [0x1D547] = 'ℙ',
        [0x1D548] = 'ℚ',
        [0x1D549] = 'ℝ',
        [0x1D551] = 'ℤ',
    };

    /// <summary>The text in a face; whatever the face has not, and all of it where there is no such face, stays as it is.</summary>
    public static string Of(string text, string? variant)
    {
        if (variant is null || !Faces.TryGetValue(variant, out var face)) return text;
        var letters = new StringBuilder(text.Length * 2);
        foreach (var c in text)
        {
            var (start, first) = c switch
            {
                >= 'A' and <= 'Z' => (face.Upper, 'A'),
                >= 'a' and <= 'z' => (face.Lower, 'a'),
                >= '0' and <= '9' => (face.Digits, '0'),
                >= 'Α' and <= 'Ω' => (face.GreekUpper, 'Α'),
                >= 'α' and <= 'ω' => (face.GreekLower, 'α'),
                _ => (0, c),
            };
            var letter = start + c - first;
            if (start == 0) letters.Append(c);
            else if (Elsewhere.TryGetValue(letter, out var other)) letters.Append(other);
            else letters.Append(char.ConvertFromUtf32(letter));
        }

        return letters.ToString();
    }
}
