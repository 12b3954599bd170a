using System.Globalization;
using System.Text.Json.Serialization;
using BzPeer.ServiceDefaults;
using Npgsql;

namespace BzPeer.Follow;

/// <summary>One entry of a follower or following list.</summary>
public sealed record ListedResearcher(Guid ResearcherId, DateTimeOffset Since);

/// <summary>A page of a list, or that it is hidden.</summary>
/// <param name="Items">Null when the list is hidden, never empty for that reason.</param>
/// <param name="Next">Cursor of the following page, null at the end.</param>
/// <param name="Hidden">The researcher hides their lists from everybody else.</param>
public sealed record FollowListPage(
    IReadOnlyList<ListedResearcher>? Items, string? Next,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Hidden = false);

/// <summary>GET /api/researchers/{id}/followers and /following: newest first; GET /api/me/following/{id}: 204 or 404.</summary>
public static class FollowLists
{
    private const string Followers = "select follower, since, position from follow_edges where followee = $1 and position < $2 order by position desc limit $3";
    private const string Following = "select followee, since, position from follow_edges where follower = $1 and position < $2 order by position desc limit $3";

    private sealed record Row(Guid Id, DateTimeOffset Since, long Position);

    internal static void MapFollowLists(this WebApplication app)
    {
        app.MapGet("/api/researchers/{id}/followers", FollowersAsync).AllowAnonymous().WithName("ListFollowers").WithTags("Follow").Produces<FollowListPage>().ProducesProblem(404);
        app.MapGet("/api/researchers/{id}/following", FollowingAsync).AllowAnonymous().WithName("ListFollowing").WithTags("Follow").Produces<FollowListPage>().ProducesProblem(404);
    }

    internal static void MapFollowing(this WebApplication app) =>
        app.MapGet("/api/me/following/{id}", IsFollowingAsync).WithName("IsFollowing").WithTags("Follow").Produces(204).ProducesProblem(404);

    /// <summary>A page of (researcher, since, position) rows, newest position first, of what belongs to <paramref name="owner"/>.</summary>
    internal static async Task<Page<ListedResearcher>> ReadPageAsync(
        this HttpContext http, NpgsqlCommand rowsBefore, Guid owner, long before, int size, CancellationToken cancellation)
    {
        rowsBefore.Parameters.Add(new() { Value = owner });
        rowsBefore.Parameters.Add(new() { Value = before });
        rowsBefore.Parameters.Add(new() { Value = size + 1 });
        var rows = new List<Row>(size + 1);
        await using (var reader = await rowsBefore.ExecuteReaderAsync(cancellation))
            while (await reader.ReadAsync(cancellation)) rows.Add(new(reader.GetGuid(0), reader.GetFieldValue<DateTimeOffset>(1), reader.GetInt64(2)));

        var page = http.PageOf(rows, size, row => row.Position.ToString(CultureInfo.InvariantCulture));
        return new([.. page.Items.Select(row => new ListedResearcher(row.Id, row.Since))], page.Next);
    }

    private static Task<IResult> FollowersAsync(Guid id, int? limit, string? cursor, HttpContext http, NpgsqlDataSource database, KnownResearchers known, FollowLog log, TimeProvider clock, CancellationToken cancellation) =>
        ListAsync(Followers, id, limit, cursor, http, database, known, log, clock, cancellation);

    private static Task<IResult> FollowingAsync(Guid id, int? limit, string? cursor, HttpContext http, NpgsqlDataSource database, KnownResearchers known, FollowLog log, TimeProvider clock, CancellationToken cancellation) =>
        ListAsync(Following, id, limit, cursor, http, database, known, log, clock, cancellation);

    private static async Task<IResult> ListAsync(
        string sql, Guid id, int? limit, string? cursor, HttpContext http, NpgsqlDataSource database, KnownResearchers known, FollowLog log, TimeProvider clock, CancellationToken cancellation)
    {
        if (!Paging.TryDecodeNumber(http, cursor, long.MaxValue, out var before)) return Paging.MalformedCursor();
        if (await log.WaitAsync(http, clock) is { } problem) return problem;
        if (!http.IsResearcher(id) && (await FollowVisibility.ReadAsync(database, id, cancellation)).ListsHidden)
            return TypedResults.Ok(new FollowListPage(null, null, Hidden: true));

        await using var rows = database.CreateCommand(sql);
        var page = await http.ReadPageAsync(rows, id, before, Paging.Clamp(limit), cancellation);
        return page.Items.Count == 0 && !await known.ContainsAsync(id, cancellation)
            ? Problems.UnknownResearcher(id)
            : TypedResults.Ok(new FollowListPage(page.Items, page.Next));
    }

    private static async Task<IResult> IsFollowingAsync(Guid id, HttpContext http, NpgsqlDataSource database, FollowLog log, TimeProvider clock, CancellationToken cancellation)
    {
        if (await log.WaitAsync(http, clock) is { } problem) return problem;
        await using var command = database.CreateCommand("select 1 from follow_edges where follower = $1 and followee = $2");
        command.Parameters.Add(new() { Value = http.ResearcherId() });
        command.Parameters.Add(new() { Value = id });
        return await command.ExecuteScalarAsync(cancellation) is null
            ? Problems.Of(404, "not-following", "Not following", $"You do not follow {id}.")
            : TypedResults.NoContent();
    }
}
