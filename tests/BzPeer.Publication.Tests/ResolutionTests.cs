using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>Authors of imported records, in a store where some names are common. Each test brings names of its own.</summary>
public sealed class ResolutionTests(PublicationService service) : IClassFixture<PublicationService>
{
    private async Task<Guid?[]> Import(string source, params JsonObject[] records)
    {
        (await service.Import(source, Records.Lines(records))).Rejected.ShouldBe(0);
        var work = await service.WorkKnownAs(source == WorkSource.Arxiv ? $"arxiv:{records[^1]["arxiv_id"]}" : $"openalex:W{records[^1]["id"]!.GetValue<string>().Split('W')[1]}");
        return [.. work.Authors.Select(author => author.ResearcherId)];
    }

    private static JsonObject Named(params string[] names) =>
        new() { ["arxiv_id"] = Records.ArxivId(), ["title"] = $"T{Records.Number()}", ["created"] = "2024-05-17", ["authors"] = new JsonArray([.. names.Select(name => JsonValue.Create(name))]) };

    /// <summary>After these, the names of <paramref name="given"/> and of <paramref name="family"/> are so frequent that both together are common.</summary>
    private Task<Guid?[]> MakeCommon(string given, string family) => Import(WorkSource.Arxiv,
        [.. Enumerable.Range(0, 20).Select(n => Named($"{given} Other{Records.Number()}", $"Other{Records.Number()} {family}"))]);

    [Fact]
    public async Task People_of_a_common_name_are_told_apart_by_their_co_authors()
    {
        // As in the ACL Anthology: Fei Liu of Dallas with Yang Liu, both names common; another Fei Liu of Melbourne.
        var (yang, fei, liu) = ($"Yang{Records.Number()}", $"Fei{Records.Number()}", $"Liu{Records.Number()}");
        await MakeCommon(yang, liu);
        await MakeCommon(fei, liu);
        string Co(string name) => $"{name} {liu}x";
        var dallas = await Import(WorkSource.Arxiv, Named($"{fei} {liu}", $"{yang} {liu}", Co("Jeffrey")));
        var melbourne = await Import(WorkSource.Arxiv, Named($"{fei} {liu}", Co("Trevor"), Co("Timothy")));
        melbourne[0].ShouldNotBe(dallas[0]);
        (await Import(WorkSource.Arxiv, Named(Co("Kathleen"), $"{fei} {liu}", Co("Jeffrey"))))[1].ShouldBe(dallas[0]);
        (await Import(WorkSource.Arxiv, Named($"{fei} {liu}", Co("Trevor"))))[0].ShouldBe(melbourne[0]);
        (await Import(WorkSource.Arxiv, Named($"{yang} {liu}", $"{fei} {liu}")))[0].ShouldBe(dallas[1], "with the Fei of Dallas or of Melbourne, but a Yang was only with the one of Dallas");
        new[] { dallas[1], dallas[0] }.ShouldNotContain((await Import(WorkSource.Arxiv, Named($"{yang} {liu}")))[0]);
    }

    [Fact]
    public async Task A_correction_finds_the_bearer_of_a_common_name_again_and_the_same_record_changes_nothing()
    {
        var (given, family) = ($"Wei{Records.Number()}", $"Wang{Records.Number()}");
        await MakeCommon(given, family);
        var record = Named($"{given} {family}");
        var before = await Import(WorkSource.Arxiv, record);
        var events = await service.Scalar("select count(*) from mt_events where type <> 'bibliography_changed'");
        (await service.Import(WorkSource.Arxiv, Records.Lines(record))).Unchanged.ShouldBe(1);
        (await service.Scalar("select count(*) from mt_events where type <> 'bibliography_changed'")).ShouldBe(events);
        record["title"] = "Corrected";
        (await Import(WorkSource.Arxiv, record)).ShouldBe(before);
    }

