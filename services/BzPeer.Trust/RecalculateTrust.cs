using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using JasperFx.Events;
using Marten;
using Npgsql;

namespace BzPeer.Trust;

/// <summary>On new evidence from registrations and bibliographies: keeps it, and states trust anew when the score moves. Each researcher once per batch.</summary>
public static class RecalculateTrust
{
    /// <summary>Falls that are nobody's taking back of evidence: somebody decided whom to follow.</summary>
    private static readonly string[] ByFollowing = [nameof(ResearcherFollowed), nameof(ResearcherUnfollowed), nameof(FlowComputed)];

    internal static bool IsByFollowing(Cause cause) => ByFollowing.Contains(cause.Type);

    /// <summary>Takes a registration in. The first one stays.</summary>
    public static IReadOnlyList<object> Decide(TrustModel model, TrustRecord record, ResearcherRegistered registered, DateTimeOffset now) =>
        record.Evidence.RegisteredFrom is not null
            ? []
            : Restate(model, record, registered.ResearcherId, record.Evidence with { RegisteredFrom = registered.RegisteredFrom },
                [new(nameof(ResearcherRegistered), registered.Origin.EventId, $"registered from {TrustModel.SourceName(registered.RegisteredFrom)}{Already(record.Evidence)}")], now);

    /// <summary>
    /// Takes bibliographies of one researcher in, as one: the newest, if it is newer than the one held, caused by every work that moved the
    /// evidence on the way there. A work that moved nothing, such as a self-asserted one, is not what a rise is put down to.
    /// </summary>
    public static IReadOnlyList<object> Decide(TrustModel model, TrustRecord record, IReadOnlyList<BibliographyChanged> bibliographies, DateTimeOffset now)
    {
        var (bibliography, causes) = Merge(record, bibliographies);
        if (bibliography.BibliographyVersion <= record.BibliographyVersion) return [];
        var evidence = record.Evidence with
        {
            ValidatedWorks = bibliography.ValidatedWorks,
            SelfAssertedWorks = bibliography.SelfAssertedWorks,
            RetractedWorks = bibliography.RetractedWorks,
            Topics = bibliography.Topics,
            CloseCollaborators = bibliography.CloseCollaborators,
        };
        return Restate(model, record, bibliography.ResearcherId, evidence, CausesOf(bibliography, causes), now, bibliography.BibliographyVersion);
    }

    /// <summary>The newest of the bibliographies, with the causes of all that earned or cost something.</summary>
    internal static (BibliographyChanged Newest, IReadOnlyList<BibliographyCause> Causes) Merge(TrustRecord record, IEnumerable<BibliographyChanged> bibliographies)
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

