using System.Net;
using System.Text;
using BzPeer.Testing;
using Shouldly;
using Xunit;
using static BzPeer.Publication.Tests.PublicationService;

namespace BzPeer.Publication.Tests;

/// <summary>Works of so many authors that these become known ahead of it, in portions: nobody waits for that, and nothing comes of an interruption.</summary>
public sealed class RecordWorksTests(PublicationService service) : IClassFixture<PublicationService>
{
    private const string Atom = "application/atom+xml";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Anybody of these has two dozen namesakes by each of their names: all of them become common together.</summary>
    private static IEnumerable<string> Names(string family) => Letters(25).SelectMany(given => Letters(25).Select(last => $"An{given}o {family}{last}"));

    private static IEnumerable<string> Letters(int count) => Enumerable.Range(0, count).Select(n => $"{(char)('a' + n)}r");

    private static string[] NewAuthors(int count) => [.. Enumerable.Range(0, count).Select(_ => $"A{Records.Number()}")];

    private Task<long> Researchers() => service.Scalar("select count(*) from researchers");

    private Task<long> PublishedAt(long number) => service.Scalar(
        $"select coalesce(max(e.seq_id), 0) from work_keys k join mt_events e on e.stream_id = k.work_id and e.type = 'work_published' where k.key = 'openalex:W{number}'");

    [Fact]
    public async Task While_the_authors_of_a_large_work_become_known_in_portions_the_imports_behind_it_go_on()
    {
        var (large, small, before) = (Records.Number(), Records.Number(), await Researchers());
        using var accepted = await service.SendImport(WorkSource.OpenAlex, Encoding.UTF8.GetBytes(Records.Lines(Records.OpenAlex(large, NewAuthors(2_000)))), "application/x-ndjson");
        await Eventually.Async(_ => Researchers(), known => known > before, "the first become known", Patience, Ct);

        (await service.Import(WorkSource.OpenAlex, Records.Lines(Records.OpenAlex(small, NewAuthors(1))))).Created.ShouldBe(1);
        (await service.Finished(accepted.Headers.Location!)).Created.ShouldBe(1);

        (await PublishedAt(small)).ShouldBeLessThan(await PublishedAt(large));
        (await Researchers() - before).ShouldBe(2_001);
        // Events of one transaction have one time.
        (await service.Scalar("select max(n) from (select count(*) n from mt_events where type = 'author_identified' group by timestamp) t")).ShouldBeLessThanOrEqualTo(100);
        (await service.Scalar($"select count(*) from mt_events i join work_authors a on a.researcher_id = i.stream_id join work_keys k on k.work_id = a.work_id and k.key = 'openalex:W{large}' where i.seq_id > {await PublishedAt(large)}"))
            .ShouldBe(0, "researchers come before the work that names them");
    }

    [Fact]
    public async Task An_instance_that_ends_while_authors_become_known_leaves_the_rest_of_them_to_another()
    {
        await using var first = new OneOf(new ServiceHost<Program>());
        await first.InitializeAsync();
        var record = Encoding.UTF8.GetBytes(Records.Feed(Records.Entry(Records.ArxivId(), "By many", Names("Crowd"))));
        using var accepted = await first.SendImport(WorkSource.Arxiv, record, Atom);
        await Eventually.Async(_ => first.Scalar("select count(*) from researchers"), known => known > 0, "the first become known", Patience, Ct);
        await first.DisposeAsync();

        // It counts who bears which name anew, and finds that names are common that were not.
        await using var second = new OneOf(new ServiceHost<Program> { Beside = first.Host });
        await second.InitializeAsync();
        (await second.Finished(accepted.Headers.Location!)).Created.ShouldBe(1);

        await ShouldBeOneWorkByAll(second);
        var events = await second.Scalar("select count(*) from mt_events where type in ('author_identified', 'work_published')");
        events.ShouldBe(626);
        (await second.Import(WorkSource.Arxiv, record, Atom)).Unchanged.ShouldBe(1);
        (await second.Scalar("select count(*) from mt_events where type in ('author_identified', 'work_published')")).ShouldBe(events);
    }

    [Fact]
    public async Task A_store_that_fails_while_authors_become_known_leaves_nobody_known_twice()
    {
        await using var one = new OneOf(new ServiceHost<Program>());
        await one.InitializeAsync();
        using var accepted = await one.SendImport(WorkSource.Arxiv, Encoding.UTF8.GetBytes(Records.Feed(Records.Entry(Records.ArxivId(), "By many", Names("Throng")))), Atom);
        await Eventually.Async(_ => one.Scalar("select count(*) from researchers"), known => known > 0, "the first become known", Patience, Ct);
        await one.Scalar("select count(*) from (select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()) t");

        (await one.Finished(accepted.Headers.Location!)).Created.ShouldBe(1);
        // A connection that was idle is broken too, and the test has no use for finding out.
        await using (var any = one.Host.Database.CreateConnection()) Npgsql.NpgsqlConnection.ClearPool(any);

        await ShouldBeOneWorkByAll(one);
    }

    [Fact]
    public async Task The_same_large_work_sent_three_times_at_once_is_taken_once()
    {
        var before = await Researchers();
        var (number, authors) = (Records.Number(), NewAuthors(600));
        var record = Encoding.UTF8.GetBytes(Records.Lines(Records.OpenAlex(number, authors)));
        var answers = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => service.SendImport(WorkSource.OpenAlex, record, "application/x-ndjson")));
        var statuses = await Task.WhenAll(answers.Select(answer => service.Finished(answer.Headers.Location!)));

        (statuses.Sum(status => status.Created), statuses.Sum(status => status.Unchanged)).ShouldBe((1, 2));
        (await Researchers() - before).ShouldBe(600);
        (await service.Scalar($"select count(*) from mt_events where type = 'author_identified' and stream_id in (select researcher_id from author_keys where key in ({string.Join(", ", authors.Select(author => $"'openalex:{author}'"))}))")).ShouldBe(600);
        foreach (var answer in answers) answer.Dispose();
    }

    [Fact]
    public async Task A_large_work_that_a_curator_posts_names_everybody_and_stands_when_it_is_posted_again()
    {
        var before = await Researchers();
        var work = new
        {
            title = "By three hundred",
            type = "article",
            publicationDate = "2025-03-01",
            doi = $"10.5555/{Guid.NewGuid():N}",
            authors = Enumerable.Range(0, 300).Select(n => new { name = $"Author {n}", orcid = Records.Orcid() }).ToArray(),
        };

        var posted = await Publish(service.Curator, work);

        posted.AuthorCount.ShouldBe(300);
        (await service.Scalar($"select count(distinct researcher_id) from work_authors where work_id = '{posted.Id}'")).ShouldBe(300);
        (await Researchers() - before).ShouldBe(300);
        (await Publish(service.Curator, work with { authors = [.. work.authors, new { name = "One More", orcid = Records.Orcid() }] }, HttpStatusCode.OK)).Id.ShouldBe(posted.Id);
        (await Researchers() - before).ShouldBe(300, "what is not taken makes nobody known");
    }

    private static async Task ShouldBeOneWorkByAll(PublicationService store)
    {
        (await store.Scalar("select count(*) from works")).ShouldBe(1);
        (await store.Scalar("select count(*) from researchers")).ShouldBe(625);
        (await store.Scalar("select count(distinct researcher_id) from work_authors")).ShouldBe(625);
        (await store.Scalar("select count(distinct researcher_id) from author_keys")).ShouldBe(625);
    }

    private sealed class OneOf(ServiceHost<Program> host) : PublicationService(host);
}
