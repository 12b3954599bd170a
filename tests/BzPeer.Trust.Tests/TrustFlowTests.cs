using System.Net;
using System.Net.Http.Json;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using BzPeer.Testing;
using CsCheck;
using Marten;
using Shouldly;
using Xunit;

namespace BzPeer.Trust.Tests;

/// <summary>Trust that flows along follows, by messages and the API: seeds, what they give, rings, models, and what was so at a time.</summary>
public sealed class TrustFlowTests(ServiceHost<Program> service) : IClassFixture<ServiceHost<Program>>
{
    private static readonly Guid Curator = Guid.NewGuid();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static EventOrigin Origin(string source, Guid subject, long version) =>
        new(Guid.NewGuid(), DateTimeOffset.UtcNow, source, subject, version, 0, subject, version);

    private static ResearcherFollowed Follow(Guid follower, Guid followee, long version = 1) => new(Origin(Sources.Follow, followee, version), follower, followee);

    private static ResearcherUnfollowed Unfollow(Guid follower, Guid followee, long version) => new(Origin(Sources.Follow, followee, version), follower, followee);

    private static IdentityValidated Validated(Guid id, string kind, string source, long version, string method = "curator") =>
        new(Origin(Sources.Profile, id, version), id, Guid.NewGuid(), kind, source, "what", method);

    private static BibliographyChanged Bibliography(Guid id, int works) =>
        new(Origin(Sources.Publication, id, works), id, works, works, 0, 0, 1, 0, [new(nameof(WorkPublished), Guid.NewGuid(), Guid.NewGuid(), "A paper")], works);

    private Task<TrustStatement> StatementWhen(Guid id, Func<TrustStatement, bool> ready, string because) => Eventually.Async(
        async ct => (await service.Anonymous().GetFromJsonAsync<TrustStatement>($"/api/researchers/{id}/trust", ct))!, ready, because, ct: Ct);

    private async Task<TrustStatement> Statement(Guid id, string query = "") => (await service.Anonymous().GetFromJsonAsync<TrustStatement>($"/api/researchers/{id}/trust{query}", Ct))!;

    private static StatedFactor Factor(TrustStatement statement, string name) => statement.Contributions.Single(factor => factor.Factor == name);

    /// <summary>Somebody registered with one work, claimed, and with these validations.</summary>
    private async Task<Guid> Somebody(int works = 1, bool seed = false)
    {
        var id = Guid.NewGuid();
        await service.Publish(new ResearcherRegistered(Origin(Sources.Profile, id, 1), id, "Ada", "arxiv", null, null), Ct);
        await service.Publish(Bibliography(id, seed ? 3 : works), Ct);
        await service.Publish(new ProfileClaimed(Origin(Sources.Profile, id, 2), id), Ct);
        await service.Publish(Validated(id, "identity", "orcid", 3), Ct);
        if (seed) await service.Publish(Validated(id, "affiliation", "ror", 4), Ct);
        var expected = seed ? 9 + 6 + 8 + 7 + 2 : 9 + 2 * works + 8 + 2;
        await StatementWhen(id, statement => statement.Score == expected, "claimed and verified");
        return id;
    }

