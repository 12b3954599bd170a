using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events.Projections;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace BzPeer.Trust;

/// <summary>Stream event: a curator marked accounts as a ring; no follow of or to a member counts from now on.</summary>
public sealed record RingMarked(Guid RingId, IReadOnlyList<Guid> Members, string Reason, Guid By, DateTimeOffset At);

/// <summary>Stream event: a ring was reinstated; its follows count as if it had never been marked.</summary>
public sealed record RingReinstated(Guid RingId, string Reason, Guid By, DateTimeOffset At);

/// <summary>Accounts to mark as a ring, and why.</summary>
public sealed record RingToMark(IReadOnlyList<Guid>? Members, string? Reason);

/// <summary>A score that a ring moved, by being marked or reinstated.</summary>
public sealed record MovedScore(Guid ResearcherId, ScoreAndLevel From, ScoreAndLevel To, DateTimeOffset At);

/// <summary>A ring, marked or reinstated.</summary>
/// <param name="Id">Names it, to reinstate it by.</param>
/// <param name="Members">Its accounts.</param>
/// <param name="Reason">Why it was marked, in the curator's words.</param>
/// <param name="At">When.</param>
/// <param name="ReinstatedAt">When it was reinstated; null while it is marked.</param>
/// <param name="ReinstatedFor">Why it was.</param>
/// <param name="Counted">Whether the flow of trust has taken in what was last decided about it: until then scores are still moving.</param>
/// <param name="MovedTotal">How many scores what was last decided moved.</param>
/// <param name="Moved">The first of them, by how far they moved; all of them at <c>/api/trust/rings/{id}/moves</c>.</param>
public sealed record Ring(
    Guid Id, IReadOnlyList<Guid> Members, string Reason, DateTimeOffset At, DateTimeOffset? ReinstatedAt, string? ReinstatedFor, bool Counted, int MovedTotal, IReadOnlyList<MovedScore> Moved);

/// <summary>
/// Rings of accounts that a curator marked: their members are not in the graph that trust flows along. Nothing is taken away for good, so
/// reinstating a ring restores the very state without it.
/// </summary>
internal static class Rings
{
    private const int MaxMembers = 100_000;
    private const int Shown = 100;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly Guid Space = new("5a3d0d5e-2f2b-4b39-9f0c-6f6a2f3f6f52");

    private static readonly Table Table = Define();

    internal static void MapRings(this WebApplication app)
    {
        var rings = app.MapGroup("/api/trust/rings").RequireAuthorization(Authentication.Curator).WithTags("Trust");
        rings.MapPost("", MarkAsync).WithName("MarkRing").Produces<Ring>().Produces<Ring>(201).Produces<Ring>(202).ProducesProblem(403).ProducesProblem(422);
        rings.MapGet("", ListAsync).WaitsForPosition(Sources.Trust).WithName("Rings").Produces<Page<Ring>>().ProducesProblem(403);
        rings.MapGet("{id}", ReadAsync).WaitsForPosition(Sources.Trust).WithName("ReadRing").Produces<Ring>().ProducesProblem(403).ProducesProblem(404);
        rings.MapGet("{id}/moves", ListMovesAsync).WaitsForPosition(Sources.Trust).WithName("RingMoves").Produces<Page<MovedScore>>().ProducesProblem(403).ProducesProblem(404);
        rings.MapDelete("{id}", ReinstateAsync).WithName("ReinstateRing").Produces<Ring>().Produces<Ring>(202).ProducesProblem(403).ProducesProblem(404).ProducesProblem(422);
    }

    private static async Task<IResult> MarkAsync(RingToMark body, HttpContext http, IDocumentStore store, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        if (body.Members is not { Count: > 0 and <= MaxMembers }) return Problems.Malformed("members", $"Name in 'members' the 1 to {MaxMembers} researchers of the ring.");
        if (!TrustModels.TryReadReason(body.Reason, out var reason)) return TrustModels.NoReason("marked");
        var members = body.Members.Distinct().Order().ToArray();
        if (await FindAsync(database, "r.members = $1 and r.reinstated_at is null", members, cancellation) is { } standing) return TypedResults.Ok(standing);
        var id = Guid.CreateVersion7();
        await using var session = store.TracedSession();
        session.Events.StartStream(StreamOf(id), new RingMarked(id, members, reason, http.ResearcherId(), clock.Now()));
        await session.SaveChangesAsync(cancellation);
        var ring = await CountedAsync(database, id, clock, cancellation);
        return ring.Counted ? TypedResults.Created($"/api/trust/rings/{id}", ring) : TypedResults.Accepted($"/api/trust/rings/{id}", ring);
    }

