using BzPeer.ServiceDefaults;
using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events;
using Marten.Events.Projections;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace BzPeer.Follow;

/// <summary>
/// One row per live edge, written in the transaction of its event and indexed both ways: lists are read from here, the
/// position (sequence of the edge's last event) is their order and cursor.
/// </summary>
public sealed partial class FollowEdges : EventProjection
{
    private static readonly Table Rows = Define();

    /// <summary>Writes <c>follow_edges</c> and nothing else; a rebuild leaves the same rows.</summary>
    public FollowEdges()
    {
        Name = nameof(FollowEdges);
        IncludeType<Followed>();
        IncludeType<Unfollowed>();
        Options.DeleteDataInTableOnTeardown(Rows.Identifier.QualifiedName);
    }

    /// <inheritdoc />
    public override ValueTask ApplyAsync(IDocumentOperations operations, IEvent e, CancellationToken cancellation)
    {
        switch (e.Data)
        {
            // The sequence is given by the store while the event is inserted, which happens before this statement runs.
            case Followed followed:
                operations.QueueSqlCommand(
                    """
                    insert into follow_edges (follower, followee, since, position) select ?, ?, ?, seq_id from mt_events where id = ?
                    on conflict (follower, followee) do update set since = excluded.since, position = excluded.position
                    """, followed.FollowerId, followed.FolloweeId, followed.At, e.Id);
                break;
            case Unfollowed unfollowed:
                operations.QueueSqlCommand("delete from follow_edges where follower = ? and followee = ?", unfollowed.FollowerId, unfollowed.FolloweeId);
                break;
        }

        return ValueTask.CompletedTask;
    }

    internal static void Configure(StoreOptions store)
    {
        store.Storage.ExtendedSchemaObjects.Add(Rows);
        store.Projections.Add(new FollowEdges(), ProjectionLifecycle.Inline);
    }

    private static Table Define()
    {
        var table = new Table("follow_edges");
        table.AddColumn<Guid>("follower").AsPrimaryKey();
        table.AddColumn<Guid>("followee").AsPrimaryKey();
        table.AddColumn<DateTimeOffset>("since").NotNull();
        table.AddColumn("position", "bigint").NotNull();
        table.Indexes.Add(new IndexDefinition("follow_edges_by_followee") { Columns = ["followee", "position"] });
        table.Indexes.Add(new IndexDefinition("follow_edges_by_follower") { Columns = ["follower", "position"] });
        return table;
    }
}

/// <summary>One entry of a follower or following list.</summary>
public sealed record ListedResearcher(Guid ResearcherId, DateTimeOffset Since);

/// <summary>GET /api/researchers/{id}/followers and /following: newest first; GET /api/me/following/{id}: 204 or 404.</summary>
public static class FollowLists
{
    private sealed record Row(Guid Id, DateTimeOffset Since, long Position);

    internal static void MapFollowLists(this WebApplication app)
    {
        app.MapGet("/api/researchers/{id}/followers", FollowersAsync).AllowAnonymous().WithName("ListFollowers").WithTags("Follow");
        app.MapGet("/api/researchers/{id}/following", FollowingAsync).AllowAnonymous().WithName("ListFollowing").WithTags("Follow");
    }

    internal static void MapFollowing(this WebApplication app) =>
        app.MapGet("/api/me/following/{id}", IsFollowingAsync).WithName("IsFollowing").WithTags("Follow").Produces(204).ProducesProblem(404);

    private static Task<IResult> FollowersAsync(Guid id, int? limit, string? cursor, HttpContext http, NpgsqlDataSource database, KnownResearchers known, CancellationToken cancellation) =>
        ListAsync("select follower, since, position from follow_edges where followee = $1 and position < $2 order by position desc limit $3", id, limit, cursor, http, database, known, cancellation);

    private static Task<IResult> FollowingAsync(Guid id, int? limit, string? cursor, HttpContext http, NpgsqlDataSource database, KnownResearchers known, CancellationToken cancellation) =>
        ListAsync("select followee, since, position from follow_edges where follower = $1 and position < $2 order by position desc limit $3", id, limit, cursor, http, database, known, cancellation);

    private static async Task<IResult> ListAsync(
        string sql, Guid id, int? limit, string? cursor, HttpContext http, NpgsqlDataSource database, KnownResearchers known, CancellationToken cancellation)
    {
        if (!Paging.TryDecodeNumber(cursor, long.MaxValue, out var before)) return Paging.MalformedCursor();
        var size = Paging.Clamp(limit);
        await using var command = database.CreateCommand(sql);
        command.Parameters.Add(new() { Value = id });
        command.Parameters.Add(new() { Value = before });
        command.Parameters.Add(new() { Value = size + 1 });
        var rows = new List<Row>(size + 1);
        await using (var reader = await command.ExecuteReaderAsync(cancellation))
            while (await reader.ReadAsync(cancellation)) rows.Add(new(reader.GetGuid(0), reader.GetFieldValue<DateTimeOffset>(1), reader.GetInt64(2)));

        if (rows.Count == 0 && !await known.ContainsAsync(id, cancellation)) return Problems.UnknownResearcher(id);
        var page = http.PageOf(rows, size, row => row.Position.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return TypedResults.Ok(new Page<ListedResearcher>([.. page.Items.Select(row => new ListedResearcher(row.Id, row.Since))], page.Next));
    }

    private static async Task<IResult> IsFollowingAsync(Guid id, HttpContext http, NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select 1 from follow_edges where follower = $1 and followee = $2");
        command.Parameters.Add(new() { Value = http.ResearcherId() });
        command.Parameters.Add(new() { Value = id });
        return await command.ExecuteScalarAsync(cancellation) is null
            ? Problems.Of(404, "not-following", "Not following", $"You do not follow {id}.")
            : TypedResults.NoContent();
    }
}
