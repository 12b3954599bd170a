using System.Globalization;
using BzPeer.ServiceDefaults;
using Npgsql;

namespace BzPeer.Publication;

/// <summary>A topic or an institution of a researcher.</summary>
/// <param name="Id">Its id in the graph.</param>
/// <param name="Label">What it is called.</param>
/// <param name="Works">How many works of the researcher have it.</param>
public sealed record CountedLabel(Guid Id, string Label, long Works);

/// <summary>
/// GET /api/researchers/{id}/topics and /api/researchers/{id}/institutions, those of most works first. Over validated,
/// unretracted works, as the bibliography counts them: there are as many topics listed as it says.
/// </summary>
internal static class TopicsAndInstitutions
{
    private const string Topics =
        "select t.topic_id id, min(t.label) label, count(distinct w.id) works {0} join work_topics t on t.work_id = w.id where a.researcher_id = $1 group by 1";

    // Where somebody is, is said of an author, not of the whole work.
    private const string Institutions =
        "select i.institution_id id, min(i.name) label, count(distinct w.id) works {0} join work_institutions i on i.work_id = a.work_id and i.position = a.position where a.researcher_id = $1 group by 1";

    private const string Counting = "from work_authors a join works w on w.id = a.work_id and w.validated and not w.retracted";

    internal static void MapTopicsAndInstitutions(this WebApplication app)
    {
        Map("topics", "ListTopics", string.Format(CultureInfo.InvariantCulture, Topics, Counting));
        Map("institutions", "ListInstitutions", string.Format(CultureInfo.InvariantCulture, Institutions, Counting));

        void Map(string what, string name, string sql) => app
            .MapGet($"/api/researchers/{{id}}/{what}", (Guid id, int? limit, string? cursor, HttpContext http, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation) =>
                ListAsync(sql, id, limit, cursor, http, database, clock, cancellation))
            .AllowAnonymous().WithName(name).WithTags("Publication").Produces<Page<CountedLabel>>().ProducesProblem(400).ProducesProblem(404);
    }

    private static async Task<IResult> ListAsync(
        string sql, Guid id, int? limit, string? cursor, HttpContext http, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        if (!TryDecode(cursor, out var after)) return Paging.MalformedCursor();
        if (await Works.WaitAsync(http, database, clock) is { } problem) return problem;

        var size = Paging.Clamp(limit);
        await using var command = database.CreateCommand(
            $"select id, label, works from ({sql}) counted where works < $2 or (works = $2 and id > $3) order by works desc, id limit $4");
        foreach (var value in new object[] { id, after.Works, after.Id, size + 1 }) command.Parameters.Add(new() { Value = value });
        List<CountedLabel> rows = [];
        await using (var row = await command.ExecuteReaderAsync(cancellation))
            while (await row.ReadAsync(cancellation)) rows.Add(new(row.GetGuid(0), row.GetString(1), row.GetInt64(2)));
        if (rows.Count == 0 && !await Researchers.ExistsAsync(database, id, cancellation)) return Problems.UnknownResearcher(id);
        return TypedResults.Ok(http.PageOf(rows, size, row => string.Create(CultureInfo.InvariantCulture, $"{row.Works}/{row.Id}")));
    }

    private static bool TryDecode(string? cursor, out (long Works, Guid Id) after)
    {
        after = (long.MaxValue, Guid.Empty);
        if (!Paging.TryDecode(cursor, out var text)) return false;
        if (text is null) return true;
        return text.Split('/') is [var works, var id]
            && long.TryParse(works, NumberStyles.None, CultureInfo.InvariantCulture, out after.Works)
            && Guid.TryParse(id, out after.Id);
    }
}
