using System.Net;
using BzPeer.Testing;

namespace BzPeer.Web.Tests;

/// <summary>Signing in with a provider that answers as ORCID does, and all that can go wrong on the way.</summary>
public sealed class SignInTests
{
    private const string Orcid = "0000-0002-1825-0097";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_has_an_orcid_id_is_signed_in_as_the_researcher_who_is_known_by_it_and_comes_back_to_where_they_were()
    {
        await using var site = await Site.StartAsync();
        var iris = site.World.AddWithOrcid("Iris Moss", Orcid);

        using var back = await site.SignInAs(Orcid, returnUrl: $"/researchers/{site.World.Seed}?x=1");

        (back.StatusCode, back.Headers.Location!.OriginalString).ShouldBe((HttpStatusCode.Redirect, $"/researchers/{site.World.Seed}?x=1"));
        var page = await site.Html("/settings");
        page.ShouldContain("<bdi class=\"me-name\">Iris Moss</bdi>");
        page.ShouldContain($"href=\"/researchers/{iris}\"");
        page.ShouldNotContain("/curate/pairs");
    }

    [Fact]
    public async Task The_site_asks_for_a_code_with_pkce_state_and_nonce_and_for_nothing_but_who_it_is()
    {
        await using var site = await Site.StartAsync();

        using var answer = await site.Get("/sign-in");

        var asked = answer.Headers.Location!;
        asked.GetLeftPart(UriPartial.Path).ShouldBe($"{site.Provider.Authority}/oauth/authorize");
        var query = System.Web.HttpUtility.ParseQueryString(asked.Query);
        (query["response_type"], query["scope"], query["code_challenge_method"], query["client_id"]).ShouldBe(("code", "openid", "S256", StandInProvider.ClientId));
        query["redirect_uri"].ShouldBe(new Uri(site.Client.BaseAddress!, "/sign-in/callback").ToString());
        query.AllKeys.Order().ShouldBe(["client_id", "code_challenge", "code_challenge_method", "nonce", "redirect_uri", "response_type", "scope", "state"]);
        foreach (var cookie in answer.Headers.GetValues("Set-Cookie"))
        {
            cookie.ShouldContain("httponly", Case.Insensitive);
            cookie.ShouldContain("samesite=lax", Case.Insensitive);
        }
    }

    [Fact]
    public async Task The_session_is_a_cookie_that_no_script_and_no_other_site_can_use()
    {
        await using var site = await Site.StartAsync();

        using var response = await site.SignInAs(site.World.Seed.ToString(), curator: true);

        var cookie = response.Headers.GetValues("Set-Cookie").Single(each => each.StartsWith("bzpeer.session=", StringComparison.Ordinal));
        cookie.ShouldContain("httponly", Case.Insensitive);
        cookie.ShouldContain("samesite=lax", Case.Insensitive);
        cookie.ShouldNotContain(site.World.Seed.ToString());
        (await site.Html("/")).ShouldContain("Sign out");
    }

    [Theory]
    [InlineData("https://evil.example/")]
    [InlineData("//evil.example/")]
    [InlineData("/\\evil.example")]
    [InlineData("javascript:alert(1)")]
    public async Task Nobody_is_sent_to_another_site_after_signing_in(string returnUrl)
    {
        await using var site = await Site.StartAsync();

        using var back = await site.SignInAs(site.World.Seed.ToString(), returnUrl);

        back.Headers.Location!.OriginalString.ShouldBe("/");
        (await site.Html($"/sign-in/failed?why=declined&returnUrl={Uri.EscapeDataString(returnUrl)}")).ShouldNotContain("evil.example");
    }

    [Fact]
    public async Task A_session_ends_with_its_token()
    {
        await using var site = await Site.StartAsync();
        site.Services.SessionLength = TimeSpan.FromSeconds(-1);

        using var response = await site.SignInAs(site.World.Seed.ToString());

        response.Headers.GetValues("Set-Cookie").ShouldContain(each => each.StartsWith("bzpeer.session=", StringComparison.Ordinal));
        (await site.Html("/")).ShouldNotContain("Sign out");
    }

    [Fact]
    public async Task Who_comes_back_with_the_answer_to_somebody_elses_sign_in_is_not_signed_in()
    {
        await using var site = await Site.StartAsync();
        using var victim = site.NewVisitor();

        using var answer = await victim.GetAsync(await Site.AtTheProvider(await site.Asked(), site.World.Seed.ToString()), Ct);

        await ShouldFail(answer, "invalid");
        (await victim.GetStringAsync("/", Ct)).ShouldNotContain("Sign out");
    }

