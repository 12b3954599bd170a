using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using JasperFx.Events;
using Marten;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace BzPeer.Publication;

/// <summary>What is said of who is whose, by a merge or by taking one back.</summary>
internal interface IKinChanged
{
    /// <summary>Everybody it is said of.</summary>
    IReadOnlyList<Guid> Members { get; }

    /// <summary>Who they are from now on.</summary>
    Guid Now { get; }

    /// <summary>Who one of them was until now, or is not any more: whose bibliography changes beside that of <see cref="Now"/>.</summary>
    Guid Other { get; }
}

/// <summary>Stream event: two researchers are one person. <paramref name="Members"/> are all who are the survivor by it: the merged one and those merged into them.</summary>
public sealed record Merged(Guid MergeId, Guid MergedId, Guid SurvivorId, IReadOnlyList<Guid> Members, string Reason, Guid By, DateTimeOffset At) : IKinChanged
{
    Guid IKinChanged.Now => SurvivorId;

    Guid IKinChanged.Other => MergedId;
}

/// <summary>Stream event: a merge was taken back. <paramref name="Members"/> are all who are the restored one now; <paramref name="SurvivorId"/> is whom they were taken for until now.</summary>
public sealed record Split(Guid MergeId, Guid RestoredId, Guid SurvivorId, IReadOnlyList<Guid> Members, string Reason, Guid By, DateTimeOffset At) : IKinChanged
{
    Guid IKinChanged.Now => RestoredId;

    Guid IKinChanged.Other => SurvivorId;
}

/// <summary>A researcher to merge into the one that the address names, and why.</summary>
public sealed record ResearcherToMerge(Guid? ResearcherId, string? Reason);

/// <summary>A merge, standing or taken back.</summary>
/// <param name="Id">Names it, to take it back by.</param>
/// <param name="MergedId">Who was merged.</param>
/// <param name="SurvivorId">Into whom.</param>
/// <param name="Reason">Why, in the curator's words.</param>
/// <param name="By">The curator.</param>
/// <param name="At">When.</param>
/// <param name="TakenBackAt">When it was taken back; null while it stands.</param>
/// <param name="TakenBackFor">Why it was.</param>
public sealed record Merge(Guid Id, Guid MergedId, Guid SurvivorId, string Reason, Guid By, DateTimeOffset At, DateTimeOffset? TakenBackAt, string? TakenBackFor);

/// <summary>A researcher who is the same person.</summary>
/// <param name="ResearcherId">Their id, which leads to the survivor.</param>
/// <param name="Name">The name they were known by.</param>
/// <param name="Merge">The merge by which they are no longer a researcher of their own.</param>
public sealed record SameResearcher(Guid ResearcherId, string Name, Merge Merge);

/// <summary>Who is whose when something about merges is decided.</summary>
/// <param name="SurvivorOf">Whom a researcher is taken for.</param>
/// <param name="Below">A researcher with all who were merged into them, directly or on the way.</param>
public sealed record Kinship(Func<Guid, Guid> SurvivorOf, Func<Guid, IReadOnlyList<Guid>> Below);

/// <summary>
/// Merging two researchers who are one person, and taking that back. Records of works are never rewritten: they keep whom their sources
/// name, and <see cref="WorkTables"/> shows the survivor. So nothing is lost by a merge, and taking it back restores what was.
/// All merges are one stream: two of them at once are decided one after the other.
/// </summary>
internal static class Merges
{
    private const int MaxReason = 2_000;

    /// <summary>Whoever writes works holds it shared, whoever moves authors to a survivor alone: neither misses what the other wrote.</summary>
    private const long Lock = 4_445_002;

    private const string Columns = "id, merged, survivor, reason, made_by, at, taken_back_at, taken_back_for";

    private static readonly Guid Stream = StableId.Of("merges of researchers");

    /// <summary>Merges one into the other; nothing where both are one already.</summary>
    internal static Merged? Decide(Kinship kinship, Guid researcher, Guid into, string reason, Guid by, DateTimeOffset now)
    {
        var (merged, survivor) = (kinship.SurvivorOf(researcher), kinship.SurvivorOf(into));
        return merged == survivor ? null : new(Guid.CreateVersion7(), merged, survivor, kinship.Below(merged), reason, by, now);
    }

