using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.Localization;

namespace BzPeer.Web.Pages;

/// <summary>Rings of accounts whose follows count for no trust: marking one, and reinstating it.</summary>
[SignedIn(Curator = true)]
internal sealed partial class CurateRingsModel(BzPeerApi api, IStringLocalizer<Texts> texts, ServiceTexts told) : PageModel
{
    public const string Mark = "mark";

    /// <summary>Members of a ring who are named; the others are counted.</summary>
    public const int Named = 5;

    public Answer<Paged<Ring>> Rings { get; private set; } = null!;

    public IReadOnlyDictionary<Guid, Card> Cards { get; private set; } = new Dictionary<Guid, Card>();

    /// <summary>Its part is <see cref="Mark"/>, or the id of the ring that was decided about.</summary>
    public Said? Said { get; private set; }

    /// <summary>What was typed and refused.</summary>
    public string? Members { get; private set; }

    public string? Reason { get; private set; }

    public async Task<IActionResult> OnGet(string? cursor, CancellationToken ct)
    {
        Said = Said.From(TempData);
        return await Show(cursor, ct);
    }

    public async Task<IActionResult> OnPostMark(string? members, string? reason, CancellationToken ct)
    {
        (Members, Reason) = (members, reason);
        var lines = (members ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var ids = lines.Select(line => Id().Match(line)).ToArray();
        if (Array.FindIndex(ids, id => !id.Success) is var wrong and >= 0)
            return await Refuse(Mark, texts["“{0}” holds no researcher's id. Write one id, or the address of one page, on each line.", Shown.Short(lines[wrong], 80)], null, ct);
        var answer = await api.MarkRing([.. ids.Select(id => Guid.Parse(id.Value))], reason, await Token(), ct);
        return await Decided(answer, Mark, ring => $"{texts["Marked."]} {Effect(ring)}", null, ct);
    }

    public async Task<IActionResult> OnPostReinstate(Guid? ring, string? reason, string? cursor, CancellationToken ct)
    {
        if (ring is not { } id)
            return StatusCode(StatusCodes.Status400BadRequest);
        Reason = reason;
        return await Decided(await api.ReinstateRing(id, reason, await Token(), ct), id.ToString(), reinstated => $"{texts["Reinstated."]} {Effect(reinstated)}", cursor, ct);
    }

    public string Effect(Ring ring) => ring switch
    {
        { Counted: false } => texts["Scores are still moving."],
        { MovedTotal: 0 } => texts["No score moved."],
        _ => texts.Plural("{0:N0} score moved.|{0:N0} scores moved.", ring.MovedTotal),
    };

    private async Task<string> Token() => (await Session.Of(HttpContext))!.AccessToken;

    private async Task<IActionResult> Decided(Answer<Ring> answer, string part, Func<Ring, string> done, string? cursor, CancellationToken ct)
    {
        if (answer.Status is HttpStatusCode.Unauthorized)
            return await this.SignInAgain();
        if (answer.Value is not { } ring)
            return await Refuse(part, told.Refusal(answer) ?? texts["That was refused."], cursor, ct);
        Said.Next(TempData, part, done(ring));
        return LocalRedirect("/curate/rings");
    }

    private async Task<IActionResult> Refuse(string part, string why, string? cursor, CancellationToken ct)
    {
        Said = new(part, why, Refused: true);
        return await Show(cursor, ct);
    }

    private async Task<IActionResult> Show(string? cursor, CancellationToken ct)
    {
        Rings = await api.Rings(cursor, await Token(), ct);
        Cards = await api.Cards(Rings.Value?.Items.SelectMany(ring => ring.Members.Take(Named)) ?? [], ct);
        return await this.InsteadOf(Rings) ?? Page();
    }

    [GeneratedRegex("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")]
    private static partial Regex Id();
}
