using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using BzPeer.Trust.Flow;

namespace BzPeer.Trust.Attacks;

/// <summary>The attacks at full size, with what followers counted plainly and PageRank make of the same ones.</summary>
internal static class AttackReport
{
    private static readonly Shape[] Shapes = Enum.GetValues<Shape>();
    private static readonly int[] Follows = [1, 2, 5, 10];
    private static readonly int[] Sizes = [10, 100, 1_000, 10_000, 100_000];

    public static string Write()
    {
        var graphs = TrustGraph.All();
        var model = new FlowParameters();
        var report = new StringBuilder();
        void Line(FormattableString line) => report.AppendLine(line.ToString(CultureInfo.InvariantCulture));
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1 << 30);
        var processor = File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim()
            : null;
        Line($"""
            # Attacks on the trust flow

            Written by `dotnet run -c Release --project tests/BzPeer.Trust.Attacks -- report` on {DateTime.UtcNow:yyyy-MM-dd}, with the real graphs from the folder that `BZPEER_DATA` names.
            {Environment.ProcessorCount} processors ({processor ?? RuntimeInformation.ProcessArchitecture.ToString()}), {memory} GiB; {RuntimeInformation.OSDescription}; {RuntimeInformation.FrameworkDescription}.

            Model 1: D = {model.Divisor}, a = {model.Decay}, T = {model.Rounds}. What these are, why the bound holds and where it ends: [trust-flow.md](trust-flow.md). Effective followers are those of the flow; points are
            what followers give to a score, 25 at most. Seeds, on every graph by one rule: one person in a hundred, the most followed of those who follow at least ten others, passing over whom a seed taken before follows. What other choices
            come to stands under *Limits*.

            | graph | people | follows | seeds | reached from a seed | with effective followers | median of them |
            |---|---:|---:|---:|---:|---:|---:|
            """);
        foreach (var graph in graphs)
        {
            var flow = Rankings.Flow(graph.Nodes, graph.Edges, graph.Seeds);
            var reachable = graph.Reachable();
            Line($"| {graph.Name} | {graph.Nodes:N0} | {graph.Edges.Length:N0} | {graph.Seeds.Count(isSeed => isSeed)} | {reachable.Count(yes => yes) / (double)graph.Nodes:0.0 %} | {flow.Count(n => n > 0) / (double)graph.Nodes:0.0 %} | {Rankings.Median(flow.Where((_, person) => reachable[person])):0.00} |");
        }

        Line($"""

            Advogato: KONECT, CC BY-SA 2.0 DE (Massa, Salvetti and Tomasoni 2009). Bitcoin OTC: SNAP (Kumar et al. 2016), ratings above 0. wiki-Vote: SNAP (Leskovec, Huttenlocher and Kleinberg 2010).
            ca-GrQc: SNAP (Leskovec, Kleinberg and Faloutsos 2007). The generated ones are made anew on every machine, and are what the test run has where the others are not.

            ## A: fakes without an honest follow

            They follow one of them, one another, and honest people. Gain of the target, and of all fakes together; and what the plain alternatives give the target: the part of the honest people who rank below it.

            | graph | fakes | flow, target | flow, all fakes | honest people moved | followers counted: above | PageRank: above |
            |---|---:|---:|---:|---:|---:|---:|
            """);
        foreach (var graph in graphs)
            foreach (var fakes in new[] { 100, 10_000 })
            {
                var attack = Attack.WithoutHonestFollow(graph, fakes);
                var outcome = new Outcome(attack);
                var (count, rank) = (Rankings.FollowerCount(attack.Nodes, attack.Edges), Rankings.PageRank(attack.Nodes, attack.Edges));
                Line($"| {graph.Name} | {fakes:N0} | {outcome.Target:0} | {outcome.FakesTogether:0} | {outcome.Honest.Zip(outcome.HonestBefore).Count(n => n.First != n.Second)} | {Above(count, attack):0.0 %} | {Above(rank, attack):0.0 %} |");
            }

