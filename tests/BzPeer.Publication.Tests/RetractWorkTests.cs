using System.Net;
using System.Net.Http.Json;
using BzPeer.Testing;
using Shouldly;
using Xunit;
using static BzPeer.Publication.Tests.PublicationService;

namespace BzPeer.Publication.Tests;

/// <summary>POST /api/works/{id}/retraction and /reinstatement.</summary>
public sealed class RetractWorkTests(SharedPublication service)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static Task<HttpResponseMessage> Retract(HttpClient caller, Guid work, string? reason = "Fabricated data", string? source = "Retraction Watch") =>
        caller.PostAsJsonAsync($"/api/works/{work}/retraction", new { reason, source }, Ct);

    private static Task<HttpResponseMessage> Reinstate(HttpClient caller, Guid work, string? reason = "The notice was about another paper", string? source = "The publisher") =>
        caller.PostAsJsonAsync($"/api/works/{work}/reinstatement", new { reason, source }, Ct);

    private async Task<(Guid[] Authors, ListedWork Work)> Published()
    {
        var authors = await service.Register(2);
        return (authors, (await service.GetAll<ListedWork>($"/api/researchers/{authors[0]}/works")).ShouldHaveSingleItem());
    }

    [Fact]
    public async Task A_retracted_work_stays_listed_and_marked_and_counts_for_nothing()
    {
        var (authors, work) = await Published();
        (await service.Sums(authors[0])).ShouldBe(new(Works: 1, Validated: 1, SelfAsserted: 0, Retracted: 0, Topics: 0, CloseCollaborators: 1));
        (await service.GetAll<Collaborator>($"/api/researchers/{authors[0]}/collaborators")).ShouldHaveSingleItem();

        using var answer = await Retract(service.Curator, work.Id);

        (await Read<ListedWork>(answer)).ShouldBeEquivalentTo(work with { Retracted = true });
        answer.Headers.Contains("X-BzPeer-Position").ShouldBeTrue();
        foreach (var author in authors)
        {
            (await service.GetAll<ListedWork>($"/api/researchers/{author}/works")).ShouldHaveSingleItem().Retracted.ShouldBeTrue();
            (await service.Sums(author)).ShouldBe(new(Works: 1, Validated: 0, SelfAsserted: 0, Retracted: 1, Topics: 0, CloseCollaborators: 0));
            (await service.GetAll<Collaborator>($"/api/researchers/{author}/collaborators")).ShouldBeEmpty();
        }
    }

    [Fact]
    public async Task Retracting_again_changes_nothing_however_many_do_it_at_once()
    {
        var (_, work) = await Published();
        foreach (var answer in await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Retract(service.Curator, work.Id))))
        {
            (await Read<ListedWork>(answer)).Retracted.ShouldBeTrue();
            answer.Dispose();
        }

        (await service.Scalar($"select count(*) from mt_events where stream_id = '{work.Id}'")).ShouldBe(2);
    }

    [Fact]
    public async Task A_source_that_lists_a_work_as_retracted_retracts_it()
    {
        var record = Records.OpenAlex(Records.Number(), $"A{Records.Number()}");
        await service.Import(WorkSource.OpenAlex, Records.Lines(record));
        record["is_retracted"] = true;

        (await service.Import(WorkSource.OpenAlex, Records.Lines(record))).Updated.ShouldBe(1);

        var id = ((string)record["id"]!).Split('/')[^1];
        (await service.WorkKnownAs($"openalex:{id}")).Retracted.ShouldBeTrue();
        (await service.Sums(await service.OpenAlexAuthor(((string)record["authorships"]![0]!["author"]!["id"]!)))).ShouldBe(new(1, 0, 0, 1, 0, 0));
    }

    [Fact]
    public async Task A_reinstated_work_counts_again_as_if_nothing_had_been()
    {
        var (authors, work) = await Published();
        using var retracted = await Retract(service.Curator, work.Id);
        retracted.EnsureSuccessStatusCode();

        foreach (var answer in await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Reinstate(service.Curator, work.Id))))
        {
            (await Read<ListedWork>(answer)).ShouldBeEquivalentTo(work);
            answer.Dispose();
        }

        (await service.Scalar($"select count(*) from mt_events where stream_id = '{work.Id}'")).ShouldBe(3);
        foreach (var author in authors)
        {
            await Eventually.Async(_ => service.Sums(author), sums => sums == new BibliographySums(1, 1, 0, 0, 0, 1), "it is counted again", ct: Ct);
            (await service.GetAll<Collaborator>($"/api/researchers/{author}/collaborators")).ShouldHaveSingleItem();
        }

        using var byAuthor = await Reinstate(service.Host.As(authors[0]), work.Id);
        await ShouldBeProblem(byAuthor, 403, "not-yours");
        using var without = await Reinstate(service.Curator, work.Id, reason: " ");
        await ShouldBeProblem(without, 422, "reinstatement-reason");
    }

    [Fact]
    public async Task A_source_that_repeats_an_overruled_retraction_does_not_bring_it_back()
    {
        var record = Records.OpenAlex(Records.Number(), $"A{Records.Number()}");
        record["is_retracted"] = true;
        await service.Import(WorkSource.OpenAlex, Records.Lines(record));
        var id = $"openalex:{((string)record["id"]!).Split('/')[^1]}";
        using var reinstated = await Reinstate(service.Curator, (await service.WorkKnownAs(id)).Id);
        (await Read<ListedWork>(reinstated)).Retracted.ShouldBeFalse();

        record["title"] = "Another title, and still marked";
        (await service.Import(WorkSource.OpenAlex, Records.Lines(record))).Updated.ShouldBe(1);
        var work = await service.WorkKnownAs(id);
        (work.Title, work.Retracted).ShouldBe(("Another title, and still marked", false));
    }

    [Fact]
    public async Task Only_a_curator_retracts_and_says_why_and_where_it_stands()
    {
        var (authors, work) = await Published();
        using var author = await Retract(service.Host.As(authors[0]), work.Id);
        await ShouldBeProblem(author, 403, "not-yours");
        using var without = await Retract(service.Curator, work.Id, reason: " ");
        await ShouldBeProblem(without, 422, "retraction-reason");
        using var nowhere = await Retract(service.Curator, work.Id, source: null);
        await ShouldBeProblem(nowhere, 422, "retraction-source");
        using var tooLong = await Retract(service.Curator, work.Id, reason: new('x', 2_001));
        await ShouldBeProblem(tooLong, 422, "retraction-reason");
        using var unknown = await Retract(service.Curator, Guid.NewGuid());
        await ShouldBeProblem(unknown, 404, "unknown-work");
        (await service.Get<ListedWork>($"/api/works/{work.Id}")).Retracted.ShouldBeFalse();
    }
}
