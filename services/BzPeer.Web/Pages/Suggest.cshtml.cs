using Microsoft.AspNetCore.Mvc.RazorPages;

namespace BzPeer.Web.Pages;

/// <summary>The first people, works and topics that begin like what is typed into a search box. What does not come in time is left out.</summary>
internal sealed class SuggestModel(BzPeerApi api) : PageModel
{
    private const int Each = 4;

    public IReadOnlyList<Card> People { get; private set; } = [];

    public IReadOnlyList<Work> Works { get; private set; } = [];

    public IReadOnlyList<CountedLabel> Topics { get; private set; } = [];

    public async Task OnGet(string? q, CancellationToken ct)
    {
        // Whoever types, deletes and types again asks the same.
        Response.Headers.CacheControl = "private, max-age=60";
        if (ResearcherQuery.From(q) is not { } query)
            return;
        var people = api.Search(query, Each, null, ct);
        var works = api.FindWorks(query.Text, Each, null, ct);
        var topics = api.FindLabels("topics", query.Text, Each, null, ct);
        (People, Works, Topics) = ((await people).Value?.Items ?? [], (await works).Value?.Items ?? [], (await topics).Value?.Items ?? []);
    }
}
