using System.Globalization;
using System.Text.Json;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using JasperFx.Events;
using Marten;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace BzPeer.Publication;

/// <summary>Something that speaks for two researchers being one person.</summary>
/// <param name="Kind"><c>sameRecord</c>, <c>coauthors</c>, <c>institution</c>, <c>topics</c> or <c>name</c>.</param>
/// <param name="Detail">In plain words: "3 shared co-authors: A, B, C".</param>
/// <param name="Weight">What it adds to the strength of the suspicion.</param>
public sealed record PairEvidence(string Kind, string Detail, int Weight);

/// <summary>Stream event: two researchers may be one person. Carries all the evidence that there is, so the last one of a stream is the state of it.</summary>
public sealed record PairSuspected(Guid PairId, Guid One, Guid Other, IReadOnlyList<PairEvidence> Evidence, DateTimeOffset At);

/// <summary>Stream event: a curator says that they are two people.</summary>
public sealed record PairDistinguished(Guid PairId, string Reason, Guid By, DateTimeOffset At);

/// <summary>Stream event: a curator no longer says that they are two people.</summary>
public sealed record DistinctionWithdrawn(Guid PairId, Guid By, DateTimeOffset At);

/// <summary>One of two researchers who may be one person.</summary>
/// <param name="ResearcherId">Who; the survivor, where they were merged into somebody.</param>
/// <param name="Name">Their name.</param>
/// <param name="Keys">The ids they are known by: <c>orcid:…</c>, <c>openalex:…</c>.</param>
/// <param name="Works">How many works they have.</param>
public sealed record SuspectedResearcher(Guid ResearcherId, string Name, IReadOnlyList<string> Keys, long Works);

/// <summary>That two researchers are two people, who says so and why.</summary>
public sealed record Distinction(string Reason, Guid By, DateTimeOffset At);

/// <summary>Two researchers who may be one person, and what speaks for it.</summary>
/// <param name="Id">Names the pair.</param>
/// <param name="Strength">What the evidence weighs in all; the queue is in this order.</param>
/// <param name="Researchers">Both of them.</param>
/// <param name="Evidence">The weightiest first.</param>
/// <param name="SuspectedAt">When the evidence last changed.</param>
/// <param name="Distinction">Set where a curator found them to be two people.</param>
public sealed record SuspectedPair(
    Guid Id, int Strength, IReadOnlyList<SuspectedResearcher> Researchers, IReadOnlyList<PairEvidence> Evidence, DateTimeOffset SuspectedAt, Distinction? Distinction);

/// <summary>Why two researchers are two people.</summary>
public sealed record DistinctionReason(string? Reason);

/// <summary>
/// The curators' queue of researchers who may be one person: they merge the two (<see cref="Merges"/>) or say that they are two people, and are not
/// asked again. One stream per unordered pair. A pair that is one researcher since a merge is not shown; when the merge is taken back, it is again.
/// </summary>
internal static class SuspectedPairs
{
    private const int MaxReason = 2_000;

    private const string Columns =
        """
        p.id, p.strength, p.evidence, p.suspected_at, p.distinguished_for, p.distinguished_by, p.distinguished_at,
        one.id, one.name, one_keys.keys, one_works.works, other.id, other.name, other_keys.keys, other_works.works
        from suspected_pairs p
        left join survivors so on so.id = p.one join researchers one on one.id = coalesce(so.survivor, p.one)
        left join survivors st on st.id = p.other join researchers other on other.id = coalesce(st.survivor, p.other)
        cross join lateral (select data -> 'keys' as keys from mt_events where stream_id = one.id order by version desc limit 1) one_keys
        cross join lateral (select data -> 'keys' as keys from mt_events where stream_id = other.id order by version desc limit 1) other_keys
        cross join lateral (select count(distinct work_id) as works from work_authors where researcher_id = one.id) one_works
        cross join lateral (select count(distinct work_id) as works from work_authors where researcher_id = other.id) other_works
        """;

    /// <summary>What was found about two researchers; <paramref name="One"/> and <paramref name="Other"/> in any order.</summary>
    internal sealed record Finding(Guid One, Guid Other, IReadOnlyList<PairEvidence> Evidence);

    /// <summary>A pair as it stands.</summary>
    internal sealed record State(IReadOnlyList<PairEvidence> Evidence, bool IsDistinguished, long Version);

