using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using BzPeer.Testing;
using Shouldly;
using Xunit;
using static BzPeer.Publication.Tests.PublicationService;

namespace BzPeer.Publication.Tests;

/// <summary>POST /api/imports and what becomes of it.</summary>
public sealed class ImportsTests(SharedPublication service)
{
    private const string Ndjson = "application/x-ndjson";
    private const string Atom = "application/atom+xml";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private async Task ShouldBeRefused(string query, string? mediaType, int status, string rule, string body = "[]", string? encoding = null, HttpClient? caller = null)
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        if (mediaType is not null) content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        if (encoding is not null) content.Headers.ContentEncoding.Add(encoding);
        using var answer = await (caller ?? service.Curator).PostAsync($"/api/imports{query}", content, Ct);
        await ShouldBeProblem(answer, status, rule);
    }

    [Fact]
    public async Task What_cannot_be_an_import_is_a_problem_that_names_the_rule()
    {
        await ShouldBeRefused("", "application/json", 400, "unknown-format");
        await ShouldBeRefused("?format=papyrus", "application/json", 400, "unknown-format");
        await ShouldBeRefused("?format=bibtex", "application/json", 415, "unsupported-media-type");
        await ShouldBeRefused("?format=openalex", "text/plain", 415, "unsupported-media-type");
        await ShouldBeRefused("?format=openalex", Atom, 415, "unsupported-media-type");
        await ShouldBeRefused("?format=openalex", null, 415, "unsupported-media-type");
        await ShouldBeRefused("?format=openalex", "application/json", 415, "unsupported-encoding", encoding: "br");
        await ShouldBeRefused("?format=openalex", "application/json", 422, "empty-body", body: "");
        await ShouldBeRefused("?format=openalex", "application/json", 403, "not-yours", caller: service.Host.As(Guid.NewGuid()));
        await ShouldBeRefused("?format=openalex", "application/json", 401, "no-token", caller: service.Anonymous);
        using var unknown = await service.Anonymous.GetAsync($"/api/imports/{Guid.NewGuid()}", Ct);
        await ShouldBeProblem(unknown, 404, "unknown-import");
    }

    [Fact]
    public async Task An_import_is_accepted_and_tells_where_to_look()
    {
        using var answer = await service.SendImport(WorkSource.OpenAlex, Encoding.UTF8.GetBytes(Records.Lines(Records.OpenAlex(Records.Number()))), Ndjson);
        var accepted = await Read<ImportStatus>(answer, HttpStatusCode.Accepted);
        answer.Headers.Location!.ToString().ShouldBe($"/api/imports/{accepted.Id}");
        (accepted.Format, accepted.State, accepted.Received).ShouldBe((WorkSource.OpenAlex, "running", 0));

        var status = await service.Finished(answer.Headers.Location!);

        (status.Id, status.State, status.Received, status.Created).ShouldBe((accepted.Id, "completed", 1, 1));
        (await service.Scalar($"select count(*) from import_chunks where import_id = '{status.Id}'")).ShouldBe(0);
    }

    [Theory]
    [InlineData(Ndjson, null)]
    [InlineData(Ndjson, "gzip")]
    [InlineData("application/gzip", null)]
    public async Task A_compressed_body_is_read_however_it_is_called(string mediaType, string? encoding)
    {
        using var zipped = new MemoryStream();
        await using (var gzip = new GZipStream(zipped, CompressionLevel.Fastest)) await gzip.WriteAsync(Encoding.UTF8.GetBytes(Records.Lines(Records.OpenAlex(Records.Number()))), Ct);
        using var answer = await service.SendImport(WorkSource.OpenAlex, zipped.ToArray(), mediaType, encoding);
        (await service.Finished(answer.Headers.Location!)).Created.ShouldBe(1);
    }

    [Fact]
    public async Task Every_record_that_is_not_taken_is_told_with_its_index_its_id_and_why_and_the_others_are_taken()
    {
        var numbers = Enumerable.Range(0, 4).Select(_ => Records.Number()).ToArray();
        var records = numbers.Select(number => Records.OpenAlex(number, $"A{number}")).ToArray();
        records[1]["title"] = null;
        records[2]["title"] = new string('x', 2_001);
        records[3]["authorships"] = null;

        var status = await service.Import(WorkSource.OpenAlex, $"{Records.Lines(records[..3])}\n{{ no JSON\n{records[3].ToJsonString()}");

        (status.State, status.Received, status.Created, status.Rejected).ShouldBe(("completed", 5, 2, 3));
        status.Rejections.Take(2).ShouldBe([new(1, $"W{numbers[1]}", "The record has no title."), new(2, $"W{numbers[2]}", "The title has 2,001 characters; at most 2,000 are taken.")]);
        (status.Rejections[2].Index, status.Rejections[2].SourceId).ShouldBe((3, null));
        status.Rejections[2].Reason.ShouldStartWith("The record is not JSON");
        (await service.WorkKnownAs($"openalex:W{numbers[3]}")).Authors.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_rejected_record_whose_id_cannot_be_stored_as_it_is_holds_up_nothing()
    {
        var good = Records.Number();
        var id = $"https://example.org/{new string('x', 179)}";
        var status = await service.Import(WorkSource.OpenAlex, $"{{\"id\":\"{id}\U0001D54F\",\"title\":\"T\"}}\n{Records.Lines(Records.OpenAlex(good))}");
        (status.Created, status.Rejected).ShouldBe((1, 1));
        status.Rejections.ShouldHaveSingleItem().ShouldBe(new(0, id, "The record has neither an OpenAlex work id nor a DOI."));
    }

    [Fact]
    public async Task A_feed_that_breaks_off_is_taken_as_far_as_it_goes()
    {
        var (one, two) = (Records.ArxivId(), Records.ArxivId());
        var status = await service.Import(WorkSource.Arxiv, Records.Feed(Records.Entry(one, "One", "Ada"), Records.Entry(two, "Two", "Bob"))[..^60], Atom);
        (status.State, status.Received, status.Created, status.Rejected).ShouldBe(("completed", 2, 1, 1));
        status.Rejections.ShouldHaveSingleItem().ShouldSatisfyAllConditions(r => r.Index.ShouldBe(1), r => r.Reason.ShouldStartWith("The XML breaks off"));
        (await service.WorkKnownAs($"arxiv:{one}")).Title.ShouldBe("One");
    }

    [Fact]
    public async Task A_file_of_which_nothing_can_be_read_has_failed()
    {
        (await service.Import(WorkSource.Arxiv, "no XML at all", Atom)).ShouldSatisfyAllConditions(
            status => status.State.ShouldBe("failed"), status => status.Rejections.ShouldHaveSingleItem());
        (await service.Import(WorkSource.OpenAlex, "[{\"id\":\"W1\"", "application/json")).State.ShouldBe("failed");
    }

    [Fact]
    public async Task Markup_and_text_from_right_to_left_come_out_as_plain_text()
    {
        var number = Records.Number();
        var record = Records.OpenAlexBy(number, Records.Author("<b>Ada</b>\u202E evil"));
        record["title"] = "<img src=x onerror=\"alert(1)\">\u05DE\u05D7\u05E7\u05E8 &lt;i&gt;in vitro&lt;/i&gt; \u202Eabc\u202C 5 < 6";
        await service.Import(WorkSource.OpenAlex, Records.Lines(record));
        var work = await service.WorkKnownAs($"openalex:W{number}");
        work.Title.ShouldBe("\u05DE\u05D7\u05E7\u05E8 in vitro abc 5 < 6");
        work.Authors.ShouldHaveSingleItem().Name.ShouldBe("Ada evil");
    }

    [Fact]
    public async Task Markup_is_kept_beside_the_plain_text_and_told_with_it()
    {
        var number = Records.Number();
        var plain = Records.OpenAlexBy(number, Records.Author("Ada"));
        plain["title"] = "H2O in vitro";
        await service.Import(WorkSource.OpenAlex, Records.Lines(plain));
        var before = await service.WorkKnownAs($"openalex:W{number}");
        (before.TitleMarkup, before.AbstractMarkup).ShouldBe((null, null));

        var marked = Records.OpenAlexBy(number, Records.Author("Ada"));
        marked["title"] = "H<sub>2</sub>O <i>in vitro</i><img src=x onerror=alert(1)>";
        marked["abstract"] = "<h3>Aim</h3><p>Text of <math><mi onclick='alert(1)'>x</mi></math>.</p>";
        (await service.Import(WorkSource.OpenAlex, Records.Lines(marked))).Updated.ShouldBe(1);
        (await service.Import(WorkSource.OpenAlex, Records.Lines(marked))).Unchanged.ShouldBe(1);

        var after = await service.WorkKnownAs($"openalex:W{number}");
        (after.Title, after.TitleMarkup).ShouldBe(("H₂O in vitro", "H<sub>2</sub>O <i>in vitro</i>"));
        (after.Abstract, after.AbstractMarkup).ShouldBe(("Aim Text of x.", "<p><b>Aim</b></p><p>Text of <math><mi>x</mi></math>.</p>"));
    }

    [Fact]
    public async Task The_same_file_again_makes_no_new_event_and_a_changed_record_makes_one()
    {
        var records = Enumerable.Range(0, 3).Select(_ => Records.OpenAlex(Records.Number(), $"A{Records.Number()}", $"A{Records.Number()}")).ToArray();
        (await service.Import(WorkSource.OpenAlex, Records.Lines(records))).Created.ShouldBe(3);
        var streams = $"select id from mt_streams where id in (select work_id from work_keys where key in ({string.Join(',', records.Select(r => $"'openalex:{((string)r["id"]!).Split('/')[^1]}'"))}))";
        (await service.Scalar($"select sum(version) from mt_streams where id in ({streams})")).ShouldBe(3);

        (await service.Import(WorkSource.OpenAlex, Records.Lines(records))).Unchanged.ShouldBe(3);
        (await service.Scalar($"select sum(version) from mt_streams where id in ({streams})")).ShouldBe(3);

        records[1]["title"] = "Corrected";
        var status = await service.Import(WorkSource.OpenAlex, Records.Lines(records));
        (status.Unchanged, status.Updated).ShouldBe((2, 1));
        (await service.Scalar($"select sum(version) from mt_streams where id in ({streams})")).ShouldBe(4);
    }

    [Fact]
    public async Task A_record_that_stands_twice_in_a_file_is_one_work()
    {
        var record = Records.OpenAlex(Records.Number(), $"A{Records.Number()}");
        var status = await service.Import(WorkSource.OpenAlex, Records.Lines(record, record));
        (status.Created, status.Unchanged).ShouldBe((1, 1));
    }

    [Fact]
    public async Task A_body_beyond_the_limit_is_too_large_whether_or_not_it_says_so()
    {
        await using var small = new SmallPublication();
        await small.InitializeAsync();
        using var told = await small.SendImport(WorkSource.OpenAlex, new byte[1_001], Ndjson);
        await ShouldBeProblem(told, 413, "body-too-large");
        using var content = new StreamContent(new UnknownLength(new byte[1_001]));
        content.Headers.ContentType = new(Ndjson);
        using var untold = await small.Curator.PostAsync("/api/imports?format=openalex", content, Ct);
        await ShouldBeProblem(untold, 413, "body-too-large");
        (await small.Scalar("select count(*) from import_chunks")).ShouldBe(0);
        (await small.Scalar("select count(*) from imports")).ShouldBe(0);

        // A few bytes may not unfold into more than the second limit.
        using var zipped = new MemoryStream();
        await using (var gzip = new GZipStream(zipped, CompressionLevel.Fastest)) await gzip.WriteAsync(Encoding.UTF8.GetBytes($"{Records.OpenAlex(1).ToJsonString()}\n{new string(' ', 20_000)}\n"), Ct);
        using var unfolds = await small.SendImport(WorkSource.OpenAlex, zipped.ToArray(), Ndjson);
        var status = await small.Finished(unfolds.Headers.Location!);
        status.Rejections.ShouldHaveSingleItem().Reason.ShouldBe("The data cannot be read on: It expands to more than 5,000 bytes.");
    }

    private sealed class SmallPublication() : PublicationService(new SmallHost());

    private sealed class SmallHost : ServiceHost<Program>
    {
        protected override IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string> { ["Imports:MaxBytes"] = "1000", ["Imports:MaxExpandedBytes"] = "5000" };
    }

    private sealed class UnknownLength(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}
