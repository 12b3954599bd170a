namespace BzPeer.Trust.Flow;

/// <summary>What one follower gives: <paramref name="Given"/> in units of 1 / <see cref="TrustFlow.One"/> effective followers.</summary>
public readonly record struct FollowerVoice(int Follower, long Given);

/// <summary>
/// A flow that follows its graph: after <see cref="Settle"/> everything is to the last digit what <see cref="TrustFlow.Compute"/> finds from the beginning, because
/// what changes is the same integers taken away and added. A follow by somebody to whom no capacity comes costs O(1), any other as much as there are follows along
/// which something changes. Not for several threads at once.
/// </summary>
public sealed class FlowState(FlowParameters parameters)
{
    private readonly FlowStages _stages = new(parameters);

    /// <summary>Values per person: of each stage what arrived and what is handed out, the stages of a person side by side.</summary>
    private readonly int _stride = parameters.Rounds + 1;
    private long[] _arrived = [];
    private long[] _handed = [];
    private NodeSet[] _followees = [];
    private NodeSet[] _followers = [];
    private bool[] _seeds = [];

    /// <summary>By person, the stages (as bits) for which they are queued.</summary>
    private uint[] _queuedFor = [];

    /// <summary>By stage, who may have something else to hand out than they do.</summary>
    private readonly List<int>[] _queues = [.. Enumerable.Range(0, parameters.Rounds + 1).Select(_ => new List<int>())];

    /// <summary>What people had at the last settling, of those who were given something else since.</summary>
    private readonly Dictionary<int, long> _before = [];

    /// <summary>What the flow is computed with.</summary>
    public FlowParameters Parameters { get; } = parameters;

    /// <summary>How many people there are.</summary>
    public int NodeCount { get; private set; }

    /// <summary>How many follows of others.</summary>
    public long EdgeCount { get; private set; }

    /// <summary>Adds somebody without follows, and answers their number.</summary>
    public int AddNode()
    {
        if (NodeCount == _seeds.Length) Grow(Math.Max(16, NodeCount * 2));
        return NodeCount++;
    }

    /// <summary>Notes that somebody follows somebody; false if they did, or if it is themselves.</summary>
    public bool Follow(int follower, int followee)
    {
        Check(follower);
        Check(followee);
        if (follower == followee || !_followees[follower].Add(followee)) return false;
        _followers[followee].Add(follower);
        EdgeCount++;
        Hand(follower, followee, 1);
        return true;
    }

    /// <summary>Notes that somebody follows somebody no longer; false if they did not.</summary>
    public bool Unfollow(int follower, int followee)
    {
        Check(follower);
        Check(followee);
        if (!_followees[follower].Remove(followee)) return false;
        _followers[followee].Remove(follower);
        EdgeCount--;
        Hand(follower, followee, -1);
        return true;
    }

    /// <summary>Notes that somebody is a seed or is none.</summary>
    public void SetSeed(int node, bool isSeed)
    {
        Check(node);
        if (_seeds[node] == isSeed) return;
        _seeds[node] = isSeed;
        QueueAllStages(node);
    }

    /// <summary>Whether somebody is a seed.</summary>
    public bool IsSeed(int node)
    {
        Check(node);
        return _seeds[node];
    }

    /// <summary>Begins anew with this graph and these seeds, settled.</summary>
    public void Load(FlowGraph graph, bool[] seeds, int threads = 2, CancellationToken cancellation = default)
    {
        var (count, stride) = (graph.NodeCount, _stride);
        var (arrivedAt, handedAt) = (new long[count * (long)stride], new long[count * (long)stride]);
        TrustFlow.Run(graph, seeds, _stages, threads, cancellation, (stage, handed, arrived) =>
        {
            for (var node = 0; node < count; node++)
                (arrivedAt[node * stride + stage], handedAt[node * stride + stage]) = (arrived[node], handed[node]);
        });

        (_followees, _followers) = (new NodeSet[count], new NodeSet[count]);
        for (var node = 0; node < count; node++) _followees[node].Reserve(graph.FolloweeCountOf(node));
        for (var node = 0; node < count; node++)
        {
            var followers = graph.FollowersOf(node);
            _followers[node].Reserve(followers.Length);
            foreach (var follower in followers)
            {
                _followers[node].Append(follower);
                _followees[follower].Append(node);
            }
        }

        (_arrived, _handed, _seeds, _queuedFor) = (arrivedAt, handedAt, [.. seeds], new uint[count]);
        (NodeCount, EdgeCount) = (count, graph.EdgeCount);
        foreach (var queue in _queues) queue.Clear();
        _before.Clear();
    }

