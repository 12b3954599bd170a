using System.Globalization;

namespace BzPeer.Web;

/// <summary>How much of what is around a node is shown.</summary>
/// <param name="Of">The node.</param>
/// <param name="Answer">Its slice, or why there is none.</param>
internal sealed record ExploredSlice(GraphNode Of, Answer<GraphSlice> Answer)
{
    /// <summary>Of each kind that is there, how many neighbours are shown and how many there are.</summary>
    public IEnumerable<(string Kind, int Shown, int Total)> Neighbours =>
        from kind in GraphDrawing.Kinds
        let found = Answer.Value?.Kinds?.GetValueOrDefault(kind)
        let itself = kind == Of.Kind ? 1 : 0
        where found is not null && found.Total > itself
        select (kind, found.Shown - itself, found.Total - itself);

    public bool Truncated => Answer.Value is { } slice && slice.Shown < slice.Total;
}

/// <param name="Tie">What ties it to the root, else to what brought it here; null for the root, and where a filter took it.</param>
/// <param name="Degree">Its ties among what is shown.</param>
/// <param name="From">By whom it is here: ids of the root and of expanded nodes, and <c>path</c>.</param>
internal sealed record ExploredNode(GraphNode Node, ExploredTie? Tie, int Degree, string From, (int First, int Latest)? Years)
{
    public NodeKey Key => new(Node.Kind, Node.Id);
}

internal sealed record ExploredTie(GraphEdge Edge, GraphNode Source, GraphNode Target, string From, bool OnPath)
{
    public string Key => $"{Edge.Source}~{Edge.Target}";

    public double Weight => Edge.Weight ?? 1;

    public GraphNode Other(string id) => Source.Id == id ? Target : Source;

    public bool Touches(string id) => Source.Id == id || Target.Id == id;
}

/// <summary>The rows that a table shows at a time.</summary>
/// <param name="Part">Which part of all of them this is, from 1 on.</param>
/// <param name="Total">How many there are.</param>
internal sealed record PartOfRows<T>(IReadOnlyList<T> Rows, int Part, int Total)
{
    private const int Most = ExploreState.MostRows;

    /// <summary>The part that was asked for, as far as there are so many; else the one with what is selected, else the first.</summary>
    public static PartOfRows<T> Of(IReadOnlyList<T> all, int? part, Func<T, bool> selected)
    {
        var last = Math.Max(1, (all.Count + Most - 1) / Most);
        var now = Math.Min(last, part ?? 1 + (all.TakeWhile(row => !selected(row)).Count() % Math.Max(1, all.Count) / Most));
        return new([.. all.Skip((now - 1) * Most).Take(Most)], now, all.Count);
    }

    public int First => ((Part - 1) * Most) + 1;

    public int Last => First + Rows.Count - 1;
}

/// <summary>The graph of an explorer: the root's slice, those of the expanded nodes and a path, as one, filtered and sorted as its address says.</summary>
internal sealed class Exploration
{
    private const string Path = "path";

    public ExploreState State { get; }

    public GraphNode Root { get; }

    /// <summary>The root's first.</summary>
    public IReadOnlyList<ExploredSlice> Slices { get; }

    public Answer<GraphConnection>? Connection { get; }

    /// <summary>All that is shown, in the order asked for; the root is not among them.</summary>
    public IReadOnlyList<ExploredNode> Nodes { get; }

    public IReadOnlyList<ExploredTie> Ties { get; }

    /// <summary>How many nodes the filters hide.</summary>
    public int Hidden { get; }

    /// <summary>The first and the last year there is anything of, whatever the filters.</summary>
    public (int First, int Latest)? Years { get; }

