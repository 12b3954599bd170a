using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Serialization;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using Marten;
using Npgsql;

namespace BzPeer.Publication;

/// <summary>An author of a listed work.</summary>
public sealed record ListedAuthor(Guid? ResearcherId, string Name, int Position);

/// <summary>
/// A work as it is listed and read. A list names the first 100 of its authors, and <paramref name="AuthorCount"/> says how many there are;
/// <c>GET /api/works/{id}</c> names them all.
/// </summary>
/// <param name="TopicIds">The ids of its topics, in the order of their labels.</param>
public sealed record ListedWork(
    Guid Id, string Title, string Type, int? Year, DateOnly? PublicationDate, string? Venue, string? Doi, string? ArxivId, string? Abstract,
    IReadOnlyList<ListedAuthor> Authors, IReadOnlyList<string> Topics, bool Validated, bool Retracted, IReadOnlyList<WorkVersion> Versions, int AuthorCount,
    IReadOnlyList<Guid> TopicIds,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull), Description(WorkMarkup.Title)] string? TitleMarkup = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull), Description(WorkMarkup.Abstract)] string? AbstractMarkup = null);

/// <summary>What the reference of the API says of markup.</summary>
internal static class WorkMarkup
{
    public const string Title = "The title as its source printed it: HTML of the elements b, i, sub, sup and presentation MathML, and no others. Left out where it would say no more than the title.";

    public const string Abstract = "The abstract as its source printed it: HTML of the elements b, i, sub, sup, p and presentation MathML, and no others. Left out where it would say no more than the abstract.";
}

/// <summary>GET /api/works/{id}, and how works are read.</summary>
internal static class Works
{
    /// <summary>Authors of each work in a list: a page of works by thousands of people would be megabytes of names.</summary>
    private const int ListedAuthors = 100;

    /// <param name="Work">The work.</param>
    /// <param name="ListedOn">What lists are ordered by; <see cref="DateOnly.MinValue"/> where no date is known.</param>
    internal sealed record Row(ListedWork Work, DateOnly ListedOn);

    internal static void MapWorks(this WebApplication app) => app.MapGet("/api/works/{id}", ReadAsync).AllowAnonymous()
        .WithName("ReadWork").WithTags("Publication").Produces<ListedWork>().Produces(301).ProducesProblem(404).ProducesProblem(410);

    private static async Task<IResult> ReadAsync(Guid id, HttpContext http, IDocumentStore store, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        if (await WaitAsync(http, database, clock) is { } problem) return problem;
        return await FindAsync(database, id, cancellation) is { } work ? TypedResults.Ok(work) : await ElsewhereAsync(http, store, id, cancellation);
    }

    /// <summary>The answer where the work is not: it went on in another one, nobody speaks of it any more, or there never was one.</summary>
    internal static async Task<IResult> ElsewhereAsync(HttpContext http, IDocumentStore store, Guid id, CancellationToken cancellation)
    {
        await using var session = store.QuerySession();
        var works = await Work.LoadAsync(session, [id], cancellation);
        return works.TryGetValue(id, out var work) && work.MergedInto is not null ? Moved(http, id, Work.Survivor(works, id).Id) : Gone(id, work);
    }

    /// <summary>The same question about the work that stands: 301 for who reads, 308 for who writes.</summary>
    internal static IResult Moved(HttpContext http, Guid from, Guid to)
    {
        var path = http.Request.Path.Value!.Split('/').Select(part => Guid.TryParse(part, out var id) && id == from ? $"{to}" : part);
        return TypedResults.LocalRedirect($"{string.Join('/', path)}{http.Request.QueryString}", permanent: true, preserveMethod: !HttpMethods.IsGet(http.Request.Method));
    }

    /// <summary>410 for a work that was there, else 404.</summary>
    internal static IResult Gone(Guid id, Work? work) => work is { Entered: > 0 }
        ? Problems.Of(410, "work-removed", "Removed", $"No source speaks of the work {id} any more.")
        : Problems.Of(404, "unknown-work", "Unknown work", $"No work has the id {id}.");

    /// <summary>One work, or null.</summary>
    internal static async Task<ListedWork?> FindAsync(NpgsqlDataSource database, Guid id, CancellationToken cancellation) =>
        (await QueryAsync(database, "where w.id = $1", int.MaxValue, cancellation, id)).SingleOrDefault()?.Work;

    /// <summary>Those of these works that there are, in any order.</summary>
    internal static async Task<Dictionary<Guid, ListedWork>> LoadAsync(NpgsqlDataSource database, Guid[] ids, CancellationToken cancellation) =>
        (await QueryAsync(database, $"where w.id = {FewIds.Any("$1")}", cancellation, ids)).ToDictionary(row => row.Work.Id, row => row.Work);

