using Shouldly;
using Xunit;
using static BzPeer.Publication.Tests.PublicationService;

namespace BzPeer.Publication.Tests;

/// <summary>GET /api/researchers/{id}/collaborators.</summary>
public sealed class CollaboratorsTests(SharedPublication service)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_strongest_come_first_and_each_shared_work_adds_its_share()
    {
        var a = Enumerable.Range(0, 8).Select(_ => $"A{Records.Number()}").ToArray();
        await service.Import(WorkSource.OpenAlex, Records.Lines(
            Records.OpenAlex(Records.Number(), a[0], a[1]),
            Records.OpenAlex(Records.Number(), a[0], a[1], a[2]),
            Records.OpenAlex(Records.Number(), a[0], a[2], a[3], a[4], a[5], a[6], a[7]),
            // Printed twice, one person; unresolved, a person all the same.
            Records.OpenAlexBy(Records.Number(), Records.Author("Author", a[0]), Records.Author("A.", a[0]), Records.Author("Other", a[3]), Records.Author(null))));
        var ids = await Task.WhenAll(a.Select(service.OpenAlexAuthor));

        var all = await service.GetAll<Collaborator>($"/api/researchers/{ids[0]}/collaborators");

        all[..3].Select(c => (c.ResearcherId, c.Works, c.Strength, c.Close)).ShouldBe([(ids[1], 2L, 1.5, true), (ids[2], 2L, 4 / 6.0, true), (ids[3], 2L, 4 / 6.0, true)], ignoreOrder: true);
        all[0].ResearcherId.ShouldBe(ids[1]);
        all[3..].Select(c => c.ResearcherId).ShouldBe(ids[4..], ignoreOrder: true);
        all[3..].ShouldAllBe(c => c.Works == 1 && c.Strength == 1 / 6.0 && !c.Close);
        all.Select(c => c.Name).ShouldBe(all.Select(c => $"Author {a[Array.IndexOf(ids, c.ResearcherId)]}"));
        (await service.Sums(ids[0])).CloseCollaborators.ShouldBe(3);
        foreach (var limit in new[] { 1, 2, 5 })
            (await service.GetAll<Collaborator>($"/api/researchers/{ids[0]}/collaborators", limit)).ShouldBe(all);
    }

    [Fact]
    public async Task A_work_that_only_an_author_vouches_for_makes_no_collaborators()
    {
        var people = await service.Register(2);
        var stranger = (await service.Register(1))[0];
        await Publish(service.Host.As(people[0]), new { title = "We three", type = "article", publicationDate = "2025-01-01", authors = people.Append(stranger).Select(id => new { researcherId = id }) });
        (await service.GetAll<Collaborator>($"/api/researchers/{people[0]}/collaborators")).ShouldHaveSingleItem().ShouldSatisfyAllConditions(
            c => c.ResearcherId.ShouldBe(people[1]), c => c.Works.ShouldBe(1), c => c.Strength.ShouldBe(1));
        (await service.GetAll<Collaborator>($"/api/researchers/{stranger}/collaborators")).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("~")]
    [InlineData("bm8")]
    [InlineData("MS8wLy0xLw")]
    public async Task A_cursor_that_is_not_ours_is_refused(string cursor)
    {
        using var answer = await service.Anonymous.GetAsync($"/api/researchers/{Guid.NewGuid()}/collaborators?cursor={cursor}", Ct);
        await ShouldBeProblem(answer, 400, "malformed-cursor");
    }

    [Fact]
    public async Task Whom_nobody_knows_is_not_found()
    {
        using var answer = await service.Anonymous.GetAsync($"/api/researchers/{Guid.NewGuid()}/collaborators", Ct);
        await ShouldBeProblem(answer, 404, "unknown-researcher");
    }
}
