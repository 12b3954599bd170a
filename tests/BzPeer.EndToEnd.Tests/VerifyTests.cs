using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace BzPeer.EndToEnd.Tests;

/// <summary>A researcher claims their profile and a curator validates who they are, as clients do it: through the gateway.</summary>
public sealed class VerifyTests(RunningSystem running)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_claimed_profile_with_a_validated_identity_is_verified_until_the_validation_is_taken_back()
    {
        var ada = (await running.System.RegisterAsync(1, Stop)).Single();
        (await CardIsAsync(null)).ShouldBe((false, false));

        using var claim = await running.System.As(ada).PostAsync($"/api/researchers/{ada}/claim", null, Stop);
        await claim.ShouldBeSuccessAsync();
        (await CardIsAsync(claim)).ShouldBe((true, false));

        using var validation = await running.System.AsCurator().PostAsJsonAsync($"/api/researchers/{ada}/validations", new { kind = "identity", source = "ORCID", value = "0000-0002-1825-0097" }, Stop);
        validation.StatusCode.ShouldBe(HttpStatusCode.Created);
        (await CardIsAsync(validation)).ShouldBe((true, true));
        var list = await running.System.Http.ReadAsync<JsonElement>($"/api/researchers/{ada}/validations", Stop);
        var shown = list.GetProperty("items").EnumerateArray().Single();
        (shown.GetProperty("source").GetString(), shown.GetProperty("value").GetString()).ShouldBe(("orcid", "0000-0002-1825-0097"));
        (await running.System.Http.ReadAsync<JsonElement>(validation.Headers.Location!.ToString(), Stop)).GetProperty("id").GetGuid().ShouldBe(shown.GetProperty("id").GetGuid());

        using var withdrawn = await running.System.AsCurator().DeleteAsync($"{validation.Headers.Location}?reason=Another%20person", Stop);
        withdrawn.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await CardIsAsync(withdrawn)).ShouldBe((true, false));

        // As new as the write, whose position the answer names; a busy machine may answer 409, not there yet, but never with less.
        Task<(bool Claimed, bool Verified)> CardIsAsync(HttpResponseMessage? after) => Eventually.Async(async token =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/researchers/{ada}");
            if (after is not null) request.Headers.Add("Min-Position", after.Headers.GetValues("X-BzPeer-Position").Single());
            using var answer = await running.System.Http.SendAsync(request, token);
            await answer.ShouldBeSuccessAsync();
            var card = await answer.Content.ReadFromJsonAsync<JsonElement>(token);
            return (card.GetProperty("claimed").GetBoolean(), card.GetProperty("verified").GetBoolean());
        }, _ => true, "the card is there", ct: Stop);
    }
}