    [Theory]
    [InlineData("state")]
    [InlineData("code")]
    public async Task A_state_or_code_that_was_changed_on_the_way_signs_nobody_in(string changed)
    {
        await using var site = await Site.StartAsync();
        var back = (await Site.AtTheProvider(await site.Asked(), site.World.Seed.ToString())).ToString();

        using var answer = await site.Get(new Uri(back.Replace($"{changed}=", $"{changed}=x", StringComparison.Ordinal)).PathAndQuery);

        await ShouldFail(answer, "invalid");
        (await site.Html("/")).ShouldNotContain("Sign out");
    }

    [Fact]
    public async Task An_answer_counts_once()
    {
        await using var site = await Site.StartAsync();
        var back = await Site.AtTheProvider(await site.Asked(), site.World.Seed.ToString());
        (await site.Get(back.PathAndQuery)).Headers.Location!.OriginalString.ShouldBe("/");

        await ShouldFail(await site.Get(back.PathAndQuery), "invalid");
    }

    public static TheoryData<string> Lies => ["another nonce", "no nonce", "another issuer", "another site", "ended", "forged"];

    [Theory]
    [MemberData(nameof(Lies))]
    public async Task An_id_token_that_is_not_the_answer_to_this_sign_in_signs_nobody_in(string lie)
    {
        await using var site = await Site.StartAsync();
        site.Provider.Forges = lie == "forged";
        site.Provider.Tamper = claims => _ = lie switch
        {
            "another nonce" => claims["nonce"] = "of-another-sign-in",
            "no nonce" => claims.Remove("nonce"),
            "another issuer" => claims["iss"] = "https://elsewhere.example",
            "another site" => claims["aud"] = "APP-OTHER",
            "ended" => claims["exp"] = DateTimeOffset.UtcNow.AddHours(-1).ToUnixTimeSeconds(),
            _ => new object(),
        };

        await ShouldFail(await site.SignInAs(site.World.Seed.ToString()), "invalid");

        (await site.Html("/")).ShouldNotContain("Sign out");
        site.Services.Requests.ShouldNotContain(request => request.Path == "/api/sign-ins");
    }

    [Fact]
    public async Task A_cookie_that_somebody_made_up_or_changed_is_nobodys_session()
    {
        await using var site = await Site.StartAsync();
        using var response = await site.SignInAs(site.World.Seed.ToString());
        var genuine = response.Headers.GetValues("Set-Cookie").Single(each => each.StartsWith("bzpeer.session=", StringComparison.Ordinal)).Split(';')[0];
        using var plain = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = site.Client.BaseAddress };

        (await Home(genuine)).ShouldContain("Sign out");
        (await Home(genuine[..^4] + "AAAA")).ShouldNotContain("Sign out");
        (await Home("bzpeer.session=anything")).ShouldNotContain("Sign out");

