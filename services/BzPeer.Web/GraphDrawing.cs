using System.Globalization;

namespace BzPeer.Web;

/// <summary>
/// A graph slice as a drawing: the subject in the middle, people and institutions on an arc to the left, works and
/// topics on one to the right, each label beside its node and none over another. The same slice gives the same drawing.
/// </summary>
internal sealed record GraphDrawing(
    string Form, int Width, int Height, DrawnNode Subject, IReadOnlyList<DrawnNode> Nodes, IReadOnlyList<DrawnLink> Links, IReadOnlyList<DrawnCaption> Captions)
{
    /// <summary>The kinds of nodes, in the order they are shown in.</summary>
    public static readonly IReadOnlyList<string> Kinds = ["researcher", "institution", "work", "topic"];

    private const int LineHeight = 17;
    private const int RowGap = 12;
    private const int GroupGap = 16;
    private const int CaptionHeight = 26;
    private const int Margin = 26;
    private const int Inner = 60;
    private const int LabelGap = 16;
    // Of the widest of the usual system fonts, so that a label is cut by its ellipsis and never by the edge.
    private const int CharacterWidth = 8;
    private const int NarrowCanvas = 310;
    private const int NarrowLine = 58;

    /// <summary>Draws a slice around its subject; the subject's own node may be missing from it.</summary>
    /// <param name="slice">What to draw.</param>
    /// <param name="subject">Around whom.</param>
    /// <param name="width">About as many units as it will have pixels, so that the text is neither small nor large.</param>
    public static GraphDrawing Wide(GraphSlice slice, GraphNode subject, int width)
    {
        var middle = width / 2;
        var reach = width / 9;
        var length = (middle - Inner - reach - LabelGap) / CharacterWidth;
        var neighbours = Neighbours(slice, subject);
        var left = neighbours.Where(node => node.Kind is "researcher" or "institution").ToArray();
        var right = neighbours.Except(left).ToArray();
        // One empty side would leave half of the picture blank.
        if (left.Length == 0)
            (left, right) = (right[..(right.Length / 2)], right[(right.Length / 2)..]);
        else if (right.Length == 0)
            (left, right) = (left[(left.Length / 2)..], left[..(left.Length / 2)]);

        var leftRows = Rows(left, length);
        var rightRows = Rows(right, length);
        var height = Math.Max(280, Math.Max(Tall(leftRows), Tall(rightRows)) + (2 * Margin));
        // Half an ellipse: nodes bend around the subject, ends come nearer.
        int Bend(int y, int side)
        {
            var t = (y - (height / 2.0)) / (height / 2.0);
            return (int)Math.Round(middle + (side * (Inner + (reach * Math.Sqrt(Math.Max(0, 1 - (t * t)))))));
        }
        var captions = new List<DrawnCaption>();
        var nodes = new List<DrawnNode>();
        Place(leftRows, (height - Tall(leftRows)) / 2.0, -1, Bend, nodes, captions);
        Place(rightRows, (height - Tall(rightRows)) / 2.0, +1, Bend, nodes, captions);

        var centre = new DrawnNode(subject, middle, height / 2, 0, Lines(subject.Label, 30));
        return new("wide", 2 * middle, height, centre, nodes, Connect(slice, centre, nodes), captions);
    }

    /// <summary>The same for a narrow screen: the subject on top, everything else below it along one line.</summary>
    public static GraphDrawing Narrow(GraphSlice slice, GraphNode subject)
    {
        var rows = Rows(Neighbours(slice, subject), (NarrowCanvas - NarrowLine - LabelGap) / CharacterWidth);
        var captions = new List<DrawnCaption>();
        var nodes = new List<DrawnNode>();
        Place(rows, 56, +1, (_, _) => NarrowLine, nodes, captions);
        var top = new DrawnNode(subject, 20, 30, 1, Lines(subject.Label, 30));
        return new("tall", NarrowCanvas, 56 + Tall(rows) + 8, top, nodes, Connect(slice, top, nodes), captions);
    }

    /// <summary>Every node but the subject: kind by kind, the strongest tie to the subject first, else as they came, nearest first.</summary>
    public static IReadOnlyList<GraphNode> Neighbours(GraphSlice slice, GraphNode subject)
    {
        var strength = slice.Edges
            .Where(edge => edge.Source == subject.Id || edge.Target == subject.Id)
            .GroupBy(edge => edge.Source == subject.Id ? edge.Target : edge.Source)
            .ToDictionary(edges => edges.Key, edges => edges.Max(edge => edge.Weight ?? 1));
        return
        [
            .. slice.Nodes.Where(node => node.Id != subject.Id).DistinctBy(node => node.Id)
                .OrderBy(node => KindOrder(node.Kind))
                .ThenByDescending(node => strength.GetValueOrDefault(node.Id)),
        ];
    }

    private static int KindOrder(string kind) => Kinds.TakeWhile(each => each != kind).Count();

    private static IReadOnlyList<Row> Rows(IReadOnlyList<GraphNode> nodes, int length)
    {
        var rows = new List<Row>();
        foreach (var kind in nodes.GroupBy(node => node.Kind))
        {
            rows.Add(new(null, [kind.Key], CaptionHeight + (rows.Count > 0 ? GroupGap : 0)));
            rows.AddRange(kind.Select(node => (node, lines: Lines(node.Label, length)))
                .Select(each => new Row(each.node, each.lines, (each.lines.Count * LineHeight) + RowGap)));
        }
        return rows;
    }

    private static int Tall(IReadOnlyList<Row> rows) => rows.Sum(row => row.Height);

    private static void Place(
        IReadOnlyList<Row> rows, double top, int side, Func<int, int, int> bend, List<DrawnNode> nodes, List<DrawnCaption> captions)
    {
        foreach (var row in rows)
        {
            if (row.Node is { } node)
            {
                var y = (int)Math.Round(top + (row.Height / 2.0));
                nodes.Add(new(node, bend(y, side), y, side, row.Lines));
            }
            else
            {
                var y = (int)Math.Round(top + row.Height - (CaptionHeight / 2.0));
                captions.Add(new(row.Lines[0], bend(y, side), y, side));
            }
            top += row.Height;
        }
    }

    private static IReadOnlyList<DrawnLink> Connect(GraphSlice slice, DrawnNode subject, IReadOnlyList<DrawnNode> nodes)
    {
        var placed = nodes.Append(subject).ToDictionary(node => node.Node.Id);
        // A share in a work and a number of works are not on one scale: each kind of edge has its own.
        var strongest = slice.Edges.GroupBy(edge => edge.Kind ?? "", edge => edge.Weight ?? 1).ToDictionary(weights => weights.Key, weights => Math.Max(1e-9, weights.Max()));
        return
        [
            .. slice.Edges
                .Where(edge => edge.Source != edge.Target && placed.ContainsKey(edge.Source) && placed.ContainsKey(edge.Target))
                .Select(edge => (edge, from: placed[edge.Source], to: placed[edge.Target]))
                .Select(each => each.to == subject ? (each.edge, from: each.to, to: each.from) : each)
                .Select(each => new DrawnLink(
                    each.from == subject ? Ray(subject, each.to) : Arc(subject, each.from, each.to),
                    each.from == subject,
                    1 + (int)Math.Round(3 * (each.edge.Weight ?? 1) / strongest[each.edge.Kind ?? ""]),
                    each.to.Node.Kind,
                    each.edge.Reason ?? ""))
                .OrderBy(link => link.Direct),
        ];
    }

    /// <summary>From the subject to a neighbour: out of its side, or down the line below it.</summary>
    private static string Ray(DrawnNode subject, DrawnNode to) => subject.Side == 0
        ? Curve(subject, (subject.X + to.X) / 2, (subject.X + to.X) / 2, to)
        : string.Create(CultureInfo.InvariantCulture, $"M{subject.X} {subject.Y}V{to.Y - 14}Q{subject.X} {to.Y} {subject.X + 14} {to.Y}H{to.X}");

    /// <summary>Between two neighbours, bent towards the subject.</summary>
    private static string Arc(DrawnNode subject, DrawnNode from, DrawnNode to) => Curve(
        from, subject.X + (int)((from.X - subject.X) * 0.35), subject.X + (int)((to.X - subject.X) * 0.35), to);

    private static string Curve(DrawnNode from, int near, int far, DrawnNode to) => string.Create(
        CultureInfo.InvariantCulture, $"M{from.X} {from.Y}C{near} {from.Y} {far} {to.Y} {to.X} {to.Y}");

    /// <summary>A label on one line or two, broken between words, cut short with an ellipsis.</summary>
    private static IReadOnlyList<string> Lines(string label, int length)
    {
        if (label.Length <= length)
            return [label];
        var brk = label.LastIndexOf(' ', length);
        return brk <= length / 3
            ? [Shown.Short(label, length)]
            : [label[..brk], Shown.Short(label[(brk + 1)..], length)];
    }

    private sealed record Row(GraphNode? Node, IReadOnlyList<string> Lines, int Height);
}

