using System.Net;
using System.Net.Http.Headers;

namespace BzPeer.Web.Tests;

public sealed class CurateTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/curate/pairs")]
    [InlineData("/curate/rings")]
    [InlineData("/curate/imports")]
    [InlineData("/curate/imports/11111111-2222-3333-4444-555555555555")]
    public async Task Who_is_no_curator_gets_a_page_that_says_whose_this_is(string path)
    {
        await using var site = await Site.StartAsync();
        await site.SignIn(site.World.Seed);

        var response = await site.Get(path);

        response.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        Site.TextOf(await response.Content.ReadAsStringAsync(Ct)).ShouldContain("This is for curators");
        (await site.Html("/")).ShouldNotContain("/curate/");
    }

    [Fact]
    public async Task A_pair_is_shown_side_by_side_and_merged_into_the_profile_that_stays()
    {
        await using var site = await Site.StartAsync();
        var twin = site.World.Add("D. Bernier");
        site.World.Suspect(twin, site.World.Seed, "3 shared co-authors: A, B, C");
        await site.SignIn(site.World.Find("Stefano Salsano"), curator: true);
        var text = Site.TextOf(await site.Html("/curate/pairs"));
        foreach (var part in new[] { "D. Bernier", "Daniel Bernier", "3 shared co-authors: A, B, C", "1 work" })
            text.ShouldContain(part);

        var merged = await site.Submit("/curate/pairs", "/curate/pairs?handler=Merge", Pair(site, ("survivor", site.World.Seed.ToString()), ("reason", "the same address")));

        merged.Headers.Location!.OriginalString.ShouldBe("/curate/pairs");
        site.World.Merged[twin].ShouldBe(site.World.Seed);
        var after = await site.Html("/curate/pairs");
        Site.TextOf(after).ShouldContain("Merged: works, followers and trust are the remaining profile's");
        Site.TextOf(after).ShouldContain("No pair is waiting.");
        after.ShouldContain($"name=\"merge\" value=\"{twin}\"");

        await site.Submit("/curate/pairs", "/curate/pairs?handler=TakeBack", ("merge", twin.ToString()), ("reason", "a namesake"));
        site.World.Merged.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_pair_that_is_two_people_is_not_asked_about_again()
    {
        await using var site = await Site.StartAsync();
        site.World.Suspect(site.World.Add("D. Bernier"), site.World.Seed, "the same name");
        await site.SignIn(site.World.Seed, curator: true);

        await site.Submit("/curate/pairs", "/curate/pairs?handler=Distinct", Pair(site, ("reason", "one works on fish")));

        site.World.Pairs.ShouldBeEmpty();
        site.World.Merged.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("Merge", true, 2001, "Say in 'reason' how you know")]
    [InlineData("Merge", false, 12, "Say which of the two profiles stays.")]
    [InlineData("Distinct", true, 2001, "Say in 'reason' how you know")]
    public async Task A_refused_decision_says_why_beside_its_pair_and_keeps_what_was_typed(string handler, bool chosen, int length, string problem)
    {
        var reason = new string('x', length);
        await using var site = await Site.StartAsync();
        site.World.Suspect(site.World.Add("D. Bernier"), site.World.Seed, "the same name");
        await site.SignIn(site.World.Seed, curator: true);

        var response = await site.Submit("/curate/pairs", $"/curate/pairs?handler={handler}",
            Pair(site, [("reason", reason), .. chosen ? new[] { ("survivor", site.World.Seed.ToString()) } : []]));
        var html = await response.Content.ReadAsStringAsync(Ct);

        Site.TextOf(html).ShouldContain(problem);
        html.ShouldContain($"{reason}</textarea>");
        html.Contains($"value=\"{site.World.Seed}\" checked", StringComparison.Ordinal).ShouldBe(chosen);
        site.World.Pairs.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Nobody_is_merged_into_somebody_who_is_not_of_the_pair()
    {
        await using var site = await Site.StartAsync();
        site.World.Suspect(site.World.Add("D. Bernier"), site.World.Seed, "the same name");
        await site.SignIn(site.World.Seed, curator: true);

        var response = await site.Submit("/curate/pairs", "/curate/pairs?handler=Merge",
            Pair(site, ("survivor", site.World.Find("Stefano Salsano").ToString()), ("reason", "why")));

        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        site.World.Merged.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_ring_is_marked_by_ids_or_addresses_and_reinstated_with_a_reason()
    {
        await using var site = await Site.StartAsync();
        var (one, other) = (site.World.Find("Stefano Salsano"), site.World.Find("Clarence Filsfils"));
        await site.SignIn(site.World.Seed, curator: true);

        await site.Submit("/curate/rings", "/curate/rings?handler=Mark", ("members", $"{one}\r\n\r\nhttps://bzpeer.example/researchers/{other}/trust\r\n"), ("reason", "made in one hour"));

        site.World.Rings.Single().Members.ShouldBe([one, other]);
        var text = Site.TextOf(await site.Html("/curate/rings"));
        text.ShouldContain("Marked. 2 scores moved.");
        text.ShouldContain("Stefano Salsano Clarence Filsfils Marked");
        text.ShouldContain("made in one hour");

        var ring = site.World.Rings.Single().Id.ToString();
        var refused = await (await site.Submit("/curate/rings", "/curate/rings?handler=Reinstate", ("ring", ring), ("reason", " "))).Content.ReadAsStringAsync(Ct);
        Site.TextOf(refused).ShouldContain("Say in 'reason' why it is reinstated.");
        await site.Submit("/curate/rings", "/curate/rings?handler=Reinstate", ("ring", ring), ("reason", "a course of students"));
        Site.TextOf(await site.Html("/curate/rings")).ShouldContain("Reinstated: a course of students");
    }

    [Theory]
    [InlineData("everybody of that lab", "why", "“everybody of that lab” holds no researcher's id.")]
    [InlineData("{seed}", "", "Say in 'reason' why it is marked.")]
    public async Task A_ring_that_cannot_be_marked_says_why_and_keeps_what_was_typed(string members, string reason, string problem)
    {
        await using var site = await Site.StartAsync();
        await site.SignIn(site.World.Seed, curator: true);
        members = members.Replace("{seed}", site.World.Seed.ToString(), StringComparison.Ordinal);

        var html = await (await site.Submit("/curate/rings", "/curate/rings?handler=Mark", ("members", members), ("reason", reason))).Content.ReadAsStringAsync(Ct);

        Site.TextOf(html).ShouldContain(problem);
        html.ShouldContain($"{members}</textarea>");
        html.ShouldContain($"{reason}</textarea>");
        site.World.Rings.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_file_is_handed_on_as_it_is_and_leads_to_its_progress()
    {
        await using var site = await Site.StartAsync();
        await site.SignIn(site.World.Seed, curator: true);
        // Much more than a form may have, and than would be held in memory.
        var file = new byte[20_000_000];

        var response = await Upload(site, "openalex", "works.ndjson.gz", file);

        response.StatusCode.ShouldBe(HttpStatusCode.Redirect);
        response.Headers.Location!.OriginalString.ShouldBe($"/curate/imports/{FakeWorld.Stable("import")}");
        var (_, _, path, headers) = site.Services.Requests.Single(request => request.Path.StartsWith("/api/imports", StringComparison.Ordinal));
        path.ShouldBe("/api/imports?format=openalex");
        headers.ContentType.ToString().ShouldBe("application/gzip");
        headers.Authorization.ToString().ShouldEndWith("|curator");
    }

    [Theory]
    [InlineData("crossref", "works.json", "Send crossref as one of application/json.")]
    [InlineData("arxiv", "", "Choose a file.")]
    public async Task A_file_that_is_refused_says_why_and_keeps_the_format(string format, string name, string problem)
    {
        await using var site = await Site.StartAsync();
        await site.SignIn(site.World.Seed, curator: true);

        var html = await (await Upload(site, format, name, [1])).Content.ReadAsStringAsync(Ct);

        Site.TextOf(html).ShouldContain(problem);
        html.ShouldContain($"value=\"{format}\" selected");
    }

    [Fact]
    public async Task A_file_larger_than_imports_may_be_is_refused_before_it_is_handed_on()
    {
        await using var site = await Site.StartAsync(settings: ("Imports:MaxBytes", "1000"));
        await site.SignIn(site.World.Seed, curator: true);

        Site.TextOf(await (await Upload(site, "arxiv", "feed.xml", new byte[2000])).Content.ReadAsStringAsync(Ct)).ShouldContain("An import may have 1,000 bytes.");
        site.Services.Requests.ShouldNotContain(request => request.Path.StartsWith("/api/imports", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("CfDJ8-of-somebody-else")]
    public async Task Without_the_forms_own_token_no_file_is_taken(string token)
    {
        await using var site = await Site.StartAsync();
        await site.SignIn(site.World.Seed, curator: true);

        (await Upload(site, "arxiv", "feed.xml", [1], token)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        site.Services.Requests.ShouldNotContain(request => request.Path.StartsWith("/api/imports", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_import_tells_how_it_stands_and_why_records_were_rejected()
    {
        await using var site = await Site.StartAsync();
        await site.SignIn(site.World.Seed, curator: true);
        var import = FakeWorld.Stable("import");
        object Status(string state) => new { id = import, format = "arxiv", state, received = 1203, created = 1200, updated = 1, unchanged = 1, rejected = 1, rejections = new[] { new { index = 41, sourceId = "2301.1", reason = "it has no title" } } };
        site.World.Imports[import] = Status("running");

        var running = await site.Html($"/curate/imports/{import}");
        running.ShouldContain($"data-import=\"/api/imports/{import}\"");
        Site.TextOf(running).ShouldContain("It is running.");
        running.ShouldContain("Look again");

        site.World.Imports[import] = Status("completed");
        var completed = await site.Html($"/curate/imports/{import}");
        completed.ShouldNotContain("data-import");
        Site.TextOf(completed).ShouldContain("1,200");
        Site.TextOf(completed).ShouldContain("42 2301.1 it has no title");
        (await site.Get($"/curate/imports/{Guid.NewGuid()}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    private static (string, string)[] Pair(Site site, params (string, string)[] fields)
    {
        var (id, one, other, _) = site.World.Pairs.Single();
        return [("pair", id.ToString()), ("one", one.ToString()), ("other", other.ToString()), .. fields];
    }

    private static async Task<HttpResponseMessage> Upload(Site site, string format, string name, byte[] file, string? token = null)
    {
        using var part = new ByteArrayContent(file);
        // As browsers send a choice that was not made: a file without a name.
        part.Headers.ContentDisposition = new("form-data") { Name = "\"file\"", FileName = $"\"{name}\"" };
        part.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var form = new MultipartFormDataContent
        {
            { new StringContent(token ?? Site.Token(await site.Html("/curate/imports"))), "__RequestVerificationToken" },
            { new StringContent(format), "format" },
            part,
        };
        return await site.Client.PostAsync("/curate/imports", form, Ct);
    }
}