        Line($"""

            ## B: honest follows, and ever more fakes

            g honest people, drawn from those with at least one effective follower who are no seeds, are brought to follow a fake. *Target*: all fakes follow the one who is followed, and nineteen others at random. *Crowd*: each follows twenty at
            random. *Layers*: what the proof allows. *Camouflage*: a crowd of whom each also follows five honest people. Effective followers of all fakes together, by their number k, and against the bound of {model.MostPerHonestFollow:0.00} for each honest follow.
            g = 1 and 10 are shown, and *the most of all* is over g = 1, 2, 5, 10. Where the best placed of a crowd has fewer points among more fakes, it is because they spread the same among more.

            | graph | shape | g | k = 10 | 100 | 1,000 | 10,000 | 100,000 | 1,000 to 100,000: followers | points of the best placed | of the bound |
            |---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|
            """);
        var most = 0.0;
        foreach (var graph in graphs)
            foreach (var shape in Shapes)
                foreach (var g in Follows)
                {
                    var outcomes = Sizes.Select(k => new Outcome(Attack.WithHonestFollows(graph, g, k, shape))).ToArray();
                    var gains = outcomes.Select(outcome => outcome.FakesTogether).ToArray();
                    most = Math.Max(most, gains.Max() / (g * model.MostPerHonestFollow));
                    if (g is 1 or 10)
                        Line($"| {graph.Name} | {shape} | {g} | {string.Join(" | ", gains.Select(gain => gain.ToString("0.00", CultureInfo.InvariantCulture)))} | {gains[4] / gains[2] - 1:+0.00 %;-0.00 %;0.00 %} | {outcomes[2].BestPoints:0.00} to {outcomes[4].BestPoints:0.00} | {gains.Max() / (g * model.MostPerHonestFollow):0.000} |");
                }

        Line($"""

            The most of all: {most:0.000} of the bound.

            The same if those ten honest people follow fakes who, of all that are no seeds, have most effective followers themselves, k = half of the honest people: what all fakes have together, and the AUC of the
            flow (reached honest people against fakes).

            | graph | Target | Crowd | Layers | Camouflage | most, of the bound | AUC at the worst shape |
            |---|---:|---:|---:|---:|---:|---:|
            """);
        foreach (var graph in graphs)
        {
            var attacks = Shapes.Select(shape => Attack.WithHonestFollows(graph, 10, graph.Nodes / 2, shape, strongest: true)).ToArray();
            var outcomes = attacks.Select(attack => new Outcome(attack)).ToArray();
            Line($"| {graph.Name} | {string.Join(" | ", outcomes.Select(outcome => outcome.FakesTogether.ToString("0.00", CultureInfo.InvariantCulture)))} | {outcomes.Max(outcome => outcome.FakesTogether) / (10 * model.MostPerHonestFollow):0.000} | {outcomes.Zip(attacks, (outcome, attack) => outcome.Auc(attack.Flow()).Reachable).Min():0.000} |");
        }

        Line($"""

            ## What attacks do to the honest

            Everybody's other factors give them a number of points drawn evenly from 9 to 75, and all count as verified. Median: effective followers of the people reached from a seed; in whole points it is the same before and after everywhere. Hops: from whoever followed a fake. Who follows
            more than {model.Divisor} people and then a fake as well gives the others that little less, which is where a median moves in the third digit; fakes in camouflage give honest people what they got, who rise by it.

            | graph | attack | median before | after | levels moved | of all | farthest, hops | which (person: from, to, hops) |
            |---|---|---:|---:|---:|---:|---:|---|
            """);
        foreach (var graph in graphs)
        {
            Attack[] attacks = [Attack.WithoutHonestFollow(graph, 10_000), Attack.Bursts(graph, 100), .. Shapes.Select(shape => Attack.WithHonestFollows(graph, 10, graph.Nodes / 2, shape))];
            var reachable = graph.Reachable();
            foreach (var attack in attacks)
            {
                var outcome = new Outcome(attack);
                var moved = outcome.Moved();
                double MedianOf(IEnumerable<double> flow) => Rankings.Median(flow.Where((_, person) => reachable[person]));
                Line($"| {graph.Name} | {attack.Name} | {MedianOf(outcome.HonestBefore):0.000} | {MedianOf(outcome.Honest):0.000} | {moved.Count} | {moved.Count / (double)graph.Nodes:0.00 %} | {moved.Max(m => m.Hops)} | {string.Join("; ", moved.Select(m => $"{m.Person}: {m.From}, {m.To}, {m.Hops}"))} |");
            }
        }

