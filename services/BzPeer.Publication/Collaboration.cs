using System.Numerics;
using BzPeer.ServiceDefaults;
using Npgsql;

namespace BzPeer.Publication;

/// <summary>
/// How strongly two researchers collaborate (Newman 2001): the sum over the works they share of 1/(people - 1). An exact
/// fraction, because whether it reaches a limit must not hang on a rounding.
/// </summary>
internal readonly record struct Strength(BigInteger Numerator, BigInteger Denominator) : IComparable<Strength>
{
    /// <summary>Where a co-author becomes a close collaborator: 1/5.</summary>
    public static readonly Strength Close = new(1, 5);

    public static readonly Strength None = new(0, 1);

    public bool IsClose => CompareTo(Close) >= 0;

    public double Value => (double)Numerator / (double)Denominator;

    /// <summary>The strength of so many shared <paramref name="works"/> with so many <paramref name="people"/> each.</summary>
    public static Strength Of(int people, long works) => people < 2 ? None : new Strength(works, people - 1).Reduce();

    public static Strength Sum(IEnumerable<(int People, long Works)> shared) =>
        shared.Aggregate(None, (sum, same) => sum + Of(same.People, same.Works));

    public static Strength operator +(Strength one, Strength other) =>
        new Strength((one.Numerator * other.Denominator) + (other.Numerator * one.Denominator), one.Denominator * other.Denominator).Reduce();

    public int CompareTo(Strength other) => (Numerator * other.Denominator).CompareTo(other.Numerator * Denominator);

    private Strength Reduce()
    {
        var common = BigInteger.GreatestCommonDivisor(Numerator, Denominator);
        return common.IsOne ? this : new(Numerator / common, Denominator / common);
    }
}

/// <summary>What two researchers share.</summary>
/// <param name="One">One of them.</param>
/// <param name="Other">The other.</param>
/// <param name="Works">How many works.</param>
/// <param name="Strength">What these works add up to.</param>
/// <param name="First">Year of the first of them, null where none has a year.</param>
/// <param name="Latest">Year of the latest of them.</param>
internal sealed record Pair(Guid One, Guid Other, long Works, Strength Strength, int? First = null, int? Latest = null)
{
    /// <summary>The same, seen from the other.</summary>
    public Pair Turned => this with { One = Other, Other = One };
}

/// <summary>Who works with whom, over validated and unretracted works: the one place where strength is summed.</summary>
internal sealed class Collaborations(NpgsqlDataSource database)
{
    /// <summary>
    /// A work with more people than this adds less than 1/100 per pair and has more than 5,000 pairs: they are only looked at
    /// where they can matter.
    /// </summary>
    public const int Big = 100;

    /// <summary>Every collaborator of one researcher, over all works.</summary>
    public Task<IReadOnlyList<Pair>> OfAsync(Guid researcher, CancellationToken cancellation) =>
        PairsAsync(OfOne, [new() { Value = researcher }], cancellation);

    /// <summary>The same among the questions of a batch; <see cref="ReadAsync"/> reads what is answered.</summary>
    public static NpgsqlBatchCommand Of(Guid researcher) => new(Pairs(OfOne)) { Parameters = { new() { Value = researcher } } };

    /// <summary>Every pair among these few researchers, once, among the questions of a batch.</summary>
    public static NpgsqlBatchCommand Among(Guid[] researchers) =>
        new(Pairs($"a.researcher_id = {FewIds.Any("$1")} and b.researcher_id = {FewIds.Any("$1")} and a.researcher_id < b.researcher_id")) { Parameters = { new() { Value = researchers } } };

    /// <summary>
    /// The collaborators of these researchers over works that are not big, all of them or those among <paramref name="others"/>,
    /// as one snapshot has them.
    /// </summary>
    public Task<IReadOnlyList<Pair>> NearAsync(NpgsqlConnection snapshot, Guid[] researchers, Guid[]? others, CancellationToken cancellation) => others is null
        ? PairsAsync($"a.researcher_id = any($1) and w.people <= {Big}", [new() { Value = researchers }], cancellation, snapshot)
        : PairsAsync($"a.researcher_id = any($1) and b.researcher_id = any($2) and w.people <= {Big}", [new() { Value = researchers }, new() { Value = others }], cancellation, snapshot);

