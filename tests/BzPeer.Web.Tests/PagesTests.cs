using System.Net;
using System.Text.RegularExpressions;

namespace BzPeer.Web.Tests;

public sealed partial class PagesTests
{
    public static TheoryData<string> AllPages =>
    [
        "/", "/search", "/search?q=dan", "/search?q=nobody", "/sign-in/failed?why=refused", "/sign-in/failed", "/sign-out", "/nowhere",
        "/researchers/{seed}", "/researchers/{seed}/followers", "/researchers/{seed}/following", "/researchers/{seed}/collaborators",
        "/researchers/{seed}/works", "/works/{paper}",
        "/researchers/{seed}/trust", "/researchers/{seed}/growth", "/researchers/{seed}/growth?by=month", "/analytics", "/analytics?window=30d", "/explore/researcher/{seed}", "/explore/researcher/{seed}?sort=-links&show=work",
    ];

    [Theory]
    [MemberData(nameof(AllPages))]
    public async Task A_page_forbids_inline_scripts_and_styles_and_has_none(string path)
    {
        await using var site = await Site.StartAsync();

        var response = await site.Get(path.Replace("{seed}", site.World.Seed.ToString(), StringComparison.Ordinal).Replace("{paper}", site.World.Papers[0].Id.ToString(), StringComparison.Ordinal));
        var html = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        response.Content.Headers.ContentType!.ToString().ShouldBe("text/html; charset=utf-8");
        response.Headers.GetValues("Content-Security-Policy").Single().ShouldBe(
            $"default-src 'self'; script-src 'self'; style-src 'self'; object-src 'none'; base-uri 'self'; frame-ancestors 'none'; form-action 'self' {site.Provider.Authority}; img-src 'self' data:");
        response.Headers.GetValues("X-Content-Type-Options").Single().ShouldBe("nosniff");
        response.Headers.Contains("Referrer-Policy").ShouldBeTrue();
        response.Headers.GetValues("Cross-Origin-Opener-Policy").Single().ShouldBe("same-origin");
        response.Headers.Contains("Strict-Transport-Security").ShouldBeFalse("a site for development has no https");
        Inline().Matches(html).Select(match => match.Value).ShouldBeEmpty();
        OutsideAsset().Matches(html).Select(match => match.Value).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("identity")]
    [InlineData("br")]
    [InlineData("gzip")]
    public async Task A_page_of_any_length_arrives_whole_and_its_graph_after_it(string encoding)
    {
        await using var site = await Site.StartAsync();
        site.World.Headlines[site.World.Seed] = string.Join(' ', Enumerable.Range(0, 40_000));
        site.Services.GraphMayAnswer = new();
        using var visitor = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.All }) { BaseAddress = site.Client.BaseAddress };
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/researchers/{site.World.Seed}") { Headers = { { "Accept-Encoding", encoding } } };

        using var answer = await visitor.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        var html = new System.Text.StringBuilder();
        var part = new char[4096];
        while (!html.ToString().Contains("slot=\"after\"", StringComparison.Ordinal))
        {
            var read = await reader.ReadAsync(part, TestContext.Current.CancellationToken);
            read.ShouldBeGreaterThan(0);
            html.Append(part, 0, read);
        }

        html.ToString().ShouldContain(" 39999");
        html.ToString().ShouldNotContain("id=\"graph\"");
        site.Services.GraphMayAnswer.TrySetResult();
        html.Append(await reader.ReadToEndAsync(TestContext.Current.CancellationToken));
        html.ToString().ShouldContain("id=\"graph\"");
        html.ToString().ShouldEndWith("</html>\n");
    }

    [Fact]
    public async Task Assets_are_served_with_their_types()
    {
        await using var site = await Site.StartAsync();
        var html = await site.Html("/");

        foreach (Match asset in Asset().Matches(html))
            (await site.Get(asset.Groups[1].Value)).StatusCode.ShouldBe(HttpStatusCode.OK, asset.Value);
        Asset().Matches(html).Count.ShouldBe(4);
    }

    [Theory]
    [InlineData("br")]
    [InlineData("gzip")]
    public async Task What_a_page_loads_is_small_and_kept_for_good(string encoding)
    {
        await using var site = await Site.StartAsync();
        var loaded = Asset().Matches(await site.Html("/")).Select(match => match.Groups[1].Value).ToArray();
        site.Client.DefaultRequestHeaders.AcceptEncoding.ParseAdd(encoding);

        foreach (var address in loaded)
        {
            using var response = await site.Get(address);
            response.Content.Headers.ContentEncoding.ShouldBe([encoding], address);
            response.Headers.CacheControl!.ToString().ShouldBe("max-age=31536000, immutable", address);
            if (address.EndsWith(".css", StringComparison.Ordinal))
                response.Content.Headers.ContentLength!.Value.ShouldBeLessThan(15_000);
        }
    }

    [Fact]
    public async Task The_start_leads_to_real_researchers_and_their_subjects()
    {
        await using var site = await Site.StartAsync();

        var html = await site.Html("/");

        html.ShouldContain($"href=\"/researchers/{site.World.Seed}\"");
        html.ShouldContain($"href=\"/explore/topic/{FakeWorld.Stable("cs.NI")}\"");
        html.ShouldContain("action=\"/search\"");
    }

    [Fact]
    public async Task The_start_stands_while_every_service_is_down()
    {
        await using var site = await Site.StartAsync();
        foreach (var service in Upstream.All)
            await site.Services.StopAsync(service);

        Site.TextOf(await site.Html("/")).ShouldContain("The list of researchers to start with cannot be shown right now.");
    }

    [Fact]
    public async Task A_search_goes_on_from_page_to_page()
    {
        var world = new FakeWorld();
        for (var n = 0; n < 45; n++)
            world.Add($"Ada Number{n}");
        await using var site = await Site.StartAsync(world);

        var found = new HashSet<string>();
        var path = "/search?q=ada&in=people";
        while (path is not null)
        {
            var html = await site.Html(path);
            found.UnionWith(PersonLink().Matches(html).Select(match => match.Groups[1].Value));
            path = NextLink().Match(html) is { Success: true } next ? WebUtility.HtmlDecode(next.Groups[1].Value) : null;
        }

        found.Count.ShouldBe(45);
    }

    [Theory]
    [InlineData("?works=~")]
    [InlineData("/followers?cursor=~")]
    [InlineData("/collaborators?cursor=~")]
    [InlineData("/trust?cursor=~")]
    public async Task A_cursor_that_is_none_is_the_addresses_fault_and_not_a_services(string address)
    {
        await using var site = await Site.StartAsync();

        var response = await site.Get($"/researchers/{site.World.Seed}{address}");

        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        Site.TextOf(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain("That request cannot be understood");
    }

    [Fact]
    public async Task A_form_that_is_too_large_is_answered_with_a_page_that_says_so()
    {
        await using var site = await Site.StartAsync();

        var response = await site.Post("/sign-out", ("id", new string('x', 1_000_001)));

        response.StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        Site.TextOf(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain("That is too much at once");
    }

    [Fact]
    public async Task Follower_lists_show_names_and_where_profile_is_down_at_least_who()
    {
        await using var site = await Site.StartAsync();
        var follower = site.World.Find("Stefano Salsano");
        site.World.Follow(follower, site.World.Seed);

        var whole = await site.Html($"/researchers/{site.World.Seed}/followers");
        Site.TextOf(whole).ShouldContain("Stefano Salsano");
        Site.TextOf(whole).ShouldContain("1 in all");

        await site.Services.StopAsync("Profile");
        var partial = await site.Html($"/researchers/{site.World.Seed}/followers");
        partial.ShouldContain($"href=\"/researchers/{follower}\"");
        Site.TextOf(partial).ShouldContain("Names cannot be shown right now");
    }

    [Fact]
    public async Task The_ledger_names_the_work_behind_a_change()
    {
        await using var site = await Site.StartAsync();

        var html = await site.Html($"/researchers/{site.World.Seed}/trust");

        Site.TextOf(html).ShouldContain($"Work published “{FakeWorld.SeedTitle}” was published");
        html.ShouldContain($"href=\"/works/{site.World.Papers[0].Id}\"");
    }

    [Fact]
    public async Task The_explorers_table_is_sorted_and_filtered_by_address_alone()
    {
        await using var site = await Site.StartAsync();

        var byName = Site.TextOf(await site.Html($"/explore/work/{site.World.Papers[0].Id}?sort=name&show=researcher"));
        var table = byName[byName.IndexOf("What is around", StringComparison.Ordinal)..];

        Order(table, "Ahmed Abdelsalam", "Clarence Filsfils", "Daniel Bernier", "Francesco Lombardo", "Stefano Salsano");
        table.ShouldNotContain("cs.NI");
    }

    [Theory]
    [InlineData("/explore/planet/1")]
    [InlineData("/explore/researcher/11111111-2222-3333-4444-555555555555")]
    [InlineData("/researchers/not-an-id")]
    public async Task What_does_not_exist_is_a_page_that_says_so(string path)
    {
        await using var site = await Site.StartAsync();

        var response = await site.Get(path);

        response.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        Site.TextOf(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain("Nothing is here");
    }

    private static void Order(string text, params string[] parts) =>
        parts.Select(part => text.IndexOf(part, StringComparison.Ordinal)).ShouldBeInOrder();

    [GeneratedRegex("""<style|\sstyle=|<script(?![^>]*\ssrc=|\stype="application/(?:ld\+)?json")|\son[a-z]+=""")]
    private static partial Regex Inline();

    [GeneratedRegex("""(?:src|<link(?! rel="canonical")[^>]*href)="(?:https?:)?//[^"]*""")]
    private static partial Regex OutsideAsset();

    [GeneratedRegex("""(?:<link[^>]*href|<script src)="(/[^"]+)""")]
    private static partial Regex Asset();

    [GeneratedRegex("""class="person-name" dir="auto" href="([^"]+)""")]
    private static partial Regex PersonLink();

    [GeneratedRegex("""rel="next" href="([^"]+)""")]
    private static partial Regex NextLink();
}
