using System.Globalization;
using BzPeer.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace BzPeer.Publication;

/// <summary>A topic or an institution in a list.</summary>
/// <param name="Id">Its id in the graph.</param>
/// <param name="Label">What it is called.</param>
/// <param name="Works">How many works of what the list is of have it.</param>
public sealed record CountedLabel(Guid Id, string Label, long Works);

/// <summary>A researcher on works about a topic or from an institution.</summary>
/// <param name="ResearcherId">Who.</param>
/// <param name="Name">As identified last.</param>
/// <param name="Works">How many validated, unretracted works of theirs that are.</param>
public sealed record CountedResearcher(Guid ResearcherId, string Name, long Works);

/// <summary>A topic or an institution by itself.</summary>
/// <param name="Id">Its id in the graph.</param>
/// <param name="Label">What it is called.</param>
/// <param name="Works">Works listed, self-asserted and retracted ones included.</param>
/// <param name="Researchers">Researchers listed: those on validated, unretracted works.</param>
public sealed record TopicOrInstitution(Guid Id, string Label, long Works, long Researchers);

/// <summary>
/// Topics and institutions: GET /api/topics/{id} and /api/institutions/{id}, who works there (/researchers), and which topics and
/// institutions a researcher, a topic or an institution has to do with (/topics, /institutions), those of most works first. Over validated,
/// unretracted works, as the bibliography counts them: there are as many topics of a researcher listed as it says.
/// </summary>
internal static class TopicsAndInstitutions
{
    /// <summary>Where works are found by a researcher, a topic or an institution: the table, its column, and the name (SQL).</summary>
    private static readonly Dictionary<string, (string Table, string Id, string Label)> Ties = new()
    {
        ["researchers"] = ("work_authors", "researcher_id", ""),
        ["topics"] = ("work_topics", "topic_id", "label"),
        ["institutions"] = ("work_institutions", "institution_id", "name"),
    };

    internal static void MapTopicsAndInstitutions(this WebApplication app)
    {
        app.MapLabels("researchers", "topics", "ListTopics");
        app.MapLabels("researchers", "institutions", "ListInstitutions");
        foreach (var (of, name) in new[] { ("topics", "Topic"), ("institutions", "Institution") })
        {
            app.MapItself(of, $"Read{name}");
            app.MapResearchers(of, $"List{name}Researchers");
            app.MapLabels(of, "topics", $"List{name}Topics");
            app.MapLabels(of, "institutions", $"List{name}Institutions");
        }
    }

    /// <summary>
    /// What stands on the counted works <c>w</c> of one that is asked about, <c>o</c>, as <c>n</c> (SQL). Where somebody is, is said of an
    /// author, not of the whole work.
    /// </summary>
    private static string Neighbours(string of, string what) =>
        $"""
        from {Ties[of].Table} o join works w on w.id = o.work_id and w.validated and not w.retracted
        join {Ties[what].Table} n on n.work_id = o.work_id {((of, what) is ("researchers", "institutions") or ("institutions", "researchers") ? "and n.position = o.position" : "")}
        """;

    private static void MapItself(this WebApplication app, string of, string name)
    {
        var (table, id, label) = Ties[of];
        var sql =
            $"""
            select min({label}), count(distinct work_id), (select count(distinct n.researcher_id) {Neighbours(of, "researchers")} where o.{id} = $1)
            from {table} where {id} = $1
            """;
        app.MapGet($"/api/{of}/{{id}}", async (Guid id, HttpContext http, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation) =>
        {
            if (await Works.WaitAsync(http, database, clock) is { } problem) return problem;
            await using var command = database.CreateCommand(sql);
            command.Parameters.Add(new() { Value = id });
            await using var row = await command.ExecuteReaderAsync(cancellation);
            await row.ReadAsync(cancellation);
            return row.IsDBNull(0) ? Unknown(of, id) : (IResult)TypedResults.Ok(new TopicOrInstitution(id, row.GetString(0), row.GetInt64(1), row.GetInt64(2)));
        }).AllowAnonymous().WithName(name).WithTags("Publication").Produces<TopicOrInstitution>().ProducesProblem(404);
    }