    public Exploration(ExploreState state, string label, Answer<GraphSlice> root, IReadOnlyList<(NodeKey Key, Answer<GraphSlice> Answer)> expanded, Answer<GraphConnection>? connection)
    {
        (State, Connection) = (state, connection);
        var nodes = new Dictionary<string, GraphNode>();
        var edges = new Dictionary<(string, string), GraphEdge>();
        var (nodeFrom, edgeFrom) = (new Dictionary<string, List<string>>(), new Dictionary<(string, string), List<string>>());

        Root = root.Value?.Nodes.FirstOrDefault(node => node.Id == state.Root.Id) ?? new(state.Root.Id, state.Root.Kind, label);
        Take(state.Root.Id, [Root, .. root.Value is { } slice ? GraphDrawing.Neighbours(slice, Root) : []], root.Value?.Edges ?? []);
        foreach (var (key, answer) in expanded)
            if (answer.Value is { } its && (its.Nodes.FirstOrDefault(node => node.Id == key.Id) ?? nodes.GetValueOrDefault(key.Id)) is { } itself)
                Take(key.Id, [itself, .. GraphDrawing.Neighbours(its, itself)], its.Edges);
        if (connection?.Value is { Hops: not null } way)
            Take(Path, way.Nodes, way.Edges);
        Slices =
        [
            new(Root, root),
            .. expanded.Select(each => new ExploredSlice(nodes.GetValueOrDefault(each.Key.Id) ?? new(each.Key.Id, each.Key.Kind, ""), each.Answer)),
        ];

        var all = edges.Select(each => new ExploredTie(
            each.Value, nodes[each.Value.Source], nodes[each.Value.Target], string.Join(' ', edgeFrom[each.Key]), edgeFrom[each.Key].Contains(Path))).ToArray();
        Years = Span(all);

        // Who stands on the path is shown whatever the filters, as the root is.
        bool Always(GraphNode node) => node.Id == Root.Id || nodeFrom[node.Id].Contains(Path);
        var (from, to) = (state.From ?? int.MinValue, state.To ?? int.MaxValue);
        var byYear = state.From is not null || state.To is not null;
        bool Fits(GraphNode node) => Always(node) || ((state.Show.Count == 0 || state.Show.Contains(node.Kind)) && (!byYear || node.Kind != "work" || (node.Year >= from && node.Year <= to)));
        var ties = all.Where(tie => tie.OnPath || (Fits(tie.Source) && Fits(tie.Target) && (!byYear || (tie.Edge.Latest >= from && tie.Edge.First <= to)))).ToArray();

        var byNode = ties.SelectMany(tie => new[] { (tie.Source.Id, tie), (tie.Target.Id, tie) }).ToLookup(each => each.Id, each => each.tie);
        var around = state.Expanded.Select(key => key.Id).Prepend(Root.Id).ToList();
        var shown = nodes.Values.Where(node => Fits(node) && (!byYear || Always(node) || byNode[node.Id].Any())).ToArray();
        Hidden = nodes.Count - shown.Length;
        Nodes = [.. SortNodes(shown.Where(node => node.Id != Root.Id).Select(node => new ExploredNode(
            node,
            byNode[node.Id].OrderBy(tie => around.IndexOf(tie.Other(node.Id).Id) is >= 0 and var place ? place : int.MaxValue).ThenByDescending(tie => tie.Weight).FirstOrDefault(),
            byNode[node.Id].Count(), string.Join(' ', nodeFrom[node.Id]), Span(byNode[node.Id]))), state.Sort)];
        Ties = [.. SortTies(ties, state.SortTies)];

        void Take(string by, IEnumerable<GraphNode> newNodes, IEnumerable<GraphEdge> newEdges)
        {
            foreach (var node in newNodes)
            {
                nodes.TryAdd(node.Id, node);
                Add(nodeFrom, node.Id, by);
            }
            foreach (var edge in newEdges.Where(edge => edge.Source != edge.Target && nodes.ContainsKey(edge.Source) && nodes.ContainsKey(edge.Target)))
            {
                var pair = string.CompareOrdinal(edge.Source, edge.Target) < 0 ? (edge.Source, edge.Target) : (edge.Target, edge.Source);
                edges.TryAdd(pair, edge);
                Add(edgeFrom, pair, by);
            }
        }

        static void Add<T>(Dictionary<T, List<string>> from, T key, string by) where T : notnull
        {
            if (!from.TryGetValue(key, out var list))
                from[key] = list = [];
            if (!list.Contains(by))
                list.Add(by);
        }
    }

