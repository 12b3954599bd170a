using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using BzPeer.ServiceDefaults;
using JasperFx.Events;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten;
using Marten.Services;
using Marten.Subscriptions;
using Npgsql;
using Weasel.Postgresql.Functions;
using Weasel.Postgresql.Tables;

namespace BzPeer.Follow;

/// <summary>A count and the proof of it.</summary>
/// <param name="Value">Live edges; null, with the digest, when the researcher hides the counts.</param>
/// <param name="Digest">XOR of the SHA-256 of each counted id's lower-case text form, 64 hex digits: anybody can check it against the list.</param>
public sealed record ProvenCount(long? Value, string? Digest);

/// <summary>The counts of one researcher, exact as of <paramref name="AsOf"/> in the follow service's events.</summary>
public sealed record CountsAnswer(
    ProvenCount Followers, ProvenCount Following, long AsOf,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Hidden = false);

/// <summary>Stream event: the counts of a researcher after a batch of edge events. The relay publishes it as <c>FollowerCountChanged</c>.</summary>
public sealed record FollowCountsChanged(
    Guid ResearcherId, long Followers, string FollowersDigest, long Following, string FollowingDigest, bool ListsHidden, bool CountsHidden, long CountVersion);

/// <summary>One direction of a researcher's edges, folded: how many, and the digest over them.</summary>
public readonly record struct EdgeSum(long Value, UInt256 Digest)
{
    /// <summary>With the edge to <paramref name="other"/> added (<paramref name="by"/> 1) or taken away (-1); XOR does both.</summary>
    public EdgeSum Toggle(Guid other, int by) => new(Value + by, Digest ^ UInt256.Sha256Of(other));
}

/// <summary>
/// Follower counts: folded from edge events in commit order, never counted up on behalf of a request. A page of events becomes one
/// difference per researcher, added to their row; what the row comes to is appended as <see cref="FollowCountsChanged"/>
/// for the relay, all in the transaction that moves this projection's progress.
/// </summary>
public sealed class FollowCounts : SubscriptionBase
{
    private readonly Foreground foreground;
    private readonly TimeProvider clock;

    /// <summary>The projection's progress in the store.</summary>
    internal const string Shard = "FollowCounts:All";

    private sealed record Difference(EdgeSum Followers, EdgeSum Following, bool? ListsHidden, bool? CountsHidden, long Version, string? Trace);

    /// <summary>Counts that were told before stay untold: so a fold from the beginning tells nobody anything.</summary>
    private const string Fold =
        """
        with difference as (
          select * from unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?) as d(researcher, followers, followers_digest, following, following_digest, lists_hidden, counts_hidden, version, event, trace)),
        changed as (
          insert into follow_counts as c (researcher, followers, followers_digest, following, following_digest, lists_hidden, counts_hidden, version)
          select researcher, followers, ('x' || followers_digest)::bit(256), following, ('x' || following_digest)::bit(256), lists_hidden, counts_hidden, version
          from difference order by researcher
          on conflict (researcher) do update set
            followers = c.followers + excluded.followers, followers_digest = c.followers_digest # excluded.followers_digest,
            following = c.following + excluded.following, following_digest = c.following_digest # excluded.following_digest,
            lists_hidden = coalesce(excluded.lists_hidden, c.lists_hidden), counts_hidden = coalesce(excluded.counts_hidden, c.counts_hidden),
            version = excluded.version
          returning *),
        news as (
          select c.*, d.event, d.trace from changed c join difference d using (researcher)
          where c.version > coalesce((select position from follow_counts_told), 0)),
        streams as (
          insert into mt_streams as s (id, version, timestamp, created, tenant_id, is_archived)
          select researcher, 1, now(), now(), '*DEFAULT*', false from news order by researcher
          on conflict (id) do update set version = s.version + 1, timestamp = now() returning id, version)
        insert into mt_events (seq_id, id, stream_id, version, type, mt_dotnet_type, data, headers, timestamp, tenant_id, is_archived)
        select nextval('mt_events_sequence'), n.event, n.researcher, s.version, ?, ?,
          jsonb_build_object(
            'researcherId', n.researcher, 'followers', n.followers, 'followersDigest', follow_digest_text(n.followers_digest),
            'following', n.following, 'followingDigest', follow_digest_text(n.following_digest),
            'listsHidden', coalesce(n.lists_hidden, false), 'countsHidden', coalesce(n.counts_hidden, false), 'countVersion', n.version),
          case when n.trace is not null then jsonb_build_object('traceparent', n.trace) end, now(), '*DEFAULT*', false
        from news n join streams s on s.id = n.researcher order by n.version
        """;

    /// <summary>Notes how far counts were told, and wakes the daemon: the relay waits for what was appended.</summary>
    private const string Told =
        """
        insert into follow_counts_told (id, position) select 1, ? from pg_notify('mt_events_appended', '')
        on conflict (id) do update set position = greatest(follow_counts_told.position, excluded.position)
        """;

    /// <summary>Reads edge events and who hides what.</summary>
    public FollowCounts(Foreground foreground, TimeProvider clock)
    {
        (this.foreground, this.clock) = (foreground, clock);
        Name = "FollowCounts";
        Options.BatchSize = 2_000;
        Options.MaximumHopperSize = 8_000;
        IncludedEventTypes.AddRange([typeof(Followed), typeof(Unfollowed), typeof(FollowVisibilityChanged)]);
    }