    /// <summary>These works in this order, without those that are gone by now.</summary>
    internal static async Task<List<Row>> InOrderAsync(NpgsqlDataSource database, IReadOnlyList<Guid> ids, CancellationToken cancellation)
    {
        if (ids.Count == 0) return [];
        var rows = (await QueryAsync(database, $"where w.id = {FewIds.Any("$1")}", cancellation, ids.ToArray())).ToDictionary(row => row.Work.Id);
        return [.. ids.Where(rows.ContainsKey).Select(id => rows[id])];
    }

    /// <summary>The tables are written with the events, so they have whatever is committed.</summary>
    internal static Task<Microsoft.AspNetCore.Http.HttpResults.ProblemHttpResult?> WaitAsync(HttpContext http, NpgsqlDataSource database, TimeProvider clock) =>
        Position.WaitAsync(http, async cancellation =>
        {
            var last = await EventStore.LastPositionAsync(database, cancellation);
            return source => source == Sources.Publication ? last : 0;
        }, clock);

    /// <summary>Works as lists have them.</summary>
    internal static Task<List<Row>> QueryAsync(NpgsqlDataSource database, string where, CancellationToken cancellation, params object[] parameters) =>
        QueryAsync(database, where, ListedAuthors, cancellation, parameters);

    private static async Task<List<Row>> QueryAsync(NpgsqlDataSource database, string where, int mostAuthors, CancellationToken cancellation, params object[] parameters)
    {
        await using var command = database.CreateCommand(
            $"""
            select w.id, w.title, w.type, w.year, w.publication_date, w.venue, w.doi, w.arxiv_id, w.abstract, w.validated, w.retracted, w.listed_on,
              a.researchers, a.names, t.labels, w.versions, coalesce((select max(position) from work_authors where work_id = w.id), 0), t.ids, w.title_markup, w.abstract_markup
            from works w
            left join lateral (select array_agg(researcher_id order by position) researchers, array_agg(name order by position) as names from work_authors where work_id = w.id and position <= {mostAuthors}) a on true
            left join lateral (select array_agg(label order by rank) labels, array_agg(topic_id order by rank) ids from work_topics where work_id = w.id) t on true
            {where}
            """);
        foreach (var parameter in parameters) command.Parameters.Add(new() { Value = parameter });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var rows = new List<Row>();
        while (await row.ReadAsync(cancellation))
            rows.Add(new(new(
                row.GetGuid(0), row.GetString(1), row.GetString(2), Value<int>(row, 3), Value<DateOnly>(row, 4), Text(row, 5), Text(row, 6), Text(row, 7), Text(row, 8),
                Authors(row), row.IsDBNull(14) ? [] : row.GetFieldValue<string[]>(14), row.GetBoolean(9), row.GetBoolean(10),
                row.IsDBNull(15) ? [] : JsonSerializer.Deserialize<WorkVersion[]>(row.GetString(15), JsonSerializerOptions.Web)!, row.GetInt32(16), row.IsDBNull(17) ? [] : row.GetFieldValue<Guid[]>(17),
                Text(row, 18), Text(row, 19)), row.GetFieldValue<DateOnly>(11)));
        return rows;
    }

    private static ListedAuthor[] Authors(NpgsqlDataReader row) => row.IsDBNull(13)
        ? []
        : [.. row.GetFieldValue<Guid?[]>(12).Zip(row.GetFieldValue<string[]>(13), (researcher, name) => (researcher, name)).Select((a, n) => new ListedAuthor(a.researcher, a.name, n + 1))];

    private static T? Value<T>(NpgsqlDataReader row, int column) where T : struct => row.IsDBNull(column) ? null : row.GetFieldValue<T>(column);

    private static string? Text(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);
}

/// <summary>The researchers this service has identified.</summary>
internal static class Researchers
{
    public static async Task<bool> ExistsAsync(NpgsqlDataSource database, Guid id, CancellationToken cancellation) =>
        (await NamesAsync(database, [id], cancellation)).Count > 0;

    /// <summary>The names of those of these researchers that exist.</summary>
    public static async Task<Dictionary<Guid, string>> NamesAsync(NpgsqlDataSource database, Guid[] ids, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand($"select id, name from researchers where id = {FewIds.Any("$1")}");
        command.Parameters.Add(new() { Value = ids });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var names = new Dictionary<Guid, string>();
        while (await row.ReadAsync(cancellation)) names[row.GetGuid(0)] = row.GetString(1);
        return names;
    }
}