    [Fact]
    public async Task A_claim_and_validations_count_and_what_is_taken_back_counts_no_longer()
    {
        var id = Guid.NewGuid();
        var (orcid, ror) = (Validated(id, "identity", "orcid", 3), Validated(id, "affiliation", "ror", 4));
        await service.Publish(new ResearcherRegistered(Origin(Sources.Profile, id, 1), id, "Ada", "arxiv", null, null), Ct);
        await service.Publish(Bibliography(id, 1), Ct);
        await service.Publish(orcid, Ct);
        await service.Publish(ror, Ct);
        Factor(await StatementWhen(id, s => Factor(s, "identity").Evidence == 2, "both are kept"), "identity").Points.ShouldBe(0, "nobody has claimed it");
        await service.Publish(new ProfileClaimed(Origin(Sources.Profile, id, 5), id), Ct);
        var claimed = await StatementWhen(id, s => s.Score == 9 + 2 + 15 + 2, "claimed");
        claimed.Level.ShouldBe("Emerging");
        Factor(claimed, "identity").Events.Select(e => e.Type).ShouldBe(["ProfileClaimed", "IdentityValidated", "IdentityValidated"]);
        Factor(claimed, "identity").Next!.ShouldBe(new("have the identity validated by a second source", 5));

        await service.Publish(new ValidationWithdrawn(Origin(Sources.Profile, id, 6), id, orcid.ValidationId, "another person"), Ct);
        await StatementWhen(id, s => s.Score == 9 + 2 + 7, "the iD is somebody else's, and nobody verified stands behind it");
        await service.Publish(orcid, Ct);
        await service.Publish(new ClaimWithdrawn(Origin(Sources.Profile, id, 7), id, null), Ct);
        await StatementWhen(id, s => s.Score == 11, "not claimed");
        var changes = (await service.Anonymous().GetFromJsonAsync<Page<TrustChange>>($"/api/researchers/{id}/trust/changes", Ct))!.Items;
        changes.Take(2).Select(change => (change.Restated, change.Cause.Reason)).ShouldBe([(true, "the claim of the profile was taken back"), (true, "a validation was taken back: another person")]);
    }

    [Fact]
    public async Task What_is_told_of_a_profile_in_any_order_and_repeated_leads_to_the_same_evidence()
    {
        await Check.SampleAsync(Gen.Int[0, 1_000_000], async seed =>
        {
            var id = Guid.NewGuid();
            var (first, second) = (Validated(id, "identity", "orcid", 4), Validated(id, "affiliation", "ror", 5));
            object[] messages =
            [
                new ResearcherRegistered(Origin(Sources.Profile, id, 1), id, "Ada", "arxiv", null, null), new ProfileClaimed(Origin(Sources.Profile, id, 2), id),
                new ClaimWithdrawn(Origin(Sources.Profile, id, 3), id, null), first, second, new ValidationWithdrawn(Origin(Sources.Profile, id, 6), id, second.ValidationId),
                new ProfileClaimed(Origin(Sources.Profile, id, 7), id), Bibliography(id, 2),
            ];
            object[] deliveries = [.. messages, .. messages];
            new Random(seed).Shuffle(deliveries);
            foreach (var message in deliveries) await service.Publish(message, Ct);
            // Behind all of them in the queue: once it counts, they do.
            await service.Publish(Bibliography(id, 3), Ct);
            await service.Publish(Validated(id, "identity", "university", 8), Ct);
            // Two validations alone may also be those of before, while the withdrawal is on its way.
            var statement = await StatementWhen(id, s => Factor(s, "works").Evidence == 3 && Factor(s, "identity") is { Evidence: 2 } identity && identity.Why.Contains("second source") && s.Score == 9 + 6 + 8 + 5 + 2, "all is taken in");
            statement.Contributions.Sum(factor => factor.Points).ShouldBe(statement.Score);
        }, iter: 5, threads: 1);
    }

    [Fact]
    public async Task Who_was_merged_brings_their_validations_and_takes_them_along_when_split()
    {
        var (survivor, gone) = (await Somebody(), await Somebody());
        await service.Publish(Validated(gone, "affiliation", "ror", 4), Ct);
        await StatementWhen(gone, s => s.Score == 28, "the affiliation counts");
        var before = (await Statement(survivor), await Statement(gone));

        await service.Publish(new ResearchersMerged(Origin(Sources.Publication, gone, 5), Guid.NewGuid(), gone, survivor, [gone]), Ct);
        await StatementWhen(survivor, s => s.Score == 28, "the survivor has the affiliation of both");
        await service.Publish(Validated(gone, "identity", "university", 5), Ct);
        await StatementWhen(survivor, s => s.Score == 33, "what is told of the merged one is the survivor's");
        await service.Publish(new ResearchersSplit(Origin(Sources.Publication, gone, 6), Guid.NewGuid(), gone, survivor, [gone]), Ct);

        Evidence(await StatementWhen(survivor, s => s.Score == 21, "as before")).ShouldBe(Evidence(before.Item1));
        Evidence(await StatementWhen(gone, s => s.Score == 33, "with what was told of them since")).Take(1).ShouldBe(Evidence(before.Item2).Take(1));

        static (string, int, int, string)[] Evidence(TrustStatement statement) => [.. statement.Contributions.Select(factor => (factor.Factor, factor.Evidence, factor.Points, factor.Why))];
    }

