using System.Globalization;
using BzPeer.ServiceDefaults;
using Npgsql;

namespace BzPeer.Publication;

/// <summary>
/// GET /api/researchers/{id}/works, /api/topics/{id}/works and /api/institutions/{id}/works: all works of one, or those of a year, type or
/// topic, in the order asked for.
/// </summary>
internal static class ListWorks
{
    /// <summary>An order of works, always the same for the same works: by a key and then by id, in the same direction.</summary>
    /// <param name="Name">As it is asked for.</param>
    /// <param name="Key">The key in SQL, of a work <c>w</c>.</param>
    /// <param name="Falling">Whether the greatest comes first.</param>
    /// <param name="Write">The key of a row, as it stands in a cursor.</param>
    /// <param name="Read">The key that stands in a cursor; null when it cannot be one.</param>
    private sealed record Order(string Name, string Key, bool Falling, Func<Works.Row, string> Write, Func<string, object?> Read);

    // What has no date stands last in either order. Titles are ordered as readers expect it in any script, by so much of them as
    // fits into a cursor.
    private const int TitleStart = 100;
    private static readonly Order[] Orders =
    [
        new("newest", "w.listed_on", Falling: true, row => Day(row.ListedOn), Day),
        new("oldest", "coalesce(nullif(w.listed_on, '-infinity'), 'infinity')", Falling: false, row => Day(row.ListedOn == DateOnly.MinValue ? DateOnly.MaxValue : row.ListedOn), Day),
        new("title", $"left(w.title, {TitleStart}) collate \"und-x-icu\"", Falling: false,
            row => string.Concat(row.Work.Title.EnumerateRunes().Take(TitleStart)), text => Storable(text) ? text : null),
    ];

    /// <summary>Which works, in which order.</summary>
    private sealed record Question((int From, int To)? Years, string? Type, Guid? Topic, Order Order)
    {
        /// <summary>Stands in the cursors, so that none is used for another question. Not the researcher: a merge changes who is asked for.</summary>
        public string Mark => StableId.Of($"works:{Order.Name}:{Years}:{Topic}:{Type}").ToString("N");
    }

    internal static void MapListWorks(this WebApplication app)
    {
        foreach (var (of, name) in new[] { ("researchers", "ListWorks"), ("topics", "ListTopicWorks"), ("institutions", "ListInstitutionWorks") })
            app.MapGet($"/api/{of}/{{id}}/works", (
                Guid id, string? year, string? type, string? topic, string? sort, int? limit, string? cursor, HttpContext http, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation) =>
                ListAsync(of, id, year, type, topic, sort, limit, cursor, http, database, clock, cancellation))
            .AllowAnonymous().WithName(name).WithTags("Publication").Produces<Page<ListedWork>>().ProducesProblem(400).ProducesProblem(404);
    }

    private static async Task<IResult> ListAsync(
        string of, Guid id, string? year, string? type, string? topic, string? sort, int? limit, string? cursor,
        HttpContext http, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        if (!TryReadYears(year, out var years)) return Problems.Malformed("year", "A year is four digits, 2023, or the first and the last of several, 2019..2023.");
        if (!Storable(type)) return Problems.Malformed("type", "A type is a word such as article.");
        if (!TryReadTopic(topic, out var about)) return Problems.Malformed("topic", "A topic is named by its id, as /topics and the graph give it.");
        if (Orders.FirstOrDefault(known => known.Name == (string.IsNullOrEmpty(sort) ? "newest" : sort)) is not { } order)
            return Problems.Malformed("sort", $"Works are sorted by one of {string.Join(", ", Orders.Select(known => known.Name))}.");
        var question = new Question(years, string.IsNullOrEmpty(type) ? null : type, about, order);
        if (!TryDecode(http, cursor, question, out var after))
            return Problems.Malformed("cursor", "Use the 'next' of the page before as it is, with the filters and the sort of that page, or leave the cursor out for the first page.");
        if (await Works.WaitAsync(http, database, clock) is { } problem) return problem;

        var size = Paging.Clamp(limit);
        var rows = await QueryAsync(database, of, id, question, after, size + 1, cancellation);
        if (rows.Count == 0 && !await TopicsAndInstitutions.ExistsAsync(database, of, id, cancellation)) return TopicsAndInstitutions.Unknown(of, id);
        var page = http.PageOf(rows, size, row => $"{question.Mark}|{row.Work.Id}|{order.Write(row)}");
        return TypedResults.Ok(new Page<ListedWork>([.. page.Items.Select(row => row.Work)], page.Next));
    }

