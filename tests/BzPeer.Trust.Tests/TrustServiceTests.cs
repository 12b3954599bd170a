using System.Net;
using System.Net.Http.Json;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using BzPeer.Testing;
using CsCheck;
using Marten;
using Shouldly;
using Xunit;

[assembly: AssemblyFixture(typeof(TestServers))]

namespace BzPeer.Trust.Tests;

/// <summary>The service by its API and its messages, on real PostgreSQL and RabbitMQ.</summary>
public sealed class TrustServiceTests(ServiceHost<Program> service) : IClassFixture<ServiceHost<Program>>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static EventOrigin Origin(string source, Guid subject, long sequence) =>
        new(Guid.NewGuid(), DateTimeOffset.UtcNow, source, subject, sequence, 0, subject, sequence);

    private static ResearcherRegistered Registration(Guid id) => new(Origin(Sources.Profile, id, 1), id, "Ada", "arxiv", null, null);

    private static BibliographyChanged Bibliography(Guid id, long version, int works, string causedBy = "WorkPublished", string title = "A paper", int retracted = 0) => new(
        Origin(Sources.Publication, id, version), id, works + retracted, works, 0, retracted, 1, 4,
        [new BibliographyCause(causedBy, Guid.NewGuid(), Guid.NewGuid(), title)], version);

    private Task<TrustStatement> StatementWhen(Guid id, Func<TrustStatement, bool> ready, string because) => Eventually.Async(
        async ct => (await service.Anonymous().GetFromJsonAsync<TrustStatement>($"/api/researchers/{id}/trust", ct))!, ready, because);

    private async Task<List<TrustChange>> Ledger(Guid id, int limit = 80)
    {
        var all = new List<TrustChange>();
        for (string? cursor = null; ;)
        {
            var page = (await service.Anonymous().GetFromJsonAsync<Page<TrustChange>>($"/api/researchers/{id}/trust/changes?limit={limit}&cursor={cursor}", Ct))!;
            all.AddRange(page.Items);
            if ((cursor = page.Next) is null) return all;
        }
    }

    [Fact]
    public async Task A_new_work_raises_trust_and_the_ledger_names_it()
    {
        var id = Guid.NewGuid();
        await service.Publish(Registration(id), Ct);
        await StatementWhen(id, s => s.Score == 9, "registered");
        var published = Bibliography(id, 2, works: 1, title: "On engines");
        await service.Publish(published, Ct);
        (await StatementWhen(id, s => s.Score == 11, "the work counts")).Level.ShouldBe("Baseline");

        var ledger = await Ledger(id);
        ledger.Select(change => (change.From.Score, change.To.Score)).ShouldBe([(9, 11), (0, 9)]);
        var cause = ledger[0].Cause;
        (cause.Type, cause.EventId, cause.Reason, cause.WorkId).ShouldBe(("WorkPublished", published.Causes[0].EventId, "published: On engines", published.Causes[0].WorkId));
        ledger[0].ModelVersion.ShouldBe(1);
    }

    [Fact]
    public async Task A_fall_by_retraction_is_restated_and_says_so()
    {
        var id = Guid.NewGuid();
        await service.Publish(Registration(id), Ct);
        await service.Publish(Bibliography(id, 2, works: 6), Ct);
        await StatementWhen(id, s => s.Score == 21, "six works");
        await service.Publish(Bibliography(id, 3, works: 5, "WorkRetracted", "Bad paper", retracted: 1), Ct);
        await StatementWhen(id, s => s.Score == 19, "one was retracted");

        (await Ledger(id))[0].Cause.Reason.ShouldBe("retracted: Bad paper");
        var events = await service.Store.LightweightSession().Events.FetchStreamAsync(id, token: Ct);
        events.Select(e => e.Data).OfType<Restated>().Single().ShouldSatisfyAllConditions(
            restated => (restated.FromScore, restated.ToScore).ShouldBe((21, 19)), restated => restated.Cause.Type.ShouldBe("WorkRetracted"));
        events.Select(e => e.Data).OfType<LevelChanged>().Select(changed => (changed.From, changed.To)).ShouldContain(("Emerging", "Baseline"));
    }

    [Fact]
    public async Task What_a_merge_takes_and_gives_is_put_down_to_it_and_the_merged_one_leads_to_the_survivor()
    {
        var (survivor, gone) = (Guid.NewGuid(), Guid.NewGuid());
        foreach (var id in (Guid[])[survivor, gone])
        {
            await service.Publish(Registration(id), Ct);
            await service.Publish(Bibliography(id, 2, works: 1), Ct);
            await StatementWhen(id, s => s.Score == 11, "one work each");
        }

        BibliographyChanged After(Guid id, int works, long version, string type) =>
            Bibliography(id, version, works) with { Causes = [new BibliographyCause(type, Guid.NewGuid(), null, null)] };
        await service.Publish(After(survivor, 2, 3, nameof(ResearchersMerged)), Ct);
        await service.Publish(After(gone, 0, 3, nameof(ResearchersMerged)), Ct);
        await StatementWhen(survivor, s => s.Score == 13, "the survivor has both works");
        await StatementWhen(gone, s => s.Score == 9, "the merged one has none");
        (await Ledger(survivor))[0].Cause.Reason.ShouldBe("two profiles of one person were merged");
        (await Ledger(gone))[0].Cause.Type.ShouldBe(nameof(ResearchersMerged));

        await service.Publish(new ResearchersMerged(Origin(Sources.Publication, gone, 4), Guid.NewGuid(), gone, survivor, [gone]), Ct);
        await Eventually.Async(async ct => (await service.Anonymous().GetAsync($"/api/researchers/{gone}/trust/changes", ct)).Headers.Location?.ToString(),
            location => location == $"/api/researchers/{survivor}/trust/changes", "the ledger is the survivor's", ct: Ct);
        await service.Publish(new ResearchersSplit(Origin(Sources.Publication, gone, 5), Guid.NewGuid(), gone, survivor, [gone]), Ct);
        await service.Publish(After(gone, 1, 5, nameof(ResearchersSplit)), Ct);
        await service.Publish(After(survivor, 1, 5, nameof(ResearchersSplit)), Ct);
        await Eventually.Async(async ct => (await service.Anonymous().GetAsync($"/api/researchers/{gone}/trust", ct)).IsSuccessStatusCode, "they are their own again", ct: Ct);
        await StatementWhen(gone, s => s.Score == 11, "as before");
        await StatementWhen(survivor, s => s.Score == 11, "as before");
        (await Ledger(survivor))[0].Cause.Reason.ShouldBe("a merge of two profiles was taken back");
    }

    [Fact]
    public async Task Messages_in_any_order_and_repeated_lead_to_the_same_statement()
    {
        await Check.SampleAsync(Gen.Int[0, 1_000_000], async seed =>
        {
            var id = Guid.NewGuid();
            List<object> messages = [Registration(id), .. Enumerable.Range(1, 5).Select(works => Bibliography(id, works, works))];
            var deliveries = messages.Concat(messages).Concat(messages).ToArray();
            new Random(seed).Shuffle(deliveries);
            foreach (var message in deliveries) await service.Publish(message, Ct);
            var statement = await StatementWhen(id, s => s.Score == 19, "five works count");
            statement.Contributions.Sum(c => c.Points).ShouldBe(19);
        }, iter: 6, threads: 1);
    }

    [Fact]
    public async Task The_same_evidence_makes_no_event()
    {
        var id = Guid.NewGuid();
        var (registration, bibliography) = (Registration(id), Bibliography(id, 2, works: 1));
        await service.Publish(registration, Ct);
        await service.Publish(bibliography, Ct);
        await StatementWhen(id, s => s.Score == 11, "the work counts");
        var before = (await service.Store.LightweightSession().Events.FetchStreamAsync(id, token: Ct)).Count;
        await service.Publish(registration, Ct);
        await service.Publish(bibliography, Ct);
        // A later message of the same queue has gone through: so have the repeats before it.
        await service.Publish(Bibliography(id, 3, works: 2), Ct);
        await StatementWhen(id, s => s.Score == 13, "the second work counts");
        (await service.Store.LightweightSession().Events.FetchStreamAsync(id, token: Ct)).Count.ShouldBe(before + 2);
    }

    [Fact]
    public async Task Nothing_is_stated_about_somebody_who_is_not_registered()
    {
        var id = Guid.NewGuid();
        await service.Publish(Bibliography(id, 2, works: 1), Ct);
        await Eventually.Async(async _ => (await service.Rows("trust_records", "researcher")).Any(row => row.Contains(id.ToString())), "the evidence is kept", ct: Ct);
        (await service.Anonymous().GetAsync($"/api/researchers/{id}/trust", Ct)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await service.Anonymous().GetAsync($"/api/researchers/{id}/trust/changes", Ct)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        await service.Publish(Registration(id), Ct);
        await StatementWhen(id, s => s.Score == 11, "registration and work together");
        (await Ledger(id)).Single().Cause.Reason.ShouldBe("registered from arXiv, with 1 validated work in the record already");
    }

    [Fact]
    public async Task The_ledger_pages_and_a_rebuild_changes_nothing()
    {
        var id = Guid.NewGuid();
        await service.Publish(Registration(id), Ct);
        // A bibliography may overtake the registration, and both are one entry then.
        await StatementWhen(id, s => s.Score == 9, "the registration counts");
        for (var works = 1; works <= 4; works++)
        {
            await service.Publish(Bibliography(id, works, works), Ct);
            var expected = 9 + 2 * works;
            await StatementWhen(id, s => s.Score == expected, $"{works} works count");
        }

        var paged = await Ledger(id, limit: 2);
        paged.Select(change => change.To.Score).ShouldBe([17, 15, 13, 11, 9]);
        var before = await service.Rows("trust_records", "researcher");
        using var daemon = await service.Store.BuildProjectionDaemonAsync();
        await daemon.RebuildProjectionAsync(nameof(TrustRecords), Ct);
        (await service.Rows("trust_records", "researcher")).ShouldBe(before);
    }

    [Theory]
    [InlineData("trust")]
    [InlineData("trust/changes")]
    public async Task A_position_token_is_honoured_or_refused_never_ignored(string resource)
    {
        var id = Guid.NewGuid();
        await service.Publish(Registration(id), Ct);
        var statement = await StatementWhen(id, s => s.Score == 9, "registered");

        (await Read($"trust:{statement.AsOf}")).ShouldBe(HttpStatusCode.OK);
        (await Read($"trust:{statement.AsOf + 1}")).ShouldBe(HttpStatusCode.Conflict);
        (await Read("trust:soon")).ShouldBe(HttpStatusCode.BadRequest);

        async Task<HttpStatusCode> Read(string position)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/researchers/{id}/{resource}") { Headers = { { "Min-Position", position } } };
            return (await service.Anonymous().SendAsync(request, Ct)).StatusCode;
        }
    }

    [Fact]
    public async Task A_statement_waits_for_what_the_profile_service_told_of_the_profile()
    {
        var id = Guid.NewGuid();
        await service.Publish(Registration(id), Ct);
        var claimed = new EventOrigin(Guid.NewGuid(), DateTimeOffset.UtcNow, Sources.Profile, id, 4711, 0, id, 2);
        await service.Publish(new ProfileClaimed(claimed, id), Ct);
        await service.Publish(new IdentityValidated(claimed with { EventId = Guid.NewGuid(), Sequence = 4712, Version = 3 }, id, Guid.NewGuid(), "identity", "orcid", "0000-0002-1825-0097"), Ct);
        await StatementWhen(id, s => s.Score == 17, "claimed and validated");

        (await Read("profile:4712")).ShouldBe(HttpStatusCode.OK);
        (await Read("profile:4713")).ShouldBe(HttpStatusCode.Conflict);

        async Task<HttpStatusCode> Read(string position)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/researchers/{id}/trust") { Headers = { { "Min-Position", position } } };
            return (await service.Anonymous().SendAsync(request, Ct)).StatusCode;
        }
    }

    [Fact]
    public async Task An_unknown_researcher_has_neither_statement_nor_ledger()
    {
        (await service.Anonymous().GetAsync($"/api/researchers/{Guid.NewGuid()}/trust", Ct)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await service.Anonymous().GetAsync($"/api/researchers/{Guid.NewGuid()}/trust/changes", Ct)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await service.Anonymous().GetAsync("/api/researchers/nobody/trust", Ct)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }
}
