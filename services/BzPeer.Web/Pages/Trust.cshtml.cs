using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace BzPeer.Web.Pages;

/// <summary>The trust statement in full, and the ledger of its changes.</summary>
internal sealed class TrustModel(BzPeerApi api) : PageModel
{
    public Guid Id { get; private set; }

    public Answer<Card> Card { get; private set; } = null!;

    public Answer<TrustStatement> Statement { get; private set; } = null!;

    public Answer<Paged<TrustChange>> Changes { get; private set; } = null!;

    public async Task<IActionResult> OnGet(Guid id, string? cursor, CancellationToken ct)
    {
        Id = id;
        var card = api.Card(id, ct);
        var statement = api.Trust(id, ct);
        var changes = api.TrustChanges(id, cursor, ct);
        (Card, Statement, Changes) = (await card, await statement, await changes);
        return this.Instead(Card, other => $"/researchers/{other}/trust") ?? this.IfMalformed(Changes) ?? Page();
    }
}