    /// <summary>The pair's stream, whichever of the two is named first.</summary>
    internal static Guid Id(Guid one, Guid other) => one.CompareTo(other) < 0 ? StableId.Of($"pair:{one}:{other}") : StableId.Of($"pair:{other}:{one}");

    /// <summary>Suspects a pair, or adds to what is known of it; nothing where that is all known, or a curator has said that they are two people.</summary>
    internal static PairSuspected? Decide(State? state, Finding finding, DateTimeOffset now)
    {
        if (state?.IsDistinguished == true) return null;
        IReadOnlyList<PairEvidence> evidence = [.. finding.Evidence.Concat(state?.Evidence ?? []).DistinctBy(one => one.Kind).OrderByDescending(one => one.Weight).ThenBy(one => one.Kind, StringComparer.Ordinal)];
        if (state is not null && state.Evidence.SequenceEqual(evidence)) return null;
        var isOneFirst = finding.One.CompareTo(finding.Other) < 0;
        return new(Id(finding.One, finding.Other), isOneFirst ? finding.One : finding.Other, isOneFirst ? finding.Other : finding.One, evidence, now);
    }

    /// <summary>Adds to what is about to be appended what these findings change.</summary>
    internal static async Task AddAsync(NpgsqlDataSource database, Append append, IReadOnlyCollection<Finding> findings, DateTimeOffset now, string? trace, CancellationToken cancellation)
    {
        if (findings.Count == 0) return;
        var states = await LoadAsync(database, [.. findings.Select(finding => Id(finding.One, finding.Other))], cancellation);
        foreach (var finding in findings.DistinctBy(finding => Id(finding.One, finding.Other)))
        {
            var state = states.GetValueOrDefault(Id(finding.One, finding.Other));
            if (Decide(state, finding, now) is { } suspected) append.Add(suspected.PairId, (state?.Version ?? 0) + 1, [EventStore.Traced(suspected, trace)]);
        }
    }

    internal static void MapSuspectedPairs(this WebApplication app)
    {
        app.MapGet("/api/suspected-pairs", ListAsync).RequireAuthorization(Authentication.Curator).WaitsForPosition(Sources.Publication)
            .WithName("ListSuspectedPairs").WithTags("Publication").Produces<Page<SuspectedPair>>().ProducesProblem(400).ProducesProblem(403);
        app.MapGet("/api/researchers/{id}/suspected-pairs", ListOfAsync).RequireAuthorization(Authentication.Curator).WaitsForPosition(Sources.Publication)
            .WithName("ListSuspectedPairsOfResearcher").WithTags("Publication").Produces<Page<SuspectedPair>>().ProducesProblem(400).ProducesProblem(403).ProducesProblem(404);
        app.MapPost("/api/suspected-pairs/{id}/distinction", DistinguishAsync).RequireAuthorization(Authentication.Curator)
            .WithName("DistinguishResearchers").WithTags("Publication").Produces<SuspectedPair>().ProducesProblem(403).ProducesProblem(404).ProducesProblem(422);
        app.MapDelete("/api/suspected-pairs/{id}/distinction", WithdrawAsync).RequireAuthorization(Authentication.Curator)
            .WithName("WithdrawDistinction").WithTags("Publication").Produces<SuspectedPair>().ProducesProblem(403).ProducesProblem(404);
    }

    private static async Task<IResult> ListAsync(int? limit, string? cursor, HttpContext http, NpgsqlDataSource database, CancellationToken cancellation)
    {
        if (!TryDecode(http, cursor, out var after)) return Paging.MalformedCursor();
        var size = Paging.Clamp(limit);
        return TypedResults.Ok(PageOf(http, await QueryAsync(database,
            "p.distinguished_by is null and one.id <> other.id and (p.strength, p.id) < ($1, $2) order by p.strength desc, p.id desc limit $3", cancellation, after.Strength, after.Id, size + 1), size));
    }

