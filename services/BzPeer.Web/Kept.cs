using System.Collections.Concurrent;

namespace BzPeer.Web;

/// <summary>
/// What services answered to everybody alike, and pages made of it, kept until an event names anything in it. The tags of an answer are all
/// ids in it, and those of a page all ids in its answers: nothing has to say what it depends on, and nothing can forget to.
/// </summary>
internal sealed class Kept(TimeProvider clock, long mostBytes = Kept.MostBytes)
{
    /// <summary>
    /// Seconds, unless <c>Pages:KeepSeconds</c> says otherwise, for which anything is kept that no event names: what is no event, such as
    /// hiding one's lists, shows everywhere by then.
    /// </summary>
    public const int KeepSeconds = 10;

    private const long MostBytes = 128 * 1024 * 1024;

    /// <summary>For so long after an event the read models behind an answer may not have had it yet.</summary>
    private static readonly TimeSpan Unsettled = TimeSpan.FromSeconds(10);

    private sealed record Entry(string Key, object Value, long Until, int Bytes, IReadOnlyCollection<Guid> Ids);

    private readonly ConcurrentDictionary<string, Entry> entries = new();
    private readonly Lock writing = new();
    private readonly Dictionary<Guid, HashSet<string>> keysOf = [];
    private readonly Queue<Entry> oldestFirst = new();
    private Dictionary<Guid, (long At, long Moment)> dropped = [];
    private Dictionary<Guid, (long At, long Moment)> droppedBefore = [];
    private long droppedSince;
    private long moment;
    private long forgotten;
    private long bytes;
    private bool listening;

    /// <summary>For how long anything is kept at most.</summary>
    public TimeSpan Longest { get; init; } = TimeSpan.FromSeconds(KeepSeconds);

    /// <summary>Whether events are heard. While they are not, nothing is kept.</summary>
    public bool Listening
    {
        set
        {
            lock (writing) listening = value;
            Clear();
        }
    }

    /// <summary>Grows with everything that is dropped: what was asked for before somebody was dropped may be from before what happened to them.</summary>
    public long Moment => Interlocked.Read(ref moment);

    public object? Find(string key) => entries.TryGetValue(key, out var entry) && entry.Until > clock.GetTimestamp() ? entry.Value : null;

    /// <summary>
    /// Keeps what was asked for at a <see cref="Moment"/> for so long: <paramref name="settled"/>, or <paramref name="unsettled"/> where
    /// something in it has only just changed. Not at all where that was after it was asked for, nor where that is not known any more.
    /// </summary>
    public void Keep(string key, object value, int size, IReadOnlyCollection<Guid> ids, TimeSpan settled, TimeSpan unsettled, long asked)
    {
        lock (writing)
        {
            var isOld = asked < forgotten || ids.Any(id => LastDrop(id).Moment > asked);
            var time = !listening || isOld ? TimeSpan.Zero : ids.Any(WasDropped) ? unsettled : settled;
            Remove(key);
            if (time <= TimeSpan.Zero) return;
            var entry = new Entry(key, value, clock.GetTimestamp() + (long)(time.TotalSeconds * clock.TimestampFrequency), size, ids);
            entries[key] = entry;
            oldestFirst.Enqueue(entry);
            bytes += size;
            foreach (var id in ids)
            {
                if (!keysOf.TryGetValue(id, out var keys)) keysOf[id] = keys = [];
                keys.Add(key);
            }

            while (oldestFirst.TryPeek(out var oldest) && (bytes > mostBytes || oldest.Until <= clock.GetTimestamp() || !IsKept(oldest)))
            {
                oldestFirst.Dequeue();
                if (IsKept(oldest)) Remove(oldest.Key);
            }
        }
    }

    /// <summary>Drops whatever names any of these, and remembers for a while that something has happened to them.</summary>
    public void Drop(IEnumerable<Guid> ids)
    {
        lock (writing)
        {
            if (clock.GetElapsedTime(droppedSince) > Unsettled)
            {
                if (droppedBefore.Count > 0) forgotten = droppedBefore.Values.Max(last => last.Moment);
                (droppedBefore, dropped, droppedSince) = (dropped, [], clock.GetTimestamp());
            }

            var now = Interlocked.Increment(ref moment);
            foreach (var id in ids)
            {
                if (keysOf.TryGetValue(id, out var keys))
                    foreach (var key in keys.ToArray()) Remove(key);
                dropped[id] = (clock.GetTimestamp(), now);
            }
        }
    }

    /// <summary>Drops everything: something has changed that no event tells of.</summary>
    public void Clear()
    {
        lock (writing)
        {
            forgotten = Interlocked.Increment(ref moment);
            entries.Clear();
            keysOf.Clear();
            oldestFirst.Clear();
            bytes = 0;
        }
    }

    private (long At, long Moment) LastDrop(Guid id) => dropped.TryGetValue(id, out var last) || droppedBefore.TryGetValue(id, out last) ? last : default;

    private bool WasDropped(Guid id) => LastDrop(id) is { Moment: > 0 } last && clock.GetElapsedTime(last.At) < Unsettled;

    private bool IsKept(Entry entry) => entries.TryGetValue(entry.Key, out var kept) && ReferenceEquals(kept, entry);

    private void Remove(string key)
    {
        if (!entries.TryRemove(key, out var entry)) return;
        bytes -= entry.Bytes;
        foreach (var id in entry.Ids)
            if (keysOf.TryGetValue(id, out var keys) && keys.Remove(key) && keys.Count == 0) keysOf.Remove(id);
    }
}
