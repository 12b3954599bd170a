using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>Authors of imported records, from files that come one after the other.</summary>
public sealed class AuthorIdentityTests(SharedPublication service)
{
    private async Task<Identified> State(Guid researcher)
    {
        await using var session = service.Host.Store.QuerySession();
        return (await session.Events.FetchStreamAsync(researcher, token: TestContext.Current.CancellationToken)).Select(e => (Identified)e.Data).Last();
    }

    private static JsonObject Arxiv(params JsonNode[] authors) => new() { ["arxiv_id"] = Records.ArxivId(), ["title"] = "T", ["created"] = "2024-05-17", ["authors"] = new JsonArray(authors) };

    private async Task<int> Works(Guid researcher) => (await service.GetAll<ListedWork>($"/api/researchers/{researcher}/works")).Count;

    [Fact]
    public async Task The_same_OpenAlex_author_in_two_files_is_one_researcher()
    {
        var id = $"A{Records.Number()}";
        await service.Import(WorkSource.OpenAlex, Records.Lines(Records.OpenAlexBy(Records.Number(), Records.Author("Ada Lovelace", id))));
        await service.Import(WorkSource.OpenAlex, Records.Lines(Records.OpenAlexBy(Records.Number(), Records.Author("A. Lovelace", id))));
        var ada = await service.OpenAlexAuthor(id);
        (await Works(ada)).ShouldBe(2);
        (await State(ada)).Name.ShouldBe("Ada Lovelace");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_author_of_OpenAlex_and_of_arXiv_with_the_same_ORCID_iD_is_one_researcher_whichever_comes_first(bool openAlexFirst)
    {
        var (id, orcid) = ($"A{Records.Number()}", Records.Orcid());
        var openAlex = Records.Lines(Records.OpenAlexBy(Records.Number(), Records.Author("Ada Lovelace", $"https://openalex.org/{id}", $"https://orcid.org/{orcid}")));
        var arxiv = Records.Lines(Arxiv(new JsonObject { ["name"] = "Ada Lovelace", ["orcid"] = orcid }));
        foreach (var first in new[] { openAlexFirst, !openAlexFirst })
            (await service.Import(first ? WorkSource.OpenAlex : WorkSource.Arxiv, first ? openAlex : arxiv)).Created.ShouldBe(1);

        var ada = await service.Known($"orcid:{orcid}");
        (await service.OpenAlexAuthor(id)).ShouldBe(ada);
        (await Works(ada)).ShouldBe(2);
        var state = await State(ada);
        (state.Orcid, state.OpenAlex, state.RegisteredFrom).ShouldBe((orcid, id, openAlexFirst ? WorkSource.OpenAlex : WorkSource.Arxiv));
        state.Keys.ShouldBe([$"orcid:{orcid}", $"openalex:{id}"], ignoreOrder: true);
    }

    [Fact]
    public async Task An_author_of_OpenAlex_and_of_arXiv_with_the_same_OpenAlex_id_is_one_researcher()
    {
        var id = $"A{Records.Number()}";
        await service.Import(WorkSource.Arxiv, Records.Lines(Arxiv(new JsonObject { ["name"] = "Ada", ["openAlex"] = id })));
        await service.Import(WorkSource.OpenAlex, Records.Lines(Records.OpenAlex(Records.Number(), id)));
        (await Works(await service.OpenAlexAuthor(id))).ShouldBe(2);
    }

    [Fact]
    public async Task Who_is_named_without_an_id_on_a_work_that_names_them_with_one_is_nobody_new()
    {
        var (arxivId, ada, twin, other) = (Records.ArxivId(), $"A{Records.Number()}", $"A{Records.Number()}", $"A{Records.Number()}");
        var name = $"Ada {Records.Number()}";
        var known = Records.OpenAlexBy(Records.Number(), Records.Author(name, ada), Records.Author("Jun Li", twin), Records.Author("Jun Li", other));
        known["locations"] = new JsonArray(new JsonObject { ["landing_page_url"] = $"https://arxiv.org/abs/{arxivId}" });
        await service.Import(WorkSource.OpenAlex, Records.Lines(known));
        var again = Arxiv(name, "Jun Li", $"Bob {Records.Number()}");
        again["arxiv_id"] = arxivId;
        (await service.Import(WorkSource.Arxiv, Records.Lines(again))).Updated.ShouldBe(1);

        var work = await service.WorkKnownAs($"arxiv:{arxivId}");
        await using var session = service.Host.Store.QuerySession();
        var said = (await session.Events.FetchStreamAsync(work.Id, token: TestContext.Current.CancellationToken)).Select(e => e.Data).OfType<Corrected>().Single().Said;
        said.Authors[0].ResearcherId.ShouldBe(await service.OpenAlexAuthor(ada));
        (await service.Scalar($"select count(*) from author_keys where key = 'name:arxiv:{AuthorName.Of(name).Letters}'")).ShouldBe(0, "nobody of that name became known");
        said.Authors[1].ResearcherId.ShouldNotBe(await service.OpenAlexAuthor(twin), "which of the two is not known");
        said.Authors[1].ResearcherId.ShouldNotBe(await service.OpenAlexAuthor(other));
    }

    [Fact]
    public async Task A_name_is_one_researcher_within_its_source_and_nobody_elsewhere()
    {
        var name = $"Nameless {Guid.NewGuid():N}";
        await service.Import(WorkSource.Arxiv, Records.Feed(Records.Entry(Records.ArxivId(), "One", name), Records.Entry(Records.ArxivId(), "Two", name.ToUpperInvariant())), "application/atom+xml");
        await service.Import(WorkSource.OpenAlex, Records.Lines(Records.OpenAlexBy(Records.Number(), Records.Author(name))));
        var inArxiv = await service.Known($"name:arxiv:{AuthorName.Of(name).Letters}");
        var inOpenAlex = await service.Known($"name:openalex:{AuthorName.Of(name).Letters}");
        inArxiv.ShouldNotBe(inOpenAlex);
        (await Works(inArxiv), await Works(inOpenAlex)).ShouldBe((2, 1));
    }

    [Fact]
    public async Task Ids_that_already_name_two_researchers_follow_the_ORCID_iD_and_each_keeps_its_own()
    {
        var (id, orcid) = ($"A{Records.Number()}", Records.Orcid());
        await service.Import(WorkSource.OpenAlex, Records.Lines(Records.OpenAlex(Records.Number(), id)));
        await service.Import(WorkSource.Arxiv, Records.Lines(Arxiv(new JsonObject { ["name"] = "Ada", ["orcid"] = orcid })));
        var (byId, byOrcid) = (await service.OpenAlexAuthor(id), await service.Known($"orcid:{orcid}"));
        byId.ShouldNotBe(byOrcid);

        await service.Import(WorkSource.OpenAlex, Records.Lines(Records.OpenAlexBy(Records.Number(), Records.Author("Ada", id, orcid))));

        (await Works(byId), await Works(byOrcid)).ShouldBe((1, 2));
        (await State(byOrcid)).Keys.ShouldBe([$"orcid:{orcid}"]);
        (await State(byId)).Keys.ShouldBe([$"openalex:{id}"]);
    }

    [Fact]
    public async Task The_affiliation_of_the_latest_work_stands_with_its_source()
    {
        var id = $"A{Records.Number()}";
        JsonObject At(string institution, string date)
        {
            var record = Records.OpenAlexBy(Records.Number(), Records.Author("Ada", id, institution: institution));
            record["publication_date"] = date;
            return record;
        }

        await service.Import(WorkSource.OpenAlex, Records.Lines(At("Now", "2024-01-01"), At("Before", "2020-01-01")));

        (await State(await service.OpenAlexAuthor(id))).Affiliation.ShouldBe(new SeenAffiliation("Now", null, WorkSource.OpenAlex, new(2024, 1, 1)));
    }

    [Fact]
    public async Task What_an_author_asserts_says_nothing_about_others()
    {
        // Known by an id alone, so that any name would be news.
        var orcid = Records.Orcid();
        await service.Import(WorkSource.OpenAlex, Records.Lines(Records.OpenAlexBy(Records.Number(), Records.Author(null, orcid: orcid))));
        var (other, me) = (await service.Known($"orcid:{orcid}"), (await service.Register(1))[0]);

        var work = await PublicationService.Publish(service.Host.As(me), new
        {
            title = "T",
            type = "article",
            publicationDate = "2025-01-01",
            authors = new object[] { new { researcherId = me }, new { name = "Not their name", orcid } },
        });

        work.Authors[1].ResearcherId.ShouldBe(other);
        (await State(other)).Name.ShouldBe(orcid);
    }
}
