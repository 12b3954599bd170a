using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace BzPeer.Client;

/// <summary>
/// Tells whether a webhook comes from whoever has the secret, as Standard Webhooks says: HMAC-SHA256 over <c>id.timestamp.body</c>, told in the headers
/// <c>webhook-id</c>, <c>webhook-timestamp</c> and <c>webhook-signature</c>. Verify the bytes as they came, before anything reads them.
/// </summary>
public sealed class WebhookVerifier
{
    private const string Prefix = "whsec_";
    private const string Version = "v1,";

    private readonly byte[][] keys;
    private readonly TimeProvider clock;

    /// <summary>Accepts what one of these secrets signed.</summary>
    /// <param name="secrets">As they were shown: <c>whsec_…</c>. More than one where a secret is being replaced.</param>
    /// <param name="clock">Time; null for the machine's.</param>
    /// <exception cref="FormatException">One is no secret.</exception>
    public WebhookVerifier(IEnumerable<string> secrets, TimeProvider? clock = null)
    {
        keys = [.. secrets.Select(secret => Convert.FromBase64String(secret.StartsWith(Prefix, StringComparison.Ordinal) ? secret[Prefix.Length..] : secret))];
        this.clock = clock ?? TimeProvider.System;
        if (keys.Length == 0 || keys.Any(key => key.Length == 0)) throw new FormatException("A secret is 'whsec_' and base64.");
    }

    /// <summary>How far the time of a webhook may be from now, before or after: what was sent earlier may be somebody's copy.</summary>
    public TimeSpan Tolerance { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The event in a webhook. Its <paramref name="id"/> is the event's, the same each time it is sent: drop what you have had.</summary>
    /// <param name="id">Header <c>webhook-id</c>.</param>
    /// <param name="timestamp">Header <c>webhook-timestamp</c>.</param>
    /// <param name="signatures">Header <c>webhook-signature</c>.</param>
    /// <param name="body">The bytes as they came.</param>
    /// <exception cref="WebhookRefused">It is not signed, or not now; answer 401.</exception>
    public ReceivedEvent Open(string? id, string? timestamp, string? signatures, ReadOnlySpan<byte> body)
    {
        Verify(id, timestamp, signatures, body);
        return ReceivedEvent.Parse(body);
    }

    /// <summary>Verifies a webhook, whatever its body.</summary>
    /// <exception cref="WebhookRefused">It is not signed, or not now; answer 401.</exception>
    public void Verify(string? id, string? timestamp, string? signatures, ReadOnlySpan<byte> body)
    {
        if (string.IsNullOrEmpty(id) || string.IsNullOrEmpty(timestamp) || string.IsNullOrEmpty(signatures))
            throw new WebhookRefused("A webhook has the headers webhook-id, webhook-timestamp and webhook-signature.");
        if (!long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)) throw new WebhookRefused("webhook-timestamp is no time.");
        if (Math.Abs((decimal)clock.GetUtcNow().ToUnixTimeSeconds() - seconds) > (decimal)Tolerance.TotalSeconds) throw new WebhookRefused("webhook-timestamp is too far from now.");

        byte[] signed = [.. Encoding.UTF8.GetBytes($"{id}.{timestamp}."), .. body];
        var expected = Array.ConvertAll(keys, key => HMACSHA256.HashData(key, signed));
        var genuine = false;
        var given = new byte[HMACSHA256.HashSizeInBytes];
        foreach (var signature in signatures.Split(' '))
        {
            if (!signature.StartsWith(Version, StringComparison.Ordinal) || !Convert.TryFromBase64String(signature[Version.Length..], given, out var length) || length != given.Length) continue;
            // Every pair is compared whole: how long it takes says nothing.
            foreach (var own in expected) genuine |= CryptographicOperations.FixedTimeEquals(own, given);
        }

        if (!genuine) throw new WebhookRefused("No signature is made with a secret of this webhook.");
    }
}

/// <summary>A webhook that is not from whom it should be, or not from now.</summary>
public sealed class WebhookRefused : Exception
{
    internal WebhookRefused(string message) : base(message)
    {
    }
}
