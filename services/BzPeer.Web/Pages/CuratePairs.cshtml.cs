using System.Net;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.Localization;

namespace BzPeer.Web.Pages;

/// <summary>The curators' queue of researchers who may be one person. Each pair is one form: who stays, why, and which of the two it is.</summary>
[SignedIn(Curator = true)]
internal sealed class CuratePairsModel(BzPeerApi api, IStringLocalizer<Texts> texts, ServiceTexts told) : PageModel
{
    public Answer<Paged<SuspectedPair>> Pairs { get; private set; } = null!;

    /// <summary>Its part is the id of the pair that was decided.</summary>
    public Said? Said { get; private set; }

    /// <summary>The merge that was just made, or is to be taken back.</summary>
    public Guid? Merge { get; private set; }

    /// <summary>What was typed and refused.</summary>
    public string? Reason { get; private set; }

    public Guid? Survivor { get; private set; }

    public async Task<IActionResult> OnGet(string? cursor, CancellationToken ct)
    {
        Said = Said.From(TempData);
        Merge = TempData[nameof(Merge)] as Guid?;
        return await Show(cursor, ct);
    }

    public async Task<IActionResult> OnPostMerge(Guid? pair, Guid? survivor, Guid? one, Guid? other, string? reason, string? cursor, CancellationToken ct)
    {
        if (pair is not { } id || one is not { } first || other is not { } second || (survivor is { } kept && kept != first && kept != second))
            return StatusCode(StatusCodes.Status400BadRequest);
        (Reason, Survivor) = (reason, survivor);
        if (survivor is not { } stays)
            return await Refuse(id, texts["Say which of the two profiles stays."], cursor, ct);
        var answer = await api.MergeInto(stays, stays == first ? second : first, reason, await Token(), ct);
        TempData[nameof(Merge)] = answer.Value?.Id;
        return await Decided(answer, id, texts["Merged: works, followers and trust are the remaining profile's, and the other's address leads there."], cursor, ct);
    }

    public async Task<IActionResult> OnPostDistinct(Guid? pair, Guid? survivor, string? reason, string? cursor, CancellationToken ct)
    {
        if (pair is not { } id)
            return StatusCode(StatusCodes.Status400BadRequest);
        (Reason, Survivor) = (reason, survivor);
        return await Decided(await api.TellApart(id, reason, await Token(), ct), id, texts["They are two people, and nobody is asked again."], cursor, ct);
    }

    public async Task<IActionResult> OnPostTakeBack(Guid? merge, string? reason, string? cursor, CancellationToken ct)
    {
        if (merge is not { } id)
            return StatusCode(StatusCodes.Status400BadRequest);
        (Reason, Merge) = (reason, id);
        return await Decided(await api.TakeMergeBack(id, reason, await Token(), ct), id, texts["Taken back: everything is what it was, and the pair is in the queue again."], cursor, ct);
    }

    private async Task<string> Token() => (await Session.Of(HttpContext))!.AccessToken;

    private async Task<IActionResult> Decided<T>(Answer<T> answer, Guid what, string done, string? cursor, CancellationToken ct) where T : class
    {
        if (answer.Status is HttpStatusCode.Unauthorized)
            return await this.SignInAgain();
        if (told.Refusal(answer) is { } refusal)
            return await Refuse(what, refusal, cursor, ct);
        Said.Next(TempData, what.ToString(), done);
        return LocalRedirect(Request.With("handler", null));
    }

    private async Task<IActionResult> Refuse(Guid what, string why, string? cursor, CancellationToken ct)
    {
        Said = new(what.ToString(), why, Refused: true);
        return await Show(cursor, ct);
    }

    private async Task<IActionResult> Show(string? cursor, CancellationToken ct)
    {
        Pairs = await api.SuspectedPairs(cursor, await Token(), ct);
        return await this.InsteadOf(Pairs) ?? Page();
    }
}
