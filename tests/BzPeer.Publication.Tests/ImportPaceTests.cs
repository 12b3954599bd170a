using BzPeer.ServiceDefaults;
using BzPeer.Testing;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>An import leaves those who listen the time they need, and waits for nobody who stands still.</summary>
public sealed class ImportPaceTests(PublicationService service) : IClassFixture<PublicationService>
{
    private const int Before = 3_000;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private async Task<(IConnection Connection, IChannel Channel)> TrustQueueWith(int messages)
    {
        var connection = await new ConnectionFactory { Uri = service.Host.VirtualHost }.CreateConnectionAsync(Ct);
        var channel = await connection.CreateChannelAsync(new(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), Ct);
        await channel.QueuePurgeAsync("trust", Ct);
        await Task.WhenAll(Enumerable.Range(0, messages).Select(_ => channel.BasicPublishAsync("", "trust", mandatory: true, new BasicProperties(), new byte[] { 1 }, Ct).AsTask()));
        return (connection, channel);
    }

    private Task<long> Works() => service.Scalar("select count(*) from mt_events where type = 'work_published'");

    private static Task<uint> Waiting(IChannel channel) => channel.MessageCountAsync("trust", Ct);

    [Fact]
    public async Task While_a_listener_works_off_what_waits_the_import_does_not_add_to_it()
    {
        var (connection, channel) = await TrustQueueWith(Before);
        await using var held = connection;
        await using var used = channel;
        await channel.BasicQosAsync(0, 20, global: false, Ct);
        var worker = new AsyncEventingBasicConsumer(channel);
        worker.ReceivedAsync += async (_, delivery) =>
        {
            // The time that a message takes, so that the import is there before the queue is short.
            await Task.Delay(1, Ct);
            await channel.BasicAckAsync(delivery.DeliveryTag, multiple: false);
        };
        await channel.BasicConsumeAsync("trust", autoAck: false, worker, Ct);

        var before = await Works();
        using var accepted = await service.SendImport(WorkSource.OpenAlex, System.Text.Encoding.UTF8.GetBytes(Enumerable.Range(0, 300).Select(_ => Records.OpenAlex(Records.Number(), $"A{Records.Number()}")).Lines()), "application/x-ndjson");
        await Eventually.Async(_ => Works(), works => works > before, "the import has begun", TimeSpan.FromMinutes(3), Ct);
        var whenBegun = await Waiting(channel);
        (await service.Finished(accepted.Headers.Location!)).Created.ShouldBe(300);

        whenBegun.ShouldBeLessThan(250u, "50 may wait, and what the first batch brought");
        (await Waiting(channel)).ShouldBeLessThan(450u, "50 may wait, and what the last batch brought");
    }

    [Fact]
    public async Task A_listener_that_is_stopped_or_stands_still_stops_no_import()
    {
        var (connection, channel) = await TrustQueueWith(Before);
        await using var held = connection;
        await using var used = channel;
        (await service.Import(WorkSource.OpenAlex, Enumerable.Range(0, 100).Select(_ => Records.OpenAlex(Records.Number())).Lines())).Created.ShouldBe(100);

        // Takes one message and never says that it is done with it.
        await channel.BasicQosAsync(0, 1, global: false, Ct);
        await channel.BasicConsumeAsync("trust", autoAck: false, new AsyncEventingBasicConsumer(channel), Ct);
        (await service.Import(WorkSource.OpenAlex, Enumerable.Range(0, 100).Select(_ => Records.OpenAlex(Records.Number())).Lines())).Created.ShouldBe(100);
        (await Waiting(channel)).ShouldBeGreaterThanOrEqualTo((uint)Before - 1);
    }

    [Fact]
    public void Only_a_served_queue_that_is_long_and_has_not_been_given_up_is_worth_waiting_for()
    {
        var given = new Dictionary<string, uint> { ["profile"] = 1_000 };
        string[] Worth(params Backlog[] backlogs) => [.. ImportPace.Worth(backlogs, given).Select(queue => queue.Name)];

        Worth(new Backlog("trust", 50, true)).ShouldBeEmpty();
        Worth(new Backlog("trust", 51, true), new Backlog("follow", 5_000, false)).ShouldBe(["trust"]);
        Worth(new Backlog("profile", 1_000, true)).ShouldBeEmpty();
        Worth(new Backlog("profile", 999, true)).ShouldBe(["profile"]);
        Worth(new Backlog("profile", 10, true)).ShouldBeEmpty();
        Worth(new Backlog("profile", 2_000, true)).ShouldBe(["profile"], "it was short in between");
    }
}
