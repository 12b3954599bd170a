using BzPeer.ServiceDefaults;
using Marten;

namespace BzPeer.Follow;

/// <summary>One researcher began to follow another.</summary>
public sealed record Followed(Guid FollowerId, Guid FolloweeId, DateTimeOffset At);

/// <summary>One researcher ceased to follow another: by their own will, removed by the other, or severed by a block of either.</summary>
public sealed record Unfollowed(Guid FollowerId, Guid FolloweeId, DateTimeOffset At);

/// <summary>One researcher wants nothing to do with another. Never leaves this service.</summary>
public sealed record Blocked(Guid BlockerId, Guid BlockedId, DateTimeOffset At);

/// <summary>A block was lifted. What it severed stays severed.</summary>
public sealed record Unblocked(Guid BlockerId, Guid BlockedId, DateTimeOffset At);

/// <summary>What one of a pair is to the other.</summary>
/// <param name="FollowsSince">Since when they follow, or null.</param>
/// <param name="BlocksSince">Since when they block, or null.</param>
public readonly record struct OneWay(DateTimeOffset? FollowsSince, DateTimeOffset? BlocksSince);

/// <summary>
/// What two researchers are to each other: one stream per unordered pair, so that whatever concerns both (a follow, a
/// block) is one decision, and nobody's popularity makes a stream hot.
/// </summary>
/// <param name="Smaller">The one whose id sorts first.</param>
/// <param name="Greater">The other one.</param>
/// <param name="Forth">What the smaller is to the greater.</param>
/// <param name="Back">What the greater is to the smaller.</param>
/// <param name="Version">Events in the stream: what the next append expects.</param>
/// <param name="Position">Sequence of the last event that changed who follows whom, 0 when there is none.</param>
public sealed record FollowPair(Guid Smaller, Guid Greater, OneWay Forth, OneWay Back, long Version, long Position)
{
    private static readonly Guid Namespace = new("6e3a3f0e-4b1f-5c53-9d1a-0f0d6f5a1c11");

    /// <summary>Two who have nothing to do with each other yet.</summary>
    public static FollowPair Strangers(Guid one, Guid other) => one.CompareTo(other) < 0
        ? new(one, other, default, default, 0, 0)
        : new(other, one, default, default, 0, 0);

    /// <summary>The pair's stream: UUIDv5 (RFC 9562) of the two ids' text forms, the smaller first.</summary>
    public static Guid StreamId(Guid one, Guid other) => one.CompareTo(other) < 0
        ? NameBasedId.Of(Namespace, $"{one}{other}")
        : NameBasedId.Of(Namespace, $"{other}{one}");

    /// <summary>Whether neither follows or blocks the other.</summary>
    public bool IsEmpty => Forth == default && Back == default;

    /// <summary>The same by other names: <paramref name="one"/> of the two is called <paramref name="name"/>, the other <paramref name="other"/>.</summary>
    public FollowPair Seen(Guid one, Guid name, Guid other)
    {
        var strangers = Strangers(name, other);
        var (forth, back) = strangers.Smaller == name ? (From(one), Towards(one)) : (Towards(one), From(one));
        return strangers with { Forth = forth, Back = back, Version = Version, Position = Position };
    }

    /// <summary>The other of the two.</summary>
    public Guid OtherThan(Guid one) => one == Smaller ? Greater : Smaller;

    /// <summary>What <paramref name="one"/> of the two is to the other.</summary>
    public OneWay From(Guid one) => one == Smaller ? Forth : Back;

    /// <summary>What the other of the two is to <paramref name="one"/>.</summary>
    public OneWay Towards(Guid one) => one == Smaller ? Back : Forth;

    /// <summary>Since when <paramref name="follower"/> follows the other of the pair, or null.</summary>
    public DateTimeOffset? FollowingSince(Guid follower) => From(follower).FollowsSince;

    /// <summary>The state after one more event.</summary>
    public FollowPair Apply(object e) => e switch
    {
        Followed followed => With(followed.FollowerId, From(followed.FollowerId) with { FollowsSince = followed.At }),
        Unfollowed unfollowed => With(unfollowed.FollowerId, From(unfollowed.FollowerId) with { FollowsSince = null }),
        Blocked blocked => With(blocked.BlockerId, From(blocked.BlockerId) with { BlocksSince = blocked.At }),
        Unblocked unblocked => With(unblocked.BlockerId, From(unblocked.BlockerId) with { BlocksSince = null }),
        _ => throw new ArgumentException($"{e.GetType().Name} is no event of a pair.", nameof(e)),
    };

    /// <summary>Names the events as they are stored.</summary>
    public static void Configure(StoreOptions store)
    {
        store.Events.MapEventType<Followed>("followed");
        store.Events.MapEventType<Unfollowed>("unfollowed");
        store.Events.MapEventType<Blocked>("blocked");
        store.Events.MapEventType<Unblocked>("unblocked");
    }

    private FollowPair With(Guid one, OneWay now) =>
        one == Smaller ? this with { Forth = now, Version = Version + 1 } : this with { Back = now, Version = Version + 1 };
}