    /// <summary>Which works these are, then the works: of a topic's thousands only those of the page are read whole.</summary>
    private static async Task<List<Works.Row>> QueryAsync(
        NpgsqlDataSource database, string of, Guid one, Question question, (object Key, Guid Id)? after, int most, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand();
        List<string> conditions = [$"w.id in (select work_id from {TopicsAndInstitutions.WorksOf(of, Parameter(one))})"];
        if (question.Years is { } years) conditions.Add($"w.year between {Parameter(years.From)} and {Parameter(years.To)}");
        if (question.Type is { } type) conditions.Add($"w.type = {Parameter(type)}");
        if (question.Topic is { } topic) conditions.Add($"exists (select from work_topics where work_id = w.id and topic_id = {Parameter(topic)})");
        var (key, falling) = (question.Order.Key, question.Order.Falling);
        if (after is { } last) conditions.Add($"({key}, w.id) {(falling ? "<" : ">")} ({Parameter(last.Key)}, {Parameter(last.Id)})");
        var direction = falling ? "desc" : "asc";
        command.CommandText = $"select w.id from works w where {string.Join(" and ", conditions)} order by {key} {direction}, w.id {direction} limit {Parameter(most)}";
        List<Guid> found = new(most);
        await using (var row = await command.ExecuteReaderAsync(cancellation))
            while (await row.ReadAsync(cancellation)) found.Add(row.GetGuid(0));
        return await Works.InOrderAsync(database, found, cancellation);

        string Parameter(object value)
        {
            command.Parameters.Add(new() { Value = value });
            return string.Create(CultureInfo.InvariantCulture, $"${command.Parameters.Count}");
        }
    }

    /// <summary><c>2023</c> or <c>2019..2023</c>, both included.</summary>
    private static bool TryReadYears(string? text, out (int From, int To)? years)
    {
        years = null;
        if (string.IsNullOrEmpty(text)) return true;
        var parts = text.Split("..");
        if (parts.Length > 2 || !TryReadYear(parts[0], out var from) || !TryReadYear(parts[^1], out var to) || from > to) return false;
        years = (from, to);
        return true;

        static bool TryReadYear(string text, out int year)
        {
            year = 0;
            return text.Length == 4 && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out year);
        }
    }

    /// <summary>By hand, because a form that leaves the topic open sends an empty one.</summary>
    private static bool TryReadTopic(string? text, out Guid? topic)
    {
        topic = Guid.TryParse(text, out var id) ? id : null;
        return topic is not null || string.IsNullOrEmpty(text);
    }

    private static bool TryDecode(HttpContext http, string? cursor, Question question, out (object Key, Guid Id)? after)
    {
        after = null;
        if (!Paging.TryDecode(http, cursor, out var text)) return false;
        if (text is null) return true;
        if (text.Split('|', 3) is not [var mark, var id, var key] || mark != question.Mark
            || !Guid.TryParse(id, out var work) || question.Order.Read(key) is not { } read) return false;
        after = (read, work);
        return true;
    }

    private static string Day(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static object? Day(string text) => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : null;

    /// <summary>PostgreSQL's text has no character 0.</summary>
    private static bool Storable(string? text) => text?.Contains('\0') != true;
}
