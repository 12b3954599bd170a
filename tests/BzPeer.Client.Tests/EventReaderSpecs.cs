using System.Text.Json;

namespace BzPeer.Client.Tests;

public sealed class EventReaderSpecs
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string Event(long position, string type = "follow.ResearcherFollowed", string? data = null) =>
        $$"""{"position":{{position}},"specversion":"1.0","id":"{{Id(position)}}","source":"follow","type":"org.bzpeer.{{type}}","subject":"{{Id(2)}}","time":"2026-01-02T03:04:05.678901Z","datacontenttype":"application/json","sequence":{{position * 10}},"previous":{{(position * 10) - 10}},"stream":"{{Id(3)}}","streamversion":4,"actor":"{{Id(1)}}","data":{{data ?? $$"""{"followerId":"{{Id(1)}}","followeeId":"{{Id(2)}}","mergeId":null,"mood":"Grüße"}"""}}}""";

    private static string Sent(long position) => $"id: {position}\ndata: {Event(position)}\n\n";

    private static Guid Id(long number) => new($"00000000-0000-4000-8000-{number:d12}");

    private static async Task<List<long>> ReadAsync(FakeSite site, long? after, int count) =>
        await new EventReader(site.Client()).ReadAsync(after, Ct).Take(count).Select(e => e.Position).ToListAsync(Ct);

    [Fact]
    public void An_event_is_its_contract_with_the_origin_that_its_attributes_say()
    {
        var e = ReceivedEvent.Parse(Event(7));
        e.Event.ShouldBe(new ResearcherFollowed(new(Id(7), new(2026, 1, 2, 3, 4, 5, 678, 901, TimeSpan.Zero), "follow", Id(2), 70, 60, Id(3), 4), Id(1), Id(2)));
        (e.Position, e.Id, e.Type, e.Subject).ShouldBe((7, Id(7), "org.bzpeer.follow.ResearcherFollowed", Id(2)));
        e.Data.GetProperty("mood").GetString().ShouldBe("Grüße", "what a later version says is there, untyped");
    }

    [Fact]
    public void Every_contract_comes_back_as_it_was_sent()
    {
        foreach (var file in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Samples"), "*.json"))
        {
            // Of a contract that has changed, older samples stand beside the newest.
            var name = Path.GetFileName(file).Split('.')[0];
            var contract = CloudEvents.Contracts[name];
            var sample = (IIntegrationEvent)JsonSerializer.Deserialize(File.ReadAllText(file), contract, JsonSerializerOptions.Web)!;
            var e = ReceivedEvent.Parse(Event(7, $"{CloudEvents.SourceOf(contract)}.{name}", System.Text.Encoding.UTF8.GetString(CloudEvents.Data(sample))));
            e.Event.ShouldBeOfType(contract);
            e.Event!.Origin.EventId.ShouldBe(Id(7));
            CloudEvents.Data(e.Event).ShouldBe(CloudEvents.Data(sample));
        }
    }

    [Fact]
    public void A_type_of_the_future_comes_as_its_data()
    {
        var e = ReceivedEvent.Parse(Event(7, "follow.ResearcherWavedAt", """{"hand":"left"}"""));
        (e.Event, e.Type, e.Data.GetProperty("hand").GetString()).ShouldBe((null, "org.bzpeer.follow.ResearcherWavedAt", "left"));
    }

    [Fact]
    public void What_is_no_event_is_refused() => Should.Throw<JsonException>(() => ReceivedEvent.Parse("""{"hello":"world"}"""));

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100)]
    public async Task Events_are_whole_however_they_are_cut(int bytesAtOnce) =>
        (await ReadAsync(new FakeSite().Events("retry: 1000\n\n" + Sent(1) + ":\n\n" + Sent(2) + Sent(3), bytesAtOnce), null, 3)).ShouldBe([1, 2, 3]);

    [Fact]
    public async Task After_a_break_it_goes_on_where_it_was_and_half_an_event_is_none()
    {
        var site = new FakeSite().Events(Sent(5) + Sent(6) + Sent(7)[..^20]).IsAway().Problem(503, "service-unavailable").Events(Sent(7) + Sent(8));
        (await ReadAsync(site, 4, 4)).ShouldBe([5, 6, 7, 8]);
        site.Paths.ShouldBe(["/api/events?after=4", "/api/events?after=6", "/api/events?after=6", "/api/events?after=6"]);
    }

    [Fact]
    public async Task What_comes_again_is_passed_over() => (await ReadAsync(new FakeSite().Events(Sent(5)).Events(Sent(4) + Sent(5) + Sent(6)), 4, 2)).ShouldBe([5, 6]);

    [Fact]
    public async Task A_peer_that_is_gone_without_a_word_is_not_waited_for_for_ever()
    {
        var site = new FakeSite().Events(Sent(1), silent: true).Events(Sent(2));
        var broken = new List<Exception>();
        var reader = new EventReader(site.Client()) { Silence = TimeSpan.FromMilliseconds(50), Broken = broken.Add };
        (await reader.ReadAsync(null, Ct).Take(2).CountAsync(Ct)).ShouldBe(2);
        broken.ShouldHaveSingleItem().ShouldBeOfType<TimeoutException>();
    }

    [Fact]
    public async Task A_cursor_that_is_too_old_and_a_refusal_end_the_reading()
    {
        await Should.ThrowAsync<CursorTooOld>(() => ReadAsync(new FakeSite().Problem(400, "cursor-too-old"), 4, 1));
        (await Should.ThrowAsync<BzPeerProblem>(() => ReadAsync(new FakeSite().Problem(401, "no-token"), 4, 1))).Status.ShouldBe(401);
    }

    [Fact]
    public async Task Batches_hold_what_has_arrived_together_and_what_ends_the_reading_comes_after_the_last()
    {
        var site = new FakeSite().Events(string.Concat(Enumerable.Range(1, 25).Select(n => Sent(n)))).Problem(400, "cursor-too-old");
        var got = new List<IReadOnlyList<ReceivedEvent>>();
        await Should.ThrowAsync<CursorTooOld>(async () =>
        {
            await foreach (var batch in new EventReader(site.Client()).ReadBatchesAsync(null, most: 10, Ct)) got.Add(batch);
        });
        got.SelectMany(batch => batch).Select(e => e.Position).ShouldBe(Enumerable.Range(1, 25).Select(n => (long)n));
        got.ShouldAllBe(batch => batch.Count > 0 && batch.Count <= 10);
    }

    [Fact]
    public async Task A_filter_is_asked_for()
    {
        var site = new FakeSite().Events(Sent(1));
        await new EventReader(site.Client(), new(["ResearcherFollowed", "ResearcherUnfollowed"], Id(2))).ReadAsync(0, Ct).FirstAsync(Ct);
        site.Paths.ShouldBe([$"/api/events?after=0&subject={Id(2)}&type=ResearcherFollowed&type=ResearcherUnfollowed"]);
        site.Asked[0].Headers.Accept.ToString().ShouldBe("text/event-stream");
    }

    [Fact]
    public async Task A_checkpoint_in_a_file_is_there_the_next_time()
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            var checkpoint = new FileCheckpoint(Path.Combine(folder.FullName, "position"));
            (await checkpoint.ReadAsync(Ct)).ShouldBeNull();
            await checkpoint.WriteAsync(12_345, Ct);
            await checkpoint.WriteAsync(7, Ct);
            (await new FileCheckpoint(Path.Combine(folder.FullName, "position")).ReadAsync(Ct)).ShouldBe(7);
            Directory.GetFiles(folder.FullName).Length.ShouldBe(1);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
