using System.Text.RegularExpressions;

namespace BzPeer.ServiceDefaults;

/// <summary>ORCID iDs in their one normal form.</summary>
public static partial class OrcidId
{
    /// <summary>An ORCID iD as <c>0000-0002-1825-0097</c>, if its check digit (ISO 7064 mod 11-2) is right; null for what is no such id.</summary>
    public static string? Read(string? text)
    {
        if (text is null || Pattern().Match(text) is not { Success: true } match) return null;
        var digits = string.Concat(match.Groups.Values.Skip(1).Select(group => group.Value)).ToUpperInvariant();
        var sum = digits[..15].Aggregate(0, (total, digit) => (total + digit - '0') * 2 % 11);
        var check = (12 - sum) % 11;
        return digits[15] == (check == 10 ? 'X' : (char)('0' + check))
            ? $"{digits[..4]}-{digits[4..8]}-{digits[8..12]}-{digits[12..]}"
            : null;
    }

    [GeneratedRegex(@"^\s*(?:(?:https?://)?(?:www\.)?orcid\.org/|orcid:)?([0-9]{4})-?([0-9]{4})-?([0-9]{4})-?([0-9]{3}[0-9X])\s*$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
