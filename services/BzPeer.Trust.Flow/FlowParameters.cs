namespace BzPeer.Trust.Flow;

/// <summary>
/// What a trust model may set about the flow. The defaults are those of model 1, found by trial on the graphs that docs/trust-attacks.md reports on.
/// </summary>
/// <param name="Divisor">
/// D: whoever follows fewer than this many hands out as if they followed this many, so that one follow of somebody choosy is not worth everything they have;
/// whoever follows more divides what they have among them all.
/// </param>
/// <param name="Decay">a: how much of the capacity that reaches somebody they can hand on.</param>
/// <param name="Rounds">
/// T: how far from a seed capacity reaches, in follows. Fixed, and small: SybilRank stops after log n rounds, but then a graph that grows would move the scores
/// of people about whom nothing changed.
/// </param>
public sealed record FlowParameters(int Divisor = 20, double Decay = 0.85, int Rounds = 5)
{
    /// <summary>h: the capacity from which on a voice is whole, which is what one follow by a seed hands over at most.</summary>
    public double Threshold => Decay / Divisor;

    /// <summary>
    /// The most effective followers that all fakes together can have for each follow they got from somebody who is not one of them, whatever their number:
    /// <c>1 + D (1 - a^T) / (1 - a)</c>, 75.17 for the defaults. Proved in docs/trust-flow.md.
    /// </summary>
    public double MostPerHonestFollow => 1 + Divisor * (1 - Math.Pow(Decay, Rounds)) / (1 - Decay);

    /// <summary>The rule that these parameters break; null if they are good.</summary>
    public string? FailedRule() => this switch
    {
        { Divisor: < 1 or > MaxDivisor } => $"the divisor is between 1 and {MaxDivisor}",
        { Decay: not (>= 0.01 and < 1) } => "the decay is at least 0.01 and less than 1",
        { Rounds: < 1 or > MaxRounds } => $"there are between 1 and {MaxRounds} rounds",
        _ => null,
    };

    /// <summary>So that the threshold keeps at least six binary digits in fixed point.</summary>
    private const int MaxDivisor = 500_000;

    /// <summary>So that the stages of a person fit into the bits of one word.</summary>
    private const int MaxRounds = 30;
}

/// <summary>
/// The formulas, in whole numbers. A stage is one handing out along every follow: in the stages 0 to T-1 people hand out capacity, in stage T their voice, and what
/// arrives in a stage decides what is handed out in the next. Whatever somebody hands out in a stage is the same integer for everybody they follow, so a sum of such
/// integers is the same in any order, and a change of it can be added and taken away again without a trace.
/// </summary>
internal readonly struct FlowStages
{
    private readonly ulong _decay;
    private readonly ulong _threshold;
    private readonly long _divisor;

    public FlowStages(FlowParameters parameters)
    {
        if (parameters.FailedRule() is { } rule) throw new ArgumentOutOfRangeException(nameof(parameters), parameters, $"Of the parameters of a trust flow {rule}.");
        (_divisor, Last) = (parameters.Divisor, parameters.Rounds);
        _decay = (ulong)(parameters.Decay * TrustFlow.One);
        // Rounded down like the share of a follow, so that a follow by a seed makes a whole voice and not all of it but the last digit.
        _threshold = _decay / (ulong)_divisor;
    }

    /// <summary>T, the stage in which voices are handed out.</summary>
    public int Last { get; }

    /// <summary>What somebody hands to each they follow, given what arrived in the stage before (in stage 0 nothing has).</summary>
    public long Handed(int stage, long arrived, bool isSeed, int followees)
    {
        var among = Math.Max(followees, _divisor);
        if (stage == Last) return Voice(arrived, isSeed) * _divisor / among;
        // Both factors are at most 2^32 and the decay is less, so the product fits 64 bits without a sign; what is left of it fits 32.
        return (long)((ulong)(isSeed ? TrustFlow.One : Math.Min(arrived, TrustFlow.One)) * _decay >> 32) / among;
    }

    /// <summary>The voice of somebody, given the capacity that arrived in the last round.</summary>
    public long Voice(long arrived, bool isSeed) => isSeed || (ulong)arrived >= _threshold ? TrustFlow.One : (long)(((ulong)arrived << 32) / _threshold);
}
