using BzPeer.ServiceDefaults;
using JasperFx.Events;
using Marten;

namespace BzPeer.Follow;

/// <summary>One researcher began to follow another.</summary>
public sealed record Followed(Guid FollowerId, Guid FolloweeId, DateTimeOffset At);

/// <summary>One researcher ceased to follow another.</summary>
public sealed record Unfollowed(Guid FollowerId, Guid FolloweeId, DateTimeOffset At);

/// <summary>
/// What two researchers are to each other: one stream per unordered pair, so that whatever concerns both (a follow, a
/// block) is one decision, and nobody's popularity makes a stream hot.
/// </summary>
/// <param name="Since">Who of the two follows the other, and since when.</param>
/// <param name="Version">Events in the stream: what the next append expects.</param>
/// <param name="Position">Sequence of the last event, 0 when there is none.</param>
public sealed record FollowPair(IReadOnlyDictionary<Guid, DateTimeOffset> Since, long Version, long Position)
{
    private static readonly Guid Namespace = new("6e3a3f0e-4b1f-5c53-9d1a-0f0d6f5a1c11");

    /// <summary>Two who have nothing to do with each other yet.</summary>
    public static readonly FollowPair Strangers = new(new Dictionary<Guid, DateTimeOffset>(), 0, 0);

    /// <summary>Since when <paramref name="follower"/> follows the other of the pair, or null.</summary>
    public DateTimeOffset? FollowingSince(Guid follower) => Since.TryGetValue(follower, out var since) ? since : null;

    /// <summary>The pair's stream: UUIDv5 (RFC 9562) of the two ids' text forms, the smaller first.</summary>
    public static Guid StreamId(Guid one, Guid other)
    {
        var (a, b) = (one.ToString(), other.ToString());
        if (string.CompareOrdinal(a, b) > 0) (a, b) = (b, a);
        return NameBasedId.Of(Namespace, a + b);
    }

    /// <summary>The state after one more event.</summary>
    public FollowPair Apply(object e)
    {
        var since = new Dictionary<Guid, DateTimeOffset>(Since);
        switch (e)
        {
            case Followed followed: since[followed.FollowerId] = followed.At; break;
            case Unfollowed unfollowed: since.Remove(unfollowed.FollowerId); break;
        }

        return this with { Since = since, Version = Version + 1 };
    }

    /// <summary>The state of the pair as the store has it.</summary>
    public static async Task<FollowPair> LoadAsync(IQuerySession session, Guid one, Guid other, CancellationToken cancellation)
    {
        var events = await session.Events.FetchStreamAsync(StreamId(one, other), token: cancellation);
        return events.Aggregate(Strangers, (pair, e) => pair.Apply(e.Data) with { Position = e.Sequence });
    }

    /// <summary>
    /// Reads the pair, decides, and appends what was decided, guarded by the version read; somebody who was faster makes it
    /// read and decide again. Returns the state after it.
    /// </summary>
    public static async Task<FollowPair> ExecuteAsync(
        IDocumentStore store, Guid actor, Guid other, Func<FollowPair, IReadOnlyList<object>> decide, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            await using var session = store.TracedSession();
            var pair = await LoadAsync(session, actor, other, cancellation);
            var decided = decide(pair);
            if (decided.Count == 0) return pair;

            try
            {
                var appended = session.Events.Append(StreamId(actor, other), pair.Version + decided.Count, decided);
                await session.SaveChangesAsync(cancellation);
                return decided.Aggregate(pair, (state, e) => state.Apply(e)) with { Position = appended.Events[^1].Sequence };
            }
            catch (Exception e) when (attempt < 10 && EventStore.IsConflict(e))
            {
                await Task.Delay(Random.Shared.Next(1, 5 * attempt), cancellation);
            }
        }
    }

    internal static void Configure(StoreOptions store)
    {
        store.Events.MapEventType<Followed>("followed");
        store.Events.MapEventType<Unfollowed>("unfollowed");
    }
}
