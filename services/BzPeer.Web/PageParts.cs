namespace BzPeer.Web;

/// <summary>A researcher in a list. The name is null where Profile did not answer or does not know them yet.</summary>
internal sealed record PersonRow(Guid Id, string? Name, string? Headline, TrustScore? Trust, IReadOnlyList<string> Facts)
{
    /// <summary>A card as a search result shows it.</summary>
    public static PersonRow Of(Card card) => new(
        card.Id, card.Name, LineOf(card), card.Trust,
        card.Counts is { } counts
            ?
            [
                $"{Shown.Count(counts.Works)} {(counts.Works == 1 ? "work" : "works")}",
                .. counts.Followers is { } followers ? new[] { $"{Shown.Count(followers)} {(followers == 1 ? "follower" : "followers")}" } : [],
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
    public static readonly IReadOnlyList<(string Path, string Label)> Lists =
    [
        ("works", "Works"), ("followers", "Followers"), ("following", "Following"), ("collaborators", "Collaborators"), ("trust", "Trust"), ("growth", "Growth"),
    ];
}

/// <summary>The names people read for the factors of a trust statement.</summary>
internal static class TrustFactors
{
    public static readonly IReadOnlyList<(string Level, int From)> Levels = [("Baseline", 0), ("Emerging", 21), ("Established", 45), ("Trusted", 70)];

    public static string Label(string factor) => factor switch
    {
        "record" => "Source of record",
        "works" => "Validated works",
        "identity" => "Verified identity",
        "topics" => "Topics",
        "collaborators" => "Close collaborators",
        "followers" => "Followers",
        _ => factor,
    };
}

/// <summary>The head of a curator's page.</summary>
internal sealed record CurateHead(string Path, string Title, string Explanation)
{
    public static readonly IReadOnlyList<(string Path, string Label)> Pages = [("pairs", "One person or two"), ("rings", "Rings"), ("imports", "Imports")];
}
