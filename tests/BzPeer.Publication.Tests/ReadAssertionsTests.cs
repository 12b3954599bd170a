using System.Net;
using System.Text;
using CsCheck;
using Shouldly;
using Xunit;
using static BzPeer.Publication.Tests.PublicationService;

namespace BzPeer.Publication.Tests;

/// <summary>GET /api/works/{id}/assertions, and the words that are taken back.</summary>
public sealed class ReadAssertionsTests(SharedPublication service)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private sealed record Said(string Doi, string Arxiv, long Number, string Ada)
    {
        public static Said New() => new($"10.5555/{Records.Number()}", Records.ArxivId(), Records.Number(), $"A{Records.Number()}");

        public string OpenAlex
        {
            get
            {
                var record = Records.OpenAlexBy(Number, Records.Author("Ada Lovelace", Ada));
                (record["doi"], record["title"]) = (Doi, "As OpenAlex has it");
                record["primary_location"] = new System.Text.Json.Nodes.JsonObject { ["landing_page_url"] = $"https://arxiv.org/abs/{Arxiv}" };
                return Records.Lines(record);
            }
        }

        public string Preprint => Records.Feed(Records.Entry(Arxiv, "As arXiv has it", "Ada Lovelace", "Bob Byron"));

        public string Deleted => $"""
            <OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords><record><header status="deleted"><identifier>oai:arXiv.org:{Arxiv}</identifier></header></record></ListRecords></OAI-PMH>
            """;
    }

    private Task<ImportStatus> ImportArxiv(string xml) => service.Import(WorkSource.Arxiv, Encoding.UTF8.GetBytes(xml), "application/xml");

    private async Task<(Said Said, ListedWork Work)> Both()
    {
        var said = Said.New();
        (await ImportArxiv(said.Preprint)).Created.ShouldBe(1);
        (await service.Import(WorkSource.OpenAlex, said.OpenAlex)).Updated.ShouldBe(1);
        return (said, await service.WorkKnownAs($"doi:{said.Doi}"));
    }

    private Task<WorkAssertions> Assertions(Guid work) => service.Get<WorkAssertions>($"/api/works/{work}/assertions");

    private Task<HttpResponseMessage> Withdraw(HttpClient by, Guid work, string? source, string? id) => by.DeleteAsync($"/api/works/{work}/assertions?source={source}&sourceId={id}", Ct);

    [Fact]
    public async Task What_loses_stays_visible_with_its_source_and_when_it_was_taken()
    {
        var before = DateTimeOffset.UtcNow.AddSeconds(-1);
        var (said, work) = await Both();
        var all = await Assertions(work.Id);
        all.Work.ShouldBeEquivalentTo(work);
        all.Assertions.Select(a => (a.Source, a.SourceId, a.Title, a.Validates, a.SaidOf)).ShouldBe(
            [(WorkSource.OpenAlex, $"W{said.Number}", "As OpenAlex has it", true, work.Id), (WorkSource.Arxiv, said.Arxiv, "As arXiv has it", true, work.Id)]);
        all.Assertions[1].Authors.Select(author => author.Name).ShouldBe(["Ada Lovelace", "Bob Byron"]);
        all.Assertions.ShouldAllBe(a => a.TakenAt > before && a.TakenAt < DateTimeOffset.UtcNow.AddSeconds(1));
        all.Stands.ToDictionary(field => field.Field, field => field.Source).ShouldBe(new Dictionary<string, string>
        {
            ["title"] = WorkSource.OpenAlex,
            ["type"] = WorkSource.OpenAlex,
            ["venue"] = WorkSource.Arxiv,
            ["doi"] = WorkSource.OpenAlex,
            ["arxivId"] = WorkSource.OpenAlex,
            ["openAlex"] = WorkSource.OpenAlex,
            ["year"] = WorkSource.OpenAlex,
            ["publicationDate"] = WorkSource.OpenAlex,
            ["authors"] = WorkSource.OpenAlex,
        }, ignoreOrder: true);
    }

    [Fact]
    public async Task Notices_are_told_too_and_which_of_them_a_curator_overruled()
    {
        var (said, work) = await Both();
        var row = RetractionWatchSpecs.Row($"{Records.Number()}", said.Doi);
        await service.Import(ImportReader.Retractions, Encoding.UTF8.GetBytes($"{RetractionWatchSpecs.Header}\n{row}"), "text/csv");
        (await Assertions(work.Id)).Notices.ShouldHaveSingleItem().ShouldSatisfyAllConditions(
            notice => notice.Date.ShouldBe(new(2020, 10, 5)), notice => notice.Reason.ShouldBe("Error in Data; Results Not Reproducible"), notice => notice.Overruled.ShouldBeFalse());
        using var answer = await System.Net.Http.Json.HttpClientJsonExtensions.PostAsJsonAsync(service.Curator, $"/api/works/{work.Id}/reinstatement", new { reason = "R", source = "S" }, Ct);
        answer.EnsureSuccessStatusCode();
        (await Assertions(work.Id)).Notices.ShouldHaveSingleItem().Overruled.ShouldBeTrue();
    }

    [Fact]
    public async Task What_a_curator_said_who_retracted_a_work_is_told_until_one_takes_it_back()
    {
        var (_, work) = await Both();
        (await Assertions(work.Id)).RetractedByCurator.ShouldBeNull();
        await Say("retraction", "The figures belong to another paper.", "the editors' note");

        (await Assertions(work.Id)).RetractedByCurator.ShouldNotBeNull().ShouldSatisfyAllConditions(
            said => said.Reason.ShouldBe("The figures belong to another paper."), said => said.Source.ShouldBe("the editors' note"), said => said.At.ShouldBeGreaterThan(work.PublicationDate!.Value.ToDateTime(default)));

        await Say("reinstatement", "They do not.", "the editors");
        (await Assertions(work.Id)).RetractedByCurator.ShouldBeNull();

        async Task Say(string what, string reason, string source)
        {
            using var answer = await System.Net.Http.Json.HttpClientJsonExtensions.PostAsJsonAsync(service.Curator, $"/api/works/{work.Id}/{what}", new { reason, source }, Ct);
            answer.EnsureSuccessStatusCode();
        }
    }

    [Fact]
    public void Whose_word_stands_on_a_field_is_whose_value_it_has() =>
        Gen.Select(Gen.Int[0, 5].Select(n => new[] { WorkSource.Curator, WorkSource.Crossref, WorkSource.OpenAlex, WorkSource.Arxiv, WorkSource.OrcidOwn, WorkSource.List }[n]), Gen.Int[0, 2], Gen.Bool, Gen.Bool, Gen.Bool)
            .Array[1, 6].Sample(words =>
            {
                Assertion[] said = [.. words.Select((word, n) => new Assertion(word.Item1, $"{n}", new($"T{n}", word.Item3 ? "preprint" : "article", word.Item2 == 0 ? null : 2020 + word.Item2,
                    word.Item2 == 2 ? new(2022, 1, n + 1) : null, word.Item4 ? $"V{n}" : null, null, null, null, word.Item5 ? $"A{n}" : null, word.Item4 ? [$"topic {n}"] : [], word.Item5 ? [new($"Author {n}")] : [])))];
                var stands = said.Aggregate((Work?)null, (work, a) => Work.Decide(work, Guid.Empty, a, default).Aggregate(work, Work.Apply))!.Stands;
                var whose = ReadAssertions.Stands(said).ToDictionary(field => field.Field, field => said.Single(a => a.Source == field.Source && a.SourceId == field.SourceId).Work);
                SourceWork? Of(string field) => whose.GetValueOrDefault(field);
                return Of("title")!.Title == stands.Title && Of("type")!.Type == stands.Type && Of("year")?.Year == stands.Year && Of("publicationDate")?.PublicationDate == stands.PublicationDate
                    && Of("venue")?.Venue == stands.Venue && Of("abstract")?.Abstract == stands.Abstract && (Of("topics")?.Topics ?? []).SequenceEqual(stands.Topics)
                    && (Of("authors")?.Authors ?? []).SequenceEqual(stands.Authors);
            });

    [Fact]
    public async Task What_a_source_deletes_is_no_longer_its_word_and_what_the_others_say_stands()
    {
        var (said, work) = await Both();
        (await service.Import(WorkSource.OpenAlex, said.OpenAlex)).Unchanged.ShouldBe(1);

        (await ImportArxiv(said.Deleted)).Updated.ShouldBe(1);

        (await Assertions(work.Id)).Assertions.ShouldHaveSingleItem().Source.ShouldBe(WorkSource.OpenAlex);
        (await service.Get<ListedWork>($"/api/works/{work.Id}")).Versions.ShouldHaveSingleItem().Kind.ShouldBe("article");
        (await ImportArxiv(said.Deleted)).Unchanged.ShouldBe(1);
        (await ImportArxiv(Said.New().Deleted)).Unchanged.ShouldBe(1);
    }

    [Fact]
    public async Task When_nobody_speaks_of_a_work_any_more_it_is_gone_until_somebody_does()
    {
        var said = Said.New();
        await service.Import(WorkSource.OpenAlex, said.OpenAlex);
        var work = await service.WorkKnownAs($"doi:{said.Doi}");
        var ada = await service.OpenAlexAuthor(said.Ada);
        var entered = await service.Scalar($"select published from work_authors where work_id = '{work.Id}'");
        (await service.Sums(ada)).Works.ShouldBe(1);

        using var withdrawn = await Withdraw(service.Curator, work.Id, WorkSource.OpenAlex, $"W{said.Number}");
        withdrawn.StatusCode.ShouldBe(HttpStatusCode.NoContent);

        foreach (var path in new[] { $"/api/works/{work.Id}", $"/api/works/{work.Id}/assertions", $"/api/graph/work/{work.Id}" })
        {
            using var gone = await service.Anonymous.GetAsync(path, Ct);
            await ShouldBeProblem(gone, 410, "work-removed");
        }

        using var again = await Withdraw(service.Curator, work.Id, WorkSource.OpenAlex, $"W{said.Number}");
        await ShouldBeProblem(again, 410, "work-removed");
        (await service.GetAll<ListedWork>($"/api/researchers/{ada}/works")).ShouldBeEmpty();
        (await service.Sums(ada)).ShouldBe(new(0, 0, 0, 0, 0, 0));
        (await service.Scalar($"select count(*) from mt_events where stream_id = '{SumsChanged.StreamId(ada)}' and data -> 'causes' -> 0 ->> 'type' = 'WorkRemoved'")).ShouldBe(1);

        (await service.Import(WorkSource.OpenAlex, said.OpenAlex)).Created.ShouldBe(1);
        (await service.Get<ListedWork>($"/api/works/{work.Id}")).ShouldBeEquivalentTo(work);
        (await service.Scalar($"select published from work_authors where work_id = '{work.Id}'")).ShouldBe(entered);
        (await service.Sums(ada)).Works.ShouldBe(1);
    }

    [Fact]
    public async Task Only_a_curator_takes_a_word_down_and_says_which()
    {
        var (said, work) = await Both();
        using var anybody = await Withdraw(service.Host.As(Guid.NewGuid()), work.Id, WorkSource.Arxiv, said.Arxiv);
        await ShouldBeProblem(anybody, 403, "not-yours");
        using var none = await Withdraw(service.Curator, work.Id, WorkSource.Arxiv, null);
        await ShouldBeProblem(none, 400, "malformed-assertion");
        using var unknown = await Withdraw(service.Curator, Guid.NewGuid(), WorkSource.Arxiv, said.Arxiv);
        await ShouldBeProblem(unknown, 404, "unknown-work");
        using var nothing = await Withdraw(service.Curator, work.Id, WorkSource.Crossref, said.Doi);
        nothing.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await Assertions(work.Id)).Assertions.Count.ShouldBe(2);
    }
}
