using BzPeer.ServiceDefaults;
using Npgsql;

namespace BzPeer.Publication;

/// <summary>
/// How fast an import may go: no faster than what follows from its events, or what people publish meanwhile waits behind them for as long as
/// the import takes. Looked at are this service's own relay and sums, and what waits in the queues of those who listen. Nothing is waited
/// for that does not move: without a broker, or with a service stopped, an import goes on. One for each import.
/// </summary>
internal sealed class ImportPace(NpgsqlDataSource database, Listeners listeners, TimeProvider clock)
{
    /// <summary>How late what follows from an event may be here before the import goes on.</summary>
    private static readonly TimeSpan Late = TimeSpan.FromMilliseconds(250);

    /// <summary>Messages that may wait for a service, beside those it has in hand (512 and no more): enough that it is never without work between two looks.</summary>
    private const uint Backlogged = 50;

    private static readonly TimeSpan Stuck = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    /// <summary>Where what follows here stood still last: there it is not waited for again.</summary>
    private long stuckAt = -1;

    /// <summary>Queues that were given up, and what waited in them then: they are not waited for again before it has become less.</summary>
    private readonly Dictionary<string, uint> given = [];

    /// <summary>Waits until the next batch may come.</summary>
    public async Task WaitAsync(CancellationToken stopping)
    {
        await FollowedHereAsync(stopping);
        await TakenAsync(stopping);
    }

    private async Task FollowedHereAsync(CancellationToken stopping)
    {
        for (var (at, since) = (-1L, clock.GetTimestamp()); ;)
        {
            await using (var command = database.CreateCommand(
                """
                select f.at, now() - (select timestamp from mt_events where seq_id > f.at order by seq_id limit 1)
                from (select min(last_seq_id) as at from mt_event_progression where name in ('Relay:All', 'Bibliographies:All')) f
                """))
            await using (var row = await command.ExecuteReaderAsync(stopping))
            {
                await row.ReadAsync(stopping);
                if (row.IsDBNull(1) || row.GetTimeSpan(1) <= Late || row.GetInt64(0) == stuckAt) return;
                if (row.GetInt64(0) != at) (at, since) = (row.GetInt64(0), clock.GetTimestamp());
            }

            if (clock.GetElapsedTime(since) > Stuck)
            {
                stuckAt = at;
                return;
            }

            await Task.Delay(Pause, clock, stopping);
        }
    }

    private async Task TakenAsync(CancellationToken stopping)
    {
        var since = clock.GetTimestamp();
        for (var least = uint.MaxValue; ;)
        {
            var waiting = Worth(await listeners.BacklogsAsync(stopping), given);
            if (waiting.Count == 0) return;
            var sum = (uint)waiting.Sum(queue => queue.Waiting);
            if (sum < least) (least, since) = (sum, clock.GetTimestamp());
            if (clock.GetElapsedTime(since) > Stuck)
            {
                foreach (var queue in waiting) given[queue.Name] = queue.Waiting;
                return;
            }

            await Task.Delay(Pause, clock, stopping);
        }
    }

    /// <summary>The queues that are worth waiting for; one that has become short enough is worth it again.</summary>
    internal static IReadOnlyList<Backlog> Worth(IReadOnlyList<Backlog> backlogs, Dictionary<string, uint> given)
    {
        foreach (var queue in backlogs.Where(queue => queue.Waiting <= Backlogged)) given.Remove(queue.Name);
        return [.. backlogs.Where(queue => queue.IsServed && queue.Waiting > Backlogged && queue.Waiting < given.GetValueOrDefault(queue.Name, uint.MaxValue))];
    }
}
