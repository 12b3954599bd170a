using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace BzPeer.Web.Pages;

/// <summary>The graph around anything: a picture and a table that can be sorted and filtered, every node leading on.</summary>
internal sealed class ExploreModel(BzPeerApi api) : PageModel
{
    private const int Slice = 80;

    public GraphView View { get; private set; } = null!;

    /// <summary>The work itself, where the subject is one.</summary>
    public Work? Work { get; private set; }

    public async Task<IActionResult> OnGet(string kind, string id, string[] show, string? sort, CancellationToken ct)
    {
        var known = Guid.TryParse(id, out var guid);
        if (known)
            id = guid.ToString();
        var work = known && kind == "work" ? api.Work(guid, ct) : null;
        var card = known && kind == "researcher" ? api.Card(guid, ct) : null;
        var answer = await api.Graph(kind, id, Slice, ct);
        Work = work is null ? null : (await work).Value;
        var name = card is null ? null : (await card).Value?.Name;
        if (answer is { Unavailable: false, Value: null, Status: { } status })
            return answer.Survivor is { } survivor ? RedirectPermanent($"/explore/{kind}/{survivor}") : StatusCode((int)status);

        var fallback = Work?.Title ?? name ?? GraphDrawing.KindOf(kind).One;
        View = new GraphView(
            kind, id, fallback, answer, InExplorer: true, sort?.TrimStart('-') ?? "", sort?.StartsWith('-') == true, show, Width: 1100);
        return Page();
    }
}
