using System.Net;
using System.Net.Http.Json;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using CsCheck;
using Marten;
using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>Two researchers who are one person, and the way back.</summary>
public sealed class MergesTests(PublicationService service) : IClassFixture<PublicationService>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static readonly (string Table, string Order, string Columns)[] ReadModels =
    [
        ("works", "id", "*"), ("work_authors", "work_id, position", "*"), ("work_topics", "work_id, rank", "*"), ("work_institutions", "work_id, position, institution_id", "*"),
        ("researchers", "id", "*"), ("author_keys", "key", "*"), ("work_keys", "key", "*"),
        ("bibliographies", "researcher_id", "researcher_id, works, validated, self_asserted, retracted, topics, close_collaborators"),
    ];

    private Task<HttpResponseMessage> Ask(Guid into, Guid researcher) =>
        service.Curator.PostAsJsonAsync($"/api/researchers/{into}/merges", new { researcherId = researcher, reason = "Same ORCID on both home pages." }, Ct);

    private async Task<Merge> MergeOf(Guid researcher, Guid into)
    {
        using var answer = await Ask(into, researcher);
        return await PublicationService.Read<Merge>(answer, HttpStatusCode.Created);
    }

    private async Task<Merge> Undo(Merge merge)
    {
        using var answer = await service.Curator.DeleteAsync($"/api/merges/{merge.Id}?reason=They%20are%20father%20and%20daughter.", Ct);
        return await PublicationService.Read<Merge>(answer);
    }

    private async Task<Guid[]> WorksOf(Guid researcher) => [.. (await service.GetAll<ListedWork>($"/api/researchers/{researcher}/works")).Select(work => work.Id).Order()];

    private async Task<Dictionary<string, string[]>> Models()
    {
        await service.SumsAreTold();
        var rows = new Dictionary<string, string[]>();
        foreach (var (table, order, columns) in ReadModels) rows[table] = await service.Host.Rows(table, order, columns);
        return rows;
    }

    private static void ShouldBeSame(Dictionary<string, string[]> now, Dictionary<string, string[]> before)
    {
        foreach (var (table, _, _) in ReadModels) now[table].ShouldBe(before[table], table);
    }

    [Fact]
    public async Task What_both_published_is_the_survivors_and_the_way_back_is_exact_after_a_rebuild_and_the_same_records_again()
    {
        var (ada, adele, bob, cleo) = ($"A{Records.Number()}", $"A{Records.Number()}", $"A{Records.Number()}", $"A{Records.Number()}");
        // Each of the two is close to Bob by one work; Cleo by half a work with each, which together is enough; one work has both of them.
        var many = Enumerable.Range(0, 5).Select(_ => $"A{Records.Number()}").ToArray();
        var file = Records.Lines(
            Records.OpenAlex(Records.Number(), ada, bob), Records.OpenAlex(Records.Number(), adele, bob), Records.OpenAlex(Records.Number(), [ada, cleo, .. many]),
            Records.OpenAlex(Records.Number(), [adele, cleo, .. many]), Records.OpenAlex(Records.Number(), ada, adele, cleo), Records.OpenAlex(Records.Number(), adele));
        await service.Import(WorkSource.OpenAlex, file);
        var (one, other, b) = (await service.OpenAlexAuthor(ada), await service.OpenAlexAuthor(adele), await service.OpenAlexAuthor(bob));
        var before = await Models();
        (await service.Sums(one)).ShouldBe(new(3, 3, 0, 0, 0, 3));
        (await service.Sums(b)).CloseCollaborators.ShouldBe(2);

        var merge = await MergeOf(other, into: one);

        await service.SumsAreTold();
        (await WorksOf(one)).Length.ShouldBe(6);
        // Ada and Adele on one work are one person of two.
        (await service.Sums(one)).ShouldBe(new(6, 6, 0, 0, 0, 2 + many.Length));
        (await service.Sums(other)).ShouldBe(new(0, 0, 0, 0, 0, 0));
        (await service.Sums(b)).ShouldBe(new(2, 2, 0, 0, 0, 1));
        (await service.Scalar($"select people from works where id = (select work_id from work_authors where identified = '{one}' intersect select work_id from work_authors where identified = '{other}')")).ShouldBe(2);
        await using (var session = service.Host.Store.QuerySession())
        {
            var cause = ((SumsChanged)(await session.Events.FetchStreamAsync(SumsChanged.StreamId(b), token: Ct))[^1].Data).Causes.ShouldHaveSingleItem();
            (cause.Type, cause.WorkId, cause.Title).ShouldBe((nameof(ResearchersMerged), null, null));
        }

        // Whoever they are, the same records say nothing new, and a rebuild shows the same.
        (await service.Import(WorkSource.OpenAlex, file)).Unchanged.ShouldBe(6);
        var merged = await Models();
        using (var daemon = await service.Host.Store.BuildProjectionDaemonAsync()) await daemon.RebuildProjectionAsync(nameof(WorkTables), Ct);
        ShouldBeSame(await Models(), merged);

        (await Undo(merge)).TakenBackAt.ShouldNotBeNull();

        ShouldBeSame(await Models(), before);
        (await service.Import(WorkSource.OpenAlex, file)).Unchanged.ShouldBe(6);
        using (var daemon = await service.Host.Store.BuildProjectionDaemonAsync()) await daemon.RebuildProjectionAsync(nameof(WorkTables), Ct);
        ShouldBeSame(await Models(), before);
    }

    [Fact]
    public async Task Reads_of_the_merged_one_lead_to_the_survivor_and_so_do_writes()
    {
        var people = await service.Register(3);
        var (survivor, gone) = (people[0], people[1]);
        await MergeOf(gone, into: survivor);

        foreach (var path in (string[])["works?limit=3", "works.atom", "collaborators", "topics", "institutions", "same-as"])
        {
            using var answer = await service.Anonymous.GetAsync($"/api/researchers/{gone}/{path}", Ct);
            answer.StatusCode.ShouldBe(HttpStatusCode.MovedPermanently, path);
            answer.Headers.Location!.ToString().ShouldBe($"/api/researchers/{survivor}/{path}");
            answer.Headers.CacheControl!.NoCache.ShouldBeTrue();
        }

        using (var slice = await service.Anonymous.GetAsync($"/api/graph/researcher/{gone}?limit=9", Ct))
            slice.Headers.Location!.ToString().ShouldBe($"/api/graph/researcher/{survivor}?limit=9");
        using (var write = await Ask(gone, people[2]))
        {
            write.StatusCode.ShouldBe(HttpStatusCode.PermanentRedirect);
            write.Headers.Location!.ToString().ShouldBe($"/api/researchers/{survivor}/merges");
        }

        var same = (await service.Get<Page<SameResearcher>>($"/api/researchers/{survivor}/same-as")).Items.ShouldHaveSingleItem();
        (same.ResearcherId, same.Merge.SurvivorId, same.Merge.Reason).ShouldBe((gone, survivor, "Same ORCID on both home pages."));
        (await service.Get<Page<SameResearcher>>($"/api/researchers/{people[2]}/same-as")).Items.ShouldBeEmpty();
        using var unknown = await service.Anonymous.GetAsync($"/api/researchers/{Guid.NewGuid()}/same-as", Ct);
        await PublicationService.ShouldBeProblem(unknown, 404, "unknown-researcher");
    }

    [Fact]
    public async Task Who_was_merged_acts_as_the_survivor_and_what_they_publish_stays_with_the_survivor()
    {
        var people = await service.Register(2);
        var (survivor, gone) = (people[0], people[1]);
        var merge = await MergeOf(gone, into: survivor);

        // Signed in as the merged one, and naming themselves by the id they have always had.
        var work = await PublicationService.Publish(service.Host.As(gone), new { title = "After the merge", type = "article", publicationDate = "2025-01-01", authors = new[] { new { researcherId = gone } } });
        work.Authors.ShouldHaveSingleItem().ResearcherId.ShouldBe(survivor);

        await Undo(merge);
        (await WorksOf(survivor)).ShouldContain(work.Id);
        (await WorksOf(gone)).ShouldNotContain(work.Id);
        using var refused = await PublicationService.Post(service.Host.As(gone), new { title = "As somebody else", type = "article", publicationDate = "2025-01-01", authors = new[] { new { researcherId = survivor } } });
        await PublicationService.ShouldBeProblem(refused, 403, "not-yours");
    }

    [Fact]
    public async Task What_sources_say_of_the_merged_one_is_the_survivors_until_it_is_taken_back()
    {
        var (ada, adele) = ($"A{Records.Number()}", $"A{Records.Number()}");
        await service.Import(WorkSource.OpenAlex, Records.Lines(Records.OpenAlex(Records.Number(), ada), Records.OpenAlex(Records.Number(), adele)));
        var (survivor, gone) = (await service.OpenAlexAuthor(ada), await service.OpenAlexAuthor(adele));
        var merge = await MergeOf(gone, into: survivor);
        var number = Records.Number();
        await service.Import(WorkSource.OpenAlex, Records.Lines(Records.OpenAlex(number, adele)));
        var work = (await service.WorkKnownAs($"openalex:W{number}")).Id;
        (await WorksOf(survivor)).ShouldContain(work);
        (await service.Sums(survivor)).Works.ShouldBe(3);

        // Corrected while it is merged: nobody hears of somebody who is not there.
        await service.Import(WorkSource.OpenAlex, Records.Lines(Records.OpenAlex(number)));
        (await service.Sums(survivor)).Works.ShouldBe(2);
        await service.Import(WorkSource.OpenAlex, Records.Lines(Records.OpenAlex(number, adele)));
        (await service.Sums(survivor)).Works.ShouldBe(3);

        await Undo(merge);

        (await WorksOf(gone)).ShouldContain(work);
        (await service.Sums(survivor)).Works.ShouldBe(1);
        (await service.Sums(gone)).Works.ShouldBe(2);
    }

    [Fact]
    public async Task A_merge_into_who_is_merged_later_follows_and_each_can_be_taken_back_alone()
    {
        var ids = Enumerable.Range(0, 3).Select(_ => $"A{Records.Number()}").ToArray();
        await service.Import(WorkSource.OpenAlex, ids.Select(id => Records.OpenAlex(Records.Number(), id)).Lines());
        var p = await Task.WhenAll(ids.Select(service.OpenAlexAuthor));
        var before = await Models();
        var (first, second) = (await MergeOf(p[0], into: p[1]), await MergeOf(p[1], into: p[2]));
        (await WorksOf(p[2])).Length.ShouldBe(3);
        (await service.Get<Page<SameResearcher>>($"/api/researchers/{p[2]}/same-as")).Items.Select(same => same.ResearcherId).ShouldBe([p[1], p[0]]);

        await Undo(first);
        ((await WorksOf(p[0])).Length, (await WorksOf(p[2])).Length).ShouldBe((1, 2));
        await Undo(second);
        ShouldBeSame(await Models(), before);

        var (again, then) = (await MergeOf(p[0], into: p[1]), await MergeOf(p[1], into: p[2]));
        await Undo(then);
        ((await WorksOf(p[1])).Length, (await WorksOf(p[2])).Length).ShouldBe((2, 1));
        await Undo(again);
        ShouldBeSame(await Models(), before);
    }

    [Fact]
    public async Task Only_what_makes_sense_is_merged_by_curators_who_say_why()
    {
        var people = await service.Register(2);
        using (var self = await Ask(people[0], people[0])) await PublicationService.ShouldBeProblem(self, 422, "self-merge");
        using (var stranger = await Ask(people[0], Guid.NewGuid())) await PublicationService.ShouldBeProblem(stranger, 422, "unknown-researcher");
        using (var nowhere = await Ask(Guid.NewGuid(), people[0])) await PublicationService.ShouldBeProblem(nowhere, 404, "unknown-researcher");
        using (var silent = await service.Curator.PostAsJsonAsync($"/api/researchers/{people[0]}/merges", new { researcherId = people[1], reason = " " }, Ct))
            await PublicationService.ShouldBeProblem(silent, 422, "merge-reason");
        using (var nobody = await service.Curator.PostAsJsonAsync($"/api/researchers/{people[0]}/merges", new { reason = "R" }, Ct))
            await PublicationService.ShouldBeProblem(nobody, 400, "malformed-researcher-id");
        using (var oneself = await service.Host.As(people[1]).PostAsJsonAsync($"/api/researchers/{people[0]}/merges", new { researcherId = people[1], reason = "Me" }, Ct))
            oneself.StatusCode.ShouldBe(HttpStatusCode.Forbidden);

        var merge = await MergeOf(people[1], into: people[0]);
        using (var again = await Ask(people[0], people[1])) (await PublicationService.Read<Merge>(again)).ShouldBe(merge);
        (await service.Get<Merge>($"/api/merges/{merge.Id}")).ShouldBe(merge);
        using (var silent = await service.Curator.DeleteAsync($"/api/merges/{merge.Id}", Ct)) await PublicationService.ShouldBeProblem(silent, 422, "split-reason");
        var undone = await Undo(merge);
        (await Undo(merge)).ShouldBe(undone);
        using var unknown = await service.Curator.DeleteAsync($"/api/merges/{Guid.NewGuid()}?reason=R", Ct);
        await PublicationService.ShouldBeProblem(unknown, 404, "unknown-merge");
    }

    [Fact]
    public async Task Merges_and_splits_in_the_midst_of_an_import_leave_every_author_with_the_survivor()
    {
        var ids = Enumerable.Range(0, 3).Select(_ => $"A{Records.Number()}").ToArray();
        await service.Import(WorkSource.OpenAlex, ids.Select(id => Records.OpenAlex(Records.Number(), id)).Lines());
        var p = await Task.WhenAll(ids.Select(service.OpenAlexAuthor));
        using var accepted = await service.SendImport(WorkSource.OpenAlex, System.Text.Encoding.UTF8.GetBytes(Enumerable.Range(0, 600).Select(n => Records.OpenAlex(Records.Number(), ids[n % 3])).Lines()), "application/x-ndjson");

        Merge? merge = null;
        for (var round = 0; round < 12; round++)
            merge = round % 2 == 0 ? await MergeOf(p[0], into: p[1]) : await Undo(merge!);
        // And two at once, of which one comes first and the other follows.
        using (var one = await service.Curator.PostAsJsonAsync($"/api/researchers/{p[1]}/merges", new { researcherId = p[0], reason = "R" }, Ct))
        using (var other = await service.Curator.PostAsJsonAsync($"/api/researchers/{p[2]}/merges", new { researcherId = p[1], reason = "R" }, Ct))
            (one.IsSuccessStatusCode, other.IsSuccessStatusCode).ShouldBe((true, true));
        (await service.Finished(accepted.Headers.Location!)).Created.ShouldBe(600);

        (await service.Scalar("select count(*) from work_authors a left join survivors s on s.id = a.identified where a.researcher_id is distinct from coalesce(s.survivor, a.identified)")).ShouldBe(0);
        (await WorksOf(p[2])).Length.ShouldBe(603);
        (await service.Sums(p[2])).Works.ShouldBe(603);
    }

    [Fact]
    public void Whatever_is_merged_and_taken_back_in_whatever_order_everybody_is_who_the_standing_merges_say() => (
        from steps in Gen.Select(Gen.Bool, Gen.Int[0, 6], Gen.Int[0, 6]).List[1, 40]
        select steps).Sample(steps =>
        {
            var people = Enumerable.Range(0, 7).Select(n => new Guid(n + 1, 0, 0, new byte[8])).ToArray();
            var into = new Dictionary<Guid, Guid>();
            var told = people.ToDictionary(person => person);
            var standing = new Dictionary<Guid, Merge>();
            foreach (var (join, x, y) in steps)
            {
                var kinship = Merges.Standing(into);
                if (join && Merges.Decide(kinship, people[x], people[y], "R", Guid.Empty, default) is { } merged)
                {
                    into[merged.MergedId] = merged.SurvivorId;
                    standing[merged.MergedId] = new(merged.MergeId, merged.MergedId, merged.SurvivorId, "R", Guid.Empty, default, null, null);
                    foreach (var member in merged.Members) told[member] = merged.SurvivorId;
                }
                else if (!join && standing.Remove(people[x], out var merge))
                {
                    var split = Merges.Decide(kinship, merge, "R", Guid.Empty, default)!;
                    split.SurvivorId.ShouldBe(told[people[x]]);
                    into.Remove(split.RestoredId);
                    foreach (var member in split.Members) told[member] = split.RestoredId;
                }

                // What the events told of each is what all standing merges come to.
                foreach (var person in people) told[person].ShouldBe(Merges.Standing(into).SurvivorOf(person));
            }
        });
}
