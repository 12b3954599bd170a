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

/// <summary>One direction of a researcher's edges, folded: how many, and the digest over them.</summary>
public readonly record struct EdgeSum(long Value, UInt256 Digest)
{
    /// <summary>With the edge to <paramref name="other"/> added (<paramref name="by"/> 1) or taken away (-1); XOR does both.</summary>
    public EdgeSum Toggle(Guid other, int by) => new(Value + by, Digest ^ UInt256.Sha256Of(other));
}

/// <summary>
/// Follower counts: folded from edge events in commit order, never counted up on behalf of a request. A page of events becomes one
/// difference per researcher, added to their row in the transaction that moves this projection's progress.
/// </summary>
public sealed class FollowCounts : SubscriptionBase
{
    private readonly Foreground foreground;
    private readonly CountsMoved moved;

    /// <summary>Events that are folded together at most.</summary>
    public const int PageSize = 5_000;

    /// <summary>The projection's progress in the store.</summary>
    public const string Shard = "FollowCounts:All";

    private sealed record Difference(EdgeSum Followers, EdgeSum Following, bool? ListsHidden, bool? CountsHidden, long Version, string? Trace);

    /// <summary>Adds a page's differences, and notes whose counts have to be told (see <see cref="TellCounts"/>).</summary>
    private const string Fold =
        """
        with changed as (
          insert into follow_counts as c (researcher, followers, followers_digest, following, following_digest, lists_hidden, counts_hidden, version, trace)
          select researcher, followers, ('x' || followers_digest)::bit(256), following, ('x' || following_digest)::bit(256), lists_hidden, counts_hidden, version, trace
          from unnest(?, ?, ?, ?, ?, ?, ?, ?, ?) as d(researcher, followers, followers_digest, following, following_digest, lists_hidden, counts_hidden, version, trace)
          order by researcher
          on conflict (researcher) do update set
            followers = c.followers + excluded.followers, followers_digest = c.followers_digest # excluded.followers_digest,
            following = c.following + excluded.following, following_digest = c.following_digest # excluded.following_digest,
            lists_hidden = coalesce(excluded.lists_hidden, c.lists_hidden), counts_hidden = coalesce(excluded.counts_hidden, c.counts_hidden),
            version = excluded.version, trace = excluded.trace
          returning researcher, version)
        insert into follow_counts_untold as u (researcher, version) select researcher, version from changed
        on conflict (researcher) do update set version = excluded.version
        """;

    /// <summary>Reads edge events and who hides what.</summary>
    public FollowCounts(Foreground foreground, CountsMoved moved)
    {
        (this.foreground, this.moved) = (foreground, moved);
        Name = "FollowCounts";
        Options.BatchSize = PageSize;
        // As in the relay: what comes while a page is folded is the next page, however much it is.
        Options.MaximumHopperSize = 1;
        IncludedEventTypes.AddRange([typeof(Followed), typeof(Unfollowed), typeof(EdgeRedirected), typeof(EdgeRestored), typeof(FollowVisibilityChanged)]);
    }

    /// <inheritdoc />
    public override async Task<IChangeListener> ProcessEventsAsync(
        EventRange page, ISubscriptionController controller, IDocumentOperations operations, CancellationToken cancellationToken)
    {
        await page.BeginAsync(operations, cancellationToken);
        await foreground.GiveWayAsync(cancellationToken);
        moved.Behind = page.Events.Count >= PageSize && page.SequenceCeiling < page.Agent.HighWaterMark;
        var differences = new Dictionary<Guid, Difference>();
        foreach (var e in page.Events)
        {
            switch (e.Data)
            {
                case Followed f: Toggle(e, f.FollowerId, f.FolloweeId, 1); break;
                case Unfollowed u: Toggle(e, u.FollowerId, u.FolloweeId, -1); break;
                // One that is only older than it was is the same edge.
                case EdgeRedirected { Change: not 0 } r: Toggle(e, r.FollowerId, r.FolloweeId, r.Change); break;
                case EdgeRestored { Change: not 0 } r: Toggle(e, r.FollowerId, r.FolloweeId, r.Change); break;
                case FollowVisibilityChanged v:
                    differences[v.ResearcherId] = Of(v.ResearcherId, e) with { ListsHidden = v.ListsHidden, CountsHidden = v.CountsHidden };
                    break;
            }
        }

        if (differences.Count == 0) return NullChangeListener.Instance;
        Write(operations, differences);
        return moved;

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
        operations.QueueSqlCommand(
            Fold, researchers,
            Array.ConvertAll(all, d => d.Followers.Value), Array.ConvertAll(all, d => d.Followers.Digest.ToString()),
            Array.ConvertAll(all, d => d.Following.Value), Array.ConvertAll(all, d => d.Following.Digest.ToString()),
            Array.ConvertAll(all, d => d.ListsHidden), Array.ConvertAll(all, d => d.CountsHidden),
            Array.ConvertAll(all, d => d.Version), Array.ConvertAll(all, d => d.Trace));
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
        counts.AddColumn("trace", "text");

        store.Storage.ExtendedSchemaObjects.Add(counts);
        store.Storage.ExtendedSchemaObjects.Add(Function.ForSql(
            """
            create or replace function follow_digest_text(digest bit) returns text as
            $$ select encode(substring(bit_send(digest) from 5), 'hex') $$ language sql immutable;
            """));
    }
}

/// <summary>Wakes <see cref="TellCounts"/> when the projection has committed.</summary>
public sealed class CountsMoved : IChangeListener
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim moved = new(0, 1);
    private volatile bool behind;

    /// <summary>Whether the projection folds full pages, with more events waiting: what a count is now will soon be no news.</summary>
    public bool Behind { get => behind; set => behind = value; }

    /// <summary>Waits until the projection has caught up, but never long: after an import of millions of edges the others hear something meanwhile.</summary>
    public async Task CaughtUpAsync(TimeProvider clock, CancellationToken cancellation)
    {
        for (var start = clock.GetTimestamp(); Behind && clock.GetElapsedTime(start) < Patience;) await Task.Delay(TimeSpan.FromMilliseconds(20), clock, cancellation);
    }

    /// <inheritdoc />
    public Task BeforeCommitAsync(IDocumentSession session, IChangeSet commit, CancellationToken token) => Task.CompletedTask;

    /// <inheritdoc />
    public Task AfterCommitAsync(IDocumentSession session, IChangeSet commit, CancellationToken token)
    {
        // Only the projection's agent gets here, one page after the other.
        if (moved.CurrentCount == 0) moved.Release();
        return Task.CompletedTask;
    }

    /// <summary>Waits for the next commit, or so long.</summary>
    public Task WaitAsync(TimeSpan atMost, CancellationToken cancellation) => moved.WaitAsync(atMost, cancellation);
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
