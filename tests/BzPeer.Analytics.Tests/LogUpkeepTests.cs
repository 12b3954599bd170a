using System.Net;
using System.Text.Json;
using BzPeer.Contracts;
using BzPeer.Testing;
using Shouldly;
using Xunit;

namespace BzPeer.Analytics.Tests;

/// <summary>What is old is dropped or compacted when an operator says so, and whoever reads is told or does not notice.</summary>
public sealed class LogUpkeepTests
{
    private const int PartitionSize = 10;

    private static readonly Dictionary<string, string> Small = new() { ["Events:PartitionSize"] = $"{PartitionSize}" };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Partitions_of_which_all_is_too_old_are_dropped_and_a_cursor_before_the_floor_is_refused()
    {
        await using var first = await Started(new AnalyticsService { With = Small });
        var old = Enumerable.Range(0, 25).Select(_ => first.Registered(Guid.NewGuid()).Ago(40)).ToList();
        var young = Enumerable.Range(0, 7).Select(_ => first.Registered(Guid.NewGuid()).Ago(10)).ToList();
        await first.TellAsync([.. old, .. young]);
        await first.InTheLogAsync(young[^1]);
        (await first.ReplayAsync()).Length.ShouldBe(32);

        await using var keeping = await Started(new AnalyticsService(first) { With = new Dictionary<string, string>(Small) { ["Events:KeepDays"] = "30" } });
        // Positions 1 to 9 and 10 to 19 are all old; 20 to 29 are not.
        await Eventually.Async(async _ => (await keeping.ReplayAsync())[0].GetProperty("position").GetInt64(), floor => floor == 20, "the floor has risen", ct: Ct);
        (await keeping.ReplayAsync()).Select(item => item.GetProperty("position").GetInt64()).ShouldBe(Enumerable.Range(20, 13).Select(n => (long)n));
        using var refused = await keeping.Anonymous().GetAsync("/api/events?after=18", Ct);
        refused.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        JsonDocument.Parse(await refused.Content.ReadAsStringAsync(Ct)).RootElement.GetProperty("detail").GetString()!.ShouldContain("position 20");
        (await keeping.PageAsync("?after=19&limit=1"))["items"]![0]!["position"]!.GetValue<long>().ShouldBe(20);
        (await keeping.Rows("pg_class", "relname", "relname")).ShouldNotContain(name => name == "(log_p0)" || name == "(log_p1)");
        (await keeping.Rows("log_days", "day", "events")).ShouldBe(["(7)"], "a day is kept whole or not at all");

        var next = first.Registered(Guid.NewGuid());
        await first.TellAsync(next);
        await first.InTheLogAsync(next);
        (await keeping.HeadAsync()).ShouldBe(33);
    }

    [Fact]
    public async Task A_state_that_a_later_one_replaces_is_removed_once_both_are_old_and_facts_never_are()
    {
        await using var first = await Started(new AnalyticsService { With = Small });
        var (ada, bob) = (Guid.NewGuid(), Guid.NewGuid());
        FollowerCountChanged Count(Guid id, int n) => first.Next(id, origin => new FollowerCountChanged(origin, id, n, new('0', 64), 0, new('0', 64), n));
        List<IIntegrationEvent> told = [];
        for (var n = 1; n <= 12; n++)
        {
            told.Add(first.Followed(Guid.NewGuid(), ada).Ago(40));
            told.Add(Count(ada, n).Ago(40));
            if (n <= 2) told.Add(Count(bob, n).Ago(40));
        }

        told.AddRange([Count(ada, 13).Ago(3), Count(ada, 14).Ago(3)]);
        await first.TellAsync(told);
        await first.InTheLogAsync(told[^1]);
        var all = await first.ReplayAsync();
        // Of the old ones the newest of each; of the others, everything.
        var expected = all.Where(item => item.GetProperty("type").GetString()!.EndsWith("Followed", StringComparison.Ordinal) || item.GetProperty("data").GetProperty("followers").GetInt32() is var n
            && (n >= 12 || (n == 2 && item.GetProperty("subject").GetGuid() == bob))).Select(item => item.GetRawText()).ToList();
        expected.Count.ShouldBe(12 + 1 + 1 + 2);

        var compacts = new Dictionary<string, string>(Small) { ["Events:CompactAfterDays"] = "30" };
        await using (var killed = await Started(new AnalyticsService(first) { With = compacts })) { }

        await using var second = await Started(new AnalyticsService(first) { With = compacts });
        await Eventually.Async(async _ => await second.Rows("log_head", "one", "compacted"), rows => rows[0] == $"({all.Length - 2})", "all of the old part is compacted", ct: Ct);
        (await second.ReplayAsync()).Select(item => item.GetRawText()).ShouldBe(expected);
        (await second.Rows("log_days", "day", "events, (select count(*) from log where day = log_days.day)")).ShouldBe(["(14,14)", "(2,2)"]);
        (await second.ReplayAsync("?after=5")).Select(item => item.GetProperty("position").GetInt64()).ShouldBe(
            expected.Select(text => JsonDocument.Parse(text).RootElement.GetProperty("position").GetInt64()).Where(position => position > 5), "any cursor goes on working");

        // What was the newest before is replaced by what becomes old later.
        await second.Sql("update log set day = day - 40 where day > current_date - 20; insert into log_days select day - 40, events, first, last, 0, now() from log_days where day > current_date - 20; delete from log_days where day > current_date - 20");
        await using var third = await Started(new AnalyticsService(first) { With = compacts });
        await Eventually.Async(async _ => (await third.ReplayAsync("?type=FollowerCountChanged")).Select(item => item.GetProperty("data").GetProperty("followers").GetInt32()).ToArray(),
            counts => counts.SequenceEqual([2, 14]), "one of each is left", ct: Ct);
    }

    [Fact]
    public async Task Without_a_setting_everything_is_kept()
    {
        await using var service = await Started(new AnalyticsService { With = Small });
        var old = Enumerable.Range(0, 25).Select(_ => service.Registered(Guid.NewGuid()).Ago(4_000)).ToList();
        await service.TellAsync(old);
        await service.InTheLogAsync(old[^1]);
        await using var again = await Started(new AnalyticsService(service) { With = Small });
        (await again.ReplayAsync()).Length.ShouldBe(25);
    }

    private static async Task<AnalyticsService> Started(AnalyticsService service)
    {
        await service.InitializeAsync();
        return service;
    }
}
