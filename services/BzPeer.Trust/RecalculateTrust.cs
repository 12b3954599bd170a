using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using JasperFx.Events;
using Marten;
using Npgsql;

namespace BzPeer.Trust;

/// <summary>On new evidence: keeps it, and states trust anew when the score moves. Each researcher once per batch.</summary>
public static class RecalculateTrust
{
    /// <summary>Takes a registration in. The first one stays.</summary>
    public static IReadOnlyList<object> Decide(TrustRecord record, ResearcherRegistered registered, DateTimeOffset now) =>
        record.Evidence.RegisteredFrom is not null
            ? []
            : Restate(record, registered.ResearcherId, record.Evidence with { RegisteredFrom = registered.RegisteredFrom }, record.BibliographyVersion,
                new(nameof(ResearcherRegistered), registered.Origin.EventId, $"registered from {TrustModel.SourceName(registered.RegisteredFrom)}{Already(record.Evidence)}"), now);

    /// <summary>Takes a bibliography in, if it is newer than the one held.</summary>
    public static IReadOnlyList<object> Decide(TrustRecord record, BibliographyChanged bibliography, DateTimeOffset now)
    {
        if (bibliography.BibliographyVersion <= record.BibliographyVersion) return [];
        var evidence = record.Evidence with
        {
            ValidatedWorks = bibliography.ValidatedWorks,
            SelfAssertedWorks = bibliography.SelfAssertedWorks,
            RetractedWorks = bibliography.RetractedWorks,
            Topics = bibliography.Topics,
            CloseCollaborators = bibliography.CloseCollaborators,
        };
        return Restate(record, bibliography.ResearcherId, evidence, bibliography.BibliographyVersion, CauseOf(bibliography), now);
    }

    /// <summary>
    /// Several bibliographies of one researcher as one: the newest, caused by every work that moved the evidence on the way
    /// there. A work that moved nothing, such as a self-asserted one, is not what a rise is put down to.
    /// </summary>
    public static BibliographyChanged Merge(TrustRecord record, IEnumerable<BibliographyChanged> bibliographies)
    {
        var ordered = bibliographies.OrderBy(bibliography => bibliography.BibliographyVersion).ToList();
        var causes = new List<BibliographyCause>();
        var held = (record.Evidence.ValidatedWorks, record.Evidence.Topics, record.Evidence.CloseCollaborators);
        foreach (var bibliography in ordered.Where(bibliography => bibliography.BibliographyVersion > record.BibliographyVersion))
        {
            var earning = (bibliography.ValidatedWorks, bibliography.Topics, bibliography.CloseCollaborators);
            if (earning != held) causes.AddRange(bibliography.Causes.Except(causes));
            held = earning;
        }

        return causes.Count == 0 ? ordered[^1] : ordered[^1] with { Causes = causes };
    }

    /// <summary>A registration that its works have overtaken counts them at once, and says so.</summary>
    private static string Already(Evidence evidence) =>
        evidence.ValidatedWorks == 0 ? "" : $", with {TrustModel.Number(evidence.ValidatedWorks, "validated work")} in the record already";

    private static List<object> Restate(TrustRecord record, Guid researcher, Evidence evidence, long bibliographyVersion, TrustCause cause, DateTimeOffset now)
    {
        var events = new List<object> { new EvidenceReceived(researcher, evidence, bibliographyVersion, cause) };
        // Evidence may overtake the registration; nothing is stated about somebody who is not registered yet.
        if (evidence.RegisteredFrom is null) return events;

        var result = TrustModel.Evaluate(evidence);
        if (result.Score == record.Score) return events;
        var before = TrustModel.LevelOf(record.Score);
        events.Add(new Recalculated(researcher, result.Score, result.Level, record.Score, before, TrustModel.Version, result.Contributions, cause, now));
        if (result.Level != before) events.Add(new LevelChanged(researcher, before, result.Level, result.Score));
        if (result.Score < record.Score) events.Add(new Restated(researcher, record.Score, result.Score, TrustModel.Version, cause));
        return events;
    }

    private static TrustCause CauseOf(BibliographyChanged bibliography)
    {
        if (bibliography.Causes is not [.., var last])
            return new(nameof(BibliographyChanged), bibliography.Origin.EventId, "the bibliography changed");
        if (last.WorkId is null)
            return new(last.Type, last.EventId, last.Type == nameof(ResearchersSplit) ? "a merge of two profiles was taken back" : "two profiles of one person were merged");
        var verb = last.Type switch { nameof(WorkRetracted) => "retracted", nameof(WorkCorrected) => "corrected", nameof(WorkRemoved) => "removed", _ => "published" };
        var others = bibliography.Causes.Count - 1;
        return new(last.Type, last.EventId, $"{verb}: {last.Title}{(others > 0 ? $" (and {others} more)" : "")}", last.WorkId);
    }

    internal static async Task ApplyAsync(IServiceProvider services, IReadOnlyList<Delivered<IIntegrationEvent>> batch, CancellationToken cancellation)
    {
        var now = services.GetRequiredService<TimeProvider>().Now();
        var researchers = batch.GroupBy(delivered => delivered.Message.Origin.Subject).ToList();
        var records = await TrustRecords.LoadAsync(services.GetRequiredService<NpgsqlDataSource>(), [.. researchers.Select(researcher => researcher.Key)], cancellation);
        await using var session = services.GetRequiredService<IDocumentStore>().LightweightSession();
        var append = new Append();
        foreach (var researcher in researchers)
        {
            var record = records.GetValueOrDefault(researcher.Key, TrustRecord.Unknown);
            var decided = new List<IEvent>();
            // Of several bibliographies only the newest is news.
            var bibliographies = researcher.Select(delivered => delivered.Message).OfType<BibliographyChanged>().ToList();
            var newest = bibliographies.MaxBy(bibliography => bibliography.BibliographyVersion);
            foreach (var (message, trace) in researcher)
            {
                IReadOnlyList<object> events = message switch
                {
                    ResearcherRegistered registered => Decide(record, registered, now),
                    BibliographyChanged bibliography when ReferenceEquals(bibliography, newest) => Decide(record, Merge(record, bibliographies), now),
                    _ => [],
                };
                record = events.Aggregate(record, (state, e) => state.Apply(e));
                decided.AddRange(events.Select(e => Traced(e, trace)));
            }

            append.Add(researcher.Key, record.StreamVersion, decided);
        }

        await append.WriteAsync(session, new TrustRecords(), cancellation);
        await session.SaveChangesAsync(cancellation);
    }

    private static IEvent Traced(object e, string? trace) => e switch
    {
        EvidenceReceived received => EventStore.Traced(received, trace),
        Recalculated recalculated => EventStore.Traced(recalculated, trace),
        LevelChanged changed => EventStore.Traced(changed, trace),
        Restated restated => EventStore.Traced(restated, trace),
        _ => throw new InvalidOperationException($"{e.GetType().Name} is no event of a trust stream."),
    };
}
