using System.Net;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace BzPeer.Web.Pages;

/// <summary>Asks before somebody is blocked, because a block ends follows that unblocking does not bring back.</summary>
[SignedIn]
internal sealed class BlockModel(BzPeerApi api, ServiceTexts told) : PageModel
{
    public Guid Id { get; private set; }

    public Answer<Card> Card { get; private set; } = null!;

    public bool Blocking { get; private set; }

    public string? Refusal { get; private set; }

    public Task<IActionResult> OnGet(Guid id, CancellationToken ct) => Show(id, ct);

    public async Task<IActionResult> OnPost(Guid id, bool? block, CancellationToken ct)
    {
        // A form that does not say which of the two changes nothing.
        if (block is not { } wanted)
            return StatusCode(StatusCodes.Status400BadRequest);
        var answer = await api.Block(id, wanted, (await Session.Of(HttpContext))!.AccessToken, ct);
        if (answer.Status is HttpStatusCode.Unauthorized)
            return await this.SignInAgain();
        if (answer.Survivor is { } survivor)
            return LocalRedirect($"/researchers/{survivor}/block");
        if (told.Refusal(answer) is { } refusal)
        {
            Refusal = refusal;
            return await Show(id, ct);
        }
        TempData[nameof(ResearcherModel.Position)] = answer.Position;
        return LocalRedirect($"/researchers/{id}#actions");
    }

    private async Task<IActionResult> Show(Guid id, CancellationToken ct)
    {
        Id = id;
        var card = api.Card(id, ct);
        var tie = await api.Relationship(id, (await Session.Of(HttpContext))!.AccessToken, ct);
        Blocking = tie.Value?.Items.SingleOrDefault()?.Blocking == true;
        Card = await card;
        return tie.Status is HttpStatusCode.Unauthorized ? await this.SignInAgain() : this.Instead(Card, other => $"/researchers/{other}/block") ?? Page();
    }
}
