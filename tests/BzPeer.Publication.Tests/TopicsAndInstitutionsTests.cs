using System.Text.Json.Nodes;
using Shouldly;
using Xunit;
using static BzPeer.Publication.Tests.PublicationService;

namespace BzPeer.Publication.Tests;

/// <summary>GET /api/researchers/{id}/topics and /institutions.</summary>
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
    public async Task Who_has_none_has_an_empty_list()
    {
        var id = (await service.Register(1))[0];
        (await service.GetAll<CountedLabel>($"/api/researchers/{id}/topics")).ShouldBeEmpty();
        (await service.GetAll<CountedLabel>($"/api/researchers/{id}/institutions")).ShouldBeEmpty();
    }
}