    private static void MapLabels(this WebApplication app, string of, string what, string name) => app.MapList(
        of, what, name,
        // Nothing is its own neighbour.
        $"select n.{Ties[what].Id} id, min(n.{Ties[what].Label}) label, count(distinct n.work_id) works {Neighbours(of, what)} where o.{Ties[of].Id} = $1 and n.{Ties[what].Id} <> $1 group by 1",
        row => new CountedLabel(row.GetGuid(0), row.GetString(1), row.GetInt64(2)), item => (item.Works, item.Id));

    private static void MapResearchers(this WebApplication app, string of, string name) => app.MapList(
        of, "researchers", name,
        $"select r.id, r.name as label, count(distinct n.work_id) works {Neighbours(of, "researchers")} join researchers r on r.id = n.researcher_id where o.{Ties[of].Id} = $1 group by r.id",
        row => new CountedResearcher(row.GetGuid(0), row.GetString(1), row.GetInt64(2)), item => (item.Works, item.ResearcherId));

    /// <summary>A list of what the SQL counts as <c>id</c>, <c>label</c> and <c>works</c>.</summary>
    private static void MapList<T>(this WebApplication app, string of, string what, string name, string sql, Func<NpgsqlDataReader, T> read, Func<T, (long Works, Guid Id)> place) =>
        app.MapGet($"/api/{of}/{{id}}/{what}", async (Guid id, int? limit, string? cursor, HttpContext http, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation) =>
        {
            if (!TryDecode(http, cursor, out var after)) return Paging.MalformedCursor();
            if (await Works.WaitAsync(http, database, clock) is { } problem) return problem;

            var size = Paging.Clamp(limit);
            await using var command = database.CreateCommand(
                $"select id, label, works from ({sql}) counted where works < $2 or (works = $2 and id > $3) order by works desc, id limit $4");
            foreach (var value in new object[] { id, after.Works, after.Id, size + 1 }) command.Parameters.Add(new() { Value = value });
            List<T> rows = [];
            await using (var row = await command.ExecuteReaderAsync(cancellation))
                while (await row.ReadAsync(cancellation)) rows.Add(read(row));
            if (rows.Count == 0 && !await ExistsAsync(database, of, id, cancellation)) return Unknown(of, id);
            return (IResult)TypedResults.Ok(http.PageOf(rows, size, row => string.Create(CultureInfo.InvariantCulture, $"{place(row).Works}/{place(row).Id}")));
        }).AllowAnonymous().WithName(name).WithTags("Publication").Produces<Page<T>>().ProducesProblem(400).ProducesProblem(404);

    /// <summary>Whether there is a researcher, a topic or an institution of this id.</summary>
    internal static async Task<bool> ExistsAsync(NpgsqlDataSource database, string of, Guid id, CancellationToken cancellation)
    {
        if (of == "researchers") return await Researchers.ExistsAsync(database, id, cancellation);
        await using var command = database.CreateCommand($"select exists (select from {Ties[of].Table} where {Ties[of].Id} = $1)");
        command.Parameters.Add(new() { Value = id });
        return (bool)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>404 for a researcher, topic or institution nobody has heard of.</summary>
    internal static ProblemHttpResult Unknown(string of, Guid id) => of switch
    {
        "researchers" => Problems.UnknownResearcher(id),
        "topics" => Problems.Of(404, "unknown-topic", "Unknown topic", $"No topic has the id {id}."),
        _ => Problems.Of(404, "unknown-institution", "Unknown institution", $"No institution has the id {id}."),
    };

    /// <summary>Where the <c>work_id</c> of every work listed of a researcher, a topic or an institution stands (SQL), some more than once.</summary>
    internal static string WorksOf(string of, string id) => $"{Ties[of].Table} where {Ties[of].Id} = {id}";

    private static bool TryDecode(HttpContext http, string? cursor, out (long Works, Guid Id) after)
    {
        after = (long.MaxValue, Guid.Empty);
        if (!Paging.TryDecode(http, cursor, out var text)) return false;
        if (text is null) return true;
        return text.Split('/') is [var works, var id]
            && long.TryParse(works, NumberStyles.None, CultureInfo.InvariantCulture, out after.Works)
            && Guid.TryParse(id, out after.Id);
    }
}