    /// <summary>Those of one researcher, also those whom a curator told apart.</summary>
    private static async Task<IResult> ListOfAsync(Guid id, int? limit, string? cursor, HttpContext http, NpgsqlDataSource database, CancellationToken cancellation)
    {
        if (!TryDecode(http, cursor, out var after)) return Paging.MalformedCursor();
        var size = Paging.Clamp(limit);
        var rows = await QueryAsync(database,
            """
            p.id in (
              select p.id from (select $4::uuid as id union select id from survivors where survivor = $4) me join suspected_pairs p on p.one = me.id
              union select p.id from (select $4::uuid as id union select id from survivors where survivor = $4) me join suspected_pairs p on p.other = me.id)
            and one.id <> other.id and (p.strength, p.id) < ($1, $2) order by p.strength desc, p.id desc limit $3
            """, cancellation, after.Strength, after.Id, size + 1, id);
        if (rows.Count == 0 && !await Researchers.ExistsAsync(database, id, cancellation)) return Problems.UnknownResearcher(id);
        return TypedResults.Ok(PageOf(http, rows, size));
    }

    private static Task<IResult> DistinguishAsync(
        Guid id, DistinctionReason body, HttpContext http, IDocumentStore store, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation) =>
        PlainText.Clean(body.Reason) is { } reason && PlainText.Length(reason) <= MaxReason
            ? ExecuteAsync(id, http, store, database, state => state.IsDistinguished ? null : new PairDistinguished(id, reason, http.ResearcherId(), clock.Now()), cancellation)
            : Task.FromResult<IResult>(Problems.Refused("distinction-reason", "A distinction needs a reason", $"Say in 'reason' how you know, up to {MaxReason} characters."));

    private static Task<IResult> WithdrawAsync(Guid id, HttpContext http, IDocumentStore store, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation) =>
        ExecuteAsync(id, http, store, database, state => state.IsDistinguished ? new DistinctionWithdrawn(id, http.ResearcherId(), clock.Now()) : null, cancellation);

    /// <summary>Decides on what stands, and again when somebody else came first.</summary>
    private static async Task<IResult> ExecuteAsync(
        Guid id, HttpContext http, IDocumentStore store, NpgsqlDataSource database, Func<State, object?> decide, CancellationToken cancellation)
    {
        return await EventStore.DecideAsync<IResult>(async () =>
        {
            await using var session = store.TracedSession();
            if (!(await LoadAsync(database, [id], cancellation)).TryGetValue(id, out var state)) return Problems.Of(404, "unknown-pair", "Unknown pair", $"No suspected pair has the id {id}.");
            if (decide(state) is { } decided)
            {
                session.Events.Append(id, state.Version + 1, decided);
                await session.SaveChangesAsync(cancellation);
            }

            Position.Write(http, Sources.Publication, await Append.LastAsync(database, id, cancellation));
            return TypedResults.Ok((await QueryAsync(database, "p.id = $1", cancellation, id)).Single());
        }, cancellation);
    }

    private static Page<SuspectedPair> PageOf(HttpContext http, List<SuspectedPair> rows, int size) =>
        http.PageOf(rows, size, pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Strength}/{pair.Id}"));

    private static bool TryDecode(HttpContext http, string? cursor, out (int Strength, Guid Id) after)
    {
        after = (int.MaxValue, Guid.Empty);
        if (!Paging.TryDecode(http, cursor, out var text)) return false;
        if (text is null) return true;
        return text.Split('/') is [var strength, var id]
            && int.TryParse(strength, NumberStyles.None, CultureInfo.InvariantCulture, out after.Strength)
            && Guid.TryParse(id, out after.Id);
    }

    private static async Task<List<SuspectedPair>> QueryAsync(NpgsqlDataSource database, string where, CancellationToken cancellation, params object[] parameters)
    {
        await using var command = database.CreateCommand($"select {Columns} where {where}");
        foreach (var parameter in parameters) command.Parameters.Add(new() { Value = parameter });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        List<SuspectedPair> rows = [];
        while (await row.ReadAsync(cancellation))
            rows.Add(new(row.GetGuid(0), row.GetInt32(1), [Researcher(7), Researcher(11)], Evidence(row.GetString(2)), row.GetFieldValue<DateTimeOffset>(3),
                row.IsDBNull(5) ? null : new(row.GetString(4), row.GetGuid(5), row.GetFieldValue<DateTimeOffset>(6))));
        return rows;

        SuspectedResearcher Researcher(int column) =>
            new(row.GetGuid(column), row.GetString(column + 1), JsonSerializer.Deserialize<string[]>(row.GetString(column + 2))!, row.GetInt64(column + 3));
    }

