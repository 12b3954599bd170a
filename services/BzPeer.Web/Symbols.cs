using Microsoft.AspNetCore.Html;

namespace BzPeer.Web;

/// <summary>
/// The shapes that stand for the kinds of nodes: a circle for a researcher, a sheet for a work, a diamond for a topic, a house for an
/// institution. A page has a hundred of them, so each is made once.
/// </summary>
internal static class Symbols
{
    private static readonly Dictionary<string, (IHtmlContent Shape, IHtmlContent Symbol)> OfKinds = new[]
    {
        ("researcher", """<circle r="7" />"""),
        ("work", """<rect x="-6" y="-7" width="12" height="14" rx="2" />"""),
        ("topic", """<path d="M0-8 8 0 0 8-8 0Z" />"""),
        ("institution", """<path d="M0-8 7.5-2.5V7h-15v-9.5Z" />"""),
    }.ToDictionary(kind => kind.Item1, kind => (
        (IHtmlContent)new HtmlString(kind.Item2),
        (IHtmlContent)new HtmlString($"""<svg class="symbol kind-{kind.Item1}" viewBox="-9 -9 18 18" width="16" height="16" aria-hidden="true">{kind.Item2}</svg>""")));

    /// <summary>The shape alone, about the origin, 16 units wide, for a drawing.</summary>
    public static IHtmlContent Shape(string kind) => Of(kind).Shape;

    /// <summary>The shape as a small picture among text; it says nothing to a screen reader.</summary>
    public static IHtmlContent Symbol(string kind) => Of(kind).Symbol;

    /// <summary>A kind that is not among them has the last one's.</summary>
    private static (IHtmlContent Shape, IHtmlContent Symbol) Of(string kind) => OfKinds.TryGetValue(kind, out var known) ? known : OfKinds["institution"];
}
