using System.Text.Json;
using System.Text.Json.Serialization;

namespace BzPeer.Publication;

/// <summary>Who says something of a work.</summary>
public static class WorkSource
{
    /// <summary>A curator, through the API.</summary>
    public const string Curator = "curator";

    /// <summary>OpenAlex.</summary>
    public const string OpenAlex = "openalex";

    /// <summary>arXiv.</summary>
    public const string Arxiv = "arxiv";

    /// <summary>One of the authors, through the API.</summary>
    public const string SelfAsserted = "self-asserted";

    // Who is believed first where two differ: a curator looked, OpenAlex describes the version of record, arXiv the
    // preprint, an author vouches for themselves.
    private static readonly string[] ByPrecedence = [Curator, OpenAlex, Arxiv, SelfAsserted];

    /// <summary>0 for the source believed first.</summary>
    public static int Precedence(string source) => Array.IndexOf(ByPrecedence, source) is >= 0 and var rank ? rank : ByPrecedence.Length;

    /// <summary>Whether the word of this source makes a work validated.</summary>
    public static bool Validates(string source) => source != SelfAsserted;
}

/// <summary>An institution an author names on a work.</summary>
/// <param name="Name">As the source prints it.</param>
/// <param name="Id">Its OpenAlex id (<c>I184564680</c>), or null.</param>
public sealed record Institution(string Name, string? Id)
{
    /// <summary>The institution's id in the graph.</summary>
    public Guid StableId() => Publication.StableId.Of($"institution:{Id ?? PlainText.Fold(Name)}");
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
public sealed record SourceWork(
    string Title, string Type, int? Year, DateOnly? PublicationDate, string? Venue, string? Doi, string? ArxivId, string? OpenAlex,
    string? Abstract, IReadOnlyList<string> Topics, IReadOnlyList<PrintedAuthor> Authors, bool Retracted = false)
{
    /// <summary>The keys a work with these ids goes by, in the order in which they decide.</summary>
    public IEnumerable<string> Keys()
    {
        if (Doi is not null) yield return $"doi:{Doi}";
        if (ArxivId is not null) yield return $"arxiv:{ArxivId}";
        if (OpenAlex is not null) yield return $"openalex:{OpenAlex}";
    }

    /// <summary>The people on it: one person counts once, however often they are printed; who is unresolved counts as one.</summary>
    public int People() => Authors.Count(author => author.ResearcherId is null) + Researchers().Count();

    /// <summary>The researchers on it.</summary>
    public IEnumerable<Guid> Researchers() => Authors.Where(author => author.ResearcherId is not null).Select(author => author.ResearcherId!.Value).Distinct();

    /// <summary>Whether it says the same, whoever its authors were matched to.</summary>
    public bool SaysTheSameAs(SourceWork other) => ReferenceEquals(this, other) || Text(this) == Text(other);

    private static string Text(SourceWork work) =>
        JsonSerializer.Serialize(work with { Authors = [.. work.Authors.Select(author => author with { ResearcherId = null })] });
}

/// <summary>One source's word on one work.</summary>
/// <param name="Source">One of <see cref="WorkSource"/>.</param>
/// <param name="SourceId">Its own id of the record.</param>
/// <param name="Work">What it says.</param>
public sealed record Assertion(string Source, string SourceId, SourceWork Work);
