using System.Net;
using System.Net.Http.Json;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using BzPeer.Testing;
using Shouldly;
using Xunit;

namespace BzPeer.Profile.Tests;

/// <summary>Cards of researchers who were merged, as messages tell of it.</summary>
public sealed class MergedProfileTests(ServiceHost<Program> service) : IClassFixture<ServiceHost<Program>>
{
    private static long sequence = 1_000;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static EventOrigin Origin(Guid subject, long at) => new(Guid.NewGuid(), DateTimeOffset.UtcNow, Sources.Publication, subject, at, 0, subject, 1);

    private static ResearchersMerged Merged(Guid gone, Guid survivor, long? at = null, params Guid[] with) =>
        new(Origin(gone, at ?? Interlocked.Increment(ref sequence)), Guid.NewGuid(), gone, survivor, [gone, .. with]);

    private static ResearchersSplit Split(Guid restored, Guid from, long? at = null, params Guid[] with) =>
        new(Origin(restored, at ?? Interlocked.Increment(ref sequence)), Guid.NewGuid(), restored, from, [restored, .. with]);

    private async Task<Guid> Registered(string name, string? orcid = null, string? openAlex = null)
    {
        var id = Guid.NewGuid();
        await service.Publish(new AuthorIdentified(Origin(id, 1), id, name, "openalex", orcid, openAlex,
            [.. new[] { orcid is null ? null : "orcid:" + orcid, openAlex is null ? null : "openalex:" + openAlex }.OfType<string>()], null), Ct);
        await Eventually.Async(_ => Status(id), status => status == HttpStatusCode.OK, "registered", ct: Ct);
        return id;
    }

    private async Task<HttpStatusCode> Status(Guid id)
    {
        using var answer = await service.Anonymous().GetAsync($"/api/researchers/{id}", Ct);
        return answer.StatusCode;
    }

    private async Task<Guid[]> Found(string query) =>
        [.. (await service.Anonymous().GetFromJsonAsync<Page<ResearcherCard>>($"/api/researchers?{query}", Ct))!.Items.Select(card => card.Id)];

    [Fact]
    public async Task The_survivor_is_found_by_every_name_and_id_and_shows_the_ids_they_had_not()
    {
        var name = $"Xquasi{Guid.NewGuid():N}";
        var (survivor, gone) = (await Registered($"J. {name}", openAlex: "A7700000001"), await Registered($"Joan Élodie {name}", orcid: "0000-0002-1825-0097", openAlex: "A7700000002"));
        (await Found($"q={name}")).ShouldBe([survivor, gone], ignoreOrder: true);

        await service.Publish(Merged(gone, survivor), Ct);
        await Eventually.Async(_ => Status(gone), status => status == HttpStatusCode.MovedPermanently, "the merge is known", ct: Ct);

        using (var answer = await service.Anonymous().GetAsync($"/api/researchers/{gone}", Ct)) answer.Headers.Location!.ToString().ShouldBe($"/api/researchers/{survivor}");
        foreach (var query in (string[])[$"q={name}", $"q=elodie {name}", "orcid=0000-0002-1825-0097", "openAlex=A7700000002", "openAlex=A7700000001", $"id={gone}", $"id={gone}&id={survivor}"])
            (await Found(query)).ShouldBe([survivor], query);
        (await Found("limit=80")).ShouldNotContain(gone);
        var card = (await service.Anonymous().GetFromJsonAsync<ResearcherCard>($"/api/researchers/{survivor}", Ct))!;
        card.ExternalIds.ShouldBe(new ExternalIds("0000-0002-1825-0097", "A7700000001"));

        await service.Publish(Split(gone, survivor), Ct);
        await Eventually.Async(_ => Status(gone), status => status == HttpStatusCode.OK, "the split is known", ct: Ct);
        (await Found($"q={name}")).ShouldBe([survivor, gone], ignoreOrder: true);
        (await Found("orcid=0000-0002-1825-0097")).ShouldBe([gone]);
        (await service.Anonymous().GetFromJsonAsync<ResearcherCard>($"/api/researchers/{survivor}", Ct))!.ExternalIds.ShouldBe(new ExternalIds(null, "A7700000001"));
    }

    [Fact]
    public async Task A_merged_caller_edits_the_survivors_profile_and_a_write_to_the_merged_one_leads_there()
    {
        var (survivor, gone) = (await Registered("Ada Survivor"), await Registered("Ada Gone"));
        await service.Publish(Merged(gone, survivor), Ct);
        await Eventually.Async(_ => Status(gone), status => status == HttpStatusCode.MovedPermanently, "the merge is known", ct: Ct);

        using var there = await service.As(gone).PatchAsJsonAsync($"/api/researchers/{survivor}", new { headline = "One of two" }, Ct);
        there.StatusCode.ShouldBe(HttpStatusCode.OK);
        using var redirected = await service.As(gone).PatchAsJsonAsync($"/api/researchers/{gone}", new { headline = "One of two" }, Ct);
        (redirected.StatusCode, redirected.Headers.Location!.ToString()).ShouldBe((HttpStatusCode.PermanentRedirect, $"/api/researchers/{survivor}"));
        using var somebody = await service.As(Guid.NewGuid()).PatchAsJsonAsync($"/api/researchers/{survivor}", new { headline = "Not mine" }, Ct);
        somebody.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Merges_and_splits_in_any_order_and_repeated_leave_the_same_survivors()
    {
        var people = new List<Guid>();
        for (var n = 0; n < 3; n++) people.Add(await Registered($"Person {n}"));
        var (a, b, c) = (people[0], people[1], people[2]);
        // A into B, B into C, A taken back, A into C, all taken back but B into C.
        var first = Interlocked.Add(ref sequence, 10) - 9;
        List<object> messages = [Merged(a, b, first), Merged(b, c, first + 1, a), Split(a, c, first + 2), Merged(a, c, first + 3), Split(a, c, first + 4)];
        for (var seed = 0; seed < 6; seed++)
        {
            var deliveries = messages.Concat(messages).ToArray();
            new Random(seed).Shuffle(deliveries);
            await using (var forget = service.Database.CreateCommand("delete from survivors")) await forget.ExecuteNonQueryAsync(Ct);
            foreach (var message in deliveries) await service.Publish(message, Ct);
            await Eventually.Async(async _ => await service.Rows("survivors", "id", "id, survivor, version"),
                rows => rows.Order().SequenceEqual(new[] { $"({a},{a},{first + 4})", $"({b},{c},{first + 1})" }.Order()), $"seed {seed}", ct: Ct);
        }

        await Eventually.Async(async _ => (await Status(a), await Status(b)), status => status == (HttpStatusCode.OK, HttpStatusCode.MovedPermanently), "requests are answered by it", ct: Ct);
    }

    [Fact]
    public async Task Another_instance_and_one_started_later_know_of_the_merge_too()
    {
        var (survivor, gone) = (await Registered("Ada Survivor"), await Registered("Ada Gone"));
        await using var beside = new ServiceHost<Program> { Beside = service };
        await beside.InitializeAsync();
        await service.Publish(Merged(gone, survivor), Ct);
        await using var later = new ServiceHost<Program> { Beside = service };
        await later.InitializeAsync();
        foreach (var instance in (ServiceHost<Program>[])[service, beside, later])
            await Eventually.Async(async _ => (await instance.Anonymous().GetAsync($"/api/researchers/{gone}", Ct)).StatusCode, status => status == HttpStatusCode.MovedPermanently, "every instance knows", ct: Ct);
    }
}