/// <param name="Side">Where its label stands: -1 left of it, 1 right, 0 below.</param>
internal sealed record DrawnNode(GraphNode Node, int X, int Y, int Side, IReadOnlyList<string> Lines);

/// <param name="Direct">Whether it ends at the subject.</param>
/// <param name="Weight">1 to 4, the strongest of its kind 4.</param>
/// <param name="Kind">The kind of node it leads to.</param>
internal sealed record DrawnLink(string Path, bool Direct, int Weight, string Kind, string Reason);

/// <param name="Kind">Of which kind are the nodes below it.</param>
internal sealed record DrawnCaption(string Kind, int X, int Y, int Side);

/// <summary>A slice with its subject, as the pages show it.</summary>
internal sealed record GraphView(string Kind, string Id, string Label, Answer<GraphSlice> Answer, bool InExplorer = false, int Width = 780)
{
    public GraphNode Subject => Answer.Value?.Nodes.FirstOrDefault(node => node.Id == Id) ?? new(Id, Kind, Label);

    /// <summary>Where a node leads: inside the explorer to its own slice, on a page to the researcher's page.</summary>
    public string Address(GraphNode node) => node.Kind == "researcher" && !InExplorer
        ? $"/researchers/{Uri.EscapeDataString(node.Id)}"
        : $"/explore/{Uri.EscapeDataString(node.Kind)}/{Uri.EscapeDataString(node.Id)}";

    /// <summary>One row per neighbour for the table.</summary>
    public IReadOnlyList<GraphRow> Rows()
    {
        if (Answer.Value is not { } slice)
            return [];
        var shown = slice.Nodes.Select(node => node.Id).ToHashSet();
        var edges = slice.Edges.Where(edge => shown.Contains(edge.Source) && shown.Contains(edge.Target))
            .SelectMany(edge => edge.Source == edge.Target ? [(Node: edge.Source, edge)] : new[] { (Node: edge.Source, edge), (Node: edge.Target, edge) })
            .ToLookup(end => end.Node, end => end.edge);
        return
        [
            .. GraphDrawing.Neighbours(slice, Subject).Select(node =>
            {
                var tie = edges[node.Id].Where(edge => edge.Source == Id || edge.Target == Id).MaxBy(edge => edge.Weight ?? 1);
                return new GraphRow(node, tie?.Reason ?? tie?.Kind, tie?.Weight, edges[node.Id].Count());
            }),
        ];
    }
}

/// <param name="Reason">Why it is tied to the subject; null where it is tied to a neighbour only.</param>
internal sealed record GraphRow(GraphNode Node, string? Reason, double? Weight, int Links);
