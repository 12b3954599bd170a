using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using Marten;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace BzPeer.Trust;

/// <summary>
/// Who follows whom, learned from <see cref="ResearcherFollowed"/> and <see cref="ResearcherUnfollowed"/>: what trust flows along. Both directions
/// of a pair stand in one stream, so its version orders all that is said of an edge, and the row of an edge that ended stays, or an old
/// message would bring it back. What is new is queued for the <see cref="FlowWorker"/> in the same transaction. A new store is filled by
/// rewinding Follow's relay.
/// </summary>
internal static class FollowEdges
{
    /// <summary>Queues researchers who may have become seeds, or have ceased to be, for the flow to look at.</summary>
    internal static void Queue(IDocumentOperations operations, Guid[] researchers)
    {
        operations.QueueSqlCommand("insert into trust_flow_queue (follower) select * from unnest(?)", researchers);
        operations.QueueSqlCommand($"select pg_notify('{FlowWorker.Channel}', '')");
    }

    private sealed record Edge(Guid Follower, Guid Followee, bool Live, long Version, Guid EventId);

    internal static async Task ApplyAsync(IServiceProvider services, IReadOnlyList<Delivered<IIntegrationEvent>> batch, CancellationToken cancellation)
    {
        var news = batch.Select(delivered => Read(delivered.Message)).GroupBy(edge => (edge.Follower, edge.Followee)).Select(same => same.MaxBy(edge => edge.Version)!).ToList();
        // In the order of the key, so that two instances cannot lock each other out.
        await using var command = services.GetRequiredService<NpgsqlDataSource>().CreateCommand(
            $"""
            with news as (
              insert into trust_edges (follower, followee, live, version, event_id)
              select * from unnest($1, $2, $3, $4, $5) as news(follower, followee, live, version, event_id) order by follower, followee
              on conflict (follower, followee) do update set live = excluded.live, version = excluded.version, event_id = excluded.event_id
              where trust_edges.version < excluded.version
              returning follower, followee),
            queued as (insert into trust_flow_queue (follower, followee) select follower, followee from news returning 1)
            select pg_notify('{FlowWorker.Channel}', '') from queued limit 1
            """);
        foreach (var column in (Array[])
            [
                news.Select(edge => edge.Follower).ToArray(), news.Select(edge => edge.Followee).ToArray(), news.Select(edge => edge.Live).ToArray(),
                news.Select(edge => edge.Version).ToArray(), news.Select(edge => edge.EventId).ToArray(),
            ])
            command.Parameters.Add(new() { Value = column });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static Edge Read(IIntegrationEvent message) => message switch
    {
        ResearcherFollowed followed => new(followed.FollowerId, followed.FolloweeId, Live: true, followed.Origin.Version, followed.Origin.EventId),
        ResearcherUnfollowed unfollowed => new(unfollowed.FollowerId, unfollowed.FolloweeId, Live: false, unfollowed.Origin.Version, unfollowed.Origin.EventId),
        _ => throw new ArgumentException($"{message.GetType().Name} says nothing of an edge.", nameof(message)),
    };

    internal static void Configure(StoreOptions store)
    {
        var edges = new Table("trust_edges");
        edges.AddColumn<Guid>("follower").AsPrimaryKey();
        edges.AddColumn<Guid>("followee").AsPrimaryKey();
        edges.AddColumn("live", "boolean").NotNull();
        edges.AddColumn("version", "bigint").NotNull();
        edges.AddColumn<Guid>("event_id").NotNull();
        edges.Indexes.Add(new IndexDefinition("trust_edges_by_followee") { Columns = ["followee"] });
        // What the flow has not looked at yet: emptied as it goes.
        var queue = new Table("trust_flow_queue");
        queue.AddColumn("id", "bigserial").AsPrimaryKey();
        queue.AddColumn<Guid>("follower").NotNull();
        queue.AddColumn<Guid>("followee");
        store.Storage.ExtendedSchemaObjects.Add(edges);
        store.Storage.ExtendedSchemaObjects.Add(queue);
    }
}
