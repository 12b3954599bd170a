using System.ComponentModel;
using System.Data;
using System.Globalization;
using System.Text.Json.Serialization;
using BzPeer.ServiceDefaults;
using Npgsql;

namespace BzPeer.Publication;

/// <summary>A work that joins two researchers.</summary>
public sealed record JoiningWork(
    Guid Id, string Title, int? Year, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull), Description(WorkMarkup.Title)] string? TitleMarkup = null);

/// <summary>The works of one hop.</summary>
/// <param name="Source">Who is nearer to the start.</param>
/// <param name="Target">Who is nearer to the end.</param>
/// <param name="Total">How many works the two share.</param>
/// <param name="Newest">The newest three of them.</param>
public sealed record HopWorks(Guid Source, Guid Target, long Total, IReadOnlyList<JoiningWork> Newest);

/// <summary>How two researchers are connected: through whom, and by which works.</summary>
/// <param name="From">The start.</param>
/// <param name="To">The end.</param>
/// <param name="Hops">How many co-authorships lie between them: 0 for one and the same researcher, null where no way of at most 4 was found.</param>
/// <param name="Nodes">The researchers on the way in its order; the two alone where there is none.</param>
/// <param name="Edges">From each to the next; the weight is the strength over the works that count here.</param>
/// <param name="Works">The works of each hop.</param>
/// <param name="CutOff">Whether there was more than the search looks at: there may be a way where none was found, or a shorter or stronger one.</param>
/// <param name="Reason">In words why there is no way, or what the search left out; null where there is nothing to explain.</param>
/// <param name="AsOf">Position in the publication service's events that this is the state of.</param>
public sealed record GraphConnection(
    Guid From, Guid To, int? Hops, IReadOnlyList<GraphNode> Nodes, IReadOnlyList<GraphEdge> Edges, IReadOnlyList<HopWorks> Works, bool CutOff, string? Reason, long AsOf);

/// <summary>GET /api/graph/connection?from=&amp;to=: the shortest way from one researcher to another.</summary>
internal static class GraphConnectionEndpoint
{
    private const int NewestWorks = 3;

    internal static void MapGraphConnection(this WebApplication app) => app.MapGet("/api/graph/connection", ReadAsync).AllowAnonymous()
        .WithName("FindConnection").WithTags("Publication").Produces<GraphConnection>().ProducesProblem(400).ProducesProblem(404);

    private static async Task<IResult> ReadAsync(
        Guid from, Guid to, HttpContext http, NpgsqlDataSource database, Collaborations collaborations, TimeProvider clock, CancellationToken cancellation)
    {
        if (await Works.WaitAsync(http, database, clock) is { } problem) return problem;
        var known = await Researchers.NamesAsync(database, [from, to], cancellation);
        foreach (var id in new[] { from, to })
            if (!known.ContainsKey(id)) return Problems.UnknownResearcher(id);

        long asOf;
        IReadOnlyList<HopWorks> works = [];
        Connection found;
        // One snapshot: the works of a hop are those it was found by, whatever is written meanwhile.
        await using (var snapshot = await database.OpenConnectionAsync(cancellation))
        await using (var transaction = await snapshot.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellation))
        {
            // A plan made once for any arrays takes them for short; these may have thousands of ids. And the default price of a page is
            // that of a disk: for a few thousand works the planner would rather go through the index of all.
            await using var start = new NpgsqlCommand($"set local plan_cache_mode = force_custom_plan; set local random_page_cost = 1.1; {EventStore.LastPosition}", snapshot);
            asOf = (long)(await start.ExecuteScalarAsync(cancellation))!;
            found = await new ConnectionSearch(collaborations, snapshot).FindAsync(from, to, cancellation);
            if (found.Way is { Count: > 0 } hops) works = await WorksAsync(snapshot, hops, cancellation);
        }

