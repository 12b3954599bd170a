using System.Runtime.InteropServices;
using BzPeer.Trust.Flow;
using Npgsql;
using NpgsqlTypes;

namespace BzPeer.Trust;

/// <summary>The graph that trust flows along, in memory: researchers by id, follows that count, seeds, and who is marked as part of a ring.</summary>
internal sealed class FlowNetwork
{
    private readonly Dictionary<Guid, int> nodes = [];
    private readonly List<Guid> researchers = [];
    private readonly List<double> given = [];
    private readonly HashSet<Guid> seeds = [];
    private readonly Dictionary<Guid, Guid> marked;
    private readonly FlowState state;

    private FlowNetwork(FlowState state, TrustModel model, Dictionary<Guid, Guid> marked) =>
        (this.state, Parameters, SeedWorks, this.marked) = (state, model.Flow, model.SeedWorks, marked);

    /// <summary>What it is computed with.</summary>
    public FlowParameters Parameters { get; }

    /// <summary>Validated works that a seed has.</summary>
    public int SeedWorks { get; }

    /// <summary>Who follow or are followed, or did.</summary>
    public int Researchers => researchers.Count;

    /// <summary>Follows that count.</summary>
    public long Edges => state.EdgeCount;

    /// <summary>Where trust starts.</summary>
    public int Seeds => seeds.Count(seed => !marked.ContainsKey(seed));

    /// <summary>Members of marked rings.</summary>
    public IReadOnlyCollection<Guid> Marked => marked.Keys;

    /// <summary>Reads the graph as it is at one moment, without keeping anybody from writing, and lets trust flow through all of it.</summary>
    public static async Task<FlowNetwork> ReadAsync(NpgsqlDataSource database, TrustModel model, FlowRuns.Progress? progress, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var snapshot = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellation);
        var network = new FlowNetwork(new FlowState(model.Flow), model, await Rings.MarkedAsync(connection, null, cancellation));
        foreach (var (researcher, evidence) in await TrustRecords.VouchedAsync(connection, cancellation))
            if (evidence.IsSeed(model.SeedWorks)) network.seeds.Add(researcher);
        foreach (var seed in network.seeds) network.NodeOf(seed);

        progress?.Report("reading", 0);
        var edges = new List<Edge>();
        await using (var copy = await connection.BeginBinaryExportAsync("copy (select follower, followee from trust_edges where live) to stdout (format binary)", cancellation))
        {
            while (await copy.StartRowAsync(cancellation) >= 0)
            {
                var (follower, followee) = (await copy.ReadAsync<Guid>(NpgsqlDbType.Uuid, cancellation), await copy.ReadAsync<Guid>(NpgsqlDbType.Uuid, cancellation));
                var edge = new Edge(network.NodeOf(follower), network.NodeOf(followee));
                if (!network.marked.ContainsKey(follower) && !network.marked.ContainsKey(followee)) edges.Add(edge);
                if (edges.Count % 100_000 == 0) progress?.Report("reading", edges.Count);
            }
        }

        await snapshot.CommitAsync(cancellation);
        var isSeed = new bool[network.researchers.Count];
        foreach (var seed in network.seeds) isSeed[network.nodes[seed]] = !network.marked.ContainsKey(seed);
        progress?.Report("computing", 0);
        network.state.Load(FlowGraph.FromEdges(network.researchers.Count, CollectionsMarshal.AsSpan(edges)), isSeed, cancellation: cancellation);
        for (var node = 0; node < network.given.Count; node++) network.given[node] = network.Rounded(node);
        return network;
    }

    /// <summary>Live follows of or to these researchers.</summary>
    public static async Task<List<(Guid Follower, Guid Followee)>> EdgesOfAsync(NpgsqlConnection connection, Guid[] researchers, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "select follower, followee from trust_edges where follower = any($1) and live union select follower, followee from trust_edges where followee = any($1) and live", connection)
        {
            Parameters = { new() { Value = researchers } },
        };
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var edges = new List<(Guid, Guid)>();
        while (await row.ReadAsync(cancellation)) edges.Add((row.GetGuid(0), row.GetGuid(1)));
        return edges;
    }

    /// <summary>Says whether one follows the other; a follow of or to a member of a marked ring does not count.</summary>
    public void Set(Guid follower, Guid followee, bool live)
    {
        if (live && !marked.ContainsKey(follower) && !marked.ContainsKey(followee)) state.Follow(NodeOf(follower), NodeOf(followee));
        else state.Unfollow(NodeOf(follower), NodeOf(followee));
    }

    /// <summary>Says whether trust starts from somebody; whether that is something new.</summary>
    public bool SetSeed(Guid researcher, bool isSeed)
    {
        if (!(isSeed ? seeds.Add(researcher) : seeds.Remove(researcher))) return false;
        state.SetSeed(NodeOf(researcher), isSeed && !marked.ContainsKey(researcher));
        return true;
    }

    /// <summary>Says whether somebody is part of a marked ring; their follows are to be set again after it.</summary>
    public void Mark(Guid researcher, Guid? ring)
    {
        if (ring is { } one) marked[researcher] = one;
        else marked.Remove(researcher);
        state.SetSeed(NodeOf(researcher), seeds.Contains(researcher) && ring is null);
    }

    /// <summary>Lets trust flow along what was set; who has something else by it than before.</summary>
    public List<Guid> Settle()
    {
        var changed = new List<Guid>();
        foreach (var node in state.Settle())
        {
            var now = Rounded(node);
            if (now == given[node]) continue;
            given[node] = now;
            changed.Add(researchers[node]);
        }

        changed.Sort();
        return changed;
    }

    /// <summary>Everybody with effective followers.</summary>
    public IEnumerable<Guid> Reached() => researchers.Where((_, node) => given[node] > 0);

    /// <summary>What the flow gives somebody: nothing to whom it never gave anything.</summary>
    public FlowEvidence? FlowOf(Guid researcher, FlowEvidence? held)
    {
        var effective = nodes.TryGetValue(researcher, out var node) ? given[node] : 0;
        return effective == 0 && held is null ? null : new(effective, Parameters);
    }

    /// <summary>The marked ring somebody is part of; null for everybody else.</summary>
    public Guid? RingOf(Guid researcher) => marked.TryGetValue(researcher, out var ring) ? ring : null;

    /// <summary>Effective followers in thousandths: what stands in evidence, and so what a difference is.</summary>
    private double Rounded(int node) => Math.Round(state.EffectiveFollowers(node) / (double)TrustFlow.One, 3);

    private int NodeOf(Guid researcher)
    {
        if (nodes.TryGetValue(researcher, out var node)) return node;
        node = state.AddNode();
        nodes[researcher] = node;
        researchers.Add(researcher);
        given.Add(0);
        return node;
    }
}
