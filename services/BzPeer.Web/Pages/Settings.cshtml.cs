using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.Localization;

namespace BzPeer.Web.Pages;

/// <summary>What a researcher decides about themselves: their page, who sees their lists, whom they block. Each part is a form of its own.</summary>
[SignedIn]
internal sealed class SettingsModel(BzPeerApi api, IStringLocalizer<Texts> texts, ServiceTexts told) : PageModel
{
    public const string Profile = "profile", Visibility = "visibility", Claim = "claim", Blocks = "blocks";

    public Session Me { get; private set; } = null!;

    public Answer<Card> Card { get; private set; } = null!;

    public Answer<Visibility> Seen { get; private set; } = null!;

    public Answer<Paged<FollowListed>> Blocked { get; private set; } = null!;

    public IReadOnlyDictionary<Guid, Card> Cards { get; private set; } = new Dictionary<Guid, Card>();

    public Said? Said { get; private set; }

    /// <summary>What the forms hold: what stands, or what was typed and refused.</summary>
    public string? Headline { get; private set; }

    public bool OpenToCollaborate { get; private set; }

    public Visibility? Choice { get; private set; }

    public async Task<IActionResult> OnGet(string? cursor, CancellationToken ct)
    {
        Said = Said.From(TempData);
        return await Show(cursor, ct);
    }

    public async Task<IActionResult> OnPostProfile(string? headline, bool open, CancellationToken ct)
    {
        // A field that is neither yes nor no is not a no.
        if (!ModelState.IsValid)
            return StatusCode(StatusCodes.Status400BadRequest);
        (Headline, OpenToCollaborate) = (headline, open);
        var me = await Session.Of(HttpContext);
        return await Answer(await api.EditProfile(me!.ResearcherId, headline ?? "", open, me.AccessToken, ct), Profile, texts["Saved. It is on your page now."], ct);
    }

    public async Task<IActionResult> OnPostVisibility(bool lists, bool counts, CancellationToken ct)
    {
        if (!ModelState.IsValid)
            return StatusCode(StatusCodes.Status400BadRequest);
        Choice = new(lists, counts);
        return await Answer(await api.ChooseVisibility(Choice, await Token(), ct), Visibility, texts["Saved. Who looks from now on sees this."], ct);
    }

    public async Task<IActionResult> OnPostClaim(bool? claim, CancellationToken ct)
    {
        if (claim is not { } wanted)
            return StatusCode(StatusCodes.Status400BadRequest);
        var me = await Session.Of(HttpContext);
        return await Answer(
            await api.Claim(me!.ResearcherId, wanted, me.AccessToken, ct), Claim, wanted ? texts["This profile is yours."] : texts["You gave this profile back."], ct);
    }

    public async Task<IActionResult> OnPostUnblock(Guid? id, CancellationToken ct) =>
        id is not { } other
            ? StatusCode(StatusCodes.Status400BadRequest)
            : await Answer(await api.Block(other, false, await Token(), ct), Blocks, texts["Unblocked. Either of you may follow the other again."], ct);

    private async Task<string> Token() => (await Session.Of(HttpContext))!.AccessToken;

    private async Task<IActionResult> Answer<T>(Answer<T> answer, string part, string done, CancellationToken ct) where T : class
    {
        if (answer.Status is System.Net.HttpStatusCode.Unauthorized)
            return await this.SignInAgain();
        if (told.Refusal(answer) is { } refusal)
        {
            Said = new(part, refusal, Refused: true);
            return await Show(null, ct);
        }
        Said.Next(TempData, part, done);
        return LocalRedirect($"/settings#{part}");
    }

    private async Task<IActionResult> Show(string? cursor, CancellationToken ct)
    {
        Me = (await Session.Of(HttpContext))!;
        var card = api.Card(Me.ResearcherId, ct);
        var seen = api.Visibility(Me.AccessToken, ct);
        Blocked = await api.Blocks(cursor, Me.AccessToken, ct);
        Cards = await api.Cards(Blocked.Value?.Items.Select(item => item.ResearcherId) ?? [], ct);
        (Card, Seen) = (await card, await seen);
        if (Said is not { Part: Profile, Refused: true })
            (Headline, OpenToCollaborate) = (Card.Value?.OwnHeadline, Card.Value?.OpenToCollaborate ?? false);
        Choice ??= Seen.Value;
        return await this.InsteadOf(Seen) ?? await this.InsteadOf(Blocked) ?? Page();
    }
}
