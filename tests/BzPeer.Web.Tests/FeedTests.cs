using System.Net;

namespace BzPeer.Web.Tests;

public sealed class FeedTests
{
    [Fact]
    public async Task A_work_is_there_once_with_everybody_it_is_there_for()
    {
        await using var site = await Site.StartAsync();
        var me = site.World.Add("Reader");
        site.World.Follow(me, site.World.Find("Stefano Salsano"));
        site.World.Follow(me, site.World.Seed);
        await site.SignIn(me);

        var html = await site.Html("/feed");
        var text = Site.TextOf(html);

        text.ShouldContain("New by Stefano Salsano and Daniel Bernier , whom you follow");
        text.Split(FakeWorld.SeedTitle).Length.ShouldBe(2);
        html.ShouldContain($"href=\"/api/researchers/{site.World.Seed}/works.atom\"");
        (await site.Html("/")).ShouldContain("href=\"/feed\"");
    }

    [Fact]
    public async Task What_is_marked_as_read_is_new_no_longer_and_what_comes_after_it_is()
    {
        await using var site = await Site.StartAsync();
        var me = site.World.Add("Reader");
        site.World.Follow(me, site.World.Seed);
        await site.SignIn(me);

        (await site.Submit("/feed", "/feed", ("readTo", "1"))).Headers.Location!.OriginalString.ShouldBe("/feed");
        var read = await site.Html("/feed");
        Site.TextOf(read).ShouldContain("All of it is marked as read.");
        read.ShouldNotContain("name=\"readTo\"");
        Site.TextOf(read).ShouldNotContain(" New by");

        site.World.Publish("Another one", "…", [site.World.Seed], []);
        var unread = await site.Html("/feed");
        unread.ShouldContain("name=\"readTo\" value=\"2\"");
        Site.TextOf(unread).Split("New by").Length.ShouldBe(2);
    }

    [Fact]
    public async Task It_goes_on_from_page_to_page_and_only_the_first_can_be_marked()
    {
        await using var site = await Site.StartAsync();
        var me = site.World.Add("Reader");
        site.World.Follow(me, site.World.Seed);
        for (var n = 0; n < 25; n++)
            site.World.Publish($"Work {n:00}", "…", [site.World.Seed], []);
        await site.SignIn(me);

        (await site.Html("/feed")).ShouldContain("rel=\"next\" href=\"/feed?cursor=20\"");
        var second = await site.Html("/feed?cursor=20");

        Site.TextOf(second).ShouldContain(FakeWorld.SeedTitle);
        second.ShouldNotContain("name=\"readTo\"");
        (await site.Get("/feed?cursor=~")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Every_page_counts_what_is_new_until_the_feed_is_opened()
    {
        await using var site = await Site.StartAsync();
        var me = site.World.Add("Reader");
        await site.SignIn(me);
        (await site.Html("/settings")).ShouldContain(" hidden=\"hidden\"></span><span class=\"visually-hidden\" data-unseen-said></span></a>");

        site.World.Follow(me, site.World.Seed);
        Link(await site.Html("/search")).ShouldBe("Feed 1 1 new work");
        Link(await site.Html($"/researchers/{site.World.Seed}")).ShouldBe("Feed 1 1 new work");
        using var ahead = new HttpRequestMessage(HttpMethod.Get, "/feed") { Headers = { { "Sec-Purpose", "prefetch;prerender" } } };
        (await site.Client.SendAsync(ahead, TestContext.Current.CancellationToken)).StatusCode.ShouldBe(HttpStatusCode.OK);
        Link(await site.Html("/feed?cursor=20")).ShouldBe("Feed 1 1 new work");
        Link(await site.Html("/feed")).ShouldBe("Feed");
        Link(await site.Html("/search")).ShouldBe("Feed");

        for (var n = 0; n < 120; n++)
            site.World.Publish($"New {n}", "…", [site.World.Seed], []);
        Link(await site.Html("/search")).ShouldBe("Feed 99+ more than 99 new works");
        (await site.Html("/feed?handler=unseen")).ShouldBe("""{"badge":"99\u002B","said":"more than 99 new works"}""");

        await site.Services.StopAsync("Publication");
        Link(await site.Html("/settings")).ShouldBe("Feed");
        (await site.Get("/feed?handler=unseen")).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);

        static string Link(string html) => Site.TextOf("<main" + html[html.IndexOf("<a href=\"/feed\"", StringComparison.Ordinal)..].Split("</a>")[0].Replace("<a", "><a", StringComparison.Ordinal)).Trim();
    }

    [Fact]
    public async Task An_empty_feed_says_how_to_fill_it_and_a_missing_one_that_it_is_missing()
    {
        await using var site = await Site.StartAsync();
        await site.SignIn(site.World.Seed);

        Site.TextOf(await site.Html("/feed")).ShouldContain("Nothing is here yet. Follow researchers");
        await site.Services.StopAsync("Publication");
        Site.TextOf(await site.Html("/feed")).ShouldContain("Your feed cannot be shown right now.");
    }
}
