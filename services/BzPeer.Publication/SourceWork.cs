using System.Text.Json;
using System.Text.Json.Serialization;
using BzPeer.ServiceDefaults;

namespace BzPeer.Publication;

/// <summary>Who says something of a work.</summary>
public static class WorkSource
{
    /// <summary>A curator, through the API.</summary>
    public const string Curator = "curator";

    /// <summary>Crossref.</summary>
    public const string Crossref = "crossref";

    /// <summary>OpenAlex.</summary>
    public const string OpenAlex = "openalex";

    /// <summary>arXiv.</summary>
    public const string Arxiv = "arxiv";

    /// <summary>What an organisation (Crossref, DataCite, a publisher) added to somebody's ORCID record in its own name.</summary>
    public const string Orcid = "orcid";

    /// <summary>What people added to their ORCID record themselves, also by way of somebody else's search.</summary>
    public const string OrcidOwn = "orcid-self-asserted";

    /// <summary>A list of works that a person keeps, handed in by a curator.</summary>
    public const string List = "list";

    /// <summary>One of the authors, through the API.</summary>
    public const string SelfAsserted = "self-asserted";

    // Who is believed first where two differ: a curator looked; Crossref has it from the publisher of the version of record;
    // OpenAlex describes the same version from there, and adds what it works out; arXiv describes the preprint; an ORCID
    // record has only what its owner was asked to let in. Those who speak of themselves come last, whom ORCID signed in first.
    private static readonly string[] ByPrecedence = [Curator, Crossref, OpenAlex, Arxiv, Orcid, OrcidOwn, List, SelfAsserted];

    // Of people, OpenAlex comes before Crossref: their lists of authors are the same, but OpenAlex says who each of them is and
    // where they work by an id, and Crossref mostly by a name.
    private static readonly string[] ByPrecedenceOnPeople = [Curator, OpenAlex, Crossref, Arxiv, Orcid, OrcidOwn, List, SelfAsserted];

    /// <summary>0 for the source believed first.</summary>
    public static int Precedence(string source) => Rank(ByPrecedence, source);

    /// <summary>0 for the source believed first on authors and their affiliations.</summary>
    public static int PrecedenceOnPeople(string source) => Rank(ByPrecedenceOnPeople, source);

    /// <summary>Whether the word of this source makes a work validated.</summary>
    public static bool Validates(string source) => source is not (OrcidOwn or List or SelfAsserted);

    /// <summary>
    /// Whether authors become known by its word. What anybody claims neither brings others into being nor says anything about
    /// them; but whose an ORCID record is, ORCID knows, whatever they list in it.
    /// </summary>
    public static bool Introduces(string source) => source is not (List or SelfAsserted);

    /// <summary>Whether whoever it prints under one name is taken for one person. A name that a person gives may be anybody's.</summary>
    public static bool KnowsByName(string source) => source is Crossref or OpenAlex or Arxiv;

    /// <summary>
    /// The collection that a record is in, if it is in one that has a record of each work: two of its records are two works. Whose list
    /// an entry is in, nobody says, so all lists are one.
    /// </summary>
    public static string? Collection(string source, string sourceId) => source switch
    {
        Crossref or OpenAlex or Arxiv or List => source,
        Orcid or OrcidOwn => sourceId.Split('/')[0],
        _ => null,
    };

    /// <summary>Where people come from who become known by this source.</summary>
    public static string Registry(string source) => source == OrcidOwn ? Orcid : source;

    private static int Rank(string[] order, string source) => Array.IndexOf(order, source) is >= 0 and var rank ? rank : order.Length;
}

/// <summary>An institution an author names on a work.</summary>
/// <param name="Name">As the source prints it.</param>
/// <param name="Id">Its OpenAlex id (<c>I184564680</c>), or null.</param>
public sealed record Institution(string Name, string? Id)
{
    /// <summary>The institution's id in the graph.</summary>
    public Guid StableId() => ServiceDefaults.StableId.Of($"institution:{Id ?? PlainText.Fold(Name)}");
}

/// <summary>An author as a work prints them, at the place they have in the list.</summary>
/// <param name="Name">As printed, or <see cref="Unnamed"/>.</param>
/// <param name="ResearcherId">The researcher they were matched to, null while unmatched or unresolved.</param>
/// <param name="Orcid">ORCID iD, or null.</param>
/// <param name="OpenAlex">OpenAlex author id, or null.</param>
/// <param name="Institutions">Named on this work for this author.</param>
/// <param name="Unlinked">Whether the name is nobody's to be known by: a stand-in, or that of somebody whom the source took down.</param>
public sealed record PrintedAuthor(
    string Name, Guid? ResearcherId = null, string? Orcid = null, string? OpenAlex = null, IReadOnlyList<Institution>? Institutions = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Unlinked = false)
{
    /// <summary>Stands where the source has neither a name nor an id.</summary>
    public const string Unnamed = "Unnamed author";

    /// <summary>An author by the name that a source has, else by an id, else by none.</summary>
    public static PrintedAuthor Of(string? name, string? orcid, string? openAlex, IReadOnlyList<Institution>? institutions) =>
        new(name ?? openAlex ?? orcid ?? Unnamed, null, orcid, openAlex, institutions, Unlinked: name is null);
}