    /// <summary>Takes a merge back; nothing where it was already.</summary>
    internal static Split? Decide(Kinship kinship, Merge merge, string reason, Guid by, DateTimeOffset now) =>
        merge.TakenBackAt is not null ? null : new(merge.Id, merge.MergedId, kinship.SurvivorOf(merge.MergedId), kinship.Below(merge.MergedId), reason, by, now);

    internal static void MapMerges(this WebApplication app)
    {
        app.MapPost("/api/researchers/{id}/merges", MergeAsync).RequireAuthorization(Authentication.Curator)
            .WithName("MergeResearchers").WithTags("Publication").Produces<Merge>().Produces<Merge>(201).ProducesProblem(403).ProducesProblem(404).ProducesProblem(422);
        app.MapGet("/api/merges/{id}", ReadAsync).AllowAnonymous().WaitsForPosition(Sources.Publication).WithName("ReadMerge").WithTags("Publication").Produces<Merge>().ProducesProblem(404);
        app.MapDelete("/api/merges/{id}", SplitAsync).RequireAuthorization(Authentication.Curator)
            .WithName("SplitResearchers").WithTags("Publication").Produces<Merge>().ProducesProblem(403).ProducesProblem(404).ProducesProblem(422);
        app.MapGet("/api/researchers/{id}/same-as", SameAsAsync).AllowAnonymous().WaitsForPosition(Sources.Publication).WithName("SameAs").WithTags("Publication").Produces<Page<SameResearcher>>().ProducesProblem(404);
    }

    private static async Task<IResult> MergeAsync(
        Guid id, ResearcherToMerge body, HttpContext http, IDocumentStore store, NpgsqlDataSource database, Survivors survivors, TimeProvider clock, CancellationToken cancellation)
    {
        if (body.ResearcherId is not { } researcher) return Problems.Malformed("researcher-id", "Name in 'researcherId' the researcher who is to be merged into this one.");
        if (researcher == id) return Problems.Refused("self-merge", "A researcher is themselves", "Name two different researchers.");
        if (Reason(body.Reason) is not { } reason) return NoReason("merge");
        var names = await Researchers.NamesAsync(database, [id, researcher], cancellation);
        if (!names.ContainsKey(id)) return Problems.UnknownResearcher(id);
        if (!names.ContainsKey(researcher)) return Problems.Refused("unknown-researcher", "Unknown researcher", $"No researcher has the id {researcher}.");

        if (await SuspectedPairs.DistinctionAsync(database, id, survivors.Of(researcher), cancellation) is { } distinction)
            return Problems.Refused("distinguished-pair", "Two people, a curator says", $"Told apart for: {distinction.Reason} DELETE /api/suspected-pairs/{distinction.Pair}/distinction first, if that is wrong.");

        return await ExecuteAsync(http, store, database, survivors, cancellation, kinship => Decide(kinship, researcher, id, reason, http.ResearcherId(), clock.Now()), async decided =>
        {
            var merge = await FindAsync(database, decided is Merged merged ? "id = $1" : "merged = $1 and taken_back_at is null", (decided as Merged)?.MergeId ?? researcher, cancellation)
                // The other way round: the one that the address names is the survivor's by it.
                ?? await FindAsync(database, "merged = $1 and taken_back_at is null", id, cancellation);
            return merge switch
            {
                // Both were merged into the same third one.
                null => Problems.Refused("same-researcher", "One researcher already", "Both are merged into the same researcher already."),
                _ when decided is null => TypedResults.Ok(merge),
                _ => TypedResults.Created($"/api/merges/{merge.Id}", merge),
            };
        });
    }

    private static async Task<IResult> SplitAsync(
        Guid id, string? reason, HttpContext http, IDocumentStore store, NpgsqlDataSource database, Survivors survivors, TimeProvider clock, CancellationToken cancellation)
    {
        if (Reason(reason) is not { } why) return NoReason("split");
        if (await FindAsync(database, "id = $1", id, cancellation) is not { } merge) return UnknownMerge(id);
        return await ExecuteAsync(http, store, database, survivors, cancellation,
            kinship => Decide(kinship, merge, why, http.ResearcherId(), clock.Now()), async _ => TypedResults.Ok(await FindAsync(database, "id = $1", id, cancellation)));
    }

