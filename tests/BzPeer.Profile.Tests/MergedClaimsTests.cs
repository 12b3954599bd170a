using System.Net;
using System.Net.Http.Json;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using CsCheck;
using Shouldly;
using Xunit;

namespace BzPeer.Profile.Tests;

/// <summary>What is claimed and validated of researchers who were merged counts for who they are, and is their own again after the way back.</summary>
public sealed class MergedClaimsTests(ProfileService service) : IClassFixture<ProfileService>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_survivor_has_the_claim_and_the_validations_of_both_and_after_the_way_back_each_has_their_own()
    {
        var (survivor, gone) = (await service.Registered(), await service.Registered("0000-0002-1825-0097"));
        using (await service.Claim(survivor)) { }
        var (affiliation, identity) = (await service.Validated(survivor, "affiliation", "ror"), await service.Validated(gone, "identity", "orcid", "0000-0002-1825-0097"));
        var before = await Seen(survivor, gone);
        (await service.Card(survivor)).Verified.ShouldBeFalse();

        await service.Merged(gone, survivor);
        var card = await service.Card(survivor);
        (card.Claimed, card.Verified, card.AsOf.Profile).ShouldBe((true, true, await Append.LastAsync(service.Database, gone, Ct)));
        (await service.List(survivor)).Items.ShouldBe([identity, affiliation], "each says whom it was made about");
        (await service.Read<Validation>($"/api/researchers/{survivor}/validations/{identity.Id}")).ShouldBe(identity);
        using (var moved = await service.Anonymous().GetAsync($"/api/researchers/{gone}/validations/{identity.Id}", Ct))
            (moved.StatusCode, moved.Headers.Location!.ToString()).ShouldBe((HttpStatusCode.MovedPermanently, $"/api/researchers/{survivor}/validations/{identity.Id}"));
        using (var moved = await service.Claim(gone))
            (moved.StatusCode, moved.Headers.Location!.ToString()).ShouldBe((HttpStatusCode.PermanentRedirect, $"/api/researchers/{survivor}/claim"));

        using (var same = await service.Validate(survivor, "identity", "orcid", "0000-0002-1825-0097"))
            (same.StatusCode, await same.Content.ReadFromJsonAsync<Validation>(Ct)).ShouldBe((HttpStatusCode.OK, identity));
        using (var other = await service.Validate(survivor, "identity", "orcid", "0000-0002-1694-233X")) await ProfileService.ShouldBeProblem(other, 422, "other-orcid");
        using (var claim = await service.As(gone).PostAsync($"/api/researchers/{survivor}/claim", null, Ct)) claim.StatusCode.ShouldBe(HttpStatusCode.OK);

        await service.Split(gone, survivor);
        (await Seen(survivor, gone)).ShouldBe(before);
    }

    [Fact]
    public async Task What_is_taken_back_of_the_survivor_is_taken_back_from_whom_it_was_said_of()
    {
        var (survivor, gone) = (await service.Registered(), await service.Registered());
        using (await service.Claim(gone)) { }
        var identity = await service.Validated(gone);
        await service.Merged(gone, survivor);
        (await service.Card(survivor)).Verified.ShouldBeTrue();

        using var withdrawn = await service.Withdraw(survivor, identity.Id);
        withdrawn.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        var card = await service.Card(survivor, withdrawn.Headers.GetValues("X-BzPeer-Position").Single());
        (card.Claimed, card.Verified, withdrawn.Headers.GetValues("X-BzPeer-Position").Single()).ShouldBe((true, false, $"profile:{card.AsOf.Profile}"));
        using (var ended = await service.EndClaim(survivor, service.Curator())) ended.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await service.Card(survivor)).Claimed.ShouldBeFalse();
        (await service.Events(gone)).ShouldBe(["researcher_registered", "profile_claimed", "identity_validated", "validation_withdrawn", "claim_withdrawn"]);
        using (var refused = await service.Claim(survivor)) await ProfileService.ShouldBeProblem(refused, 403, "claim-revoked");

        await service.Validated(survivor);
        using (var allowed = await service.Claim(survivor)) allowed.StatusCode.ShouldBe(HttpStatusCode.OK);
        await service.Split(gone, survivor);
        var (one, other) = (await service.Card(survivor), await service.Card(gone));
        (one.Verified, other.Claimed).ShouldBe((true, false), "what came after the merge stays with the survivor");
        using (var refused = await service.Claim(gone)) await ProfileService.ShouldBeProblem(refused, 403, "claim-revoked");
    }

    [Fact]
    public async Task However_merges_and_splits_are_delivered_a_card_counts_what_is_said_of_who_is_that_researcher()
    {
        // Nobody, one who only claimed, one whose identity only was validated, and one with both.
        Guid[] people = [await service.Registered(), await service.Registered(), await service.Registered(), await service.Registered()];
        foreach (var claimed in (Guid[])[people[1], people[3]]) using (await service.Claim(claimed)) { }
        foreach (var validated in (Guid[])[people[2], people[3]]) await service.Validated(validated);
        var before = await ShownAsync(people);
        before.ShouldBe([(false, false), (true, false), (false, false), (true, true)]);

        var moves = Gen.Select(Gen.Int[0, 3], Gen.Int[0, 3]).Array[1, 8];
        await Check.SampleAsync(moves.SelectMany(made => Gen.Select(Gen.Const(made), Gen.Shuffle(Enumerable.Range(0, made.Length).Concat(Enumerable.Range(0, made.Length)).ToArray()), Gen.Int[1, 4])), async (made, deliveries, cut) =>
        {
            await using (var forget = service.Database.CreateCommand("delete from survivors")) await forget.ExecuteNonQueryAsync(Ct);
            // Whom each is taken for after every message; who is said to be themselves is split off.
            var survivors = people.ToDictionary(id => id);
            var messages = new List<IIntegrationEvent>();
            foreach (var (who, whose) in made)
            {
                survivors[people[who]] = people[whose];
                messages.Add(who == whose
                    ? new ResearchersSplit(ProfileService.Origin(people[who], service.Next()), Guid.NewGuid(), people[who], people[whose], [people[who]])
                    : new ResearchersMerged(ProfileService.Origin(people[who], service.Next()), Guid.NewGuid(), people[who], people[whose], [people[who]]));
            }

            foreach (var batch in deliveries.Chunk(cut)) await Survivors.ApplyAsync(service.Database, batch.Select(n => messages[n]), Ct);
            foreach (var researcher in people.Where(id => survivors[id] == id))
            {
                var all = Enumerable.Range(0, 4).Where(n => survivors[people[n]] == researcher).ToArray();
                var (isClaimed, hasIdentity) = (all.Any(n => n is 1 or 3), all.Any(n => n is 2 or 3));
                (await ShownAsync(researcher)).ShouldBe([(isClaimed, isClaimed && hasIdentity)], $"{string.Join(", ", made)} delivered as {string.Join(", ", deliveries)}");
            }

            await Survivors.ApplyAsync(service.Database, people.Select(id => new ResearchersSplit(ProfileService.Origin(id, service.Next()), Guid.NewGuid(), id, id, [id])), Ct);
            (await ShownAsync(people)).ShouldBe(before);
        }, iter: 60, threads: 1);
    }

    private async Task<List<(bool Claimed, bool Verified)>> ShownAsync(params Guid[] ids) => (await ResearcherCards.LoadAsync(service.Database, ids, Ct)).ConvertAll(card => (card.Claimed, card.Verified));

    /// <summary>The cards and the validations of both, as anybody reads them.</summary>
    private async Task<string> Seen(Guid one, Guid other) =>
        $"{await service.Card(one)} {await service.Card(other)} {string.Join(", ", (await service.List(one)).Items)} {string.Join(", ", (await service.List(other)).Items)} {(await service.List(one)).ClaimedSince} {(await service.List(other)).ClaimedSince}";
}
