using System.Net;
using System.Text;
using BzPeer.Testing;
using Microsoft.Extensions.Time.Testing;

namespace BzPeer.Web.Tests;

/// <summary>What is kept in memory, for whom, and what ends it.</summary>
public sealed class KeptTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Brief = TimeSpan.FromSeconds(1);

    private static readonly Guid Ada = Guid.NewGuid(), Bob = Guid.NewGuid(), Carol = Guid.NewGuid();

    private readonly FakeTimeProvider clock = new();

    private Kept Listening(long mostBytes = 1_000)
    {
        // A clock that has run for a while, as a process has whose first event comes.
        clock.Advance(TimeSpan.FromMinutes(1));
        return new(clock, mostBytes) { Listening = true };
    }

    private static void Keep(Kept kept, string key, params Guid[] ids) => kept.Keep(key, key, 100, ids, Long, Brief, kept.Moment);

    [Fact]
    public void What_is_kept_is_there_until_its_time_is_over()
    {
        var kept = Listening();
        Keep(kept, "page", Ada);

        kept.Find("page").ShouldBe("page");
        clock.Advance(Long - TimeSpan.FromMilliseconds(1));
        kept.Find("page").ShouldBe("page");
        clock.Advance(TimeSpan.FromMilliseconds(1));
        kept.Find("page").ShouldBeNull();
    }

    [Fact]
    public void What_names_somebody_whom_something_happened_to_is_dropped_and_nothing_else()
    {
        var kept = Listening();
        Keep(kept, "of ada", Ada, Bob);
        Keep(kept, "of carol", Carol);

        kept.Drop([Bob, Guid.NewGuid()]);

        kept.Find("of ada").ShouldBeNull();
        kept.Find("of carol").ShouldBe("of carol");
    }

    [Fact]
    public void What_was_made_while_something_happened_to_it_is_kept_briefly_and_for_long_when_that_has_settled()
    {
        var kept = Listening();
        kept.Drop([Ada]);

        Keep(kept, "page", Ada);
        clock.Advance(Brief);
        kept.Find("page").ShouldBeNull();

        kept.Keep("answer", "answer", 100, [Ada], Long, TimeSpan.Zero, kept.Moment);
        kept.Find("answer").ShouldBeNull("where briefly is not at all");

        clock.Advance(Long);
        // So much has happened to others meanwhile that what was remembered is looked through.
        kept.Drop([Bob]);
        Keep(kept, "page", Ada);
        clock.Advance(Brief);
        kept.Find("page").ShouldBe("page");
    }

    [Fact]
    public void What_happened_is_remembered_for_ten_seconds_however_much_happens()
    {
        var kept = Listening();
        kept.Drop([Ada]);
        for (var second = 0; second < 9; second++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            kept.Drop([Guid.NewGuid()]);
            Keep(kept, "page", Ada);
            kept.Find("page").ShouldBe("page");
        }

        clock.Advance(Brief);
        kept.Find("page").ShouldBeNull("it was still unsettled");
    }

    [Fact]
    public void Nothing_is_kept_while_no_events_are_heard_and_nothing_from_before()
    {
        var kept = Listening();
        Keep(kept, "page", Ada);

        kept.Listening = false;
        kept.Find("page").ShouldBeNull();
        Keep(kept, "page", Ada);
        kept.Find("page").ShouldBeNull();

        kept.Listening = true;
        Keep(kept, "page", Ada);
        kept.Find("page").ShouldBe("page");
    }

    [Fact]
    public void What_was_under_way_when_something_happened_to_it_is_not_kept_at_all()
    {
        var kept = Listening();
        var asked = kept.Moment;
        kept.Drop([Ada]);

        Answered("of ada", Ada);
        Answered("of bob", Bob);
        kept.Find("of ada").ShouldBeNull();
        kept.Find("of bob").ShouldBe("of bob");

        kept.Clear();
        Answered("of bob", Bob);
        kept.Find("of bob").ShouldBeNull("everything was dropped meanwhile");
        Keep(kept, "of bob", Bob);
        kept.Find("of bob").ShouldBe("of bob");

        // So long under way that nobody remembers what happened meanwhile.
        asked = kept.Moment;
        kept.Drop([Ada]);
        for (var drops = 0; drops < 2; drops++)
        {
            clock.Advance(Long + Brief);
            kept.Drop([Carol]);
        }

        Answered("of ada", Ada);
        kept.Find("of ada").ShouldBeNull();

        void Answered(string key, Guid id) => kept.Keep(key, key, 100, [id], Long, Brief, asked);
    }

    [Fact]
    public void The_oldest_make_room_for_the_newest()
    {
        var kept = Listening(mostBytes: 250);
        foreach (var key in (string[])["first", "second", "first", "third"]) Keep(kept, key, Ada);

        kept.Find("second").ShouldBeNull();
        kept.Find("first").ShouldBe("first", "it was kept anew");
        kept.Find("third").ShouldBe("third");
        kept.Drop([Ada]);
        Keep(kept, "fourth");
        Keep(kept, "fifth");
        kept.Find("fourth").ShouldBe("fourth", "what was dropped takes no room");
    }

    [Fact]
    public void Ids_are_found_in_addresses_in_answers_and_in_events()
    {
        var (one, other) = (Guid.NewGuid(), Guid.NewGuid());

        Ids.In(Encoding.UTF8.GetBytes($"-/researchers/{one}-x\"{other}\",\"2023-01-02T10:00:00\",\"a-b-c-d-e\"--{one.ToString()[..20]}")).ShouldBe([one, other]);
        Ids.In("1234567-"u8).ShouldBeEmpty();
    }

    private static int Asked(Site site, string path) => site.Services.Requests.Count(request => request.Path.StartsWith(path, StringComparison.Ordinal));

    [Fact]
    public async Task A_page_is_rendered_once_until_something_on_it_changes()
    {
        await using var site = await Site.StartAsync();
        site.Kept.Listening = true;
        var (seed, coauthor) = (site.World.Seed, site.World.Find("Stefano Salsano"));
        var card = $"/api/researchers/{seed}/trust/changes";

        var first = await site.Html($"/researchers/{seed}");
        (await site.Html($"/researchers/{seed}")).ShouldBe(first);
        Asked(site, card).ShouldBe(1);

        // Not a word of the researcher whose page it is: of one who is named on it.
        site.Kept.Drop([coauthor]);
        await site.Html($"/researchers/{seed}");
        site.Kept.Drop([seed]);
        await site.Html($"/researchers/{seed}");
        Asked(site, $"/api/researchers/{seed}/works").ShouldBe(3);
        Asked(site, card).ShouldBe(2, "trust does not name the co-author");
    }

    [Fact]
    public async Task A_page_in_another_encoding_or_with_another_question_is_another_page()
    {
        await using var site = await Site.StartAsync();
        site.Kept.Listening = true;
        var path = $"/researchers/{site.World.Seed}";
        var plain = await site.Html(path);

        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "Accept-Encoding", "br" } } };
        using var answer = await site.Client.SendAsync(request, TestContext.Current.CancellationToken);
        answer.Content.Headers.ContentEncoding.ShouldBe(["br"]);
        (await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken)).Length.ShouldBeLessThan(plain.Length / 2);
        (await site.Html(path)).ShouldBe(plain);
        using var malformed = await site.Get($"{path}?works=x");
        malformed.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Whoever_is_signed_in_gets_a_page_of_their_own_and_leaves_none_to_others()
    {
        await using var site = await Site.StartAsync();
        site.Kept.Listening = true;
        var (seed, me) = (site.World.Seed, site.World.Find("Stefano Salsano"));
        await site.Html($"/researchers/{seed}");

        await site.SignIn(me);
        (await site.Html($"/researchers/{seed}")).ShouldContain("Sign out");
        using var other = site.NewVisitor();
        (await other.GetStringAsync($"/researchers/{seed}", TestContext.Current.CancellationToken)).ShouldNotContain("Sign out");
        Asked(site, $"/api/researchers/{seed}/works").ShouldBe(1, "what everybody is told alike is asked for once");
    }

    [Fact]
    public async Task A_page_from_which_something_is_missing_is_not_kept()
    {
        await using var site = await Site.StartAsync();
        site.Kept.Listening = true;
        site.Services.Failing.Add("Trust");
        await site.Html($"/researchers/{site.World.Seed}");

        site.Services.Failing.Clear();

        await site.Html($"/researchers/{site.World.Seed}");
        Asked(site, $"/api/researchers/{site.World.Seed}/trust/changes").ShouldBe(2);
    }

    [Fact]
    public async Task A_page_that_was_under_way_when_somebody_hid_their_lists_is_shown_to_nobody_else()
    {
        await using var site = await Site.StartAsync();
        site.Kept.Listening = true;
        var seed = site.World.Seed;
        site.Services.GraphMayAnswer = new();
        var underWay = site.Html($"/researchers/{seed}");
        await Eventually.Async(() => Asked(site, "/api/graph/") == 1 && Asked(site, $"/api/researchers/{seed}/follow-counts") == 1, "the page is under way", ct: TestContext.Current.CancellationToken);

        using var hiding = await site.Client.PutAsync("/api/me/follow-visibility", null, TestContext.Current.CancellationToken);
        site.Services.GraphMayAnswer.SetResult();
        await underWay;

        await site.Html($"/researchers/{seed}");
        Asked(site, $"/api/researchers/{seed}/follow-counts").ShouldBe(2);
        Asked(site, "/api/graph/").ShouldBe(2, "the answer that was under way is not kept either");
    }

    [Fact]
    public async Task Whoever_changes_something_sees_it_changed()
    {
        await using var site = await Site.StartAsync();
        site.Kept.Listening = true;
        var (seed, me) = (site.World.Seed, site.World.Find("Stefano Salsano"));
        await site.SignIn(me);
        await site.Html($"/researchers/{seed}");
        var asked = Asked(site, $"/api/researchers/{seed}");

        using var follow = await site.Submit($"/researchers/{seed}", $"/researchers/{seed}", ("follow", "true"));
        await site.Html($"/researchers/{seed}");

        site.Services.Requests.Count(request => request.Path == $"/api/researchers/{seed}").ShouldBe(2, "the card is asked for again");
        asked.ShouldBeGreaterThan(0);
    }
}
