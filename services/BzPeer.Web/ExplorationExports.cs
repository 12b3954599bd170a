using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Unicode;

namespace BzPeer.Web;

/// <summary>An explorer's graph as others take it: the script of the page, programs, spreadsheets.</summary>
internal static class ExplorationExports
{
    /// <summary>No character of it can end a script element; names in every script stay as short as they are.</summary>
    private static readonly JsonSerializerOptions ScriptJson = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.Create(UnicodeRanges.All),
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>
    /// What is shown, for the script of the page, in the language of the page. Of thousands of ties most have one of a few reasons: each stands there
    /// once, as the page would show it, and ties name it by its place.
    /// </summary>
    /// <param name="reason">How a tie's reason is shown.</param>
    /// <param name="relation">What a kind of tie is called.</param>
    public static string ForScript(this Exploration graph, Func<GraphEdge, string> reason, Func<string?, string> relation)
    {
        var reasons = graph.Ties.Select(tie => tie.Edge).DistinctBy(edge => edge.Reason ?? edge.Kind).Select((edge, n) => (edge, n)).ToDictionary(each => each.edge.Reason ?? each.edge.Kind ?? "", each => (each.n, Shown: reason(each.edge)));
        return JsonSerializer.Serialize(
            new
            {
                nodes = graph.Nodes.Select(each => new { each.Node.Id, each.Node.Kind, each.Node.Label, each.Node.Year, each.From }),
                ties = graph.Ties.Select(tie => new { tie.Edge.Source, tie.Edge.Target, tie.Edge.Kind, tie.Weight, tie.Edge.First, tie.Edge.Latest, tie.From, Reason = reasons[tie.Edge.Reason ?? tie.Edge.Kind ?? ""].n }),
                reasons = reasons.Values.OrderBy(each => each.n).Select(each => each.Shown),
                relations = graph.Ties.Select(tie => tie.Edge.Kind).OfType<string>().Distinct().ToDictionary(kind => kind, relation),
            }, ScriptJson);
    }

    /// <summary>What is shown, for programs.</summary>
    public static byte[] Json(this Exploration graph) => JsonSerializer.SerializeToUtf8Bytes(
        new
        {
            root = graph.Root.Id,
            showing = graph.Slices.SelectMany(slice => slice.Neighbours.Select(kind => new { around = slice.Of.Id, kind.Kind, kind.Shown, kind.Total })),
            nodes = graph.Nodes.Select(each => new { each.Node.Id, each.Node.Kind, each.Node.Label, each.Node.Year, each.Degree })
                .Prepend(new { graph.Root.Id, graph.Root.Kind, graph.Root.Label, graph.Root.Year, Degree = graph.TiesOf(graph.Root.Id).Count() }),
            edges = graph.Ties.Select(tie => new { tie.Edge.Source, tie.Edge.Target, tie.Edge.Kind, tie.Edge.Weight, tie.Edge.Reason, tie.Edge.First, tie.Edge.Latest }),
        }, JsonSerializerOptions.Web);

    /// <summary>The nodes that are shown, for spreadsheets.</summary>
    public static string NodesAsCsv(this Exploration graph) => Csv(
        ["id", "kind", "label", "first year", "latest year", "strength", "reason", "ties"],
        graph.Nodes.Select(each => new object?[]
        {
            each.Node.Id, each.Node.Kind, each.Node.Label, each.Years?.First, each.Years?.Latest, each.Tie?.Edge.Weight, each.Tie?.Edge.Reason, each.Degree,
        }).Prepend([graph.Root.Id, graph.Root.Kind, graph.Root.Label, graph.Root.Year, graph.Root.Year, null, null, graph.TiesOf(graph.Root.Id).Count()]));

    /// <summary>The ties that are shown, for spreadsheets.</summary>
    public static string TiesAsCsv(this Exploration graph) => Csv(
        ["source", "source label", "target", "target label", "kind", "strength", "reason", "first year", "latest year"],
        graph.Ties.Select(tie => new object?[]
        {
            tie.Source.Id, tie.Source.Label, tie.Target.Id, tie.Target.Label, tie.Edge.Kind, tie.Edge.Weight, tie.Edge.Reason, tie.Edge.First, tie.Edge.Latest,
        }));

    private static string Csv(string[] head, IEnumerable<object?[]> rows)
    {
        var text = new StringBuilder();
        foreach (var row in rows.Prepend(head))
            text.AppendJoin(',', row.Select(Cell)).Append("\r\n");
        return text.ToString();

        static string Cell(object? value)
        {
            var cell = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
            // A title that a spreadsheet would take for a formula is marked as text.
            if (value is string && cell is ['=' or '+' or '-' or '@' or '\t' or '\r', ..])
                cell = '\'' + cell;
            return cell.AsSpan().ContainsAny(",\"\r\n") ? $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : cell;
        }
    }
}
