using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace BzPeer.Web.Pages;

/// <summary>How a researcher's followers became as many as they are.</summary>
internal sealed class GrowthModel(BzPeerApi api) : PageModel
{
    public Guid Id { get; private set; }

    public bool ByMonth { get; private set; }

    public Answer<Card> Card { get; private set; } = null!;

    public Answer<Growth> Growth { get; private set; } = null!;

    public async Task<IActionResult> OnGet(Guid id, string? by, CancellationToken ct)
    {
        if (by is not (null or "day" or "month"))
            return StatusCode(StatusCodes.Status400BadRequest);
        (Id, ByMonth) = (id, by == "month");
        var card = api.Card(id, ct);
        Growth = await api.FollowerGrowth(id, by ?? "day", (await Session.Of(HttpContext))?.AccessToken, ct);
        Card = await card;
        return this.Instead(Card, other => $"/researchers/{other}/growth") ?? Page();
    }
}
