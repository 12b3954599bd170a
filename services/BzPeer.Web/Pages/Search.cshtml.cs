using Microsoft.AspNetCore.Mvc.RazorPages;

namespace BzPeer.Web.Pages;

/// <summary>People by name or external id.</summary>
internal sealed class SearchModel(BzPeerApi api) : PageModel
{
    public ResearcherQuery? Query { get; private set; }

    public Answer<Paged<Card>>? Answer { get; private set; }

    public async Task OnGet(string? q, string? cursor, CancellationToken ct)
    {
        Query = ResearcherQuery.From(q);
        if (Query is not null)
            Answer = await api.Search(Query, 20, cursor, ct);
    }
}
