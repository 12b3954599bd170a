using System.Net;
using System.Net.Http.Json;
using BzPeer.Testing;
using Shouldly;
using Xunit;

namespace BzPeer.Profile.Tests;

/// <summary>Claiming one's profile, and ending that.</summary>
public sealed class ClaimsTests(ProfileService service) : IClassFixture<ProfileService>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string PositionOf(HttpResponseMessage answer) => answer.Headers.GetValues("X-BzPeer-Position").Single();

    [Fact]
    public async Task A_researcher_claims_their_profile_once_and_reads_it_back_at_once()
    {
        var (ada, other) = (await service.Registered(), await service.Registered());
        (await service.Card(ada)).Claimed.ShouldBeFalse();
        (await service.List(ada)).ClaimedSince.ShouldBeNull();

        using var answer = await service.Claim(ada);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        var claim = (await answer.Content.ReadFromJsonAsync<Claim>(Ct))!;
        var card = await service.Card(ada, PositionOf(answer));
        (card.Claimed, card.Verified, PositionOf(answer)).ShouldBe((true, false, $"profile:{card.AsOf.Profile}"));
        (await service.Read<ValidationList>($"/api/researchers/{ada}/validations", PositionOf(answer))).ClaimedSince.ShouldBe(claim.Since);
        (await service.Card(other, PositionOf(answer))).Claimed.ShouldBeFalse();

        using var again = await service.Claim(ada);
        (again.StatusCode, await again.Content.ReadFromJsonAsync<Claim>(Ct), PositionOf(again)).ShouldBe((HttpStatusCode.OK, claim, PositionOf(answer)));
        (await service.Events(ada)).ShouldBe(["researcher_registered", "profile_claimed"]);
    }

    [Fact]
    public async Task Nobody_claims_for_anybody_else_and_nobody_unknown_is_claimed()
    {
        var ada = await service.Registered();
        using var byCurator = await service.Curator().PostAsync($"/api/researchers/{ada}/claim", null, Ct);
        await ProfileService.ShouldBeProblem(byCurator, 403, "not-yours");
        using var withoutToken = await service.Anonymous().PostAsync($"/api/researchers/{ada}/claim", null, Ct);
        await ProfileService.ShouldBeProblem(withoutToken, 401, "no-token");
        using var unknown = await service.Claim(Guid.NewGuid());
        await ProfileService.ShouldBeProblem(unknown, 404, "unknown-researcher");
        (await service.Events(ada)).ShouldBe(["researcher_registered"]);
    }

    [Fact]
    public async Task Who_gives_their_claim_back_may_claim_again()
    {
        var ada = await service.Registered();
        using (await service.Claim(ada)) { }
        using var back = await service.EndClaim(ada, service.As(ada));
        back.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await service.Card(ada, PositionOf(back))).Claimed.ShouldBeFalse();
        using var twice = await service.EndClaim(ada, service.As(ada));
        (twice.StatusCode, PositionOf(twice)).ShouldBe((HttpStatusCode.NoContent, PositionOf(back)));

        using var again = await service.Claim(ada);
        again.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await service.Card(ada)).Claimed.ShouldBeTrue();
        (await service.Events(ada)).ShouldBe(["researcher_registered", "profile_claimed", "claim_withdrawn", "profile_claimed"]);
    }

    [Fact]
    public async Task Whose_claim_a_curator_ended_claims_again_only_after_a_curator_validated_who_they_are()
    {
        var ada = await service.Registered();
        var before = await service.Validated(ada);
        using (await service.Claim(ada)) { }
        (await service.Card(ada)).Verified.ShouldBeTrue();

        using var ended = await service.EndClaim(ada, service.Curator(), "?reason=It%20was%20somebody%20else");
        ended.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        var card = await service.Card(ada);
        (card.Claimed, card.Verified).ShouldBe((false, false));
        await service.Validated(ada, "affiliation", "ror", "University of London");
        using (var refused = await service.Claim(ada)) await ProfileService.ShouldBeProblem(refused, 403, "claim-revoked");

        using (await service.Withdraw(ada, before.Id)) { }
        var after = await service.Validated(ada, value: before.Value);
        using (var allowed = await service.Claim(ada)) allowed.StatusCode.ShouldBe(HttpStatusCode.OK);
        using (await service.EndClaim(ada, service.As(ada))) { }
        using (await service.Withdraw(ada, after.Id)) { }
        using (var refused = await service.Claim(ada)) await ProfileService.ShouldBeProblem(refused, 403, "claim-revoked");
    }

    [Fact]
    public async Task Only_the_researcher_or_a_curator_ends_a_claim_and_says_why_in_one_line()
    {
        var ada = await service.Registered();
        using (await service.Claim(ada)) { }
        using var byOther = await service.EndClaim(ada, service.As(Guid.NewGuid()));
        await ProfileService.ShouldBeProblem(byOther, 403, "not-yours");
        using var withoutToken = await service.EndClaim(ada, service.Anonymous());
        await ProfileService.ShouldBeProblem(withoutToken, 401, "no-token");
        foreach (var reason in (string[])["a%0Ab", new('x', 2_001)])
        {
            using var wrong = await service.EndClaim(ada, service.Curator(), $"?reason={reason}");
            await ProfileService.ShouldBeProblem(wrong, 422, "reason");
        }

        using var unknown = await service.EndClaim(Guid.NewGuid(), service.Curator());
        await ProfileService.ShouldBeProblem(unknown, 404, "unknown-researcher");
        (await service.Card(ada)).Claimed.ShouldBeTrue();
    }

    [Fact]
    public async Task Claims_and_validations_at_the_same_time_are_each_made_once()
    {
        // Several times, since writers that meet do so by chance.
        for (var round = 0; round < 10; round++)
        {
            var ada = await service.Registered();
            var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(n => Task.Run(() => n % 2 == 0 ? service.Claim(ada) : service.Validate(ada, "identity", "registry", "Ada"), Ct)));
            answers.Select(answer => answer.StatusCode).Order().ShouldBe([.. Enumerable.Repeat(HttpStatusCode.OK, 15), HttpStatusCode.Created]);
            (await service.Events(ada)).ShouldBe(["researcher_registered", "profile_claimed", "identity_validated"], ignoreOrder: true);
            (await service.Card(ada)).Verified.ShouldBeTrue();
        }
    }

    [Fact]
    public async Task What_a_source_says_after_a_claim_is_taken_over_and_the_claim_stays()
    {
        var ada = await service.Registered();
        using (await service.Claim(ada)) { }
        await service.Publish(ProfileService.Author(ada, 2, "Augusta Ada King"), Ct);
        var card = await Eventually.Async(_ => service.Card(ada), seen => seen.Name == "Augusta Ada King", "the newer import is on the card", ct: Ct);
        card.Claimed.ShouldBeTrue();
        using var edit = await service.As(ada).PatchAsJsonAsync($"/api/researchers/{ada}", new { headline = "Engines" }, Ct);
        edit.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await service.Events(ada)).ShouldBe(["researcher_registered", "profile_claimed", "profile_changed", "profile_changed"]);
    }
}
