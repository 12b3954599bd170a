using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using BzPeer.ServiceDefaults;
using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>The curators' queue of researchers who may be one person.</summary>
public sealed class SuspectedPairsTests(SharedPublication service)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string Name(string given) => $"{given} Name{Records.Number()}";

    private Task<HttpResponseMessage> Distinguish(Guid pair, string? reason) => service.Curator.PostAsJsonAsync($"/api/suspected-pairs/{pair}/distinction", new { reason }, Ct);

    private async Task<IReadOnlyList<SuspectedPair>> Of(Guid researcher)
    {
        await service.PairsAreFound();
        using var answer = await service.Curator.GetAsync($"/api/researchers/{researcher}/suspected-pairs", Ct);
        return (await PublicationService.Read<Page<SuspectedPair>>(answer)).Items;
    }

    private async Task<List<SuspectedPair>> Queue()
    {
        await service.PairsAreFound();
        List<SuspectedPair> all = [];
        for (string? cursor = null; ;)
        {
            using var answer = await service.Curator.GetAsync($"/api/suspected-pairs?limit=3{(cursor is null ? "" : $"&cursor={cursor}")}", Ct);
            var page = await PublicationService.Read<Page<SuspectedPair>>(answer);
            all.AddRange(page.Items);
            if ((cursor = page.Next) is null) return all;
        }
    }

    private static JsonObject By(params JsonObject[] authors) => Records.OpenAlexBy(Records.Number(), authors);

    private sealed record Two(Guid One, Guid Other, string Name, string CoAuthor, string OneId, string OtherId);

    /// <summary>Two OpenAlex authors of one name, beside the same third.</summary>
    private async Task<Two> Import()
    {
        var (name, coAuthor, one, other, third) = (Name("Ada"), Name("Grace"), $"A{Records.Number()}", $"A{Records.Number()}", $"A{Records.Number()}");
        await service.Import(WorkSource.OpenAlex, Records.Lines(
            By(Records.Author(name, one), Records.Author(coAuthor, third)), By(Records.Author(name, other), Records.Author(coAuthor, third)), By(Records.Author(name, other))));
        return new(await service.OpenAlexAuthor(one), await service.OpenAlexAuthor(other), name, coAuthor, one, other);
    }

    [Fact]
    public async Task Two_of_one_name_with_a_common_co_author_are_in_the_queue_with_the_evidence()
    {
        var two = await Import();
        two.One.ShouldNotBe(two.Other);
        var pair = (await Of(two.One)).ShouldHaveSingleItem();
        pair.Evidence.ShouldBe([new("coauthors", $"1 shared co-author: {two.CoAuthor}", 10), new("name", $"the same name: {two.Name}", 3)]);
        pair.Strength.ShouldBe(13);
        pair.Researchers.Select(one => (one.ResearcherId, one.Name, one.Keys.Single(), one.Works)).ShouldBe(
            [(two.One, two.Name, $"openalex:{two.OneId}", 1L), (two.Other, two.Name, $"openalex:{two.OtherId}", 2L)], ignoreOrder: true);
        (await Of(two.Other)).ShouldHaveSingleItem().Id.ShouldBe(pair.Id);
        (await Queue()).Count(one => one.Id == pair.Id).ShouldBe(1);
    }

    [Fact]
    public async Task The_strongest_come_first_whatever_the_pages_are()
    {
        foreach (var _ in Enumerable.Range(0, 4)) await Import();
        var queue = await Queue();
        queue.Count.ShouldBeGreaterThanOrEqualTo(4);
        queue.Select(pair => pair.Strength).ShouldBeInOrder(SortDirection.Descending);
        queue.Select(pair => pair.Id).ShouldBeUnique();
    }

    [Fact]
    public async Task Evidence_that_comes_later_is_found_and_the_same_again_is_no_news()
    {
        var (name, coAuthor) = (Name("Ada"), Name("Grace"));
        var arxiv = await Arxiv(name);
        var crossref = await Arxiv(name, WorkSource.Crossref);
        (await Of(arxiv)).ShouldBeEmpty();

        await Arxiv(coAuthor, WorkSource.Arxiv, name);
        await Arxiv(coAuthor, WorkSource.Crossref, Name("Mary"));
        (await Of(arxiv)).ShouldBeEmpty();
        await Arxiv(name, WorkSource.Crossref, coAuthor);
        var pair = (await Of(arxiv)).ShouldHaveSingleItem();
        pair.Researchers.Select(one => one.ResearcherId).ShouldBe([arxiv, crossref], ignoreOrder: true);
        pair.Evidence[0].Detail.ShouldBe($"1 shared co-author: {coAuthor}");

        await Arxiv(name, WorkSource.Crossref, coAuthor);
        await service.PairsAreFound();
        (await service.Scalar($"select count(*) from mt_events where stream_id = '{pair.Id}'")).ShouldBe(1);
    }

    /// <summary>A work by names only; answers with its first author.</summary>
    private async Task<Guid> Arxiv(string name, string source = WorkSource.Arxiv, params string[] others)
    {
        var number = Records.Number();
        var record = source == WorkSource.Arxiv
            ? new JsonObject { ["arxiv_id"] = Records.ArxivId(), ["title"] = $"T{number}", ["authors"] = new JsonArray([.. others.Prepend(name).Select(one => JsonValue.Create(one))]) }
            : new JsonObject { ["DOI"] = $"10.1000/{number}", ["title"] = new JsonArray($"T{number}"), ["type"] = "journal-article", ["author"] = new JsonArray([.. others.Prepend(name).Select(one => new JsonObject { ["given"] = one.Split(' ')[0], ["family"] = one.Split(' ')[1] })]) };
        await service.Import(source, Records.Lines(record));
        return await service.Known($"name:{source}:{AuthorName.Of(name).Letters}");
    }

    [Fact]
    public async Task Two_on_one_work_and_two_with_ORCID_iDs_are_two_people()
    {
        var (name, third) = (Name("Ada"), Name("Grace"));
        var (one, other) = (Records.Orcid(), Records.Orcid());
        await service.Import(WorkSource.OpenAlex, Records.Lines(
            By(Records.Author(name, orcid: one), Records.Author(third, "A4999999999")), By(Records.Author(name, orcid: other), Records.Author(third, "A4999999999"))));
        (await Of(await service.Known($"orcid:{one}"))).ShouldBeEmpty();

        var (twin, twins) = ($"A{Records.Number()}", $"A{Records.Number()}");
        name = Name("Ada");
        await service.Import(WorkSource.OpenAlex, Records.Lines(By(Records.Author(name, twin), Records.Author(name, twins), Records.Author(third, "A4999999999"))));
        (await Of(await service.OpenAlexAuthor(twin))).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_record_whose_ids_name_two_puts_them_first()
    {
        var (id, orcid) = ($"A{Records.Number()}", Records.Orcid());
        await service.Import(WorkSource.OpenAlex, Records.Lines(By(Records.Author(Name("Ada"), id)), By(Records.Author(Name("Grace"), orcid: orcid))));
        await service.Import(WorkSource.OpenAlex, Records.Lines(By(Records.Author("Ada", id, orcid))));
        var pair = (await Of(await service.OpenAlexAuthor(id))).ShouldHaveSingleItem();
        pair.Evidence.ShouldBe([new("sameRecord", $"openalex names orcid:{orcid} and openalex:{id} as one author", 100)]);
        (await Of(await service.Known($"orcid:{orcid}"))).ShouldHaveSingleItem().Id.ShouldBe(pair.Id);
    }

    [Fact]
    public async Task Who_is_told_apart_is_not_asked_about_again_until_that_is_taken_back()
    {
        var two = await Import();
        var pair = (await Of(two.One)).Single();
        (await PublicationService.Read<SuspectedPair>(await Distinguish(pair.Id, "I know both."))).Distinction.ShouldNotBeNull().Reason.ShouldBe("I know both.");
        (await PublicationService.Read<SuspectedPair>(await Distinguish(pair.Id, "Still."))).Distinction.ShouldNotBeNull().Reason.ShouldBe("I know both.");
        (await Queue()).ShouldNotContain(one => one.Id == pair.Id);
        (await Of(two.One)).ShouldHaveSingleItem().Distinction.ShouldNotBeNull();

        // More of the same evidence.
        var fourth = $"A{Records.Number()}";
        await service.Import(WorkSource.OpenAlex, Records.Lines(
            By(Records.Author(two.Name, two.OneId), Records.Author("Mary Somerville", fourth)), By(Records.Author(two.Name, two.OtherId), Records.Author("Mary Somerville", fourth))));
        (await Queue()).ShouldNotContain(one => one.Id == pair.Id);
        using (var refused = await service.Curator.PostAsJsonAsync($"/api/researchers/{two.One}/merges", new { researcherId = two.Other, reason = "They look alike." }, Ct))
            await PublicationService.ShouldBeProblem(refused, 422, "distinguished-pair");

        using var withdrawn = await service.Curator.DeleteAsync($"/api/suspected-pairs/{pair.Id}/distinction", Ct);
        (await PublicationService.Read<SuspectedPair>(withdrawn)).Distinction.ShouldBeNull();
        (await Queue()).Count(one => one.Id == pair.Id).ShouldBe(1);
    }

    [Fact]
    public async Task Who_is_one_since_a_merge_is_not_in_the_queue_until_it_is_taken_back()
    {
        var two = await Import();
        var pair = (await Of(two.One)).Single();
        using var merged = await service.Curator.PostAsJsonAsync($"/api/researchers/{two.One}/merges", new { researcherId = two.Other, reason = "One person." }, Ct);
        var merge = await PublicationService.Read<Merge>(merged, HttpStatusCode.Created);
        (await Queue()).ShouldNotContain(one => one.Id == pair.Id);
        (await Of(two.One)).ShouldBeEmpty();

        (await service.Curator.DeleteAsync($"/api/merges/{merge.Id}?reason=Two", Ct)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await Queue()).Count(one => one.Id == pair.Id).ShouldBe(1);
    }

    [Fact]
    public async Task Only_curators_see_suspicions_and_decide_on_them()
    {
        var somebody = service.Host.As(Guid.NewGuid());
        foreach (var path in new[] { "/api/suspected-pairs", $"/api/researchers/{Guid.NewGuid()}/suspected-pairs" })
        {
            (await service.Anonymous.GetAsync(path, Ct)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
            (await somebody.GetAsync(path, Ct)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        }

        (await somebody.PostAsJsonAsync($"/api/suspected-pairs/{Guid.NewGuid()}/distinction", new { reason = "R" }, Ct)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await somebody.DeleteAsync($"/api/suspected-pairs/{Guid.NewGuid()}/distinction", Ct)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task What_does_not_exist_and_what_says_nothing_is_refused()
    {
        await PublicationService.ShouldBeProblem(await Distinguish(Guid.NewGuid(), "R"), 404, "unknown-pair");
        await PublicationService.ShouldBeProblem(await Distinguish(Guid.NewGuid(), " "), 422, "distinction-reason");
        await PublicationService.ShouldBeProblem(await service.Curator.GetAsync($"/api/researchers/{Guid.NewGuid()}/suspected-pairs", Ct), 404, "unknown-researcher");
        await PublicationService.ShouldBeProblem(await service.Curator.GetAsync("/api/suspected-pairs?cursor=x", Ct), 400, "malformed-cursor");
    }
}
