using Shouldly;
using Xunit;

namespace BzPeer.Analytics.Tests;

/// <summary>What is decided about webhooks without sending anything.</summary>
public sealed class WebhookSpecs
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Answer Refused = new(500, TimeSpan.Zero, "The receiver answered 500.");

    private static Delivery Waiting(long position, Guid subject, int attempts = 1, TimeSpan? due = null) =>
        new(position, Guid.NewGuid(), "WorkPublished", subject, DeliveryState.Pending, attempts, Now, Now, 500, 1, "no", Now + (due ?? TimeSpan.Zero));

    private static LogEntry Entry(long position, Guid subject) =>
        new(position, "WorkPublished", subject, null, System.Text.Encoding.UTF8.GetBytes($$"""{"position":{{position}},"id":"{{Guid.NewGuid()}}"}"""));

    private static long[][] Positions(Batch batch) => [.. batch.Groups.Select(group => group.Select(one => one.Delivery.Position).ToArray())];

    /// <summary>The test vector of the Standard Webhooks libraries.</summary>
    [Fact]
    public void What_is_sent_is_signed_as_Standard_Webhooks_says()
    {
        var key = Convert.FromBase64String("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        WebhookSignature.Secret(key).ShouldBe("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        WebhookSignature.Of([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}"u8).ShouldBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        WebhookSignature.Of([new byte[32], key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}"u8).ShouldEndWith(" v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        WebhookSignature.NewKey().Length.ShouldBeInRange(24, 64);
    }

    [Fact]
    public void Subjects_go_side_by_side_and_each_in_its_order()
    {
        var (a, b) = (Guid.NewGuid(), Guid.NewGuid());
        var batch = Batch.Of([], [Entry(1, a), Entry(2, b), Entry(3, a)], probing: false, 8, Now);
        Positions(batch).ShouldBe([[1, 3], [2]]);
        batch.Held.ShouldBeEmpty();
    }

    [Fact]
    public void What_is_not_taken_holds_up_its_subject_and_no_other()
    {
        var (a, b) = (Guid.NewGuid(), Guid.NewGuid());
        var batch = Batch.Of([Waiting(1, a, due: TimeSpan.FromSeconds(5))], [Entry(2, a), Entry(3, b)], probing: false, 8, Now);
        Positions(batch).ShouldBe([[3]]);
        batch.Held.Select(one => one.Position).ShouldBe([2]);
        Positions(Batch.Of([Waiting(1, a), Waiting(2, a, 0)], [], probing: false, 8, Now)).ShouldBe([[1, 2]]);
    }

    [Fact]
    public void A_receiver_that_takes_nothing_gets_one_event_and_not_always_the_same()
    {
        var (a, b, c) = (Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid());
        Positions(Batch.Of([Waiting(1, a, 3), Waiting(2, b, 2)], [], probing: true, 8, Now)).ShouldBe([[2]]);
        Positions(Batch.Of([Waiting(1, a, 3), Waiting(2, b, 2)], [Entry(4, c)], probing: true, 8, Now)).ShouldBe([[4]]);
    }

    [Fact]
    public void An_event_is_sent_again_for_three_days_and_then_given_up()
    {
        var (delivery, now) = (Delivery.Of(Entry(1, Guid.NewGuid())), Now);
        List<TimeSpan> waits = [];
        while ((delivery = delivery.After(Refused, now)).State == DeliveryState.Pending)
        {
            waits.Add(delivery.NextAt!.Value - now);
            now = delivery.NextAt!.Value;
        }

        waits.Take(9).Select(wait => wait.TotalSeconds).ShouldBe([5, 30, 120, 600, 1800, 3600, 10800, 21600, 21600]);
        delivery.State.ShouldBe(DeliveryState.Failed);
        (now - Now).ShouldBeInRange(TimeSpan.FromDays(3), TimeSpan.FromDays(3.25));
    }

    [Fact]
    public void A_receiver_is_left_alone_for_as_long_as_it_asks_but_not_for_ever()
    {
        Delivery.Wait(1, TimeSpan.FromMinutes(7)).ShouldBe(TimeSpan.FromMinutes(7));
        Delivery.Wait(5, TimeSpan.FromMinutes(7)).ShouldBe(TimeSpan.FromMinutes(30));
        Delivery.Wait(1, TimeSpan.FromDays(400)).ShouldBe(TimeSpan.FromDays(1));
        Delivery.Of(Entry(1, Guid.NewGuid())).After(Refused with { RetryAfter = TimeSpan.FromHours(1) }, Now).NextAt.ShouldBe(Now + TimeSpan.FromHours(1));
    }
}
