namespace BzPeer.Web.Tests;

/// <summary>Trust over time, as it is drawn and as it stands on the page.</summary>
public sealed class TrustHistoryTests
{
    private static readonly DateTimeOffset March = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static TrustChange Change(int day, int score) => new(March.AddDays(day), null, new(score, "Baseline"), 1, null);

    [Fact]
    public void Every_change_is_a_point_and_the_score_holds_until_the_next_and_from_the_last_until_now()
    {
        var history = TrustHistory.Of(new([Change(5, 100), Change(0, 0)], null), March.AddDays(10)).ShouldNotBeNull();

        history.Points.ShouldBe([(30, 146), (139, 8)]);
        history.Line.ShouldBe("M30 146H139V8H248");
        history.IsOneDay.ShouldBeFalse();
        history.Whole.ShouldBeTrue();
    }

    [Fact]
    public void One_change_is_one_point_also_in_the_moment_it_happens_and_by_a_clock_that_is_behind()
    {
        foreach (var now in new[] { March, March.AddMinutes(-1) })
        {
            var history = TrustHistory.Of(new([Change(0, 11)], "more"), now).ShouldNotBeNull();
            history.Points.ShouldHaveSingleItem().X.ShouldBe(30);
            history.Line.ShouldEndWith("H248");
            history.IsOneDay.ShouldBeTrue();
            history.Whole.ShouldBeFalse();
        }
    }

    [Fact]
    public void Without_a_change_there_is_nothing_to_draw()
    {
        TrustHistory.Of(new([], null), March).ShouldBeNull();
        TrustHistory.Of(null, March).ShouldBeNull();
    }

    [Fact]
    public async Task The_page_draws_it_says_it_in_words_and_gives_the_reason_of_each_change()
    {
        await using var site = await Site.StartAsync();
        var nobody = site.World.Add("Nobody Yet");

        var html = await site.Html($"/researchers/{site.World.Seed}");
        html.Split("class=\"point\"").Length.ShouldBe(2);
        Site.TextOf(html).ShouldContain("One change: 11 - Baseline since 1 March 2026.");
        Site.TextOf(html).ShouldContain($"9 → 11 Baseline “{FakeWorld.SeedTitle}” was published");
        html.ShouldContain($"href=\"/researchers/{site.World.Seed}/trust#ledger\"");
        Site.TextOf(await site.Html($"/researchers/{nobody}")).ShouldContain("No change of the score has been recorded yet.");

        site.World.Publish("Another", "…", [site.World.Seed], []);
        Site.TextOf(await site.Html($"/researchers/{site.World.Seed}")).ShouldContain("2 changes since 1 March 2026, from 11 - Baseline to 11 - Baseline");
        await site.Services.StopAsync("Trust");
        Site.TextOf(await site.Html($"/researchers/{site.World.Seed}")).ShouldContain("The history cannot be shown right now.");
    }
}
