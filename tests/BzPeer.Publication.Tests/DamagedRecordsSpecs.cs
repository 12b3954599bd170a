using System.Text;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using CsCheck;
using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>Files of every format cut off anywhere, and records with any field missing or of another kind: reading ends, and what is good is read.</summary>
public sealed class DamagedRecordsSpecs
{
    private const string Ada = "0000-0002-1825-0097";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private sealed record Sample(string Format, string MediaType, string Before, string[] Records, string Between, string After)
    {
        public string Whole => Before + string.Join(Between, Records) + After;

        public static Sample Of(string name) => name switch
        {
            "openalex" => new(WorkSource.OpenAlex, "application/json", """{"meta": {"count": 3}, "results": [""", [.. Texts(OpenAlex)], ",\n", "]}"),
            "crossref" => new(WorkSource.Crossref, "application/json", """{"status": "ok", "message-type": "work-list", "message": {"facets": {"items": []}, "total-results": 3, "items": [""", [.. Texts(Crossref)], ",\n", """], "items-per-page": 20, "query": {"start-index": 0, "search-terms": null}}}"""),
            "crossref lines" => new(WorkSource.Crossref, "application/x-ndjson", "", [.. Texts(Crossref)], "\n", "\n"),
            "arxiv" => new(WorkSource.Arxiv, "text/xml", """<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords>""", [.. Elements(Harvested)], "\n", "<resumptionToken>7</resumptionToken></ListRecords></OAI-PMH>"),
            "orcid" => new(WorkSource.Orcid, "application/json", "[", [.. Texts(Orcid)], ", ", "]"),
            "orcid works" => new(WorkSource.Orcid, "application/xml", $"""<a:works path="/{Ada}/works" xmlns:a="http://www.orcid.org/ns/activities"><a:group>""", [.. Elements(OrcidWork)], "</a:group><a:group>", "</a:group></a:works>"),
            "bibtex" => new(ImportReader.Bibtex, "text/x-bibtex", "A list.\n", [.. Enumerable.Range(1, 3).Select(Bibtex)], "\n", "\n@comment{end}\n"),
            "retraction-watch" => new(ImportReader.Retractions, "text/csv", "Record ID,Title,RetractionDate,RetractionNature,Reason,Notes,OriginalPaperDOI\r\n", [.. Enumerable.Range(1, 3).Select(Retraction)], "\r\n", "\r\n"),
            "csl" => new(ImportReader.Csl, "application/vnd.citationstyles.csl+json", "[", [.. Texts(Csl)], ",", "]"),
            _ => throw new ArgumentOutOfRangeException(nameof(name)),
        };

        private static IEnumerable<string> Texts(Func<int, JsonNode> record) => Enumerable.Range(1, 3).Select(n => record(n).ToJsonString());

        private static IEnumerable<string> Elements(Func<int, XElement> record) => Enumerable.Range(1, 3).Select(n => record(n).ToString(SaveOptions.DisableFormatting));
    }

    private static JsonNode OpenAlex(int n) => JsonNode.Parse(
        $$"""
        { "id": "https://openalex.org/W{{n}}", "doi": "10.1000/{{n}}", "title": "T{{n}}", "type": "article", "publication_date": "2019-05-03", "topics": [{ "display_name": "Engines" }],
          "authorships": [{ "author": { "id": "A{{n}}", "display_name": "Ada", "orcid": "{{Ada}}" }, "institutions": [{ "id": "I1", "display_name": "Here" }] }],
          "primary_location": { "source": { "display_name": "V" } }, "abstract_inverted_index": { "It": [0], "says": [1] } }
        """)!;

    private static JsonNode Crossref(int n) => JsonNode.Parse(
        $$"""
        { "DOI": "10.1000/{{n}}", "type": "journal-article", "title": ["T{{n}} \"]}"], "subtitle": ["S"], "published": { "date-parts": [[2019, 5, 3]] }, "container-title": ["V"],
          "abstract": "<jats:p>It says {so}</jats:p>", "subject": ["Engines"], "updated-by": [{ "type": "correction", "DOI": "10.1000/9" }],
          "author": [{ "given": "Ada", "family": "Lovelace", "ORCID": "https://orcid.org/{{Ada}}", "affiliation": [{ "name": "Here" }] }, { "name": "A group" }] }
        """)!;

