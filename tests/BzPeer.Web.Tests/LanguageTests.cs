using System.Net;

namespace BzPeer.Web.Tests;

public sealed class LanguageTests
{
    [Theory]
    [InlineData(null, "en")]
    [InlineData("de", "de")]
    [InlineData("de-AT,de;q=0.9,en;q=0.8", "de")]
    [InlineData("fr,de;q=0.5,en;q=0.4", "de")]
    [InlineData("fr", "en")]
    [InlineData("en-GB,de;q=0.5", "en")]
    public async Task A_page_is_in_the_language_the_browser_asks_for_and_says_which(string? asked, string language)
    {
        await using var site = await Site.StartAsync();
        if (asked is not null)
            site.Client.DefaultRequestHeaders.Add("Accept-Language", asked);

        var response = await site.Get("/");

        (await Html(response)).ShouldContain($"<html lang=\"{language}\" dir=\"ltr\">");
        response.Content.Headers.ContentLanguage.ShouldBe([language]);
        response.Headers.Vary.ShouldContain("Accept-Language");
        response.Headers.Vary.ShouldContain("Cookie");
    }

    [Fact]
    public async Task What_is_chosen_is_remembered_and_leads_back_to_the_page()
    {
        await using var site = await Site.StartAsync();
        site.Client.DefaultRequestHeaders.Add("Accept-Language", "en");
        (await site.Html("/search?q=dan")).ShouldContain("""<input type="hidden" name="returnUrl" value="/search?q=dan">""");

        var chosen = await site.Post("/language", ("language", "de"), ("returnUrl", "/search?q=dan"));

        chosen.StatusCode.ShouldBe(HttpStatusCode.Redirect);
        chosen.Headers.Location!.ToString().ShouldBe("/search?q=dan");
        (await site.Html("/search?q=dan")).ShouldContain("<html lang=\"de\"");
        await site.Post("/language", ("language", "en"));
        (await site.Html("/")).ShouldContain("<html lang=\"en\"");
    }

    [Fact]
    public async Task There_is_no_choice_of_other_languages_and_no_way_elsewhere()
    {
        await using var site = await Site.StartAsync();

        (await site.Post("/language", ("language", "xx"))).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await site.Post("/language", ("language", "de"), ("returnUrl", "https://elsewhere.example/"))).Headers.Location!.ToString().ShouldBe("/");
        (await site.Get("/language")).Headers.Location!.ToString().ShouldBe("/");
    }

    [Fact]
    public async Task A_page_in_english_has_no_texts_for_scripts_to_bring_along()
    {
        await using var site = await Site.StartAsync();

        (await site.Html("/")).ShouldNotContain("id=\"texts\"");
        site.Client.DefaultRequestHeaders.Add("Accept-Language", "de");
        (await site.Html("/")).ShouldContain("\"Follow researcher\":\"Folgen\"");
    }

    [Fact]
    public async Task What_is_no_page_has_no_language()
    {
        await using var site = await Site.StartAsync();
        site.Client.DefaultRequestHeaders.Add("Accept-Language", "de");

        foreach (var path in new[] { "/texts.js", $"/api/researchers/{site.World.Seed}", "/api/nowhere" })
        {
            var response = await site.Get(path);
            response.Content.Headers.ContentLanguage.ShouldBeEmpty(path);
            response.Headers.Vary.ShouldNotContain("Cookie", path);
        }
    }

    [Fact]
    public async Task A_page_that_is_kept_is_kept_in_its_language()
    {
        await using var site = await Site.StartAsync();
        site.Kept.Listening = true;
        var page = $"/researchers/{site.World.Seed}";
        using var german = site.NewVisitor();
        german.DefaultRequestHeaders.Add("Accept-Language", "de");

        await site.Html(page);
        await german.GetAsync(page, TestContext.Current.CancellationToken);
        var kept = await german.GetAsync(page, TestContext.Current.CancellationToken);

        kept.Headers.Age.ShouldNotBeNull("it comes from memory");
        kept.Content.Headers.ContentLanguage.ShouldBe(["de"]);
        kept.Headers.Vary.Count(header => header == "Cookie").ShouldBe(1);
        (await Html(kept)).ShouldContain("<html lang=\"de\"");
        (await site.Html(page)).ShouldContain("<html lang=\"en\"");
    }

    private static Task<string> Html(HttpResponseMessage response) => response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
}
