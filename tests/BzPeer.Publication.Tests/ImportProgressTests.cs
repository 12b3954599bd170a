using System.Net;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using Npgsql;
using Shouldly;
using Xunit;
using static BzPeer.Publication.Tests.PublicationService;

namespace BzPeer.Publication.Tests;

/// <summary>GET /api/imports/{id} as server-sent events.</summary>
public sealed class ImportProgressTests(SharedPublication service)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private async Task<HttpResponseMessage> Follow(Uri import, string? lastEventId = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, import) { Headers = { { "Accept", "text/event-stream" } } };
        if (lastEventId is not null) request.Headers.Add("Last-Event-ID", lastEventId);
        return await service.Anonymous.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Ct);
    }

    private async Task<Uri> Send(params string[] lines)
    {
        using var answer = await service.SendImport(WorkSource.OpenAlex, Encoding.UTF8.GetBytes(string.Join('\n', lines)), "application/x-ndjson");
        answer.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        return answer.Headers.Location!;
    }

    private static async IAsyncEnumerable<(string Id, ImportStatus Status)> Events(HttpResponseMessage answer)
    {
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        var parser = SseParser.Create(await answer.Content.ReadAsStreamAsync(Ct));
        await foreach (var e in parser.EnumerateAsync(Ct))
        {
            e.EventType.ShouldBe("progress");
            yield return (e.EventId ?? parser.LastEventId, JsonSerializer.Deserialize<ImportStatus>(e.Data, Json)!);
        }
    }

    [Fact]
    public async Task Progress_is_told_at_once_while_the_import_waits_and_up_to_its_end()
    {
        // Whoever holds this lock works on imports.
        await using var held = await service.Host.Database.OpenConnectionAsync(Ct);
        await Ask(held, "pg_advisory_lock");
        var import = await Send(Enumerable.Range(0, 250).Select(_ => Records.Lines(Records.OpenAlex(Records.Number()))).Append("no record").ToArray());
        using var answer = await Follow(import);
        await using var events = Events(answer).GetAsyncEnumerator(Ct);

        (await events.MoveNextAsync()).ShouldBeTrue();
        events.Current.Status.ShouldSatisfyAllConditions(status => status.State.ShouldBe("running"), status => status.Received.ShouldBe(0));
        await Ask(held, "pg_advisory_unlock");
        List<(string Id, ImportStatus Status)> all = [events.Current];
        while (await events.MoveNextAsync()) all.Add(events.Current);

        all.Select(e => e.Status.Received).ShouldBeInOrder();
        all.Select(e => e.Id).Distinct().Count().ShouldBe(all.Count);
        all.SkipLast(1).ShouldAllBe(e => e.Status.State == "running");
        all.ShouldAllBe(e => e.Status.Created + e.Status.Updated + e.Status.Unchanged + e.Status.Rejected == e.Status.Received);
        var last = all[^1].Status;
        (last.State, last.Received, last.Created, last.Rejected, last.Rejections.Count).ShouldBe(("completed", 251, 250, 1, 1));
        (await service.Get<ImportStatus>(import.ToString())).ShouldBeEquivalentTo(last);
    }

    private static async Task Ask(NpgsqlConnection held, string about)
    {
        // As long as it takes: an import of others may hold it.
        await using var command = new NpgsqlCommand($"select {about}({ImportWorker.Lock})", held) { CommandTimeout = 0 };
        await command.ExecuteScalarAsync(Ct);
    }

    [Fact]
    public async Task Of_a_finished_import_the_end_is_told_and_nothing_more_and_not_again_to_who_has_it()
    {
        var import = await Send(Records.Lines(Records.OpenAlex(Records.Number())));
        var status = await service.Finished(import);

        using var answer = await Follow(import);
        var told = await Events(answer).SingleAsync(Ct);
        told.Status.ShouldBeEquivalentTo(status);

        using var again = await Follow(import, told.Id);
        again.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        using var old = await Follow(import, "running-0");
        (await Events(old).SingleAsync(Ct)).Id.ShouldBe(told.Id);
    }

    [Fact]
    public async Task At_most_a_thousand_rejections_are_told()
    {
        var import = await Send(Enumerable.Repeat("no record", 1_003).ToArray());
        await service.Finished(import);
        using var answer = await Follow(import);
        (await Events(answer).SingleAsync(Ct)).Status.ShouldSatisfyAllConditions(
            status => status.Rejected.ShouldBe(1_003), status => status.Rejections.Select(rejection => rejection.Index).ShouldBe(Enumerable.Range(0, 1_000).Select(n => (long)n)));
    }

    [Fact]
    public async Task An_import_that_is_not_there_is_a_problem_also_for_who_wants_events()
    {
        using var answer = await Follow(new($"/api/imports/{Guid.NewGuid()}", UriKind.Relative));
        await ShouldBeProblem(answer, 404, "unknown-import");
    }
}
