using System.Globalization;
using BzPeer.ServiceDefaults;
using Marten;
using Npgsql;

namespace BzPeer.Publication;

/// <summary>A node: a <c>researcher</c>, <c>work</c>, <c>topic</c> or <c>institution</c>.</summary>
/// <param name="Id">Which one.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Label">Its name or title.</param>
/// <param name="Year">When a work was published; null where that is not known, and for everything else.</param>
public sealed record GraphNode(Guid Id, string Kind, string Label, int? Year = null);

/// <summary>
/// An edge: <c>authored</c> (researcher, work), <c>collaborated</c> (two researchers), <c>about</c> (work, researcher or institution, topic) or
/// <c>affiliated</c> (researcher or work, institution).
/// </summary>
/// <param name="Source">Where it begins.</param>
/// <param name="Target">Where it ends.</param>
/// <param name="Kind">What it says of the two.</param>
/// <param name="Weight">The strength of a collaboration, else the number of works that make the edge.</param>
/// <param name="Reason">What makes it, in words.</param>
/// <param name="First">Year of the first of the works that make it, null where none has a year.</param>
/// <param name="Latest">Year of the latest of them.</param>
public sealed record GraphEdge(Guid Source, Guid Target, string Kind, double Weight, string Reason, int? First = null, int? Latest = null);

/// <summary>How many nodes of a kind a slice shows, and how many there are.</summary>
public sealed record KindShown(int Shown, int Total);

/// <summary>The surroundings of one node.</summary>
/// <param name="Nodes">The node itself first, then its neighbours.</param>
/// <param name="Edges">Between any two of them.</param>
/// <param name="Shown">How many nodes these are.</param>
/// <param name="Total">How many there are.</param>
/// <param name="Kinds">The same of each kind, the node itself among its own; they sum to the above.</param>
/// <param name="AsOf">Position in the publication service's events; this is at least as new.</param>
public sealed record GraphSlice(
    IReadOnlyList<GraphNode> Nodes, IReadOnlyList<GraphEdge> Edges, int Shown, int Total, IReadOnlyDictionary<string, KindShown> Kinds, long AsOf);

/// <summary>GET /api/graph/{kind}/{id}: a node with its nearest, the most important of each kind. The same question gets the same answer.</summary>
internal static class GraphEndpoint
{
    private const int DefaultLimit = 40;
    private const int MaxLimit = 200;

    internal static void MapGraph(this WebApplication app) => app.MapGet("/api/graph/{kind}/{id}", ReadAsync).AllowAnonymous()
        .WithName("ReadGraph").WithTags("Publication").Produces<GraphSlice>().Produces(301).ProducesProblem(400).ProducesProblem(404).ProducesProblem(410);

    private static async Task<IResult> ReadAsync(
        string kind, Guid id, int? limit, HttpContext http, IDocumentStore store, NpgsqlDataSource database, Collaborations collaborations, TimeProvider clock, CancellationToken cancellation)
    {
        if (!Graph.Kinds.Contains(kind)) return Problems.Malformed("kind", $"A node is one of {string.Join(", ", Graph.Kinds)}.");
        if (await Works.WaitAsync(http, database, clock) is { } problem) return problem;

        var asOf = await Works.LastPositionAsync(database, cancellation);
        var graph = new Graph(database, collaborations, kind, id);
        return await graph.ReadAsync(Math.Clamp(limit ?? DefaultLimit, 1, MaxLimit), asOf, cancellation) is { } slice
            ? TypedResults.Ok(slice)
            : kind == "work" ? await Works.ElsewhereAsync(http, store, id, cancellation)
            : Problems.Of(404, $"unknown-{kind}", $"Unknown {kind}", $"No {kind} has the id {id}.");
    }
}

/// <summary>The surroundings of one node, out of the tables.</summary>
internal sealed class Graph(NpgsqlDataSource database, Collaborations collaborations, string centreKind, Guid centre)
{
    public static readonly string[] Kinds = ["researcher", "work", "topic", "institution"];

    /// <param name="Id">The neighbour.</param>
    /// <param name="Label">Its name or title.</param>
    /// <param name="Works">The works that tie it to the centre.</param>
    /// <param name="First">Year of the first of them, null where none has a year.</param>
    /// <param name="Latest">Year of the latest of them.</param>
    private sealed record Neighbour(Guid Id, string Label, long Works, int? First, int? Latest);