    /// <summary>Works in all changes since the last time, and answers whose effective followers have become others, in ascending order.</summary>
    public IReadOnlyList<int> Settle()
    {
        // What arrives in a stage depends on nothing later, so one pass suffices, however many changes there are.
        for (var stage = 0; stage <= _stages.Last; stage++)
        {
            foreach (var node in _queues[stage])
            {
                _queuedFor[node] &= ~(1u << stage);
                var at = node * _stride + stage;
                var handed = _stages.Handed(stage, stage == 0 ? 0 : _arrived[at - 1], _seeds[node], _followees[node].Count);
                var change = handed - _handed[at];
                if (change == 0) continue;
                _handed[at] = handed;
                foreach (var followee in _followees[node].Items) Arrive(followee, stage, change);
            }

            _queues[stage].Clear();
        }

        List<int> changed = [.. _before.Where(was => EffectiveFollowers(was.Key) != was.Value).Select(was => was.Key).Order()];
        _before.Clear();
        return changed;
    }

    /// <summary>The effective followers of somebody, in units of 1 / <see cref="TrustFlow.One"/>, settled.</summary>
    public long EffectiveFollowers(int node)
    {
        Check(node);
        return _arrived[node * _stride + _stages.Last];
    }

    /// <summary>How much of a follower somebody counts for, 0 to <see cref="TrustFlow.One"/>, settled.</summary>
    public long Voice(int node)
    {
        Check(node);
        return _stages.Voice(_arrived[node * _stride + _stages.Last - 1], _seeds[node]);
    }

    /// <summary>The followers from whom somebody has their effective followers: who gives most first, those who give nothing left out.</summary>
    public IReadOnlyList<FollowerVoice> VoicesFor(int node, int limit = int.MaxValue)
    {
        Check(node);
        var voices = new List<FollowerVoice>();
        foreach (var follower in _followers[node].Items)
            if (_handed[follower * _stride + _stages.Last] is > 0 and var given) voices.Add(new(follower, given));
        return [.. voices.OrderByDescending(voice => voice.Given).ThenBy(voice => voice.Follower).Take(limit)];
    }

    /// <summary>Gives along a new follow what the follower hands out as settled, or takes it back; what else they hand out from now on is for the settling.</summary>
    private void Hand(int follower, int followee, int sign)
    {
        for (var stage = 0; stage <= _stages.Last; stage++)
            if (_handed[follower * _stride + stage] is not 0 and var handed) Arrive(followee, stage, sign * handed);
        QueueAllStages(follower);
    }

    private void Arrive(int node, int stage, long change)
    {
        ref var arrived = ref _arrived[node * _stride + stage];
        if (stage < _stages.Last) Queue(node, stage + 1);
        else _before.TryAdd(node, arrived);
        arrived += change;
    }

    private void QueueAllStages(int node)
    {
        for (var stage = 0; stage <= _stages.Last; stage++) Queue(node, stage);
    }

    private void Queue(int node, int stage)
    {
        if ((_queuedFor[node] & 1u << stage) != 0) return;
        _queuedFor[node] |= 1u << stage;
        _queues[stage].Add(node);
    }

    private void Check(int node) => ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)node, (uint)NodeCount, nameof(node));

    private void Grow(int capacity)
    {
        Array.Resize(ref _seeds, capacity);
        Array.Resize(ref _queuedFor, capacity);
        Array.Resize(ref _followees, capacity);
        Array.Resize(ref _followers, capacity);
        Array.Resize(ref _arrived, capacity * _stride);
        Array.Resize(ref _handed, capacity * _stride);
    }
}

/// <summary>
/// People without order or repetition, 4 bytes each. Up to so many a look through all of them is the fastest way to find one; beyond that an index says where each
/// stands, so that a change of any set costs O(1).
/// </summary>
internal struct NodeSet
{
    private const int LookedThrough = 64;

    private int[]? _items;
    private Dictionary<int, int>? _index;

    public int Count { get; private set; }

    public readonly ReadOnlySpan<int> Items => _items.AsSpan(0, Count);

    public void Reserve(int capacity) => _items = new int[capacity];

    /// <summary>Adds who is known not to be there; the index is built when it is first asked for.</summary>
    public void Append(int node)
    {
        if (_items is null || Count == _items.Length) Array.Resize(ref _items, Math.Max(4, Count * 2));
        _index?.Add(node, Count);
        _items[Count++] = node;
    }

    public bool Add(int node)
    {
        if (Find(node) >= 0) return false;
        Append(node);
        return true;
    }

    /// <summary>The last one takes the place of the one that leaves.</summary>
    public bool Remove(int node)
    {
        var place = Find(node);
        if (place < 0) return false;
        var last = _items![--Count];
        _items[place] = last;
        if (_index is null) return true;
        _index[last] = place;
        _index.Remove(node);
        return true;
    }

    private int Find(int node)
    {
        if (Count <= LookedThrough && _index is null) return Items.IndexOf(node);
        if (_index is null)
        {
            _index = new Dictionary<int, int>(Count);
            foreach (var (place, item) in Items.ToArray().Index()) _index.Add(item, place);
        }

        return _index.GetValueOrDefault(node, -1);
    }
}
