using Microsoft.Extensions.Localization;

namespace BzPeer.Web;

/// <summary>What the services call things, in the language of the page. What is not known here keeps its own name.</summary>
internal static class Words
{
    /// <summary>The levels of trust, lowest first, each with the first score of it.</summary>
    public static readonly IReadOnlyList<(string Level, int From)> Levels = [("Baseline", 0), ("Emerging", 21), ("Established", 45), ("Trusted", 70)];

    public static string Level(this IStringLocalizer texts, string level) => level switch
    {
        "Baseline" => texts["Baseline"],
        "Emerging" => texts["Emerging"],
        "Established" => texts["Established"],
        "Trusted" => texts["Trusted"],
        _ => level,
    };

    /// <summary>What leads from a node of the graph to its page. Nobody is an it.</summary>
    public static string OpenPage(this IStringLocalizer texts, string kind) => kind == "researcher" ? texts["Open the profile"] : texts["Open its page"];

    /// <summary>A factor of a trust statement.</summary>
    public static string Factor(this IStringLocalizer texts, string factor) => factor switch
    {
        "record" => texts["Source of record"],
        "works" => texts["Validated works"],
        "identity" => texts["Verified identity"],
        "topics" => texts["Topics"],
        "collaborators" => texts["Close collaborators"],
        "followers" => texts["Followers"],
        _ => factor,
    };

    /// <summary>What kind of work it is.</summary>
    public static string WorkType(this IStringLocalizer texts, string type) => type switch
    {
        "article" => texts["article"],
        "journal-article" => texts["journal article"],
        "preprint" => texts["preprint"],
        "posted-content" => texts["posted content"],
        "proceedings-article" => texts["proceedings article"],
        "conference-paper" => texts["conference paper"],
        "review" => texts["review"],
        "letter" => texts["letter"],
        "editorial" => texts["editorial"],
        "erratum" => texts["erratum"],
        "book" => texts["book"],
        "book-chapter" => texts["book chapter"],
        "dissertation" => texts["dissertation"],
        "report" => texts["report"],
        "dataset" => texts["dataset"],
        "software" => texts["software"],
        "standard" => texts["standard"],
        "other" => texts["other"],
        _ => type,
    };

    /// <summary>A source of works: <c>arxiv</c> is "arXiv".</summary>
    public static string Source(this IStringLocalizer texts, string source) => source switch
    {
        "openalex" => "OpenAlex",
        "crossref" => "Crossref",
        "arxiv" => "arXiv",
        "orcid" => "ORCID",
        "orcid-self-asserted" => texts["ORCID, self-asserted"],
        "retraction-watch" => "Retraction Watch",
        "list" => texts["a list somebody keeps"],
        "self-asserted" => texts["one of the authors"],
        "curator" => texts["a curator"],
        _ => source,
    };

    /// <summary>A field of a work. Texts are not told apart by their case: "Type" is one already.</summary>
    public static string Field(this IStringLocalizer texts, string field) => field switch
    {
        "title" => texts["title"],
        "type" => texts.Plural("type|types", 1),
        "year" => texts["year"],
        "publicationDate" => texts["date"],
        "venue" => texts["venue"],
        "abstract" => texts.Plural("abstract|abstracts", 1),
        "authors" => texts["authors"],
        "topics" => texts.Plural("topics|topics", 2),
        "doi" => "DOI",
        "arxivId" => texts["arXiv id"],
        "openAlex" => texts["OpenAlex id"],
        _ => field,
    };

    /// <summary>A node of the graph, by what it is.</summary>
    public static string Kind(this IStringLocalizer texts, string kind) => kind switch
    {
        "researcher" => texts["Person"],
        "institution" => texts["Institution"],
        "work" => texts["Work"],
        "topic" => texts["Topic"],
        _ => kind,
    };

    public static string Kinds(this IStringLocalizer texts, string kind) => kind switch
    {
        "researcher" => texts["People"],
        "institution" => texts["Institutions"],
        "work" => texts["Works"],
        "topic" => texts["Topics"],
        _ => kind,
    };

    /// <summary>"40 of 312 co-authors": how many of a kind are shown around something, and how many there are.</summary>
    public static string Neighbours(this IStringLocalizer texts, string around, string kind, int shown, int total) => (around, kind) switch
    {
        ("researcher", "researcher") => texts.Plural("{1:N0} of {0:N0} co-author|{1:N0} of {0:N0} co-authors", total, shown),
        ("work", "researcher") => texts.Plural("{1:N0} of {0:N0} author|{1:N0} of {0:N0} authors", total, shown),
        (_, "researcher") => texts.Plural("{1:N0} of {0:N0} person|{1:N0} of {0:N0} people", total, shown),
        (_, "institution") => texts.Plural("{1:N0} of {0:N0} institution|{1:N0} of {0:N0} institutions", total, shown),
        (_, "topic") => texts.Plural("{1:N0} of {0:N0} topic|{1:N0} of {0:N0} topics", total, shown),
        _ => texts.Plural("{1:N0} of {0:N0} work|{1:N0} of {0:N0} works", total, shown),
    };

    /// <summary>What an edge of the graph says of its two nodes.</summary>
    public static string Relation(this IStringLocalizer texts, string? kind) => kind switch
    {
        "authored" => texts["Author"],
        "collaborated" => texts["Co-authors"],
        "about" => texts["Topic"],
        "affiliated" => texts["Affiliation"],
        _ => kind ?? "",
    };

    /// <summary>What happened: <c>WorkPublished</c> is "Work published".</summary>
    public static string Event(this IStringLocalizer texts, string type) => type switch
    {
        "ResearcherRegistered" => texts["Researcher registered"],
        "ResearcherFollowed" => texts["Researcher followed"],
        "ResearcherUnfollowed" => texts["Researcher unfollowed"],
        "ResearchersMerged" => texts["Researchers merged"],
        "ResearchersSplit" => texts["Researchers split"],
        "ResearcherErased" => texts["Researcher erased"],
        "AuthorIdentified" => texts["Author identified"],
        "FollowerCountChanged" => texts["Follower count changed"],
        "ProfileChanged" => texts["Profile changed"],
        "ProfileClaimed" => texts["Profile claimed"],
        "ClaimWithdrawn" => texts["Claim withdrawn"],
        "IdentityValidated" => texts["Identity validated"],
        "ValidationWithdrawn" => texts["Validation withdrawn"],
        "WorkPublished" => texts["Work published"],
        "WorkCorrected" => texts["Work corrected"],
        "WorkRetracted" => texts["Work retracted"],
        "WorkRemoved" => texts["Work removed"],
        "BibliographyChanged" => texts["Bibliography changed"],
        "TrustRecalculated" => texts["Trust recalculated"],
        "TrustRestated" => texts["Trust restated"],
        "TrustLevelChanged" => texts["Trust level changed"],
        "FlowComputed" => texts["Flow computed"],
        "ModelSwitched" => texts["Model switched"],
        "RingMarked" => texts["Ring marked"],
        "RingReinstated" => texts["Ring reinstated"],
        _ => Shown.Words(type),
    };

    /// <summary>A time in the unit it is best read in.</summary>
    public static string Duration(this IStringLocalizer texts, double seconds) => seconds switch
    {
        < 1 => texts["{0:0} ms", seconds * 1000],
        < 100 => texts["{0:0.0} s", seconds],
        < 6000 => texts["{0:0} min", seconds / 60],
        < 172_800 => texts["{0:0} h", seconds / 3600],
        _ => texts["{0:0} days", seconds / 86_400],
    };
}
