using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace BzPeer.Web.Pages;

/// <summary>Who follows a researcher, or whom they follow: ids from Follow, names and trust from Profile.</summary>
internal sealed class FollowListModel(BzPeerApi api) : PageModel
{
    public Guid Id { get; private set; }

    public string List { get; private set; } = "";

    public Answer<Card> Card { get; private set; } = null!;

    public Answer<FollowCounts> Counts { get; private set; } = null!;

    public Answer<FollowPage> Answer { get; private set; } = null!;

    public IReadOnlyDictionary<Guid, Card> Cards { get; private set; } = new Dictionary<Guid, Card>();

    public async Task<IActionResult> OnGet(Guid id, string list, string? cursor, CancellationToken ct)
    {
        (Id, List) = (id, list);
        var own = await Session.Of(HttpContext) is { } me && me.ResearcherId == id ? me.AccessToken : null;
        var card = api.Card(id, ct);
        var counts = api.FollowCounts(id, null, own, ct);
        Answer = await api.FollowList(id, list, cursor, own, ct);
        Cards = await api.Cards(Answer.Value?.Items?.Select(item => item.ResearcherId) ?? [], ct);
        (Card, Counts) = (await card, await counts);
        return this.Instead(Card, other => $"/researchers/{other}/{list}")
            ?? (Answer is { Unavailable: false, Value: null, Status: { } status } ? StatusCode((int)status) : Page());
    }
}
