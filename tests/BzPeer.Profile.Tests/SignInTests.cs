using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using BzPeer.Testing;
using Shouldly;
using Xunit;

namespace BzPeer.Profile.Tests;

/// <summary>Whom an id token of ORCID is taken for.</summary>
public sealed class SignInTests(SignInTests.Service service) : IClassFixture<SignInTests.Service>
{
    private const string CuratorOrcid = "0000-0002-9079-593X";

    private static int numbers = 1;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>The service, with a provider that answers as ORCID does.</summary>
    public sealed class Service : ProfileService, IAsyncLifetime
    {
        public StandInProvider Provider { get; private set; } = null!;

        protected override IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string>
        {
            ["SignIn:Authority"] = Provider.Authority,
            ["SignIn:Curators:0"] = $"https://orcid.org/{CuratorOrcid}",
        };

        public new async ValueTask InitializeAsync()
        {
            Provider = await StandInProvider.StartAsync();
            await base.InitializeAsync();
        }

        public new async ValueTask DisposeAsync()
        {
            await base.DisposeAsync();
            await Provider.DisposeAsync();
        }

        public async Task<HttpResponseMessage> Post(string idToken)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/sign-ins") { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", idToken) } };
            return await Anonymous().SendAsync(request, Ct);
        }

        public async Task<SignedIn> SignIn(string orcid, string? givenName = null, string? familyName = null)
        {
            using var answer = await Post(Provider.IdToken(orcid, givenName, familyName));
            answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync(Ct));
            answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
            return (await answer.Content.ReadFromJsonAsync<SignedIn>(Ct))!;
        }
    }

    [Fact]
    public async Task Who_has_the_iD_of_a_researcher_is_that_researcher_claims_the_profile_and_acts_as_nobody_else()
    {
        var orcid = NewOrcid();
        var (ada, other) = (await service.Registered(orcid), await service.Registered(NewOrcid()));

        var me = await service.SignIn(orcid);

        (me.ResearcherId, me.Roles.Count).ShouldBe((ada, 0));
        var card = await service.Card(ada);
        (card.Claimed, card.Verified, card.Name).ShouldBe((true, true, "Ada Lovelace"));
        var validation = (await service.List(ada)).Items.ShouldHaveSingleItem();
        (validation.Kind, validation.Source, validation.Value, validation.Method).ShouldBe(("identity", "orcid", orcid, "sign-in"));
        using var client = service.Anonymous();
        client.DefaultRequestHeaders.Authorization = new("Bearer", me.AccessToken);
        (await client.PatchAsJsonAsync($"/api/researchers/{ada}", new { headline = "Engines" }, Ct)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await client.PatchAsJsonAsync($"/api/researchers/{other}", new { headline = "Mine" }, Ct)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await client.PostAsJsonAsync($"/api/researchers/{ada}/validations", new { kind = "identity", source = "me", value = "me" }, Ct)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Signing_in_again_changes_nothing_and_who_gave_the_claim_back_does_not_get_it_again()
    {
        var orcid = NewOrcid();
        var ada = await service.Registered(orcid);
        await service.SignIn(orcid);
        var events = await service.Events(ada);
        events.ShouldBe(["researcher_registered", "profile_claimed", "identity_validated"]);

        (await service.SignIn(orcid)).ResearcherId.ShouldBe(ada);
        (await service.Events(ada)).ShouldBe(events);

        using var back = await service.EndClaim(ada, service.As(ada));
        await service.SignIn(orcid);
        (await service.Card(ada)).Claimed.ShouldBeFalse();
    }

    [Fact]
    public async Task Who_is_not_known_is_registered_once_with_the_id_that_an_import_would_give_them()
    {
        var orcid = NewOrcid();

        var all = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => service.SignIn(orcid, "Josiah", "Carberry")));

        var me = all.Select(one => one.ResearcherId).Distinct().ShouldHaveSingleItem();
        me.ShouldBe(StableId.Of($"orcid:{orcid}"));
        var card = await service.Card(me);
        (card.Name, card.Claimed, card.ExternalIds.Orcid).ShouldBe(("Josiah Carberry", true, orcid));
        (await service.Events(me)).ShouldBe(["researcher_registered", "profile_claimed", "identity_validated"]);

        await service.Publish(new AuthorIdentified(ProfileService.Origin(me, 1), me, "J. S. Carberry", "crossref", orcid, null, ["orcid:" + orcid], null), Ct);
        await Eventually.Async(_ => service.Card(me), imported => imported.Name == "J. S. Carberry" && imported.Claimed, "the import says what it knows of them", ct: Ct);
        (await service.SignIn(orcid)).ResearcherId.ShouldBe(me);
    }

    [Fact]
    public async Task Who_shows_no_name_goes_by_the_iD()
    {
        var orcid = NewOrcid();
        (await service.Card((await service.SignIn(orcid)).ResearcherId)).Name.ShouldBe(orcid);
    }

    [Fact]
    public async Task Who_was_merged_is_the_survivor()
    {
        var orcid = NewOrcid();
        var (gone, survivor) = (await service.Registered(orcid), await service.Registered());
        await service.Merged(gone, survivor);

        (await service.SignIn(orcid)).ResearcherId.ShouldBe(survivor);
    }

    [Fact]
    public async Task An_iD_beside_another_one_opens_a_profile_only_after_a_curator_has_looked()
    {
        var (right, wrong) = (NewOrcid(), NewOrcid());
        var ada = Guid.NewGuid();
        await service.Publish(ProfileService.Author(ada, 1, "Ada Lovelace", right) with { Keys = ["orcid:" + right, "orcid:" + wrong] }, Ct);
        await Eventually.Async(async _ => (await ResearcherCards.LoadAsync(service.Database, [ada], Ct)).Count == 1, "the researcher is registered", ct: Ct);

        foreach (var orcid in new[] { right, wrong })
            await ProfileService.ShouldBeProblem(await service.Post(service.Provider.IdToken(orcid)), 403, "not-this-profile");
        (await service.Card(ada)).Claimed.ShouldBeFalse();

        await service.Validated(ada, "identity", "orcid", right);
        (await service.SignIn(right)).ResearcherId.ShouldBe(ada);
        await ProfileService.ShouldBeProblem(await service.Post(service.Provider.IdToken(wrong)), 403, "not-this-profile");
    }

    [Fact]
    public async Task Whose_claim_a_curator_ended_is_not_that_researcher_until_one_has_validated_it_anew()
    {
        var orcid = NewOrcid();
        var ada = await service.Registered(orcid);
        await service.SignIn(orcid);
        using (await service.EndClaim(ada, service.Curator(), "?reason=Somebody+else")) { }

        await ProfileService.ShouldBeProblem(await service.Post(service.Provider.IdToken(orcid)), 403, "not-this-profile");

        await service.Validated(ada, "identity", "orcid", orcid);
        (await service.SignIn(orcid)).ResearcherId.ShouldBe(ada);
    }

    [Fact]
    public async Task Who_is_named_in_the_settings_is_a_curator()
    {
        (await service.SignIn(CuratorOrcid)).Roles.ShouldBe(["curator"]);
        (await service.SignIn(NewOrcid())).Roles.ShouldBeEmpty();
    }

    [Fact]
    public async Task In_development_a_provider_may_name_a_researcher_and_roles()
    {
        var ada = Guid.NewGuid();

        using var answer = await service.Post(service.Provider.IdToken(ada.ToString(), roles: ["curator"]));

        var me = (await answer.Content.ReadFromJsonAsync<SignedIn>(Ct))!;
        (me.ResearcherId, me.Roles.Single()).ShouldBe((ada, "curator"));
    }

    [Fact]
    public async Task What_is_no_id_token_of_the_provider_for_this_site_from_just_now_signs_nobody_in()
    {
        var orcid = NewOrcid();
        await ProfileService.ShouldBeProblem(await service.Anonymous().PostAsync("/api/sign-ins", null, Ct), 401, "no-id-token");
        await ProfileService.ShouldBeProblem(await service.Post("nonsense"), 401, "no-id-token");
        await ProfileService.ShouldBeProblem(await service.Post(Unsigned(orcid)), 401, "no-id-token");
        await ProfileService.ShouldBeProblem(await service.Post(await AccessToken()), 401, "no-id-token");
        await ShouldRefuse(claims => claims["aud"] = "APP-OTHER", "no-id-token");
        await ShouldRefuse(claims => claims["iss"] = "https://elsewhere.example", "no-id-token");
        await ShouldRefuse(claims => claims["exp"] = DateTimeOffset.UtcNow.AddHours(-1).ToUnixTimeSeconds(), "no-id-token");
        await ShouldRefuse(claims => claims["iat"] = DateTimeOffset.UtcNow.AddMinutes(-11).ToUnixTimeSeconds(), "old-id-token");
        await ShouldRefuse(claims => claims.Remove("iat"), "old-id-token");
        service.Provider.Forges = true;
        await ShouldRefuse(_ => { }, "no-id-token");
        service.Provider.Forges = false;
        (await service.Read<JsonObject>($"/api/researchers?orcid={orcid}"))["items"]!.AsArray().ShouldBeEmpty();

        async Task ShouldRefuse(Action<Dictionary<string, object>> tamper, string rule)
        {
            service.Provider.Tamper = tamper;
            var token = service.Provider.IdToken(orcid);
            service.Provider.Tamper = _ => { };
            await ProfileService.ShouldBeProblem(await service.Post(token), 401, rule);
        }

        async Task<string> AccessToken() => (await service.SignIn(NewOrcid())).AccessToken;
    }

    [Fact]
    public async Task Somebody_whom_the_provider_names_otherwise_than_by_an_iD_is_nobody_here() =>
        await ProfileService.ShouldBeProblem(await service.Post(service.Provider.IdToken("alice")), 403, "no-orcid");

    private static string Unsigned(string sub)
    {
        static string Encode(string json) => Convert.ToBase64String(Encoding.UTF8.GetBytes(json)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        return $"{Encode("""{"alg":"none"}""")}.{Encode($$"""{"sub":"{{sub}}","aud":"{{StandInProvider.ClientId}}"}""")}.";
    }

    /// <summary>An iD that nobody has, with the check digit it must have (ISO 7064 mod 11-2).</summary>
    private static string NewOrcid()
    {
        var digits = $"0000000900{Interlocked.Increment(ref numbers):00000}";
        var check = (12 - digits.Aggregate(0, (total, digit) => (total + digit - '0') * 2 % 11)) % 11;
        return $"{digits[..4]}-{digits[4..8]}-{digits[8..12]}-{digits[12..15]}{(check == 10 ? "X" : check)}";
    }
}
