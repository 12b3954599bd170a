using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using BzPeer.Testing;
using Marten;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;
using static BzPeer.Publication.Tests.PublicationService;

namespace BzPeer.Publication.Tests;

/// <summary>Records that name two works, and DELETE /api/works/{id}/merge.</summary>
public sealed class MergeWorksTests(PublicationService service) : IClassFixture<PublicationService>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static readonly (string Table, string Order)[] Tables =
        [("works", "id"), ("work_authors", "work_id, position"), ("work_topics", "work_id, rank"), ("work_institutions", "work_id, position, institution_id"), ("topics", "id"), ("institutions", "id")];

    /// <summary>A work of Crossref, known by its DOI; one of OpenAlex, known by its id; and the record of OpenAlex when it has both.</summary>
    private sealed record Pair(string Doi, long Number, string Ada, string Bob)
    {
        public static Pair New() => new($"10.5555/{Records.Number()}", Records.Number(), Records.Orcid(), $"A{Records.Number()}");

        public JsonObject ByDoi => new()
        {
            ["DOI"] = Doi,
            ["title"] = new JsonArray("Known by DOI"),
            ["type"] = "journal-article",
            ["published"] = new JsonObject { ["date-parts"] = new JsonArray(new JsonArray(2024, 5, 17)) },
            ["author"] = new JsonArray(new JsonObject { ["given"] = "Ada", ["family"] = "Lovelace", ["ORCID"] = Ada }),
            ["subject"] = new JsonArray("Engines"),
        };

        public JsonObject ById => Records.OpenAlexBy(Number, Records.Author("Bob Byron", Bob));

        public JsonObject Both
        {
            get
            {
                var both = Records.OpenAlexBy(Number, Records.Author("Ada Lovelace", orcid: Ada), Records.Author("Bob Byron", Bob));
                both["doi"] = Doi;
                return both;
            }
        }
    }

    private async Task<(Pair Pair, ListedWork Older, ListedWork Younger)> Two()
    {
        var pair = Pair.New();
        (await service.Import(WorkSource.Crossref, Records.Lines(pair.ByDoi))).Created.ShouldBe(1);
        (await service.Import(WorkSource.OpenAlex, Records.Lines(pair.ById))).Created.ShouldBe(1);
        return (pair, await service.WorkKnownAs($"doi:{pair.Doi}"), await service.WorkKnownAs($"openalex:W{pair.Number}"));
    }

    private Task<HttpResponseMessage> TakeBack(Guid work, HttpClient? by = null) => (by ?? service.Curator).DeleteAsync($"/api/works/{work}/merge", Ct);

    [Fact]
    public async Task A_record_that_names_two_works_makes_them_one_which_everybody_is_told()
    {
        var (pair, older, younger) = await Two();
        var (ada, bob) = (await service.Known($"orcid:{pair.Ada}"), await service.OpenAlexAuthor(pair.Bob));

        (await service.Import(WorkSource.OpenAlex, Records.Lines(pair.Both))).Updated.ShouldBe(1);

        var work = await service.Get<ListedWork>($"/api/works/{older.Id}");
        work.Authors.Select(author => author.ResearcherId).ShouldBe([ada, bob]);
        foreach (var path in new[] { $"/api/works/{younger.Id}", $"/api/graph/work/{younger.Id}?limit=3" })
        {
            using var moved = await service.Anonymous.GetAsync(path, Ct);
            (moved.StatusCode, moved.Headers.Location?.ToString()).ShouldBe((HttpStatusCode.MovedPermanently, path.Replace($"{younger.Id}", $"{older.Id}", StringComparison.Ordinal)));
        }

        using var write = await service.Anonymous.PostAsJsonAsync($"/api/works/{younger.Id}/retraction", new { reason = "R", source = "S" }, Ct);
        ((int)write.StatusCode).ShouldBe(401);
        using var byCurator = await service.Curator.PostAsJsonAsync($"/api/works/{younger.Id}/retraction", new { reason = "R", source = "S" }, Ct);
        (byCurator.StatusCode, byCurator.Headers.Location?.ToString()).ShouldBe((HttpStatusCode.PermanentRedirect, $"/api/works/{older.Id}/retraction"));

        foreach (var researcher in new[] { ada, bob })
        {
            (await service.GetAll<ListedWork>($"/api/researchers/{researcher}/works")).ShouldHaveSingleItem().Id.ShouldBe(older.Id);
            (await service.Sums(researcher)).ShouldBe(new(Works: 1, Validated: 1, SelfAsserted: 0, Retracted: 0, Topics: 1, CloseCollaborators: 1));
        }

        (await service.Scalar($"select count(*) from work_authors where work_id = '{younger.Id}'")).ShouldBe(0);
        await service.SumsAreTold();
        var events = await service.Events();
        (await service.Import(WorkSource.OpenAlex, Records.Lines(pair.Both))).Unchanged.ShouldBe(1);
        await service.SumsAreTold();
        (await service.Events()).ShouldBe(events);
    }

    [Fact]
    public async Task A_merge_that_is_taken_back_leaves_both_as_they_were_and_apart_for_good()
    {
        var (pair, older, younger) = await Two();
        var (ada, bob) = (await service.Known($"orcid:{pair.Ada}"), await service.OpenAlexAuthor(pair.Bob));
        await service.Import(WorkSource.OpenAlex, Records.Lines(pair.Both));

        foreach (var answer in await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => TakeBack(younger.Id))))
        {
            (await Read<ListedWork>(answer)).Id.ShouldBe(younger.Id);
            answer.Dispose();
        }

        (await service.Scalar($"select count(*) from mt_events where stream_id = '{younger.Id}' and type = 'work_restored'")).ShouldBe(1);
        (await service.Get<ListedWork>($"/api/works/{older.Id}")).Title.ShouldBe("Known by DOI");
        (await service.GetAll<ListedWork>($"/api/researchers/{ada}/works")).Select(work => work.Id).Order().ShouldBe(new[] { older.Id, younger.Id }.Order());
        (await service.GetAll<ListedWork>($"/api/researchers/{bob}/works")).ShouldHaveSingleItem().Id.ShouldBe(younger.Id);
        (await service.Sums(bob)).Works.ShouldBe(1);

        await service.SumsAreTold();
        var events = await service.Events();
        (await service.Import(WorkSource.OpenAlex, Records.Lines(pair.Both))).Unchanged.ShouldBe(1);
        await service.SumsAreTold();
        (await service.Events()).ShouldBe(events);
    }

    [Fact]
    public async Task Works_that_only_a_title_made_one_are_exactly_what_they_were_when_that_is_taken_back()
    {
        var (title, arxiv) = ($"On the analytical engine number {Records.Number()}", Records.ArxivId());
        await service.Import(WorkSource.Arxiv, Records.Feed(Records.Entry(arxiv, title, "Ada Lovelace")), "application/atom+xml");
        var preprint = await service.WorkKnownAs($"arxiv:{arxiv}");
        var before = await RowsOf(preprint.Id);
        var article = Records.OpenAlexBy(Records.Number(), Records.Author("Ada Lovelace", $"A{Records.Number()}"));
        (article["title"], article["doi"]) = (title, $"10.5555/{Records.Number()}");

        (await service.Import(WorkSource.OpenAlex, Records.Lines(article))).Updated.ShouldBe(1);

        var own = StableId.Of($"doi:{article["doi"]}");
        (await service.WorkKnownAs($"doi:{article["doi"]}")).Id.ShouldBe(preprint.Id);
        (await RowsOf(preprint.Id)).ShouldNotBe(before);
        using var back = await TakeBack(own);
        (await Read<ListedWork>(back)).Doi.ShouldBe((string)article["doi"]!);
        (await RowsOf(preprint.Id)).ShouldBe(before);
        (await service.Import(WorkSource.OpenAlex, Records.Lines(article))).Unchanged.ShouldBe(1);

        var rows = await Rows();
        using (var daemon = await service.Host.Store.BuildProjectionDaemonAsync()) await daemon.RebuildProjectionAsync(nameof(WorkTables), Ct);
        var after = await Rows();
        foreach (var (table, _) in Tables) after[table].ShouldBe(rows[table], table);
    }

    [Fact]
    public async Task Consumers_hear_where_a_work_went_and_that_it_is_back()
    {
        var (pair, older, younger) = await Two();
        var heard = new ConcurrentQueue<IIntegrationEvent>();
        var listening = service.Host.Services.GetRequiredService<IBusControl>().ConnectReceiveEndpoint($"listener-{younger.Id}", endpoint =>
        {
            endpoint.Handler<WorkRemoved>(message => Hear(message.Message));
            endpoint.Handler<WorkPublished>(message => Hear(message.Message));
        });
        await listening.Ready;

        await service.Import(WorkSource.OpenAlex, Records.Lines(pair.Both));
        await Eventually.Async(_ => Task.FromResult(heard.OfType<WorkRemoved>().Any(removed => removed.WorkId == younger.Id && removed.MergedInto == older.Id)), "where it went is told", ct: Ct);
        using var back = await TakeBack(younger.Id);
        back.EnsureSuccessStatusCode();
        await Eventually.Async(_ => Task.FromResult(heard.OfType<WorkPublished>().Any(published => published.WorkId == younger.Id && published.Work.Title == younger.Title)), "that it is back is told", ct: Ct);
        await listening.StopAsync(Ct);

        Task Hear(IIntegrationEvent message)
        {
            heard.Enqueue(message);
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task Only_a_curator_takes_a_merge_back_and_only_of_a_work_there_is()
    {
        var (_, older, _) = await Two();
        using var byAnybody = await TakeBack(older.Id, service.Host.As(Guid.NewGuid()));
        await ShouldBeProblem(byAnybody, 403, "not-yours");
        using var unknown = await TakeBack(Guid.NewGuid());
        await ShouldBeProblem(unknown, 404, "unknown-work");
        using var notMerged = await TakeBack(older.Id);
        (await Read<ListedWork>(notMerged)).ShouldBeEquivalentTo(older);
    }

    /// <summary>The rows of one work, but for where its last event stands.</summary>
    private async Task<string> RowsOf(Guid work)
    {
        await using var command = service.Host.Database.CreateCommand(
            """
            select (select jsonb_agg(to_jsonb(w) - 'position') from works w where id = $1)::text
              || (select jsonb_agg(a order by position) from work_authors a where work_id = $1)::text
              || coalesce((select jsonb_agg(t order by rank) from work_topics t where work_id = $1)::text, '')
            """);
        command.Parameters.Add(new() { Value = work });
        return (string)(await command.ExecuteScalarAsync(Ct))!;
    }

    private async Task<Dictionary<string, string[]>> Rows()
    {
        var rows = new Dictionary<string, string[]>();
        foreach (var (table, order) in Tables) rows[table] = await service.Host.Rows(table, order);
        return rows;
    }
}
