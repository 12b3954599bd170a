using System.Globalization;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using Marten;
using Npgsql;

namespace BzPeer.Trust;

/// <summary>How far a researcher can be trusted and why; the contributions' points sum to the score.</summary>
/// <param name="ResearcherId">Whose trust.</param>
/// <param name="Score">0 to 100.</param>
/// <param name="Level">The band of the score.</param>
/// <param name="ModelVersion">The model it is a statement of.</param>
/// <param name="AsOf">Position of the last evidence, in the trust service's events.</param>
/// <param name="Contributions">What each factor gives, and why.</param>
public sealed record TrustStatement(Guid ResearcherId, int Score, string Level, int ModelVersion, long AsOf, IReadOnlyList<StatedFactor> Contributions);

/// <summary>One factor of a statement.</summary>
/// <param name="Factor"><c>record</c>, <c>works</c>, <c>identity</c>, <c>topics</c>, <c>collaborators</c> or <c>followers</c>.</param>
/// <param name="Evidence">How much of it there is.</param>
/// <param name="Points">Whole points; they sum to the score.</param>
/// <param name="Max">The most this factor can give to this profile as it is.</param>
/// <param name="Why">In plain language.</param>
/// <param name="Exact">Points before rounding: the sum of these is rounded once, and the whole points shared out by largest remainders.</param>
/// <param name="Next">What would raise it next; null when nothing can.</param>
/// <param name="Events">The newest events behind it, newest first.</param>
/// <param name="EventsTotal">How many there are; all of them at <c>/api/researchers/{id}/trust/evidence?factor=</c>.</param>
public sealed record StatedFactor(string Factor, int Evidence, int Points, int Max, string Why, double Exact, NextStep? Next, IReadOnlyList<FactorEvent> Events, int EventsTotal);

