using System.Text;
using BzPeer.Testing;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;
using IProjectionCoordinator = Marten.Events.Daemon.Coordination.IProjectionCoordinator;

namespace BzPeer.Publication.Tests;

/// <summary>Imports that are disturbed, and imports that come together.</summary>
public sealed class ImportWorkerTests(PublicationService service) : IClassFixture<PublicationService>
{
    private const string Ndjson = "application/x-ndjson";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Works of three authors each, every one of whom is on several of them.</summary>
    private static (string File, int Authors) File(int works)
    {
        var authors = Enumerable.Range(0, works / 2).Select(_ => $"A{Records.Number()}").ToArray();
        return (Enumerable.Range(0, works).Select(n => Records.OpenAlex(Records.Number(), authors[n % authors.Length], authors[n * 7 % authors.Length], authors[n * 13 % authors.Length])).Lines(), authors.Length);
    }

    private static byte[] Bytes(string file) => Encoding.UTF8.GetBytes(file);

    private Task<long> Count(string what) => service.Scalar($"select count(*) from {what}");

    /// <summary>There is one work, one key and one published event of each record, and one researcher of each author.</summary>
    private async Task ShouldHaveAdded(long worksBefore, long researchersBefore, int works, int authors)
    {
        (await Count("works") - worksBefore).ShouldBe(works);
        (await Count("researchers") - researchersBefore).ShouldBe(authors);
        (await Count("mt_events where type = 'work_published'")).ShouldBe(await Count("works"));
        (await Count("mt_streams where id in (select researcher_id from author_keys)")).ShouldBe(await Count("researchers"));
    }

    [Fact]
    public async Task An_import_whose_database_fails_again_and_again_goes_on_where_it_stood()
    {
        var (works, researchers) = (await Count("works"), await Count("researchers"));
        var (file, authors) = File(1_500);
        using var answer = await service.SendImport(WorkSource.OpenAlex, Bytes(file), Ndjson);
        var id = answer.Headers.Location!.ToString().Split('/')[^1];

        for (var (failures, seen) = (0, 0L); failures < 3; failures++)
        {
            (seen, _) = await Eventually.Async(async _ => (Batches: await Batches(), Ended: await Ended()), now => now.Batches > seen || now.Ended, "the import goes on", Patience, Ct);
            // What PostgreSQL does to everybody when one of its processes dies: whatever is in the middle of something is undone.
            // The test's own connection may be one that broke the time before.
            await Eventually.Async(
                _ => Count("(select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()) t"), _ => true, "everything breaks off", Patience, Ct);
        }

        var status = await service.Finished(answer.Headers.Location!);
        (status.State, status.Received, status.Created, status.Rejected).ShouldBe(("completed", 1_500, 1_500, 0));
        // A connection that was idle is broken too, and the test has no use for finding out.
        await using (var any = service.Host.Database.CreateConnection()) Npgsql.NpgsqlConnection.ClearPool(any);
        await ShouldHaveAdded(works, researchers, 1_500, authors);

        Task<long> Batches() => Count($"import_batches where import_id = '{id}'");

        async Task<bool> Ended() => await Count($"imports where id = '{id}' and state <> 'running'") > 0;
    }

    [Fact]
    public async Task An_instance_that_ends_in_the_middle_of_an_import_leaves_the_rest_to_another()
    {
        var (works, researchers) = (await Count("works"), await Count("researchers"));
        var (file, authors) = File(1_500);
        await using var other = new ServiceHost<Program> { Beside = service.Host };
        await other.InitializeAsync();
        using var content = new ByteArrayContent(Bytes(file)) { Headers = { ContentType = new(Ndjson) } };
        using var answer = await other.As(Guid.NewGuid(), "curator").PostAsync("/api/imports?format=openalex", content, Ct);
        await Eventually.Async(async _ => await Count($"import_batches where import_id = '{answer.Headers.Location!.ToString().Split('/')[^1]}'") > 0, "the import has begun", Patience, Ct);
        await other.DisposeAsync();

        var status = await service.Finished(answer.Headers.Location!);

        (status.State, status.Received, status.Created).ShouldBe(("completed", 1_500, 1_500));
        await ShouldHaveAdded(works, researchers, 1_500, authors);
    }

