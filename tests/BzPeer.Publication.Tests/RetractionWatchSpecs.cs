using System.Text;
using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>Rows of the Retraction Watch data.</summary>
public sealed class RetractionWatchSpecs
{
    /// <summary>The columns as Crossref publishes them.</summary>
    internal const string Header = "Record ID,Title,Subject,Institution,Journal,Publisher,Country,Author,URLS,ArticleType,RetractionDate,RetractionDOI,RetractionPubMedID,OriginalPaperDate,OriginalPaperDOI,OriginalPaperPubMedID,RetractionNature,Reason,Paywalled,Notes";

    internal static string Row(string id, string doi, string nature = "Retraction", string date = "10/5/2020 0:00", string reason = "+Error in Data;+Results Not Reproducible;") =>
        $"{id},\"On engines, and others\",(B/T) Engines;,Somewhere,Journal,Publisher,Nowhere,Ada Lovelace;Bob,,Research Article;,{date},10.1000/notice,0,1/1/2019 0:00,{doi},0,{nature},{reason},No,";

    private static async Task<List<ReadRecord>> Read(string file)
    {
        List<ReadRecord> all = [];
        await foreach (var read in ImportReader.ReadAsync(new MemoryStream(Encoding.UTF8.GetBytes(file)), ImportReader.Retractions, "text/csv", long.MaxValue, TestContext.Current.CancellationToken)) all.Add(read);
        return all;
    }

    private static async Task<ReadRecord> Read1(string row) => (await Read($"{Header}\n{row}\n")).ShouldHaveSingleItem();

    [Theory]
    [InlineData("Retraction", false)]
    [InlineData("Reinstatement", true)]
    public async Task A_row_is_a_notice_of_its_day_about_the_work_of_its_DOI(string nature, bool reinstates) =>
        (await Read1(Row("1234", "10.1000/ABC", nature))).Also.ShouldBe([new Notice("retraction-watch", "1234", "10.1000/abc", reinstates, new(2020, 10, 5), "Error in Data; Results Not Reproducible")]);

    [Theory]
    [InlineData("10/5/2020 0:00")]
    [InlineData("10/5/2020")]
    [InlineData("2020-10-05")]
    public async Task A_date_is_read_however_it_is_written(string date) => ((Notice)(await Read1(Row("1", "10.1000/1", date: date))).Also[0]).On.ShouldBe(new(2020, 10, 5));

    [Theory]
    [InlineData("Expression of concern")]
    [InlineData("Correction")]
    [InlineData("")]
    public async Task What_neither_retracts_nor_reinstates_is_rejected_and_says_so(string nature) =>
        (await Read1(Row("1", "10.1000/1", nature))).Rejection.ShouldBe($"A notice of the nature '{nature}' retracts nothing and takes no retraction back: the work stands as it is.");

    [Fact]
    public async Task A_row_that_names_no_work_or_no_day_is_rejected()
    {
        (await Read1(Row("1", "unavailable"))).Rejection.ShouldBe("The notice names no DOI of the work that it is about.");
        (await Read1(Row("1", "10.1000/1", date: "soon"))).Rejection.ShouldBe("The notice has no date, without which nobody knows which of several is the last.");
        (await Read1(Row("", "10.1000/1"))).Rejection.ShouldBe("The notice has no Record ID.");
        (await Read1("1,short")).Rejection.ShouldBe("The row does not have a field for every column, or a quote in it is not closed.");
    }

    [Fact]
    public async Task The_columns_may_stand_in_any_order_and_a_file_without_them_is_none()
    {
        (await Read("\uFEFFReason,RetractionNature,OriginalPaperDOI,RetractionDate,Record ID\r\nR,Retraction,10.1000/1,2020-10-05,7\r\n")).ShouldHaveSingleItem().SourceId.ShouldBe("7");
        (await Read("Title,DOI\nOn engines,10.1000/1\n")).ShouldHaveSingleItem().ShouldSatisfyAllConditions(
            read => read.BreaksOff.ShouldBeTrue(), read => read.Rejection!.ShouldStartWith("The first line does not name the columns RecordID,"));
    }
}
