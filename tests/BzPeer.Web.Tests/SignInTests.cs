using System.Net;

namespace BzPeer.Web.Tests;

public sealed class SignInTests
{
    [Fact]
    public async Task The_session_is_a_cookie_that_no_script_and_no_other_site_can_use()
    {
        await using var site = await Site.StartAsync();

        var response = await site.Submit("/sign-in", "/sign-in", ("id", site.World.Seed.ToString()), ("curator", "true"));

        var cookie = response.Headers.GetValues("Set-Cookie").Single(each => each.StartsWith("bzpeer.session=", StringComparison.Ordinal));
        cookie.ShouldContain("httponly", Case.Insensitive);
        cookie.ShouldContain("samesite=lax", Case.Insensitive);
        cookie.ShouldNotContain(site.World.Seed.ToString());
        (await site.Html("/")).ShouldContain("Sign out");
    }

    [Fact]
    public async Task Signing_in_by_name_chooses_among_those_found()
    {
        await using var site = await Site.StartAsync();

        var html = await site.Html("/sign-in?q=daniel");
        html.ShouldContain($"name=\"chosen\" value=\"{site.World.Seed}\"");
        var response = await site.Submit("/sign-in?q=daniel", "/sign-in", ("chosen", site.World.Seed.ToString()));

        response.StatusCode.ShouldBe(HttpStatusCode.Redirect);
        (await site.Html("/")).ShouldContain("<bdi class=\"me-name\">Daniel Bernier</bdi>");
    }

    [Theory]
    [InlineData("https://evil.example/")]
    [InlineData("//evil.example/")]
    [InlineData("/\\evil.example")]
    public async Task Nobody_is_sent_to_another_site_after_signing_in(string returnUrl)
    {
        await using var site = await Site.StartAsync();

        var response = await site.Submit("/sign-in", "/sign-in", ("id", site.World.Seed.ToString()), ("returnUrl", returnUrl));

        response.Headers.Location!.OriginalString.ShouldBe("/");
    }

    [Fact]
    public async Task Something_that_is_no_id_is_refused_with_a_reason()
    {
        await using var site = await Site.StartAsync();

        var response = await site.Submit("/sign-in", "/sign-in", ("id", "me"));

        Site.TextOf(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain("32 hexadecimal digits");
    }

    [Fact]
    public async Task Signing_out_ends_the_session()
    {
        await using var site = await Site.StartAsync();
        await site.SignIn(site.World.Seed);

        await site.Submit("/", "/sign-out");

        (await site.Html("/")).ShouldNotContain("Sign out");
    }

    [Fact]
    public async Task In_production_there_is_no_development_sign_in()
    {
        await using var site = await Site.StartAsync(environment: "Production");

        (await site.Get("/sign-in")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        var page = await site.Html($"/researchers/{site.World.Seed}");
        page.ShouldNotContain("/sign-in");
        page.ShouldContain("Signing in is not set up on this site.");
    }
}
