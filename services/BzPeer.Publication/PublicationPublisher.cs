using BzPeer.Contracts;
using BzPeer.ServiceDefaults;

namespace BzPeer.Publication;

/// <summary>From the stream events of this service to what it tells the others.</summary>
public static class PublicationPublisher
{
    /// <summary>Every public event of the publication service.</summary>
    public static Publications Publications { get; } = new Publications(Sources.Publication)
        .Add<Identified, AuthorIdentified>(e => e.Data.ResearcherId, (e, origin) => new(
            origin, e.Data.ResearcherId, e.Data.Name, e.Data.RegisteredFrom, e.Data.Orcid, e.Data.OpenAlex, e.Data.Keys,
            e.Data.Affiliation is { } at ? new(at.Institution, at.InstitutionId, at.Source, at.AsOf) : null))
        .Add<Published, WorkPublished>(e => e.Data.WorkId, (e, origin) => new(origin, e.Data.WorkId, Details(e.Data)))
        .Add<Corrected, WorkCorrected>(e => e.Data.WorkId, (e, origin) => new(origin, e.Data.WorkId, Details(e.Data)))
        .Add<Reinstated, WorkCorrected>(e => e.Data.WorkId, (e, origin) => new(origin, e.Data.WorkId, Details(e.Data)))
        .Add<Retracted, WorkRetracted>(e => e.Data.WorkId, (e, origin) => new(origin, e.Data.WorkId, e.Data.Reason, e.Data.NoticedBy))
        .Add<TookOver, WorkCorrected>(e => e.Data.WorkId, (e, origin) => new(origin, e.Data.WorkId, Details(e.Data)))
        .Add<GaveBack, WorkCorrected>(e => e.Data.WorkId, (e, origin) => new(origin, e.Data.WorkId, Details(e.Data)))
        .Add<Withdrawn, WorkCorrected>(e => e.Data.WorkId, (e, origin) => new(origin, e.Data.WorkId, Details(e.Data)))
        .Add<Restored, WorkPublished>(e => e.Data.WorkId, (e, origin) => new(origin, e.Data.WorkId, Details(e.Data)))
        .Add<MergedInto, WorkRemoved>(e => e.Data.WorkId, (e, origin) => new(origin, e.Data.WorkId, e.Data.Reason, e.Data.Into))
        .Add<Removed, WorkRemoved>(e => e.Data.WorkId, (e, origin) => new(origin, e.Data.WorkId, e.Data.Reason, MergedInto: null))
        .Add<Merged, ResearchersMerged>(e => e.Data.MergedId, (e, origin) => new(origin, e.Data.MergeId, e.Data.MergedId, e.Data.SurvivorId, e.Data.Members))
        .Add<Split, ResearchersSplit>(e => e.Data.RestoredId, (e, origin) => new(origin, e.Data.MergeId, e.Data.RestoredId, e.Data.SurvivorId, e.Data.Members))
        .Add<SumsChanged, BibliographyChanged>(e => e.Data.ResearcherId, (e, origin) => new(
            origin, e.Data.ResearcherId, e.Data.Sums.Works, e.Data.Sums.Validated, e.Data.Sums.SelfAsserted, e.Data.Sums.Retracted, e.Data.Sums.Topics,
            e.Data.Sums.CloseCollaborators, [.. e.Data.Causes.Select(cause => new BibliographyCause(cause.Type, cause.EventId, cause.WorkId, cause.Title))],
            e.Data.Version));

    private static WorkDetails Details(IWorkStands stands)
    {
        var work = stands.Work;
        return new(work.Title, work.Type, work.Year, work.PublicationDate, work.Venue, work.Doi, work.ArxivId, work.Topics,
            [.. work.Authors.Select((author, n) => new WorkAuthor(author.ResearcherId, author.Name, n + 1))], stands.Validated, work.Retracted, work.TitleMarkup);
    }
}
