using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using BzPeer.ServiceDefaults;
using BzPeer.Testing;
using RabbitMQ.Client;
using Shouldly;
using Xunit;

namespace BzPeer.Profile.Tests;

/// <summary>Messages that Profile could not handle, on a real broker: what a curator sees of them and does with them.</summary>
public sealed class DeadLettersTests(ProfileService service) : IClassFixture<ProfileService>
{
    private const string Address = "/api/dead-letters/profile";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_waits_is_told_sent_again_with_its_effect_once_or_discarded_for_a_reason()
    {
        using var curator = service.Curator();
        await using var connection = await new ConnectionFactory { Uri = service.VirtualHost }.CreateConnectionAsync(Ct);
        await using var channel = await connection.CreateChannelAsync(new(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), Ct);
        (await List()).Total.ShouldBe(0);

        // Nobody can read it: MassTransit gives it up, and makes the queue it waits in.
        await Send("profile", "{ this is no JSON", null);
        var unreadable = (await Eventually.Async(_ => List(), list => list.Total == 1, "the message is set aside", ct: Ct)).Items.Single();
        (unreadable.Type, unreadable.Subject, unreadable.Content).ShouldBe((null, null, "{ this is no JSON"));
        unreadable.Reason.ShouldNotBeNullOrWhiteSpace();
        unreadable.FailedAt.ShouldNotBeNull();

        // The same event three times, as after two replays that were cut short, and another one.
        var (ada, grace) = (Guid.NewGuid(), Guid.NewGuid());
        var (once, other) = (Guid.NewGuid(), Guid.NewGuid());
        for (var time = 0; time < 3; time++) await Send("profile_error", Envelope(once, ada), once);
        await Send("profile_error", Envelope(other, grace), other);
        await Wait(5);
        var waiting = await List();
        waiting.Total.ShouldBe(5);
        waiting.Items.Count(letter => letter.Id == once.ToString() && letter.Type == "AuthorIdentified" && letter.Subject == ada.ToString()).ShouldBe(3);
        // To look takes nothing away.
        await Wait(5);
        (await List()).ShouldBeEquivalentTo(waiting);

        await Wait(5);
        (await Moved(await curator.PostAsync($"{Address}/{once}/resend", null, Ct))).ShouldBe(3);
        await Eventually.Async(_ => service.Events(ada), events => events.Length > 0, "the message has its effect", ct: Ct);
        await Wait(2);
        (await Moved(await curator.PostAsync($"{Address}/resend", null, Ct))).ShouldBe(2);
        await Eventually.Async(_ => service.Events(grace), events => events.Length > 0, "the other one has its effect", ct: Ct);
        await Eventually.Async(_ => List(), list => list.Total == 1, "what cannot be read is set aside again", ct: Ct);
        (await service.Events(ada)).ShouldBe(["researcher_registered"]);

        await ProfileService.ShouldBeProblem(await curator.DeleteAsync($"{Address}/{unreadable.Id}", Ct), 422, "reason");
        await Wait(1);
        (await Moved(await curator.DeleteAsync($"{Address}/{unreadable.Id}?reason=No+JSON", Ct))).ShouldBe(1);
        (await List()).Total.ShouldBe(0);
        var aside = (await channel.BasicGetAsync("profile_discarded", autoAck: true, Ct))!;
        Encoding.UTF8.GetString(aside.Body.Span).ShouldBe("{ this is no JSON");
        Encoding.UTF8.GetString((byte[])aside.BasicProperties.Headers!["bzpeer-discarded-for"]!).ShouldBe("No JSON");
        await ProfileService.ShouldBeProblem(await curator.DeleteAsync($"{Address}/{unreadable.Id}?reason=No+JSON", Ct), 404, "unknown-dead-letter");
        await ProfileService.ShouldBeProblem(await curator.PostAsync($"{Address}/{unreadable.Id}/resend", null, Ct), 404, "unknown-dead-letter");

        // What somebody looked at is given back, and the broker takes its time to have it waiting again.
        Task Wait(uint count) => Eventually.Async(async _ => await channel.MessageCountAsync("profile_error", Ct), waits => waits == count, $"{count} wait", ct: Ct);

        async Task<DeadLetterList> List() => (await curator.GetFromJsonAsync<DeadLetterList>(Address, Ct))!;

        async Task Send(string queue, string body, Guid? id) => await channel.BasicPublishAsync("", queue, mandatory: true,
            new BasicProperties { ContentType = "application/vnd.masstransit+json", MessageId = id?.ToString() }, Encoding.UTF8.GetBytes(body), Ct);
    }

    [Fact]
    public async Task They_are_for_curators_only()
    {
        await ProfileService.ShouldBeProblem(await service.Anonymous().GetAsync(Address, Ct), 401, "no-token");
        using var anybody = service.As(Guid.NewGuid());
        await ProfileService.ShouldBeProblem(await anybody.GetAsync(Address, Ct), 403, "not-yours");
        await ProfileService.ShouldBeProblem(await anybody.PostAsync($"{Address}/resend", null, Ct), 403, "not-yours");
        await ProfileService.ShouldBeProblem(await anybody.DeleteAsync($"{Address}/x?reason=y", Ct), 403, "not-yours");
    }

    private static async Task<long> Moved(HttpResponseMessage answer)
    {
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync(Ct));
        return (await answer.Content.ReadFromJsonAsync<DeadLettersMoved>(Ct))!.Moved;
    }

    private static string Envelope(Guid messageId, Guid researcher) => JsonSerializer.Serialize(new
    {
        messageId,
        messageType = new[] { "urn:message:BzPeer.Contracts:AuthorIdentified" },
        message = ProfileService.Author(researcher, 1, "Ada Lovelace"),
    }, JsonSerializerOptions.Web);
}
