using System.Text;
using BzPeer.Contracts;
using BzPeer.Testing;
using CsCheck;
using Npgsql;
using Shouldly;
using Xunit;

namespace BzPeer.Analytics.Tests;

/// <summary>The numbers on a real store: the same whatever the batches, whatever the interleaving of sources, and when they are made anew.</summary>
public sealed class NumbersTests : IAsyncLifetime
{
    private static readonly DateTime Begin = new(2026, 1, 30, 22, 0, 0, DateTimeKind.Utc);
    private static readonly Guid[] People = [.. Enumerable.Range(1, 5).Select(n => new Guid(n, 0, 0, new byte[8]))];

    private NpgsqlDataSource database = null!;
    private EventLog log = null!;
    private Numbers numbers = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        database = NpgsqlDataSource.Create(await TestServers.Database("numbers"));
        (log, numbers) = (new(database), new(database));
        await log.CreateAsync(Ct);
        await numbers.CreateAsync(Ct);
    }

    public ValueTask DisposeAsync() => database.DisposeAsync();

    [Fact]
    public Task Neither_batches_nor_the_interleaving_of_sources_nor_a_rebuild_change_them() => Check.SampleAsync(Gen.Int[0, 1_000_000], async seed =>
    {
        var random = new Random(seed);
        List<IIntegrationEvent>[] sources = [Follows(random), Works(random), Trust(random)];
        var inOrder = await NumbersOf([.. sources.SelectMany(source => source)], () => 1_000);
        var interleaved = await NumbersOf(Interleave(random, sources), () => random.Next(1, 40));
        interleaved.ShouldBe(inOrder);
        (await numbers.RebuildAsync(7, Ct)).ShouldBe((sources.Sum(source => (long)source.Count), 0L));
        (await RowsAsync()).ShouldBe(inOrder);
    }, iter: 12, threads: 1);

    [Fact]
    public Task Followers_at_the_end_of_a_day_are_the_edges_that_stood_then() => Check.SampleAsync(Gen.Int[0, 1_000_000], async seed =>
    {
        var random = new Random(seed);
        var follows = Follows(random);
        await NumbersOf(follows, () => random.Next(1, 40));
        foreach (var person in People)
            for (var day = DateOnly.FromDateTime(Begin); day <= DateOnly.FromDateTime(Begin).AddDays(12); day = day.AddDays(1))
            {
                var edges = new HashSet<Guid>();
                foreach (var e in follows.Where(e => e.Origin.Subject == person && DateOnly.FromDateTime(e.Origin.OccurredAt.UtcDateTime) <= day))
                    _ = e is ResearcherFollowed followed ? edges.Add(followed.FollowerId) : edges.Remove(((ResearcherUnfollowed)e).FollowerId);
                (await NumberAsync($"select coalesce(sum(gained - lost), 0) from numbers.follower_hours where researcher = '{person}' and (hour at time zone 'UTC')::date <= '{day:yyyy-MM-dd}'"))
                    .ShouldBe(edges.Count, $"{person} at the end of {day}");
            }
    }, iter: 6, threads: 1);

    [Fact]
    public async Task An_edge_said_to_stand_that_stands_already_counts_once_and_what_a_merge_brings_is_apart()
    {
        var (a, b) = (People[0], People[1]);
        await NumbersOf(
            [
                Event(1, 0, b, origin => new ResearcherFollowed(origin, a, b)), Event(2, 1, b, origin => new ResearcherFollowed(origin, a, b, Guid.NewGuid())),
                Event(3, 2, b, origin => new ResearcherFollowed(origin, People[2], b, Guid.NewGuid())), Event(4, 2, b, origin => new ResearcherUnfollowed(origin, People[3], b)),
            ], () => 10);
        (await NumberAsync("select sum(gained) from numbers.follower_hours")).ShouldBe(2);
        (await NumberAsync("select sum(lost) from numbers.follower_hours")).ShouldBe(0);
        (await NumberAsync("select sum(merged) from numbers.follower_hours")).ShouldBe(1);
        (await NumberAsync("select count(*) from numbers.follows")).ShouldBe(2);
    }

    [Fact]
    public async Task A_clock_that_jumped_back_ends_no_edge_before_it_began()
    {
        var (a, b) = (People[0], People[1]);
        await NumbersOf([Event(1, 30, b, origin => new ResearcherFollowed(origin, a, b)), Event(2, 1, b, origin => new ResearcherUnfollowed(origin, a, b))], () => 1);
        (await RowsAsync("follower_hours", "researcher, hour")).ShouldHaveSingleItem().ShouldContain(",1,1,0)");
    }

    [Fact]
    public async Task A_rebuild_puts_right_what_is_wrong_and_says_how_much_and_goes_on_from_there()
    {
        var sources = Follows(new Random(3));
        var right = await NumbersOf(sources, () => 10);
        await Statements.ExecuteAsync(await database.OpenConnectionAsync(Ct), "update numbers.follower_hours set gained = gained + 1 where researcher = (select min(researcher::text)::uuid from numbers.follower_hours); delete from numbers.follows", Ct);
        (await numbers.RebuildAsync(1_000, Ct)).Differed.ShouldBeGreaterThan(1);
        (await RowsAsync()).ShouldBe(right);

        await AppendAsync([Event(10_000, 400, People[0], origin => new ResearcherFollowed(origin, Guid.NewGuid(), People[0]))]);
        (await numbers.FoldAsync(10, Ct)).ShouldBe(1);
        (await numbers.FoldAsync(10, Ct)).ShouldBe(0);
    }

    [Fact]
    public async Task Instances_that_count_at_once_count_everything_once()
    {
        var random = new Random(11);
        List<IIntegrationEvent>[] sources = [Follows(random), Works(random), Trust(random)];
        var alone = await NumbersOf(Interleave(random, sources), () => 1_000);
        await StartAnewAsync();
        await AppendAsync(Interleave(random, sources));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            var other = new Numbers(database);
            while (await other.FoldAsync(3, Ct) > 0) { }
        }));
        (await RowsAsync()).ShouldBe(alone);
    }

    private async Task<string[]> NumbersOf(IReadOnlyList<IIntegrationEvent> events, Func<int> batch)
    {
        await StartAnewAsync();
        await AppendAsync(events);
        while (await numbers.FoldAsync(batch(), Ct) > 0) { }
        return await RowsAsync();
    }

    private async Task StartAnewAsync()
    {
        await using var anew = database.CreateCommand("drop schema if exists numbers cascade; truncate log, log_marks; update log_head set position = 0, history = -1");
        await anew.ExecuteNonQueryAsync(Ct);
        await numbers.CreateAsync(Ct);
    }

    private async Task AppendAsync(IReadOnlyList<IIntegrationEvent> events)
    {
        var head = await log.HeadAsync(Ct);
        await log.AppendAsync(head, new([.. events.Select(InTheLog)], [], 0), [], head.History + 1, null, Ct);
    }

    private static Arrived InTheLog(IIntegrationEvent e) => new(
        e.Origin.Source, e.Origin.Sequence, e.Origin.Previous, e.Origin.EventId, e.GetType().Name, e.Origin.Subject,
        e switch { ResearcherFollowed f => f.FollowerId, ResearcherUnfollowed u => u.FollowerId, _ => null },
        e.Origin.OccurredAt.UtcDateTime, Encoding.UTF8.GetBytes($$"""{"data":{{Encoding.UTF8.GetString(CloudEvents.Data(e))}}}"""));

    /// <summary>Every row of every table of the numbers.</summary>
    private async Task<string[]> RowsAsync()
    {
        var all = new List<string>();
        foreach (var (table, key) in Numbers.Tables) all.AddRange((await RowsAsync(table, key)).Select(row => $"{table}{row}"));
        return [.. all];
    }

    private async Task<string[]> RowsAsync(string table, string key)
    {
        await using var command = database.CreateCommand($"select coalesce(array_agg(t::text order by {key}), '{{}}') from numbers.{table} t");
        return (string[])(await command.ExecuteScalarAsync(Ct))!;
    }

    private async Task<long> NumberAsync(string sql)
    {
        await using var command = database.CreateCommand(sql);
        return Convert.ToInt64(await command.ExecuteScalarAsync(Ct), System.Globalization.CultureInfo.InvariantCulture);
    }

    private static T Event<T>(long sequence, double hours, Guid subject, Func<EventOrigin, T> make) where T : IIntegrationEvent =>
        make(new(Guid.NewGuid(), Begin.AddHours(hours), CloudEvents.SourceOf(typeof(T)), subject, sequence, sequence - 1, subject, sequence));

    private static List<IIntegrationEvent> Follows(Random random) =>
    [
        .. Enumerable.Range(1, 80).Select(n =>
        {
            var (a, b) = (People[random.Next(5)], People[random.Next(5)]);
            Guid? merge = random.Next(5) == 0 ? People[0] : null;
            return random.Next(3) > 0 ? Event(n, n * 3, b, origin => new ResearcherFollowed(origin, a, b, merge)) : (IIntegrationEvent)Event(n, n * 3, b, origin => new ResearcherUnfollowed(origin, a, b, merge));
        }),
    ];

    private static List<IIntegrationEvent> Works(Random random) =>
    [
        .. Enumerable.Range(1, 60).Select(n =>
        {
            var (work, other) = (People[random.Next(5)], People[random.Next(5)]);
            DateOnly? date = random.Next(3) == 0 ? null : new DateOnly(2020 + random.Next(3), 1 + random.Next(12), 5);
            var details = new WorkDetails("A work", "article", random.Next(4) == 0 ? null : 2020 + random.Next(3), date, null, null, null,
                [.. new[] { "networks", "graphs", "Łukasz's topic", "graphs" }.Take(random.Next(5))], [], true, random.Next(6) == 0);
            return random.Next(7) switch
            {
                0 => Event(n, n * 4, work, origin => new WorkRetracted(origin, work, "withdrawn", "curator")),
                1 => Event(n, n * 4, work, origin => new WorkRemoved(origin, work, "merged", other)),
                2 => Event(n, n * 4, work, origin => new ResearchersMerged(origin, Guid.NewGuid(), work, other, [work])),
                3 => Event(n, n * 4, work, origin => new ResearchersSplit(origin, Guid.NewGuid(), work, other, [work])),
                4 => Event(n, n * 4, work, origin => new WorkCorrected(origin, work, details)),
                _ => (IIntegrationEvent)Event(n, n * 4, work, origin => new WorkPublished(origin, work, details)),
            };
        }),
    ];

    private static List<IIntegrationEvent> Trust(Random random) =>
    [
        .. Enumerable.Range(1, 60).Select(n =>
        {
            var (id, score) = (People[random.Next(5)], random.Next(101));
            // A clock jumps now and then.
            return (IIntegrationEvent)Event(n, (n * 4) - (random.Next(8) == 0 ? 30 : 0), id, origin => new TrustRecalculated(
                origin, id, score, score < 21 ? "Baseline" : score < 45 ? "Emerging" : score < 70 ? "Established" : "Trusted", 0, "Baseline", 1, [], new("WorkPublished", Guid.NewGuid(), "published")));
        }),
    ];

    /// <summary>The sources' events in some order that keeps each source's own.</summary>
    private static List<IIntegrationEvent> Interleave(Random random, params IReadOnlyList<IIntegrationEvent>[] sources)
    {
        var left = sources.Select(source => new Queue<IIntegrationEvent>(source)).ToList();
        var all = new List<IIntegrationEvent>();
        while (left.RemoveAll(source => source.Count == 0) is var _ && left.Count > 0) all.Add(left[random.Next(left.Count)].Dequeue());
        return all;
    }
}
