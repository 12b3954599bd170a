using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace BzPeer.Web.Pages;

/// <summary>Everybody who wrote about a topic, or at an institution.</summary>
internal sealed class SubjectResearchersModel(BzPeerApi api) : PageModel
{
    public string Of { get; private set; } = null!;

    public Guid Id { get; private set; }

    public Answer<TopicOrInstitution> Subject { get; private set; } = null!;

    public Answer<Paged<CountedResearcher>> Answer { get; private set; } = null!;

    public IReadOnlyDictionary<Guid, Card> Cards { get; private set; } = new Dictionary<Guid, Card>();

    public async Task<IActionResult> OnGet(string of, Guid id, string? cursor, CancellationToken ct)
    {
        (Of, Id) = (of, id);
        var subject = api.Subject(of, id, ct);
        Answer = await api.SubjectResearchers(of, id, 40, cursor, ct);
        Cards = await api.Cards(Answer.Value?.Items.Select(item => item.ResearcherId) ?? [], ct);
        Subject = await subject;
        return Answer is { Unavailable: false, Value: null, Status: { } status } ? StatusCode((int)status) : Page();
    }
}
