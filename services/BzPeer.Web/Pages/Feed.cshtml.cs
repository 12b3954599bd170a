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

    /// <summary>The count beside the link to this page, for pages that stay open.</summary>
    public async Task<IActionResult> OnGetUnseen(CancellationToken ct) =>
        (await api.UnseenWorks((await Session.Of(HttpContext))!.AccessToken, ct)).Value is { } unseen ? new JsonResult(new { badge = unseen.Badge, said = unseen.Said(texts) }) : StatusCode(StatusCodes.Status503ServiceUnavailable);

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
        // Whoever opens it has seen what came until then; a browser that only fetches it beforehand has not.
        if (cursor is null && Feed.Value is { } seen && !Request.Headers["Sec-Purpose"].ToString().Contains("prefetch", StringComparison.Ordinal))
            await api.MarkFeedSeen(seen.UpTo, (await Session.Of(HttpContext))!.AccessToken, ct);
        ReadTo = cursor is null && Feed.Value?.Items is [{ Unread: true } newest, ..] ? newest.Position : null;
        return await this.InsteadOf(Feed) ?? Page();
    }
}
