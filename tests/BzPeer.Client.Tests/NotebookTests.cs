using BzPeer.Provisioning;
using DuckDB.NET.Data;

namespace BzPeer.Client.Tests;

/// <summary>The notebook of <c>contracts/examples/duckdb</c>, on day files as they are exported.</summary>
public sealed class NotebookTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("notebook-").FullName;

    private static readonly (Guid Ada, Guid Bob, Guid Eve) People = (Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid());

    [Fact]
    public void Every_statement_runs_and_counts_what_stands()
    {
        using var duckdb = new DuckDBConnection("DataSource=:memory:");
        duckdb.Open();
        WriteDays(duckdb);
        Run(duckdb, $"set file_search_path = '{folder}'");
        var tables = Run(duckdb, File.ReadAllText(Path.Combine(Repository.Root, "contracts", "examples", "duckdb", "bzpeer.sql")));

        var (kinds, followers, works, trust, growth) = (tables[0], tables[1], tables[2], tables[3], tables[4]);
        kinds.Sum(row => (long)row[2]).ShouldBe(13);
        followers.Select(row => ($"{row[0]}", (long)row[1])).ShouldBe([($"{People.Ada}", 1L)], "one follower left, the other one was told twice");
        works.Select(row => ($"{row[0]}", $"{row[1]}", (long)row[2])).ShouldBe([("Graphs", "2024-05", 1L), ("Routing", "2023", 1L)], "one corrected, one of a year only, one retracted, one removed");
        trust.Select(row => ($"{row[0]}", (long)row[1], (int)row[2])).ShouldBe([("Emerging", 1L, 31)]);
        growth.Select(row => ((long)row[1], (long)row[2])).ShouldBe([(2L, 0L), (1L, 1L)]);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    /// <summary>Two days, with the columns and types of the export.</summary>
    private void WriteDays(DuckDBConnection duckdb)
    {
        var (one, two, three, four) = (Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid());
        Directory.CreateDirectory(Path.Combine(folder, "days"));
        Run(duckdb, "create table day (position bigint, id varchar, source varchar, type varchar, subject varchar, actor varchar, time timestamptz, sequence bigint, data varchar)");
        Add(1, "follow.ResearcherFollowed", People.Ada, People.Bob, 1, "{}");
        Add(1, "follow.ResearcherFollowed", People.Ada, People.Eve, 2, "{}");
        Add(1, "publication.WorkPublished", one, null, 1, Work("[]", null, 2022));
        Add(1, "publication.WorkPublished", two, null, 2, Work("[\"Routing\"]", null, 2023));
        Add(1, "publication.WorkPublished", three, null, 3, Work("[\"Graphs\"]", "2024-05-02", 2024));
        Add(1, "publication.WorkPublished", four, null, 4, Work("[\"Graphs\"]", "2024-05-02", 2024));
        Add(1, "trust.TrustRecalculated", People.Ada, null, 1, """{"score":11,"level":"Baseline"}""");
        Save("2026-11-27");
        Add(2, "publication.WorkCorrected", one, null, 5, Work("[\"Graphs\"]", "2024-05-17", 2024));
        Add(2, "publication.WorkRetracted", three, null, 6, "{}");
        Add(2, "publication.WorkRemoved", four, null, 7, "{}");
        Add(2, "trust.TrustRecalculated", People.Ada, null, 2, """{"score":31,"level":"Emerging"}""");
        // The first follow is told once more, as after a merge; the newest of an edge counts.
        Add(2, "follow.ResearcherUnfollowed", People.Ada, People.Eve, 4, "{}");
        Add(2, "follow.ResearcherFollowed", People.Ada, People.Bob, 5, "{}");
        Save("2026-11-28");

        void Add(int day, string type, Guid subject, Guid? actor, long sequence, string data) => Run(duckdb,
            $"insert into day values ({sequence}, uuid()::varchar, '{type.Split('.')[0]}', 'org.bzpeer.{type}', '{subject}', {(actor is null ? "null" : $"'{actor}'")}, '2026-11-{26 + day} 10:00:00+00', {sequence}, '{data}')");

        void Save(string day) => Run(duckdb, $"copy day to '{Path.Combine(folder, "days", day)}.parquet' (format parquet); delete from day");

        static string Work(string topics, string? date, int year) =>
            $$$"""{"work":{"title":"It''s a work","year":{{{year}}},"publicationDate":{{{(date is null ? "null" : $"\"{date}\"")}}},"topics":{{{topics}}},"retracted":false}}""";
    }

    /// <summary>What each statement that answers with rows answered.</summary>
    private static List<List<object[]>> Run(DuckDBConnection duckdb, string sql)
    {
        using var command = duckdb.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var tables = new List<List<object[]>>();
        do
        {
            if (reader.FieldCount == 0) continue;
            var rows = new List<object[]>();
            while (reader.Read())
            {
                var row = new object[reader.FieldCount];
                reader.GetValues(row);
                rows.Add(row);
            }

            tables.Add(rows);
        }
        while (reader.NextResult());
        return tables;
    }
}
