using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.Localization;

namespace BzPeer.Web.Pages;

/// <summary>What the event log adds up to: works by topic, trust over time, who moves, and how fresh the log is.</summary>
internal sealed class AnalyticsModel(BzPeerApi api, IStringLocalizer<Texts> texts) : PageModel
{
    public static IReadOnlyList<(string Window, string Label)> Windows(IStringLocalizer texts) => [("24h", texts["24 hours"]), ("7d", texts["7 days"]), ("30d", texts["30 days"])];

    public string Window { get; private set; } = "";

    public Answer<TopicYears> Topics { get; private set; } = null!;

    public Answer<TrustOverTime> Trust { get; private set; } = null!;

    public Answer<MoversList> Followers { get; private set; } = null!;

    public Answer<MoversList> Risen { get; private set; } = null!;

    public Answer<LogFreshness> Freshness { get; private set; } = null!;

    public IReadOnlyDictionary<Guid, Card> Cards { get; private set; } = new Dictionary<Guid, Card>();

    public async Task<IActionResult> OnGet(string? window, CancellationToken ct)
    {
        Window = window ?? "7d";
        if (Windows(texts).All(each => each.Window != Window))
            return StatusCode(StatusCodes.Status400BadRequest);
        var (topics, trust, freshness) = (api.TopicsByYear(12, ct), api.TrustOverTime(ct), api.Freshness("1h", ct));
        var (followers, risen) = (api.Movers(Window, "followers", 8, ct), api.Movers(Window, "trust", 8, ct));
        (Followers, Risen) = (await followers, await risen);
        Cards = await api.Cards([.. (Followers.Value?.Items ?? []).Concat(Risen.Value?.Items ?? []).Select(item => item.ResearcherId)], ct);
        (Topics, Trust, Freshness) = (await topics, await trust, await freshness);
        return Page();
    }

    internal static IReadOnlyList<Chart> ByLevel(IReadOnlyList<TrustAt> days, IStringLocalizer texts) => Chart.OfStacks(
    [
        .. days.Select(day => (Shown.Mark(day.At), (IReadOnlyList<(string, string, long)>)
            [.. Words.Levels.Select(level => ($"level-{level.Level.ToLowerInvariant()}", texts.Level(level.Level), day.Levels.GetValueOrDefault(level.Level)))])),
    ]);

    internal static IReadOnlyList<Chart> ByScore(TrustAt day) => Chart.OfStacks(
        [.. day.Bands.Select(band => ($"{band.From}–{band.To}", (IReadOnlyList<(string, string, long)>)[("", "", band.Researchers)]))]);

    internal static PersonRow Row(Mover mover, Card? card, string of, IStringLocalizer texts) => new(
        mover.ResearcherId, card?.Name, PersonRow.LineOf(card), of == "trust" ? card?.Trust : null,
        [
            of == "trust" ? texts.Plural("+{0:N0} point|+{0:N0} points", mover.Gained) : texts.Plural("+{0:N0} follower|+{0:N0} followers", mover.Gained),
            texts["{0:N0} now", mover.Now],
        ]);
}
