using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace BzPeer.Web.Pages;

/// <summary>A topic or an institution: who works on it or there, the newest works, and what it has to do with. Each list goes on on a page of its own.</summary>
internal sealed class SubjectModel(BzPeerApi api) : PageModel
{
    /// <summary><c>topics</c> or <c>institutions</c>.</summary>
    public string Of { get; private set; } = null!;

    public Guid Id { get; private set; }

    public Answer<TopicOrInstitution> Subject { get; private set; } = null!;

    public Answer<Paged<CountedResearcher>> Researchers { get; private set; } = null!;

    public IReadOnlyDictionary<Guid, Card> Cards { get; private set; } = new Dictionary<Guid, Card>();

    public Answer<Paged<Work>> Works { get; private set; } = null!;

    public Answer<Paged<CountedLabel>> Topics { get; private set; } = null!;

    public Answer<Paged<CountedLabel>> Institutions { get; private set; } = null!;

    public async Task<IActionResult> OnGet(string of, Guid id, CancellationToken ct)
    {
        (Of, Id) = (of, id);
        var subject = api.Subject(of, id, ct);
        var works = api.Works(id, null, ct, limit: 10, of: of);
        var topics = api.Labels(of, id, "topics", 20, null, ct);
        var institutions = api.Labels(of, id, "institutions", 20, null, ct);
        Researchers = await api.SubjectResearchers(of, id, 10, null, ct);
        Cards = await api.Cards(Researchers.Value?.Items.Select(item => item.ResearcherId) ?? [], ct);
        (Subject, Works, Topics, Institutions) = (await subject, await works, await topics, await institutions);
        return Subject is { Unavailable: false, Value: null, Status: { } status } ? StatusCode((int)status) : Page();
    }
}
