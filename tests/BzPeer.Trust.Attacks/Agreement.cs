using BzPeer.Trust.Flow;

namespace BzPeer.Trust.Attacks;

/// <summary>
/// How far a ranking agrees with what people said: a fifth of the certifications is held out, drawn at random; the truth about somebody is the mean weight of those they
/// received, the ranking is computed from the others. Fakes, where there are some, are planted in the others and have the truth 0.
/// </summary>
internal sealed record Agreement(double Flow, double PageRank, double FollowerCount, int People)
{
    public static Agreement Of(TrustGraph graph, int follows, int fakes, Shape shape, FlowParameters? parameters = null)
    {
        var order = Enumerable.Range(0, graph.Edges.Length).ToArray();
        new Random(5).Shuffle(order);
        var held = order[..(order.Length / 5)];
        var honest = new TrustGraph(graph.Name, graph.Nodes, [.. order[held.Length..].Select(n => graph.Edges[n])]);
        var truth = held.GroupBy(n => graph.Edges[n].Followee).ToDictionary(received => received.Key, received => received.Average(n => graph.Weights![n]));
        var attack = fakes == 0 ? new Attack("none", honest, 0, honest.Edges, []) : Attack.WithHonestFollows(honest, follows, fakes, shape);
        int[] people = [.. truth.Keys, .. Enumerable.Range(honest.Nodes, fakes)];
        double[] said = [.. people.Select(person => truth.GetValueOrDefault(person))];
        double Agrees(double[] ranking) => Rankings.Spearman([.. people.Select(person => ranking[person])], said);
        return new(Agrees(Rankings.Flow(attack.Nodes, attack.Edges, attack.Seeds, parameters)), Agrees(Rankings.PageRank(attack.Nodes, attack.Edges)), Agrees(Rankings.FollowerCount(attack.Nodes, attack.Edges)), people.Length);
    }
}
