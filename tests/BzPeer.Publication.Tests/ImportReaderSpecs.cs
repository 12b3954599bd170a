using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>Every form a body may have, whole and broken: everything good in it is read, and whatever is not says so in its place.</summary>
public sealed class ImportReaderSpecs
{
    private const string Json = "application/json";
    private const string Ndjson = "application/x-ndjson";
    private const string Atom = "application/atom+xml";
    private const string Gzip = "application/gzip";

    private static readonly JsonObject[] Three = [Records.OpenAlex(1, "A1"), Records.OpenAlex(2, "A2"), Records.OpenAlex(3)];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static async Task<List<ReadRecord>> Read(byte[] body, string format, string mediaType, long maxBytes = long.MaxValue)
    {
        List<ReadRecord> all = [];
        await foreach (var read in ImportReader.ReadAsync(new MemoryStream(body), format, mediaType, maxBytes, Ct)) all.Add(read);
        return all;
    }

    /// <summary>The ids of what was read, and the reasons of what was not.</summary>
    private static async Task<string[]> Told(byte[] body, string format, string mediaType, long maxBytes = long.MaxValue) =>
        [.. (await Read(body, format, mediaType, maxBytes)).Select(read => read.Rejection ?? read.SourceId!)];

    private static Task<string[]> Told(string body, string format = WorkSource.OpenAlex, string mediaType = Json) => Told(Encoding.UTF8.GetBytes(body), format, mediaType);

    private static byte[] Zip(byte[] body)
    {
        using var zipped = new MemoryStream();
        using (var gzip = new GZipStream(zipped, CompressionLevel.Fastest)) gzip.Write(body);
        return zipped.ToArray();
    }

    private static byte[] Zip(string body) => Zip(Encoding.UTF8.GetBytes(body));

    private static string Page(string results) => $$"""{ "meta": { "count": 3, "results": [7] }, "results": {{results}}, "group_by": [] }""";

