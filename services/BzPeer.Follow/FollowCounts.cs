using System.Security.Cryptography;
using System.Text;
using BzPeer.ServiceDefaults;
using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events.Projections;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace BzPeer.Follow;

/// <summary>A count and the proof of it.</summary>
/// <param name="Value">Live edges.</param>
/// <param name="Digest">XOR of the SHA-256 of each counted id's lower-case text form, 64 hex digits: anybody can check it against the list.</param>
public sealed record ProvenCount(long Value, string Digest);

/// <summary>The counts of one researcher, exact as of <paramref name="AsOf"/> in the follow service's events.</summary>
public sealed record CountsAnswer(ProvenCount Followers, ProvenCount Following, long AsOf);

/// <summary>Stream event: the counts of a researcher after a batch of edge events. The relay publishes it as <c>FollowerCountChanged</c>.</summary>
public sealed record FollowCountsChanged(
    Guid ResearcherId, long Followers, string FollowersDigest, long Following, string FollowingDigest, long CountVersion);

/// <summary>One direction of a researcher's edges, folded: how many, and the digest over them.</summary>
public readonly record struct EdgeSum(long Value, UInt256 Digest)
{
    /// <summary>With the edge to <paramref name="other"/> added (<paramref name="by"/> 1) or taken away (-1); XOR does both.</summary>
    public EdgeSum Toggle(Guid other, int by) => new(Value + by, Digest ^ UInt256.Sha256Of(other));
}

/// <summary>Follower counts: folded from edge events in commit order, never counted up on behalf of a request.</summary>
public sealed class FollowCounts(NpgsqlDataSource database) : IProjection
{
    private sealed record Counts(EdgeSum Followers, EdgeSum Following, long Published, long Version = 0, string? Trace = null);

    /// <inheritdoc />
    public async Task ApplyAsync(IDocumentOperations operations, IReadOnlyList<IEvent> events, CancellationToken cancellation)
    {
        var edges = events.Where(e => e.Data is Followed or Unfollowed).ToList();
        if (edges.Count == 0) return;

        var counts = await LoadAsync([.. edges.SelectMany(e => e.Data is Followed f ? new[] { f.FollowerId, f.FolloweeId } : [((Unfollowed)e.Data).FollowerId, ((Unfollowed)e.Data).FolloweeId]).Distinct()], cancellation);
        foreach (var e in edges)
        {
            var (follower, followee, by) = e.Data is Followed f ? (f.FollowerId, f.FolloweeId, 1) : (((Unfollowed)e.Data).FollowerId, ((Unfollowed)e.Data).FolloweeId, -1);
            counts[followee] = counts[followee] with { Followers = counts[followee].Followers.Toggle(follower, by), Version = e.Sequence, Trace = e.Trace() };
            counts[follower] = counts[follower] with { Following = counts[follower].Following.Toggle(followee, by), Version = e.Sequence, Trace = e.Trace() };
        }

        Write(operations, counts);
        // A rebuild goes over events whose counts were told already, and tells none of them again.
        var news = counts.Where(count => count.Value.Version > count.Value.Published).ToList();
        foreach (var (id, count) in news)
            operations.Events.Append(id, EventStore.Traced(new FollowCountsChanged(id, count.Followers.Value, count.Followers.Digest.ToString(), count.Following.Value, count.Following.Digest.ToString(), count.Version), count.Trace));
        if (news.Count > 0)
            operations.QueueSqlCommand(
                "insert into follow_counts_published (researcher, version) select * from unnest(?, ?) on conflict (researcher) do update set version = excluded.version",
                news.Select(count => count.Key).ToArray(), news.Select(count => count.Value.Version).ToArray());
    }