    [Fact]
    public async Task Trust_flows_from_seeds_along_follows_and_goes_as_it_came()
    {
        var (seed, followed, further) = (await Somebody(seed: true), await Somebody(), await Somebody());
        await service.Publish(Follow(seed, followed), Ct);
        // One follower with a full voice: 5 * log2(1 + 2 * 1) = 7.92.
        var statement = await StatementWhen(followed, s => s.Score == 21 + 8, "a seed follows");
        Factor(statement, "followers").ShouldSatisfyAllConditions(
            f => f.Exact.ShouldBe(7.925, 0.001), f => f.Evidence.ShouldBe(1), f => f.Events.Single().Type.ShouldBe(nameof(ResearcherFollowed)),
            f => f.Events.Single().FollowerId.ShouldBeNull("who follows is not everybody's business"));
        var mine = (await service.As(followed).GetFromJsonAsync<TrustStatement>($"/api/researchers/{followed}/trust", Ct))!;
        Factor(mine, "followers").Events.Single().FollowerId.ShouldBe(seed);

        await service.Publish(Follow(followed, further), Ct);
        await StatementWhen(further, s => s.Score == 29, "whom a seed follows has a voice");
        await service.Publish(Unfollow(seed, followed, 2), Ct);
        await StatementWhen(further, s => s.Score == 21, "the voice is gone with the follow further up");
        var changes = (await service.Anonymous().GetFromJsonAsync<Page<TrustChange>>($"/api/researchers/{further}/trust/changes", Ct))!.Items;
        changes[0].Restated.ShouldBeFalse("somebody chose whom to follow");
        changes[0].Cause.Reason.ShouldContain("further up");
        (await StatementWhen(followed, s => s.Score == 21, "as before")).Contributions.Sum(c => c.Points).ShouldBe(21);
    }

    [Fact]
    public async Task Who_no_seed_reaches_gives_nothing_however_many_they_are_and_signing_in_makes_no_seed()
    {
        var target = await Somebody();
        var signedIn = await Somebody(works: 3);
        await service.Publish(Validated(signedIn, "affiliation", "ror", 4, "sign-in"), Ct);
        for (var n = 0; n < 30; n++) await service.Publish(Follow(Guid.NewGuid(), target), Ct);
        await service.Publish(Follow(signedIn, target), Ct);
        var seed = await Somebody(seed: true);
        await service.Publish(Follow(seed, signedIn), Ct);

        Factor(await StatementWhen(target, s => s.Score == 29, "one of them has a voice by the seed now"), "followers").Exact.ShouldBe(7.925, 0.001, "and the others have none");
    }

