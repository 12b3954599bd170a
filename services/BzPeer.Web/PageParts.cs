using Microsoft.Extensions.Localization;

namespace BzPeer.Web;

/// <summary>A researcher in a list. The name is null where Profile did not answer or does not know them yet.</summary>
internal sealed record PersonRow(Guid Id, string? Name, string? Headline, TrustScore? Trust, IReadOnlyList<string> Facts)
{
    /// <summary>A card as a search result shows it.</summary>
    public static PersonRow Of(Card card, IStringLocalizer texts) => new(
        card.Id, card.Name, LineOf(card), card.Trust,
        card.Counts is { } counts
            ?
            [
                texts.Plural("{0:N0} work|{0:N0} works", counts.Works),
                .. counts.Followers is { } followers ? new[] { texts.Plural("{0:N0} follower|{0:N0} followers", followers) } : [],
            ]
            : []);

    /// <summary>What tells people of the same name apart: the affiliation, else what they wrote; the default headline says nothing.</summary>
    public static string? LineOf(Card? card) =>
        card?.Affiliation ?? card?.OwnHeadline;
}

/// <summary>A work in a list; <paramref name="Subject"/> is the researcher whose list it is.</summary>
internal sealed record WorkRow(Work Work, Guid? Subject);

/// <summary>The head of a list around one researcher.</summary>
internal sealed record ListHead(Guid Id, Card? Card, string Path, string Title, string Explanation)
{
    public static IReadOnlyList<(string Path, string Label)> Lists(IStringLocalizer texts) =>
    [
        ("works", texts["Works"]), ("followers", texts["Followers"]), ("following", texts["Following"]), ("collaborators", texts["Collaborators"]), ("trust", texts["Trust"]),
        ("growth", texts["Growth"]),
    ];
}

/// <summary>The head of a curator's page.</summary>
internal sealed record CurateHead(string Path, string Title, string Explanation)
{
    public static IReadOnlyList<(string Path, string Label)> Pages(IStringLocalizer texts) =>
        [("pairs", texts["One person or two"]), ("rings", texts["Rings"]), ("imports", texts["Imports"])];
}