    [Fact]
    public async Task Who_is_known_by_name_gets_the_ids_of_a_later_source()
    {
        var (name, coAuthor, id, other) = ($"Ada Name{Records.Number()}", $"Grace Name{Records.Number()}", $"A{Records.Number()}", $"A{Records.Number()}");
        var byName = await Import(WorkSource.Arxiv, Named(name, coAuthor));
        var byId = await Import(WorkSource.OpenAlex, Records.OpenAlexBy(Records.Number(), Records.Author(name, id), Records.Author(coAuthor, other)));
        byId.ShouldBe(byName);
        (await service.OpenAlexAuthor(id)).ShouldBe(byName[0]!.Value);
        (await service.Scalar($"select count(*) from researchers where name = '{name}' and open_alex = '{id}'")).ShouldBe(1);
    }

    [Fact]
    public async Task Who_is_on_this_very_work_is_nobody_new_also_by_a_name_that_only_fits()
    {
        var (family, arxivId, id) = ($"Name{Records.Number()}", Records.ArxivId(), $"A{Records.Number()}");
        var record = Named($"A. B. {family}");
        record["arxiv_id"] = arxivId;
        var byName = await Import(WorkSource.Arxiv, record);
        var again = Records.OpenAlexBy(Records.Number(), Records.Author($"Ada {family}", id));
        again["locations"] = new JsonArray(new JsonObject { ["landing_page_url"] = $"https://arxiv.org/abs/{arxivId}" });
        (await Import(WorkSource.OpenAlex, again)).ShouldBe(byName);
    }

    [Fact]
    public async Task Without_shared_co_authors_an_id_is_somebody_new()
    {
        var name = $"Ada Name{Records.Number()}";
        var byName = await Import(WorkSource.Arxiv, Named(name, $"Grace Name{Records.Number()}"));
        (await Import(WorkSource.OpenAlex, Records.OpenAlexBy(Records.Number(), Records.Author(name, $"A{Records.Number()}"), Records.Author($"Grace Name{Records.Number()}", $"A{Records.Number()}"))))[0].ShouldNotBe(byName[0]);
    }

    [Fact]
    public async Task An_author_of_OpenAlex_is_a_researcher_without_a_work_and_the_same_again_is_no_news()
    {
        var (id, orcid) = ($"A{Records.Number()}", Records.Orcid());
        var author = new JsonObject
        {
            ["id"] = $"https://openalex.org/{id}",
            ["orcid"] = $"https://orcid.org/{orcid}",
            ["display_name"] = "Ada Lovelace",
            ["last_known_institutions"] = new JsonArray(new JsonObject { ["id"] = "https://openalex.org/I1", ["display_name"] = "Engines" }),
            ["affiliations"] = new JsonArray(new JsonObject { ["institution"] = new JsonObject { ["id"] = "https://openalex.org/I1" }, ["years"] = new JsonArray(2019, 2022) }),
        };
        var page = new JsonObject { ["results"] = new JsonArray(author, new JsonObject { ["id"] = "https://openalex.org/A9999999999", ["display_name"] = "Deleted Author" }) }.ToJsonString();
        var first = await service.Import(WorkSource.OpenAlex, page, "application/json");
        (first.Created, first.Rejected, first.Rejections.Single().Reason).ShouldBe((1, 1, "OpenAlex has deleted this author."));
        var ada = await service.OpenAlexAuthor(id);
        (await service.Known($"orcid:{orcid}")).ShouldBe(ada);
        await using var session = service.Host.Store.QuerySession();
        var state = (Identified)(await session.Events.FetchStreamAsync(ada, token: TestContext.Current.CancellationToken)).Single().Data;
        (state.Name, state.Orcid, state.OpenAlex, state.Affiliation).ShouldBe(("Ada Lovelace", orcid, id, new SeenAffiliation("Engines", "I1", WorkSource.OpenAlex, new(2022, 1, 1))));

        (await service.Import(WorkSource.OpenAlex, page, "application/json")).Unchanged.ShouldBe(1);
        (await service.Scalar($"select count(*) from mt_events where stream_id = '{ada}'")).ShouldBe(1);
        (await Import(WorkSource.OpenAlex, Records.OpenAlexBy(Records.Number(), Records.Author("A. Lovelace", id))))[0].ShouldBe(ada);
    }
}
