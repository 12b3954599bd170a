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
        string kind, Guid id, int? limit, HttpContext http, IDocumentStore store, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        if (!Graph.Kinds.Contains(kind)) return Problems.Malformed("kind", $"A node is one of {string.Join(", ", Graph.Kinds)}.");
        if (await Works.WaitAsync(http, database, clock) is { } problem) return problem;

        return await new Graph(database, kind, id).ReadAsync(Math.Clamp(limit ?? DefaultLimit, 1, MaxLimit), cancellation) is { } slice
            ? TypedResults.Ok(slice)
            : kind == "work" ? await Works.ElsewhereAsync(http, store, id, cancellation)
            : Problems.Of(404, $"unknown-{kind}", $"Unknown {kind}", $"No {kind} has the id {id}.");
    }
}

/// <summary>
/// The surroundings of one node, out of the tables: two round trips to the database, one for the nodes and one for the edges. A dozen
/// small questions cost more by being asked than by being answered.
/// </summary>
internal sealed class Graph(NpgsqlDataSource database, string centreKind, Guid centre)
{
    public static readonly string[] Kinds = ["researcher", "work", "topic", "institution"];

    /// <param name="Id">The neighbour.</param>
    /// <param name="Label">Its name or title; empty where it is asked for with the edges.</param>
    /// <param name="Works">The works that tie it to the centre.</param>
    /// <param name="First">Year of the first of them, null where none has a year.</param>
    /// <param name="Latest">Year of the latest of them.</param>
    private sealed record Neighbour(Guid Id, string Label, long Works, int? First, int? Latest);

    public async Task<GraphSlice?> ReadAsync(int limit, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var around = await AroundAsync(connection, limit - 1, cancellation);
        if (around.Centre is not { } node) return null;

        var chosen = Share(limit - 1, around.Neighbours.ToDictionary(kind => kind.Key, kind => kind.Value.Nearest));
        var (names, edges) = await EdgesAsync(
            connection, chosen.Select(n => (n.Kind, n.Neighbour.Id)).Prepend((Kind: centreKind, Id: centre)).ToLookup(n => n.Kind, n => n.Id), cancellation);
        List<GraphNode> nodes =
        [
            node,
            .. chosen.Select(n => new GraphNode(
                n.Neighbour.Id, n.Kind, n.Kind == "researcher" ? names.GetValueOrDefault(n.Neighbour.Id, "") : n.Neighbour.Label, n.Kind == "work" ? n.Neighbour.Latest : null)),
        ];
        edges.AddRange(chosen.Select(n => ThroughWorks(n.Kind, n.Neighbour)).OfType<GraphEdge>());
        var kinds = Kinds.ToDictionary(kind => kind, kind => new KindShown(nodes.Count(node => node.Kind == kind), around.Neighbours[kind].Total + (kind == centreKind ? 1 : 0)));
        return new(nodes, edges, nodes.Count, kinds.Values.Sum(kind => kind.Total), kinds, around.AsOf);
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

    /// <summary>Up to where the tables are at least, the centre, and of each kind the nearest and how many there are.</summary>
    private async Task<(long AsOf, GraphNode? Centre, Dictionary<string, (List<Neighbour> Nearest, int Total)> Neighbours)> AroundAsync(
        NpgsqlConnection connection, int most, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { new(EventStore.LastPosition), Centre } };
        foreach (var kind in Kinds)
            if (kind != centreKind || kind == "researcher")
                batch.BatchCommands.Add(kind == centreKind ? Collaborations.Of(centre) : Neighbours(kind, most));
        await using var row = await batch.ExecuteReaderAsync(cancellation);

        await row.ReadAsync(cancellation);
        var asOf = row.GetInt64(0);
        await row.NextResultAsync(cancellation);
        var node = await row.ReadAsync(cancellation) && !row.IsDBNull(0) ? new GraphNode(centre, centreKind, row.GetString(0), Year(row, 1)) : null;
        var neighbours = new Dictionary<string, (List<Neighbour>, int)>();
        foreach (var kind in Kinds)
        {
            if (kind != centreKind || kind == "researcher") await row.NextResultAsync(cancellation);
            neighbours[kind] = kind != centreKind ? await NearestAsync(row, cancellation) : kind == "researcher" ? await CollaboratorsAsync(row, most, cancellation) : ([], 0);
        }

        return (asOf, node, neighbours);
    }

    private NpgsqlBatchCommand Centre => Asking(
        centreKind switch
        {
            "researcher" => "select name, null::int from researchers where id = $1",
            "work" => "select title, year from works where id = $1",
            "topic" => "select min(label), null::int from work_topics where topic_id = $1",
            _ => "select min(name), null::int from work_institutions where institution_id = $1",
        }, centre);

