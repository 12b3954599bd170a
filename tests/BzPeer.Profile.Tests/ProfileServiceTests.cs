using System.Net;
using System.Net.Http.Json;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using BzPeer.Testing;
using CsCheck;
using Marten;
using Npgsql;
using Shouldly;
using Xunit;

[assembly: AssemblyFixture(typeof(TestServers))]

namespace BzPeer.Profile.Tests;

/// <summary>The service by its API and its messages, on real PostgreSQL and RabbitMQ.</summary>
public sealed class ProfileServiceTests(ServiceHost<Program> service) : IClassFixture<ServiceHost<Program>>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static EventOrigin Origin(string source, Guid subject, long sequence, long version) =>
        new(Guid.NewGuid(), DateTimeOffset.UtcNow, source, subject, sequence, 0, subject, version);

    private static AuthorIdentified Author(Guid id, long version, string name, string? orcid = null, string? openAlex = null, string? institution = null) => new(
        Origin(Sources.Publication, id, version, version), id, name, "openalex", orcid, openAlex,
        [.. new[] { orcid is null ? null : "orcid:" + orcid, openAlex is null ? null : "openalex:" + openAlex }.OfType<string>()],
        institution is null ? null : new Affiliation(institution, null, "openalex", null));

    private async Task<ResearcherCard?> Card(Guid id)
    {
        var answer = await service.Anonymous().GetAsync($"/api/researchers/{id}", Ct);
        return answer.StatusCode == HttpStatusCode.NotFound ? null : await answer.Content.ReadFromJsonAsync<ResearcherCard>(Ct);
    }

    private Task<ResearcherCard> CardWhen(Guid id, Func<ResearcherCard, bool> ready, string because) =>
        Eventually.Async(async _ => (await Card(id))!, card => card is not null && ready(card), because);

    private async Task<ResearcherCard> Registered(string name, string? orcid = null, string? openAlex = null)
    {
        var id = Guid.NewGuid();
        await service.Publish(Author(id, 1, name, orcid, openAlex), Ct);
        return await CardWhen(id, _ => true, "the researcher is registered");
    }

    private async Task<List<string>> Search(string query) =>
        [.. (await service.Anonymous().GetFromJsonAsync<Page<ResearcherCard>>($"/api/researchers?{query}", Ct))!.Items.Select(card => card.Name)];

    [Fact]
    public async Task A_new_card_has_the_defaults_of_a_profile_nobody_claimed()
    {
        var card = await Registered("Daniel Bernier");
        card.Headline.ShouldBe("Daniel Bernier contributes to research discovery and scholarly infrastructure.");
        (card.Role, card.Affiliation, card.OpenToCollaborate).ShouldBe(("Researcher", null, true));
        card.Counts.ShouldBe(new CardCounts(0, 0, 0, 0, 0));
    }

    [Fact]
    public async Task Sections_that_arrive_before_the_researcher_wait_for_them()
    {
        var id = Guid.NewGuid();
        await service.Publish(new FollowerCountChanged(Origin(Sources.Follow, id, 7, 1), id, 3, "", 2, "", 7), Ct);
        await Eventually.Async(async _ => (await service.Rows("researcher_cards", "id", "id, followers")).Any(row => row.Contains(id.ToString())), "the section is kept", ct: Ct);
        (await Card(id)).ShouldBeNull();
        await service.Publish(Author(id, 1, "Late Comer"), Ct);
        (await CardWhen(id, _ => true, "registered")).Counts.Followers.ShouldBe(3);
    }

    [Fact]
    public async Task Messages_in_any_order_and_repeated_leave_the_same_card()
    {
        // The last of each kind by version, whatever comes when.
        await Check.SampleAsync(Gen.Int[0, 1_000_000], async seed =>
        {
            var random = new Random(seed);
            var id = Guid.NewGuid();
            List<object> messages =
            [
                .. Enumerable.Range(1, 4).Select(v => Author(id, v, "Ada Lovelace", institution: "Institute " + v)),
                .. Enumerable.Range(1, 4).Select(v => new FollowerCountChanged(Origin(Sources.Follow, id, v + 1, v), id, v * 10, "", v, "", v)),
                .. Enumerable.Range(1, 4).Select(v => new BibliographyChanged(Origin(Sources.Publication, id, v + 1, v), id, v, v, 0, 0, v, v, [], v)),
                .. Enumerable.Range(1, 4).Select(v => new TrustRecalculated(Origin(Sources.Trust, id, v, v), id, 9 + v, "Baseline", 0, "Baseline", 1, [], new TrustCause("x", Guid.Empty, ""))),
            ];
            var deliveries = messages.Concat(messages).Concat(messages).ToArray();
            random.Shuffle(deliveries);
            foreach (var message in deliveries) await service.Publish(message, Ct);

            var card = await CardWhen(id, c => c is { Affiliation: "Institute 4", Counts: { Followers: 40, Works: 4 }, Trust.Score: 13 }, "the newest of each section stands");
            (card.Counts, card.AsOf.Follow, card.AsOf.Publication, card.AsOf.Trust).ShouldBe((new CardCounts(4, 40, 4, 4, 4), 4, 4, 4));
        }, iter: 6, threads: 1);
    }

    [Fact]
    public async Task A_bystanders_card_is_as_new_as_what_everybody_was_told_without_a_gap()
    {
        var (moved, bystander) = (await Registered("Somebody Followed"), await Registered("By Stander"));
        FollowerCountChanged Told(long sequence, long previous, long? completeTo) =>
            new(Origin(Sources.Follow, moved.Id, sequence, 1), moved.Id, 1, "", 0, "", sequence - 1, PreviousChange: previous, CompleteTo: completeTo);
        async Task<HttpStatusCode> At(long position)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/researchers/{bystander.Id}") { Headers = { { "Min-Position", $"follow:{position}" } } };
            return (await service.Anonymous().SendAsync(request, Ct)).StatusCode;
        }

        await service.Publish(Told(105, 100, 104), Ct);
        await service.Publish(Told(110, 105, 109), Ct);
        await CardWhen(moved.Id, card => card.AsOf.Follow == 109, "what came early is on the card it is about");
        (await At(104)).ShouldBe(HttpStatusCode.Conflict, "the first of the chain is missing, and it may be about anybody");
        FollowerCountChanged[] rest = [Told(105, 100, 104), Told(100, 0, null), Told(100, 0, null)];
        foreach (var message in rest) await service.Publish(message, Ct);
        await Eventually.Async(_ => At(109), status => status == HttpStatusCode.OK, "the gap is closed", ct: Ct);
        (await At(110)).ShouldBe(HttpStatusCode.Conflict);
        (await service.Rows("follow_mark_early", "previous")).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_mark_reaches_the_end_of_the_chain_and_nothing_waits_however_its_links_are_delivered_and_cut_into_batches()
    {
        await Check.SampleAsync(Gen.Int[1, 8].SelectMany(length => Gen.Select(Gen.Shuffle(Enumerable.Range(1, length).Concat(Enumerable.Range(1, length)).ToArray()), Gen.Int[1, 4].Array[2 * length])), async (deliveries, cuts) =>
        {
            await using var connection = await service.Database.OpenConnectionAsync(Ct);
            await using var undone = await connection.BeginTransactionAsync(Ct);
            async Task<object?> Execute(NpgsqlBatchCommand command)
            {
                await using var batch = new NpgsqlBatch(connection, undone) { BatchCommands = { command } };
                return await batch.ExecuteScalarAsync(Ct);
            }

            await Execute(new("truncate follow_mark, follow_mark_early"));
            foreach (var cut in cuts)
            {
                await Execute(FollowMark.Advance([.. deliveries.Take(cut).Select(link => new Delivered<FollowerCountChanged>(
                    new(Origin(Sources.Follow, Guid.NewGuid(), link * 10, 1), Guid.NewGuid(), 1, "", 0, "", 0, PreviousChange: (link - 1) * 10, CompleteTo: (link * 10) - 1), null))]));
                deliveries = deliveries[Math.Min(cut, deliveries.Length)..];
            }

            (await Execute(new("select sequence || ' complete to ' || complete_to from follow_mark"))).ShouldBe($"{cuts.Length * 5} complete to {(cuts.Length * 5) - 1}");
            (await Execute(new("select count(*) from follow_mark_early"))).ShouldBe(0L);
        }, iter: 200, threads: 1);
    }

    [Fact]
    public async Task A_name_is_found_by_prefixes_of_its_words_without_case_and_diacritics()
    {
        await Registered("Stéphane Čabrinjovič");
        (await Search("q=cabr+steph")).ShouldBe(["Stéphane Čabrinjovič"]);
        (await Search("q=ČABRINJOVIČ")).ShouldBe(["Stéphane Čabrinjovič"]);
        (await Search("q=brinjovic")).ShouldBeEmpty();
        (await Search("q=cabr+nobody")).ShouldBeEmpty();
        (await Search("q=%27%29+%7C+cabr")).ShouldBe(["Stéphane Čabrinjovič"], "operators are letters' neighbours, nothing more");
        (await Search("q=%26%7C")).ShouldBeEmpty();
        (await Search("q=%EF%BF%BE")).ShouldBeEmpty();
    }

    [Fact]
    public async Task An_external_id_finds_exactly_its_researcher()
    {
        await Registered("Josiah Carberry", "0000-0002-1825-0097", "A5023888391");
        (await Search("orcid=0000-0002-1825-0097")).ShouldBe(["Josiah Carberry"]);
        (await Search("orcid=https://orcid.org/0000-0002-1825-0097")).ShouldBe(["Josiah Carberry"]);
        (await Search("openAlex=A5023888391")).ShouldBe(["Josiah Carberry"]);
        (await Search("openAlex=A1")).ShouldBeEmpty();
        (await Search("q=0000-0002-1825-0097")).ShouldBe(["Josiah Carberry"]);
        (await Search("q=a5023888391")).ShouldBe(["Josiah Carberry"]);
        (await Search("q=A1")).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("q=waited for")]
    [InlineData("openAlex=A7000000123")]
    [InlineData("id=")]
    public async Task A_search_waits_for_a_position_like_a_card(string query)
    {
        var card = await Registered("Waited For", openAlex: "A7000000123");
        if (query == "id=") query += card.Id;
        (await Read($"profile:{card.AsOf.Profile}")).ShouldBe(HttpStatusCode.OK);
        (await Read("profile:99999999")).ShouldBe(HttpStatusCode.Conflict);
        (await Read("trust:99999999")).ShouldBe(HttpStatusCode.Conflict);
        (await Read("profile:soon")).ShouldBe(HttpStatusCode.BadRequest);

        async Task<HttpStatusCode> Read(string position)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/researchers?{query}") { Headers = { { "Min-Position", position } } };
            return (await service.Anonymous().SendAsync(request, Ct)).StatusCode;
        }
    }

    [Fact]
    public async Task Search_pages_through_everybody_once()
    {
        var names = Enumerable.Range(0, 5).Select(i => $"Pagetest Number{i}").ToList();
        foreach (var name in names) await Registered(name);
        var found = new List<string>();
        for (string? cursor = null; ;)
        {
            var page = (await service.Anonymous().GetFromJsonAsync<Page<ResearcherCard>>($"/api/researchers?q=pagetest&limit=2&cursor={cursor}", Ct))!;
            found.AddRange(page.Items.Select(card => card.Name));
            if ((cursor = page.Next) is null) break;
        }

        found.ShouldBe(names, ignoreOrder: true);
    }

    [Fact]
    public async Task Cards_come_in_the_order_asked_and_unknown_ones_are_left_out()
    {
        var (a, b) = (await Registered("Order A"), await Registered("Order B"));
        (await Search($"id={b.Id}&id={Guid.NewGuid()}&id={a.Id}")).ShouldBe(["Order B", "Order A"]);
    }

    [Fact]
    public async Task The_researcher_edits_their_own_profile_and_reads_it_back_at_once()
    {
        var card = await Registered("Edit Able");
        var answer = await service.As(card.Id).PatchAsJsonAsync($"/api/researchers/{card.Id}", new { headline = " Engines <b>& more</b> ", openToCollaborate = false }, Ct);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        var after = (await Card(card.Id))!;
        (after.Headline, after.OpenToCollaborate).ShouldBe(("Engines <b>& more</b>", false));
        answer.Headers.GetValues("X-BzPeer-Position").Single().ShouldBe($"profile:{after.AsOf.Profile}");
    }

    [Theory]
    [InlineData("""{"headline": 5}""", 400)]
    [InlineData("""[]""", 400)]
    [InlineData("""{"headline": """, 400)]
    [InlineData("", 400)]
    [InlineData("""{"headline": "\ud800"}""", 400)]
    [InlineData("""{"\ud800": true}""", 400)]
    [InlineData("""{"name": "Somebody Else"}""", 422)]
    [InlineData("""{"headline": "two\nlines"}""", 422)]
    [InlineData("LONG", 422)]
    public async Task A_wrong_edit_names_the_rule_and_changes_nothing(string body, int status)
    {
        var card = await Registered("Unchanged");
        if (body == "LONG") body = $$"""{"headline": "{{new string('x', 301)}}"}""";
        var answer = await service.As(card.Id).PatchAsync($"/api/researchers/{card.Id}", new StringContent(body, System.Text.Encoding.UTF8, "application/json"), Ct);
        ((int)answer.StatusCode).ShouldBe(status);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        (await Card(card.Id)).ShouldBe(card);
    }

    [Fact]
    public async Task Nobody_edits_anybody_else_and_nobody_unknown_is_edited()
    {
        var card = await Registered("Not Yours");
        (await service.As(Guid.NewGuid(), "curator").PatchAsJsonAsync($"/api/researchers/{card.Id}", new { headline = "mine" }, Ct)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        var nobody = Guid.NewGuid();
        (await service.As(nobody).PatchAsJsonAsync($"/api/researchers/{nobody}", new { headline = "mine" }, Ct)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await service.Anonymous().PatchAsJsonAsync($"/api/researchers/{card.Id}", new { headline = "mine" }, Ct)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task A_rebuild_leaves_every_card_as_it_was()
    {
        var card = await Registered("Re Build", "0000-0001-5109-3700");
        await service.As(card.Id).PatchAsJsonAsync($"/api/researchers/{card.Id}", new { headline = "Built" }, Ct);
        var before = await service.Rows("researcher_cards", "id");
        using var daemon = await service.Store.BuildProjectionDaemonAsync();
        await daemon.RebuildProjectionAsync(nameof(ResearcherCards), Ct);
        (await service.Rows("researcher_cards", "id")).ShouldBe(before);
    }

    [Fact]
    public async Task A_development_token_lets_its_bearer_act_as_that_researcher()
    {
        var card = await Registered("Token Bearer");
        var token = (await (await service.Anonymous().PostAsJsonAsync("/api/dev/tokens", new { researcherId = card.Id, roles = new[] { "curator" } }, Ct)).Content.ReadFromJsonAsync<TokenAnswer>(Ct))!;
        using var client = service.Anonymous();
        client.DefaultRequestHeaders.Authorization = new("Bearer", token.AccessToken);
        (await client.PatchAsJsonAsync($"/api/researchers/{card.Id}", new { headline = "Me" }, Ct)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }
}
