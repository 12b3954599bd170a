using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;

namespace BzPeer.Web;

/// <summary>A work as citation processors (Zotero, pandoc, citeproc) take it in: CSL-JSON, a list of one.</summary>
internal static class CslJson
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.Create(UnicodeRanges.All) };

    public static string Of(Work work)
    {
        var doi = Shown.DoiAddress(work.Doi);
        var arxiv = Shown.ArxivAddress(work.ArxivId);
        var form = Citations.FormOf(work);
        var item = new JsonObject
        {
            ["id"] = Citations.Key(work),
            ["type"] = form switch
            {
                Form.Article => "article-journal",
                Form.Paper => "paper-conference",
                Form.Chapter => "chapter",
                Form.Book => "book",
                Form.Thesis => "thesis",
                Form.Report => "report",
                Form.Dataset => "dataset",
                Form.Preprint => "article",
                _ => "document",
            },
            ["title"] = Mathematics.Text(work.Title),
            ["author"] = new JsonArray([.. work.InOrder().Select(Name)]),
            ["issued"] = Issued(work) is { } date ? new JsonObject { ["date-parts"] = new JsonArray(date) } : null,
            [form is Form.Book or Form.Thesis or Form.Report or Form.Dataset or Form.Preprint ? "publisher" : "container-title"] = work.Venue,
            ["DOI"] = doi is null ? null : work.Doi,
            ["number"] = arxiv is null ? null : $"arXiv:{work.ArxivId}",
            ["URL"] = doi ?? arxiv,
            ["abstract"] = work.Abstract is null ? null : Mathematics.Text(work.Abstract),
            ["keyword"] = work.Topics is { Count: > 0 } topics ? string.Join(", ", topics) : null,
            ["note"] = work.Retracted ? "Retracted" : null,
        };
        foreach (var unknown in item.Where(member => member.Value is null).Select(member => member.Key).ToArray())
            item.Remove(unknown);
        return new JsonArray(item).ToJsonString(Readable) + "\n";
    }

    private static JsonObject Name(Author author)
    {
        var name = PrintedName.Of(author.Name);
        if (name.IsGroup) return new() { ["literal"] = name.Family };
        var written = new JsonObject { ["family"] = name.Family, ["given"] = name.Given };
        if (name.Suffix.Length > 0) written["suffix"] = name.Suffix;
        return written;
    }

    private static JsonArray? Issued(Work work) => work switch
    {
        { PublicationDate: { } day } when day.Year == work.Year => [day.Year, day.Month, day.Day],
        { Year: { } year } => [year],
        _ => null,
    };
}
