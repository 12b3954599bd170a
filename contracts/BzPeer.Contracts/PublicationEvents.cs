namespace BzPeer.Contracts;

/// <summary>
/// An author was matched to a researcher, or more became known about them. State-carrying: the greater
/// <see cref="EventOrigin.Version"/> of the same researcher replaces the smaller. Subject: the researcher.
/// </summary>
/// <param name="Origin">Order and identity of the fact.</param>
/// <param name="ResearcherId">The researcher.</param>
/// <param name="Name">Full name as the first source prints it.</param>
/// <param name="RegisteredFrom">Source that first named them: <c>openalex</c>, <c>crossref</c>, <c>arxiv</c>, <c>orcid</c>, or <c>curator</c> on a work posted through the API.</param>
/// <param name="Orcid">First seen ORCID iD, or null.</param>
/// <param name="OpenAlex">First seen OpenAlex author id, or null.</param>
/// <param name="Keys">All keys the researcher is known by, for search: <c>orcid:…</c>, <c>openalex:…</c>.</param>
/// <param name="Affiliation">Latest affiliation and where it was read, or null when no record has one.</param>
[PublishedBy(Sources.Publication)]
public sealed record AuthorIdentified(
    EventOrigin Origin, Guid ResearcherId, string Name, string RegisteredFrom, string? Orcid, string? OpenAlex,
    IReadOnlyList<string> Keys, Affiliation? Affiliation)
    : IIntegrationEvent;

/// <summary>
/// Two researchers are one person: whoever was <paramref name="MergedId"/> is <paramref name="SurvivorId"/> from now on. Works keep the ids
/// that their sources name; whoever reads them takes each member for the survivor. For each member the greatest
/// <see cref="EventOrigin.Sequence"/> of merges and splits counts. Subject: the researcher merged.
/// </summary>
/// <param name="Origin">Order and identity of the fact.</param>
/// <param name="MergeId">Names this merge, to take it back by.</param>
/// <param name="MergedId">Who is somebody else's now.</param>
/// <param name="SurvivorId">Whose.</param>
/// <param name="Members">Everybody who is the survivor by this merge: the merged one, and all who had been merged into them before.</param>
[PublishedBy(Sources.Publication)]
public sealed record ResearchersMerged(EventOrigin Origin, Guid MergeId, Guid MergedId, Guid SurvivorId, IReadOnlyList<Guid> Members) : IIntegrationEvent;

/// <summary>
/// A merge was taken back: <paramref name="RestoredId"/> is a researcher of their own again. Read like <see cref="ResearchersMerged"/>.
/// Subject: the researcher restored.
/// </summary>
/// <param name="Origin">Order and identity of the fact.</param>
/// <param name="MergeId">The merge taken back.</param>
/// <param name="RestoredId">Who had been merged by it.</param>
/// <param name="SurvivorId">Whom they were taken for until now.</param>
/// <param name="Members">Everybody who is the restored one now: they themselves, and all who are merged into them.</param>
[PublishedBy(Sources.Publication)]
public sealed record ResearchersSplit(EventOrigin Origin, Guid MergeId, Guid RestoredId, Guid SurvivorId, IReadOnlyList<Guid> Members) : IIntegrationEvent;

/// <summary>An affiliation as a source of record prints it.</summary>
/// <param name="Institution">The institution's name.</param>
/// <param name="InstitutionId">Its id at the source (<c>I184564680</c>), or null.</param>
/// <param name="Source">Where it was read: <c>openalex</c>, <c>crossref</c>, <c>arxiv</c>.</param>
/// <param name="AsOf">Publication date of the work it was read from, or null.</param>
public sealed record Affiliation(string Institution, string? InstitutionId, string Source, DateOnly? AsOf);

/// <summary>A work entered the record. Subject: the work.</summary>
/// <param name="Origin">Order and identity of the fact.</param>
/// <param name="WorkId">The work.</param>
/// <param name="Work">What is known of it.</param>
[PublishedBy(Sources.Publication)]
public sealed record WorkPublished(EventOrigin Origin, Guid WorkId, WorkDetails Work) : IIntegrationEvent;

/// <summary>What is known of a work changed; carries the whole of it. Subject: the work.</summary>
/// <param name="Origin">Order and identity of the fact.</param>
/// <param name="WorkId">The work.</param>
/// <param name="Work">What is known of it now.</param>
[PublishedBy(Sources.Publication)]
public sealed record WorkCorrected(EventOrigin Origin, Guid WorkId, WorkDetails Work) : IIntegrationEvent;