    private static async Task<Dictionary<Guid, State>> LoadAsync(NpgsqlDataSource database, Guid[] pairs, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "select p.id, p.evidence, p.distinguished_by is not null, s.version from suspected_pairs p join mt_streams s on s.id = p.id where p.id = any($1)");
        command.Parameters.Add(new() { Value = pairs });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var states = new Dictionary<Guid, State>();
        while (await row.ReadAsync(cancellation)) states[row.GetGuid(0)] = new(Evidence(row.GetString(1)), row.GetBoolean(2), row.GetInt64(3));
        return states;
    }

    private static IReadOnlyList<PairEvidence> Evidence(string json) => JsonSerializer.Deserialize<PairEvidence[]>(json, JsonSerializerOptions.Web)!;

    /// <summary>The pair that a curator told apart of all who are these two, or null.</summary>
    internal static async Task<(Guid Pair, string Reason)?> DistinctionAsync(NpgsqlDataSource database, Guid one, Guid other, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            with one as (select $1::uuid as id union select id from survivors where survivor = $1), other as (select $2::uuid as id union select id from survivors where survivor = $2)
            select p.id, p.distinguished_for from one cross join other join suspected_pairs p on (p.one, p.other) in ((one.id, other.id), (other.id, one.id))
            where p.distinguished_by is not null limit 1
            """);
        command.Parameters.Add(new() { Value = one });
        command.Parameters.Add(new() { Value = other });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        return await row.ReadAsync(cancellation) ? (row.GetGuid(0), row.GetString(1)) : null;
    }

    /// <summary>The rows of these events, in their order.</summary>
    internal static void Write(IDocumentOperations operations, IReadOnlyList<IEvent> events)
    {
        foreach (var e in events)
        {
            if (e.Data is PairSuspected suspected)
                operations.QueueSqlCommand(
                    """
                    insert into suspected_pairs (id, one, other, evidence, strength, suspected_at) values (?, ?, ?, ?::jsonb, ?, ?)
                    on conflict (id) do update set evidence = excluded.evidence, strength = excluded.strength, suspected_at = excluded.suspected_at
                    """,
                    suspected.PairId, suspected.One, suspected.Other, JsonSerializer.Serialize(suspected.Evidence, JsonSerializerOptions.Web), suspected.Evidence.Sum(one => one.Weight), suspected.At);
            else if (e.Data is PairDistinguished distinguished)
                operations.QueueSqlCommand("update suspected_pairs set distinguished_for = ?, distinguished_by = ?, distinguished_at = ? where id = ?",
                    distinguished.Reason, distinguished.By, distinguished.At, distinguished.PairId);
            else if (e.Data is DistinctionWithdrawn withdrawn)
                operations.QueueSqlCommand("update suspected_pairs set distinguished_for = null, distinguished_by = null, distinguished_at = null where id = ?", withdrawn.PairId);
        }
    }

    /// <summary>The table that these events write, for a rebuild to empty.</summary>
    internal static string Configure(StoreOptions store)
    {
        var table = new Table("suspected_pairs");
        table.AddColumn<Guid>("id").AsPrimaryKey();
        table.AddColumn<Guid>("one").NotNull();
        table.AddColumn<Guid>("other").NotNull();
        table.AddColumn("evidence", "jsonb").NotNull();
        table.AddColumn("strength", "integer").NotNull();
        table.AddColumn<DateTimeOffset>("suspected_at").NotNull();
        table.AddColumn("distinguished_for", "text");
        table.AddColumn<Guid>("distinguished_by");
        table.AddColumn<DateTimeOffset>("distinguished_at");
        table.Indexes.Add(new IndexDefinition("suspected_pairs_queue") { Columns = ["strength", "id"] });
        table.Indexes.Add(new IndexDefinition("suspected_pairs_of_one") { Columns = ["one"] });
        table.Indexes.Add(new IndexDefinition("suspected_pairs_of_other") { Columns = ["other"] });
        store.Storage.ExtendedSchemaObjects.Add(table);
        store.Events.MapEventType<PairSuspected>("pair_suspected");
        store.Events.MapEventType<PairDistinguished>("pair_distinguished");
        store.Events.MapEventType<DistinctionWithdrawn>("distinction_withdrawn");
        return table.Identifier.QualifiedName;
    }
}
