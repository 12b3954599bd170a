using System.Net;
using System.Net.Http.Json;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using BzPeer.Testing;
using Shouldly;
using Xunit;

namespace BzPeer.Trust.Tests;

/// <summary>Models are proposed, tried without changing anything, and switched to by an event that says whose doing it was.</summary>
public sealed class TrustModelsTests(ServiceHost<Program> service) : IClassFixture<ServiceHost<Program>>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static EventOrigin Origin(string source, Guid subject, long version) =>
        new(Guid.NewGuid(), DateTimeOffset.UtcNow, source, subject, version, 0, subject, version);

    private HttpClient Curator => service.As(Guid.NewGuid(), "curator");

    private async Task<TrustStatement> Statement(Guid id, string query = "") => (await service.Anonymous().GetFromJsonAsync<TrustStatement>($"/api/researchers/{id}/trust{query}", Ct))!;

    [Fact]
    public async Task A_model_is_tried_switched_to_and_back_and_everybody_is_told_it_was_the_model()
    {
        Guid[] people = [.. Enumerable.Range(0, 3).Select(_ => Guid.NewGuid())];
        foreach (var (n, id) in people.Index())
        {
            await service.Publish(new ResearcherRegistered(Origin(Sources.Profile, id, 1), id, "Ada", "arxiv", null, null), Ct);
            await service.Publish(new BibliographyChanged(Origin(Sources.Publication, id, 1), id, n + 1, n + 1, 0, 0, 4, 0, [], 1), Ct);
            if (n > 0) await service.Publish(new ProfileClaimed(Origin(Sources.Profile, id, 2), id), Ct);
            if (n > 0) await service.Publish(new IdentityValidated(Origin(Sources.Profile, id, 3), id, Guid.NewGuid(), "identity", "orcid", "iD"), Ct);
        }

        int[] scores = [11, 9 + 4 + 8 + 5, 9 + 6 + 8 + 5];
        foreach (var (id, score) in people.Zip(scores)) await Eventually.Async(async _ => (await Statement(id)).Score, now => now == score, "stated", ct: Ct);

        // Topics are worth nothing in the new one.
        (await Curator.PostAsJsonAsync("/api/trust/models", new { model = new { topicsMax = 200 }, reason = "why" }, Ct)).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await Curator.PostAsJsonAsync("/api/trust/models", new { model = new { topicMax = 2 }, reason = "why" }, Ct)).StatusCode.ShouldBe(HttpStatusCode.BadRequest, "no number is called that");
        (await Curator.PostAsJsonAsync("/api/trust/models", new { model = new { topicsMax = 0 } }, Ct)).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await service.As(people[0]).PostAsJsonAsync("/api/trust/models", new { model = new { topicsMax = 0 }, reason = "why" }, Ct)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        var proposal = await Curator.PostAsJsonAsync("/api/trust/models", new { model = new { topicsMax = 0 }, reason = "topics can be collected" }, Ct);
        proposal.StatusCode.ShouldBe(HttpStatusCode.Created);
        var model = (await proposal.Content.ReadFromJsonAsync<KnownModel>(Ct))!;
        (model.InForce, model.Model.WorksMax, model.Model.TopicsMax).ShouldBe((false, 30, 0));
        var version = model.Version;

        var dry = (await (await Curator.PostAsync($"/api/trust/models/{version}/dry-run", null, Ct)).Content.ReadFromJsonAsync<DryRun>(Ct))!;
        // Others may be there, by the other tests, and none of them has topics.
        (dry.Against, dry.Falls, dry.Rises, dry.Unchanged).ShouldBe((1, 2, 0, dry.Researchers - 2));
        dry.Researchers.ShouldBeGreaterThanOrEqualTo(3);
        dry.Largest.Select(mover => (mover.ResearcherId, mover.From.Score, mover.To.Score)).ShouldBe(people.Skip(1).Zip(scores.Skip(1)).Select(p => (p.First, p.Second, p.Second - 5)), ignoreOrder: true);
        dry.Levels.Sum(move => move.Researchers).ShouldBe(dry.Researchers);
        dry.Calibration.ShouldAllBe(profile => profile.Score == profile.Expected);
        foreach (var (id, score) in people.Zip(scores)) (await Statement(id)).Score.ShouldBe(score, "nothing is changed by trying");
        (await (await Curator.PostAsync("/api/trust/models/1/dry-run", null, Ct)).Content.ReadFromJsonAsync<DryRun>(Ct))!.ShouldSatisfyAllConditions(same => same.Unchanged.ShouldBe(same.Researchers), same => same.Largest.ShouldBeEmpty());
        (await Curator.PostAsync("/api/trust/models/99/dry-run", null, Ct)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await service.As(people[0]).PostAsync($"/api/trust/models/{version}/dry-run", null, Ct)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);

        var before = await Statement(people[1]);
        (await Curator.PostAsJsonAsync($"/api/trust/models/{version}/activation", new ReasonGiven("topics can be collected"), Ct)).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        await Restated(people[1], scores[1] - 5, "topics can be collected");
        await Restated(people[2], scores[2] - 5, "topics can be collected");
        (await Statement(people[1])).ModelVersion.ShouldBe(version);
        var old = await Statement(people[1], "?model=1");
        (old.Score, old.ModelVersion).ShouldBe((scores[1], 1), "both are readable");
        (await Statement(people[1], $"?asOf={before.AsOf}")).ShouldSatisfyAllConditions(s => s.ModelVersion.ShouldBe(1), s => s.Score.ShouldBe(scores[1]));
        (await Changes(people[0])).ShouldAllBe(change => change.ModelVersion == 1, "whose score stays hears nothing");
        (await Curator.PostAsJsonAsync($"/api/trust/models/{version}/activation", new ReasonGiven("again"), Ct)).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);

        (await Curator.PostAsJsonAsync("/api/trust/models/1/activation", new ReasonGiven("back"), Ct)).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        await Eventually.Async(async _ => (await Changes(people[2]))[0].To.Score, score => score == scores[2], "as before", ct: Ct);
        (await Changes(people[2]))[0].Restated.ShouldBeFalse("a rise restates nothing");

        var rows = await service.Rows("trust_model_switches", "position");
        using var daemon = await service.Store.BuildProjectionDaemonAsync();
        await daemon.RebuildProjectionAsync(nameof(TrustModels), Ct);
        (await service.Rows("trust_model_switches", "position")).ShouldBe(rows);

        async Task<IReadOnlyList<TrustChange>> Changes(Guid id) => (await service.Anonymous().GetFromJsonAsync<Page<TrustChange>>($"/api/researchers/{id}/trust/changes", Ct))!.Items;

        async Task Restated(Guid id, int score, string reason)
        {
            var change = (await Eventually.Async(async _ => await Changes(id), changes => changes[0].To.Score == score, "stated anew", ct: Ct))[0];
            change.ShouldSatisfyAllConditions(c => c.Restated.ShouldBeTrue(), c => c.ModelVersion.ShouldBe(version), c => c.Cause.Type.ShouldBe(nameof(ModelSwitched)),
                c => c.Cause.Reason.ShouldStartWith("the model changed, not you"), c => c.Cause.Reason.ShouldContain(reason));
        }
    }

    [Fact]
    public async Task No_model_that_moves_the_page_the_project_began_from_comes_into_force()
    {
        var proposal = await Curator.PostAsJsonAsync("/api/trust/models", new { model = new { pointsPerWork = 3 }, reason = "more for works" }, Ct);
        var model = (await proposal.Content.ReadFromJsonAsync<KnownModel>(Ct))!;

        var refused = await Curator.PostAsync($"/api/trust/models/{model.Version}/activation", JsonContent.Create(new ReasonGiven("more for works")), Ct);

        refused.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await refused.Content.ReadAsStringAsync(Ct)).ShouldContain("problems/calibration");
    }

    [Fact]
    public async Task A_model_with_a_flow_of_its_own_is_computed_when_it_comes_into_force_and_both_statements_are_readable()
    {
        // A seed that follows three people gives each a third of a follower where the capacity is 1 and not 20.
        Guid seed = Guid.NewGuid();
        Guid[] followed = [Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid()];
        foreach (var id in followed.Prepend(seed))
        {
            await service.Publish(new ResearcherRegistered(Origin(Sources.Profile, id, 1), id, "Ada", "arxiv", null, null), Ct);
            await service.Publish(new BibliographyChanged(Origin(Sources.Publication, id, 1), id, 3, 3, 0, 0, 0, 0, [], 1), Ct);
            await service.Publish(new ProfileClaimed(Origin(Sources.Profile, id, 2), id), Ct);
            await service.Publish(new IdentityValidated(Origin(Sources.Profile, id, 3), id, Guid.NewGuid(), "identity", "orcid", "iD"), Ct);
        }

        await service.Publish(new IdentityValidated(Origin(Sources.Profile, seed, 4), seed, Guid.NewGuid(), "affiliation", "ror", "TU Wien"), Ct);
        foreach (var id in followed) await service.Publish(new ResearcherFollowed(Origin(Sources.Follow, id, 1), seed, id), Ct);
        foreach (var id in followed) await ScoreIs(id, 9 + 6 + 8 + 8);

        var proposal = await Curator.PostAsJsonAsync("/api/trust/models", new { model = new { flow = new { divisor = 1 } }, reason = "less to hand out" }, Ct);
        var model = (await proposal.Content.ReadFromJsonAsync<KnownModel>(Ct))!;
        var dry = (await (await Curator.PostAsync($"/api/trust/models/{model.Version}/dry-run", null, Ct)).Content.ReadFromJsonAsync<DryRun>(Ct))!;
        dry.Largest.Where(mover => followed.Contains(mover.ResearcherId)).ShouldAllBe(mover => mover.To.Score == 9 + 6 + 8 + 4);
        dry.Falls.ShouldBeGreaterThanOrEqualTo(3);

        (await Curator.PostAsJsonAsync($"/api/trust/models/{model.Version}/activation", new ReasonGiven("less to hand out"), Ct)).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        foreach (var id in followed) await ScoreIs(id, 9 + 6 + 8 + 4);
        (await Statement(followed[0], "?model=1")).Score.ShouldBe(9 + 6 + 8 + 8, "what the model before gave is still held");

        (await Curator.PostAsJsonAsync("/api/trust/models/1/activation", new ReasonGiven("back"), Ct)).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        foreach (var id in followed) await ScoreIs(id, 9 + 6 + 8 + 8);
        (await Statement(followed[0], $"?model={model.Version}")).Score.ShouldBe(9 + 6 + 8 + 4);

        Task ScoreIs(Guid id, int score) => Eventually.Async(async _ => (await Statement(id)).Score, now => now == score, $"the score is {score}", ct: Ct);
    }
}
