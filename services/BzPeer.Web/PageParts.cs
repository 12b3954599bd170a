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

    /// <summary>Somebody on works about a topic, or from an institution.</summary>
    public static PersonRow Of(CountedResearcher counted, Card? card, bool topic, IStringLocalizer texts) => new(
        counted.ResearcherId, card?.Name ?? counted.Name, LineOf(card), card?.Trust,
        [
            topic ? texts.Plural("{0:N0} work on it|{0:N0} works on it", counted.Works) : texts.Plural("{0:N0} work from here|{0:N0} works from here", counted.Works),
            .. card?.Counts?.Followers is { } followers ? new[] { texts.Plural("{0:N0} follower|{0:N0} followers", followers) } : [],
        ]);

    /// <summary>What tells people of the same name apart: the affiliation, else what they wrote; the default headline says nothing.</summary>
    public static string? LineOf(Card? card) =>
        card?.Affiliation ?? card?.OwnHeadline;
}

/// <summary>A work in a list.</summary>
/// <param name="Subject">The researcher whose list it is.</param>
/// <param name="Heading">The level of its heading.</param>
internal sealed record WorkRow(Work Work, Guid? Subject, int Heading = 3);

/// <summary>The head of a list around one researcher, topic or institution.</summary>
/// <param name="Name">Whose list it is; null where that could not be had.</param>
/// <param name="Path">The list that this is.</param>
/// <param name="Of"><c>researchers</c>, <c>topics</c> or <c>institutions</c>: how the addresses begin.</param>
internal sealed record ListHead(Guid Id, string? Name, string Path, string Title, string Explanation, string Of = "researchers")
{
    public ListHead(Guid id, Card? card, string path, string title, string explanation) : this(id, card?.Name, path, title, explanation)
    {
    }

    public IReadOnlyList<(string Path, string Label)> Lists(IStringLocalizer texts) => Of == "researchers"
        ?
        [
            ("works", texts["Works"]), ("followers", texts["Followers"]), ("following", texts["Following"]), ("collaborators", texts["Collaborators"]), ("topics", texts["Topics"]),
            ("institutions", texts["Institutions"]), ("trust", texts["Trust"]), ("growth", texts["Growth"]),
        ]
        : [("researchers", texts["Researchers"]), ("works", texts["Works"]), ("topics", texts["Topics"]), ("institutions", texts["Institutions"])];

    /// <summary>What the list is around, where its name is not known.</summary>
    public string Nameless(IStringLocalizer texts) => Of switch { "topics" => texts["this topic"], "institutions" => texts["this institution"], _ => texts["this researcher"] };
}

/// <summary>The head of a curator's page.</summary>
internal sealed record CurateHead(string Path, string Title, string Explanation)
{
    public static IReadOnlyList<(string Path, string Label)> Pages(IStringLocalizer texts) =>
        [("pairs", texts["One person or two"]), ("rings", texts["Rings"]), ("imports", texts["Imports"]), ("dead-letters", texts["Dead letters"])];
}
