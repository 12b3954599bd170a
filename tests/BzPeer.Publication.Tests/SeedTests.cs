using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>The seed paper: one work, one topic, four close collaborators.</summary>
public sealed class SeedTests(PublicationService service) : IClassFixture<PublicationService>
{
    [Fact]
    public async Task The_seed_paper_makes_the_seed_page()
    {
        var status = await service.ImportFile("arxiv-seed.xml");
        (status.State, status.Received, status.Created).ShouldBe(("completed", 1, 1));

        var daniel = await service.ResearcherNamed("Daniel Bernier");
        (await service.Sums(daniel)).ShouldBe(new BibliographySums(Works: 1, Validated: 1, SelfAsserted: 0, Retracted: 0, Topics: 1, CloseCollaborators: 4));

        var work = (await service.GetAll<ListedWork>($"/api/researchers/{daniel}/works")).ShouldHaveSingleItem();
        work.Title.ShouldBe("Extending Kubernetes Networking to make use of Segment Routing over IPv6 (SRv6)");
        (work.Type, work.Year, work.Venue, work.ArxivId, work.Validated, work.Retracted).ShouldBe(("preprint", 2023, "arXiv", "2301.01178", true, false));
        work.PublicationDate.ShouldBe(new DateOnly(2023, 1, 3));
        work.Topics.ShouldBe(["cs.NI"]);
        work.Authors.Select(author => author.Name).ShouldBe(["Francesco Lombardo", "Stefano Salsano", "Ahmed Abdelsalam", "Daniel Bernier", "Clarence Filsfils"]);
        work.Authors.Select(author => author.Position).ShouldBe([1, 2, 3, 4, 5]);
        work.Authors.ShouldAllBe(author => author.ResearcherId != null);
        work.Abstract.ShouldNotBeNull().ShouldStartWith("Kubernetes is the leading platform");

        var collaborators = await service.GetAll<Collaborator>($"/api/researchers/{daniel}/collaborators", limit: 3);
        collaborators.Count.ShouldBe(4);
        collaborators.ShouldAllBe(c => c.Works == 1 && c.Strength == 0.25 && c.Close);
    }
}
