using System.IO.Compression;
using System.Text;
using System.Text.Json;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using BzPeer.Testing;
using DuckDB.NET.Data;
using RabbitMQ.Client;
using Shouldly;
using Xunit;

namespace BzPeer.Analytics.Tests;

/// <summary>Whoever was erased is nowhere by name: not in the log, not in what waits to be in it, not in files, not in what arrives late.</summary>
public sealed class ErasureTests
{
    private const string Name = "Zenobia Quux-Ørsted";
    private const string Orcid = "0000-0002-1825-0097";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_erased_name_is_nowhere_and_everything_else_is_as_it_was()
    {
        await using var service = await Started(new());
        var story = new Story(service);
        await service.TellAsync(story.Told);
        await service.InTheLogAsync(story.Told[^1]);
        await service.TellAsync(story.Held);
        await service.WithBrokerAsync(async channel => await channel.BasicPublishAsync(CloudEvents.Exchange, "profile", mandatory: true, new BasicProperties(), Encoding.UTF8.GetBytes($"{story.Erased} is {Name}"), Ct));
        await Eventually.Async(async _ => (await service.Rows("log_rejected", "history")).Length + (await service.Rows("log_held", "sequence")).Length, n => n == 2, "one is held and one put aside", ct: Ct);
        foreach (var extension in new[] { "ndjson.gz", "parquet" }) await service.Anonymous().GetByteArrayAsync($"/api/events/days/{story.Day}.{extension}", Ct);
        (await Everything(service)).ShouldContain(Name);
        var before = await service.ReplayAsync();

        await service.TellAsync(story.Erasure, story.Late);
        await service.InTheLogAsync(story.Late);
        await NowhereAsync(service);

        var after = (await service.ReplayAsync())[..before.Length];
        after.Select(Envelope).ShouldBe(before.Select(Envelope), "positions and envelopes stay");
        after.Count(item => item.GetProperty("data").TryGetProperty("erased", out var erased) && erased.GetBoolean()).ShouldBe(4);
        foreach (var item in after)
        {
            var contract = CloudEvents.Contracts[item.GetProperty("type").GetString()!.Split('.')[^1]];
            JsonSerializer.Deserialize(item.GetProperty("data"), contract, JsonSerializerOptions.Web).ShouldNotBeNull("what is left still reads as the contract");
        }

        var work = after.Single(item => item.GetProperty("type").GetString()!.EndsWith("WorkPublished", StringComparison.Ordinal)).GetProperty("data").Deserialize<WorkPublished>(JsonSerializerOptions.Web)!.Work;
        work.Authors.ShouldBe([new(story.Erased, "", 1), new(story.CoAuthor, "Colin Other", 2), new(null, "Unknown Third", 3)]);
        after.Where(item => item.GetProperty("subject").GetGuid() != story.Erased && item.GetProperty("subject").GetGuid() != story.Work).Select(item => item.GetRawText())
            .ShouldBe(before.Where(item => item.GetProperty("subject").GetGuid() != story.Erased && item.GetProperty("subject").GetGuid() != story.Work).Select(item => item.GetRawText()), "others' events are untouched");

        // What was held comes when its predecessor does; it, too, says nothing any more.
        await service.TellAsync(story.Missing);
        await service.InTheLogAsync(story.Held);
        await NowhereAsync(service);
        await service.Anonymous().GetByteArrayAsync($"/api/events/days/{story.Day}.parquet", Ct);
        (await Everything(service)).ShouldContain("Colin Other", customMessage: "files are made anew");
        await NowhereAsync(service);
    }

    [Fact]
    public async Task Whoever_follows_the_end_of_the_log_is_not_told_from_memory()
    {
        await using var service = await Started(new());
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/events");
        request.Headers.Accept.Add(new("text/event-stream"));
        using var follows = await service.Anonymous().SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Ct);
        using var lines = new StreamReader(await follows.Content.ReadAsStreamAsync(Ct));
        var story = new Story(service);
        await service.TellAsync(story.Told);
        string? line;
        do line = await lines.ReadLineAsync(Ct);
        while (line?.Contains(story.Told[^1].Origin.EventId.ToString(), StringComparison.Ordinal) == false);