        async Task<string> Home(string cookie)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/");
            request.Headers.Add("Cookie", cookie);
            using var answer = await plain.SendAsync(request, Ct);
            return await answer.Content.ReadAsStringAsync(Ct);
        }
    }

    [Fact]
    public async Task Who_declines_at_the_provider_is_told_that_nothing_happened()
    {
        await using var site = await Site.StartAsync();
        var asked = await site.Asked("/search");
        using var provider = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        using var declined = await provider.GetAsync($"{asked}&declined=true", Ct);

        using var answer = await site.Get(declined.Headers.Location!.PathAndQuery);

        answer.Headers.Location!.OriginalString.ShouldBe("/sign-in/failed?why=declined&returnUrl=%2Fsearch");
        Site.TextOf(await site.Html("/sign-in/failed?why=declined&returnUrl=%2Fsearch")).ShouldContain("You are not signed in");
    }

    [Fact]
    public async Task A_provider_that_does_not_answer_is_said_to_be_down_and_the_rest_of_the_site_stands()
    {
        await using var site = await Site.StartAsync();
        await site.Provider.StopAsync();

        using var answer = await site.Get("/sign-in?returnUrl=%2Fsearch");

        await ShouldFail(answer, "unavailable", HttpStatusCode.ServiceUnavailable);
        (await site.Get("/search")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_provider_that_is_gone_when_somebody_comes_back_from_it_is_said_to_be_down()
    {
        await using var site = await Site.StartAsync();
        var back = await Site.AtTheProvider(await site.Asked(), site.World.Seed.ToString());
        await site.Provider.StopAsync();

        await ShouldFail(await site.Get(back.PathAndQuery), "unavailable", HttpStatusCode.ServiceUnavailable);
    }

    [Fact]
    public async Task Whom_Profile_refuses_is_told_why_in_its_words()
    {
        await using var site = await Site.StartAsync();

        using var answer = await site.SignInAs("0000-0001-5109-3700");

        await ShouldFail(answer, "refused", HttpStatusCode.Forbidden, "This profile is known by more than one ORCID iD.");
        (await site.Html("/")).ShouldNotContain("Sign out");
    }

    [Fact]
    public async Task Without_Profile_nobody_is_signed_in_and_that_is_said()
    {
        await using var site = await Site.StartAsync();
        site.Services.Failing.Add("Profile");

        await ShouldFail(await site.SignInAs(Orcid), "unavailable", HttpStatusCode.ServiceUnavailable);
    }

    [Fact]
    public async Task Signing_out_ends_the_session_and_only_a_form_of_the_site_does_that()
    {
        await using var site = await Site.StartAsync();
        await site.SignIn(site.World.Seed);

        (await site.Post("/sign-out")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await site.Get("/sign-out")).Headers.Location!.OriginalString.ShouldBe("/");
        (await site.Html("/")).ShouldContain("Sign out");

        using var response = await site.Submit("/", "/sign-out");
        Site.TextOf(await site.Html(response.Headers.Location!.OriginalString)).ShouldContain("You are signed out");
        (await site.Html("/")).ShouldNotContain("Sign out");
    }

    [Fact]
    public async Task In_production_everything_is_over_https_at_the_address_of_the_site_whatever_a_request_says()
    {
        await using var site = await Site.StartAsync(environment: "Production");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/researchers/" + site.World.Seed);
        request.Headers.Host = "evil.example";

        using var page = await site.Client.SendAsync(request, Ct);

        (await page.Content.ReadAsStringAsync(Ct)).ShouldContain($"<link rel=\"canonical\" href=\"https://bzpeer.example/researchers/{site.World.Seed}\">");
        page.Headers.GetValues("Content-Security-Policy").Single().ShouldContain("form-action 'self' https://orcid.example;");
        page.Headers.GetValues("Strict-Transport-Security").Single().ShouldBe("max-age=31536000");
        using var form = await site.Get("/search?q=x");
        (await site.Get("/sign-in")).Headers.Location!.OriginalString.ShouldStartWith("/sign-in/failed?why=unavailable");
    }

    [Theory]
    [InlineData("SignIn:Authority", "", "The setting 'SignIn:Authority' is missing")]
    [InlineData("SignIn:Authority", "http://orcid.org", "The setting 'SignIn:Authority' is 'http://orcid.org', which is not")]
    [InlineData("SignIn:ClientId", "", "The setting 'SignIn:ClientId' is missing")]
    [InlineData("SignIn:ClientSecret", "", "The setting 'SignIn:ClientSecret' is missing")]
    [InlineData("Site:Origin", "", "The setting 'Site:Origin' is missing")]
    [InlineData("Site:Origin", "http://bzpeer.example", "The setting 'Site:Origin' is 'http://bzpeer.example', which is not")]
    [InlineData("DataProtection:KeysFolder", "", "The setting 'DataProtection:KeysFolder' is missing")]
    [InlineData("Auth:VerificationKeysFile", "", "The setting 'Auth:VerificationKeysFile' is missing")]
    public async Task In_production_a_site_that_is_not_set_up_to_sign_in_does_not_start(string setting, string value, string said) =>
        (await Should.ThrowAsync<Exception>(() => Site.StartAsync(environment: "Production", settings: (setting, value)))).GetBaseException().Message.ShouldStartWith(said);

    /// <summary>The visitor is sent to a page that says why, in its status too.</summary>
    private static async Task ShouldFail(HttpResponseMessage answer, string why, HttpStatusCode status = HttpStatusCode.BadRequest, string said = "")
    {
        answer.StatusCode.ShouldBe(HttpStatusCode.Redirect);
        answer.Headers.Location!.OriginalString.ShouldStartWith($"/sign-in/failed?why={why}&");
        var notes = answer.Headers.TryGetValues("Set-Cookie", out var cookies) ? string.Join("; ", cookies.Select(each => each.Split(';')[0])) : "";
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false });
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(answer.RequestMessage!.RequestUri!, answer.Headers.Location));
        if (notes.Length > 0) request.Headers.Add("Cookie", notes);
        using var page = await client.SendAsync(request, Ct);
        page.StatusCode.ShouldBe(status);
        Site.TextOf(await page.Content.ReadAsStringAsync(Ct)).ShouldContain(said);
    }
}
