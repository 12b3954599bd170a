using System.Net;
using Shouldly;
using Xunit;
using static BzPeer.Publication.Tests.PublicationService;

namespace BzPeer.Publication.Tests;

/// <summary>POST /api/works: who may publish what, and what becomes of it.</summary>
public sealed class PublishWorkTests(SharedPublication service)
{
    private static object Work(IEnumerable<object> authors, string? doi = null, string? arxivId = null, string title = "Posted") =>
        new { title, type = "article", publicationDate = "2025-03-01", venue = "Venue", doi, arxivId, @abstract = "Text", topics = new[] { "Networks" }, authors };

    private static object Is(Guid researcher) => new { researcherId = researcher };

    private static string Doi() => $"10.5555/{Guid.NewGuid():N}";

    [Fact]
    public async Task An_author_publishes_their_own_work_and_only_they_vouch_for_it()
    {
        var people = await service.Register(2);

        using var answer = await Post(service.Host.As(people[0]), Work([Is(people[0]), Is(people[1]), new { name = "Somebody <b>Else</b>" }]));

        var work = await Read<ListedWork>(answer, HttpStatusCode.Created);
        answer.Headers.Location!.ToString().ShouldBe($"/api/works/{work.Id}");
        var position = answer.Headers.GetValues("X-BzPeer-Position").ShouldHaveSingleItem().Split(':');
        position.ShouldBe(["publication", $"{await service.Scalar($"select seq_id from mt_events where stream_id = '{work.Id}'")}"]);
        (work.Title, work.Type, work.Year, work.PublicationDate, work.Venue, work.Abstract).ShouldBe(("Posted", "article", 2025, new DateOnly(2025, 3, 1), "Venue", "Text"));
        (work.Validated, work.Retracted).ShouldBe((false, false));
        work.Topics.ShouldBe(["Networks"]);
        work.Authors.Select(author => author.ResearcherId).ShouldBe([people[0], people[1], null]);
        work.Authors[2].Name.ShouldBe("Somebody <b>Else</b>");
        (await service.Get<ListedWork>($"/api/works/{work.Id}")).ShouldBeEquivalentTo(work);

        // It is listed, and no evidence of anything.
        foreach (var one in people) (await service.Sums(one)).ShouldBe(new(Works: 2, Validated: 1, SelfAsserted: 1, Retracted: 0, Topics: 0, CloseCollaborators: 1));
    }

    [Fact]
    public async Task A_curator_publishes_any_work_and_that_validates_it()
    {
        var people = await service.Register(1);

        var work = await Publish(service.Curator, Work([Is(people[0]), new { name = "Bob" }]));

        work.Validated.ShouldBeTrue();
        (await service.Sums(people[0])).ShouldBe(new(Works: 2, Validated: 2, SelfAsserted: 0, Retracted: 0, Topics: 1, CloseCollaborators: 0));
    }