    [Fact]
    public async Task An_import_does_not_wait_for_what_follows_it_where_that_stands_still()
    {
        // What does not lead cannot be made to stand still: it may be on its way back from connections that another test has cut.
        var (before, _) = File(10);
        (await service.Import(WorkSource.OpenAlex, before)).Created.ShouldBe(10);
        await EverythingHasFollowed();

        var daemon = service.Host.Services.GetRequiredService<IProjectionCoordinator>();
        await daemon.PauseAsync();
        try
        {
            var (first, _) = File(50);
            (await service.Import(WorkSource.OpenAlex, first)).Created.ShouldBe(50);
            const string late = "(select seq_id from mt_events where seq_id > (select min(last_seq_id) from mt_event_progression where name like '%:All') and timestamp < now() - interval '1 second') t";
            await Eventually.Async(_ => Count(late), count => count > 0, "what follows is late", ct: Ct);
            var (second, _) = File(200);
            (await service.Import(WorkSource.OpenAlex, second)).Created.ShouldBe(200);
        }
        finally
        {
            await daemon.ResumeAsync();
        }

        await EverythingHasFollowed();

        Task EverythingHasFollowed() => Eventually.Async(
            _ => Count("mt_event_progression where name like '%:All' and last_seq_id < (select max(seq_id) from mt_events)"), behind => behind == 0, "everything has followed", Patience, Ct);
    }

    [Fact]
    public async Task The_same_records_sent_twice_at_once_are_taken_once()
    {
        var (works, researchers) = (await Count("works"), await Count("researchers"));
        var (file, authors) = File(300);
        var answers = await Task.WhenAll(service.SendImport(WorkSource.OpenAlex, Bytes(file), Ndjson), service.SendImport(WorkSource.OpenAlex, Bytes(file), Ndjson));
        var statuses = await Task.WhenAll(answers.Select(answer => service.Finished(answer.Headers.Location!)));

        statuses.ShouldAllBe(status => status.State == "completed" && status.Received == 300 && status.Rejected == 0);
        (statuses.Sum(status => status.Created), statuses.Sum(status => status.Unchanged)).ShouldBe((300, 300));
        await ShouldHaveAdded(works, researchers, 300, authors);
        foreach (var answer in answers) answer.Dispose();
    }

    [Fact]
    public async Task Works_that_are_posted_while_they_are_imported_are_one_work_each()
    {
        var before = await Count("works");
        var records = Enumerable.Range(0, 200).Select(_ =>
        {
            var number = Records.Number();
            var record = Records.OpenAlex(number, $"A{number}");
            record["doi"] = $"https://doi.org/10.5555/{number}";
            return record;
        }).ToArray();
        using var import = await service.SendImport(WorkSource.OpenAlex, Bytes(Records.Lines(records)), Ndjson);
        foreach (var record in records.Reverse())
        {
            using var posted = await PublicationService.Post(service.Curator, new { title = (string)record["title"]!, type = "article", publicationDate = "2024-05-17", doi = (string)record["doi"]! });
            posted.IsSuccessStatusCode.ShouldBeTrue(await posted.Content.ReadAsStringAsync(Ct));
        }

        var status = await service.Finished(import.Headers.Location!);
        (status.State, status.Rejected, status.Created + status.Updated).ShouldBe(("completed", 0, 200));
        (await Count("works") - before).ShouldBe(200);
    }

    [Fact]
    public async Task A_record_that_cannot_be_stored_is_rejected_alone()
    {
        var records = Enumerable.Range(0, 21).Select(_ => Records.OpenAlex(Records.Number(), $"A{Records.Number()}")).ToArray();
        var hopeless = ((string)records[10]["id"]!).Split('/')[^1];
        await using (var refuse = service.Host.Database.CreateCommand(
            $"""
            create function refuse() returns trigger language plpgsql as $$ begin raise exception 'Nothing like that is stored.'; end $$;
            create trigger refuse before insert on work_keys for each row when (new.key = 'openalex:{hopeless}') execute function refuse()
            """)) await refuse.ExecuteNonQueryAsync(Ct);

        var status = await service.Import(WorkSource.OpenAlex, Records.Lines(records));
        (status.State, status.Received, status.Created, status.Rejected).ShouldBe(("completed", 21, 20, 1));
        status.Rejections.ShouldHaveSingleItem().ShouldSatisfyAllConditions(r => r.Index.ShouldBe(10), r => r.SourceId.ShouldBe(hopeless), r => r.Reason.ShouldStartWith("It could not be stored"));
    }
}
