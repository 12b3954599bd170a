using BzPeer.Trust.Flow;

namespace BzPeer.Trust.Attacks;

/// <summary>What an attack came to, against the same honest people without it.</summary>
public sealed class Outcome
{
    private readonly Attack _attack;
    private readonly double[] _before;
    private readonly double[] _after;

    public Outcome(Attack attack)
    {
        _attack = attack;
        _before = Rankings.Flow(attack.Honest.Nodes, attack.Honest.Edges, attack.Honest.Seeds);
        _after = attack.Flow();
    }

    /// <summary>Effective followers of all fakes together.</summary>
    public double FakesTogether => Fakes.Sum();

    /// <summary>Points of the fake who has most of them.</summary>
    public double BestPoints => TrustFlow.Points(Fakes.Max());

    /// <summary>Effective followers of the fake for whom the others are there.</summary>
    public double Target => _after[_attack.Target];

    public IEnumerable<double> Honest => _after.Take(_attack.Honest.Nodes);

    public IEnumerable<double> HonestBefore => _before;

    public IEnumerable<double> Fakes => _after.Skip(_attack.Honest.Nodes);

    /// <summary>
    /// The honest people whose level is another: how many, and how far at most from whoever followed a fake or (fakes that follow honest people reach them through it) over the follows of all.
    /// The graphs know nothing of people but their follows, so what the other factors give is drawn for each, evenly from 9 to 75, and all count as verified: then as many stand
    /// next to a boundary as could.
    /// </summary>
    public IReadOnlyList<(int Person, string From, string To, int? Hops)> Moved()
    {
        var random = new Random(11);
        var rest = Enumerable.Range(0, _attack.Honest.Nodes).Select(_ => 9 + 66 * random.NextDouble()).ToArray();
        string LevelOf(int person, double followers) => TrustModel.First.LevelOf((int)Math.Round(rest[person] + TrustFlow.Points(followers), MidpointRounding.AwayFromZero));
        var hops = new TrustGraph("with fakes", _attack.Nodes, _attack.Edges).Hops(_attack.Givers);
        return [.. from person in Enumerable.Range(0, _attack.Honest.Nodes)
                   let moved = (From: LevelOf(person, _before[person]), To: LevelOf(person, _after[person]))
                   where moved.From != moved.To
                   select (person, moved.From, moved.To, hops[person])];
    }

    /// <summary>The probability that an honest person ranks above a fake: among those whom follows lead to from a seed, and among all.</summary>
    public (double Reachable, double All) Auc(double[] ranking)
    {
        var reachable = _attack.Honest.Reachable();
        double[] honest = [.. ranking.Take(_attack.Honest.Nodes)], fakes = [.. ranking.Skip(_attack.Honest.Nodes)];
        return (Rankings.Auc([.. honest.Where((_, person) => reachable[person])], fakes), Rankings.Auc(honest, fakes));
    }
}