    private static JsonNode Orcid(int n) => JsonNode.Parse(
        $$"""
        { "orcid-identifier": { "path": "{{Ada}}" }, "path": "/{{Ada}}", "person": { "name": { "given-names": { "value": "Ada" }, "family-name": { "value": "Lovelace" }, "credit-name": null } },
          "activities-summary": { "works": { "group": [{ "external-ids": null, "work-summary": [
            { "put-code": {{n}}, "title": { "title": { "value": "T{{n}}" } }, "type": "book", "journal-title": { "value": "V" }, "path": "/{{Ada}}/work/{{n}}",
              "source": { "source-orcid": null, "source-client-id": { "path": "APP-1" }, "source-name": { "value": "S" }, "assertion-origin-orcid": null },
              "publication-date": { "year": { "value": "2019" }, "month": { "value": "05" }, "day": { "value": "03" } },
              "external-ids": { "external-id": [{ "external-id-type": "doi", "external-id-value": "10.1000/{{n}}", "external-id-relationship": "self" }] },
              "contributors": { "contributor": [{ "credit-name": { "value": "Bob" }, "contributor-orcid": null, "contributor-attributes": { "contributor-role": "author" } }] } }] }] } } }
        """)!;

    private static JsonNode Csl(int n) => JsonNode.Parse(
        $$"""
        { "id": "k{{n}}", "type": "book", "title": "T{{n}}", "container-title": "V", "DOI": "10.1000/{{n}}", "URL": "https://example.org", "abstract": "It says so.", "keyword": "engines", "number": "7",
          "issued": { "date-parts": [[2019, 5, 3]] }, "author": [{ "family": "Lovelace", "given": "Ada", "suffix": "Jr." }, { "literal": "A group" }] }
        """)!;

    private static XElement Harvested(int n) => XElement.Parse(
        $"""
        <record xmlns="http://www.openarchives.org/OAI/2.0/"><header><identifier>oai:arXiv.org:2301.0000{n}</identifier><setSpec>cs:cs:NI</setSpec></header><metadata>
          <arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>2301.0000{n}</id><created>2023-01-03</created><authors><author><keyname>Lovelace</keyname><forenames>Ada</forenames></author></authors>
          <title>T{n}</title><categories>cs.NI</categories><doi>10.1000/{n}</doi><abstract>It says so.</abstract></arXiv></metadata></record>
        """);

    private static XElement OrcidWork(int n) => XElement.Parse(
        $"""
        <w:work-summary put-code="{n}" xmlns:w="http://www.orcid.org/ns/work" xmlns:c="http://www.orcid.org/ns/common"><c:source><c:source-client-id><c:path>APP-1</c:path></c:source-client-id></c:source>
          <w:title><c:title>T{n}</c:title></w:title><w:type>book</w:type><w:journal-title>V</w:journal-title>
          <c:publication-date><c:year>2019</c:year><c:month>05</c:month><c:day>03</c:day></c:publication-date>
          <c:external-ids><c:external-id><c:external-id-type>doi</c:external-id-type><c:external-id-value>10.1000/{n}</c:external-id-value></c:external-id></c:external-ids></w:work-summary>
        """);

    private static string Bibtex(int n) => $"@article{{k{n}, title = {{T{n} {{é}}}}, author = \"Lovelace, Ada and {{A group}}\", year = 2019, month = may, doi = {{10.1000/{n}}}}}";

    private static string Retraction(int n) => $"{n},\"On \"\"engines\"\", and\nothers {n}\",10/{n}/2020 0:00,Retraction,+Error in Data;,\"Note {n}, which\n{n}, ends\",\"10.1000/{n}\"";

    private static async Task<List<ReadRecord>> Read(Sample sample, byte[] body)
    {
        List<ReadRecord> all = [];
        await foreach (var read in ImportReader.ReadAsync(new MemoryStream(body), sample.Format, sample.MediaType, long.MaxValue, Ct)) all.Add(read);
        return all;
    }

    private static Task<List<ReadRecord>> Read(Sample sample, string body) => Read(sample, Encoding.UTF8.GetBytes(body));

    private static string[] Good(IEnumerable<ReadRecord> read) => [.. read.Where(record => record.Rejection is null).Select(Name)];