/// <summary>
/// GET /api/researchers/{id}/trust: computed from the evidence as it stands; asking twice gives the same answer. With <c>asOf</c>, a time or a
/// position, from the evidence as it stood then; with <c>model</c>, by that model instead of the one in force.
/// </summary>
public static class TrustStatementEndpoint
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    internal static void MapTrustStatement(this WebApplication app) =>
        app.MapGet("/api/researchers/{id}/trust", HandleAsync).AllowAnonymous().WithName("TrustStatement").WithTags("Trust")
            .Produces<TrustStatement>().ProducesProblem(400).ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);

    private static async Task<IResult> HandleAsync(
        Guid id, string? asOf, int? model, HttpContext http, IQuerySession session, NpgsqlDataSource database, TrustModels models, TimeProvider clock, CancellationToken cancellation)
    {
        TrustRecord? record;
        TrustModel used;
        if (asOf is null)
        {
            (record, var inForce, var problem) = await FindAsync(id, http, database, clock, cancellation);
            if (record is null) return problem!;
            used = (await models.FindAsync(inForce, cancellation))!;
        }
        else
        {
            var (position, problem) = await PositionAsync(asOf, database, clock, cancellation);
            if (problem is not null) return problem;
            record = await ReplayAsync(session, id, position, cancellation);
            if (record.Evidence.RegisteredFrom is null)
                return await FindAsync(id, http, database, clock, cancellation) is { Problem: { } unknown } ? unknown
                    : Problems.Of(404, "nothing-stated", "Nothing stated then", $"Nothing had been stated about this researcher at position {position}.");
            used = await models.InForceAtAsync(position, cancellation);
        }

        if (model is { } version && version != used.Version)
        {
            if (await models.FindAsync(version, cancellation) is not { } other) return TrustModels.Unknown(version);
            if (other.Flow != used.Flow && (await models.LastSwitchAsync(cancellation))?.Switch.From != version)
                return Problems.Refused("flow-not-held", "No trust flow of that model", $"Model {version} has a trust flow of its own, which is held while it is in force and until another follows the next one. A dry run computes it.");
            used = other;
        }

        return TypedResults.Ok(Of(id, record, used, SeesFollowers(http, id)));
    }

    /// <summary>The statement of a record under a model. Followers are named to those who may see them.</summary>
    public static TrustStatement Of(Guid researcher, TrustRecord record, TrustModel model, bool withFollowers)
    {
        var result = model.Evaluate(record.Evidence);
        return new(researcher, result.Score, result.Level, model.Version, record.Position, [.. result.Factors.Select(factor =>
        {
            var behind = record.Behind.GetValueOrDefault(factor.Factor, FactorEvents.None);
            return new StatedFactor(factor.Factor, factor.Evidence, factor.Points, factor.Max, factor.Why, Math.Round(factor.Exact, 3), factor.Next,
                withFollowers ? behind.Newest : [.. behind.Newest.Select(e => e with { FollowerId = null })], behind.Total);
        })]);
    }

    /// <summary>Who follows somebody is the business of the followee and of curators: others may have hidden it from everybody else.</summary>
    internal static bool SeesFollowers(HttpContext http, Guid researcher) => http.IsResearcher(researcher) || http.IsCurator();

    /// <summary>The record as it stood at a position: of the events up to it and nothing else.</summary>
    internal static async Task<TrustRecord> ReplayAsync(IQuerySession session, Guid id, long position, CancellationToken cancellation)
    {
        var events = await session.Events.QueryAllRawEvents().Where(e => e.StreamId == id && e.Sequence <= position).OrderBy(e => e.Version).ToListAsync(cancellation);
        return events.Aggregate(TrustRecord.Unknown, (record, e) => record.Apply(e.Data) with { Position = e.Sequence });
    }

    /// <summary>
    /// The position that <paramref name="asOf"/> names. For a time, that of the last event before it; it waits for writers who began before
    /// that time, for what they write may still carry it: the answer is the same forever.
    /// </summary>
    private static async Task<(long Position, IResult? Problem)> PositionAsync(string asOf, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        if (long.TryParse(asOf, NumberStyles.None, CultureInfo.InvariantCulture, out var position))
        {
            return await EventStore.LastPositionAsync(database, cancellation) is var end && position > end
                ? (0, Problems.Of(409, "not-there-yet", "Not there yet", $"The last position is {end}, you ask for {position}."))
                : (position, null);
        }

        if (!DateTimeOffset.TryParse(asOf, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
            return (0, Problems.Malformed("as-of", "'asOf' is a position, such as 1234, or a time, such as 2026-01-31T12:00:00Z."));
        if (time > clock.GetUtcNow()) return (0, Problems.Refused("future", "Not yet", "'asOf' lies in the future."));
        for (var start = clock.GetTimestamp(); clock.GetElapsedTime(start) < Patience; await Task.Delay(TimeSpan.FromMilliseconds(20), clock, cancellation))
        {
            await using var command = database.CreateCommand(
                """
                select coalesce((select max(seq_id) from mt_events where timestamp <= $1), 0)
                where not exists (select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend' and xact_start <= $1)
                """);
            command.Parameters.Add(new() { Value = time.ToUniversalTime() });
            if (await command.ExecuteScalarAsync(cancellation) is long found) return (found, null);
        }

        return (0, Problems.Of(409, "not-there-yet", "Not there yet", "Somebody is still writing who began before that time. Repeat in a moment."));
    }

    /// <summary>The record of a registered researcher, as new as the caller asks for, and the version of the model in force; or the problem that keeps them from it.</summary>
    internal static async Task<(TrustRecord? Record, int InForce, IResult? Problem)> FindAsync(
        Guid id, HttpContext http, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        (TrustRecord Record, int InForce)? found = null;
        if (await Position.WaitAsync(http, async token =>
            {
                var (record, _) = (found = await TrustRecords.FindAsync(database, id, token)).Value;
                return source => source switch { Sources.Trust => record.Position, Sources.Publication => record.BibliographyVersion, Sources.Profile => record.Own.Position, _ => 0 };
            }, clock) is { } problem) return (null, 0, problem);

        var (newest, inForce) = found ?? await TrustRecords.FindAsync(database, id, cancellation);
        return newest.Evidence.RegisteredFrom is null ? (null, 0, Problems.UnknownResearcher(id)) : (newest, inForce, null);
    }
}
