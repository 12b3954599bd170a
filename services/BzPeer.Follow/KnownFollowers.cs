using BzPeer.ServiceDefaults;
using Npgsql;

namespace BzPeer.Follow;

/// <summary>Followers of somebody whom the caller follows too.</summary>
/// <param name="Items">The newest five of them; null when the list is hidden.</param>
/// <param name="Total">How many there are; null when the list is hidden.</param>
/// <param name="Hidden">The researcher hides who follows them.</param>
public sealed record KnownFollowersAnswer(IReadOnlyList<ListedResearcher>? Items, long? Total, bool Hidden);

/// <summary>GET /api/researchers/{id}/known-followers: who of those I follow follows them too.</summary>
public static class KnownFollowers
{
    // From the side of the caller, who follows hundreds, not of somebody whom millions follow.
    private const string Sql =
        """
        select theirs.follower, theirs.since, count(*) over ()
        from follow_edges mine join follow_edges theirs on theirs.follower = mine.followee and theirs.followee = $2
        where mine.follower = $1 order by theirs.position desc limit 5
        """;

    internal static void MapKnownFollowers(this WebApplication app) => app.MapGet("/api/researchers/{id}/known-followers", HandleAsync)
        .WithName("KnownFollowers").WithTags("Follow").Produces<KnownFollowersAnswer>().ProducesProblem(404);

    private static async Task<IResult> HandleAsync(
        Guid id, HttpContext http, NpgsqlDataSource database, KnownResearchers known, FollowLog log, TimeProvider clock, CancellationToken cancellation)
    {
        if (await log.WaitAsync(http, clock) is { } problem) return problem;
        var visibility = await FollowVisibility.ReadAsync(database, id, cancellation);
        if (visibility.ListsHidden && !http.IsResearcher(id)) return TypedResults.Ok(new KnownFollowersAnswer(null, null, Hidden: true));

        await using var command = database.CreateCommand(Sql);
        command.Parameters.Add(new() { Value = http.ResearcherId() });
        command.Parameters.Add(new() { Value = id });
        var (items, total) = (new List<ListedResearcher>(5), 0L);
        await using (var row = await command.ExecuteReaderAsync(cancellation))
            while (await row.ReadAsync(cancellation))
            {
                items.Add(new(row.GetGuid(0), row.GetFieldValue<DateTimeOffset>(1)));
                total = row.GetInt64(2);
            }

        return total == 0 && !await known.ContainsAsync(id, cancellation)
            ? Problems.UnknownResearcher(id)
            : TypedResults.Ok(new KnownFollowersAnswer(items, total, Hidden: false));
    }
}
