using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.Localization;

namespace BzPeer.Web.Pages;

/// <summary>What those one follows publish, the newest in the record first, each work once and with everybody it is here for.</summary>
[SignedIn]
internal sealed class FeedModel(BzPeerApi api, IStringLocalizer<Texts> texts, ServiceTexts told) : PageModel
{
    public Answer<FeedPage> Feed { get; private set; } = null!;

    public Said? Said { get; private set; }

    /// <summary>Up to where everything is read when the first page is; null where that is so already, or this is a later page, which knows nothing of what is newer.</summary>
    public long? ReadTo { get; private set; }

    public async Task<IActionResult> OnGet(string? cursor, CancellationToken ct)
    {
        Said = Said.From(TempData);
        return await Show(cursor, ct);
    }

    public async Task<IActionResult> OnPost(long? readTo, CancellationToken ct)
    {
        if (readTo is not { } position)
            return StatusCode(StatusCodes.Status400BadRequest);
        var answer = await api.MarkFeedRead(position, (await Session.Of(HttpContext))!.AccessToken, ct);
        if (answer.Status is System.Net.HttpStatusCode.Unauthorized)
            return await this.SignInAgain();
        if (told.Refusal(answer) is { } refusal)
        {
            Said = new("feed", refusal, Refused: true);
            return await Show(null, ct);
        }
        Said.Next(TempData, "feed", texts["All of it is marked as read."]);
        return LocalRedirect("/feed");
    }

    private async Task<IActionResult> Show(string? cursor, CancellationToken ct)
    {
        Feed = await api.Feed(cursor, (await Session.Of(HttpContext))!.AccessToken, ct);
        ReadTo = cursor is null && Feed.Value?.Items is [{ Unread: true } newest, ..] ? newest.Position : null;
        return await this.InsteadOf(Feed) ?? Page();
    }
}