/// <summary>A work was retracted. It stays listed, marked, and counts for nothing. Subject: the work.</summary>
/// <param name="Origin">Order and identity of the fact.</param>
/// <param name="WorkId">The work.</param>
/// <param name="Reason">Why, in the notice's words.</param>
/// <param name="NoticedBy">Where the notice stands.</param>
[PublishedBy(Sources.Publication)]
public sealed record WorkRetracted(EventOrigin Origin, Guid WorkId, string Reason, string NoticedBy) : IIntegrationEvent;

/// <summary>
/// A work is no longer in the record under this id: it went on in another one, which is the same, or no source speaks of it any more. It may have been
/// known under this id for no time at all. A <see cref="WorkPublished"/> brings it back. Subject: the work.
/// </summary>
/// <param name="Origin">Order and identity of the fact.</param>
/// <param name="WorkId">The work.</param>
/// <param name="Reason">Why.</param>
/// <param name="MergedInto">The work it went on in, or null.</param>
[PublishedBy(Sources.Publication)]
public sealed record WorkRemoved(EventOrigin Origin, Guid WorkId, string Reason, Guid? MergedInto) : IIntegrationEvent;

/// <summary>A work as the record has it.</summary>
/// <param name="Title">Plain text; markup of the source is removed.</param>
/// <param name="Type"><c>preprint</c>, <c>article</c>, <c>report</c>, …: the source's own term.</param>
/// <param name="Year">Year of publication, or null.</param>
/// <param name="PublicationDate">Date of publication, or null.</param>
/// <param name="Venue">Journal, conference or repository, or null.</param>
/// <param name="Doi">Bare lower-case DOI (<c>10.1000/182</c>), or null.</param>
/// <param name="ArxivId">arXiv id without version (<c>2301.01178</c>), or null.</param>
/// <param name="Topics">Topic labels, most fitting first.</param>
/// <param name="Authors">In printed order.</param>
/// <param name="Validated">True when a source of record or a curator vouches for it; false when only an author asserts it.</param>
/// <param name="Retracted">True once a retraction stands.</param>
/// <param name="TitleMarkup">The title as HTML of the elements <c>b</c>, <c>i</c>, <c>sub</c>, <c>sup</c> and presentation MathML; null where the source gave no markup.</param>
public sealed record WorkDetails(
    string Title, string Type, int? Year, DateOnly? PublicationDate, string? Venue, string? Doi, string? ArxivId,
    IReadOnlyList<string> Topics, IReadOnlyList<WorkAuthor> Authors, bool Validated, bool Retracted, string? TitleMarkup = null);

/// <summary>One author of a work.</summary>
/// <param name="ResearcherId">The researcher, or null when unresolved.</param>
/// <param name="Name">As printed on the work.</param>
/// <param name="Position">From 1, in printed order.</param>
public sealed record WorkAuthor(Guid? ResearcherId, string Name, int Position);

/// <summary>
/// The sums of one researcher's bibliography, whole. State-carrying: apply only if
/// <paramref name="BibliographyVersion"/> is greater than the one held. Subject: the researcher.
/// </summary>
/// <param name="Origin">Order and identity of the fact.</param>
/// <param name="ResearcherId">Whose bibliography.</param>
/// <param name="Works">Works listed: self-asserted and retracted ones included.</param>
/// <param name="ValidatedWorks">Validated and unretracted works: evidence for trust.</param>
/// <param name="SelfAssertedWorks">Works only an author vouches for; they earn nothing.</param>
/// <param name="RetractedWorks">Works under a retraction.</param>
/// <param name="Topics">Distinct topics of validated, unretracted works.</param>
/// <param name="CloseCollaborators">Co-authors with collaboration strength of at least 0.2 (Newman 2001) over validated, unretracted works.</param>
/// <param name="Causes">What led here, newest last.</param>
/// <param name="BibliographyVersion">Sequence of the last event folded in.</param>
[PublishedBy(Sources.Publication)]
public sealed record BibliographyChanged(
    EventOrigin Origin, Guid ResearcherId, int Works, int ValidatedWorks, int SelfAssertedWorks, int RetractedWorks,
    int Topics, int CloseCollaborators, IReadOnlyList<BibliographyCause> Causes, long BibliographyVersion)
    : IIntegrationEvent;

/// <summary>One event behind a change of a bibliography.</summary>
/// <param name="Type">The event: <c>WorkPublished</c>, <c>WorkCorrected</c>, <c>WorkRetracted</c>, <c>WorkRemoved</c>, <c>ResearchersMerged</c>, <c>ResearchersSplit</c>.</param>
/// <param name="EventId">Its id.</param>
/// <param name="WorkId">The work; null where researchers were merged or split.</param>
/// <param name="Title">The work's title at that time; null where there is no work.</param>
public sealed record BibliographyCause(string Type, Guid EventId, Guid? WorkId, string? Title);
