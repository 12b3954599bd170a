using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace BzPeer.Web.Pages;

/// <summary>With whom a researcher published, and how closely.</summary>
internal sealed class CollaboratorsModel(BzPeerApi api) : PageModel
{
    public Guid Id { get; private set; }

    public Answer<Card> Card { get; private set; } = null!;

    public Answer<Paged<Collaborator>> Answer { get; private set; } = null!;

    public IReadOnlyDictionary<Guid, Card> Cards { get; private set; } = new Dictionary<Guid, Card>();

    public async Task<IActionResult> OnGet(Guid id, string? cursor, CancellationToken ct)
    {
        Id = id;
        var card = api.Card(id, ct);
        Answer = await api.Collaborators(id, 40, cursor, ct);
        Cards = await api.Cards(Answer.Value?.Items.Select(item => item.ResearcherId) ?? [], ct);
        Card = await card;
        return this.Instead(Card, other => $"/researchers/{other}/collaborators")
            ?? (Answer is { Unavailable: false, Value: null, Status: { } status } ? StatusCode((int)status) : Page());
    }
}
