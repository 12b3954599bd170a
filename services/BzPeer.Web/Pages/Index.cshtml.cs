using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.Caching.Memory;

namespace BzPeer.Web.Pages;

/// <summary>
/// The start: search, a few researchers (those named in <c>Home:Featured</c>, then whoever has most works), the graph around
/// the most published of them, and what this is.
/// </summary>
internal sealed class IndexModel(BzPeerApi api, IMemoryCache cache, IConfiguration configuration) : PageModel
{
    private const int Shown = 6;

    public IReadOnlyList<Card> Featured { get; private set; } = [];

    public bool Unavailable { get; private set; }

    public GraphView? Slice { get; private set; }

    /// <summary>Topics and institutions out of that graph.</summary>
    public IReadOnlyList<GraphNode> EntryPoints { get; private set; } = [];

    public async Task OnGet(CancellationToken ct)
    {
        var start = cache.Get<Start>(nameof(Start));
        if (start is null)
        {
            start = await Load(ct);
            // Nothing found yet, or a service down: look again soon.
            cache.Set(nameof(Start), start, TimeSpan.FromSeconds(start.Slice is null ? 2 : 60));
        }
        (Featured, Unavailable, Slice) = start;
        EntryPoints = [.. Slice?.Answer.Value?.Nodes.Where(node => node.Kind is "topic" or "institution").Take(8) ?? []];
    }

    private async Task<Start> Load(CancellationToken ct)
    {
        var names = configuration.GetSection("Home:Featured").Get<string[]>() ?? [];
        var searches = names.Select(ResearcherQuery.From).OfType<ResearcherQuery>().Select(query => api.Search(query, 1, null, ct));
        var answers = await Task.WhenAll(searches.Append(api.Search(ResearcherQuery.Everybody, Shown, null, ct)));
        Card[] featured = [.. answers.SelectMany((answer, n) => answer.Value?.Items.Take(n < names.Length ? 1 : Shown) ?? []).DistinctBy(card => card.Id).Take(Shown)];
        GraphView? view = null;
        if (featured.MaxBy(card => card.Counts?.Works) is { } central)
        {
            var id = central.Id.ToString();
            var slice = await api.Graph("researcher", id, 16, ct);
            view = slice.Value is { Nodes.Count: > 1 } ? new GraphView("researcher", id, central.Name, slice, Width: 620) : null;
        }
        return new(featured, answers.Any(answer => answer.Unavailable), view);
    }

    private sealed record Start(IReadOnlyList<Card> Featured, bool Unavailable, GraphView? Slice);
}
