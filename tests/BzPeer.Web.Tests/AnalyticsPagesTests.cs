using System.Net;

namespace BzPeer.Web.Tests;

public sealed class AnalyticsPagesTests
{
    [Fact]
    public async Task The_page_shows_every_number_as_a_picture_and_as_text()
    {
        await using var site = await Site.StartAsync();
        site.World.Follow(site.World.Find("Stefano Salsano"), site.World.Seed);

        var html = await site.Html("/analytics");
        var text = Site.TextOf(html);

        html.ShouldContain("<title>2023: 1</title>");
        text.ShouldContain("cs.NI");
        text.ShouldContain("5 researchers have a trust statement");
        text.ShouldContain("10 to 19 5");
        html.ShouldContain($"href=\"/researchers/{site.World.Seed}\"");
        text.ShouldContain("+1 follower 1 now");
        text.ShouldContain("Nobody's trust rose in this time.");
        text.ShouldContain("Researcher followed follow 3 21 ms 2.5 s 12 min");
        text.ShouldContain("No event is missing");
    }

    [Fact]
    public async Task Growth_is_drawn_and_listed_by_day_and_by_month()
    {
        await using var site = await Site.StartAsync();
        site.World.Follow(site.World.Find("Stefano Salsano"), site.World.Seed);

        var days = await site.Html($"/researchers/{site.World.Seed}/growth");
        Site.TextOf(days).ShouldContain("1 follower 1 gained and 0 lost since");
        days.Split("<tr>").Length.ShouldBe(32);
        (await site.Html($"/researchers/{site.World.Seed}/growth?by=month")).Split("<tr>").Length.ShouldBe(14);
        (await site.Get($"/researchers/{site.World.Seed}/growth?by=week")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await site.Get("/analytics?window=1y")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Who_hides_their_counts_has_no_growth_for_others_and_sees_their_own()
    {
        await using var site = await Site.StartAsync();
        site.World.Hidden.Add(site.World.Seed);

        Site.TextOf(await site.Html($"/researchers/{site.World.Seed}/growth")).ShouldContain("Daniel Bernier shows nobody else how many follow them.");
        await site.SignIn(site.World.Seed);
        Site.TextOf(await site.Html($"/researchers/{site.World.Seed}/growth")).ShouldContain("0 followers");
    }

    [Fact]
    public async Task Without_the_service_the_pages_say_so()
    {
        await using var site = await Site.StartAsync();
        site.Services.Failing.Add("Analytics");

        Site.TextOf(await site.Html("/analytics")).ShouldContain("Works by topic cannot be shown right now. The Analytics service does not answer");
        Site.TextOf(await site.Html($"/researchers/{site.World.Seed}/growth")).ShouldContain("Growth cannot be shown right now.");
    }

    [Theory]
    [InlineData(new long[] { 0 }, "0 1")]
    [InlineData(new long[] { 1 }, "0 1")]
    [InlineData(new long[] { 3, 4 }, "0 1 2 3 4")]
    [InlineData(new long[] { 0, 7 }, "0 2 4 6 8")]
    [InlineData(new long[] { 19 }, "0 5 10 15 20")]
    [InlineData(new long[] { 7_123 }, "0 2,000 4,000 6,000 8,000")]
    public void A_scale_begins_at_0_and_ends_at_a_round_number_above_all(long[] values, string ticks)
    {
        foreach (var chart in Chart.OfLine([.. values.Select((value, n) => ($"{n}", value))]))
        {
            string.Join(' ', chart.Values.Select(tick => tick.Text)).ShouldBe(ticks);
            chart.Values[0].At.ShouldBe(chart.Base);
            chart.Points!.ShouldAllBe(point => point.X >= chart.Left && point.X <= chart.Width && point.Y >= 0 && point.Y <= chart.Base);
        }
    }

    [Fact]
    public void Parts_of_a_stack_stand_on_one_another_and_a_small_one_is_still_seen()
    {
        foreach (var chart in Chart.OfStacks([("1 May", [("a", "A", 6_000), ("b", "B", 0), ("c", "C", 1)])]))
        {
            var (a, c) = (chart.Bars[0], chart.Bars[1]);
            (a.Y + a.Height).ShouldBe(chart.Base);
            (c.Y + c.Height).ShouldBe(a.Y);
            c.Height.ShouldBe(1);
        }
    }
}
