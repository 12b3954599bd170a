using System.Buffers;
using System.Globalization;
using BzPeer.ServiceDefaults;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.OpenApi;
using Npgsql;

namespace BzPeer.Analytics;

/// <summary>
/// <c>GET /api/events</c>: the log from any position on. As JSON a page (with <c>wait</c> a long poll), as <c>application/x-ndjson</c>
/// everything there is, as <c>text/event-stream</c> also whatever comes, without a gap or a repeat between the two. Events about edges
/// and counts that their people hide are for the role <c>analytics</c> only.
/// </summary>
internal static class ReadEvents
{
    private const int DefaultLimit = 100;
    private const int MaxLimit = 1_000;
    private const int PageSize = 2_000;

    /// <summary>Written before it is handed to the network.</summary>
    private const int Chunk = 64 * 1024;

    internal static void MapReadEvents(this WebApplication app) =>
        app.MapGet("/api/events", Handle).AllowAnonymous().WaitsForLog().WithName("ReadEvents").WithTags("Events")
            .Produces(200).ProducesProblem(400).AddOpenApiOperationTransformer(DescribeAsync);

    /// <summary>What <see cref="EventQuery"/> reads, which refuses what it does not know and therefore reads the query itself.</summary>
    private static Task DescribeAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellation)
    {
        var (text, number) = (new OpenApiSchema { Type = JsonSchemaType.String }, new OpenApiSchema { Type = JsonSchemaType.Integer });
        operation.Parameters =
        [
            Query("after", text, "The position of the last event you have: what comes after it is read. 0 or none for the beginning, 'latest' for what comes from now on."),
            Query("type", new OpenApiSchema { Type = JsonSchemaType.Array, Items = text }, "Events of any of these types, each in full or by its last part."),
            Query("subject", new OpenApiSchema { Type = JsonSchemaType.String, Format = "uuid" }, "Events about this researcher or work, or by this researcher."),
            Query("limit", number, $"At most so many events: {DefaultLimit} when nothing is said, {MaxLimit} in one page."),
            Query("wait", number, $"Seconds to wait for an event when there is none, up to {EventQuery.MostWait}."),
        ];
        return Task.CompletedTask;

        static OpenApiParameter Query(string name, OpenApiSchema schema, string description) => new() { Name = name, In = ParameterLocation.Query, Schema = schema, Description = description };
    }

    private static async Task<IResult> Handle(HttpContext http, LogTail tail, NpgsqlDataSource database, TimeProvider clock)
    {
        if (EventQuery.Read(http.Request, out var problem) is not { } query) return problem!;
        var head = await tail.LookAsync(http.RequestAborted);
        var after = query.OnlyNew ? head.Position : query.After ?? head.Floor - 1;
        if (EventQuery.OutOfLog(after, head) is { } outside) return outside;

        var reader = new Reader(tail, database, query.Filter, http.User.IsInRole(Authentication.Analytics));
        var accept = http.Request.Headers.Accept.ToString();
        if (accept.Contains("text/event-stream", StringComparison.Ordinal)) await StreamAsync(http, reader, tail, after, query.Limit, clock);
        else if (accept.Contains("application/x-ndjson", StringComparison.Ordinal)) await ReplayAsync(http, reader, after, head.Position, query.Limit);
        else await PageAsync(http, reader, tail, after, query, clock);
        return Results.Empty;
    }

    /// <summary>One page; when there is nothing, whatever comes first within the wait.</summary>
    private static async Task PageAsync(HttpContext http, Reader reader, LogTail tail, long after, EventQuery query, TimeProvider clock)
    {
        var limit = Math.Min(query.Limit ?? DefaultLimit, MaxLimit);
        List<LogEntry> items = [];
        long upTo;
        for (var start = clock.GetTimestamp(); ;)
        {
            var changed = tail.Changed;
            upTo = (await tail.LookAsync(http.RequestAborted)).Position;
            await foreach (var entry in reader.ReadAsync(after, upTo, limit + 1L, http.RequestAborted)) items.Add(entry);
            var left = query.Wait - clock.GetElapsedTime(start);
            if (items.Count > 0 || left <= TimeSpan.Zero) break;
            try
            {
                await changed.WaitAsync(left, clock, http.RequestAborted);
            }
            catch (TimeoutException)
            {
                break;
            }
        }

        var more = items.Count > limit;
        if (more)
        {
            items.RemoveRange(limit, items.Count - limit);
            upTo = items[^1].Position;
            var parameters = QueryHelpers.ParseQuery(http.Request.QueryString.Value);
            parameters["after"] = upTo.ToString(CultureInfo.InvariantCulture);
            http.Response.Headers.Link = $"<{QueryHelpers.AddQueryString(http.Request.Path, parameters)}>; rel=\"next\"";
        }

        http.Response.ContentType = "application/json; charset=utf-8";
        var body = http.Response.BodyWriter;
        body.Write("{\"items\":["u8);
        foreach (var (n, item) in items.Index())
        {
            if (n > 0) body.Write(","u8);
            body.Write(item.Item);
        }

        body.Write(System.Text.Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"],\"next\":{(more ? upTo.ToString(CultureInfo.InvariantCulture) : "null")},\"upTo\":{upTo}}}")));
        await body.FlushAsync(http.RequestAborted);
    }

    /// <summary>Everything up to where the log stood when asked, an event a line.</summary>
    private static async Task ReplayAsync(HttpContext http, Reader reader, long after, long upTo, int? limit)
    {
        http.Response.ContentType = "application/x-ndjson";
        var body = http.Response.BodyWriter;
        await foreach (var entry in reader.ReadAsync(after, upTo, limit ?? long.MaxValue, http.RequestAborted))
        {
            body.Write(entry.Item);
            body.Write("\n"u8);
            if (body.UnflushedBytes > Chunk) await body.FlushAsync(http.RequestAborted);
        }

        await body.FlushAsync(http.RequestAborted);
    }

    /// <summary>What there is, then what comes. The id of each event is its position: a browser that reconnects says it, and goes on there.</summary>
    private static async Task StreamAsync(HttpContext http, Reader reader, LogTail tail, long after, int? limit, TimeProvider clock)
    {
        await EventStream.BeginAsync(http);
        var body = http.Response.BodyWriter;
        using var following = tail.Follow();
        for (var left = limit ?? long.MaxValue; ;)
        {
            var changed = tail.Changed;
            var newest = tail.TryRead(after, PageSize);
            if (newest is null)
            {
                var page = 0;
                var upTo = tail.Head.Position;
                await foreach (var entry in reader.ReadAsync(after, upTo, Math.Min(left, PageSize), http.RequestAborted))
                {
                    EventStream.Write(body, entry.Position, default, entry.Item);
                    (after, page, left) = (entry.Position, page + 1, left - 1);
                    if (body.UnflushedBytes > Chunk) await body.FlushAsync(http.RequestAborted);
                }

                if (page < PageSize) after = Math.Max(after, upTo);
            }
            else
            {
                foreach (var entry in newest)
                {
                    after = entry.Position;
                    if (!reader.Lets(entry)) continue;
                    EventStream.Write(body, entry.Position, default, entry.Item);
                    if (--left == 0) break;
                }
            }

            await body.FlushAsync(http.RequestAborted);
            if (left == 0) return;
            if (newest is { Count: 0 }) await EventStream.WaitAsync(http, changed, clock);
        }
    }

    /// <summary>The log as this caller may see it.</summary>
    private sealed class Reader(LogTail tail, NpgsqlDataSource database, EventFilter filter, bool everything)
    {
        public bool Lets(LogEntry entry) => filter.Lets(entry) && Shows(entry);

        public async IAsyncEnumerable<LogEntry> ReadAsync(long after, long upTo, long most, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
        {
            for (var left = most; left > 0;)
            {
                var (asked, got) = (Math.Min(left, 100_000), 0);
                await foreach (var entry in LogRows.ReadAsync(database, filter, after, upTo, asked, cancellation))
                {
                    (after, got) = (entry.Position, got + 1);
                    if (!Shows(entry)) continue;
                    yield return entry;
                    left--;
                }

                if (got < asked) yield break;
            }
        }

        private bool Shows(LogEntry entry) => everything || tail.Hidden.Shows(entry);
    }
}
