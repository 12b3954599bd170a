using BzPeer.ServiceDefaults;
using JasperFx.Events;
using Marten;
using Marten.Services;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace BzPeer.Follow;

/// <summary>Stream event: the counts of a researcher as they are now. The relay publishes it as <c>FollowerCountChanged</c>.</summary>
public sealed record FollowCountsChanged(
    Guid ResearcherId, long Followers, string FollowersDigest, long Following, string FollowingDigest, bool ListsHidden, bool CountsHidden, long CountVersion,
    long? PreviousChange = null, long? CompleteTo = null);

/// <summary>
/// Tells the other services what counts have become: takes researchers whose counts moved and appends one
/// <see cref="FollowCountsChanged"/> each, in one transaction, for the relay. Apart from the projection, so that under load, when it
/// gives way, many moves of a count become one event: only the last one is news. Any number of instances may do it.
/// </summary>
public sealed class TellCounts(NpgsqlDataSource database, IDocumentStore store, CountsMoved moved, Foreground foreground, TimeProvider clock, ILogger<TellCounts> log)
    : BackgroundService
{
    private const int AtATime = 1_000;

    /// <summary>How long a change made by another instance may wait to be noticed here. Changes made here are told at once.</summary>
    private static readonly TimeSpan Idle = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// One instance tells at a time, and what it sees is what the one before left: so that each event can name the one before, and the
    /// last one say up to where everything is told, which it is when no other count waits to be.
    /// </summary>
    private const string Lock = "select pg_advisory_xact_lock(hashtext('follow_counts_told'))";

    /// <summary>
    /// Researchers are taken under a lock; those that the projection is writing are skipped. Counts that move while this runs differ in
    /// version from what was taken, and are left for the next round. Rows are looked up one by one, or a join would read all counts for a
    /// handful; and what waits is looked through once, since most of it are rows already told of, which PostgreSQL keeps for a while. The
    /// notification wakes the daemon for the relay.
    /// </summary>
    private const string Tell =
        """
        with waiting as materialized (select researcher, version from follow_counts_untold limit $1 + 1),
        taken as materialized (
          select researcher, version from follow_counts_untold where researcher = any (array(select researcher from waiting limit $1)) for update skip locked),
        told as materialized (
          select c.* from taken t cross join lateral (select * from follow_counts where researcher = t.researcher and version = t.version offset 0) c),
        numbered as materialized (select n.*, nextval('mt_events_sequence') as seq from (select * from told order by version) n),
        chained as (
          select n.*, coalesce(lag(seq) over (order by seq), (select last from follow_counts_told), 0) as previous,
            case when lead(seq) over (order by seq) is null and (select count(*) from waiting) = (select count(*) from told)
              then (select last_seq_id from mt_event_progression where name = $4) end as complete_to
          from numbered n),
        last as (
          insert into follow_counts_told (id, last) select true, max(seq) from numbered having count(*) > 0
          on conflict (id) do update set last = excluded.last),
        settled as (delete from follow_counts_untold where researcher = any (array(select researcher from told))),
        streams as (
          insert into mt_streams as s (id, version, timestamp, created, tenant_id, is_archived)
          select researcher, 1, now(), now(), '*DEFAULT*', false from told order by researcher
          on conflict (id) do update set version = s.version + 1, timestamp = now() returning id, version),
        appended as (
          insert into mt_events (seq_id, id, stream_id, version, type, mt_dotnet_type, data, headers, timestamp, tenant_id, is_archived)
          select t.seq, gen_random_uuid(), t.researcher, s.version, $2, $3,
            jsonb_build_object(
              'researcherId', t.researcher, 'followers', t.followers, 'followersDigest', follow_digest_text(t.followers_digest),
              'following', t.following, 'followingDigest', follow_digest_text(t.following_digest),
              'listsHidden', coalesce(t.lists_hidden, false), 'countsHidden', coalesce(t.counts_hidden, false), 'countVersion', t.version,
              'previousChange', t.previous, 'completeTo', t.complete_to),
            case when t.trace is not null then jsonb_build_object('traceparent', t.trace) end, now(), '*DEFAULT*', false
          from chained t join streams s on s.id = t.researcher order by t.seq
          returning 1)
        select count(*), (select pg_notify('mt_events_appended', '')) from appended
        """;

    private readonly IEventType type = store.Options.Events.AllKnownEventTypes().First(type => type.EventType == typeof(FollowCountsChanged));

    /// <summary>Tells of at most <see cref="AtATime"/> researchers; how many it were.</summary>
    public async Task<long> TellAsync(CancellationToken cancellation)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(new(Lock));
        batch.BatchCommands.Add(new(Tell) { Parameters = { new() { Value = AtATime }, new() { Value = type.EventTypeName }, new() { Value = type.DotNetTypeName }, new() { Value = FollowCounts.Shard } } });
        await using var row = await batch.ExecuteReaderAsync(cancellation);
        await row.NextResultAsync(cancellation);
        await row.ReadAsync(cancellation);
        return row.GetInt64(0);
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await foreground.GiveWayAsync(stoppingToken);
                await moved.CaughtUpAsync(clock, stoppingToken);
                // Fewer than could be taken were all there were.
                if (await TellAsync(stoppingToken) < AtATime) await moved.WaitAsync(Idle, stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                log.LogWarning(e, "Counts could not be told; trying again");
                await Task.Delay(TimeSpan.FromSeconds(1), clock, stoppingToken);
            }
        }
    }

    internal static void Configure(StoreOptions options)
    {
        var untold = new Table("follow_counts_untold");
        untold.AddColumn<Guid>("researcher").AsPrimaryKey();
        untold.AddColumn("version", "bigint").NotNull();
        untold.AddColumn("since", "timestamptz").NotNull().DefaultValueByExpression("now()");
        var told = new Table("follow_counts_told");
        told.AddColumn("id", "boolean").AsPrimaryKey();
        told.AddColumn("last", "bigint").NotNull();
        options.Storage.ExtendedSchemaObjects.Add(untold);
        options.Storage.ExtendedSchemaObjects.Add(told);
        options.Events.MapEventType<FollowCountsChanged>("follow_counts_changed");
    }
}

/// <summary>Unhealthy when a count that moved has not been told for long.</summary>
internal sealed class TellCountsHealth(NpgsqlDataSource database) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        await using var command = database.CreateCommand("select count(*) from follow_counts_untold where since < now() - interval '20 seconds'");
        return await command.ExecuteScalarAsync(cancellationToken) is 0L
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy("Counts that moved more than 20 s ago have not been told to the other services");
    }
}