    private static async Task<IResult> ReinstateAsync(Guid id, string? reason, HttpContext http, IDocumentStore store, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        if (!TrustModels.TryReadReason(reason, out var why)) return TrustModels.NoReason("reinstated");
        if (await FindAsync(database, "r.id = $1", id, cancellation) is not { } ring) return Unknown(id);
        if (ring.ReinstatedAt is null)
        {
            await using var session = store.TracedSession();
            session.Events.Append(StreamOf(id), 2, new RingReinstated(id, why, http.ResearcherId(), clock.Now()));
            try
            {
                await session.SaveChangesAsync(cancellation);
            }
            catch (Exception e) when (EventStore.IsConflict(e))
            {
                // Somebody else reinstated it at the same time, which is what was asked for.
            }
        }

        ring = await CountedAsync(database, id, clock, cancellation);
        return ring.Counted ? TypedResults.Ok(ring) : TypedResults.Accepted($"/api/trust/rings/{id}", ring);
    }

    private static async Task<IResult> ReadAsync(Guid id, NpgsqlDataSource database, CancellationToken cancellation) =>
        await FindAsync(database, "r.id = $1", id, cancellation) is { } ring ? TypedResults.Ok(ring) : Unknown(id);

    private static async Task<IResult> ListAsync(int? limit, string? cursor, HttpContext http, NpgsqlDataSource database, CancellationToken cancellation)
    {
        if (!Paging.TryDecodeNumber(http, cursor, long.MaxValue, out var before)) return Paging.MalformedCursor();
        var size = Paging.Clamp(limit);
        var page = http.PageOf(await SelectAsync(database, "r.position < $1 order by r.position desc limit $2", cancellation, before, size + 1), size, row => $"{row.Position}");
        return TypedResults.Ok(new Page<Ring>([.. page.Items.Select(row => row.Ring)], page.Next));
    }

    private static async Task<IResult> ListMovesAsync(Guid id, int? limit, string? cursor, HttpContext http, NpgsqlDataSource database, CancellationToken cancellation)
    {
        if (!Paging.TryDecodeNumber(http, cursor, 0, out var skip)) return Paging.MalformedCursor();
        if (await FindAsync(database, "r.id = $1", id, cancellation) is null) return Unknown(id);
        var size = Paging.Clamp(limit);
        var moves = await MovesAsync(database, id, skip, size + 1, cancellation);
        return TypedResults.Ok(http.PageOf(moves, size, _ => $"{skip + size}"));
    }

    private static IResult Unknown(Guid id) => Problems.Of(404, "unknown-ring", "Unknown ring", $"No ring has the id {id}.");

    /// <summary>The stream of a ring.</summary>
    private static Guid StreamOf(Guid ring) => NameBasedId.Of(Space, ring.ToString());

    /// <summary>The ring once the flow has taken in what was decided about it, or as it is when patience ends.</summary>
    private static async Task<Ring> CountedAsync(NpgsqlDataSource database, Guid id, TimeProvider clock, CancellationToken cancellation)
    {
        for (var (start, pause) = (clock.GetTimestamp(), 10); ; pause = Math.Min(pause * 2, 250))
        {
            var ring = (await FindAsync(database, "r.id = $1", id, cancellation))!;
            if (ring.Counted || clock.GetElapsedTime(start) > Patience) return ring;
            await Task.Delay(TimeSpan.FromMilliseconds(pause), clock, cancellation);
        }
    }

    private static async Task<Ring?> FindAsync(NpgsqlDataSource database, string where, object value, CancellationToken cancellation) =>
        (await SelectAsync(database, where, cancellation, value)) is [var found, ..] ? found.Ring with { Moved = await MovesAsync(database, found.Ring.Id, 0, Shown, cancellation) } : null;

