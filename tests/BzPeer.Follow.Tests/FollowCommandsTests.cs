using BzPeer.ServiceDefaults;
using BzPeer.Testing;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace BzPeer.Follow.Tests;

/// <summary>The group commit: several instances at once, more than can wait, and one command that cannot be decided.</summary>
public sealed class FollowCommandsTests(FollowHost service) : IClassFixture<FollowHost>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private FollowCommands Instance(int queueLength = 4_096) => new(service.Services.GetRequiredService<FollowLog>(), TimeProvider.System, queueLength: queueLength);

    [Fact]
    public async Task Several_instances_on_the_same_pairs_lose_nothing_and_double_nothing()
    {
        Func<FollowPair, Guid, DateTimeOffset, Decision>[] kinds = [FollowResearcher.Decide, UnfollowResearcher.Decide, RemoveFollower.Decide, BlockResearcher.Decide, BlockResearcher.DecideToUnblock];
        var people = Enumerable.Range(0, 4).Select(_ => Guid.NewGuid()).ToArray();
        var random = new Random(20261124);
        var before = (await service.Rows("mt_events where type in ('followed', 'unfollowed', 'blocked', 'unblocked')", "seq_id", "seq_id")).Length;
        await using var one = Instance();
        await using var two = Instance();
        await using var three = Instance();
        FollowCommands[] instances = [one, two, three];
        var commands = Enumerable.Range(0, 900)
            .Select(n => (Instance: instances[n % 3], Actor: people[random.Next(4)], Other: people[random.Next(4)], Decide: kinds[random.Next(kinds.Length)]))
            .Where(command => command.Actor != command.Other).ToArray();

        var outcomes = await Task.WhenAll(commands.Select(command => command.Instance.ExecuteAsync(new PairCommand(command.Actor, command.Other, command.Decide), Ct)));

        outcomes.ShouldAllBe(outcome => outcome.IsKnown);
        var after = (await service.Rows("mt_events where type in ('followed', 'unfollowed', 'blocked', 'unblocked')", "seq_id", "seq_id")).Length;
        (after - before).ShouldBeGreaterThanOrEqualTo(outcomes.Count(outcome => outcome.Changed), "whoever was told of a change has an event for it");
        (await Reconcile.ResidualAsync(service.Database, Ct)).ShouldAllBe(comparison => comparison.Value == 0);
        // Each event changed what the one before it left: nobody decided on a state that was no longer true.
        (await service.Rows(
            """
            (select type, lag(type) over (partition by stream_id, coalesce(data ->> 'followerId', data ->> 'blockerId'), type in ('followed', 'unfollowed') order by version) as before
             from mt_events where type in ('followed', 'unfollowed', 'blocked', 'unblocked')) e where type = before or before is null and type in ('unfollowed', 'unblocked')
            """, "type")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Beyond_what_may_wait_a_command_is_turned_away_and_those_that_wait_are_kept()
    {
        await using var commands = Instance(queueLength: 2);
        await using var connection = await service.Database.OpenConnectionAsync(Ct);
        await using var transaction = await connection.BeginTransactionAsync(Ct);
        await using (var hold = connection.CreateCommand())
        {
            hold.CommandText = "lock table mt_streams in exclusive mode";
            await hold.ExecuteNonQueryAsync(Ct);
        }

        var (ada, bob) = (Guid.NewGuid(), Guid.NewGuid());
        var (accepted, refused) = (new List<Task<PairOutcome>>(), new List<Task<PairOutcome>>());
        await Eventually.Async(
            () =>
            {
                // One pair is one loop's: what it holds is in the batch that cannot commit, or waits for it.
                var command = commands.ExecuteAsync(new PairCommand(ada, bob, FollowResearcher.Decide), Ct);
                (command.IsFaulted ? refused : accepted).Add(command);
                return refused.Count > 0;
            }, "no more may wait", ct: Ct);
        await refused[0].ShouldThrowAsync<QueueIsFull>();
        accepted.ShouldAllBe(command => !command.IsCompleted);

        await transaction.RollbackAsync(Ct);
        var outcomes = await Task.WhenAll(accepted);
        outcomes.Count(outcome => outcome.Changed).ShouldBe(1);
        outcomes.ShouldAllBe(outcome => outcome.Pair.FollowingSince(ada) != null);
    }

    [Fact]
    public async Task A_command_that_cannot_be_decided_fails_alone()
    {
        await using var commands = Instance();
        var actor = Guid.NewGuid();
        var all = Enumerable.Range(0, 60).Select(n => commands.ExecuteAsync(
            new PairCommand(actor, Guid.NewGuid(), n == 30 ? (_, _, _) => throw new InvalidDataException("poison") : FollowResearcher.Decide), Ct)).ToArray();

        await all[30].ShouldThrowAsync<InvalidDataException>();
        (await Task.WhenAll(all.Where((_, n) => n != 30))).ShouldAllBe(outcome => outcome.Changed);
        (await service.List(actor, "following")).Count.ShouldBe(59);
    }
}
