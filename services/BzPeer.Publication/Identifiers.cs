using System.Text.RegularExpressions;
using BzPeer.ServiceDefaults;

namespace BzPeer.Publication;

/// <summary>The ids that works, authors and institutions go by elsewhere, each in its one normal form; null for what is no such id.</summary>
internal static partial class Identifiers
{
    private const string ArxivDoiPrefix = "10.48550/arxiv.";

    /// <summary>A bare DOI in lower case (<c>10.1000/182</c>). Of several in one field, as some sources have it, the first.</summary>
    public static string? Doi(string? text) =>
        text is { Length: <= 1_000 } && DoiPattern().Match(text) is { Success: true } match && match.Groups[1].Length <= 500
            ? match.Groups[1].Value.ToLowerInvariant()
            : null;

    /// <summary>An arXiv id without version and subject class (<c>2301.01178</c>, <c>math/0309136</c>), also from its address.</summary>
    public static string? Arxiv(string? text) =>
        text is not null && ArxivPattern().Match(text) is { Success: true } match
            ? (match.Groups["archive"].Value + match.Groups["number"].Value).ToLowerInvariant()
            : null;

    /// <summary>The arXiv id in a DOI that arXiv itself gave (<c>10.48550/arxiv.2301.01178</c>).</summary>
    public static string? ArxivOfDoi(string? doi) =>
        doi?.StartsWith(ArxivDoiPrefix, StringComparison.Ordinal) == true ? Arxiv(doi[ArxivDoiPrefix.Length..]) : null;

    /// <summary>An OpenAlex id of a <paramref name="kind"/> (W, A or I) without its address: <c>A5023888391</c>.</summary>
    public static string? OpenAlex(char kind, string? text) =>
        text is not null && OpenAlexPattern().Match(text) is { Success: true } match && char.ToUpperInvariant(match.Groups[1].Value[0]) == kind
            ? match.Groups[1].Value.ToUpperInvariant()
            : null;

    [GeneratedRegex(@"^\s*(?:https?://(?:dx\.)?doi\.org/|doi:\s*)?(10\.[0-9]{4,9}/[^\s\p{C}]+)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex DoiPattern();

    [GeneratedRegex(@"^\s*(?:arxiv:\s*|https?://(?:www\.|export\.)?arxiv\.org/(?:abs|pdf)/)?(?:(?<number>[0-9]{4}\.[0-9]{4,5})|(?<archive>[a-z-]{2,12})(?:\.[a-z]{2})?(?<number>/[0-9]{7}))(?:v[0-9]{1,3})?(?:\.pdf)?\s*$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex ArxivPattern();

    [GeneratedRegex(@"^\s*(?:https?://(?:api\.)?openalex\.org/(?:[a-z]+/)?)?([AWI][0-9]{1,12})\s*$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex OpenAlexPattern();
}