    /// <summary>The works around the centre.</summary>
    private string Around => "select w.id work_id, w.year from works w where w.id in (" + centreKind switch
    {
        "researcher" => "select work_id from work_authors where researcher_id = $1",
        "work" => "$1",
        "topic" => "select work_id from work_topics where topic_id = $1",
        _ => "select work_id from work_institutions where institution_id = $1",
    } + ")";

    /// <summary>The nearest of a kind and how many there are: the newest works, and whatever stands on most of the works around the centre.</summary>
    private NpgsqlBatchCommand Neighbours(string kind, int most)
    {
        // Who is from an institution, and where somebody is, is said of an author, not of the whole work.
        var (onlyThere, onlyTheirs) = (centreKind == "institution" ? "join work_institutions i using (work_id, position)" : "", centreKind == "researcher" ? "join work_authors a using (work_id, position)" : "");
        return Asking($"with around as ({Around}), found as (" + kind switch
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
        } + ") select id, label, works, earliest, latest, count(*) over ()::int from found order by works desc, place, label, id limit greatest($2, 1)", centre, most);
    }

    private static async Task<(List<Neighbour> Nearest, int Total)> NearestAsync(NpgsqlDataReader row, CancellationToken cancellation)
    {
        var (nearest, total) = (new List<Neighbour>(), 0);
        while (await row.ReadAsync(cancellation))
        {
            nearest.Add(new(row.GetGuid(0), row.GetString(1), row.GetInt64(2), Year(row, 3), Year(row, 4)));
            total = row.GetInt32(5);
        }

        return (nearest, total);
    }

    private static async Task<(List<Neighbour> Nearest, int Total)> CollaboratorsAsync(NpgsqlDataReader row, int most, CancellationToken cancellation)
    {
        var pairs = await Collaborations.ReadAsync(row, cancellation);
        return ([.. Collaborators.InOrder(pairs).Take(most).Select(pair => new Neighbour(pair.Other, "", pair.Works, pair.First, pair.Latest))], pairs.Count);
    }

    /// <summary>The names of the researchers shown, and the edges among the nodes shown, the centre among them.</summary>
    private static async Task<(Dictionary<Guid, string> Names, List<GraphEdge> Edges)> EdgesAsync(NpgsqlConnection connection, ILookup<string, Guid> shown, CancellationToken cancellation)
    {
        Guid[] researchers = [.. shown["researcher"]], works = [.. shown["work"]], topics = [.. shown["topic"]], institutions = [.. shown["institution"]];
        string one = FewIds.Any("$1"), other = FewIds.Any("$2");
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                Asking($"select id, name from researchers where id = {one}", researchers),
                Asking($"select distinct a.researcher_id, w.id, 1::bigint, w.year, w.year from work_authors a join works w on w.id = a.work_id where a.researcher_id = {one} and w.id = {other}", researchers, works),
                Asking($"select w.id, t.topic_id, 1::bigint, w.year, w.year from work_topics t join works w on w.id = t.work_id where w.id = {one} and t.topic_id = {other}", works, topics),
                Asking(
                    $"""
                    select a.researcher_id, i.institution_id, count(distinct a.work_id), min(w.year), max(w.year)
                    from work_authors a join work_institutions i using (work_id, position) join works w on w.id = a.work_id
                    where a.researcher_id = {one} and i.institution_id = {other} group by 1, 2
                    """, researchers, institutions),
                Collaborations.Among(researchers),
            },
        };
        await using var row = await batch.ExecuteReaderAsync(cancellation);

        var names = new Dictionary<Guid, string>();
        while (await row.ReadAsync(cancellation)) names[row.GetGuid(0)] = row.GetString(1);
        var edges = new List<GraphEdge>();
        await AddAsync("authored", (_, _) => "author");
        await AddAsync("about", (_, _) => "has topic");
        await AddAsync("affiliated", (works, latest) => $"affiliated with it on {Works(works, latest)}");
        await row.NextResultAsync(cancellation);
        edges.AddRange((await Collaborations.ReadAsync(row, cancellation)).Select(pair => new GraphEdge(pair.One, pair.Other, "collaborated", pair.Strength.Value, CoAuthor(pair), pair.First, pair.Latest)));
        return (names, [.. edges.OrderBy(edge => edge.Kind, StringComparer.Ordinal).ThenBy(edge => edge.Source).ThenBy(edge => edge.Target)]);

        async Task AddAsync(string kind, Func<long, int?, string> reason)
        {
            await row.NextResultAsync(cancellation);
            while (await row.ReadAsync(cancellation))
                edges.Add(new(row.GetGuid(0), row.GetGuid(1), kind, row.GetInt64(2), reason(row.GetInt64(2), Year(row, 4)), Year(row, 3), Year(row, 4)));
        }
    }

    private static NpgsqlBatchCommand Asking(string sql, params object[] values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values) command.Parameters.Add(new() { Value = value });
        return command;
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
