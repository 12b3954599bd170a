using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Html;
using Microsoft.Extensions.Localization;

namespace BzPeer.Web;

/// <summary>
/// A slice drawn, wide and narrow; the style sheet shows what fits the screen. The picture is for the eye and the mouse: the table beside
/// it holds the same for the keyboard and for screen readers. Written straight into the page, not by a view: of everything on a
/// researcher's page it has by far the most elements.
/// </summary>
internal sealed class GraphPicture(GraphView view, IStringLocalizer<Texts> texts) : IHtmlContent
{
    private const int LineHeight = 17;

    public void WriteTo(TextWriter writer, HtmlEncoder encoder)
    {
        if (view.Answer.Value is not { } slice) return;
        var page = new Page(writer, encoder);
        foreach (var drawing in new[] { GraphDrawing.Wide(slice, view.Subject, view.Width), GraphDrawing.Narrow(slice, view.Subject) })
        {
            page.Markup($"""<svg class="graph {drawing.Form}" viewBox="0 0 {drawing.Width} {drawing.Height}" aria-hidden="true">""");
            foreach (var link in drawing.Links)
            {
                page.Markup($"""<path class="tie {(link.Direct ? "direct" : "between")} weight-{link.Weight} kind-""");
                page.Text(link.Kind);
                page.Markup($"\" d=\"{link.Path}\"><title>");
                page.Text(link.Reason);
                page.Markup("</title></path>");
            }

            foreach (var caption in drawing.Captions)
            {
                page.Markup($"""<text class="caption" x="{caption.X + (caption.Side * 16)}" y="{caption.Y + 4}" text-anchor="{Anchor(caption.Side)}">""");
                page.Text(texts.Kinds(caption.Kind));
                page.Markup("</text>");
            }

            foreach (var node in drawing.Nodes)
            {
                page.Markup("""<a class="node kind-""");
                page.Text(node.Node.Kind);
                page.Markup("\" href=\"");
                page.Text(view.Address(node.Node));
                page.Markup("\" tabindex=\"-1\"><title>");
                page.Text(node.Node.Label);
                page.Markup($"""</title><g transform="translate({node.X} {node.Y})">""");
                Symbols.Shape(node.Node.Kind).WriteTo(writer, encoder);
                page.Markup("</g>");
                var top = node.Y + 5 - ((node.Lines.Count - 1) * 8);
                for (var line = 0; line < node.Lines.Count; line++)
                    page.Line(node.X + (node.Side * 16), top + (line * LineHeight), Anchor(node.Side), node.Lines[line]);
                page.Markup("</a>");
            }

            Subject(page, drawing.Subject);
            page.Markup("</svg>");
        }

        void Subject(Page page, DrawnNode subject)
        {
            page.Markup("""<g class="subject kind-""");
            page.Text(subject.Node.Kind);
            page.Markup($"\"><g transform=\"translate({subject.X} {subject.Y}) scale(1.9)\">");
            Symbols.Shape(subject.Node.Kind).WriteTo(writer, encoder);
            page.Markup("</g>");
            var isBelow = subject.Side == 0;
            var top = isBelow ? subject.Y + 34 : subject.Y + 5 - ((subject.Lines.Count - 1) * 9);
            for (var line = 0; line < subject.Lines.Count; line++)
                page.Line(subject.X + (subject.Side * 26), top + (line * (LineHeight + 1)), isBelow ? "middle" : "start", subject.Lines[line]);
            page.Markup("</g>");
        }
    }

    private static string Anchor(int side) => side < 0 ? "end" : "start";

    /// <summary>What is ours goes in as it is; what others wrote is encoded.</summary>
    private readonly struct Page(TextWriter writer, HtmlEncoder encoder)
    {
        public void Markup(string ours) => writer.Write(ours);

        public void Text(string text) => encoder.Encode(writer, text);

        public void Line(int x, int y, string anchor, string text)
        {
            Markup($"""<text x="{x}" y="{y}" text-anchor="{anchor}">""");
            Text(text);
            Markup("</text>");
        }
    }
}
