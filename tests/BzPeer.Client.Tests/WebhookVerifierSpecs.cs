using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Time.Testing;

namespace BzPeer.Client.Tests;

/// <summary>The example that the Standard Webhooks libraries share, and what is made of it.</summary>
public sealed class WebhookVerifierSpecs
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private const string Other = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    private const string Id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    private const string Timestamp = "1614265330";
    private const string Body = """{"test": 2432232314}""";
    private const string Signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    private const string OtherVersion = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";

    private static void Verify(string[] secrets, string? id = Id, string? timestamp = Timestamp, string? signatures = Signature, string body = Body, int secondsLater = 0) =>
        new WebhookVerifier(secrets, new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(1614265330 + secondsLater))).Verify(id, timestamp, signatures, Encoding.UTF8.GetBytes(body));

    [Fact]
    public void What_is_signed_with_the_secret_is_genuine() => Verify([Secret]);

    [Fact]
    public void One_of_several_signatures_and_one_of_several_secrets_is_enough()
    {
        Verify([Secret], signatures: $"{OtherVersion} v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= {Signature}");
        Verify([Other, Secret]);
        Verify([Secret[6..]]);
    }

    [Theory]
    [InlineData(null, Timestamp, Signature, Body)]
    [InlineData(Id, null, Signature, Body)]
    [InlineData(Id, Timestamp, null, Body)]
    [InlineData(Id, Timestamp, "", Body)]
    [InlineData("msg_other", Timestamp, Signature, Body)]
    [InlineData(Id, "1614265331", Signature, Body)]
    [InlineData(Id, "soon", Signature, Body)]
    [InlineData(Id, "99999999999999999", Signature, Body)]
    [InlineData(Id, Timestamp, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", Body)]
    [InlineData(Id, Timestamp, "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", Body)]
    [InlineData(Id, Timestamp, "v1,g0hM9SsE", Body)]
    [InlineData(Id, Timestamp, "v1,?", Body)]
    [InlineData(Id, Timestamp, OtherVersion, Body)]
    [InlineData(Id, Timestamp, Signature, """{"test":2432232314}""")]
    public void Whatever_else_is_refused(string? id, string? timestamp, string? signatures, string body) =>
        Should.Throw<WebhookRefused>(() => Verify([Secret], id, timestamp, signatures, body));

    [Fact]
    public void Another_secret_does_not_do() => Should.Throw<WebhookRefused>(() => Verify([Other]));

    [Theory]
    [InlineData(300, true)]
    [InlineData(-300, true)]
    [InlineData(301, false)]
    [InlineData(-301, false)]
    public void It_counts_for_five_minutes(int secondsLater, bool genuine)
    {
        if (genuine) Verify([Secret], secondsLater: secondsLater);
        else Should.Throw<WebhookRefused>(() => Verify([Secret], secondsLater: secondsLater));
    }

    [Fact]
    public void What_is_opened_is_the_event()
    {
        const string body = """{"position":7,"id":"0b8a3a2e-7a51-4c0e-9d57-3f6c6f3d2a10","source":"profile","type":"org.bzpeer.profile.ResearcherErased","subject":"00000000-0000-4000-8000-000000000001","data":{"researcherId":"00000000-0000-4000-8000-000000000001"}}""";
        var signature = HMACSHA256.HashData(Convert.FromBase64String(Secret[6..]), Encoding.UTF8.GetBytes($"{Id}.{Timestamp}.{body}"));
        var verifier = new WebhookVerifier([Secret], new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(1614265330)));
        var e = verifier.Open(Id, Timestamp, $"v1,{Convert.ToBase64String(signature)}", Encoding.UTF8.GetBytes(body));
        (e.Position, e.Event.ShouldBeOfType<ResearcherErased>().ResearcherId).ShouldBe((7, new("00000000-0000-4000-8000-000000000001")));
        Should.Throw<WebhookRefused>(() => verifier.Open(Id, Timestamp, Signature, Encoding.UTF8.GetBytes(body)));
    }

    [Theory]
    [InlineData("whsec_")]
    [InlineData("whsec_not base64!")]
    public void What_is_no_secret_is_told_at_once(string secret) => Should.Throw<FormatException>(() => new WebhookVerifier([secret]));
}
