using System.Net;

namespace BzPeer.Web.Tests;

/// <summary>The curators' page of messages that could not be handled.</summary>
public sealed class DeadLettersTests
{
    private const string Page = "/curate/dead-letters";

    private static async Task<Site> Start()
    {
        var site = await Site.StartAsync();
        site.World.DeadLetters.Add(("Profile", "letter-1", "AuthorIdentified", "The JSON value could not be converted", "{\"messageId\":\"letter-1\",\"x\":\"<script>\"}"));
        site.World.DeadLetters.Add(("Profile", "letter-2", null, "'t' is an invalid start", "{ this is no JSON"));
        await site.SignIn(site.World.Seed, curator: true);
        return site;
    }

    [Fact]
    public async Task Each_says_what_it_is_and_why_it_failed_and_a_queue_without_any_says_that()
    {
        await using var site = await Start();

        var html = await site.Html(Page);

        var text = Site.TextOf(html);
        text.ShouldContain("2 messages wait.");
        text.ShouldContain("AuthorIdentified");
        text.ShouldContain("The JSON value could not be converted");
        text.ShouldContain("A message that cannot be read");
        text.Split("Nothing waits here.").Length.ShouldBe(1 + 3);
        html.ShouldNotContain("<script>\"}");
    }

    [Fact]
    public async Task One_is_sent_again_and_then_all_that_wait()
    {
        await using var site = await Start();

        using var one = await site.Submit(Page, $"{Page}?handler=Resend", ("service", "Profile"), ("id", "letter-1"));
        one.Headers.Location!.OriginalString.ShouldBe(Page);
        site.World.DeadLetters.ShouldHaveSingleItem().Id.ShouldBe("letter-2");
        Site.TextOf(await site.Html(Page)).ShouldContain("1 message was sent again.");

        using var all = await site.Submit(Page, $"{Page}?handler=Resend", ("service", "Profile"));
        site.World.DeadLetters.ShouldBeEmpty();
    }

    [Fact]
    public async Task To_discard_takes_a_reason_and_what_is_gone_meanwhile_is_said()
    {
        await using var site = await Start();

        using var without = await site.Submit(Page, $"{Page}?handler=Discard", ("service", "Profile"), ("id", "letter-2"), ("reason", " "));
        Site.TextOf(await without.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain("why it can be done without");
        site.World.DeadLetters.Count.ShouldBe(2);

        using var discarded = await site.Submit(Page, $"{Page}?handler=Discard", ("service", "Profile"), ("id", "letter-2"), ("reason", "No JSON"));
        Site.TextOf(await site.Html(Page)).ShouldContain("1 message was discarded.");

        using var again = await site.Submit(Page, $"{Page}?handler=Discard", ("service", "Profile"), ("id", "letter-2"), ("reason", "No JSON"));
        Site.TextOf(await again.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain("No message of this id waits.");
        using var nowhere = await site.Submit(Page, $"{Page}?handler=Resend", ("service", "Analytics"));
        nowhere.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_service_that_does_not_answer_is_missing_and_the_others_are_shown()
    {
        await using var site = await Start();
        site.Services.Failing.Add("Trust");

        var text = Site.TextOf(await site.Html(Page));

        text.ShouldContain("What waits cannot be shown right now. The Trust service does not answer");
        text.ShouldContain("2 messages wait.");
    }

    [Fact]
    public async Task Only_curators_see_it()
    {
        await using var site = await Site.StartAsync();
        (await site.Get(Page)).Headers.Location!.OriginalString.ShouldStartWith("/sign-in?returnUrl=");
        await site.SignIn(site.World.Seed);
        (await site.Get(Page)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }
}
