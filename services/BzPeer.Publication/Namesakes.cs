using BzPeer.ServiceDefaults;
using Npgsql;

namespace BzPeer.Publication;

/// <summary>
/// Which names are so common that they name nobody by themselves. Given and family names taken as independent, among
/// all researchers there are (with this given name) · (with this family name) / all of exactly this name: that tells
/// "Yang Liu" from "Graham Neubig" without any list of names. Counted over the researchers of the store.
/// </summary>
internal sealed class Namesakes(TimeProvider clock)
{
    /// <summary>
    /// More other people of a name to be expected than this, and it is common. On the papers of the ACL Anthology pairwise precision is the
    /// same at 0.1, and at 0.5 Yang Liu is one person again (docs/resolution.md).
    /// </summary>
    private const double MostExpected = 0.2;

    /// <summary>A store of fewer researchers is taken for one of so many: of a handful of names nothing can be told.</summary>
    private const long LeastResearchers = 1_000;

    /// <summary>What this instance registers is counted at once, what others register after this time.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(10);

    private readonly Lock gate = new();
    private Dictionary<string, long> families = [], givens = [], initials = [];
    private long researchers;
    private long? countedAt;

    /// <summary>Of two words, and more namesakes to be expected than one in five such names has. A middle name tells people apart.</summary>
    public bool IsCommon(AuthorName name)
    {
        if (name.Given is null || name.Middle.Count > 0) return false;
        lock (gate)
        {
            // Whoever has the name already is not their own namesake.
            var family = families.GetValueOrDefault(name.Family!) - 1;
            var given = (name.IsInitial ? initials : givens).GetValueOrDefault(name.Given) - 1;
            return family > 0 && given > 0 && (double)family * given / Math.Max(researchers, LeastResearchers) > MostExpected;
        }
    }

    /// <summary>One more researcher of this name.</summary>
    public void Add(AuthorName name)
    {
        lock (gate)
        {
            researchers++;
            if (name.Given is null) return;
            Count(families, name.Family!, 1);
            Count(givens, name.Given, 1);
            Count(initials, name.Initial!, 1);
        }
    }

    /// <summary>Counts again, unless that was done a short while ago.</summary>
    public async Task RefreshAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        lock (gate)
        {
            if (countedAt is { } before && clock.GetElapsedTime(before) < Fresh) return;
            countedAt = clock.GetTimestamp();
        }

        var (counted, byFamily, byGiven, byInitial) = (0L, new Dictionary<string, long>(), new Dictionary<string, long>(), new Dictionary<string, long>());
        // Most family and given names stand once: they make no name common and are not kept.
        await using var command = database.CreateCommand(
            """
            select 'all', null, count(*) from researchers
            union all select 'family', family, count(*) from researchers group by family having count(*) > 1
            union all select 'given', given, count(*) from researchers group by given having count(*) > 1
            union all select 'initial', initial, count(*) from researchers group by initial
            """);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            var (what, count) = (row.GetString(0), row.GetInt64(2));
            if (what == "all") counted = count;
            else if (!row.IsDBNull(1)) Count(what switch { "family" => byFamily, "given" => byGiven, _ => byInitial }, row.GetString(1), count);
        }

        lock (gate) (researchers, families, givens, initials) = (counted, byFamily, byGiven, byInitial);
    }

    private static void Count(Dictionary<string, long> counts, string word, long more) => counts[word] = counts.GetValueOrDefault(word) + more;
}
