using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using BzPeer.Testing;
using DuckDB.NET.Data;
using Npgsql;
using Shouldly;
using Xunit;

namespace BzPeer.Analytics.Tests;

/// <summary>A day of the log as files for others: the same events as the log gives, and always the same file once the day is closed.</summary>
public sealed class ExportDaysTests : IAsyncLifetime
{
    // Of its own for each test: what comes late counts to today, and the days of one test would be those of another.
    private readonly AnalyticsService service = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => service.InitializeAsync();

    public ValueTask DisposeAsync() => ((IAsyncDisposable)service).DisposeAsync();

    private HttpClient Analyst => service.As(Guid.NewGuid(), Authentication.Analytics);

    private static string Ago(int days) => DateTime.UtcNow.AddDays(-days).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);

    [Fact]
    public async Task A_day_reads_the_same_as_lines_as_parquet_and_in_the_log_for_everybody_and_for_those_who_may_see_everything()
    {
        var (ada, bob) = (Guid.NewGuid(), Guid.NewGuid());
        var work = Guid.NewGuid();
        var details = new WorkDetails("On \"quotes\" 李俊 \u2028 and\nlines", "article", 1843, null, null, null, null, ["Engines"], [new(ada, "Ada Łovelace", 1), new(null, "C. Babbage", 2)], true, false);
        List<IIntegrationEvent> events =
        [
            service.Registered(ada, "Ada Łovelace").Ago(3),
            service.Followed(bob, ada).Ago(3),
            service.Followed(ada, bob).Ago(2),
            service.Next(work, origin => new WorkPublished(origin, work, details)).Ago(3),
            service.Next(bob, origin => new FollowerCountChanged(origin, bob, 1, new('0', 64), 1, new('0', 64), 1)).Ago(3),
            service.Registered(Guid.NewGuid()),
        ];
        await service.TellAsync(events);
        foreach (var e in events) await service.InTheLogAsync(e);

        foreach (var who in new[] { service.Anonymous(), Analyst })
        {
            await SameAsTheLog(who, Ago(3));
            await SameAsTheLog(who, Ago(2));
            await SameAsTheLog(who, Ago(0));
        }

        // From now on an edge is for those who may see everything.
        var before = await Sha(service.Anonymous(), Ago(3));
        var hides = service.Next(bob, origin => new FollowerCountChanged(origin, bob, 1, new('0', 64), 1, new('0', 64), 2, ListsHidden: true));
        await service.TellAsync(hides);
        await service.InTheLogAsync(hides);
        await SameAsTheLog(service.Anonymous(), Ago(3));
        await SameAsTheLog(Analyst, Ago(3));
        (await Sha(service.Anonymous(), Ago(3))).ShouldNotBe(before);
        (await Lines(service.Anonymous(), Ago(3))).ShouldNotContain(line => line.Contains(bob.ToString(), StringComparison.Ordinal));
        (await Lines(Analyst, Ago(3))).Count(line => line.Contains(bob.ToString(), StringComparison.Ordinal)).ShouldBe(2);
    }

    [Fact]
    public async Task A_closed_day_never_grows()
    {
        var first = service.Registered(Guid.NewGuid()).Ago(20);
        await service.TellAsync(first);
        await service.InTheLogAsync(first);
        (await Day(Ago(20))).Closed.ShouldBeFalse("something may still come");
        await service.Sql($"update log_days set changed = now() - interval '2 hours' where day = '{Ago(20)}'");
        (await Day(Ago(20))).Closed.ShouldBeTrue();
        var sha = await Sha(service.Anonymous(), Ago(20));

        var late = service.Registered(Guid.NewGuid()).Ago(20);
        await service.TellAsync(late);
        await service.InTheLogAsync(late);
        var day = await Day(Ago(20));
        (day.Events, day.Closed, day.Files.Parquet.Sha256).ShouldBe((1, true, sha));
        (await Lines(service.Anonymous(), Ago(0))).ShouldContain(line => line.Contains(late.Origin.EventId.ToString(), StringComparison.Ordinal), "it counts to the day it came on");
        (await Day(Ago(0))).Closed.ShouldBeFalse();
    }

    [Fact]
    public async Task Whoever_has_a_file_is_told_so_and_gets_any_part_of_it()
    {
        var one = service.Registered(Guid.NewGuid()).Ago(30);
        await service.TellAsync(one);
        await service.InTheLogAsync(one);
        var client = service.Anonymous();
        var address = $"/api/events/days/{Ago(30)}.parquet";
        using var whole = await client.GetAsync(address, Ct);
        var bytes = await whole.Content.ReadAsByteArrayAsync(Ct);
        whole.Content.Headers.ContentType!.MediaType.ShouldBe("application/vnd.apache.parquet");
        var listed = (await Day(Ago(30))).Files;
        (listed.Parquet.Bytes, listed.Parquet.Events, listed.Parquet.Sha256).ShouldBe((bytes.LongLength, 1, Convert.ToHexStringLower(SHA256.HashData(bytes))));
        (listed.Ndjson.Href, listed.Ndjson.Sha256).ShouldBe(($"/api/events/days/{Ago(30)}.ndjson.gz", null), "nobody asked for it yet");

        using var again = new HttpRequestMessage(HttpMethod.Get, address);
        again.Headers.IfNoneMatch.Add(whole.Headers.ETag!);
        (await client.SendAsync(again, Ct)).StatusCode.ShouldBe(HttpStatusCode.NotModified);

        using var part = new HttpRequestMessage(HttpMethod.Get, address);
        part.Headers.Range = new RangeHeaderValue(null, 4);
        using var tail = await client.SendAsync(part, Ct);
        (tail.StatusCode, await tail.Content.ReadAsStringAsync(Ct)).ShouldBe((HttpStatusCode.PartialContent, "PAR1"));

        using var head = await client.SendAsync(new(HttpMethod.Head, address), Ct);
        (head.StatusCode, head.Content.Headers.ContentLength).ShouldBe((HttpStatusCode.OK, bytes.LongLength));

        using var compressed = new HttpRequestMessage(HttpMethod.Get, $"/api/events/days/{Ago(30)}.ndjson");
        compressed.Headers.AcceptEncoding.Add(new("gzip"));
        using var gzip = await client.SendAsync(compressed, Ct);
        gzip.Content.Headers.ContentEncoding.ShouldBe(["gzip"]);
        Unzip(await gzip.Content.ReadAsByteArrayAsync(Ct)).ShouldBe(await client.GetStringAsync($"/api/events/days/{Ago(30)}.ndjson", Ct));
    }

    [Theory]
    [InlineData("2026-01-31", 400, "malformed-file")]
    [InlineData("2026-01-31.csv", 400, "malformed-file")]
    [InlineData("2026-02-31.parquet", 400, "malformed-file")]
    [InlineData("31.01.2026.parquet", 400, "malformed-file")]
    [InlineData("1815-12-10.parquet", 404, "no-such-day")]
    public async Task What_is_not_there_is_said(string file, int status, string rule)
    {
        using var answer = await service.Anonymous().GetAsync($"/api/events/days/{file}", Ct);
        ((int)answer.StatusCode, JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct)).RootElement.GetProperty("type").GetString()).ShouldBe((status, "https://bzpeer.org/problems/" + rule));
    }

    [Fact]
    public async Task A_large_day_is_made_in_row_groups_of_bounded_size_from_its_own_events_only()
    {
        const string day = "1999-12-31";
        // The log of another year, whose positions lie far from those that are given next.
        await service.Sql(
            $$$"""
            create table log_large partition of log for values from (900000000) to (901000000);
            insert into log (position, source, sequence, id, type, subject, actor, time, day, event) select 900000000 + n, 'follow', n, gen_random_uuid(), 'ResearcherFollowed', gen_random_uuid(), gen_random_uuid(), '{{{day}}}T12:00:00Z', case when n % 2 = 0 then date '{{{day}}}' else date '1999-12-30' - n % 20 end,
              '{"specversion":"1.0","data":{"followerId":"' || gen_random_uuid() || '"}}' from generate_series(1, 240000) n;
            insert into log_days (day, events, first, last, changed) values ('{{{day}}}', 120000, 900000002, 900240000, now());
            analyze log;
            """);
        var file = Path.GetTempFileName();
        await File.WriteAllBytesAsync(file, await service.Anonymous().GetByteArrayAsync($"/api/events/days/{day}.parquet", Ct), Ct);
        Query(file, "select count(*), count(distinct position), min(position), max(position) from read_parquet('{0}')").ShouldBe([["120000", "120000", "900000002", "900240000"]]);
        Query(file, "select max(n) <= 50000, count(*) from (select max(row_group_num_rows) n from parquet_metadata('{0}') group by row_group_id)").ShouldBe([["True", "3"]]);
        var plan = await service.Plan("select position, event from log where day = '1999-12-29' order by position");
        plan.ShouldContain("log_large_day_position_idx", customMessage: plan);
        File.Delete(file);
    }

    /// <summary>Lines, lines compressed, rows and the log say the same of a day.</summary>
    private async Task SameAsTheLog(HttpClient who, string day)
    {
        var log = (await service.ReplayAsync(client: who)).Where(item => item.GetProperty("time").GetString()!.StartsWith(day, StringComparison.Ordinal)).ToList();
        (await Lines(who, day)).ShouldBe(log.Select(item => item.GetRawText()));
        Unzip(await who.GetByteArrayAsync($"/api/events/days/{day}.ndjson.gz", Ct)).ShouldBe(string.Concat(log.Select(item => item.GetRawText() + "\n")));

        var file = Path.GetTempFileName();
        await File.WriteAllBytesAsync(file, await who.GetByteArrayAsync($"/api/events/days/{day}.parquet", Ct), Ct);
        Query(file, "select position, id, source, type, subject, actor, epoch_us(time)::varchar, sequence, data from read_parquet('{0}') order by position").ShouldBe(log.Select(item => new[]
        {
            item.GetProperty("position").GetRawText(), item.GetProperty("id").GetString(), item.GetProperty("source").GetString(), item.GetProperty("type").GetString(),
            item.GetProperty("subject").GetString(), item.TryGetProperty("actor", out var actor) ? actor.GetString() : null,
            ((item.GetProperty("time").GetDateTimeOffset() - DateTimeOffset.UnixEpoch).Ticks / 10).ToString(System.Globalization.CultureInfo.InvariantCulture),
            item.GetProperty("sequence").GetRawText(), item.GetProperty("data").GetRawText(),
        }));
        Query(file, "select column_name, column_type from (describe select * from read_parquet('{0}'))").Select(column => string.Join(' ', column)).ShouldBe(
            ["position BIGINT", "id VARCHAR", "source VARCHAR", "type VARCHAR", "subject VARCHAR", "actor VARCHAR", "time TIMESTAMP WITH TIME ZONE", "sequence BIGINT", "data VARCHAR"]);
        File.Delete(file);
    }

    private static string?[][] Query(string file, string sql)
    {
        using var duck = new DuckDBConnection("DataSource=:memory:");
        duck.Open();
        using var command = duck.CreateCommand();
        command.CommandText = string.Format(System.Globalization.CultureInfo.InvariantCulture, sql, file);
        using var row = command.ExecuteReader();
        List<string?[]> rows = [];
        while (row.Read()) rows.Add([.. Enumerable.Range(0, row.FieldCount).Select(n => row.IsDBNull(n) ? null : Convert.ToString(row.GetValue(n), System.Globalization.CultureInfo.InvariantCulture))]);
        return [.. rows];
    }

    private async Task<ExportDay> Day(string day) =>
        (await service.Anonymous().GetFromJsonAsync<ExportDayList>("/api/events/days", Ct))!.Items.Single(one => one.Day.ToString("O", System.Globalization.CultureInfo.InvariantCulture) == day);

    private static async Task<string> Sha(HttpClient who, string day) => Convert.ToHexStringLower(SHA256.HashData(await who.GetByteArrayAsync($"/api/events/days/{day}.parquet", Ct)));

    private static async Task<string[]> Lines(HttpClient who, string day) => (await who.GetStringAsync($"/api/events/days/{day}.ndjson", Ct)).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static string Unzip(byte[] bytes)
    {
        using var text = new StreamReader(new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress), Encoding.UTF8);
        return text.ReadToEnd();
    }
}