/// <summary>What a source says of one work, in this service's terms.</summary>
/// <param name="Title">Plain text.</param>
/// <param name="Type">The source's own term.</param>
/// <param name="Year">Year of publication, or null.</param>
/// <param name="PublicationDate">Date of publication, or null.</param>
/// <param name="Venue">Journal, conference or repository, or null.</param>
/// <param name="Doi">Bare and in lower case, or null.</param>
/// <param name="ArxivId">Without version, or null.</param>
/// <param name="OpenAlex">OpenAlex work id, or null.</param>
/// <param name="Abstract">Plain text, or null.</param>
/// <param name="Topics">Labels, most fitting first.</param>
/// <param name="Authors">In printed order.</param>
/// <param name="Retracted">Whether the source lists it as retracted.</param>
/// <param name="TitleMarkup">The title with its markup (<see cref="Markup"/>); null where it has none.</param>
/// <param name="AbstractMarkup">The abstract with its markup; null where it has none.</param>
public sealed record SourceWork(
    string Title, string Type, int? Year, DateOnly? PublicationDate, string? Venue, string? Doi, string? ArxivId, string? OpenAlex,
    string? Abstract, IReadOnlyList<string> Topics, IReadOnlyList<PrintedAuthor> Authors, bool Retracted = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? TitleMarkup = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? AbstractMarkup = null)
{
    /// <summary>The keys a work with these ids goes by, in the order in which they decide.</summary>
    public IEnumerable<string> Keys()
    {
        if (Doi is not null) yield return $"doi:{Doi}";
        if (ArxivId is not null) yield return $"arxiv:{ArxivId}";
        if (OpenAlex is not null) yield return $"openalex:{OpenAlex}";
    }

    /// <summary>Whether it describes a preprint: by its type, by a DOI that arXiv gave, or by an arXiv id and no other.</summary>
    [JsonIgnore]
    public bool IsPreprint => Type is "preprint" or "posted-content" || (ArxivId is not null && (Doi is null || Identifiers.ArxivOfDoi(Doi) is not null));

    /// <summary>The people on it: one person counts once, however often they are printed; who is unresolved counts as one.</summary>
    public int People() => Authors.Count(author => author.ResearcherId is null) + Researchers().Count();

    /// <summary>The researchers on it.</summary>
    public IEnumerable<Guid> Researchers() => Authors.Where(author => author.ResearcherId is not null).Select(author => author.ResearcherId!.Value).Distinct();

    /// <summary>Whether it says the same, whoever its authors were matched to.</summary>
    public bool SaysTheSameAs(SourceWork other) => ReferenceEquals(this, other) || Text(this) == Text(other);

    private static string Text(SourceWork work) =>
        JsonSerializer.Serialize(work with { Authors = [.. work.Authors.Select(author => author with { ResearcherId = null })] });
}

/// <summary>Something said of a work.</summary>
public abstract record Heard
{
    /// <summary>Whose record or notice it is: whatever comes with the same key says it anew.</summary>
    [JsonIgnore]
    public abstract string Key { get; }

    /// <summary>The keys its work goes by, in the order in which they decide.</summary>
    public abstract IEnumerable<string> Keys();
}

/// <summary>One source's word on one work.</summary>
/// <param name="Source">One of <see cref="WorkSource"/>.</param>
/// <param name="SourceId">Its own id of the record.</param>
/// <param name="Work">What it says.</param>
public sealed record Assertion(string Source, string SourceId, SourceWork Work) : Heard
{
    /// <summary>When it was taken.</summary>
    public DateTimeOffset At { get; init; }

    /// <inheritdoc />
    public override string Key => $"{Source}:{SourceId}";

    /// <summary>
    /// The keys its work goes by: the ids it has; those of ORCID also by the entry itself, which stays the same when an id is
    /// added to it; and what a person lists without any id by its title, first author and year.
    /// </summary>
    public override IEnumerable<string> Keys() => Source switch
    {
        WorkSource.Orcid or WorkSource.OrcidOwn => Work.Keys().Append($"orcid:{SourceId}"),
        WorkSource.List when !Work.Keys().Any() => [$"list:{StableId.Of($"{PlainText.Fold(Work.Title)}|{FirstFamilyName()}|{Work.Year}")}"],
        _ => Work.Keys(),
    };

    private string? FirstFamilyName() => Work.Authors.Count > 0 ? PlainText.Fold(Work.Authors[0].Name).Split(' ')[^1] : null;
}
