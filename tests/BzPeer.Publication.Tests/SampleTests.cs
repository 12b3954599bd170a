using System.Diagnostics;
using Marten;
using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>The works that the launcher imports, all of them, in one service.</summary>
public sealed class SampleTests(PublicationService service, ITestOutputHelper output) : IClassFixture<PublicationService>
{
    private static readonly string[] Files =
        ["arxiv-networking.ndjson.gz", "arxiv-seed.xml", "arxiv-srv6-neighbourhood.ndjson.gz", "openalex-2023.ndjson.gz", "openalex-current.ndjson.gz"];

    private static readonly (string Table, string Order)[] Tables =
        [("works", "id"), ("work_authors", "work_id, position"), ("work_topics", "work_id, rank"), ("work_institutions", "work_id, position, institution_id"), ("topics", "id"), ("institutions", "id"), ("researchers", "id"), ("suspected_pairs", "id")];

    [Fact]
    public async Task The_sample_is_imported_once_however_often_it_is_sent_and_rebuilt()
    {
        var rejected = 0L;
        foreach (var file in Files)
        {
            var watch = Stopwatch.StartNew();
            var status = await service.ImportFile(file);
            output.WriteLine($"{file}: {status.Received} records in {watch.Elapsed.TotalSeconds:0.0} s; {status.Created} created, {status.Updated} updated, {status.Unchanged} unchanged, {status.Rejected} rejected");
            status.State.ShouldBe("completed");
            status.Rejections.ShouldAllBe(rejection => rejection.Reason == "The record has no title." && rejection.SourceId != null);
            rejected += status.Rejected;
        }

        rejected.ShouldBe(15);
        var caughtUp = Stopwatch.StartNew();
        await service.SumsAreTold();
        output.WriteLine($"sums told {caughtUp.Elapsed.TotalSeconds:0.0} s later");
        (await service.Scalar("select count(*) from works")).ShouldBeGreaterThan(2_000);
        (await service.Scalar("select count(*) from researchers")).ShouldBeGreaterThan(5_000);
        (await service.Scalar("select count(*) from works where retracted")).ShouldBe(1);
        (await service.Sums(await service.ResearcherNamed("Daniel Bernier"))).ShouldBe(new(1, 1, 0, 0, 1, 4));

        await service.PairsAreFound();
        (await service.Scalar("select count(*) from suspected_pairs")).ShouldBePositive();
        var events = await service.Events();
        foreach (var file in Files)
        {
            var again = await service.ImportFile(file);
            again.Unchanged.ShouldBe(again.Received - again.Rejected);
        }

        await service.SumsAreTold();
        await service.PairsAreFound();
        (await service.Events()).ShouldBe(events);

        var before = await RowsAsync();
        using (var daemon = await service.Host.Store.BuildProjectionDaemonAsync())
            await daemon.RebuildProjectionAsync(nameof(WorkTables), TestContext.Current.CancellationToken);
        var after = await RowsAsync();
        foreach (var (table, _) in Tables) after[table].ShouldBe(before[table], table);
    }

    private async Task<Dictionary<string, string[]>> RowsAsync()
    {
        var rows = new Dictionary<string, string[]>();
        foreach (var (table, order) in Tables) rows[table] = await service.Host.Rows(table, order);
        return rows;
    }
}