        var way = found.Way ?? [];
        List<Guid> people = found.Way is null ? [from, to] : [from, .. way.Select(hop => hop.Other)];
        var names = await Researchers.NamesAsync(database, [.. people], cancellation);
        return TypedResults.Ok(new GraphConnection(
            from, to, found.Way?.Count,
            [.. people.Select(id => new GraphNode(id, "researcher", names.GetValueOrDefault(id, "")))],
            [.. way.Select(hop => new GraphEdge(hop.One, hop.Other, "collaborated", hop.Strength.Value, Graph.CoAuthor(hop), hop.First, hop.Latest))],
            works, found.CutOff, ReasonOf(found), asOf));
    }

    private static string? ReasonOf(Connection found) => (found.Way, found.CutOff) switch
    {
        (null, false) => string.Create(CultureInfo.InvariantCulture,
            $"They are not connected by up to {ConnectionSearch.MostHops} co-authorships of validated, unretracted works with at most {Collaborations.Big} people."),
        (null, true) => string.Create(CultureInfo.InvariantCulture,
            $"No connection was found, but there may be one: of more than {ConnectionSearch.MostPeople:N0} researchers at a step the search goes on from {ConnectionSearch.MostPeople:N0} only."),
        (_, true) => string.Create(CultureInfo.InvariantCulture,
            $"There may be a shorter or a stronger connection: of more than {ConnectionSearch.MostPeople:N0} researchers at a step the search goes on from {ConnectionSearch.MostPeople:N0} only."),
        _ => null,
    };

    private static async Task<IReadOnlyList<HopWorks>> WorksAsync(NpgsqlConnection snapshot, IReadOnlyList<Pair> hops, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            $"""
            select hop.n, w.id, w.title, w.year, w.title_markup from unnest($1, $2) with ordinality hop(one, other, n) cross join lateral (
              select id, title, year, title_markup, listed_on from works
              where id in (select work_id from work_authors where researcher_id = hop.one intersect select work_id from work_authors where researcher_id = hop.other)
                and validated and not retracted and people <= {Collaborations.Big}
              order by listed_on desc, id desc limit {NewestWorks}) w
            order by hop.n, w.listed_on desc, w.id desc
            """, snapshot);
        command.Parameters.Add(new() { Value = hops.Select(hop => hop.One).ToArray() });
        command.Parameters.Add(new() { Value = hops.Select(hop => hop.Other).ToArray() });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var newest = hops.Select(_ => new List<JoiningWork>()).ToList();
        while (await row.ReadAsync(cancellation))
            newest[(int)row.GetInt64(0) - 1].Add(new(row.GetGuid(1), row.GetString(2), row.IsDBNull(3) ? null : row.GetInt32(3), row.IsDBNull(4) ? null : row.GetString(4)));
        return [.. hops.Zip(newest, (hop, works) => new HopWorks(hop.One, hop.Other, hop.Works, works))];
    }
}

/// <summary>What a search found.</summary>
/// <param name="Way">Hop by hop, none for one and the same researcher; null where there is no way.</param>
/// <param name="CutOff">Whether some researchers were left out because they were too many.</param>
internal sealed record Connection(IReadOnlyList<Pair>? Way, bool CutOff);

/// <summary>
/// The shortest way between two researchers over the works they wrote together, searched from both ends. Works count that are
/// validated, unretracted and have at most <see cref="Collaborations.Big"/> people: who only stands with thousands of others on one
/// work need not know them, and such works would make everybody near to everybody.
/// <para>
/// Of several shortest ways the one whose weakest hop is strongest (Newman's strength over the works that count); of those the one
/// with the smallest ids, compared hop by hop from the end that has the smaller id, so that the way back is the way there.
/// </para>
/// </summary>
internal sealed class ConnectionSearch(Collaborations collaborations, NpgsqlConnection snapshot, int mostPeople = ConnectionSearch.MostPeople)
{
    /// <summary>Beyond it hardly anything is said: in collaboration networks the average distance is about 6 (Newman 2001).</summary>
    public const int MostHops = 4;

    /// <summary>Researchers of one step that the search goes on from: of an end its strongest collaborators, beyond them those with the smallest ids.</summary>
    public const int MostPeople = 5_000;

    private bool cutOff;

    public async Task<Connection> FindAsync(Guid from, Guid to, CancellationToken cancellation)
    {
        if (from == to) return new([], CutOff: false);
        if (from.CompareTo(to) < 0) return new(await SearchAsync(from, to, cancellation), cutOff);
        var back = await SearchAsync(to, from, cancellation);
        return new(back is null ? null : [.. back.Reverse().Select(hop => hop.Turned)], cutOff);
    }

