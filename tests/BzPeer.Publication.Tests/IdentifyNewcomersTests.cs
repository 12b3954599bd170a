using System.Net;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using BzPeer.Testing;
using Shouldly;
using Xunit;
using static BzPeer.Publication.Tests.PublicationService;

namespace BzPeer.Publication.Tests;

/// <summary>Somebody who registered by signing in, before any work names them.</summary>
public sealed class IdentifyNewcomersTests(SharedPublication service)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static ResearcherRegistered Registered(Guid id, string name, string? orcid) =>
        new(new(Guid.NewGuid(), DateTimeOffset.UtcNow, Sources.Profile, id, 1, 0, id, 1), id, name, "orcid", orcid, null);

    private Task Hear(params IReadOnlyList<ResearcherRegistered> messages) =>
        IdentifyNewcomers.ApplyAsync(service.Host.Services, [.. messages.Select(message => new Delivered<ResearcherRegistered>(message, null))], Ct);

    [Fact]
    public async Task They_have_an_empty_list_and_a_graph_of_one_node_and_whatever_else_everybody_has()
    {
        var orcid = Records.Orcid();
        var newcomer = StableId.Of($"orcid:{orcid}");
        using (var before = await service.Anonymous.GetAsync($"/api/researchers/{newcomer}/works", Ct)) await ShouldBeProblem(before, 404, "unknown-researcher");

        await service.Host.Publish(Registered(newcomer, "Josiah Carberry", orcid), Ct);

        await Eventually.Async(
            async ct => (await service.Anonymous.GetAsync($"/api/researchers/{newcomer}/works", ct)).StatusCode, status => status == HttpStatusCode.OK, "they are known", ct: Ct);
        (await service.Get<Page<ListedWork>>($"/api/researchers/{newcomer}/works")).Items.ShouldBeEmpty();
        (await service.Get<Page<CountedLabel>>($"/api/researchers/{newcomer}/topics")).Items.ShouldBeEmpty();
        (await service.Get<Page<CountedLabel>>($"/api/researchers/{newcomer}/institutions")).Items.ShouldBeEmpty();
        using (var collaborators = await service.Anonymous.GetAsync($"/api/researchers/{newcomer}/collaborators", Ct)) collaborators.StatusCode.ShouldBe(HttpStatusCode.OK);
        using (var atom = await service.Anonymous.GetAsync($"/api/researchers/{newcomer}/works.atom", Ct)) atom.StatusCode.ShouldBe(HttpStatusCode.OK);
        var graph = await service.Get<GraphSlice>($"/api/graph/researcher/{newcomer}");
        graph.Nodes.ShouldHaveSingleItem().ShouldBe(new GraphNode(newcomer, "researcher", "Josiah Carberry"));
        (graph.Edges.Count, graph.Shown, graph.Total).ShouldBe((0, 1, 1));
    }

    [Fact]
    public async Task They_publish_their_first_work_and_an_import_that_names_them_finds_them()
    {
        var orcid = Records.Orcid();
        var newcomer = StableId.Of($"orcid:{orcid}");
        await Hear(Registered(newcomer, "Josiah Carberry", orcid));

        var work = await Publish(service.Host.As(newcomer), new { title = "Cracked pots", type = "article", publicationDate = "2025-03-01", authors = new[] { new { researcherId = newcomer } } });
        work.Authors.ShouldHaveSingleItem().ShouldBe(new ListedAuthor(newcomer, "Josiah Carberry", 1));

        var id = $"A{Records.Number()}";
        await service.Import(WorkSource.OpenAlex, Records.Lines(Records.OpenAlexBy(Records.Number(), Records.Author("J. Carberry", $"https://openalex.org/{id}", orcid))));
        (await service.OpenAlexAuthor(id)).ShouldBe(newcomer);
    }

    [Fact]
    public async Task News_that_comes_twice_or_is_of_somebody_known_already_changes_nothing()
    {
        var orcid = Records.Orcid();
        var newcomer = StableId.Of($"orcid:{orcid}");
        var registered = Registered(newcomer, "Josiah Carberry", orcid);
        var known = (await service.Register(1))[0];

        await Hear(registered, registered);
        await Hear(registered);
        await Hear(Registered(known, "Somebody Else", Records.Orcid()), Registered(Guid.NewGuid(), "Without an iD", null));

        (await service.Scalar($"select count(*) from mt_events where stream_id = '{newcomer}'")).ShouldBe(1L);
        (await service.Scalar($"select count(*) from mt_events where stream_id = '{known}'")).ShouldBe(1L);
    }
}
