using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using Marten;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace BzPeer.Publication;

/// <summary>
/// Who follows whom, learned from <see cref="ResearcherFollowed"/> and <see cref="ResearcherUnfollowed"/>; a block or a removal of a
/// follower ends an edge with the latter too. Both directions of a pair stand in one stream, so its version orders all that is said of
/// an edge: only what is newer is applied. The row of an edge that ended stays, or an old message would bring it back. One
/// batch after the other, so that of two edges of one person the earlier is there first, unless its message comes again. A new store is
/// filled by rewinding Follow's relay.
/// </summary>
internal static class KnownFollows
{
    private sealed record Edge(Guid Follower, Guid Followee, bool Live, long Version, long Position);

    internal static async Task ApplyAsync(IServiceProvider services, IReadOnlyList<Delivered<IIntegrationEvent>> batch, CancellationToken cancellation)
    {
        var news = batch.Select(delivered => Read(delivered.Message)).GroupBy(edge => (edge.Follower, edge.Followee)).Select(same => same.MaxBy(edge => edge.Version)!).ToList();
        // In the order of the key, so that two instances cannot lock each other out.
        await using var command = services.GetRequiredService<NpgsqlDataSource>().CreateCommand(
            """
            insert into known_follows (follower, followee, live, version, position)
            select * from unnest($1, $2, $3, $4, $5) as news(follower, followee, live, version, position) order by follower, followee
            on conflict (follower, followee) do update set live = excluded.live, version = excluded.version, position = excluded.position
            where known_follows.version < excluded.version
            """);
        foreach (var column in (Array[])
            [
                news.Select(edge => edge.Follower).ToArray(), news.Select(edge => edge.Followee).ToArray(), news.Select(edge => edge.Live).ToArray(),
                news.Select(edge => edge.Version).ToArray(), news.Select(edge => edge.Position).ToArray(),
            ])
            command.Parameters.Add(new() { Value = column });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static Edge Read(IIntegrationEvent message) => message switch
    {
        ResearcherFollowed followed => new(followed.FollowerId, followed.FolloweeId, Live: true, followed.Origin.Version, followed.Origin.Sequence),
        ResearcherUnfollowed unfollowed => new(unfollowed.FollowerId, unfollowed.FolloweeId, Live: false, unfollowed.Origin.Version, unfollowed.Origin.Sequence),
        _ => throw new ArgumentException($"{message.GetType().Name} says nothing of an edge.", nameof(message)),
    };

    internal static void Configure(StoreOptions store)
    {
        var table = new Table("known_follows");
        table.AddColumn<Guid>("follower").AsPrimaryKey();
        table.AddColumn<Guid>("followee").AsPrimaryKey();
        table.AddColumn("live", "boolean").NotNull();
        table.AddColumn("version", "bigint").NotNull();
        table.AddColumn("position", "bigint").NotNull();
        table.Indexes.Add(new IndexDefinition("known_follows_by_followee") { Columns = ["followee", "position"] });
        store.Storage.ExtendedSchemaObjects.Add(table);
    }
}