    public PartOfRows<ExploredNode> NodeRows => PartOfRows<ExploredNode>.Of(Nodes, State.Part, each => each.Node.Id == State.Selected);

    public PartOfRows<ExploredTie> TieRows => PartOfRows<ExploredTie>.Of(Ties, State.PartOfTies, SelectedTie is { } selected ? selected.Equals : _ => false);

    public GraphNode? SelectedNode => State.Selected is { } id ? Nodes.Select(each => each.Node).Prepend(Root).FirstOrDefault(node => node.Id == id) : null;

    public ExploredTie? SelectedTie => State.Selected?.Split('~') is [var one, var other] ? Ties.FirstOrDefault(tie => tie.Touches(one) && tie.Touches(other)) : null;

    /// <summary>The ties of a node among what is shown, the strongest first.</summary>
    public IEnumerable<ExploredTie> TiesOf(string id) => Ties.Where(tie => tie.Touches(id)).OrderByDescending(tie => tie.Weight);

    /// <summary>What is drawn for those who run no script: the root's slice, filtered.</summary>
    public GraphSlice Picture
    {
        get
        {
            var slice = Slices[0].Answer.Value!;
            var shown = Nodes.Select(each => each.Node.Id).Append(Root.Id).ToHashSet();
            var ties = Ties.Select(tie => tie.Edge).ToHashSet();
            return slice with { Nodes = [.. slice.Nodes.Where(node => shown.Contains(node.Id))], Edges = [.. slice.Edges.Where(ties.Contains)] };
        }
    }

    /// <summary>"2019–2023", or one year.</summary>
    public static string Text((int First, int Latest)? years) => years is not var (first, latest) ? "–"
        : first == latest ? first.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{first}–{latest}");

    public static (int First, int Latest)? Span(IEnumerable<ExploredTie> ties)
    {
        (int First, int Latest)? span = null;
        foreach (var tie in ties)
            if (tie.Edge is { First: { } first, Latest: { } latest })
                span = span is var (min, max) ? (Math.Min(min, first), Math.Max(max, latest)) : (first, latest);
        return span;
    }

    private static IEnumerable<ExploredNode> SortNodes(IEnumerable<ExploredNode> nodes, string sort) => sort.TrimStart('-') switch
    {
        "name" => nodes.By(node => node.Node.Label, sort),
        "kind" => nodes.By(node => node.Node.Kind, sort),
        "year" => nodes.By(node => node.Years?.Latest ?? 0, sort),
        "weight" => nodes.By(node => node.Tie?.Weight ?? 0, sort),
        "links" => nodes.By(node => node.Degree, sort),
        _ => nodes,
    };

    private static IEnumerable<ExploredTie> SortTies(IEnumerable<ExploredTie> ties, string sort) => sort.TrimStart('-') switch
    {
        "from" => ties.By(tie => tie.Source.Label, sort),
        "to" => ties.By(tie => tie.Target.Label, sort),
        "relation" => ties.By(tie => tie.Edge.Kind ?? "", sort),
        "year" => ties.By(tie => tie.Edge.Latest ?? 0, sort),
        "weight" => ties.By(tie => tie.Weight, sort),
        _ => ties,
    };
}

internal static class ExploreSorting
{
    /// <summary>Sorted by a column: from the smallest, or from the largest where the name of the column has <c>-</c> before it; equal ones stay as they came.</summary>
    public static IEnumerable<T> By<T, TKey>(this IEnumerable<T> rows, Func<T, TKey> key, string sort)
    {
        var comparer = typeof(TKey) == typeof(string) ? (IComparer<TKey>)StringComparer.InvariantCultureIgnoreCase : null;
        return sort.StartsWith('-') ? rows.OrderByDescending(key, comparer) : rows.OrderBy(key, comparer);
    }
}
