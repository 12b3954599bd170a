using BzPeer.Testing;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace BzPeer.Follow.Tests;

/// <summary>What an operator runs: reconcile, rebuild, import. On a service of its own, whose rows are tampered with.</summary>
public sealed class MaintenanceTests(FollowHost service) : IClassFixture<FollowHost>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private async Task Tamper(string sql)
    {
        await using var command = service.Database.CreateCommand(sql);
        (await command.ExecuteNonQueryAsync(Ct)).ShouldBeGreaterThan(0, sql);
    }

    // All that events say about a count; the trace of its last change is not among it.
    private Task<string[]> Counts() => service.Rows(
        "follow_counts", "researcher", "researcher, followers, followers_digest, following, following_digest, lists_hidden, counts_hidden, version");

    private async Task<long> Residual(string comparison) => (await Reconcile.ResidualAsync(service.Database, Ct))[comparison];

    [Fact]
    public async Task Reconcile_sees_whatever_is_not_as_the_events_say_and_a_rebuild_puts_counts_right_without_moving_others()
    {
        var (ada, bob, cyd) = (await service.Registered(), await service.Registered(), await service.Registered());
        await service.Follow(ada, bob);
        var position = await service.Follow(cyd, ada);
        await service.Do(bob, HttpMethod.Put, $"/api/me/blocks/{cyd}");
        await service.Counts(ada, position);
        (await Reconcile.ResidualAsync(service.Database, Ct)).ShouldAllBe(comparison => comparison.Value == 0);
        var right = await Counts();

        await Tamper($"update follow_counts set followers = 7 where researcher = '{bob}'");
        (await Residual("counts against events")).ShouldBe(1);
        await Tamper($"update follow_counts set following_digest = ~following_digest where researcher = '{cyd}'");
        (await Residual("digests against events")).ShouldBe(1);
        (await Rebuild.CountsAsync(service.Database, Ct)).Corrected.ShouldBe(2);
        (await Counts()).ShouldBe(right);
        await Tamper($"delete from follow_counts where researcher = '{ada}'");
        (await Residual("counts against events")).ShouldBe(1);
        (await Rebuild.CountsAsync(service.Database, Ct)).Corrected.ShouldBe(1);
        (await Counts()).ShouldBe(right);

        await Tamper($"delete from follow_edges where follower = '{ada}'");
        (await Residual("edges against events")).ShouldBe(1);
        await Tamper($"insert into follow_edges values ('{cyd}', '{bob}', now(), 1)");
        (await Residual("edges against events")).ShouldBe(2);
        (await Residual("edges under a block")).ShouldBe(1);
        await Tamper($"insert into follow_edges values ('{cyd}', '{cyd}', now(), 1)");
        (await Residual("self-follows")).ShouldBe(1);
        await Tamper($"delete from follow_blocks where blocker = '{bob}'");
        (await Residual("blocks against events")).ShouldBe(1);
        (await Rebuild.EdgesAsync(service.Database, Ct)).Corrected.ShouldBe(4);
        (await Reconcile.ResidualAsync(service.Database, Ct)).ShouldAllBe(comparison => comparison.Value == 0);
    }

    [Fact]
    public async Task Imported_edges_are_follows_like_any_other_with_their_own_dates_and_come_in_once()
    {
        var (ada, bob, cyd, nobody) = (await service.Registered(), await service.Registered(), await service.Registered(), Guid.NewGuid());
        await service.Do(cyd, HttpMethod.Put, $"/api/me/blocks/{ada}");
        var file = $$"""
            follower,followee,since
            {{ada}},{{bob}},2019-05-06T07:08:09Z
            {"follower": "{{bob}}", "followee": "{{ada}}", "since": "2020-01-01"}
            {{ada}},{{cyd}},2020-01-01
            {{ada}},{{nobody}},2020-01-01
            {{ada}},{{ada}},2020-01-01
            {{ada}},bob,2020-01-01
            {{ada}},{{bob}},yesterday
            {{ada}},{{bob}},2999-01-01
            {"follower": 1
            """;
        var rejections = new List<(long, string)>();
        Task<EdgesImported> Import() => ImportEdges.RunAsync(
            new StringReader(file), service.Services.GetRequiredService<FollowLog>(), TimeProvider.System, (line, why) => rejections.Add((line, why)), Ct);

        (await Import()).ShouldBe(new EdgesImported(Received: 9, Followed: 2, AlreadyFollowing: 0, Refused: 1, Rejected: 6));
        rejections.Select(rejection => rejection.Item1).ShouldBe([5, 6, 7, 8, 9, 10]);
        (await service.List(bob, "followers")).ShouldBe([new ListedResearcher(ada, new DateTimeOffset(2019, 5, 6, 7, 8, 9, TimeSpan.Zero))]);
        (await Import()).ShouldBe(new EdgesImported(Received: 9, Followed: 0, AlreadyFollowing: 2, Refused: 1, Rejected: 6));
        await Eventually.Async(async _ => (await service.Counts(ada)).Followers.Value == 1, "imported edges are counted", ct: Ct);
        (await Reconcile.ResidualAsync(service.Database, Ct))["streams with a gap"].ShouldBe(0);
    }
}
