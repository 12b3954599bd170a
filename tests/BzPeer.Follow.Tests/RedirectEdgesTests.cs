using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using BzPeer.Testing;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Shouldly;
using Xunit;

namespace BzPeer.Follow.Tests;

/// <summary>Merges and splits as this service hears of them: lists, counts, digests and messages, whatever happens meanwhile.</summary>
public sealed class RedirectEdgesTests(FollowHost service) : IClassFixture<FollowHost>
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(3);
    private static long sequence;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static EventOrigin Origin(Guid subject) => new(Guid.NewGuid(), DateTimeOffset.UtcNow, Sources.Publication, subject, Interlocked.Increment(ref sequence), 0, subject, 1);

    private static ResearchersMerged Merged(Guid merged, Guid survivor, params Guid[] members) => new(Origin(merged), Guid.NewGuid(), merged, survivor, [merged, .. members]);

    private static ResearchersSplit Split(ResearchersMerged merge) => new(Origin(merge.MergedId), merge.MergeId, merge.MergedId, merge.SurvivorId, merge.Members);

    private static Task<bool> Heard(FollowHost host, IIntegrationEvent message) => message switch
    {
        ResearchersMerged merge => IsTrue(host, $"exists (select from merges where merge_id = '{merge.MergeId}' and version >= {merge.Origin.Sequence})"),
        ResearchersSplit split => IsTrue(host, $"exists (select from merges where merge_id = '{split.MergeId}' and version >= {split.Origin.Sequence})"),
        _ => throw new ArgumentException("No merge", nameof(message)),
    };

    private static async Task<bool> IsTrue(FollowHost host, string condition) => (await host.Rows($"(select {condition} as holds) t", "holds")) is ["(t)"];

    private static async Task<IReadOnlyDictionary<string, long>> Residual(FollowHost host) => await Reconcile.ResidualAsync(host.Database, Ct);

    private static async Task NothingDiffers(FollowHost host)
    {
        (await Residual(host)).ShouldAllBe(comparison => comparison.Value == 0);
        (await Rebuild.EdgesAsync(host.Database, Ct)).Corrected.ShouldBe(0);
        (await Rebuild.CountsAsync(host.Database, Ct)).Corrected.ShouldBe(0);
    }

    private static async Task Hears(FollowHost host, params IIntegrationEvent[] messages)
    {
        foreach (var message in messages) await host.Publish(message, Ct);
        foreach (var message in messages) await Eventually.Async(_ => Heard(host, message), "the merge is heard of", Long, Ct);
    }

    private static Task Done(FollowHost host) => Eventually.Async(async _ => await Residual(host), residual => residual[Reconcile.Unfinished] == 0, "all is where it belongs", Long, Ct);

    private static async Task Comes(FollowHost host, params IIntegrationEvent[] messages)
    {
        await Hears(host, messages);
        await Done(host);
    }

    /// <summary>Many follows at once, past the API.</summary>
    private static Task Follow(FollowHost host, IEnumerable<(Guid Follower, Guid Followee)> edges)
    {
        var commands = host.Services.GetRequiredService<FollowCommands>();
        return Task.WhenAll(edges.Select(edge => commands.ExecuteAsync(new(edge.Follower, edge.Followee, FollowResearcher.Decide), Ct)));
    }

    private static Guid[] Somebody(int count) => [.. Enumerable.Range(0, count).Select(_ => Guid.NewGuid())];

    /// <summary>Whatever anybody can see of these, byte for byte, when all of it is counted.</summary>
    private static async Task<List<string>> Seen(FollowHost host, params Guid[] people)
    {
        await Eventually.Async(
            _ => IsTrue(host, $"(select last_seq_id from mt_event_progression where name = '{FollowCounts.Shard}') >= (select max(seq_id) from mt_events where type in ('followed', 'unfollowed', 'edge_redirected', 'edge_restored'))"),
            "everything is counted", Long, Ct);
        var seen = new List<string>();
        foreach (var person in people)
        {
            // Who never had an edge has no row, and who has none any more a row of zeros.
            seen.AddRange(await host.Rows($"follow_counts where researcher = '{person}' and (followers, following) <> (0, 0)", "researcher", "followers, followers_digest, following, following_digest"));
            foreach (var list in new[] { "followers", "following" })
                for (string? cursor = ""; cursor is not null;)
                {
                    var answer = await host.Anonymous().GetAsync($"/api/researchers/{person}/{list}?limit=80&cursor={cursor}", Ct);
                    // Of somebody who only follows there is no list of followers.
                    seen.Add(answer.IsSuccessStatusCode ? await answer.Content.ReadAsStringAsync(Ct) : answer.StatusCode.ToString());
                    cursor = answer.IsSuccessStatusCode ? (await answer.Content.ReadFromJsonAsync<FollowListPage>(Ct))!.Next : null;
                }
        }

        return seen;
    }

    [Fact]
    public async Task A_merge_of_a_thousand_followers_and_its_undo_leave_every_list_and_count_as_it_was_to_the_byte()
    {
        var (ada, bob, cyd) = (await service.Registered(), await service.Registered(), await service.Registered());
        var followers = Somebody(1_000);
        await Follow(service, followers.Select(follower => (follower, ada)).Concat(followers.Take(300).Select(follower => (follower, bob))));
        await Follow(service, [(ada, bob), (bob, ada), (ada, cyd), (cyd, ada), (followers[0], cyd)]);
        await service.Do(ada, HttpMethod.Put, $"/api/me/blocks/{followers[1]}");
        await service.Do(followers[2], HttpMethod.Put, $"/api/me/blocks/{bob}");
        var before = await Seen(service, ada, bob, cyd, followers[0], followers[1], followers[2], followers[299], followers[300]);
        var firstSince = (await service.List(ada, "followers")).ToDictionary(item => item.ResearcherId, item => item.Since);

        var merge = Merged(ada, bob);
        await Comes(service, merge);
        var merged = await service.List(bob, "followers");
        merged.Select(item => item.ResearcherId).ShouldBe(followers.Except([followers[1], followers[2]]).Append(cyd), ignoreOrder: true);
        merged.ShouldAllBe(item => item.Since <= firstSince[item.ResearcherId]);
        (await service.Counts(bob)).Followers.ShouldBe(new ProvenCount(merged.Count, FollowHost.Digest(merged.Select(item => item.ResearcherId))));
        (await service.List(bob, "following")).Select(item => item.ResearcherId).ShouldBe([cyd]);
        (await service.List(followers[0], "following")).Select(item => item.ResearcherId).ShouldBe([bob, cyd], ignoreOrder: true);
        await NothingDiffers(service);

        await Comes(service, Split(merge));
        (await Seen(service, ada, bob, cyd, followers[0], followers[1], followers[2], followers[299], followers[300])).ShouldBe(before);
        await NothingDiffers(service);
    }

    [Fact]
    public async Task While_pairs_move_and_people_follow_and_unfollow_counts_are_lists_at_every_moment()
    {
        var (ada, bob) = (await service.Registered(), await service.Registered());
        var followers = Somebody(1_000);
        await Follow(service, followers.Select(follower => (follower, ada)));
        var (merge, random) = (Merged(ada, bob), new Random(20261125));

        using var acting = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var last = new ConcurrentDictionary<Guid, bool>();
        var people = Enumerable.Range(0, 8).Select(n => Task.Run(async () =>
        {
            var chance = new Random(n);
            while (!acting.IsCancellationRequested)
            {
                var who = followers[(chance.Next(followers.Length / 8) * 8) + n];
                await Send(who, ada, last[who] = chance.Next(2) == 0);
            }
        }, Ct)).ToArray();
        var (looks, underWay) = (0, 0);
        var looking = Task.Run(async () =>
        {
            while (!over.IsCancellationRequested)
            {
                var residual = await Residual(service);
                residual.Where(comparison => comparison.Key != Reconcile.Unfinished).ShouldAllBe(comparison => comparison.Value == 0);
                (looks, underWay) = (looks + 1, underWay + (residual[Reconcile.Unfinished] > 0 ? 1 : 0));
            }
        }, Ct);

        await Comes(service, merge);
        await acting.CancelAsync();
        await Task.WhenAll(people);
        await Done(service);
        var listed = (await service.List(bob, "followers")).Select(item => item.ResearcherId).ToHashSet();
        followers.Where(who => listed.Contains(who) != last.GetValueOrDefault(who, true)).ShouldBeEmpty("what everybody did last counts, before the merge, after it and meanwhile");

        await Hears(service, Split(merge));
        await Eventually.Async(async ct => (await service.Anonymous().GetAsync($"/api/researchers/{ada}/follow-counts", ct)).StatusCode == HttpStatusCode.OK, "the merge is known to be taken back", Long, Ct);
        var after = followers.Take(200).ToDictionary(who => who, _ => random.Next(2) == 0);
        foreach (var (who, follows) in after) await Send(who, ada, follows);
        await Done(service);
        listed = [.. (await service.List(ada, "followers")).Select(item => item.ResearcherId)];
        after.Where(one => listed.Contains(one.Key) != one.Value).ShouldBeEmpty("what is done about somebody restored counts, whether or not their edges are back");
        await over.CancelAsync();
        await looking;
        underWay.ShouldBeGreaterThan(0, $"one of {looks} looks fell into the middle");
        await NothingDiffers(service);
    }

    /// <summary>Follows or unfollows, wherever the answer leads.</summary>
    private async Task Send(Guid who, Guid whom, bool follows)
    {
        var method = follows ? HttpMethod.Put : HttpMethod.Delete;
        var answer = await service.As(who).SendAsync(new(method, $"/api/me/following/{whom}"), Ct);
        while (answer.StatusCode == HttpStatusCode.PermanentRedirect) answer = await service.As(who).SendAsync(new(method, answer.Headers.Location), Ct);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_merge_that_is_interrupted_again_and_again_and_goes_on_in_another_process_loses_nothing()
    {
        var first = new FollowHost();
        await first.InitializeAsync();
        await using var second = new FollowHost { Beside = first };
        var (ada, bob) = (await first.Registered(), await first.Registered());
        var followers = Somebody(4_000);
        foreach (var some in followers.Chunk(1_000)) await Follow(first, some.Select(follower => (follower, ada)));
        var before = await Seen(first, ada, bob, followers[0]);
        var merge = Merged(ada, bob);
        await Hears(first, merge);
        await Interrupt(first, least: 1, most: 3_999);
        await Interrupt(first, least: 1_000, most: 3_999);
        await first.DisposeAsync();

        await second.InitializeAsync();
        await Done(second);
        (await second.List(bob, "followers")).Select(item => item.ResearcherId).ShouldBe(followers, ignoreOrder: true);
        await NothingDiffers(second);

        await Hears(second, Split(merge));
        await Interrupt(second, least: 1, most: 3_000);
        await Done(second);
        (await Seen(second, ada, bob, followers[0])).ShouldBe(before);
        await NothingDiffers(second);
    }

    /// <summary>At a moment when so many pairs are away, every statement and connection of the service breaks off.</summary>
    private static async Task Interrupt(FollowHost host, int least, int most)
    {
        // In one statement, or the job might go on to its end between the look and the interruption.
        await Eventually.Async(_ => IsTrue(
            host,
            $"""
            (select count(pg_terminate_backend(pid)) > 0 from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid() and (select count(*) from handed_over) between {least} and {most})
            """), "the job is in the middle, and is interrupted", Long, Ct);
        // A connection that was idle is broken too, and the test has no use for finding out.
        await using var any = host.Database.CreateConnection();
        NpgsqlConnection.ClearPool(any);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Messages_that_come_in_any_order_and_twice_come_to_the_same(int seed)
    {
        var (ada, bob, cyd) = (await service.Registered(), await service.Registered(), await service.Registered());
        var followers = Somebody(20);
        await Follow(service, followers.Select((follower, n) => (follower, n % 2 == 0 ? ada : bob)));
        // The two are merged, not merged, and merged the other way round: taken in the wrong order each would be the other's.
        var there = Merged(ada, bob);
        var back = Split(there);
        var andBack = Merged(bob, ada);
        var further = Merged(ada, cyd, bob);
        IIntegrationEvent[] messages = [there, back, andBack, further];
        var random = new Random(seed);
        var order = seed == 0 ? messages.Reverse().ToArray() : [.. messages.Concat(messages).OrderBy(_ => random.Next())];
        foreach (var message in order)
        {
            // One by one, so that they are not sorted out before anything has moved.
            await Hears(service, message);
            if (random.Next(2) == 0) await Done(service);
        }

        await Done(service);
        (await service.List(cyd, "followers")).Select(item => item.ResearcherId).ShouldBe(followers, ignoreOrder: true);
        await NothingDiffers(service);

        await Comes(service, Split(further));
        await Comes(service, Split(andBack));
        (await service.List(ada, "followers")).Select(item => item.ResearcherId).ShouldBe(followers.Where((_, n) => n % 2 == 0), ignoreOrder: true);
        (await service.List(bob, "followers")).Select(item => item.ResearcherId).ShouldBe(followers.Where((_, n) => n % 2 == 1), ignoreOrder: true);
    }

    [Fact]
    public async Task Whoever_names_the_merged_one_is_led_to_the_survivor_or_answered_for_them_by_the_id_they_sent()
    {
        var (ada, bob, cyd, dan) = (await service.Registered(), await service.Registered(), await service.Registered(), await service.Registered());
        await Follow(service, [(dan, ada)]);
        var merge = Merged(ada, bob);
        await Comes(service, merge);

        foreach (var path in new[] { "followers", "following", "follow-counts", "known-followers" })
        {
            var answer = await service.As(cyd).GetAsync($"/api/researchers/{ada}/{path}", Ct);
            (answer.StatusCode, answer.Headers.Location?.ToString()).ShouldBe((HttpStatusCode.MovedPermanently, $"/api/researchers/{bob}/{path}"));
        }

        foreach (var (method, path) in new[] { (HttpMethod.Put, "following"), (HttpMethod.Delete, "following"), (HttpMethod.Delete, "followers"), (HttpMethod.Put, "blocks"), (HttpMethod.Delete, "blocks") })
            (await service.As(cyd).SendAsync(new(method, $"/api/me/{path}/{ada}"), Ct)).StatusCode.ShouldBe(HttpStatusCode.PermanentRedirect);
        (await service.As(cyd).GetAsync($"/api/me/following/{ada}", Ct)).StatusCode.ShouldBe(HttpStatusCode.MovedPermanently);

        async Task<FollowManyAnswer> Many(Guid actor, object request) =>
            (await (await service.As(actor).PostAsJsonAsync("/api/me/following/batch", request, Ct)).Content.ReadFromJsonAsync<FollowManyAnswer>(Ct))!;

        (await Many(cyd, new { follow = new[] { ada } })).Followed.ShouldBe([ada]);
        (await Many(cyd, new { follow = new[] { bob, dan } })).ShouldSatisfyAllConditions(answer => answer.AlreadyFollowing.ShouldBe([bob]), answer => answer.Followed.ShouldBe([dan]));
        (await Many(bob, new { follow = new[] { ada }, unfollow = Array.Empty<Guid>() })).Refused.ShouldBe([ada]);
        (await service.As(cyd).PostAsJsonAsync("/api/me/following/batch", new { follow = new[] { ada }, unfollow = new[] { bob } }, Ct)).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);

        var relationships = await service.As(cyd).GetFromJsonAsync<Page<ListedRelationship>>($"/api/me/relationships?id={ada}&id={dan}&id={bob}", Ct);
        relationships!.Items.Select(item => (item.ResearcherId, item.Following)).ShouldBe([(ada, true), (dan, true), (bob, true)]);

        // The merged one's own token is the survivor's.
        await service.Do(ada, HttpMethod.Put, $"/api/me/following/{cyd}");
        (await service.List(bob, "following")).Single().ResearcherId.ShouldBe(cyd);
        await Comes(service, Split(merge));
        (await service.List(bob, "following")).Single().ResearcherId.ShouldBe(cyd);
        (await service.List(bob, "followers")).Single().ResearcherId.ShouldBe(cyd);
        (await service.List(ada, "followers")).Single().ResearcherId.ShouldBe(dan);
    }

    [Fact]
    public async Task An_import_of_edges_takes_the_merged_one_for_the_survivor()
    {
        var (ada, bob, cyd) = (await service.Registered(), await service.Registered(), await service.Registered());
        await Comes(service, Merged(ada, bob));
        var rejected = new List<(long, string)>();
        var imported = await ImportEdges.RunAsync(
            new StringReader($"{cyd},{ada},2019-05-06\n{ada},{bob},2019-05-06"), service.Services.GetRequiredService<FollowLog>(), TimeProvider.System, (line, why) => rejected.Add((line, why)), Ct);
        imported.ShouldBe(new EdgesImported(Received: 2, Followed: 1, AlreadyFollowing: 0, Refused: 0, Rejected: 1));
        rejected.ShouldBe([(2, "both are one researcher by now")]);
        (await service.List(bob, "followers")).Single().ResearcherId.ShouldBe(cyd);
    }

    [Fact]
    public async Task Who_follows_the_merged_one_without_having_heard_of_it_is_taken_along()
    {
        var (ada, bob, cyd) = (await service.Registered(), await service.Registered(), await service.Registered());
        await Comes(service, Merged(ada, bob));
        await Follow(service, [(cyd, ada)]);
        await Done(service);
        (await service.List(bob, "followers")).Single().ResearcherId.ShouldBe(cyd);
        await NothingDiffers(service);
    }

    [Fact]
    public async Task Who_unfollows_the_merged_one_without_having_heard_of_it_follows_the_survivor_no_more()
    {
        var (ada, bob, cyd) = (await service.Registered(), await service.Registered(), await service.Registered());
        await Follow(service, [(cyd, ada), (ada, cyd)]);
        await Comes(service, Merged(ada, bob));
        var commands = service.Services.GetRequiredService<FollowCommands>();
        var outcome = await commands.ExecuteAsync(new(cyd, ada, UnfollowResearcher.Decide), Ct);
        (outcome.Changed, Relationship.Of(outcome.Pair, cyd, ada) with { FollowingSince = null }).ShouldBe((true, new Relationship(ada, Following: false, FollowedBy: true, Blocking: false, null)));
        (await service.List(bob, "followers")).ShouldBeEmpty();
        outcome = await commands.ExecuteAsync(new(ada, cyd, UnfollowResearcher.Decide), Ct);
        (outcome.Changed, Relationship.Of(outcome.Pair, ada, cyd)).ShouldBe((true, new Relationship(cyd, Following: false, FollowedBy: false, Blocking: false, null)));
        (await service.List(bob, "following")).ShouldBeEmpty();
        await NothingDiffers(service);
    }

    [Fact]
    public async Task Reconcile_sees_a_pair_that_nobody_would_give_back_and_a_rebuild_puts_it_right()
    {
        var (ada, bob, cyd) = (await service.Registered(), await service.Registered(), await service.Registered());
        await Follow(service, [(cyd, ada)]);
        var merge = Merged(ada, bob);
        await Comes(service, merge);
        await using (var tamper = service.Database.CreateCommand($"delete from handed_over where merge_id = '{merge.MergeId}'"))
            (await tamper.ExecuteNonQueryAsync(Ct)).ShouldBe(1);
        (await Residual(service))["pairs handed over against events"].ShouldBe(1);
        (await Rebuild.EdgesAsync(service.Database, Ct)).Corrected.ShouldBe(1);
        await NothingDiffers(service);
        await Comes(service, Split(merge));
        (await service.List(ada, "followers")).Single().ResearcherId.ShouldBe(cyd);
    }

    [Fact]
    public async Task Others_are_told_of_each_edge_that_a_merge_moves_and_by_which_merge()
    {
        var (ada, bob, cyd) = (await service.Registered(), await service.Registered(), await service.Registered());
        // By event: each may come more than once.
        var told = new ConcurrentDictionary<Guid, (bool Follows, Guid Follower, Guid Followee, Guid? Merge)>();
        var listener = Bus.Factory.CreateUsingRabbitMq(rabbit =>
        {
            rabbit.Host(service.VirtualHost);
            rabbit.ReceiveEndpoint($"listener-{Guid.NewGuid():N}", endpoint =>
            {
                endpoint.AutoDelete = true;
                endpoint.Handler<ResearcherFollowed>(context => { told[context.Message.Origin.EventId] = (true, context.Message.FollowerId, context.Message.FolloweeId, context.Message.MergeId); return Task.CompletedTask; });
                endpoint.Handler<ResearcherUnfollowed>(context => { told[context.Message.Origin.EventId] = (false, context.Message.FollowerId, context.Message.FolloweeId, context.Message.MergeId); return Task.CompletedTask; });
            });
        });
        await listener.StartAsync(Ct);
        try
        {
            await Follow(service, [(cyd, ada)]);
            var merge = Merged(ada, bob);
            await Comes(service, merge);
            await Comes(service, Split(merge));
            await Eventually.Async(() => told.Values.Count(one => one.Follower == cyd) == 5, "every step is told", ct: Ct);
            told.Values.Where(one => one.Follower == cyd).ShouldBe(
                [(true, cyd, ada, null), (false, cyd, ada, merge.MergeId), (true, cyd, bob, merge.MergeId), (true, cyd, ada, merge.MergeId), (false, cyd, bob, merge.MergeId)], ignoreOrder: true);
        }
        finally
        {
            await listener.StopAsync(CancellationToken.None);
        }
    }
}
