using System.Globalization;
using BzPeer.ServiceDefaults;
using Marten;
using Npgsql;

namespace BzPeer.Publication;

/// <summary>
/// GET /api/works?q=: works by their titles, or the work of a DOI or an arXiv id. Every word begins a word of the title, without regard to
/// case and accents; whose whole title it is comes first, then the newest. Nothing to search for lists all.
/// </summary>
internal static class FindWorks
{
    private const int LongestQuestion = 200;

    /// <summary>After every other work of its day.</summary>
    private static readonly Guid Last = new([.. Enumerable.Repeat(byte.MaxValue, 16)]);

    /// <summary>A title or name as it is compared as a whole: so much of it as one can ask for.</summary>
    internal static string Folded(string text)
    {
        var folded = SearchWords.Fold(text);
        return folded.Length <= LongestQuestion ? folded : folded[..(char.IsHighSurrogate(folded[LongestQuestion - 1]) ? LongestQuestion - 1 : LongestQuestion)].TrimEnd();
    }

    internal static void MapFindWorks(this WebApplication app) =>
        app.MapGet("/api/works", HandleAsync).AllowAnonymous().WithName("FindWorks").WithTags("Publication").Produces<Page<ListedWork>>().ProducesProblem(400);

    private static async Task<IResult> HandleAsync(
        string? q, int? limit, string? cursor, HttpContext http, IDocumentStore store, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        if (IsTooLong(q) is { } tooLong) return tooLong;
        if (!TryDecode(http, cursor, out var after)) return Paging.MalformedCursor();
        if (await Works.WaitAsync(http, database, clock) is { } problem) return problem;
        if (Key(q) is { } key) return TypedResults.Ok(new Page<ListedWork>([.. await ByKeyAsync(store, database, key, cancellation)], null));

        var folded = Folded(q ?? "");
        if (folded.Length == 0 && !string.IsNullOrWhiteSpace(q)) return TypedResults.Ok(new Page<ListedWork>([], null));
        var size = Paging.Clamp(limit);
        var rows = await Works.InOrderAsync(database, await FindAsync(database, folded, after, size + 1, cancellation), cancellation);
        var page = http.PageOf(rows, size, row => $"{(Folded(row.Work.Title) == folded ? 1 : 0)}/{row.ListedOn:yyyy-MM-dd}/{row.Work.Id}");
        return TypedResults.Ok(new Page<ListedWork>([.. page.Items.Select(row => row.Work)], page.Next));
    }

    /// <summary>400 for what is no search; null when it can be one.</summary>
    internal static Microsoft.AspNetCore.Http.HttpResults.ProblemHttpResult? IsTooLong(string? q) =>
        q?.Length > LongestQuestion ? Problems.Malformed("q", $"A search has at most {LongestQuestion} characters.") : null;

    /// <summary>Those of this whole title by themselves, so that the rest is read from the index in its order, the newest first, and no more of it than is shown.</summary>
    private static async Task<List<Guid>> FindAsync(NpgsqlDataSource database, string folded, (int Exact, DateOnly Day, Guid Id) after, int most, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            $"""
            select id from (
              (select id, 1 as exact, listed_on from works where folded_title = $2 and (1, listed_on, id) < ($3, $4, $5))
              union all
              (select id, 0, listed_on from works
               where {(folded.Length == 0 ? "$1 = ''" : "title_words @@ $1::tsquery")} and folded_title <> $2 and (listed_on, id) < ($6, $7) order by listed_on desc, id desc limit $8)) found
            order by exact desc, listed_on desc, id desc limit $8
            """);
        var (day, id) = after.Exact > 0 ? (DateOnly.MaxValue, Last) : (after.Day, after.Id);
        foreach (var value in new object[] { SearchWords.Query(folded), folded, after.Exact, after.Day, after.Id, day, id, most }) command.Parameters.Add(new() { Value = value });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var found = new List<Guid>(most);
        while (await row.ReadAsync(cancellation)) found.Add(row.GetGuid(0));
        return found;
    }

    private static string? Key(string? q) => Identifiers.Doi(q) is { } doi ? $"doi:{doi}" : Identifiers.Arxiv(q) is { } arxiv ? $"arxiv:{arxiv}" : null;

    /// <summary>The work that goes by a key, where it went on; none where nobody knows it.</summary>
    private static async Task<IEnumerable<ListedWork>> ByKeyAsync(IDocumentStore store, NpgsqlDataSource database, string key, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select work_id from work_keys where key = $1");
        command.Parameters.Add(new() { Value = key });
        if (await command.ExecuteScalarAsync(cancellation) is not Guid id) return [];
        await using var session = store.QuerySession();
        var works = await Work.LoadAsync(session, [id], cancellation);
        return works.ContainsKey(id) ? (await Works.InOrderAsync(database, [Work.Survivor(works, id).Id], cancellation)).Select(row => row.Work) : [];
    }

    private static bool TryDecode(HttpContext http, string? cursor, out (int Exact, DateOnly Day, Guid Id) after)
    {
        after = (2, DateOnly.MaxValue, Last);
        if (!Paging.TryDecode(http, cursor, out var position)) return false;
        if (position is null) return true;
        return position.Split('/') is [var exact, var day, var id]
            && int.TryParse(exact, NumberStyles.None, CultureInfo.InvariantCulture, out after.Exact)
            && DateOnly.TryParseExact(day, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out after.Day)
            && Guid.TryParse(id, out after.Id);
    }
}
