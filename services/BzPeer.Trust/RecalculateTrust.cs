using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
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
                new(nameof(ResearcherRegistered), registered.Origin.EventId, $"registered from {registered.RegisteredFrom}"), now);

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
        var verb = last.Type switch { nameof(WorkRetracted) => "retracted", nameof(WorkCorrected) => "corrected", _ => "published" };
        var others = bibliography.Causes.Count - 1;
        return new(last.Type, last.EventId, $"{verb}: {last.Title}{(others > 0 ? $" (and {others} more)" : "")}", last.WorkId);
    }

    internal static Task ApplyAsync(IServiceProvider services, IReadOnlyList<Delivered<ResearcherRegistered>> batch, CancellationToken cancellation) =>
        ApplyAsync(services, [.. batch.DistinctBy(d => d.Message.ResearcherId)], e => e.ResearcherId, Decide, cancellation);

    internal static Task ApplyAsync(IServiceProvider services, IReadOnlyList<Delivered<BibliographyChanged>> batch, CancellationToken cancellation) =>
        ApplyAsync(services, [.. batch.GroupBy(d => d.Message.ResearcherId).Select(same => same.MaxBy(d => d.Message.BibliographyVersion))], e => e.ResearcherId, Decide, cancellation);

    private static async Task ApplyAsync<T>(
        IServiceProvider services, List<Delivered<T>> news, Func<T, Guid> researcher, Func<TrustRecord, T, DateTimeOffset, IReadOnlyList<object>> decide, CancellationToken cancellation)
    {
        var now = services.GetRequiredService<TimeProvider>().Now();
        var store = services.GetRequiredService<IDocumentStore>();
        for (var attempt = 1; ; attempt++)
        {
            var records = await TrustRecords.LoadAsync(services.GetRequiredService<NpgsqlDataSource>(), [.. news.Select(d => researcher(d.Message))], cancellation);
            await using var session = store.LightweightSession();
            foreach (var (message, trace) in news)
            {
                var id = researcher(message);
                var record = records.GetValueOrDefault(id, TrustRecord.Unknown);
                if (decide(record, message, now) is { Count: > 0 } decided)
                    session.Events.Append(id, record.StreamVersion + decided.Count, decided.Select(e => Traced(e, trace)));
            }

            try
            {
                await session.SaveChangesAsync(cancellation);
                return;
            }
            catch (Exception e) when (attempt < 5 && EventStore.IsConflict(e))
            {
                // A registration and a bibliography of the same researcher met; the one that lost reads again.
            }
        }
    }

    private static object Traced(object e, string? trace) => e switch
    {
        EvidenceReceived received => EventStore.Traced(received, trace),
        Recalculated recalculated => EventStore.Traced(recalculated, trace),
        LevelChanged changed => EventStore.Traced(changed, trace),
        Restated restated => EventStore.Traced(restated, trace),
        _ => e,
    };
}