    [Fact]
    public async Task A_full_computation_finds_what_was_taken_in_edge_by_edge_and_a_rebuild_the_same_rows()
    {
        var seeds = new[] { await Somebody(seed: true), await Somebody(seed: true) };
        Guid[] people = [.. await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Somebody()))];
        var random = new Random(7);
        var all = seeds.Concat(people).ToArray();
        var versions = new Dictionary<(Guid, Guid), long>();
        for (var n = 0; n < 60; n++)
        {
            var pair = (all[random.Next(all.Length)], all[random.Next(all.Length)]);
            if (pair.Item1 == pair.Item2) continue;
            var version = versions[pair] = versions.GetValueOrDefault(pair) + 1;
            await service.Publish(random.Next(3) > 0 ? Follow(pair.Item1, pair.Item2, version) : Unfollow(pair.Item1, pair.Item2, version), Ct);
        }

        // After all of the others in the queue.
        var last = await Somebody();
        await service.Publish(Follow(seeds[0], last), Ct);
        await StatementWhen(last, s => s.Score > 21, "all is taken in");

        var started = await service.As(Curator, "curator").PostAsync("/api/trust/flow", null, Ct);
        started.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        var run = await Eventually.Async(async ct => (await service.Anonymous().GetFromJsonAsync<FlowRun>(started.Headers.Location, ct))!, run => run.State == "completed", "computed", ct: Ct);
        run.ShouldSatisfyAllConditions(r => r.Changed.ShouldBe(0), r => r.Seeds!.Value.ShouldBeGreaterThanOrEqualTo(2), r => r.Edges!.Value.ShouldBeGreaterThan(0));

        var before = await service.Rows("trust_records", "researcher");
        using var daemon = await service.Store.BuildProjectionDaemonAsync();
        foreach (var projection in (string[])[nameof(TrustRecords), nameof(TrustModels), nameof(Rings)]) await daemon.RebuildProjectionAsync(projection, Ct);
        (await service.Rows("trust_records", "researcher")).ShouldBe(before);
    }

    [Fact]
    public async Task A_marked_ring_counts_no_longer_its_answer_lists_what_moved_and_reinstating_restores_the_state()
    {
        var seed = await Somebody(seed: true);
        Guid[] ring = [await Somebody(), await Somebody()];
        var outside = await Somebody();
        await service.Publish(Follow(seed, ring[0]), Ct);
        await service.Publish(Follow(ring[0], ring[1]), Ct);
        await service.Publish(Follow(ring[0], outside), Ct);
        Guid[] moved = [.. ring, outside];
        foreach (var id in moved) await StatementWhen(id, s => s.Score == 29, "trust reaches them");
        var before = await Task.WhenAll(moved.Select(id => Statement(id)));
        var positions = before.Select(statement => statement.AsOf).Max();

        var curator = service.As(Curator, "curator");
        (await service.As(seed).PostAsJsonAsync("/api/trust/rings", new RingToMark(ring, "bought"), Ct)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await curator.PostAsJsonAsync("/api/trust/rings", new RingToMark([], "bought"), Ct)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await curator.PostAsJsonAsync("/api/trust/rings", new RingToMark(ring, " "), Ct)).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        var answer = await curator.PostAsJsonAsync("/api/trust/rings", new RingToMark(ring, "bought follows"), Ct);
        answer.StatusCode.ShouldBe(HttpStatusCode.Created);
        var marked = (await answer.Content.ReadFromJsonAsync<Ring>(Ct))!;
        (marked.Counted, marked.MovedTotal).ShouldBe((true, 3));
        marked.Moved.ShouldAllBe(move => move.From.Score == 29 && move.To.Score == 21);
        marked.Moved.Select(move => move.ResearcherId).ShouldBe(moved, ignoreOrder: true);
        Factor(await Statement(ring[0]), "followers").Why.ShouldStartWith("marked as part of a ring");
        var change = (await service.Anonymous().GetFromJsonAsync<Page<TrustChange>>($"/api/researchers/{outside}/trust/changes", Ct))!.Items[0];
        (change.Restated, change.Cause.Type).ShouldBe((true, nameof(RingMarked)));
        (await curator.PostAsJsonAsync("/api/trust/rings", new RingToMark(ring, "again"), Ct)).StatusCode.ShouldBe(HttpStatusCode.OK, "the same ring");

        var reinstated = (await (await curator.DeleteAsync($"/api/trust/rings/{marked.Id}?reason=an+error", Ct)).Content.ReadFromJsonAsync<Ring>(Ct))!;
        (reinstated.Counted, reinstated.MovedTotal, reinstated.ReinstatedFor).ShouldBe((true, 3, "an error"));
        var after = await Task.WhenAll(moved.Select(id => Statement(id)));
        after.Select(State).ShouldBe(before.Select(State));
        foreach (var (id, was) in moved.Zip(before)) State(await Statement(id, $"?asOf={positions}")).ShouldBe(State(was));

        // The very state, but for the events behind it, of which there are two more.
        static string State(TrustStatement s) => $"{s.ResearcherId} {s.Score} {s.Level} {string.Join(", ", s.Contributions.Select(c => $"{c.Factor} {c.Evidence} {c.Points} {c.Exact} {c.Max} {c.Why} {c.Next}"))}";
    }

    [Fact]
    public async Task What_was_so_at_a_position_or_a_time_stays_so()
    {
        var id = await Somebody();
        var (then, at) = (await Statement(id), DateTimeOffset.UtcNow);
        await service.Publish(Bibliography(id, 5), Ct);
        await StatementWhen(id, s => s.Score == 29, "four more works");

        (await service.Anonymous().GetStringAsync($"/api/researchers/{id}/trust?asOf={then.AsOf}", Ct)).ShouldBe(await service.Anonymous().GetStringAsync($"/api/researchers/{id}/trust?asOf={Uri.EscapeDataString(at.ToString("O"))}", Ct));
        (await Statement(id, $"?asOf={then.AsOf}")).Score.ShouldBe(21);
        (await Statement(id, $"?asOf={(await Statement(id)).AsOf}")).Score.ShouldBe(29);
        (await Status("?asOf=0")).ShouldBe(HttpStatusCode.NotFound);
        (await Status("?asOf=yesterday")).ShouldBe(HttpStatusCode.BadRequest);
        (await Status("?asOf=2999-01-01")).ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await Status("?asOf=999999999")).ShouldBe(HttpStatusCode.Conflict);
        (await Status("?model=77")).ShouldBe(HttpStatusCode.NotFound);

        async Task<HttpStatusCode> Status(string query) => (await service.Anonymous().GetAsync($"/api/researchers/{id}/trust{query}", Ct)).StatusCode;
    }

    [Fact]
    public async Task All_evidence_is_listed_of_one_factor_or_all()
    {
        var id = await Somebody();
        for (var works = 2; works <= 8; works++)
        {
            await service.Publish(Bibliography(id, works), Ct);
            var expected = works;
            await StatementWhen(id, s => Factor(s, "works").Evidence == expected, "one more");
        }

        var works8 = Factor(await Statement(id), "works");
        (works8.EventsTotal, works8.Events.Count).ShouldBe((8, 5));
        var listed = new List<EvidenceEntry>();
        for (string? cursor = null; ;)
        {
            var page = (await service.Anonymous().GetFromJsonAsync<Page<EvidenceEntry>>($"/api/researchers/{id}/trust/evidence?factor=works&limit=3&cursor={cursor}", Ct))!;
            listed.AddRange(page.Items);
            if ((cursor = page.Next) is null) break;
        }

        listed.Count.ShouldBe(8);
        listed.ShouldAllBe(entry => entry.Factors.Contains("works") && entry.Causes.Single().Type == nameof(WorkPublished));
        (await service.Anonymous().GetAsync($"/api/researchers/{id}/trust/evidence?factor=fame", Ct)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Another_instance_takes_over_with_what_the_first_had_and_what_came_meanwhile()
    {
        var first = new ServiceHost<Program>();
        await first.InitializeAsync();
        await using var second = new ServiceHost<Program> { Beside = first };
        await second.InitializeAsync();
        var (seed, followed, later) = (Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid());
        foreach (var id in (Guid[])[seed, followed, later])
        {
            await second.Publish(new ResearcherRegistered(Origin(Sources.Profile, id, 1), id, "Ada", "arxiv", null, null), Ct);
            await second.Publish(Bibliography(id, 3), Ct);
            await second.Publish(new ProfileClaimed(Origin(Sources.Profile, id, 2), id), Ct);
            await second.Publish(Validated(id, "identity", "orcid", 3), Ct);
        }

        await second.Publish(Validated(seed, "affiliation", "ror", 4), Ct);
        await second.Publish(Follow(seed, followed), Ct);
        await ScoreIs(followed, 33);
        var before = await second.Rows("trust_records", "researcher");

        await first.DisposeAsync();
        await second.Publish(Follow(followed, later), Ct);
        await ScoreIs(later, 33);
        (await second.Rows("trust_records", "researcher")).Where(row => !row.Contains(later.ToString(), StringComparison.Ordinal))
            .ShouldBe(before.Where(row => !row.Contains(later.ToString(), StringComparison.Ordinal)), "nobody else heard anything");

        Task ScoreIs(Guid id, int score) => Eventually.Async(async ct =>
        {
            using var answer = await second.Anonymous().GetAsync($"/api/researchers/{id}/trust", ct);
            return answer.IsSuccessStatusCode ? (await answer.Content.ReadFromJsonAsync<TrustStatement>(ct))!.Score : 0;
        }, now => now == score, $"the score is {score}", TimeSpan.FromMinutes(3), Ct);
    }
}
