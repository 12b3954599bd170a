using System.Diagnostics;
using BzPeer.ServiceDefaults;

namespace BzPeer.Follow;

/// <summary>Why a command about a pair was refused.</summary>
public enum Refusal
{
    /// <summary>The actor blocks the other.</summary>
    YouBlock,

    /// <summary>The other blocks the actor.</summary>
    Blocked,
}

/// <summary>What was decided: events to append (none when there is nothing to change), or a refusal.</summary>
public readonly record struct Decision(IReadOnlyList<object> Events, Refusal? Refusal)
{
    /// <summary>Everything already is as asked for.</summary>
    public static readonly Decision Nothing = new([], null);

    /// <summary>These facts follow.</summary>
    public static Decision Of(params IReadOnlyList<object> events) => new(events, null);

    /// <summary>Refused.</summary>
    public static implicit operator Decision(Refusal refusal) => new([], refusal);
}

/// <summary>What the other of a pair has to be for a command to be decided at all.</summary>
public enum Requires
{
    /// <summary>Nothing: what ends a relation is always allowed.</summary>
    Nothing,

    /// <summary>A registered researcher.</summary>
    Registered,

    /// <summary>A registered researcher, or somebody the actor has had to do with.</summary>
    RegisteredOrMet,
}

/// <summary>Something that one researcher wants to be so between them and another.</summary>
/// <param name="Actor">Who wants it.</param>
/// <param name="Other">The other of the pair.</param>
/// <param name="Decide">The decision: state of the pair, actor and now in, events out.</param>
/// <param name="Requires">What the other has to be.</param>
public sealed record PairCommand(Guid Actor, Guid Other, Func<FollowPair, Guid, DateTimeOffset, Decision> Decide, Requires Requires = Requires.Nothing)
{
    /// <summary>The pair's stream.</summary>
    public Guid Stream { get; } = FollowPair.StreamId(Actor, Other);

    /// <summary>The trace it came in, for its events.</summary>
    public string? Trace { get; } = Activity.Current?.Id;
}

/// <summary>What became of a command. When this is told, it is durable.</summary>
/// <param name="Pair">The pair after it.</param>
/// <param name="IsKnown">False when the other has to be registered and is not, as far as this service has heard.</param>
/// <param name="Refusal">Why it was refused, or null.</param>
/// <param name="Changed">Whether it led to events.</param>
public sealed record PairOutcome(FollowPair Pair, bool IsKnown, Refusal? Refusal, bool Changed);

/// <summary>
/// Group commit: commands that come at the same time are read, decided and committed together, in two round trips to the store
/// for all of them (see docs/decisions/009). Commands of one pair go through the same loop and are folded in the order of
/// their arrival; a command is answered only when its batch is durable.
/// </summary>
public sealed class FollowCommands : IAsyncDisposable
{
    // A batch is one connection's work: a loop keeps about one processor of the database busy and half of one here.
    private static readonly int Loops = Math.Max(1, Environment.ProcessorCount / 2);
    private const int MostRaces = 20;

    private readonly FollowLog log;
    private readonly TimeProvider clock;
    private readonly Batches<Pending> batches;
    private Foreground? foreground;
    private RedirectEdges? redirects;

    /// <summary>Starts the loops.</summary>
    /// <param name="log">Where pairs are read and events go.</param>
    /// <param name="clock">When things happen.</param>
    /// <param name="batchSize">Most commands in a transaction.</param>
    /// <param name="queueLength">Commands that may wait for each loop; beyond it the caller is told to come back.</param>
    /// <param name="loops">Batches under way at the same time; null for as many as leave room for everything else.</param>
    public FollowCommands(FollowLog log, TimeProvider clock, int batchSize = 256, int queueLength = 4_096, int? loops = null)
    {
        (this.log, this.clock) = (log, clock);
        batches = new(pending => pending.Command.Stream, CommitAsync, batchSize, loops ?? Loops, queueLength);
    }

