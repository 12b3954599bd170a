using System.Text.Json.Nodes;
using BzPeer.ServiceDefaults;
using Shouldly;
using Xunit;
using static BzPeer.Publication.Tests.PublicationService;

namespace BzPeer.Publication.Tests;

/// <summary>GET /api/topics/{id}, /api/institutions/{id}, and the topics, institutions, researchers and works of each.</summary>
public sealed class TopicsAndInstitutionsTests(SharedPublication service)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static JsonObject Record(string author, string[] topics, string? at = null, string? elsewhere = null)
    {
        var record = Records.OpenAlexBy(Records.Number(), Records.Author("Ada", author, institution: at), Records.Author("Bob", $"A{Records.Number()}", institution: elsewhere));
        record["topics"] = new JsonArray([.. topics.Select(topic => new JsonObject { ["display_name"] = topic })]);
        return record;
    }

    [Fact]
    public async Task The_topics_of_most_works_come_first_and_are_as_many_as_the_bibliography_counts()
    {
        var author = $"A{Records.Number()}";
        var retracted = Record(author, ["Once", "Never"]);
        retracted["is_retracted"] = true;
        await service.Import(WorkSource.OpenAlex, Records.Lines(
            Record(author, ["Thrice", "Twice"]), Record(author, ["thrice", "Twice", "One"]), Record(author, ["Thrice", "Once", "Uno"]), retracted));
        var id = await service.OpenAlexAuthor(author);
        await Publish(service.Host.As(id), new { title = "My own word", type = "article", publicationDate = "2025-01-01", topics = new[] { "Thrice", "Mine" }, authors = new[] { new { researcherId = id } } });

        var all = await service.GetAll<CountedLabel>($"/api/researchers/{id}/topics");

        all.Take(2).Select(topic => (topic.Id, topic.Works)).ShouldBe([(WorkTables.TopicId("Thrice"), 3), (WorkTables.TopicId("Twice"), 2)]);
        all.Skip(2).Select(topic => (topic.Label, topic.Works)).ShouldBe([("Once", 1), ("One", 1), ("Uno", 1)], ignoreOrder: true);
        (await service.Sums(id)).Topics.ShouldBe(all.Count);
        foreach (var limit in new[] { 1, 2, 3 }) (await service.GetAll<CountedLabel>($"/api/researchers/{id}/topics", limit)).ShouldBe(all);
    }

    [Fact]
    public async Task The_institutions_are_those_of_the_researcher_and_not_of_whom_they_wrote_with()
    {
        var author = $"A{Records.Number()}";
        await service.Import(WorkSource.OpenAlex, Records.Lines(Record(author, [], "Engines", "Elsewhere"), Record(author, [], "Engines"), Record(author, [], "Tables", "Engines"), Record(author, [])));
        var id = await service.OpenAlexAuthor(author);

        var all = await service.GetAll<CountedLabel>($"/api/researchers/{id}/institutions");

        all.ShouldBe([new(new Institution("Engines", null).StableId(), "Engines", 2), new(new Institution("Tables", null).StableId(), "Tables", 1)]);
        (await service.GetAll<CountedLabel>($"/api/researchers/{id}/institutions", 1)).ShouldBe(all);
        // The same node of the graph.
        (await service.Get<GraphSlice>($"/api/graph/institution/{all[0].Id}")).Nodes[0].Label.ShouldBe("Engines");
    }

    [Theory]
    [InlineData("topics")]
    [InlineData("institutions")]
    public async Task Who_is_unknown_is_not_found_and_a_cursor_that_is_not_ours_is_refused(string what)
    {
        using var unknown = await service.Anonymous.GetAsync($"/api/researchers/{Guid.NewGuid()}/{what}", Ct);
        await ShouldBeProblem(unknown, 404, "unknown-researcher");
        foreach (var cursor in new[] { "~", "bm8", "MS9ubw" })
        {
            using var malformed = await service.Anonymous.GetAsync($"/api/researchers/{Guid.NewGuid()}/{what}?cursor={cursor}", Ct);
            await ShouldBeProblem(malformed, 400, "malformed-cursor");
        }
    }

    [Fact]
    public async Task A_topic_has_its_works_and_researchers_the_topics_beside_it_and_where_they_were_written()
    {
        var (ada, topic, beside) = ($"A{Records.Number()}", $"Topic {Records.Number()}", $"Beside {Records.Number()}");
        var (engines, tables) = ($"Engines {Records.Number()}", $"Tables {Records.Number()}");
        var retracted = Record(ada, [topic, "Never"], "Nowhere");
        retracted["is_retracted"] = true;
        await service.Import(WorkSource.OpenAlex, Records.Lines(Record(ada, [topic, beside], engines, tables), Record(ada, [topic.ToUpperInvariant()], engines), Record(ada, [beside], tables), retracted));
        var (id, researcher) = (WorkTables.TopicId(topic), await service.OpenAlexAuthor(ada));
        await Publish(service.Host.As(researcher), new { title = "My own word", type = "article", publicationDate = "2025-01-01", topics = new[] { topic }, authors = new[] { new { researcherId = researcher } } });

        var itself = await service.Get<TopicOrInstitution>($"/api/topics/{id}");
        var works = await service.GetAll<ListedWork>($"/api/topics/{id}/works");
        var researchers = await service.GetAll<CountedResearcher>($"/api/topics/{id}/researchers");

        itself.Label.ShouldBe(topic, StringCompareShould.IgnoreCase);
        (itself.Works, itself.Researchers).ShouldBe((works.Count, researchers.Count));
        works.Count.ShouldBe(4, "what is retracted or anybody's own word is listed, and marked");
        works[0].Title.ShouldBe("My own word");
        works.ShouldAllBe(work => work.TopicIds[0] == id && work.TopicIds.Count == work.Topics.Count);
        (researchers.Count, researchers[0].ResearcherId, researchers[0].Works).ShouldBe((3, researcher, 2));
        (await service.GetAll<CountedLabel>($"/api/topics/{id}/topics")).ShouldBe([new(WorkTables.TopicId(beside), beside, 1)]);
        var institutions = await service.GetAll<CountedLabel>($"/api/topics/{id}/institutions");
        institutions.Select(place => (place.Label, place.Works)).ShouldBe([(engines, 2), (tables, 1)]);
        foreach (var limit in new[] { 1, 2 })
        {
            (await service.GetAll<CountedResearcher>($"/api/topics/{id}/researchers", limit)).ShouldBe(researchers);
            (await service.GetAll<CountedLabel>($"/api/topics/{id}/institutions", limit)).ShouldBe(institutions);
            (await service.GetAll<ListedWork>($"/api/topics/{id}/works", limit)).Select(work => work.Id).ShouldBe(works.Select(work => work.Id));
        }
    }

    [Fact]
    public async Task An_institution_has_those_who_wrote_there_and_whom_it_wrote_with()
    {
        var (ada, topic) = ($"A{Records.Number()}", $"Topic {Records.Number()}");
        var (engines, tables) = ($"Engines {Records.Number()}", $"Tables {Records.Number()}");
        await service.Import(WorkSource.OpenAlex, Records.Lines(Record(ada, [topic], engines, tables), Record(ada, [topic], engines, engines), Record(ada, [], tables)));
        var id = new Institution(engines, null).StableId();

        var researchers = await service.GetAll<CountedResearcher>($"/api/institutions/{id}/researchers");

        (await service.Get<TopicOrInstitution>($"/api/institutions/{id}")).ShouldBe(new(id, engines, 2, researchers.Count));
        researchers.Select(one => (one.Name, one.Works)).ShouldBe([("Ada", 2), ("Bob", 1)]);
        researchers[0].ResearcherId.ShouldBe(await service.OpenAlexAuthor(ada));
        (await service.GetAll<ListedWork>($"/api/institutions/{id}/works")).Count.ShouldBe(2);
        (await service.GetAll<CountedLabel>($"/api/institutions/{id}/topics")).ShouldBe([new(WorkTables.TopicId(topic), topic, 2)]);
        (await service.GetAll<CountedLabel>($"/api/institutions/{id}/institutions")).ShouldBe([new(new Institution(tables, null).StableId(), tables, 1)]);
        using var none = await service.Anonymous.GetAsync($"/api/institutions/{id}/works?topic={Guid.NewGuid()}", Ct);
        (await Read<Page<ListedWork>>(none)).Items.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("topics", "unknown-topic")]
    [InlineData("institutions", "unknown-institution")]
    public async Task One_that_nobody_has_heard_of_is_not_found(string of, string rule)
    {
        foreach (var what in new[] { "", "/researchers", "/topics", "/institutions", "/works" })
        {
            using var unknown = await service.Anonymous.GetAsync($"/api/{of}/{Guid.NewGuid()}{what}", Ct);
            await ShouldBeProblem(unknown, 404, rule);
        }
    }

    [Fact]
    public async Task Who_has_none_has_an_empty_list()
    {
        var id = (await service.Register(1))[0];
        (await service.GetAll<CountedLabel>($"/api/researchers/{id}/topics")).ShouldBeEmpty();
        (await service.GetAll<CountedLabel>($"/api/researchers/{id}/institutions")).ShouldBeEmpty();
    }
}