    /// <summary>Decides on what is so, and again when another merge came first.</summary>
    private static async Task<IResult> ExecuteAsync(
        HttpContext http, IDocumentStore store, NpgsqlDataSource database, Survivors survivors, CancellationToken cancellation, Func<Kinship, IKinChanged?> decide, Func<IKinChanged?, Task<IResult>> answer)
    {
        return await EventStore.DecideAsync<IResult>(async () =>
        {
            // The version first: what is read after it is at least as new, and anything newer makes the append fail.
            await using var session = store.TracedSession();
            var version = (await session.Events.FetchStreamStateAsync(Stream, cancellation))?.Version ?? 0;
            var decided = decide(await KinshipAsync(database, cancellation));
            if (decided is not null)
            {
                session.Events.Append(Stream, version + 1, decided);
                await session.SaveChangesAsync(cancellation);

                await survivors.ReadAsync([.. decided.Members], cancellation);
            }

            Position.Write(http, Sources.Publication, await Append.LastAsync(database, Stream, cancellation));
            return await answer(decided);
        }, cancellation);
    }

    private static async Task<IResult> ReadAsync(Guid id, NpgsqlDataSource database, CancellationToken cancellation) =>
        await FindAsync(database, "id = $1", id, cancellation) is { } merge ? TypedResults.Ok(merge) : UnknownMerge(id);

    private static async Task<IResult> SameAsAsync(Guid id, int? limit, string? cursor, HttpContext http, NpgsqlDataSource database, CancellationToken cancellation)
    {
        if (!Paging.TryDecodeNumber(http, cursor, long.MaxValue, out var before)) return Paging.MalformedCursor();
        var size = Paging.Clamp(limit);
        await using var command = database.CreateCommand(
            $"""
            select {string.Join(", ", Columns.Split(", ").Select(column => "m." + column))}, r.name, m.position
            from survivors s join merges m on m.merged = s.id and m.taken_back_at is null join researchers r on r.id = s.id
            where s.survivor = $1 and s.id <> $1 and m.position < $2 order by m.position desc limit $3
            """);
        foreach (var parameter in (object[])[id, before, size + 1]) command.Parameters.Add(new() { Value = parameter });
        var rows = new List<(SameResearcher Researcher, long Position)>();
        await using (var row = await command.ExecuteReaderAsync(cancellation))
            while (await row.ReadAsync(cancellation)) rows.Add((new(row.GetGuid(1), row.GetString(8), Read(row)), row.GetInt64(9)));
        if (rows.Count == 0 && !await Researchers.ExistsAsync(database, id, cancellation)) return Problems.UnknownResearcher(id);
        var page = http.PageOf(rows, size, row => row.Position.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return TypedResults.Ok(new Page<SameResearcher>([.. page.Items.Select(row => row.Researcher)], page.Next));
    }

    private static string? Reason(string? reason) => PlainText.Clean(reason) is { } text && PlainText.Length(text) <= MaxReason ? text : null;

    private static ProblemHttpResult NoReason(string what) =>
        Problems.Refused($"{what}-reason", $"A {what} needs a reason", $"Say in 'reason' how you know, up to {MaxReason} characters: whoever looks at it later has only that.");

    private static ProblemHttpResult UnknownMerge(Guid id) => Problems.Of(404, "unknown-merge", "Unknown merge", $"No merge has the id {id}.");

    private static async Task<Merge?> FindAsync(NpgsqlDataSource database, string where, Guid id, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand($"select {Columns} from merges where {where}");
        command.Parameters.Add(new() { Value = id });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        return await row.ReadAsync(cancellation) ? Read(row) : null;
    }

    private static Merge Read(NpgsqlDataReader row) => new(
        row.GetGuid(0), row.GetGuid(1), row.GetGuid(2), row.GetString(3), row.GetGuid(4), row.GetFieldValue<DateTimeOffset>(5),
        row.IsDBNull(6) ? null : row.GetFieldValue<DateTimeOffset>(6), row.IsDBNull(7) ? null : row.GetString(7));

    /// <summary>The standing merges are few beside the researchers: they are read whole.</summary>
    private static async Task<Kinship> KinshipAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select merged, survivor from merges where taken_back_at is null");
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var into = new Dictionary<Guid, Guid>();
        while (await row.ReadAsync(cancellation)) into[row.GetGuid(0)] = row.GetGuid(1);
        return Standing(into);
    }