    /// <summary>The service's own, to which the work that follows from commands gives way.</summary>
    internal static FollowCommands From(IServiceProvider services) =>
        new(services.GetRequiredService<FollowLog>(), services.GetRequiredService<TimeProvider>()) { foreground = services.GetRequiredService<Foreground>(), redirects = services.GetRequiredService<RedirectEdges>() };

    private sealed class Pending(PairCommand command)
    {
        public PairCommand Command { get; } = command;

        public PairOutcome? Outcome { get; set; }
    }

    /// <summary>Decides and commits, together with whatever else is asked for at this moment.</summary>
    /// <exception cref="QueueIsFull">More wait already than can be served soon.</exception>
    public async Task<PairOutcome> ExecuteAsync(PairCommand command, CancellationToken cancellation)
    {
        var pending = new Pending(command);
        foreground?.Arrived(batches.UnderWay);
        // What a merge has not moved yet is decided about too.
        if (redirects is not null) await redirects.BringAsync(command.Actor, command.Other, cancellation);
        await batches.ApplyAsync(pending, cancellation);
        var outcome = pending.Outcome!;
        // Nothing was there to end: unless a merge has moved it, which the caller had not heard of, there is nothing.
        if (redirects is null || outcome is not { Changed: false, Pair: { Version: > 0, IsEmpty: true } } || await redirects.FollowAsync(command, cancellation) is not { } moved) return outcome;
        var there = await ExecuteAsync(moved, cancellation);
        return there with { Pair = there.Pair.Seen(moved.Actor, command.Actor, command.Other) };
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => batches.DisposeAsync();

    private async Task CommitAsync(IReadOnlyList<Pending> batch, CancellationToken cancellation)
    {
        var open = batch;
        for (var races = 0; open.Count > 0; races++)
        {
            if (races == MostRaces) throw new TimeoutException($"{open.Count} commands lost {MostRaces} races for their pair, one after the other.");
            open = await CommitOnceAsync(open, cancellation);
        }
    }

    private static bool IsEnough(LoadedPair pair, PairCommand command) => command.Requires switch
    {
        Requires.Registered => pair.Knows(command.Other),
        Requires.RegisteredOrMet => pair.Knows(command.Other) || pair.State.Version > 0,
        _ => true,
    };

    /// <summary>Answers those whose pair had not moved meanwhile, and returns the others, which have to be decided again.</summary>
    private async Task<IReadOnlyList<Pending>> CommitOnceAsync(IReadOnlyList<Pending> batch, CancellationToken cancellation)
    {
        var strangers = new Dictionary<Guid, FollowPair>(batch.Count);
        foreach (var pending in batch) strangers.TryAdd(pending.Command.Stream, FollowPair.Strangers(pending.Command.Actor, pending.Command.Other));
        var pairs = await log.ReadAsync(strangers, cancellation);
        var now = clock.Now();
        var changes = new PairChanges();
        foreach (var pending in batch)
        {
            var command = pending.Command;
            var pair = pairs[command.Stream];
            if (!IsEnough(pair, command))
            {
                pending.Outcome = new(pair.State, IsKnown: false, null, Changed: false);
                continue;
            }

            var decision = command.Decide(pair.State, command.Actor, now);
            foreach (var e in decision.Events)
            {
                changes.Add(command, pair.State, e);
                pair.State = pair.State.Apply(e);
            }

            pending.Outcome = new(pair.State, IsKnown: true, decision.Refusal, decision.Events.Count > 0);
        }

        if (changes.Events.Count == 0) return [];
        var positions = await log.AppendAsync(changes, cancellation);
        var lost = new List<Pending>();
        foreach (var pending in batch.Where(pending => changes.Streams.ContainsKey(pending.Command.Stream)))
        {
            if (!positions.TryGetValue(pending.Command.Stream, out var position)) lost.Add(pending);
            else if (position is { } moved) pending.Outcome = pending.Outcome! with { Pair = pending.Outcome.Pair with { Position = moved } };
        }

        return lost;
    }
}
