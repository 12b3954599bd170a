using System.Text.RegularExpressions;

namespace BzPeer.Web;

/// <summary>What a visitor typed into a search box: a name, or an exact ORCID iD or OpenAlex author id, plain or as its address.</summary>
internal sealed partial record ResearcherQuery(string Text, string Parameter)
{
    /// <summary>Nothing asked for: everybody, the most published first.</summary>
    public static readonly ResearcherQuery Everybody = new("", "q=");

    public static ResearcherQuery? From(string? typed)
    {
        var text = typed?.Trim() ?? "";
        if (text.Length is 0 or > 200)
            return null;
        if (Orcid().Match(text) is { Success: true } orcid)
            return new(text, $"orcid={orcid.Groups[1].Value.ToUpperInvariant()}");
        if (OpenAlex().Match(text) is { Success: true } openAlex)
            return new(text, $"openAlex={openAlex.Groups[1].Value.ToUpperInvariant()}");
        return new(text, $"q={Uri.EscapeDataString(text)}");
    }

    [GeneratedRegex(@"^(?:https?://orcid\.org/)?(\d{4}-\d{4}-\d{4}-\d{3}[\dXx])$")]
    private static partial Regex Orcid();

    [GeneratedRegex(@"^(?:https?://openalex\.org/)?(A\d{4,})$", RegexOptions.IgnoreCase)]
    private static partial Regex OpenAlex();
}