    private async Task<Dictionary<Guid, Counts>> LoadAsync(Guid[] ids, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            select id, coalesce(c.followers, 0), c.followers_digest, coalesce(c.following, 0), c.following_digest, coalesce(p.version, 0)
            from unnest($1) id left join follow_counts c on c.researcher = id left join follow_counts_published p on p.researcher = id
            """);
        command.Parameters.Add(new() { Value = ids });
        var counts = new Dictionary<Guid, Counts>(ids.Length);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            counts[row.GetGuid(0)] = new(new(row.GetInt64(1), Digest(row, 2)), new(row.GetInt64(3), Digest(row, 4)), row.GetInt64(5));
        return counts;
    }

    private static UInt256 Digest(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? default : UInt256.From(row.GetFieldValue<byte[]>(column));

    private static void Write(IDocumentOperations operations, Dictionary<Guid, Counts> counts) => operations.QueueSqlCommand(
        """
        insert into follow_counts (researcher, followers, followers_digest, following, following_digest, version) select * from unnest(?, ?, ?, ?, ?, ?)
        on conflict (researcher) do update set followers = excluded.followers, followers_digest = excluded.followers_digest,
          following = excluded.following, following_digest = excluded.following_digest, version = excluded.version
        """,
        counts.Keys.ToArray(),
        counts.Values.Select(c => c.Followers.Value).ToArray(), counts.Values.Select(c => c.Followers.Digest.ToBytes()).ToArray(),
        counts.Values.Select(c => c.Following.Value).ToArray(), counts.Values.Select(c => c.Following.Digest.ToBytes()).ToArray(),
        counts.Values.Select(c => c.Version).ToArray());

    internal static void Configure(StoreOptions store, NpgsqlDataSource database)
    {
        var counts = new Table("follow_counts");
        counts.AddColumn<Guid>("researcher").AsPrimaryKey();
        counts.AddColumn("followers", "bigint").NotNull();
        counts.AddColumn("followers_digest", "bytea").NotNull();
        counts.AddColumn("following", "bigint").NotNull();
        counts.AddColumn("following_digest", "bytea").NotNull();
        counts.AddColumn("version", "bigint").NotNull();
        var published = new Table("follow_counts_published");
        published.AddColumn<Guid>("researcher").AsPrimaryKey();
        published.AddColumn("version", "bigint").NotNull();

        store.Storage.ExtendedSchemaObjects.Add(counts);
        store.Storage.ExtendedSchemaObjects.Add(published);
        store.Events.MapEventType<FollowCountsChanged>("follow_counts_changed");
        store.Projections.Add(new FollowCounts(database), ProjectionLifecycle.Async, nameof(FollowCounts),
            options => options.DeleteDataInTableOnTeardown(counts.Identifier.QualifiedName));
    }
}

/// <summary>GET /api/researchers/{id}/follow-counts</summary>
public static class FollowCountsEndpoint
{
    internal static void MapFollowCounts(this WebApplication app) =>
        app.MapGet("/api/researchers/{id}/follow-counts", HandleAsync).AllowAnonymous().WithName("FollowCounts").WithTags("Follow").Produces<CountsAnswer>().ProducesProblem(404);

    private static async Task<IResult> HandleAsync(Guid id, HttpContext http, NpgsqlDataSource database, KnownResearchers known, TimeProvider clock, CancellationToken cancellation)
    {
        CountsAnswer? counts = null;
        if (await Position.WaitAsync(http, async token =>
            {
                counts = await ReadAsync(database, id, token);
                return source => source == Contracts.Sources.Follow ? counts.AsOf : 0;
            }, clock) is { } problem) return problem;

        counts ??= await ReadAsync(database, id, cancellation);
        return counts.Followers.Value == 0 && counts.Following.Value == 0 && !await known.ContainsAsync(id, cancellation)
            ? Problems.UnknownResearcher(id)
            : TypedResults.Ok(counts);
    }

    private static async Task<CountsAnswer> ReadAsync(NpgsqlDataSource database, Guid id, CancellationToken cancellation)
    {
        // One statement, one snapshot: the counts are exact as of the projection's progress read beside them.
        await using var command = database.CreateCommand(
            """
            select coalesce((select last_seq_id from mt_event_progression where name = 'FollowCounts:All'), 0), c.followers, c.followers_digest, c.following, c.following_digest
            from (select $1 as id) asked left join follow_counts c on c.researcher = asked.id
            """);
        command.Parameters.Add(new() { Value = id });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        var asOf = row.GetInt64(0);
        var none = new ProvenCount(0, default(UInt256).ToString());
        return row.IsDBNull(1) ? new(none, none, asOf) : new(Read(row, 1), Read(row, 3), asOf);
    }

    private static ProvenCount Read(NpgsqlDataReader row, int column) =>
        new(row.GetInt64(column), UInt256.From(row.GetFieldValue<byte[]>(column + 1)).ToString());
}

/// <summary>256 bits that can be XORed: a digest over a set, whatever the order its members came in.</summary>
public readonly record struct UInt256(ulong A, ulong B, ulong C, ulong D)
{
    /// <summary>SHA-256 of the id's lower-case text form.</summary>
    public static UInt256 Sha256Of(Guid id) => From(SHA256.HashData(Encoding.ASCII.GetBytes(id.ToString())));

    /// <summary>Reads 32 bytes.</summary>
    public static UInt256 From(ReadOnlySpan<byte> bytes) =>
        new(BitConverter.ToUInt64(bytes), BitConverter.ToUInt64(bytes[8..]), BitConverter.ToUInt64(bytes[16..]), BitConverter.ToUInt64(bytes[24..]));

    /// <summary>Exclusive or, bit by bit.</summary>
    public static UInt256 operator ^(UInt256 x, UInt256 y) => new(x.A ^ y.A, x.B ^ y.B, x.C ^ y.C, x.D ^ y.D);

    /// <summary>The 32 bytes.</summary>
    public byte[] ToBytes() => [.. BitConverter.GetBytes(A), .. BitConverter.GetBytes(B), .. BitConverter.GetBytes(C), .. BitConverter.GetBytes(D)];

    /// <summary>64 lower-case hex digits.</summary>
    public override string ToString() => Convert.ToHexStringLower(ToBytes());
}
