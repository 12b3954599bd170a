using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using Marten;
using Npgsql;

namespace BzPeer.Trust;

/// <summary>
/// On claims and validations, and on merges: evidence of a researcher is what was told of their own profile and of all that were merged into it.
/// Each profile keeps its own, so that a merge taken back leaves what was.
/// </summary>
internal static class ProfileFacts
{
    /// <summary>
    /// One after the other, also between instances: whoever takes in a validation of somebody must know whose they are, and whoever takes in a
    /// merge must know all validations, and neither writes what the other reads.
    /// </summary>
    private const long Lock = 4_445_102;

    internal static async Task ApplyAsync(IServiceProvider services, IReadOnlyList<Delivered<IIntegrationEvent>> batch, CancellationToken cancellation)
    {
        var database = services.GetRequiredService<NpgsqlDataSource>();
        var now = services.GetRequiredService<TimeProvider>().Now();
        var messages = batch.Select(delivered => delivered.Message).ToList();
        await using var gate = await database.OpenConnectionAsync(cancellation);
        await using var turn = await gate.BeginTransactionAsync(cancellation);
        await ExecuteAsync(gate, cancellation);

        var merges = messages.Where(message => message is ResearchersMerged or ResearchersSplit).ToList();
        if (merges.Count > 0) await Survivors.ApplyAsync(database, merges, cancellation);
        var kin = await KinAsync(database, [.. messages.SelectMany(Concerned).Distinct()], cancellation);
        var model = await services.GetRequiredService<TrustModels>().InForceAsync(cancellation);
        var records = await TrustRecords.LoadAsync(database, [.. kin.Keys], cancellation);

        var decisions = new Decisions(model);
        var own = kin.Keys.ToDictionary(id => id, id => messages.Where(message => message.Origin.Subject == id && message is not (ResearchersMerged or ResearchersSplit))
            .OrderBy(message => message.Origin.Version).Aggregate(Record(id).Own, (told, message) => told.With(message)));
        foreach (var id in kin.Keys.Order())
        {
            // Whoever is merged into somebody keeps what is their own, for the day that is taken back.
            var counted = kin.Where(member => member.Value == id || member.Key == id).OrderBy(member => member.Key).Select(member => own[member.Key]).ToList();
            var record = Record(id);
            var evidence = record.Evidence with
            {
                Claimed = counted.Any(profile => profile.Claimed),
                Validations = [.. counted.SelectMany(profile => profile.Validations).DistinctBy(validation => validation.Id).OrderBy(validation => validation.Id)],
            };
            var (about, trace) = (messages.FindAll(message => Concerned(message).Contains(id) || kin.GetValueOrDefault(message.Origin.Subject) == id), batch[^1].Trace);
            if (about.Count > 0)
                decisions.Add(id, record, RecalculateTrust.Restate(model, record, id, evidence, [.. about.Select(CauseOf)], now, own: ReferenceEquals(own[id], record.Own) ? null : own[id]), trace);
        }

        await using var session = services.GetRequiredService<IDocumentStore>().LightweightSession();
        await decisions.WriteAsync(session, cancellation);
        await session.SaveChangesAsync(cancellation);
        await turn.CommitAsync(cancellation);

        TrustRecord Record(Guid id) => records.GetValueOrDefault(id, TrustRecord.Unknown);
    }

    /// <summary>Whose evidence a message may move, beside whoever they are merged into.</summary>
    private static IEnumerable<Guid> Concerned(IIntegrationEvent message) => message switch
    {
        ResearchersMerged merge => [.. merge.Members, merge.SurvivorId],
        ResearchersSplit split => [.. split.Members, split.RestoredId, split.SurvivorId],
        _ => [message.Origin.Subject],
    };

    private static Cause CauseOf(IIntegrationEvent message) => new(message.GetType().Name, message.Origin.EventId, message switch
    {
        ProfileClaimed => "the profile was claimed",
        ClaimWithdrawn withdrawn => $"the claim of the profile was taken back{Because(withdrawn.Reason)}",
        IdentityValidated validated => $"{validated.Kind} validated by {TrustModel.SourceName(validated.ValidatedBy)}: {validated.Value}",
        ValidationWithdrawn withdrawn => $"a validation was taken back{Because(withdrawn.Reason)}",
        ResearchersSplit => "a merge of two profiles was taken back",
        _ => "two profiles of one person were merged",
    });

    private static string Because(string? reason) => reason is null ? "" : $": {reason}";

    /// <summary>These researchers, whom they are merged into, and all who are merged into the same; each with whom they are.</summary>
    private static async Task<Dictionary<Guid, Guid>> KinAsync(NpgsqlDataSource database, Guid[] researchers, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            with named as (select n.id, coalesce(s.survivor, n.id) as survivor from unnest($1) as n(id) left join survivors s on s.id = n.id),
            kin as (select id, survivor from named union select survivor, survivor from named union select s.id, s.survivor from survivors s join named n on s.survivor = n.survivor)
            select id, survivor from kin
            """);
        command.Parameters.Add(new() { Value = researchers });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var kin = new Dictionary<Guid, Guid>();
        while (await row.ReadAsync(cancellation)) kin[row.GetGuid(0)] = row.GetGuid(1);
        return kin;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select pg_advisory_xact_lock($1)", connection) { Parameters = { new() { Value = Lock } } };
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