    /// <inheritdoc />
    public override async Task<IChangeListener> ProcessEventsAsync(
        EventRange page, ISubscriptionController controller, IDocumentOperations operations, CancellationToken cancellationToken)
    {
        await foreground.GiveWayAsync(clock, cancellationToken);
        var differences = new Dictionary<Guid, Difference>();
        foreach (var e in page.Events)
        {
            switch (e.Data)
            {
                case Followed f: Toggle(e, f.FollowerId, f.FolloweeId, 1); break;
                case Unfollowed u: Toggle(e, u.FollowerId, u.FolloweeId, -1); break;
                case FollowVisibilityChanged v:
                    differences[v.ResearcherId] = Of(v.ResearcherId, e) with { ListsHidden = v.ListsHidden, CountsHidden = v.CountsHidden };
                    break;
            }
        }

        if (differences.Count > 0) Write(operations, differences);
        return NullChangeListener.Instance;

        void Toggle(IEvent e, Guid follower, Guid followee, int by)
        {
            var followed = Of(followee, e);
            differences[followee] = followed with { Followers = followed.Followers.Toggle(follower, by) };
            var following = Of(follower, e);
            differences[follower] = following with { Following = following.Following.Toggle(followee, by) };
        }

        Difference Of(Guid researcher, IEvent e) =>
            (differences.GetValueOrDefault(researcher) ?? new(default, default, null, null, 0, null)) with { Version = e.Sequence, Trace = e.Trace() };
    }

    private static void Write(IDocumentOperations operations, Dictionary<Guid, Difference> differences)
    {
        var (researchers, all) = (differences.Keys.ToArray(), differences.Values.ToArray());
        var type = operations.DocumentStore.Options.Events.AllKnownEventTypes().First(type => type.EventType == typeof(FollowCountsChanged));
        operations.QueueSqlCommand(
            Fold, researchers,
            Array.ConvertAll(all, d => d.Followers.Value), Array.ConvertAll(all, d => d.Followers.Digest.ToString()),
            Array.ConvertAll(all, d => d.Following.Value), Array.ConvertAll(all, d => d.Following.Digest.ToString()),
            Array.ConvertAll(all, d => d.ListsHidden), Array.ConvertAll(all, d => d.CountsHidden),
            Array.ConvertAll(all, d => d.Version), Array.ConvertAll(all, _ => Guid.CreateVersion7()), Array.ConvertAll(all, d => d.Trace),
            type.EventTypeName, type.DotNetTypeName);
        operations.QueueSqlCommand(Told, all.Max(d => d.Version));
    }

    internal static void Configure(StoreOptions store)
    {
        var counts = new Table("follow_counts");
        counts.AddColumn<Guid>("researcher").AsPrimaryKey();
        counts.AddColumn("followers", "bigint").NotNull();
        counts.AddColumn("followers_digest", "bit(256)").NotNull();
        counts.AddColumn("following", "bigint").NotNull();
        counts.AddColumn("following_digest", "bit(256)").NotNull();
        counts.AddColumn("lists_hidden", "boolean");
        counts.AddColumn("counts_hidden", "boolean");
        counts.AddColumn("version", "bigint").NotNull();
        var told = new Table("follow_counts_told");
        told.AddColumn("id", "integer").AsPrimaryKey();
        told.AddColumn("position", "bigint").NotNull();

        store.Storage.ExtendedSchemaObjects.Add(counts);
        store.Storage.ExtendedSchemaObjects.Add(told);
        store.Storage.ExtendedSchemaObjects.Add(Function.ForSql(
            """
            create or replace function follow_digest_text(digest bit) returns text as
            $$ select encode(substring(bit_send(digest) from 5), 'hex') $$ language sql immutable;
            """));
        store.Events.MapEventType<FollowCountsChanged>("follow_counts_changed");
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
        if (!http.IsResearcher(id) && (await FollowVisibility.ReadAsync(database, id, cancellation)).CountsHidden)
            return TypedResults.Ok(new CountsAnswer(new(null, null), new(null, null), counts.AsOf, Hidden: true));
        return counts.Followers.Value == 0 && counts.Following.Value == 0 && !await known.ContainsAsync(id, cancellation)
            ? Problems.UnknownResearcher(id)
            : TypedResults.Ok(counts);
    }

    private static async Task<CountsAnswer> ReadAsync(NpgsqlDataSource database, Guid id, CancellationToken cancellation)
    {
        // One statement, one snapshot: the counts are exact as of the projection's progress read beside them.
        await using var command = database.CreateCommand(
            """
            select coalesce((select last_seq_id from mt_event_progression where name = $2), 0),
              c.followers, follow_digest_text(c.followers_digest), c.following, follow_digest_text(c.following_digest)
            from (select $1 as id) asked left join follow_counts c on c.researcher = asked.id
            """);
        command.Parameters.Add(new() { Value = id });
        command.Parameters.Add(new() { Value = FollowCounts.Shard });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        var asOf = row.GetInt64(0);
        var none = new ProvenCount(0, default(UInt256).ToString());
        return row.IsDBNull(1) ? new(none, none, asOf) : new(Read(row, 1), Read(row, 3), asOf);
    }

    private static ProvenCount Read(NpgsqlDataReader row, int column) => new(row.GetInt64(column), row.GetString(column + 1));
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