    private static async Task<List<(Ring Ring, long Position)>> SelectAsync(NpgsqlDataSource database, string where, CancellationToken cancellation, params object[] values)
    {
        await using var command = database.CreateCommand(
            $"""
            select r.id, r.members, r.reason, r.at, r.reinstated_at, r.reinstated_for, exists (select from trust_ring_counted c where c.ring = r.id and c.event_id = r.event_id),
              (select count(*)::int from trust_ring_moves m where m.event_id = r.event_id), r.position
            from trust_rings r where {where}
            """);
        foreach (var value in values) command.Parameters.Add(new() { Value = value });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var rings = new List<(Ring, long)>();
        while (await row.ReadAsync(cancellation))
        {
            rings.Add((new(row.GetGuid(0), row.GetFieldValue<Guid[]>(1), row.GetString(2), row.GetFieldValue<DateTimeOffset>(3), row.IsDBNull(4) ? null : row.GetFieldValue<DateTimeOffset>(4),
                row.IsDBNull(5) ? null : row.GetString(5), row.GetBoolean(6), row.GetInt32(7), []), row.GetInt64(8)));
        }

        return rings;
    }

    private static async Task<List<MovedScore>> MovesAsync(NpgsqlDataSource database, Guid ring, long skip, int limit, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            select m.researcher, m.score_before, m.level_before, m.score, m.level, m.at from trust_ring_moves m join trust_rings r on r.event_id = m.event_id
            where r.id = $1 order by abs(m.score - m.score_before) desc, m.researcher offset $2 limit $3
            """);
        foreach (var value in (object[])[ring, skip, limit]) command.Parameters.Add(new() { Value = value });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var moves = new List<MovedScore>();
        while (await row.ReadAsync(cancellation)) moves.Add(new(row.GetGuid(0), new(row.GetInt32(1), row.GetString(2)), new(row.GetInt32(3), row.GetString(4)), row.GetFieldValue<DateTimeOffset>(5)));
        return moves;
    }

    /// <summary>The oldest decision about a ring that the flow has not taken in yet; null when there is none.</summary>
    internal static async Task<(Guid Ring, Guid[] Members, Cause Cause, bool Marked)?> UncountedAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            select r.id, r.members, r.event_id, r.reinstated_at is null, coalesce(r.reinstated_for, r.reason) from trust_rings r
            where not exists (select from trust_ring_counted c where c.ring = r.id and c.event_id = r.event_id) order by r.position limit 1
            """);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        if (!await row.ReadAsync(cancellation)) return null;
        var marked = row.GetBoolean(3);
        return (row.GetGuid(0), row.GetFieldValue<Guid[]>(1), new(marked ? nameof(RingMarked) : nameof(RingReinstated), row.GetGuid(2),
            $"{(marked ? "a curator marked a ring, whose follows count no longer" : "a curator reinstated a ring, whose follows count again")}: {row.GetString(4)}"), marked);
    }

    /// <summary>
    /// Who is a member of a marked ring, and of which (of several, the one marked first), as far as the flow has taken that in. Of these
    /// researchers, or of all where none are named.
    /// </summary>
    internal static async Task<Dictionary<Guid, Guid>> MarkedAsync(NpgsqlConnection connection, Guid[]? among, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            $"""
            select m.member, r.id from trust_ring_counted c join trust_rings r on r.id = c.ring cross join unnest(r.members) as m(member)
            where c.marked {(among is null ? "" : "and m.member = any($1)")} order by r.id desc
            """, connection);
        if (among is not null) command.Parameters.Add(new() { Value = among });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var marked = new Dictionary<Guid, Guid>();
        while (await row.ReadAsync(cancellation)) marked[row.GetGuid(0)] = row.GetGuid(1);
        return marked;
    }

    /// <summary>Notes that the flow has taken in a decision about a ring, in the transaction of what it moved.</summary>
    internal static void NoteCounted(IDocumentOperations operations, Guid ring, Guid eventId, bool marked) => operations.QueueSqlCommand(
        "insert into trust_ring_counted (ring, event_id, marked) values (?, ?, ?) on conflict (ring) do update set event_id = excluded.event_id, marked = excluded.marked", ring, eventId, marked);

    /// <summary>Keeps what a decision about a ring moved: called with every change of a score.</summary>
    internal static void WriteMoves(IDocumentOperations operations, IEnumerable<Recalculated> changes)
    {
        var moves = changes.Where(change => change.Cause.Type is nameof(RingMarked) or nameof(RingReinstated)).ToArray();
        if (moves.Length == 0) return;
        operations.QueueSqlCommand(
            "insert into trust_ring_moves (event_id, researcher, score_before, level_before, score, level, at) select * from unnest(?, ?, ?, ?, ?, ?, ?)",
            Array.ConvertAll(moves, move => move.Cause.EventId), Array.ConvertAll(moves, move => move.ResearcherId), Array.ConvertAll(moves, move => move.PreviousScore),
            Array.ConvertAll(moves, move => move.PreviousLevel), Array.ConvertAll(moves, move => move.Score), Array.ConvertAll(moves, move => move.Level), Array.ConvertAll(moves, move => move.At));
    }

    /// <summary>The table that <see cref="WriteMoves"/> fills.</summary>
    internal static Table Moves { get; } = DefineMoves();

    internal static void Configure(StoreOptions store)
    {
        // How far the flow is: no read model, and untouched by a rebuild.
        var counted = new Table("trust_ring_counted");
        counted.AddColumn<Guid>("ring").AsPrimaryKey();
        counted.AddColumn<Guid>("event_id").NotNull();
        counted.AddColumn("marked", "boolean").NotNull();
        foreach (var table in (Table[])[Table, Moves, counted]) store.Storage.ExtendedSchemaObjects.Add(table);
        store.Events.MapEventType<RingMarked>("ring_marked");
        store.Events.MapEventType<RingReinstated>("ring_reinstated");
        store.Projections.Add(new Rows(), ProjectionLifecycle.Inline, nameof(Rings), options => options.DeleteDataInTableOnTeardown(Table.Identifier.QualifiedName));
    }

    private static Table Define()
    {
        var table = new Table("trust_rings");
        table.AddColumn<Guid>("id").AsPrimaryKey();
        table.AddColumn("members", "uuid[]").NotNull();
        table.AddColumn("reason", "text").NotNull();
        table.AddColumn<Guid>("marked_by").NotNull();
        table.AddColumn<DateTimeOffset>("at").NotNull();
        table.AddColumn<DateTimeOffset>("reinstated_at");
        table.AddColumn("reinstated_for", "text");
        table.AddColumn<Guid>("event_id").NotNull();
        table.AddColumn("position", "bigint").NotNull();
        return table;
    }

    private static Table DefineMoves()
    {
        var table = new Table("trust_ring_moves");
        table.AddColumn<Guid>("event_id").AsPrimaryKey();
        table.AddColumn<Guid>("researcher").AsPrimaryKey();
        table.AddColumn("score_before", "integer").NotNull();
        table.AddColumn("level_before", "text").NotNull();
        table.AddColumn("score", "integer").NotNull();
        table.AddColumn("level", "text").NotNull();
        table.AddColumn<DateTimeOffset>("at").NotNull();
        return table;
    }

    private sealed class Rows : IProjection
    {
        public Task ApplyAsync(IDocumentOperations operations, IReadOnlyList<IEvent> events, CancellationToken cancellation)
        {
            foreach (var e in events)
            {
                if (e.Data is RingMarked marked)
                    operations.QueueSqlCommand(
                        "insert into trust_rings (id, members, reason, marked_by, at, event_id, position) select ?, ?, ?, ?, ?, id, seq_id from mt_events where id = ?",
                        marked.RingId, marked.Members.ToArray(), marked.Reason, marked.By, marked.At, e.Id);
                else if (e.Data is RingReinstated reinstated)
                    operations.QueueSqlCommand(
                        "update trust_rings set reinstated_at = ?, reinstated_for = ?, event_id = e.id, position = e.seq_id from mt_events e where e.id = ? and trust_rings.id = ?",
                        reinstated.At, reinstated.Reason, e.Id, reinstated.RingId);
                else continue;
                operations.QueueSqlCommand($"select pg_notify('{FlowWorker.Channel}', '')");
            }

            return Task.CompletedTask;
        }
    }
}