        await service.TellAsync(story.Erasure);
        await service.InTheLogAsync(story.Erasure);
        await NowhereAsync(service);
        using var again = new HttpRequestMessage(HttpMethod.Get, $"/api/events?after=0&limit={story.Told.Length}");
        again.Headers.Accept.Add(new("text/event-stream"));
        using var answer = await service.Anonymous().SendAsync(again, Ct);
        var told = await answer.Content.ReadAsStringAsync(Ct);
        told.ShouldContain("Colin Other");
        told.ShouldNotContain("Zenobia");
    }

    [Fact]
    public async Task An_erasure_that_was_interrupted_is_ended_by_whoever_starts_next()
    {
        var first = await Started(new());
        var story = new Story(first);
        await using (var busy = await first.Database.OpenConnectionAsync(Ct))
        {
            // Somebody else seems to be masking, so that nothing is, until this instance is gone.
            await using (var take = busy.CreateCommand())
            {
                take.CommandText = "select pg_advisory_lock(5102031)";
                await take.ExecuteNonQueryAsync(Ct);
            }

            await first.TellAsync(story.Told);
            await first.InTheLogAsync(story.Told[^1]);
            await first.TellAsync(story.Erasure);
            await first.InTheLogAsync(story.Erasure);
            // Half of it is done: what is theirs is masked, and works are looked through up to the first of the two.
            await first.Sql("update log_erasures set masked = position - 3");
            await first.Sql("""update log set event = replace(replace(event, 'Zenobia Quux-Ørsted', ''), '0000-0002-1825-0097', '') where position < (select position - 2 from log_erasures) and type <> 'WorkCorrected'""");
            (await Everything(first)).ShouldContain(Name);
            await ((IAsyncDisposable)first).DisposeAsync();
            await using var leave = busy.CreateCommand();
            leave.CommandText = "select pg_advisory_unlock(5102031)";
            await leave.ExecuteNonQueryAsync(Ct);
        }

        await using var second = await Started(new(first));
        await NowhereAsync(second);
        var late = story.Late;
        await second.TellAsync(late);
        await second.InTheLogAsync(late);
        await NowhereAsync(second);
    }

    private static async Task NowhereAsync(AnalyticsService service)
    {
        await Eventually.Async(async _ => await service.Rows("log_erasures where masked < position", "researcher"), left => left.Length == 0, "everything is masked", ct: Ct);
        await Eventually.Async(async _ => await Everything(service), text => !text.Contains("Zenobia", StringComparison.Ordinal) && !text.Contains(Orcid, StringComparison.Ordinal), "nothing names them", ct: Ct);
    }

    /// <summary>All that is stored, kept as a file or answered, as one text.</summary>
    private static async Task<string> Everything(AnalyticsService service)
    {
        var all = new StringBuilder();
        foreach (var table in new[] { "log", "log_held" }) all.AppendJoin('\n', await service.Rows(table, "sequence"));
        all.AppendJoin('\n', await service.Rows("log_rejected", "history", "reason, encode(body, 'escape')"));
        all.AppendJoin('\n', (await service.ReplayAsync(client: service.As(Guid.NewGuid(), Authentication.Analytics))).Select(item => item.GetRawText()));
        foreach (var file in service.Exports)
        {
            if (file.EndsWith(".gz", StringComparison.Ordinal)) all.Append(await new StreamReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress)).ReadToEndAsync(Ct));
            if (!file.EndsWith(".parquet", StringComparison.Ordinal)) continue;
            await using var duck = new DuckDBConnection("DataSource=:memory:");
            await duck.OpenAsync(Ct);
            await using var command = duck.CreateCommand();
            command.CommandText = $"select string_agg(data, '\n') from '{file}'";
            all.Append(await command.ExecuteScalarAsync(Ct));
        }

        return all.ToString();
    }

    private static string Envelope(JsonElement item) => string.Join('|', item.EnumerateObject().Where(field => field.Name != "data"));

    private static async Task<AnalyticsService> Started(AnalyticsService service)
    {
        await service.InitializeAsync();
        return service;
    }

    /// <summary>Everything in which a researcher is named, beside somebody who is not erased.</summary>
    private sealed class Story
    {
        public Story(AnalyticsService service)
        {
            var details = new WorkDetails("A title", "article", 2020, null, null, null, null, [], [new(Erased, Name, 1), new(CoAuthor, "Colin Other", 2), new(null, "Unknown Third", 3)], true, false);
            Told =
            [
                service.Registered(CoAuthor, "Colin Other").Ago(5),
                service.Next(Erased, origin => new ResearcherRegistered(origin, Erased, Name, "orcid", Orcid, "A1")).Ago(5),
                service.Next(Erased, origin => new AuthorIdentified(origin, Erased, Name, "orcid", Orcid, "A1", ["orcid:" + Orcid], new(Name + " Institute", null, "orcid", null))).Ago(5),
                service.Next(Erased, origin => new ProfileChanged(origin, Erased, Name, Name + " writes", true, Name + " Institute", Orcid, "A1")).Ago(5),
                service.Next(Erased, origin => new IdentityValidated(origin, Erased, Guid.NewGuid(), "identity", "orcid", Orcid)).Ago(5),
                service.Followed(Erased, CoAuthor).Ago(5),
                service.Next(Work, origin => new WorkPublished(origin, Work, details)).Ago(5),
                service.Next(Work, origin => new WorkCorrected(origin, Work, details with { Title = "Another title" })).Ago(5),
                service.Followed(CoAuthor, Erased).Ago(5),
            ];
            Erasure = service.Next(Erased, origin => new ResearcherErased(origin, Erased));
            Late = service.Next(Erased, origin => new ProfileChanged(origin, Erased, Name, Name + " writes", true, null, Orcid, null));
            Missing = service.Next(Work, origin => new WorkRetracted(origin, Work, "for a test", "nowhere"));
            Held = service.Next(Work, origin => new WorkCorrected(origin, Work, details with { Title = "A third title" })).Ago(5);
        }

        public Guid Erased { get; } = Guid.NewGuid();

        public Guid CoAuthor { get; } = Guid.NewGuid();

        public Guid Work { get; } = Guid.NewGuid();

        public string Day { get; } = DateTime.UtcNow.AddDays(-5).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);

        public IIntegrationEvent[] Told { get; }

        public ResearcherErased Erasure { get; }

        /// <summary>Comes after the erasure.</summary>
        public ProfileChanged Late { get; }

        /// <summary>What <see cref="Held"/> waits for.</summary>
        public WorkRetracted Missing { get; }

        public WorkCorrected Held { get; }
    }
}
