using System.Globalization;
using BzPeer.Trust.Flow;

namespace BzPeer.Trust.Attacks;

/// <summary>A graph of honest people that attacks are planted in.</summary>
/// <param name="Weights">By edge, how much the follower thought of the followee, where the graph says so; null elsewhere.</param>
public sealed record TrustGraph(string Name, int Nodes, Edge[] Edges, double[]? Weights = null)
{
    /// <summary>Who follows fewer others has little to hand out to.</summary>
    private const int SeedFollows = 10;

    /// <summary>
    /// By person, whether they are a seed. One in a hundred: the most followed, whom a curator would look at first, of those who follow at least ten others, passing over
    /// whom a seed follows already, so that they stand in different parts of the graph as SybilRank's do.
    /// </summary>
    public bool[] Seeds { get; private init; } = ChooseSeeds(Nodes, Edges, Nodes / 100, apart: true);

    /// <summary>The same people with other seeds.</summary>
    public TrustGraph WithSeeds(int count, bool apart) => this with { Seeds = ChooseSeeds(Nodes, Edges, count, apart) };

    /// <summary>By person, whether follows lead to them from a seed, over however many.</summary>
    public bool[] Reachable() => Hops(Enumerable.Range(0, Nodes).Where(node => Seeds[node])).Select(hops => hops is not null).ToArray();

    /// <summary>By person, how many follows lead there from the nearest of these; null if none do.</summary>
    public int?[] Hops(IEnumerable<int> from)
    {
        var followees = Edges.ToLookup(edge => edge.Follower, edge => edge.Followee);
        var hops = new int?[Nodes];
        var queue = new Queue<int>();
        foreach (var node in from)
        {
            hops[node] = 0;
            queue.Enqueue(node);
        }

        while (queue.TryDequeue(out var node))
            foreach (var followee in followees[node])
                if (hops[followee] is null)
                {
                    hops[followee] = hops[node] + 1;
                    queue.Enqueue(followee);
                }

        return hops;
    }

    /// <summary>The real graphs of the folder that BZPEER_DATA names; they may not be passed on, so without it there are only those made here.</summary>
    public static IReadOnlyList<TrustGraph> All()
    {
        if (Environment.GetEnvironmentVariable("BZPEER_DATA") is not { } data) return [Scholars(), SmallWorld()];
        var folder = Path.Combine(data, "graphs");
        if (!Directory.Exists(folder)) throw new DirectoryNotFoundException("BZPEER_DATA names a folder in which there is no folder graphs.");
        return
        [
            // Columns: who certifies, who is certified, and as what: 1 Master, 0.8 Journeyer, 0.6 Apprentice.
            Read("Advogato", Path.Combine(folder, "advogato", "out.advogato.tsv"), ' ', keep: _ => true, weighted: true),
            // Ratings from -10 to 10; one below zero says the opposite of a follow.
            Read("Bitcoin OTC", Path.Combine(folder, "bitcoin-otc.csv"), ',', keep: rating => rating > 0, weighted: false),
            Read("wiki-Vote", Path.Combine(folder, "wiki-vote.txt"), '\t', keep: _ => true, weighted: false),
            // Both directions of each pair of co-authors are in the file.
            Read("ca-GrQc", Path.Combine(folder, "ca-grqc.txt"), '\t', keep: _ => true, weighted: false),
            Scholars(),
            SmallWorld(),
        ];
    }

    /// <summary>
    /// People who come one after another and follow some who are there, the more likely the more follow them already (Price 1976), and are followed back by one in three.
    /// </summary>
    public static TrustGraph Scholars(int nodes = 3_000, int followsEach = 8)
    {
        var random = new Random(20_240_101);
        var edges = new List<Edge>();
        for (var node = 1; node < nodes; node++)
            for (var n = 0; n < Math.Min(followsEach, node); n++)
            {
                // Half by how many follow them, half anybody.
                var followee = edges.Count > 0 && random.Next(2) == 0 ? edges[random.Next(edges.Count)].Followee : random.Next(node);
                if (followee == node) continue;
                edges.Add(new(node, followee));
                if (random.Next(3) == 0) edges.Add(new(followee, node));
            }

        return new("generated, preferential", nodes, [.. edges.Distinct()]);
    }

    /// <summary>People in a ring who follow their neighbours, a tenth of it led elsewhere (Watts and Strogatz 1998): no hubs.</summary>
    public static TrustGraph SmallWorld(int nodes = 3_000, int followsEach = 24)
    {
        var random = new Random(20_240_102);
        var edges =
            from node in Enumerable.Range(0, nodes)
            from step in Enumerable.Range(1, followsEach / 2)
            from neighbour in new[] { (node + step) % nodes, (node - step + nodes) % nodes }
            let followee = random.Next(10) == 0 ? random.Next(nodes) : neighbour
            where followee != node
            select new Edge(node, followee);
        return new("generated, small world", nodes, [.. edges.Distinct()]);
    }

    private static TrustGraph Read(string name, string file, char separator, Func<double, bool> keep, bool weighted)
    {
        var numbers = new Dictionary<int, int>();
        int NumberOf(string id) => numbers.TryGetValue(int.Parse(id, CultureInfo.InvariantCulture), out var known) ? known : numbers[int.Parse(id, CultureInfo.InvariantCulture)] = numbers.Count;
        var edges = new List<(Edge Edge, double Weight)>();
        foreach (var line in File.ReadLines(file).Where(line => line.Length > 0 && char.IsAsciiDigit(line[0])))
        {
            var columns = line.Split(separator);
            var weight = columns.Length > 2 ? double.Parse(columns[2], CultureInfo.InvariantCulture) : 1;
            var edge = new Edge(NumberOf(columns[0]), NumberOf(columns[1]));
            if (keep(weight) && edge.Follower != edge.Followee) edges.Add((edge, weight));
        }

        var distinct = edges.DistinctBy(edge => edge.Edge).ToArray();
        return new(name, numbers.Count, [.. distinct.Select(edge => edge.Edge)], weighted ? [.. distinct.Select(edge => edge.Weight)] : null);
    }

    /// <summary>The most followed first (of several the lower number), of those who follow at least so many others; if they are to stand apart, nobody whom a seed taken before follows.</summary>
    private static bool[] ChooseSeeds(int nodes, Edge[] edges, int count, bool apart)
    {
        var followers = new int[nodes];
        foreach (var edge in edges) followers[edge.Followee]++;
        var followees = edges.ToLookup(edge => edge.Follower, edge => edge.Followee);
        var (seeds, followed) = (new bool[nodes], new bool[nodes]);
        foreach (var node in Enumerable.Range(0, nodes).OrderByDescending(node => followers[node]))
        {
            if (count == 0) break;
            if (followees[node].Count() < SeedFollows || (apart && followed[node])) continue;
            seeds[node] = true;
            count--;
            foreach (var followee in followees[node]) followed[followee] = true;
        }

        return seeds;
    }
}
