using System.Globalization;
using BzPeer.ServiceDefaults;
using Npgsql;

namespace BzPeer.Publication;

/// <summary>
/// GET /api/topics?q= and /api/institutions?q=: by name. Every word begins a word of it, without regard to case and accents; whose whole name it
/// is comes first, then whatever most works have, self-asserted and retracted ones included as on its page. Nothing to search for lists all.
/// </summary>
internal static class FindTopicsAndInstitutions
{
    internal static void MapFindTopicsAndInstitutions(this WebApplication app)
    {
        foreach (var (of, name) in new[] { ("topics", "FindTopics"), ("institutions", "FindInstitutions") })
            app.MapGet($"/api/{of}", (string? q, int? limit, string? cursor, HttpContext http, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation) =>
                HandleAsync(of, q, limit, cursor, http, database, clock, cancellation))
            .AllowAnonymous().WithName(name).WithTags("Publication").Produces<Page<CountedLabel>>().ProducesProblem(400);
    }

    private static async Task<IResult> HandleAsync(
        string of, string? q, int? limit, string? cursor, HttpContext http, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        if (FindWorks.IsTooLong(q) is { } tooLong) return tooLong;
        if (!TryDecode(http, cursor, out var after)) return Paging.MalformedCursor();
        if (await Works.WaitAsync(http, database, clock) is { } problem) return problem;

        var folded = FindWorks.Folded(q ?? "");
        if (folded.Length == 0 && !string.IsNullOrWhiteSpace(q)) return TypedResults.Ok(new Page<CountedLabel>([], null));
        var size = Paging.Clamp(limit);
        await using var command = database.CreateCommand(
            $"""
            select n.id, n.name, counted.works from {of} n
            cross join lateral (select count(distinct work_id) works from {TopicsAndInstitutions.WorksOf(of, "n.id")}) counted
            where {(folded.Length == 0 ? "$1 = ''" : "n.words @@ $1::tsquery")} and counted.works > 0 and ((n.folded = $2)::int, counted.works, n.id) < ($3, $4, $5)
            order by (n.folded = $2)::int desc, counted.works desc, n.id desc limit $6
            """);
        foreach (var value in new object[] { SearchWords.Query(folded), folded, after.Exact, after.Works, after.Id, size + 1 }) command.Parameters.Add(new() { Value = value });
        var rows = new List<CountedLabel>();
        await using (var row = await command.ExecuteReaderAsync(cancellation))
            while (await row.ReadAsync(cancellation)) rows.Add(new(row.GetGuid(0), row.GetString(1), row.GetInt64(2)));
        return TypedResults.Ok(http.PageOf(rows, size, row => string.Create(CultureInfo.InvariantCulture, $"{(FindWorks.Folded(row.Label) == folded ? 1 : 0)}/{row.Works}/{row.Id}")));
    }

    private static bool TryDecode(HttpContext http, string? cursor, out (int Exact, long Works, Guid Id) after)
    {
        after = (2, 0, Guid.Empty);
        if (!Paging.TryDecode(http, cursor, out var position)) return false;
        if (position is null) return true;
        return position.Split('/') is [var exact, var works, var id]
            && int.TryParse(exact, NumberStyles.None, CultureInfo.InvariantCulture, out after.Exact)
            && long.TryParse(works, NumberStyles.None, CultureInfo.InvariantCulture, out after.Works)
            && Guid.TryParse(id, out after.Id);
    }
}
