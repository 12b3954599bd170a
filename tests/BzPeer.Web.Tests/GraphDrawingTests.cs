using System.Text.Encodings.Web;
using System.Xml.Linq;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Localization;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace BzPeer.Web.Tests;

public sealed class GraphDrawingTests
{
    private static readonly GraphNode Subject = new("s", "researcher", "Subject");

    [Fact]
    public void The_strongest_tie_of_a_kind_comes_first_whatever_the_order_of_the_edges()
    {
        var slice = Slice(30);
        var shuffled = slice with { Nodes = [.. slice.Nodes.Reverse()], Edges = [.. slice.Edges.Reverse()] };

        Positions(GraphDrawing.Wide(shuffled, Subject, 780)).ShouldBe(Positions(GraphDrawing.Wide(slice, Subject, 780)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(12)]
    [InlineData(80)]
    public void No_label_stands_over_another_and_everything_is_inside(int nodes)
    {
        foreach (var drawing in new[] { GraphDrawing.Wide(Slice(nodes), Subject, 780), GraphDrawing.Narrow(Slice(nodes), Subject) })
        {
            foreach (var side in drawing.Nodes.GroupBy(node => node.Side))
            {
                var rows = side.OrderBy(node => node.Y).ToArray();
                for (var n = 1; n < rows.Length; n++)
                    (rows[n].Y - rows[n - 1].Y).ShouldBeGreaterThanOrEqualTo(8 * (rows[n].Lines.Count + rows[n - 1].Lines.Count));
            }
            drawing.Nodes.ShouldAllBe(node => node.X > 0 && node.X < drawing.Width && node.Y > 0 && node.Y < drawing.Height);
            drawing.Nodes.Count.ShouldBe(nodes);
        }
    }

    [Fact]
    public void Only_edges_between_shown_nodes_are_drawn()
    {
        var slice = Slice(3);

        var drawing = GraphDrawing.Wide(slice with { Edges = [.. slice.Edges, new("s", "elsewhere", "authored", 1, null), new("s", "s", "self", 1, null)] }, Subject, 780);

        drawing.Links.Count.ShouldBe(slice.Edges.Count);
    }

    [Fact]
    public void Long_labels_are_broken_between_words_and_cut_between_characters()
    {
        var slice = new GraphSlice([Subject, new("w", "work", string.Concat(Enumerable.Repeat("👩‍🔬 research ", 20)))], [], 2, 2);

        var lines = GraphDrawing.Wide(slice, Subject, 780).Nodes.Single().Lines;

        lines.Count.ShouldBe(2);
        lines[1].ShouldEndWith("…");
        lines.ShouldAllBe(line => !char.IsHighSurrogate(line.Last()));
    }

    [Fact]
    public void A_picture_has_every_node_and_tie_twice_and_only_our_own_markup()
    {
        const string Hostile = "\"><script>alert(1)</script>&amp;";
        var slice = Slice(12);
        slice = slice with
        {
            Nodes = [.. slice.Nodes.Select(node => node.Id == Subject.Id ? node : node with { Label = Hostile + node.Label })],
            Edges = [.. slice.Edges.Select(edge => edge with { Reason = Hostile })],
        };
        var texts = new StringLocalizer<Texts>(new ResourceManagerStringLocalizerFactory(Options.Create(new LocalizationOptions()), NullLoggerFactory.Instance));

        using var written = new StringWriter();
        new GraphPicture(new("researcher", Subject.Id, Subject.Label, new("Publication", System.Net.HttpStatusCode.OK, slice)), texts).WriteTo(written, HtmlEncoder.Default);

        var drawings = XElement.Parse($"<picture>{written}</picture>").Elements("svg").ToArray();
        drawings.Select(drawing => (string?)drawing.Attribute("class")).ShouldBe(["graph wide", "graph tall"]);
        foreach (var drawing in drawings)
        {
            var ties = drawing.Elements("path").ToArray();
            ties.Length.ShouldBe(slice.Edges.Count);
            ties.ShouldAllBe(tie => ((string)tie.Attribute("class")!).StartsWith("tie ") && ((string)tie.Attribute("d")!).StartsWith('M') && tie.Element("title")!.Value == Hostile);
            drawing.Elements("a").Select(node => node.Element("title")!.Value).ShouldBe(
                slice.Nodes.Where(node => node.Id != Subject.Id).Select(node => node.Label), ignoreOrder: true);
            drawing.Elements("a").ShouldAllBe(node => (string?)node.Attribute("tabindex") == "-1" && ((string)node.Attribute("href")!).StartsWith('/') && node.Element("g")!.Elements().Count() == 1);
            drawing.Elements("g").Single().Elements("text").Single().Value.ShouldBe(Subject.Label);
            drawing.Descendants("script").ShouldBeEmpty();
        }
    }

    private static GraphSlice Slice(int nodes)
    {
        var kinds = new[] { "researcher", "work", "topic", "institution" };
        return new(
            [Subject, .. Enumerable.Range(0, nodes).Select(n => new GraphNode($"n{n}", kinds[n % 4], n % 3 == 0 ? $"A label of {n} that is long enough to need a second line and then some" : $"Label {n}"))],
            [.. Enumerable.Range(0, nodes).Select(n => new GraphEdge("s", $"n{n}", "tie", 1.0 / (n + 1), "reason"))],
            nodes + 1, nodes + 1);
    }

    private static IEnumerable<(string, int, int)> Positions(GraphDrawing drawing) => drawing.Nodes.Select(node => (node.Node.Id, node.X, node.Y));
}
