using BzPeer.Trust.Flow;

namespace BzPeer.Trust.Attacks;

/// <summary>How the fakes of an attack follow one another.</summary>
public enum Shape
{
    /// <summary>All follow the first of them and nineteen others at random, and the first follows nineteen: one is to be raised.</summary>
    Target,

    /// <summary>Each follows twenty others at random: all are to be raised.</summary>
    Crowd,

    /// <summary>Twenty follow twenty who follow twenty: what the proof of the bound cannot exclude.</summary>
    Layers,

    /// <summary>The crowd, but each also follows five honest people at random, to look like one of them.</summary>
    Camouflage,
}

/// <summary>Honest people and fakes, who have the numbers after them.</summary>
/// <param name="Givers">The honest people who were brought to follow a fake.</param>
public sealed record Attack(string Name, TrustGraph Honest, int Fakes, Edge[] Edges, int[] Givers)
{
    public int Nodes => Honest.Nodes + Fakes;

    /// <summary>The fake for whom the others are there.</summary>
    public int Target => Honest.Nodes;

    public bool[] Seeds => [.. Honest.Seeds, .. new bool[Fakes]];

    public double[] Flow() => Rankings.Flow(Nodes, Edges, Seeds);

    /// <summary>A: fakes follow one of them and one another, and honest people at that; nobody honest follows them.</summary>
    public static Attack WithoutHonestFollow(TrustGraph honest, int fakes)
    {
        var random = new Random(fakes);
        int Fake() => honest.Nodes + random.Next(fakes);
        var made = Enumerable.Range(1, fakes - 1).SelectMany(n => new Edge[]
        {
            new(honest.Nodes + n, honest.Nodes), new(honest.Nodes, honest.Nodes + n), new(honest.Nodes + n, Fake()), new(honest.Nodes + n, random.Next(honest.Nodes)),
        });
        return new($"A, {fakes} fakes", honest, fakes, [.. honest.Edges, .. made], []);
    }

    /// <summary>
    /// B: as many honest people as there are follows, of those whom capacity reaches and who are no seeds, follow a fake each: always the first one where one is to be raised,
    /// else different ones. They are drawn, or (what is worst) those who have most followers that count.
    /// </summary>
    public static Attack WithHonestFollows(TrustGraph honest, int follows, int fakes, Shape shape, bool strongest = false)
    {
        // The same people whatever the number of fakes, so that only it differs.
        var random = new Random(100 + follows);
        var flow = Rankings.Flow(honest.Nodes, honest.Edges, honest.Seeds);
        int[] givers = [.. Enumerable.Range(0, honest.Nodes).Where(node => flow[node] >= 1 && !honest.Seeds[node])];
        if (strongest) givers = [.. givers.OrderByDescending(giver => flow[giver])];
        else random.Shuffle(givers);
        givers = givers[..follows];
        random = new Random(fakes);
        int Fake(int n) => honest.Nodes + n;
        // Different ones, or some of what they have would be lost to drawing somebody twice, and the less the more there are.
        IEnumerable<Edge> Others(int n, int count) => Repeat(() => random.Next(fakes)).Where(other => other != n).Distinct().Take(Math.Min(count, fakes - 1)).Select(other => new Edge(Fake(n), Fake(other)));
        var reached = shape is Shape.Target ? 1 : Math.Min(follows, fakes);
        var given = givers.Select((giver, n) => new Edge(giver, Fake(n % reached)));
        var made = shape switch
        {
            Shape.Target => Enumerable.Range(0, fakes).SelectMany(n => Others(n, 19).Append(new(Fake(n), Fake(0)))),
            Shape.Layers => Enumerable.Range(0, fakes).SelectMany(n => Enumerable.Range(0, 20).Select(m => new Edge(Fake(n), Fake(LayerStart(n, reached) + m))))
                .Where(edge => edge.Followee < honest.Nodes + fakes),
            _ => Enumerable.Range(0, fakes).SelectMany(n => Others(n, 20).Concat(Enumerable.Range(0, shape is Shape.Camouflage ? 5 : 0).Select(_ => new Edge(Fake(n), random.Next(honest.Nodes))))),
        };
        return new($"B, {shape}, g = {follows}, k = {fakes}", honest, fakes, [.. honest.Edges, .. given, .. made], givers);
    }

    /// <summary>
    /// C: bursts of a hundred accounts that do nothing but follow the same three ordinary honest people, who bought it, and each two of the accounts of their burst.
    /// </summary>
    public static Attack Bursts(TrustGraph honest, int bursts)
    {
        const int size = 100;
        var random = new Random(bursts);
        var made = Enumerable.Range(0, bursts).SelectMany(burst =>
        {
            var bought = Enumerable.Range(0, 3).Select(_ => random.Next(honest.Nodes)).ToArray();
            int Account(int n) => honest.Nodes + burst * size + n % size;
            return Enumerable.Range(0, size).SelectMany(n => (Edge[])[.. bought.Select(whom => new Edge(Account(n), whom)), new(Account(n), Account(n + 1)), new(Account(n), Account(n + 7))]);
        });
        return new($"C, {bursts} bursts of {size}", honest, bursts * size, [.. honest.Edges, .. made], []);
    }

    private static IEnumerable<int> Repeat(Func<int> draw)
    {
        while (true) yield return draw();
    }

    /// <summary>Whom somebody in the layers follows first: behind the followed ones come layers of twenty for each of them.</summary>
    private static int LayerStart(int n, int reached) => n < reached
        ? reached + n * 20
        : reached + ((n - reached) / (20 * reached) + 1) * 20 * reached + (n - reached) % (20 * reached) / 20 * 20;
}