    /// <summary>How many close collaborators each of these researchers has; who has none is left out.</summary>
    public async Task<IReadOnlyDictionary<Guid, int>> CountCloseAsync(Guid[] researchers, CancellationToken cancellation)
    {
        var small = await PairsAsync($"a.researcher_id = any($1) and w.people <= {Big}", [new() { Value = researchers }], cancellation);
        var fromBigWorks = await BigStrengthAsync(researchers, cancellation);

        // All the big works of a researcher together add no more than this to any pair. Where that cannot make a pair close,
        // the pairs of the big works need no look.
        var everyPair = fromBigWorks.Where(most => most.Value.IsClose).Select(most => most.Key).ToArray();
        var nearly = small.Where(pair => !pair.Strength.IsClose && fromBigWorks.TryGetValue(pair.One, out var most)
            && !most.IsClose && (pair.Strength + most).IsClose).ToArray();
        List<Pair> big = [];
        if (everyPair.Length > 0)
            big.AddRange(await PairsAsync($"a.researcher_id = any($1) and w.people > {Big}", [new() { Value = everyPair }], cancellation));
        if (nearly.Length > 0)
            big.AddRange(await PairsAsync($"(a.researcher_id, b.researcher_id) in (select * from unnest($1, $2)) and w.people > {Big}",
                [new() { Value = nearly.Select(pair => pair.One).ToArray() }, new() { Value = nearly.Select(pair => pair.Other).ToArray() }], cancellation));

        return small.Concat(big).GroupBy(pair => (pair.One, pair.Other))
            .Where(parts => parts.Aggregate(Strength.None, (sum, part) => sum + part.Strength).IsClose)
            .GroupBy(close => close.Key.One).ToDictionary(close => close.Key, close => close.Count());
    }

    private const string OfOne = "a.researcher_id = $1";

    /// <summary>Shared works are grouped by how many people they have, so that what is added up are whole numbers.</summary>
    private static string Pairs(string where) =>
        $"""
        select a.researcher_id, b.researcher_id, w.people, count(distinct w.id), min(w.year), max(w.year)
        from work_authors a join works w on w.id = a.work_id and w.validated and not w.retracted
        join work_authors b on b.work_id = a.work_id and b.researcher_id <> a.researcher_id
        where {where} group by 1, 2, 3
        """;

    private async Task<IReadOnlyList<Pair>> PairsAsync(string where, NpgsqlParameter[] parameters, CancellationToken cancellation, NpgsqlConnection? snapshot = null)
    {
        await using var command = snapshot is null ? database.CreateCommand(Pairs(where)) : new NpgsqlCommand(Pairs(where), snapshot);
        command.Parameters.AddRange(parameters);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        return await ReadAsync(row, cancellation);
    }

    /// <summary>The pairs of one answer, each once.</summary>
    public static async Task<IReadOnlyList<Pair>> ReadAsync(NpgsqlDataReader row, CancellationToken cancellation)
    {
        var pairs = new Dictionary<(Guid, Guid), Pair>();
        while (await row.ReadAsync(cancellation))
        {
            var (one, other, works) = (row.GetGuid(0), row.GetGuid(1), row.GetInt64(3));
            var (first, latest) = (row.IsDBNull(4) ? (int?)null : row.GetInt32(4), row.IsDBNull(5) ? (int?)null : row.GetInt32(5));
            var strength = Strength.Of(row.GetInt32(2), works);
            pairs[(one, other)] = pairs.TryGetValue((one, other), out var pair)
                ? pair with
                {
                    Works = pair.Works + works,
                    Strength = pair.Strength + strength,
                    First = pair.First < first ? pair.First : first ?? pair.First,
                    Latest = pair.Latest > latest ? pair.Latest : latest ?? pair.Latest,
                }
                : new(one, other, works, strength, first, latest);
        }

        return [.. pairs.Values];
    }

    /// <summary>For each of these researchers that has big works: the sum over them of 1/(people - 1).</summary>
    private async Task<IReadOnlyDictionary<Guid, Strength>> BigStrengthAsync(Guid[] researchers, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            $"""
            select a.researcher_id, w.people, count(distinct w.id) from work_authors a join works w on w.id = a.work_id and w.validated and not w.retracted
            where a.researcher_id = any($1) and w.people > {Big} group by 1, 2
            """);
        command.Parameters.Add(new() { Value = researchers });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var most = new Dictionary<Guid, Strength>();
        while (await row.ReadAsync(cancellation))
            most[row.GetGuid(0)] = most.GetValueOrDefault(row.GetGuid(0), Strength.None) + Strength.Of(row.GetInt32(1), row.GetInt64(2));
        return most;
    }
}
