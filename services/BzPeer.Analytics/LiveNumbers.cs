using System.Globalization;
using System.Text.Json;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using Npgsql;

namespace BzPeer.Analytics;

/// <summary>How many follow a researcher and are followed: <c>counts</c>. Null where the researcher hides it.</summary>
/// <param name="Position">In the follow service's events: an answer of that service <c>asOf</c> this position or later says nothing older.</param>
/// <param name="Followers">Who follow the researcher.</param>
/// <param name="Following">Whom the researcher follows.</param>
internal sealed record LiveCounts(string Position, long? Followers, long? Following);

/// <summary>The sums of a researcher's bibliography: <c>bibliography</c>.</summary>
/// <param name="Position">In the publication service's events.</param>
/// <param name="Works">Works listed.</param>
/// <param name="Topics">Distinct topics.</param>
/// <param name="CloseCollaborators">Co-authors with a strength of at least 0.2.</param>
internal sealed record LiveBibliography(string Position, int Works, int Topics, int CloseCollaborators);

/// <summary>A researcher's trust: <c>trust</c>.</summary>
/// <param name="Position">In the trust service's events.</param>
/// <param name="Score">0 to 100.</param>
/// <param name="Level">The band of the score.</param>
internal sealed record LiveTrust(string Position, int Score, string Level);

/// <summary>A work of the researcher was corrected, which need not change any number: <c>work</c>.</summary>
/// <param name="Position">In the publication service's events.</param>
/// <param name="WorkId">The work.</param>
internal sealed record LiveWork(string Position, Guid WorkId);

/// <summary>
/// <c>GET /api/researchers/{id}/live</c>: the numbers of one researcher as server-sent events. States, not history: at the start the newest
/// of each kind, then each as it changes, and whoever was away or reads slowly gets the newest only. A correction is told to who listens while
/// it happens: who comes back reads the works again. A researcher nothing is known of has
/// no numbers yet: the stream stays open until there are some, for a browser that is answered 404 does not come again.
/// </summary>
internal static class LiveNumbers
{
    private const int PageSize = 2_000;

    internal static void MapLiveNumbers(this WebApplication app) =>
        app.MapGet("/api/researchers/{id}/live", HandleAsync).AllowAnonymous().WaitsForLog().WithName("LiveNumbers").WithTags("Events")
            .Produces<string>(StatusCodes.Status200OK, "text/event-stream").Produces(301).ProducesProblem(400);

    private static async Task<IResult> HandleAsync(Guid id, string? after, HttpContext http, LogTail tail, Numbers numbers, NpgsqlDataSource database, TimeProvider clock)
    {
        // A browser that reconnects repeats the address it began with, and says in this header how far it came.
        if (http.Request.Headers["Last-Event-ID"] is [{ Length: > 0 } last]) after = last;
        if (!long.TryParse(after ?? "0", NumberStyles.None, CultureInfo.InvariantCulture, out var seen))
            return Problems.Malformed("after", "A cursor is the id of the last event you have, a whole number; none for the numbers as they are.");

        await using (var moment = await numbers.LookAsync(http.RequestAborted))
            if (await Merged.MovedAsync(moment, id, survivor => $"/api/researchers/{survivor}/live", http) is { } moved) return moved;

        var head = await tail.LookAsync(http.RequestAborted);
        await EventStream.BeginAsync(http);
        using var following = tail.Follow();
        // A cursor beyond the end is from another log: nothing of this one was seen.
        var news = await LogRows.NewestAsync(database, id, seen > head.Position ? 0 : seen, head.Position, http.RequestAborted);
        for (seen = head.Position; ;)
        {
            foreach (var entry in news) Write(http, entry);
            await http.Response.BodyWriter.FlushAsync(http.RequestAborted);

            var changed = tail.Changed;
            if (tail.TryRead(seen, PageSize) is not { } read)
            {
                var upTo = tail.Head.Position;
                news = await LogRows.NewestAsync(database, id, seen, upTo, http.RequestAborted);
                seen = upTo;
            }
            else if (read.Count == 0)
            {
                news = [];
                await EventStream.WaitAsync(http, changed, clock);
            }
            else
            {
                news = [.. read.Where(entry => (entry.Subject == id && LogRows.States.Contains(entry.Type)) || entry.Corrects(id))
                    .GroupBy(entry => entry.Type).Select(same => same.Last()).OrderBy(entry => entry.Position)];
                seen = read[^1].Position;
            }
        }
    }

    private static void Write(HttpContext http, LogEntry entry)
    {
        using var item = JsonDocument.Parse(entry.Item);
        var (sequence, data) = (item.RootElement.GetProperty("sequence").GetInt64(), item.RootElement.GetProperty("data"));
        var body = http.Response.BodyWriter;
        switch (entry.Type)
        {
            case nameof(FollowerCountChanged):
                // The event itself is younger than what it counts: another's follow may lie in between.
                var hidden = data.GetProperty("countsHidden").GetBoolean();
                EventStream.Write(body, entry.Position, "counts"u8, Json(new LiveCounts(
                    $"{Sources.Follow}:{data.GetProperty("countVersion").GetInt64()}", hidden ? null : data.GetProperty("followers").GetInt64(), hidden ? null : data.GetProperty("following").GetInt64())));
                break;
            case nameof(BibliographyChanged):
                EventStream.Write(body, entry.Position, "bibliography"u8, Json(new LiveBibliography(
                    $"{Sources.Publication}:{data.GetProperty("bibliographyVersion").GetInt64()}",
                    data.GetProperty("works").GetInt32(), data.GetProperty("topics").GetInt32(), data.GetProperty("closeCollaborators").GetInt32())));
                break;
            case nameof(TrustRecalculated):
                EventStream.Write(body, entry.Position, "trust"u8, Json(new LiveTrust($"{Sources.Trust}:{sequence}", data.GetProperty("score").GetInt32(), data.GetProperty("level").GetString()!)));
                break;
            case nameof(WorkCorrected):
                EventStream.Write(body, entry.Position, "work"u8, Json(new LiveWork($"{Sources.Publication}:{sequence}", entry.Subject)));
                break;
        }
    }

    private static byte[] Json<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value, JsonSerializerOptions.Web);
}
