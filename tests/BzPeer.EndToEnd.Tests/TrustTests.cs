using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace BzPeer.EndToEnd.Tests;

/// <summary>Trust as people see it, through the gateway: who is vouched for follows somebody, and it counts; a ring is marked, and it does not.</summary>
public sealed class TrustTests(RunningSystem running)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_seed_follows_somebody_verified_and_their_card_rises_until_a_curator_marks_a_ring()
    {
        var people = await running.System.RegisterAsync(2, Stop);
        var (seed, followed) = (people[0], people[1]);
        foreach (var id in people)
        {
            using var claim = await running.System.As(id).PostAsync($"/api/researchers/{id}/claim", null, Stop);
            await claim.ShouldBeSuccessAsync();
            await ValidateAsync(id, "identity", "a registry");
        }

        var before = await StatementWhenAsync(followed, statement => Points(statement, "identity") == 0 && Verified(statement), "claimed and verified");
        await ValidateAsync(seed, "affiliation", "ror");
        for (var n = 0; n < 3; n++)
        {
            using var work = await running.System.AsCurator().PostAsJsonAsync("/api/works",
                new { title = $"On trust, part {n} of {seed}", type = "article", publicationDate = "2024-05-01", authors = new[] { new { researcherId = seed } } }, Stop);
            await work.ShouldBeSuccessAsync();
        }

        await StatementWhenAsync(seed, statement => Evidence(statement, "works") >= 3, "the seed has its works");
        (await running.System.As(seed).PutAsync($"/api/me/following/{followed}", null, Stop)).EnsureSuccessStatusCode();
        var after = await StatementWhenAsync(followed, statement => Points(statement, "followers") == 8, "one follower with a full voice is worth 5 * log2(3)");
        Score(after).ShouldBe(Score(before) + 8);
        await Eventually.Async(async token => (await running.System.Http.GetFromJsonAsync<Card>($"/api/researchers/{followed}", token))!.Trust.Score, score => score == Score(after), "the card says so", Patience, Stop);

        using var marked = await running.System.AsCurator().PostAsJsonAsync("/api/trust/rings", new { members = new[] { seed }, reason = "sold its follows" }, Stop);
        marked.StatusCode.ShouldBe(HttpStatusCode.Created);
        var ring = await marked.Content.ReadFromJsonAsync<JsonElement>(Stop);
        ring.GetProperty("moved").EnumerateArray().Select(move => (move.GetProperty("researcherId").GetGuid(), move.GetProperty("from").GetProperty("score").GetInt32() - move.GetProperty("to").GetProperty("score").GetInt32()))
            .ShouldBe([(followed, 8)]);
        await Eventually.Async(async token => (await running.System.Http.GetFromJsonAsync<Card>($"/api/researchers/{followed}", token))!.Trust.Score, score => score == Score(before), "the card has fallen", Patience, Stop);
        (await running.System.Http.LedgerAsync(followed, Stop))[0].Cause.Type.ShouldBe("RingMarked");

        using var reinstated = await running.System.AsCurator().DeleteAsync($"/api/trust/rings/{ring.GetProperty("id").GetGuid()}?reason=an%20error", Stop);
        reinstated.StatusCode.ShouldBe(HttpStatusCode.OK);
        Score(await StatementWhenAsync(followed, statement => Points(statement, "followers") == 8, "restored")).ShouldBe(Score(after));

        using var dry = await running.System.AsCurator().PostAsync("/api/trust/models/2/dry-run", null, Stop);
        dry.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await dry.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("falls").GetInt32().ShouldBeGreaterThanOrEqualTo(1, "model 2 gives the first follower less");
    }

    private async Task ValidateAsync(Guid id, string kind, string source)
    {
        using var validation = await running.System.AsCurator().PostAsJsonAsync($"/api/researchers/{id}/validations", new { kind, source, value = $"as {source} has it" }, Stop);
        validation.StatusCode.ShouldBe(HttpStatusCode.Created);
    }

    private Task<JsonElement> StatementWhenAsync(Guid id, Func<JsonElement, bool> ready, string because) =>
        Eventually.Async(token => running.System.Http.ReadAsync<JsonElement>($"/api/researchers/{id}/trust", token), ready, because, Patience, Stop);

    private static JsonElement Factor(JsonElement statement, string factor) => statement.GetProperty("contributions").EnumerateArray().Single(each => each.GetProperty("factor").GetString() == factor);

    private static int Points(JsonElement statement, string factor) => Factor(statement, factor).GetProperty("points").GetInt32();

    private static int Evidence(JsonElement statement, string factor) => Factor(statement, factor).GetProperty("evidence").GetInt32();

    private static int Score(JsonElement statement) => statement.GetProperty("score").GetInt32();

    /// <summary>Topics and collaborators count, or would: nothing waits for a claim any more.</summary>
    private static bool Verified(JsonElement statement) => Factor(statement, "topics").GetProperty("why").GetString()!.Contains("counted once", StringComparison.Ordinal) is false;
}