    public static TheoryData<string, string> Bodies => new()
    {
        { Three.Lines(), Ndjson },
        { Three.Lines() + "\n", Ndjson },
        { "\uFEFF" + Three.Lines().ReplaceLineEndings("\r\n\r\n"), Ndjson },
        { Three.Lines(), Json },
        { new JsonArray([.. Three.Select(record => record.DeepClone())]).ToJsonString(), Json },
        { $"\n[ {string.Join(",\n", Three.Select(record => record.ToString()))} ]\n", Json },
        { Page(new JsonArray([.. Three.Select(record => record.DeepClone())]).ToJsonString()), Json },
        { Page($"[\n{string.Join(",\n", Three.Select(record => record.ToString()))}\n]"), Json },
        { string.Join('\n', Three.Select(record => record.ToString())), Json },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task Records_are_read_from_lines_an_array_or_a_page_also_when_compressed(string body, string mediaType)
    {
        (await Told(body, WorkSource.OpenAlex, mediaType)).ShouldBe(["W1", "W2", "W3"]);
        (await Told(Zip(body), WorkSource.OpenAlex, mediaType)).ShouldBe(["W1", "W2", "W3"]);
        (await Told(Zip(body), WorkSource.OpenAlex, Gzip)).ShouldBe(["W1", "W2", "W3"]);
        (await Told(Zip(Zip(body)), WorkSource.OpenAlex, Gzip)).ShouldBe(["W1", "W2", "W3"]);
    }

    [Fact]
    public async Task A_single_record_is_read_on_one_line_and_on_many()
    {
        (await Told(Three[0].ToJsonString())).ShouldBe(["W1"]);
        (await Told(Three[0].ToString())).ShouldBe(["W1"]);
        (await Told(Three[0].ToJsonString(), WorkSource.OpenAlex, Ndjson)).ShouldBe(["W1"]);
    }

    private static string CrossrefWork(int n) => $$"""{ "DOI": "10.1000/{{n}}", "title": ["T"] }""";

    private static string CrossrefPage(string items) =>
        $$$"""{"status":"ok","message-type":"work-list","items":[8],"message-version":"1.0.0","message":{"facets":{"items":[9]},"total-results":3,"items":{{{items}}},"items-per-page":20,"query":{"items":[7]} } }""";

    public static TheoryData<string, string> CrossrefBodies => new()
    {
        { CrossrefPage($"[{CrossrefWork(1)},{CrossrefWork(2)},{CrossrefWork(3)}]"), Json },
        { CrossrefPage($"[{CrossrefWork(1)},{CrossrefWork(2)},{CrossrefWork(3)}]\n").Replace("{\"status", "{\n\"status", StringComparison.Ordinal), Json },
        { $"[{CrossrefWork(1)},{CrossrefWork(2)},{CrossrefWork(3)}]", Json },
        { $"{CrossrefWork(1)}\n{CrossrefWork(2)}\n{CrossrefWork(3)}\n", Json },
        { $"{CrossrefWork(1)}\n{CrossrefWork(2)}\n{CrossrefWork(3)}\n", Ndjson },
        { string.Join('\n', Enumerable.Range(1, 3).Select(n => $$"""{ "status": "ok", "message-type": "work", "message": {{CrossrefWork(n)}} }""")), Ndjson },
    };

    [Theory]
    [MemberData(nameof(CrossrefBodies))]
    public async Task Works_of_Crossref_are_read_from_a_page_an_array_or_lines(string body, string mediaType)
    {
        (await Told(body, WorkSource.Crossref, mediaType)).ShouldBe(["10.1000/1", "10.1000/2", "10.1000/3"]);
        (await Told(Zip(body), WorkSource.Crossref, Gzip)).ShouldBe(["10.1000/1", "10.1000/2", "10.1000/3"]);
    }

    [Fact]
    public async Task A_list_that_stands_elsewhere_is_not_the_list_of_a_page() =>
        (await Told($$"""{ "status": "ok", "items": [7], "message-type": "work", "message": {{CrossrefWork(1)}}, "links": { "items": [8, 9] } }""", WorkSource.Crossref)).ShouldBe(["10.1000/1"]);

    [Fact]
    public async Task A_list_of_references_is_read_compressed_too() =>
        (await Told(Zip("@article{k, title = {T}}"), ImportReader.Bibtex, Gzip)).ShouldBe(["k"]);

    [Theory]
    [InlineData("[]")]
    [InlineData("""{ "meta": {}, "results": [] }""")]
    [InlineData(" \n ")]
    public async Task Nothing_is_read_from_an_empty_list(string body) => (await Told(body)).ShouldBeEmpty();

    [Fact]
    public async Task A_record_that_is_no_JSON_does_not_hide_the_ones_after_it()
    {
        var told = await Told($"{Three[0].ToJsonString()}\nnot JSON\n{{\"id\": \n{Three[1].ToJsonString()}\n[7]\n{Three[2].ToJsonString()}", WorkSource.OpenAlex, Ndjson);
        told.Length.ShouldBe(6);
        (told[0], told[3], told[5]).ShouldBe(("W1", "W2", "W3"));
        told[1].ShouldStartWith("The record is not JSON");
        told[2].ShouldStartWith("The record is not JSON");
        told[4].ShouldBe("The record is not a JSON object.");
    }

    [Fact]
    public async Task A_record_without_a_title_stands_in_its_place_in_the_file()
    {
        var untitled = Records.OpenAlex(2);
        untitled["title"] = null;
        var read = await Read(Encoding.UTF8.GetBytes(Records.Lines(Three[0], untitled, Three[2])), WorkSource.OpenAlex, Ndjson);
        read.Select(record => (record.SourceId, record.Rejection)).ShouldBe([("W1", null), ("W2", "The record has no title."), ("W3", null)]);
    }

    [Fact]
    public async Task An_array_that_breaks_off_gives_what_was_whole()
    {
        var array = new JsonArray([.. Three.Select(record => record.DeepClone())]).ToJsonString();
        (await Told(array[..^20])).ShouldBe(["W1", "W2", "The file breaks off here."]);
        (await Told(array[..^1])).ShouldBe(["W1", "W2", "W3", "The file breaks off here."]);
    }

    [Fact]
    public async Task Lines_that_break_off_give_what_was_whole()
    {
        var told = await Told(Three.Lines()[..^20], WorkSource.OpenAlex, Ndjson);
        told[..2].ShouldBe(["W1", "W2"]);
        told[2..].ShouldHaveSingleItem().ShouldStartWith("The record is not JSON");
    }

    [Theory]
    [InlineData(Ndjson)]
    [InlineData(Gzip)]
    public async Task A_compressed_file_that_breaks_off_never_passes_for_a_whole_one(string mediaType)
    {
        var many = Enumerable.Range(1, 5_000).Select(n => Records.OpenAlex(n)).ToList();
        var zipped = Zip(many.Lines());
        foreach (var length in new[] { 11, zipped.Length / 2, zipped.Length - 1 })
        {
            var told = await Told(zipped[..length], WorkSource.OpenAlex, mediaType);
            told[^1].ShouldStartWith("The data cannot be read on");
            told[..^1].ShouldBe(Enumerable.Range(1, told.Length - 1).Select(n => $"W{n}"));
        }

        zipped[zipped.Length / 2] ^= 0xFF;
        (await Told(zipped, WorkSource.OpenAlex, mediaType)).ShouldContain(reason => reason.StartsWith("The data cannot be read on", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(Atom)]
    [InlineData("application/xml")]
    [InlineData("text/xml")]
    [InlineData(Gzip)]
    public async Task A_feed_is_read_entry_by_entry(string mediaType)
    {
        var feed = Records.Feed(Records.Entry("2301.00001", "One", "Ada"), "<entry><id>9</id></entry>", Records.Entry("2301.00002", "Two"));
        string[] told = ["2301.00001", "The record has no arXiv id.", "2301.00002"];
        if (mediaType != Gzip) (await Told(feed, WorkSource.Arxiv, mediaType)).ShouldBe(told);
        (await Told(Zip(feed), WorkSource.Arxiv, mediaType)).ShouldBe(told);
        (await Told(Zip(Encoding.Unicode.GetPreamble().Concat(Encoding.Unicode.GetBytes(feed.Replace("UTF-8", "utf-16", StringComparison.Ordinal))).ToArray()), WorkSource.Arxiv, mediaType)).ShouldBe(told);
    }

    [Fact]
    public async Task A_single_entry_is_read() => (await Told(Records.Entry("2301.00001", "One"), WorkSource.Arxiv, Atom)).ShouldBe(["2301.00001"]);

    [Fact]
    public async Task A_feed_that_breaks_off_gives_what_was_whole()
    {
        var feed = Records.Feed(Records.Entry("2301.00001", "One"), Records.Entry("2301.00002", "Two"));
        foreach (var cut in new[] { 3, 30, 90 })
        {
            var told = await Told(feed[..^cut], WorkSource.Arxiv, Atom);
            told[0].ShouldBe("2301.00001");
            told[^1].ShouldStartWith("The XML breaks off or is not well-formed here");
        }

        var zipped = Zip(Records.Feed(Enumerable.Range(10_000, 2_000).Select(n => Records.Entry($"2301.{n}", "T"))));
        var read = await Told(zipped[..(zipped.Length / 2)], WorkSource.Arxiv, Atom);
        read[0].ShouldBe("2301.10000");
        read[^1].ShouldStartWith("The data cannot be read on");
    }

    [Theory]
    [InlineData("<html/>")]
    [InlineData("<!DOCTYPE feed [<!ENTITY a SYSTEM \"file:///etc/hostname\">]><feed xmlns=\"http://www.w3.org/2005/Atom\"><entry><title>&a;</title></entry></feed>")]
    [InlineData("<feed>")]
    [InlineData("no XML")]
    public async Task What_is_no_feed_says_so(string body) =>
        (await Told(body, WorkSource.Arxiv, Atom)).ShouldHaveSingleItem().ShouldStartWith("The XML breaks off or is not well-formed here");

    [Fact]
    public async Task Whatever_is_compressed_into_a_few_bytes_stops_at_the_limit()
    {
        var bomb = Zip($"[{Three[0].ToJsonString()}, \"{new string('x', 5_000_000)}\"]");
        (await Told(bomb, WorkSource.OpenAlex, Gzip, maxBytes: 1_000_000))[^1].ShouldBe("The data cannot be read on: It expands to more than 1,000,000 bytes.");
    }

    [Fact]
    public async Task A_record_beyond_all_measure_is_rejected_and_the_next_one_is_read()
    {
        var told = await Told($"{{\"x\": \"{new string('x', JsonRecords.MaxRecordBytes)}\"}}\n{Three[0].ToJsonString()}", WorkSource.OpenAlex, Ndjson);
        told.ShouldBe(["The record is larger than 32,000,000 bytes.", "W1"]);
    }

    [Fact]
    public async Task Half_a_character_and_bytes_that_are_no_text_are_one_rejection_each()
    {
        // The second has bytes that are no UTF-8.
        byte[] body = [.. "{\"id\":\"W1\",\"title\":\"\\ud835\"}\n{\"id\":\"W2\",\"title\":\""u8, 0xC3, 0x28, .. "\"}\n"u8, .. Encoding.UTF8.GetBytes(Three[2].ToJsonString())];
        var read = await Read(body, WorkSource.OpenAlex, Ndjson);
        read.Count.ShouldBe(3);
        read[0].Rejection.ShouldNotBeNull().ShouldStartWith("The record holds text that cannot be read");
        read[1].Rejection.ShouldNotBeNull().ShouldStartWith("The record");
        read[2].SourceId.ShouldBe("W3");
    }

    [Fact]
    public async Task Whatever_the_bytes_are_reading_ends_and_never_fails()
    {
        var feed = Encoding.UTF8.GetBytes(Records.Feed(Records.Entry("2301.00001", "One <b>", "Ada")));
        (byte[] Body, string Format, string MediaType)[] seeds =
        [
            (Encoding.UTF8.GetBytes(Three.Lines()), WorkSource.OpenAlex, Ndjson), (Encoding.UTF8.GetBytes(Page(Three.Lines().Replace('\n', ','))), WorkSource.OpenAlex, Json),
            (Zip(Three.Lines()), WorkSource.OpenAlex, Gzip), (feed, WorkSource.Arxiv, Atom), (Zip(feed), WorkSource.Arxiv, Gzip),
        ];
        var damage = Gen.Select(Gen.Int[0, 100_000], Gen.Byte).Array[1, 6];
        await Gen.Select(Gen.Int[0, seeds.Length - 1], damage, Gen.Int[0, 100_000]).SampleAsync(async (seed, bytes, cut) =>
        {
            var body = seeds[seed].Body.ToArray();
            foreach (var (place, value) in bytes) body[place % body.Length] = value;
            if (cut % 3 == 0) body = body[..(cut % body.Length)];
            await Read(body, seeds[seed].Format, seeds[seed].MediaType);
        }, iter: 2_000);
    }

    [Theory]
    [InlineData(WorkSource.OpenAlex, Json, true)]
    [InlineData(WorkSource.OpenAlex, Ndjson, true)]
    [InlineData(WorkSource.OpenAlex, Gzip, true)]
    [InlineData(WorkSource.OpenAlex, Atom, false)]
    [InlineData(WorkSource.OpenAlex, "text/plain", false)]
    [InlineData(WorkSource.OpenAlex, null, false)]
    [InlineData(WorkSource.Arxiv, Atom, true)]
    [InlineData(WorkSource.Arxiv, "text/XML", true)]
    [InlineData(WorkSource.Arxiv, Json, true)]
    [InlineData(WorkSource.Crossref, Json, true)]
    [InlineData(WorkSource.Crossref, Ndjson, true)]
    [InlineData(WorkSource.Crossref, "text/xml", false)]
    [InlineData(WorkSource.Orcid, "application/vnd.orcid+json", true)]
    [InlineData(WorkSource.Orcid, "application/vnd.orcid+xml", true)]
    [InlineData(WorkSource.Orcid, "application/xml", true)]
    [InlineData(WorkSource.Orcid, Atom, false)]
    [InlineData(WorkSource.Arxiv, "application/vnd.orcid+xml", false)]
    [InlineData(ImportReader.Bibtex, "application/x-bibtex", true)]
    [InlineData(ImportReader.Bibtex, "text/x-bibtex", true)]
    [InlineData(ImportReader.Bibtex, Gzip, true)]
    [InlineData(ImportReader.Bibtex, Json, false)]
    [InlineData(ImportReader.Csl, "application/vnd.citationstyles.csl+json", true)]
    [InlineData(ImportReader.Csl, Json, true)]
    [InlineData(ImportReader.Csl, "text/x-bibtex", false)]
    [InlineData(WorkSource.OpenAlex, "application/vnd.citationstyles.csl+json", false)]
    public void A_format_comes_in_the_types_it_is_written_in(string format, string? mediaType, bool takes) => ImportReader.Takes(format, mediaType).ShouldBe(takes);
}
