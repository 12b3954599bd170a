using System.Net;
using BzPeer.Testing;
using CsCheck;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace BzPeer.Follow.Tests;

/// <summary>Whatever is done in whatever order, counts, lists, digests, edges and events agree.</summary>
public sealed class InvariantTests(FollowHost service) : IClassFixture<FollowHost>
{
    private static readonly string[] Kinds = ["follow", "unfollow", "block", "unblock", "remove"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>What the commands come to, kept the simplest way.</summary>
    private sealed class Model
    {
        public HashSet<(Guid Follower, Guid Followee)> Edges { get; } = [];

        public HashSet<(Guid Blocker, Guid Blocked)> Blocks { get; } = [];

        public HttpStatusCode Do(string kind, Guid actor, Guid other)
        {
            switch (kind)
            {
                case "follow" when Blocks.Contains((actor, other)) || Blocks.Contains((other, actor)): return HttpStatusCode.Forbidden;
                case "follow": Edges.Add((actor, other)); break;
                case "unfollow": Edges.Remove((actor, other)); break;
                case "remove": Edges.Remove((other, actor)); break;
                case "unblock": Blocks.Remove((actor, other)); break;
                case "block":
                    Blocks.Add((actor, other));
                    Edges.Remove((actor, other));
                    Edges.Remove((other, actor));
                    break;
            }

            return HttpStatusCode.OK;
        }
    }

    [Fact]
    public async Task Counts_lists_and_digests_agree_with_a_model_after_any_commands()
    {
        var people = await People(5);
        var model = new Model();
        var commands = Gen.Select(Gen.Int[0, Kinds.Length - 1], Gen.Int[0, 4], Gen.Int[0, 4]).Where(c => c.Item2 != c.Item3).Array[1, 40];

        await Check.SampleAsync(commands, async sequence =>
        {
            var position = "follow:0";
            foreach (var (number, actor, other) in sequence)
            {
                var kind = Kinds[number];
                var answer = await Send(kind, people[actor], people[other]);
                answer.StatusCode.ShouldBe(model.Do(kind, people[actor], people[other]), kind);
                if (answer.IsSuccessStatusCode) position = FollowHost.Later(position, FollowHost.PositionOf(answer));
            }

            foreach (var person in people) await service.AgreesWithModel(person, model.Edges, position);
        }, iter: 8, threads: 1);

        await NothingDiffers();
        await CountsAreToldInAChain();
    }

    [Fact]
    public async Task Counts_are_told_as_soon_as_the_projection_has_caught_up_also_when_its_last_page_was_full()
    {
        var followee = Guid.NewGuid();
        var (commands, daemon, moved) = (service.Services.GetRequiredService<FollowCommands>(), service.Services.GetRequiredService<Marten.Events.Daemon.Coordination.IProjectionCoordinator>(), service.Services.GetRequiredService<CountsMoved>());
        await daemon.PauseAsync();
        try
        {
            foreach (var together in Enumerable.Range(0, FollowCounts.PageSize).Chunk(500))
                await Task.WhenAll(together.Select(_ => commands.ExecuteAsync(new(Guid.NewGuid(), followee, FollowResearcher.Decide), Ct)));
        }
        finally
        {
            await daemon.ResumeAsync();
        }

        await Eventually.Async(_ => service.Rows($"follow_counts where researcher = '{followee}'", "followers", "followers"), rows => rows is [var count] && count == $"({FollowCounts.PageSize})", "the page is folded", TimeSpan.FromMinutes(3), Ct);
        moved.Behind.ShouldBeFalse();
    }

    [Fact]
    public async Task Commands_of_many_actors_at_once_leave_no_residual_and_no_edge_under_a_block()
    {
        var people = await People(8);
        var random = new Random(20260101);
        var commands = Enumerable.Range(0, 600)
            .Select(_ => (Kind: Kinds[random.Next(Kinds.Length)], Actor: people[random.Next(8)], Other: people[random.Next(8)]))
            .Where(command => command.Actor != command.Other).ToArray();
        await Parallel.ForEachAsync(commands, new ParallelOptions { MaxDegreeOfParallelism = 48, CancellationToken = Ct }, async (command, _) =>
            (await Send(command.Kind, command.Actor, command.Other)).StatusCode.ShouldBeOneOf(HttpStatusCode.OK, HttpStatusCode.Forbidden));
        await NothingDiffers();
        await CountsAreToldInAChain();
    }

    private async Task<Guid[]> People(int count) => await Task.WhenAll(Enumerable.Range(0, count).Select(_ => service.Registered()));

    private Task<HttpResponseMessage> Send(string kind, Guid actor, Guid other) => kind switch
    {
        "follow" => service.As(actor).PutAsync($"/api/me/following/{other}", null, Ct),
        "unfollow" => service.As(actor).DeleteAsync($"/api/me/following/{other}", Ct),
        "remove" => service.As(actor).DeleteAsync($"/api/me/followers/{other}", Ct),
        "block" => service.As(actor).PutAsync($"/api/me/blocks/{other}", null, Ct),
        _ => service.As(actor).DeleteAsync($"/api/me/blocks/{other}", Ct),
    };

    /// <summary>What others are told names what they were told before it, and what it says is complete was told by then.</summary>
    private async Task CountsAreToldInAChain()
    {
        const string moves = "mt_events where type in ('followed', 'unfollowed')";
        await Eventually.Async(
            async _ => await service.Rows($"mt_events where type = 'follow_counts_changed' and (data ->> 'completeTo')::bigint >= (select max(seq_id) from {moves})", "seq_id", "seq_id"),
            complete => complete.Length > 0, "everything is told", TimeSpan.FromMinutes(3), Ct);
        (await service.Rows(
            "(select data, coalesce(lag(seq_id) over (order by seq_id), 0) as before from mt_events where type = 'follow_counts_changed') t where (data ->> 'previousChange')::bigint <> before",
            "before")).ShouldBeEmpty();
        (await service.Rows(
            $"""
            (select * from {moves}) m, unnest(array[m.data ->> 'followerId', m.data ->> 'followeeId']::uuid[]) one, (select seq_id, (data ->> 'completeTo')::bigint as complete_to from mt_events where type = 'follow_counts_changed') c
            where m.seq_id <= c.complete_to and not exists (
              select from mt_events t where t.stream_id = one and t.seq_id <= c.seq_id and (t.data ->> 'countVersion')::bigint >= m.seq_id)
            """, "m.seq_id", "m.seq_id, c.complete_to")).ShouldBeEmpty();
    }

    private async Task NothingDiffers()
    {
        (await Reconcile.ResidualAsync(service.Database, Ct)).ShouldAllBe(comparison => comparison.Value == 0);
        (await Rebuild.CountsAsync(service.Database, Ct)).Corrected.ShouldBe(0);
    }
}
