using System.Text;
using System.Text.Json;
using CsCheck;
using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>A person's own list, as BibTeX and as CSL-JSON.</summary>
public sealed class OwnListsSpecs
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static async Task<List<ReadRecord>> Read(string bibtex)
    {
        List<ReadRecord> all = [];
        await foreach (var read in ImportReader.ReadAsync(new MemoryStream(Encoding.UTF8.GetBytes(bibtex)), ImportReader.Bibtex, "application/x-bibtex", long.MaxValue, Ct)) all.Add(read);
        return all;
    }

    private static async Task<SourceWork> Work(string bibtex) => (await Read(bibtex)).ShouldHaveSingleItem().Work.ShouldNotBeNull();

    private static ReadRecord Csl(string json)
    {
        using var record = JsonDocument.Parse(json);
        return OwnLists.ReadCsl(record.RootElement);
    }

    [Fact]
    public async Task An_entry_is_read_whole()
    {
        var read = (await Read(
            """
            This line is a comment, as is mail to ada@example.org.
            @comment{jabref-meta: databaseType:bibtex;}
            @preamble{ "\newcommand{\x}{y}" }
            @string{ jan1 = "Journal of {E}ngines" }
            @Article{ lovelace:2019,
              author   = {Lovelace, Ada and Ludwig van Beethoven and {Barnes and Noble, Inc.} and G{\"o}del, Kurt and others},
              title    = "On {Engines}" # { and } # "more",
              journal  = jan1 # ", series " # 2,
              year     = 2019, month = may, day = 3,
              doi      = {https://doi.org/10.1000/A\_B},
              keywords = {engines, Engines; computing},
              abstract = {It says "so".},
            }
            """)).ShouldHaveSingleItem();
        (read.SourceId, read.Source).ShouldBe(("lovelace:2019", WorkSource.List));
        var work = read.Work.ShouldNotBeNull();
        (work.Title, work.Type, work.Year, work.PublicationDate, work.Venue).ShouldBe(("On Engines and more", "article", 2019, new DateOnly(2019, 5, 3), "Journal of Engines, series 2"));
        (work.Doi, work.ArxivId, work.Abstract).ShouldBe(("10.1000/a_b", null, "It says \"so\"."));
        work.Topics.ShouldBe(["engines", "computing"]);
        work.Authors.Select(author => author.Name).ShouldBe(["Ada Lovelace", "Ludwig van Beethoven", "Barnes and Noble, Inc.", "Kurt Gödel"]);
    }

    [Theory]
    [InlineData("year = 2019", 2019, null)]
    [InlineData("year = {2019}, month = {12}, day = {31}", 2019, "2019-12-31")]
    [InlineData("year = \"2019\", month = \"September\", day = 1", 2019, "2019-09-01")]
    [InlineData("year = 2019, month = feb, day = 30", 2019, null)]
    [InlineData("date = {2019-05-03/2019-05-07}, year = 1999", 2019, "2019-05-03")]
    [InlineData("date = {2019-05}", 2019, null)]
    [InlineData("year = {in press}", null, null)]
    public async Task Of_a_date_as_much_is_taken_as_is_there(string fields, int? year, string? day)
    {
        var work = await Work($"@misc{{k, title = {{T}}, {fields}}}");
        (work.Year, work.PublicationDate).ShouldBe((year, day is null ? null : DateOnly.Parse(day, null)));
    }

    [Theory]
    [InlineData("eprint = {1706.03762}, archivePrefix = {arXiv}")]
    [InlineData("eprint = {1706.03762v5}, eprinttype = {arxiv}")]
    [InlineData("journal = {arXiv preprint arXiv:1706.03762}")]
    [InlineData("url = {https://arxiv.org/abs/1706.03762}")]
    [InlineData("doi = {10.48550/arXiv.1706.03762}")]
    public async Task A_preprint_of_arXiv_is_known_by_its_id(string fields) => (await Work($"@article{{k, title = {{T}}, {fields}}}")).ArxivId.ShouldBe("1706.03762");

    [Theory]
    [InlineData("@article(k, title = \"a) b\", year = 2019)", "a) b")]
    [InlineData("@article{title = {No key}}", "No key")]
    [InlineData("@article{, title = {No key}}", "No key")]
    [InlineData("@ARTICLE {k,TITLE={T}}", "T")]
    [InlineData("@article{k, title = {First}, title = {Second}}", "First")]
    [InlineData("@article{k, title = {A {nested {brace}} stays}}", "A nested brace stays")]
    [InlineData("@article{k, title = unknown}", "unknown")]
    [InlineData("@book{k, title = {T}, subtitle = {S}}", "T: S")]
    [InlineData("@@article{k, title = {T}}", "T")]
    [InlineData("@comment no braces\n@article{k, title = {T}}", "T")]
    [InlineData("\uFEFF@article{k, title = {T}}", "T")]
    public async Task An_entry_is_read_however_it_is_written(string bibtex, string title) => (await Work(bibtex)).Title.ShouldBe(title);

    [Fact]
    public async Task What_is_wrong_with_one_entry_is_said_of_that_one_and_the_others_are_read()
    {
        var read = await Read(
            """
            @article{good1, title = {One}}
            @article{untitled, year = 2019}
            @article{noequals, title {T}}
            @article{nocomma, title = {T} year = 2019}
            @article{open, title = {never closed,
              abstract = {mail @home {x}},
            @article{good2, title = {Two}}
            @article{quote, title = "never closed}
            @article{good3, title = {Three}}
            """);
        read.Select(r => (r.SourceId, r.Work?.Title ?? r.Rejection)).ShouldBe([
            ("good1", "One"), ("untitled", "The record has no title."), ("noequals", "The entry is not BibTeX: 'title' is not followed by '='."),
            ("nocomma", "The entry is not BibTeX: 'title' is not followed by a comma."), ("open", "The entry is not closed before the next one begins."), ("good2", "Two"),
            ("quote", "The entry is not BibTeX: A quote is not closed."), ("good3", "Three")]);
    }

    [Fact]
    public async Task A_file_that_is_no_list_or_breaks_off_or_is_not_UTF_8_says_so()
    {
        (await Read("{ \"json\": true }")).ShouldBe([ReadRecord.Broken("There is no BibTeX entry in it.")]);
        (await Read(" \n")).ShouldBeEmpty();
        (await Read("@article{a, title = {T}}\n@article{b, title = {T")).Select(r => r.Rejection).ShouldBe([null, "The file breaks off in this entry."]);
        List<ReadRecord> latin = [];
        await foreach (var read in ImportReader.ReadAsync(new MemoryStream(Encoding.Latin1.GetBytes("@article{a, title = {Gödel}}\n@article{b, title = {T}}")), ImportReader.Bibtex, "text/x-bibtex", long.MaxValue, Ct)) latin.Add(read);
        latin.Select(r => r.Rejection).ShouldBe(["The entry holds characters that are no UTF-8. Save the file as UTF-8.", null]);
    }

    [Fact]
    public async Task An_entry_beyond_all_measure_is_rejected_and_the_next_one_is_read() =>
        (await Read($"@article{{large, title = {{{new string('x', JsonRecords.MaxRecordBytes)}}}}}\n@article{{b, title = {{T}}}}")).Select(r => r.Rejection)
            .ShouldBe(["The record is larger than 32,000,000 bytes.", null]);

    [Fact]
    public async Task Wherever_an_entry_is_damaged_those_of_other_lines_are_read()
    {
        const string Damaged = "@article{bad, author = {A and {B}}, title = \"T\" # {U}, year = 2019}";
        await Gen.Select(Gen.Int[0, Damaged.Length - 1], Gen.Char["{}()\"#=,@\\\n a"]).SampleAsync(async (at, c) =>
        {
            var bad = Damaged[..at] + c + Damaged[(at + 1)..];
            var read = await Read($"@article{{one, title = {{One}}}}\n{bad}\n@article{{two, title = {{Two}}}}\n@article{{three, title = {{Three}}}}");
            read.Select(r => r.SourceId).ShouldContain("one", bad);
            read.Where(r => r.Work is not null).Select(r => r.Work!.Title).ShouldContain("Two", bad);
            read[^1].Work.ShouldNotBeNull(bad).Title.ShouldBe("Three");
        }, iter: 2_000);
    }

    [Fact]
    public void An_item_of_CSL_is_read_whole()
    {
        var read = Csl(
            """
            { "id": "http://zotero.org/items/7", "type": "article-journal", "title": "On <i>engines</i>", "container-title": "Engines", "DOI": "10.1000/A", "abstract": "It says so.", "keyword": "engines, computing",
              "issued": { "date-parts": [["2019", "5", 3]] },
              "author": [{ "family": "Beethoven", "given": "Ludwig", "non-dropping-particle": "van" }, { "literal": "A group" }, { "family": "Lovelace", "given": "Ada", "ORCID": "https://orcid.org/0000-0002-1825-0097" }, 7] }
            """);
        (read.SourceId, read.Source).ShouldBe(("http://zotero.org/items/7", WorkSource.List));
        var work = read.Work.ShouldNotBeNull();
        (work.Title, work.Type, work.Year, work.PublicationDate, work.Venue, work.Doi, work.Abstract).ShouldBe(("On engines", "article-journal", 2019, new DateOnly(2019, 5, 3), "Engines", "10.1000/a", "It says so."));
        work.Topics.ShouldBe(["engines", "computing"]);
        work.Authors.Select(author => (author.Name, author.Orcid)).ShouldBe([("Ludwig van Beethoven", null), ("A group", null), ("Ada Lovelace", "0000-0002-1825-0097"), ("Unnamed author", null)]);
    }

    [Theory]
    [InlineData("""{ "id": 7, "title": null }""", "7", "The record has no title.")]
    [InlineData("[]", null, "The record is not a JSON object.")]
    public void An_item_that_cannot_be_kept_says_why(string json, string? sourceId, string reason) => Csl(json).ShouldBe(new ReadRecord(sourceId, null, reason));

    [Theory]
    [InlineData("""{ "raw": "2019-05-03" }""", 2019, "2019-05-03")]
    [InlineData("""{ "literal": "2019" }""", 2019, null)]
    [InlineData("""{ "raw": "May 2019" }""", null, null)]
    [InlineData("7", null, null)]
    public void A_date_may_be_written_out(string issued, int? year, string? day)
    {
        var work = Csl($$"""{ "id": "k", "title": "T", "issued": {{issued}} }""").Work.ShouldNotBeNull();
        (work.Year, work.PublicationDate).ShouldBe((year, day is null ? null : DateOnly.Parse(day, null)));
    }

    [Fact]
    public void A_listed_work_without_any_id_is_known_by_its_title_first_author_and_year()
    {
        string Key(string title, string author, int year) =>
            new Assertion(WorkSource.List, "any", new(title, "article", year, null, null, null, null, null, null, [], [new(author)])).Keys().ShouldHaveSingleItem();
        Key("On Engines", "Ada Lovelace", 2019).ShouldBe(Key("On  ENGINES", "A. Lovelace", 2019));
        Key("On Engines", "Ada Lovelace", 2019).ShouldNotBe(Key("On Engines", "Ada Lovelace", 2020));
        Key("On Engines", "Ada Lovelace", 2019).ShouldNotBe(Key("On Engines", "Ada Byron", 2019));
        new Assertion(WorkSource.List, "any", Records.Work(doi: "10.1000/1")).Keys().ShouldBe(["doi:10.1000/1"]);
    }
}
