using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace BzPeer.EndToEnd.Tests;

/// <summary>What is shown of who follows whom, compared with who does.</summary>
internal static class FollowAgreement
{
    /// <summary>Waits until counts, digests, lists and cards of these people agree with the edges among them, all at the same time.</summary>
    public static Task ShouldShowAsync(
        this BzPeerSystem system, IReadOnlyCollection<Guid> people, IReadOnlyCollection<(Guid Follower, Guid Followee)> edges, TimeSpan within, CancellationToken ct) =>
        Eventually.Async(token => DifferencesAsync(system, people, edges, token), differences => differences.Length == 0,
            "counts, digests, lists and cards agree with the model", within, ct);

    private static async Task<string> DifferencesAsync(
        BzPeerSystem system, IEnumerable<Guid> people, IReadOnlyCollection<(Guid Follower, Guid Followee)> edges, CancellationToken ct)
    {
        var (followers, following) = (edges.ToLookup(edge => edge.Followee, edge => edge.Follower), edges.ToLookup(edge => edge.Follower, edge => edge.Followee));
        var differences = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(people, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = ct }, async (id, token) =>
        {
            var counts = await system.Http.FollowCountsAsync(id, token);
            var card = await system.Http.CardAsync(id, token);
            Compare("followers", followers[id].ToHashSet(), counts.Followers, card.Counts.Followers,
                await system.Http.ReadAllAsync<Listed>($"/api/researchers/{id}/followers", 7, token));
            Compare("following", following[id].ToHashSet(), counts.Following, card.Counts.Following,
                await system.Http.ReadAllAsync<Listed>($"/api/researchers/{id}/following", 7, token));

            void Compare(string what, HashSet<Guid> model, ProvenCount count, long onCard, List<Listed> list)
            {
                var listed = list.Select(entry => entry.ResearcherId).ToList();
                if (!model.SetEquals(listed) || listed.Count != model.Count) Differ($"the list has {listed.Count}");
                if (count.Value != model.Count) Differ($"the count says {count.Value}");
                if (count.Digest != DigestOf(listed)) Differ("the digest is not that of the list");
                if (onCard != model.Count) Differ($"the card says {onCard}");

                void Differ(string how) => differences.Add($"{what} of {id}: the model has {model.Count}, {how}");
            }
        });
        return string.Join('\n', differences.Order().Take(10));
    }

    /// <summary>XOR of the SHA-256 of each id's lower-case text.</summary>
    public static string DigestOf(IEnumerable<Guid> ids)
    {
        var digest = new byte[32];
        foreach (var id in ids)
        {
            var hash = SHA256.HashData(Encoding.ASCII.GetBytes(id.ToString("D")));
            for (var n = 0; n < digest.Length; n++) digest[n] ^= hash[n];
        }

        return Convert.ToHexStringLower(digest);
    }
}
