using System.Net.Http.Json;
using Marten;
using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>The tables that everything is read from.</summary>
public sealed class WorkTablesTests(PublicationService service) : IClassFixture<PublicationService>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static readonly (string Table, string Order)[] Tables =
        [("works", "id"), ("work_authors", "work_id, position"), ("work_topics", "work_id, rank"), ("work_institutions", "work_id, position, institution_id"), ("topics", "id"), ("institutions", "id"), ("researchers", "id")];

    [Fact]
    public async Task A_rebuild_leaves_the_same_rows_whatever_became_of_the_works()
    {
        // Corrected and retracted in every order: what is written at once while works come in is one page of a rebuild.
        var records = Enumerable.Range(0, 6).Select(n => Records.OpenAlexBy(Records.Number(), Records.Author("Ada", "A1", institution: "Engines"), Records.Author($"B {n}", $"A{Records.Number()}"), Records.Author(null))).ToArray();
        records[5]["is_retracted"] = true;
        await service.Import(WorkSource.OpenAlex, Records.Lines(records));
        // More than a page, so that some of what follows is rebuilt without what it follows.
        await service.Import(WorkSource.OpenAlex, Enumerable.Range(0, 700).Select(_ => Records.OpenAlex(Records.Number())).Lines());
        await Retract(0);
        await Retract(1);
        records[1]["title"] = "Corrected after it was retracted";
        records[2]["title"] = "Corrected";
        records[3]["is_retracted"] = true;
        records[4]["authorships"]!.AsArray().RemoveAt(0);
        await service.Import(WorkSource.OpenAlex, Records.Lines(records));
        records[2]["title"] = "Corrected <i>again</i>";
        records[2]["abstract"] = "<p>One</p><p>H<sub>2</sub>O</p>";
        await service.Import(WorkSource.OpenAlex, Records.Lines(records));
        await Retract(2);

        var before = await Rows();
        using (var daemon = await service.Host.Store.BuildProjectionDaemonAsync()) await daemon.RebuildProjectionAsync(nameof(WorkTables), Ct);

        var after = await Rows();
        foreach (var (table, _) in Tables) after[table].ShouldBe(before[table], table);
        before["works"].Length.ShouldBe(706);
        (await service.Scalar("select count(*) from works where retracted")).ShouldBe(5);
        (await service.Scalar("select count(*) from works where title_markup is not null and abstract_markup is not null")).ShouldBe(1);

        async Task Retract(int n)
        {
            var work = await service.WorkKnownAs($"openalex:{((string)records[n]["id"]!).Split('/')[^1]}");
            using var answer = await service.Curator.PostAsJsonAsync($"/api/works/{work.Id}/retraction", new { reason = "R", source = "S" }, Ct);
            answer.EnsureSuccessStatusCode();
        }
    }

    private async Task<Dictionary<string, string[]>> Rows()
    {
        var rows = new Dictionary<string, string[]>();
        foreach (var (table, order) in Tables) rows[table] = await service.Host.Rows(table, order);
        return rows;
    }
}