    public async Task<GraphSlice?> ReadAsync(int limit, long asOf, CancellationToken cancellation)
    {
        var centreNode = CentreAsync(cancellation);
        // Side by side: nobody waits for four answers in turn.
        var found = await Task.WhenAll(Kinds.Select(kind => NeighboursAsync(kind, limit - 1, cancellation)));
        if (await centreNode is not { } node) return null;
        var neighbours = Kinds.Zip(found).ToDictionary();

        var chosen = Share(limit - 1, neighbours.ToDictionary(kind => kind.Key, kind => kind.Value.Nearest));
        List<GraphNode> nodes = [node, .. chosen.Select(n => new GraphNode(n.Neighbour.Id, n.Kind, n.Neighbour.Label, n.Kind == "work" ? n.Neighbour.Latest : null))];
        var edges = await EdgesAsync(nodes.ToLookup(node => node.Kind, node => node.Id), cancellation);
        edges.AddRange(chosen.Select(n => ThroughWorks(n.Kind, n.Neighbour)).OfType<GraphEdge>());
        var kinds = Kinds.ToDictionary(kind => kind, kind => new KindShown(nodes.Count(node => node.Kind == kind), neighbours[kind].Total + (kind == centreKind ? 1 : 0)));
        return new(nodes, edges, nodes.Count, kinds.Values.Sum(kind => kind.Total), kinds, asOf);
    }

    /// <summary>One of each kind in turn, the nearest first, until there is no room; a kind that has no more leaves its room to the others.</summary>
    private static List<(string Kind, Neighbour Neighbour)> Share(int room, Dictionary<string, List<Neighbour>> nearest)
    {
        var taken = Kinds.ToDictionary(kind => kind, _ => 0);
        for (var before = -1; room > 0 && before != room;)
        {
            before = room;
            foreach (var kind in Kinds.Where(kind => taken[kind] < nearest[kind].Count))
                if (room > 0) (taken[kind], room) = (taken[kind] + 1, room - 1);
        }

        return [.. Kinds.SelectMany(kind => nearest[kind].Take(taken[kind]).Select(neighbour => (kind, neighbour)))];
    }