        Line($"""

            ## Telling honest people from fakes

            g = 10, k = half of the honest people. AUC: how probable it is that an honest person ranks above a fake; 0.5 is a coin. *Reached*: honest people to whom follows lead from a seed.

            | graph | shape | flow, reached | PageRank, reached | followers counted, reached | not reached | flow, all | PageRank, all | followers counted, all |
            |---|---|---:|---:|---:|---:|---:|---:|---:|
            """);
        foreach (var graph in graphs)
            foreach (var shape in Shapes)
            {
                var attack = Attack.WithHonestFollows(graph, 10, graph.Nodes / 2, shape);
                var outcome = new Outcome(attack);
                var (flow, rank, count) = (outcome.Auc(attack.Flow()), outcome.Auc(Rankings.PageRank(attack.Nodes, attack.Edges)), outcome.Auc(Rankings.FollowerCount(attack.Nodes, attack.Edges)));
                Line($"| {graph.Name} | {shape} | {flow.Reachable:0.000} | {rank.Reachable:0.000} | {count.Reachable:0.000} | {graph.Reachable().Count(yes => !yes) / (double)graph.Nodes:0.0 %} | {flow.All:0.000} | {rank.All:0.000} | {count.All:0.000} |");
            }

        if (graphs.FirstOrDefault(graph => graph.Weights is not null) is { } advogato)
        {
            Line($"""

                ## Agreement with what people said of one another

                {advogato.Name}: a fifth of the certifications held out, drawn at random; Spearman's rank correlation with the mean weight of those that somebody received, of a ranking from the other four fifths.
                Fakes count as of weight 0; g = 10, k = half of the honest people.

                | planted | people compared | flow | PageRank | followers counted | flow against PageRank |
                |---|---:|---:|---:|---:|---:|
                """);
            foreach (var shape in new Shape?[] { null }.Concat(Shapes.Select(shape => (Shape?)shape)))
            {
                var agreement = Agreement.Of(advogato, 10, shape is null ? 0 : advogato.Nodes / 2, shape ?? Shape.Crowd);
                Line($"| {shape?.ToString() ?? "nothing"} | {agreement.People:N0} | {agreement.Flow:0.000} | {agreement.PageRank:0.000} | {agreement.FollowerCount:0.000} | {(shape is null ? agreement.Flow / agreement.PageRank : null):0.00} |");
            }
        }

        Line($"""

            ## Limits

            A seed that is careless, or one that is an attacker's, on {graphs[0].Name}: what 1,000 fakes (crowd) have together.

            | who | effective followers of all fakes |
            |---|---:|
            """);
        foreach (var (who, gain) in Limits.SeedsThatFail(graphs[0])) Line($"| {who} | {gain:0.0} |");
        Line($"""

            Which seeds, and how many: the AUC of the flow, honest people reached from a seed against fakes, at the shape that is worst for it (g = 10, k = half of the honest people). Seeds that all stand in one corner, as the most followed of
            ca-GrQc do, who wrote the same papers, leave the rest of the graph with hardly more voice than fakes can get.

            | graph | 10 most followed | 1 in 100, most followed | 10, apart | 1 in 100, apart |
            |---|---:|---:|---:|---:|
            """);
        foreach (var graph in graphs)
        {
            double Worst(TrustGraph honest) => Shapes.Min(shape =>
            {
                var attack = Attack.WithHonestFollows(honest, 10, honest.Nodes / 2, shape);
                return new Outcome(attack).Auc(attack.Flow()).Reachable;
            });
            Line($"| {graph.Name} | {Worst(graph.WithSeeds(10, apart: false)):0.000} | {Worst(graph.WithSeeds(graph.Nodes / 100, apart: false)):0.000} | {Worst(graph.WithSeeds(10, apart: true)):0.000} | {Worst(graph):0.000} |");
        }

        Line($"""

            People whom no seed reaches have no effective follower and no point from followers, whoever they are: the shares are in the first table, and the AUC over all people counts them. They lose nothing else: a newcomer with one
            validated work has 11 without any follower.

            ## Speed

            {Speed.Measure()}
            """);
        return report.ToString().TrimEnd() + "\n";
    }

    /// <summary>The part of the honest who rank below the target.</summary>
    private static double Above(double[] ranking, Attack attack) =>
        ranking.Take(attack.Honest.Nodes).Count(value => value < ranking[attack.Target]) / (double)attack.Honest.Nodes;
}