    private async Task<IReadOnlyList<Pair>?> SearchAsync(Guid from, Guid to, CancellationToken cancellation)
    {
        var ties = await collaborations.NearAsync(snapshot, [from, to], others: null, cancellation);
        Pair[] ofFrom = [.. ties.Where(tie => tie.One == from)], ofTo = [.. ties.Where(tie => tie.One == to)];
        if (ofFrom.FirstOrDefault(tie => tie.Other == to) is { } direct) return [direct];

        // From here on the search goes from the end with fewer collaborators to the other one, whose collaborators are never cut.
        var (first, far, turned) = ofFrom.Length <= ofTo.Length ? (ofFrom, ofTo, false) : (ofTo, ofFrom, true);
        if (first.Length == 0) return null;
        Pair[] last = [.. far.Select(tie => tie.Turned)];
        if (Way(first, last) is { } two) return two;

        Guid[] near = Cut([.. Collaborators.InOrder(first).Select(tie => tie.Other)]), goals = [.. far.Select(tie => tie.Other)];
        var between = await collaborations.NearAsync(snapshot, near, goals, cancellation);
        if (Way(first, between, last) is { } three) return three;

        var third = await collaborations.NearAsync(snapshot, await BeyondAsync(near, turned ? to : from, cancellation), goals, cancellation);
        if (third.Count == 0) return null;
        var second = await collaborations.NearAsync(snapshot, near, [.. third.Select(tie => tie.One).Distinct()], cancellation);
        return Way(first, second, third, last);

        IReadOnlyList<Pair>? Way(params IReadOnlyList<IReadOnlyCollection<Pair>> steps) =>
            Strongest(from, to, turned ? [.. steps.Reverse().Select(step => step.Select(tie => tie.Turned).ToList())] : steps);
    }

    /// <summary>Who comes next: the collaborators of these who are neither one of them nor where the search came from.</summary>
    private async Task<Guid[]> BeyondAsync(Guid[] near, Guid start, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            $"""
            (select b.researcher_id from (
              select distinct a.work_id from work_authors a join works w on w.id = a.work_id and w.validated and not w.retracted and w.people <= {Collaborations.Big}
              where a.researcher_id = any($1)) theirs
            join work_authors b using (work_id) where b.researcher_id is not null
            except select unnest($1) except select $2) order by 1 limit $3
            """, snapshot);
        command.Parameters.Add(new() { Value = near });
        command.Parameters.Add(new() { Value = start });
        command.Parameters.Add(new() { Value = mostPeople + 1 });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var people = new List<Guid>();
        while (await row.ReadAsync(cancellation)) people.Add(row.GetGuid(0));
        return Cut([.. people]);
    }

    private Guid[] Cut(Guid[] people)
    {
        cutOff |= people.Length > mostPeople;
        return people.Length > mostPeople ? people[..mostPeople] : people;
    }

    /// <summary>The way through these steps that stands first by the rule, or null where they do not meet. Every pair leads on from its first to its second.</summary>
    internal static IReadOnlyList<Pair>? Strongest(Guid from, Guid to, params IReadOnlyList<IReadOnlyCollection<Pair>> steps)
    {
        // From the end on back: of whom the end can be reached, and how strong the weakest hop of the best way there is.
        var weakest = new Dictionary<Guid, Strength>[steps.Count + 1];
        weakest[steps.Count] = new() { [to] = Endless };
        for (var step = steps.Count - 1; step >= 0; step--)
        {
            var here = weakest[step] = [];
            foreach (var tie in steps[step])
            {
                if (!weakest[step + 1].TryGetValue(tie.Other, out var rest)) continue;
                var along = tie.Strength.CompareTo(rest) < 0 ? tie.Strength : rest;
                if (!here.TryGetValue(tie.One, out var best) || along.CompareTo(best) > 0) here[tie.One] = along;
            }
        }

        if (!weakest[0].TryGetValue(from, out var limit)) return null;
        var way = new List<Pair>();
        for (var (step, at) = (0, from); step < steps.Count; at = way[step++].Other)
            way.Add(steps[step].Where(tie => tie.One == at && tie.Strength.CompareTo(limit) >= 0
                && weakest[step + 1].TryGetValue(tie.Other, out var rest) && rest.CompareTo(limit) >= 0).MinBy(tie => tie.Other)!);
        return way;
    }

    /// <summary>Stronger than any.</summary>
    private static readonly Strength Endless = new(1, 0);
}