    [Fact]
    public async Task Somebody_who_is_no_author_may_not_publish()
    {
        var people = await service.Register(2);
        using var answer = await Post(service.Host.As(people[0]), Work([Is(people[1])]));
        await ShouldBeProblem(answer, 403, "not-yours");
        using var authorless = await Post(service.Host.As(people[0]), Work([]));
        await ShouldBeProblem(authorless, 403, "not-yours");
        using var unknown = await Post(service.Host.As(Guid.NewGuid()), Work([new { name = "Me" }]));
        await ShouldBeProblem(unknown, 403, "not-yours");
        (await service.GetAll<ListedWork>($"/api/researchers/{people[1]}/works")).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Nobody_without_a_token_may()
    {
        using var answer = await Post(service.Anonymous, Work([]));
        await ShouldBeProblem(answer, 401, "no-token");
    }

    [Fact]
    public async Task An_author_is_known_by_their_ORCID_iD_too()
    {
        var orcid = Records.Orcid();
        await service.Import(WorkSource.OpenAlex, Records.Lines(Records.OpenAlexBy(Records.Number(), Records.Author("Ada", $"A{Records.Number()}", orcid))));
        var ada = await service.Known($"orcid:{orcid}");

        var work = await Publish(service.Host.As(ada), Work([new { name = "Ada", orcid = $"https://orcid.org/{orcid}" }]));

        work.Authors.ShouldHaveSingleItem().ResearcherId.ShouldBe(ada);
    }

    [Fact]
    public async Task What_is_wrong_with_a_work_is_a_problem_that_names_the_rule()
    {
        var ada = (await service.Register(1))[0];
        async Task Refused(string rule, object body)
        {
            using var answer = await Post(service.Host.As(ada), body);
            await ShouldBeProblem(answer, 422, rule);
        }

        await Refused("no-publication-date", new { title = "T", type = "article", authors = new[] { Is(ada) } });
        await Refused("no-title", Work([Is(ada)], title: " "));
        await Refused("title-too-long", Work([Is(ada)], title: new('x', 2_001)));
        await Refused("malformed-doi", Work([Is(ada)], doi: "182"));
        await Refused("malformed-arxiv-id", Work([Is(ada)], arxivId: "182"));
        await Refused("malformed-orcid", Work([Is(ada), new { name = "Bob", orcid = "0000-0002-1825-0098" }]));
        await Refused("author-without-name", Work([Is(ada), new { }]));
        await Refused("unknown-author", Work([Is(ada), Is(Guid.NewGuid())]));
        (await service.GetAll<ListedWork>($"/api/researchers/{ada}/works")).Count.ShouldBe(1);
    }

    [Fact]
    public async Task What_looks_like_markup_in_a_posted_work_is_text()
    {
        var people = await service.Register(1);
        var work = await Publish(service.Host.As(people[0]), Work([Is(people[0])], title: "<i>x</i> &lt; 5"));
        (work.Title, work.TitleMarkup, work.AbstractMarkup).ShouldBe(("<i>x</i> &lt; 5", null, null));
    }

    [Fact]
    public async Task The_same_DOI_or_arXiv_id_again_is_the_work_that_stands()
    {
        var ada = (await service.Register(1))[0];
        var (doi, arxivId) = (Doi(), Records.ArxivId());
        var first = await Publish(service.Curator, Work([Is(ada)], doi, arxivId));

        var byDoi = await Publish(service.Curator, Work([Is(ada)], $"https://doi.org/{doi.ToUpperInvariant()}", title: "Another title"), HttpStatusCode.OK);
        var byArxivId = await Publish(service.Host.As(ada), Work([Is(ada)], arxivId: $"arXiv:{arxivId}v7"), HttpStatusCode.OK);
        var byArxivDoi = await Publish(service.Curator, Work([], $"10.48550/arXiv.{arxivId}"), HttpStatusCode.OK);

        byDoi.ShouldBeEquivalentTo(first);
        byArxivId.ShouldBeEquivalentTo(first);
        byArxivDoi.ShouldBeEquivalentTo(first);
        (await service.Scalar($"select count(*) from mt_events where stream_id = '{first.Id}'")).ShouldBe(1);
    }

    [Fact]
    public async Task Many_who_publish_the_same_work_at_once_publish_one()
    {
        var ada = (await service.Register(1))[0];
        var doi = Doi();

        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => Post(service.Host.As(ada), Work([Is(ada)], doi))));

        answers.Count(answer => answer.StatusCode == HttpStatusCode.Created).ShouldBe(1);
        answers.Count(answer => answer.StatusCode == HttpStatusCode.OK).ShouldBe(11);
        (await service.GetAll<ListedWork>($"/api/researchers/{ada}/works")).Count(work => work.Doi == doi).ShouldBe(1);
        foreach (var answer in answers) answer.Dispose();
    }

    [Fact]
    public async Task A_curator_who_publishes_what_an_author_asserted_validates_it()
    {
        var ada = (await service.Register(1))[0];
        var doi = Doi();
        var asserted = await Publish(service.Host.As(ada), Work([Is(ada)], doi, title: "As I say"));
        (await service.Sums(ada)).SelfAsserted.ShouldBe(1);

        var validated = await Publish(service.Curator, Work([Is(ada)], doi, title: "As it is"), HttpStatusCode.OK);

        (validated.Id, validated.Title, validated.Validated).ShouldBe((asserted.Id, "As it is", true));
        (await service.Sums(ada)).ShouldBe(new(Works: 2, Validated: 2, SelfAsserted: 0, Retracted: 0, Topics: 1, CloseCollaborators: 0));
    }

    [Fact]
    public async Task What_an_author_asserts_brings_nobody_into_being_and_what_a_curator_publishes_does()
    {
        var ada = (await service.Register(1))[0];
        var orcid = Records.Orcid();

        var asserted = await Publish(service.Host.As(ada), Work([Is(ada), new { name = "Bob", orcid }]));
        asserted.Authors[1].ResearcherId.ShouldBeNull();

        var published = await Publish(service.Curator, Work([Is(ada), new { name = "Bob", orcid }, new { name = "Carol" }]));
        published.Authors[1].ResearcherId.ShouldBe(await service.Known($"orcid:{orcid}"));
        published.Authors[2].ResearcherId.ShouldBeNull("a name alone may be anybody's");
    }

    [Fact]
    public async Task A_posted_work_and_the_record_of_a_source_are_one_work_by_their_DOI()
    {
        var ada = (await service.Register(1))[0];
        var doi = Doi();
        var posted = await Publish(service.Host.As(ada), Work([Is(ada)], doi));
        var record = Records.OpenAlex(Records.Number());
        record["doi"] = $"https://doi.org/{doi}";

        (await service.Import(WorkSource.OpenAlex, Records.Lines(record))).Updated.ShouldBe(1);

        var stands = await service.Get<ListedWork>($"/api/works/{posted.Id}");
        (stands.Title, stands.Validated, stands.Venue).ShouldBe(((string)record["title"]!, true, "Venue"));
        stands.Authors.ShouldBeEmpty("the source vouches for the work, and names nobody: that she wrote it only she says");
        (await service.Sums(ada)).Validated.ShouldBe(1, "the one she was registered with");
    }
}