    /// <summary>Which of the records it is, by its title or the number of the notice.</summary>
    private static string Name(ReadRecord record) => record.Work?.Title.Split(' ')[0] ?? $"T{record.SourceId}";

    public static TheoryData<string> Samples => new("openalex", "crossref", "crossref lines", "arxiv", "orcid", "orcid works", "bibtex", "csl", "retraction-watch");

    [Theory]
    [MemberData(nameof(Samples))]
    public async Task A_whole_file_is_read_whole(string name)
    {
        var read = await Read(Sample.Of(name), Sample.Of(name).Whole);
        read.Select(record => (Name(record), record.Rejection)).ShouldBe([("T1", null), ("T2", null), ("T3", null)]);
        // Nothing of it may be lost on the way, or the tests below would not notice.
        if (name == "retraction-watch") read.Select(record => ((Notice)record.Also[0]).Doi).ShouldBe(["10.1000/1", "10.1000/2", "10.1000/3"]);
        else read.ShouldAllBe(record => record.Work!.Doi != null && record.Work.Year != null && record.Work.Authors.Count > 0);
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public async Task A_file_without_end_is_read_as_it_comes(string name)
    {
        var sample = Sample.Of(name);
        var endless = new Endless(Encoding.UTF8.GetBytes(sample.Before), Encoding.UTF8.GetBytes(sample.Records[0] + sample.Between));
        var read = 0;
        await foreach (var record in ImportReader.ReadAsync(endless, sample.Format, sample.MediaType, long.MaxValue, Ct))
        {
            record.Rejection.ShouldBeNull();
            if (++read == 3_000) break;
        }

        read.ShouldBe(3_000);
        // Beyond what was given out lies a buffer or two, and the first look for the end of a line.
        endless.Given.ShouldBeLessThan((3_000 * sample.Records[0].Length) + 1_500_000);
    }

    /// <summary>Goes on with the same for as long as somebody reads.</summary>
    private sealed class Endless(byte[] before, byte[] again) : ReadOnlyStream
    {
        public long Given { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            for (var n = 0; n < buffer.Length; n++, Given++)
                buffer.Span[n] = Given < before.Length ? before[Given] : again[(Given - before.Length) % again.Length];
            return ValueTask.FromResult(buffer.Length);
        }
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public async Task A_file_cut_off_at_any_byte_gives_every_record_before_the_cut_and_says_that_something_is_missing(string name)
    {
        var sample = Sample.Of(name);
        var body = Encoding.UTF8.GetBytes(sample.Whole);
        int Bytes(int records, string more) => Encoding.UTF8.GetByteCount(sample.Before + string.Join(sample.Between, sample.Records[..records]) + more);
        var ends = Enumerable.Range(1, sample.Records.Length).Select(n => Bytes(n, "")).ToArray();
        var starts = Enumerable.Range(0, sample.Records.Length).Select(n => Bytes(n, n == 0 ? "" : sample.Between)).ToArray();
        for (var length = 0; length < body.Length; length++)
        {
            var read = await Read(sample, body[..length]);
            Good(read).ShouldBe(Enumerable.Range(1, ends.Count(end => end <= length)).Select(n => $"T{n}"), $"cut at byte {length}");
            // With fewer characters than @article{ BibTeX cannot tell an entry from a comment.
            var inRecord = starts.Zip(ends).Any(record => length >= record.First + "@article{".Length && length < record.Second);
            if (inRecord) read.ShouldContain(record => record.Rejection != null, $"cut at byte {length}");
        }
    }

    [Theory]
    [InlineData("openalex")]
    [InlineData("crossref")]
    [InlineData("crossref lines")]
    [InlineData("orcid")]
    [InlineData("csl")]
    public async Task A_field_that_is_null_or_of_another_kind_never_takes_the_records_beside_it_along(string name)
    {
        var sample = Sample.Of(name);
        string[] others = ["null", "7", "-1.5e300", "true", "\"\"", "\"x\"", "\"\\ud835\"", "[]", "[null]", "[[7]]", "{}", """{ "value": {} }""", "99999999999999999999"];
        await Gen.Select(Gen.Int[0, 10_000], Gen.Int[0, others.Length - 1]).Array[1, 4].SampleAsync(async damage =>
        {
            var record = JsonNode.Parse(sample.Records[1])!;
            foreach (var (place, other) in damage)
            {
                var fields = Fields(record).ToList();
                if (fields.Count > 0) Put(fields[place % fields.Count], JsonNode.Parse(others[other].Replace("\\ud835", "\\u0000", StringComparison.Ordinal)));
            }

            // Half a character is no JSON to a writer; put in as text.
            var text = record.ToJsonString().Replace("\\u0000", "\\ud835", StringComparison.Ordinal);
            var read = await Read(sample, sample.Before + string.Join(sample.Between, sample.Records[0], text, sample.Records[2]) + sample.After);
            Good(read)[0].ShouldBe("T1", text);
            Good(read)[^1].ShouldBe("T3", text);
            read.Count.ShouldBeGreaterThanOrEqualTo(2, text);
        }, iter: 2_000);
    }

    [Theory]
    [InlineData("arxiv")]
    [InlineData("orcid works")]
    public async Task An_element_that_is_missing_or_says_something_else_never_takes_the_records_beside_it_along(string name)
    {
        var sample = Sample.Of(name);
        await Gen.Select(Gen.Int[0, 10_000], Gen.Int[0, 4]).Array[1, 4].SampleAsync(async damage =>
        {
            var record = XElement.Parse(sample.Records[1]);
            foreach (var (place, what) in damage)
            {
                var elements = record.Descendants().ToList();
                if (elements.Count == 0) continue;
                var element = elements[place % elements.Count];
                if (what == 0) element.Remove();
                else if (what == 1) element.RemoveAll();
                else if (what == 2) element.Value = "99999999999999999999";
                else if (what == 3) element.Name = element.Name.Namespace + "other";
                else element.Add(new XElement(element.Name, element.Value));
            }

            var text = record.ToString(SaveOptions.DisableFormatting);
            var read = await Read(sample, sample.Before + string.Join(sample.Between, sample.Records[0], text, sample.Records[2]) + sample.After);
            (Good(read)[0], Good(read)[^1], read.Count).ShouldBe(("T1", "T3", 3), text);
        }, iter: 2_000);
    }

    [Fact]
    public async Task A_row_with_a_quote_too_many_or_too_few_never_takes_the_rows_beside_it_along()
    {
        var sample = Sample.Of("retraction-watch");
        await Gen.Select(Gen.Int[0, 10_000], Gen.Int[0, 3]).Array[1, 3].SampleAsync(async damage =>
        {
            var row = sample.Records[1];
            foreach (var (place, what) in damage)
            {
                var at = place % row.Length;
                row = what switch { 0 => row.Insert(at, "\""), 1 => row.Replace("\"", "", StringComparison.Ordinal), 2 => row.Remove(at, 1), _ => row.Insert(at, ",") };
                if (row.Length == 0) return;
            }

            var read = await Read(sample, sample.Before + string.Join(sample.Between, sample.Records[0], row, sample.Records[2]) + sample.After);
            Good(read)[0].ShouldBe("T1", row);
            Good(read)[^1].ShouldBe("T3", row);
        }, iter: 5_000);
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public async Task Whatever_the_bytes_are_reading_ends_and_never_fails(string name)
    {
        var sample = Sample.Of(name);
        var whole = Encoding.UTF8.GetBytes(sample.Whole);
        await Gen.Select(Gen.Select(Gen.Int[0, 100_000], Gen.Byte).Array[1, 6], Gen.Int[0, 100_000]).SampleAsync(async (damage, cut) =>
        {
            var body = whole.ToArray();
            foreach (var (place, value) in damage) body[place % body.Length] = value;
            await Read(sample, cut % 3 == 0 ? body[..(cut % body.Length)] : body);
        }, iter: 1_000);
    }

    private static IEnumerable<JsonNode> Fields(JsonNode node) => node switch
    {
        JsonObject members => members.Where(member => member.Value is not null).SelectMany(member => Fields(member.Value!).Prepend(member.Value!)),
        JsonArray items => items.OfType<JsonNode>().SelectMany(item => Fields(item).Prepend(item)),
        _ => [],
    };

    private static void Put(JsonNode field, JsonNode? other)
    {
        if (field.Parent is JsonObject members) members[field.GetPropertyName()] = other;
        else field.Parent!.AsArray()[field.GetElementIndex()] = other;
    }
}