        return (ordered[^1], causes.Count == 0 ? ordered[^1].Causes : causes);
    }

    /// <summary>
    /// What is new with <paramref name="evidence"/>: nothing where it is what is held already. The last of <paramref name="causes"/> is what
    /// a change of the score is put down to.
    /// </summary>
    internal static List<object> Restate(
        TrustModel model, TrustRecord record, Guid researcher, Evidence evidence, IReadOnlyList<Cause> causes, DateTimeOffset now, long? bibliographyVersion = null, ProfileEvidence? own = null)
    {
        var factors = evidence.Differences(record.Evidence);
        if (factors.Count == 0 && own is null) return [];
        var cause = causes[^1] with { Reason = causes.Count > 1 ? $"{causes[^1].Reason} (and {causes.Count - 1} more)" : causes[^1].Reason };
        var received = new EvidenceReceived(researcher, evidence, bibliographyVersion ?? record.BibliographyVersion, cause, causes.Count > 1 ? causes : null, factors, now, own);
        return [received, .. Restate(model, record.Apply(received), researcher, cause, now)];
    }

    /// <summary>What is new with a model, or with evidence just taken in: nothing where the score stays.</summary>
    internal static List<object> Restate(TrustModel model, TrustRecord record, Guid researcher, Cause cause, DateTimeOffset now)
    {
        // Evidence may overtake the registration; nothing is stated about somebody who is not registered yet.
        if (record.Evidence.RegisteredFrom is null) return [];
        var result = model.Evaluate(record.Evidence);
        var events = new List<object>();
        if (result.Score != record.Score)
        {
            events.Add(new Recalculated(researcher, result.Score, result.Level, record.Score, model.LevelOf(record.Score), model.Version, result.Contributions, cause, now));
            if (result.Score < record.Score && !IsByFollowing(cause)) events.Add(new Restated(researcher, record.Score, result.Score, model.Version, cause));
        }

        if (model.LevelToTell(result.Score, record.Told) is var told && told != record.Told) events.Add(new LevelChanged(researcher, record.Told, told, result.Score));
        return events;
    }

    /// <summary>A registration that its works have overtaken counts them at once, and says so.</summary>
    private static string Already(Evidence evidence) =>
        evidence.ValidatedWorks == 0 ? "" : $", with {TrustModel.Number(evidence.ValidatedWorks, "validated work")} in the record already";

    private static IReadOnlyList<Cause> CausesOf(BibliographyChanged bibliography, IReadOnlyList<BibliographyCause> causes) => causes.Count == 0
        ? [new(nameof(BibliographyChanged), bibliography.Origin.EventId, "the bibliography changed")]
        : [.. causes.Select(cause => cause switch
        {
            { WorkId: null, Type: nameof(ResearchersSplit) } => new Cause(cause.Type, cause.EventId, "a merge of two profiles was taken back"),
            { WorkId: null } => new(cause.Type, cause.EventId, "two profiles of one person were merged"),
            _ => new(cause.Type, cause.EventId, $"{Verb(cause.Type)}: {cause.Title}", cause.WorkId),
        })];

    private static string Verb(string type) => type switch { nameof(WorkRetracted) => "retracted", nameof(WorkCorrected) => "corrected", nameof(WorkRemoved) => "removed", _ => "published" };

    internal static async Task ApplyAsync(IServiceProvider services, IReadOnlyList<Delivered<IIntegrationEvent>> batch, CancellationToken cancellation)
    {
        var now = services.GetRequiredService<TimeProvider>().Now();
        var model = await services.GetRequiredService<TrustModels>().InForceAsync(cancellation);
        var researchers = batch.GroupBy(delivered => delivered.Message.Origin.Subject).ToList();
        var records = await TrustRecords.LoadAsync(services.GetRequiredService<NpgsqlDataSource>(), [.. researchers.Select(researcher => researcher.Key)], cancellation);
        var decisions = new Decisions(model);
        foreach (var researcher in researchers)
        {
            var record = records.GetValueOrDefault(researcher.Key, TrustRecord.Unknown);
            foreach (var (message, trace) in researcher.Where(delivered => delivered.Message is ResearcherRegistered))
                record = decisions.Add(researcher.Key, record, Decide(model, record, (ResearcherRegistered)message, now), trace);
            // Of several bibliographies only the newest is news.
            if (researcher.Where(delivered => delivered.Message is BibliographyChanged).ToList() is [.., var last] bibliographies)
                record = decisions.Add(researcher.Key, record, Decide(model, record, [.. bibliographies.Select(delivered => (BibliographyChanged)delivered.Message)], now), last.Trace);
        }

        await using var session = services.GetRequiredService<IDocumentStore>().LightweightSession();
        await decisions.WriteAsync(session, cancellation);
        await session.SaveChangesAsync(cancellation);
    }
}

/// <summary>What was decided about many researchers under one model, to be written in one transaction.</summary>
internal sealed class Decisions(TrustModel model)
{
    private readonly Append append = new();

    /// <summary>Adds the events decided about one; the record after them.</summary>
    public TrustRecord Add(Guid researcher, TrustRecord record, IReadOnlyList<object> events, string? trace)
    {
        var after = events.Aggregate(record, (state, e) => state.Apply(e));
        append.Add(researcher, after.StreamVersion, [.. events.Select(e => Traced(e, trace))]);
        return after;
    }

    /// <summary>Adds all to the session. When another model came into force meanwhile, or somebody else wrote about one of them, the session fails as a whole (<see cref="EventStore.IsConflict"/>).</summary>
    public async Task WriteAsync(IDocumentSession session, CancellationToken cancellation)
    {
        session.QueueSqlCommand(TrustModels.StillInForce, model.Version);
        await append.WriteAsync(session, new TrustRecords(), cancellation);
    }

    private static IEvent Traced(object e, string? trace) => e switch
    {
        EvidenceReceived received => EventStore.Traced(received, trace),
        Recalculated recalculated => EventStore.Traced(recalculated, trace),
        LevelChanged changed => EventStore.Traced(changed, trace),
        Restated restated => EventStore.Traced(restated, trace),
        _ => throw new InvalidOperationException($"{e.GetType().Name} is no event of a researcher's trust."),
    };
}