    private async Task<GraphNode?> CentreAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(centreKind switch
        {
            "researcher" => "select name, null::int from researchers where id = $1",
            "work" => "select title, year from works where id = $1",
            "topic" => "select min(label), null::int from work_topics where topic_id = $1",
            _ => "select min(name), null::int from work_institutions where institution_id = $1",
        });
        command.Parameters.Add(new() { Value = centre });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        return await row.ReadAsync(cancellation) && !row.IsDBNull(0) ? new(centre, centreKind, row.GetString(0), Year(row, 1)) : null;
    }

    /// <summary>The works around the centre.</summary>
    private string Around => "select w.id work_id, w.year from works w where w.id in (" + centreKind switch
    {
        "researcher" => "select work_id from work_authors where researcher_id = $1",
        "work" => "$1",
        "topic" => "select work_id from work_topics where topic_id = $1",
        _ => "select work_id from work_institutions where institution_id = $1",
    } + ")";

    /// <summary>The nearest of a kind and how many there are: the newest works, and whatever stands on most of the works around the centre.</summary>
    private async Task<(List<Neighbour> Nearest, int Total)> NeighboursAsync(string kind, int most, CancellationToken cancellation)
    {
        if (kind == centreKind) return kind == "researcher" ? await CollaboratorsAsync(most, cancellation) : ([], 0);
        // Who is from an institution, and where somebody is, is said of an author, not of the whole work.
        var (onlyThere, onlyTheirs) = (centreKind == "institution" ? "join work_institutions i using (work_id, position)" : "", centreKind == "researcher" ? "join work_authors a using (work_id, position)" : "");
        await using var command = database.CreateCommand($"with around as ({Around}), found as (" + kind switch
        {
            "work" => "select w.id, w.title label, 1::bigint works, w.year earliest, w.year latest, row_number() over (order by w.listed_on desc, w.id desc) place from works w join around on around.work_id = w.id",
            "researcher" =>
                $"""
                select r.id, r.name label, count(distinct a.work_id) works, min(around.year) earliest, max(around.year) latest, min(a.position) place
                from around join work_authors a using (work_id) {onlyThere} join researchers r on r.id = a.researcher_id {(onlyThere == "" ? "" : "where i.institution_id = $1")} group by r.id
                """,
            "topic" => "select t.topic_id id, min(t.label) label, count(*) works, min(around.year) earliest, max(around.year) latest, min(t.rank) place from around join work_topics t using (work_id) group by t.topic_id",
            _ =>
                $"""
                select i.institution_id id, min(i.name) label, count(distinct i.work_id) works, min(around.year) earliest, max(around.year) latest, 1 place
                from around join work_institutions i using (work_id) {onlyTheirs} {(onlyTheirs == "" ? "" : "where a.researcher_id = $1")} group by i.institution_id
                """,
        } + ") select id, label, works, earliest, latest, count(*) over ()::int from found order by works desc, place, label, id limit greatest($2, 1)");
        command.Parameters.Add(new() { Value = centre });
        command.Parameters.Add(new() { Value = most });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var (nearest, total) = (new List<Neighbour>(), 0);
        while (await row.ReadAsync(cancellation))
        {
            nearest.Add(new(row.GetGuid(0), row.GetString(1), row.GetInt64(2), Year(row, 3), Year(row, 4)));
            total = row.GetInt32(5);
        }

        return (nearest, total);
    }

    private async Task<(List<Neighbour> Nearest, int Total)> CollaboratorsAsync(int most, CancellationToken cancellation)
    {
        var pairs = await collaborations.OfAsync(centre, cancellation);
        var nearest = Collaborators.InOrder(pairs).Take(most).ToList();
        var names = await Researchers.NamesAsync(database, [.. nearest.Select(pair => pair.Other)], cancellation);
        return ([.. nearest.Select(pair => new Neighbour(pair.Other, names.GetValueOrDefault(pair.Other, ""), pair.Works, pair.First, pair.Latest))], pairs.Count);
    }

    /// <summary>The edges among the nodes shown, the centre among them.</summary>
    private async Task<List<GraphEdge>> EdgesAsync(ILookup<string, Guid> shown, CancellationToken cancellation)
    {
        Guid[] researchers = [.. shown["researcher"]], works = [.. shown["work"]], topics = [.. shown["topic"]], institutions = [.. shown["institution"]];
        var pairs = collaborations.AmongAsync(researchers, cancellation);
        var edges = (await Task.WhenAll(
            QueryAsync("select distinct a.researcher_id, w.id, 1::bigint, w.year, w.year from work_authors a join works w on w.id = a.work_id where a.researcher_id = any($1) and w.id = any($2)",
                researchers, works, "authored", (_, _) => "author", cancellation),
            QueryAsync("select w.id, t.topic_id, 1::bigint, w.year, w.year from work_topics t join works w on w.id = t.work_id where w.id = any($1) and t.topic_id = any($2)",
                works, topics, "about", (_, _) => "has topic", cancellation),
            QueryAsync(
                """
                select a.researcher_id, i.institution_id, count(distinct a.work_id), min(w.year), max(w.year)
                from work_authors a join work_institutions i using (work_id, position) join works w on w.id = a.work_id
                where a.researcher_id = any($1) and i.institution_id = any($2) group by 1, 2
                """, researchers, institutions, "affiliated", (works, latest) => $"affiliated with it on {Works(works, latest)}", cancellation)))
            .SelectMany(some => some).ToList();
        edges.AddRange((await pairs).Select(pair => new GraphEdge(pair.One, pair.Other, "collaborated", pair.Strength.Value, CoAuthor(pair), pair.First, pair.Latest)));
        return [.. edges.OrderBy(edge => edge.Kind, StringComparer.Ordinal).ThenBy(edge => edge.Source).ThenBy(edge => edge.Target)];
    }

    private async Task<List<GraphEdge>> QueryAsync(
        string sql, Guid[] sources, Guid[] targets, string kind, Func<long, int?, string> reason, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(sql);
        command.Parameters.Add(new() { Value = sources });
        command.Parameters.Add(new() { Value = targets });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var edges = new List<GraphEdge>();
        while (await row.ReadAsync(cancellation)) edges.Add(new(row.GetGuid(0), row.GetGuid(1), kind, row.GetInt64(2), reason(row.GetInt64(2), Year(row, 4)), Year(row, 3), Year(row, 4)));
        return edges;
    }

    /// <summary>The tie of the centre to a neighbour that only the works between them make; null where the edge has been drawn.</summary>
    private GraphEdge? ThroughWorks(string kind, Neighbour neighbour) => (centreKind, kind) switch
    {
        ("researcher" or "institution", "topic") => new(centre, neighbour.Id, "about", neighbour.Works, Works(neighbour.Works, neighbour.Latest, " on it"), neighbour.First, neighbour.Latest),
        ("topic", "researcher" or "institution") => new(neighbour.Id, centre, "about", neighbour.Works, Works(neighbour.Works, neighbour.Latest, " on it"), neighbour.First, neighbour.Latest),
        ("work", "institution") => new(centre, neighbour.Id, "affiliated", 1, "an author is affiliated with it", neighbour.First, neighbour.Latest),
        ("institution", "work") => new(neighbour.Id, centre, "affiliated", 1, "an author is affiliated with it", neighbour.First, neighbour.Latest),
        _ => null,
    };

    /// <summary>What ties two researchers, in words.</summary>
    internal static string CoAuthor(Pair pair) => $"co-author of {Works(pair.Works, pair.Latest)}";

    private static string Works(long count, int? latest, string onWhat = "") =>
        string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? "work" : "works")}{onWhat}{(latest is null ? "" : $", latest {latest}")}");

    private static int? Year(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt32(column);
}