    /// <summary>Who is whose by these merges: each researcher and the one they were merged into.</summary>
    internal static Kinship Standing(IReadOnlyDictionary<Guid, Guid> into)
    {
        var from = into.ToLookup(merge => merge.Value, merge => merge.Key);
        return new(SurvivorOf, Below);

        Guid SurvivorOf(Guid researcher) => into.TryGetValue(researcher, out var next) ? SurvivorOf(next) : researcher;

        IReadOnlyList<Guid> Below(Guid researcher) => [researcher, .. from[researcher].Order().SelectMany(Below)];
    }

    /// <summary>Keeps authors from being moved to survivors until the transaction ends.</summary>
    internal static void LockOut(IDocumentOperations operations) => operations.QueueSqlCommand("select pg_advisory_xact_lock_shared(?)", Lock);

    /// <summary>Who is whose, and the works that show it, after these events.</summary>
    internal static void Write(IDocumentOperations operations, IReadOnlyList<IEvent> events)
    {
        operations.QueueSqlCommand("select pg_advisory_xact_lock(?)", Lock);
        foreach (var e in events)
        {
            var kin = (IKinChanged)e.Data;
            if (e.Data is Merged merged)
                operations.QueueSqlCommand(
                    "insert into merges (id, merged, survivor, reason, made_by, at, position) select ?, ?, ?, ?, ?, ?, seq_id from mt_events where id = ?",
                    merged.MergeId, merged.MergedId, merged.SurvivorId, merged.Reason, merged.By, merged.At, e.Id);
            else if (e.Data is Split split)
                operations.QueueSqlCommand("update merges set taken_back_at = ?, taken_back_for = ? where id = ?", split.At, split.Reason, split.MergeId);

            operations.QueueSqlCommand(
                Survivors.Statement("?, ?, array_fill((select seq_id from mt_events where id = ?), array[cardinality(?)])"),
                kin.Members.ToArray(), kin.Members.Select(_ => kin.Now).ToArray(), e.Id, kin.Members.ToArray());
        }

        var touched = events.SelectMany(e => ((IKinChanged)e.Data).Members).Distinct().Order().ToArray();
        operations.QueueSqlCommand("update work_authors a set researcher_id = s.survivor from survivors s where s.id = a.identified and a.identified = any(?)", touched);
        CountPeople(operations, "select work_id from work_authors where identified = any(?)", touched);
    }

    /// <summary>Counts the people of some works anew: two authors who are one person are one (SQL that selects the works by some ids).</summary>
    internal static void CountPeople(IDocumentOperations operations, string works, Guid[] ids) => operations.QueueSqlCommand(
        $"""
        update works w set people = p.people from (
          select work_id, count(*) filter (where researcher_id is null) + count(distinct researcher_id) as people from work_authors where work_id in ({works}) group by work_id) p
        where w.id = p.work_id and w.people <> p.people
        """, ids);

    /// <summary>The tables that these events write, for a rebuild to empty.</summary>
    internal static IReadOnlyList<string> Configure(StoreOptions store)
    {
        var table = new Table("merges");
        table.AddColumn<Guid>("id").AsPrimaryKey();
        table.AddColumn<Guid>("merged").NotNull();
        table.AddColumn<Guid>("survivor").NotNull();
        table.AddColumn("reason", "text").NotNull();
        table.AddColumn<Guid>("made_by").NotNull();
        table.AddColumn<DateTimeOffset>("at").NotNull();
        table.AddColumn<DateTimeOffset>("taken_back_at");
        table.AddColumn("taken_back_for", "text");
        table.AddColumn("position", "bigint").NotNull();
        table.Indexes.Add(new IndexDefinition("merges_by_merged") { Columns = ["merged"] });
        table.Indexes.Add(new IndexDefinition("merges_standing") { Columns = ["merged"], Predicate = "taken_back_at is null", IsUnique = true });
        store.Storage.ExtendedSchemaObjects.Add(table);
        store.Events.MapEventType<Merged>("researchers_merged");
        store.Events.MapEventType<Split>("researchers_split");
        return [table.Identifier.QualifiedName, "survivors"];
    }
}
