using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using BzPeer.Contracts;
using BzPeer.Testing;
using Shouldly;
using Xunit;

[assembly: AssemblyFixture(typeof(TestServers))]

namespace BzPeer.Follow.Tests;

/// <summary>The service with the words its tests are told in. Limits are off: tests do in a second what people do in a day.</summary>
public sealed class FollowHost : ServiceHost<Program>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <inheritdoc />
    protected override IReadOnlyDictionary<string, string> Settings { get; } =
        new Dictionary<string, string> { ["Follow:DailyLimit"] = "0", ["Follow:BurstPerMinute"] = "0" };

    /// <summary>A researcher that the service has heard of.</summary>
    public async Task<Guid> Registered()
    {
        var id = Guid.NewGuid();
        await Register(id);
        await Eventually.Async(async ct => (await Anonymous().GetAsync($"/api/researchers/{id}/followers", ct)).IsSuccessStatusCode, "the researcher is known");
        return id;
    }

    /// <summary>Tells the service of a researcher, as Profile would.</summary>
    public Task Register(Guid id) => Publish(new ResearcherRegistered(
        new EventOrigin(Guid.NewGuid(), DateTimeOffset.UtcNow, Sources.Profile, id, 1, 0, id, 1), id, "Ada", "arxiv", null, null), Ct);

    /// <summary>One follows the other; the position it was committed at.</summary>
    public Task<string> Follow(Guid follower, Guid followee) => Do(follower, HttpMethod.Put, $"/api/me/following/{followee}");

    /// <summary>A command that succeeds; the position it was committed at.</summary>
    public async Task<string> Do(Guid actor, HttpMethod method, string path)
    {
        var answer = await As(actor).SendAsync(new HttpRequestMessage(method, path), Ct);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync(Ct));
        return PositionOf(answer);
    }

    /// <summary>The counts, as they are at a position or later; a machine that needs longer than the service waits is asked again.</summary>
    public async Task<CountsAnswer> Counts(Guid id, string? position = null)
    {
        using var answer = await Eventually.Async(
            async ct =>
            {
                var request = new HttpRequestMessage(HttpMethod.Get, $"/api/researchers/{id}/follow-counts");
                if (position is not null) request.Headers.Add("Min-Position", position);
                return await Anonymous().SendAsync(request, ct);
            },
            answer => answer.StatusCode != HttpStatusCode.Conflict, $"{position ?? "anything"} is counted", TimeSpan.FromMinutes(3), Ct);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync(Ct));
        return (await answer.Content.ReadFromJsonAsync<CountsAnswer>(Ct))!;
    }

    /// <summary>A whole list, page after page.</summary>
    public async Task<List<ListedResearcher>> List(Guid id, string which, int limit = 80)
    {
        var all = new List<ListedResearcher>();
        for (string? cursor = null; ;)
        {
            var page = (await Anonymous().GetFromJsonAsync<FollowListPage>($"/api/researchers/{id}/{which}?limit={limit}&cursor={cursor}", Ct))!;
            all.AddRange(page.Items!);
            if (page.Next is null) return all;
            cursor = page.Next;
        }
    }

    /// <summary>Counts, digests and lists of a researcher are those of a model of live edges.</summary>
    public async Task AgreesWithModel(Guid person, IReadOnlySet<(Guid Follower, Guid Followee)> model, string position)
    {
        var followers = model.Where(edge => edge.Followee == person).Select(edge => edge.Follower).ToHashSet();
        var following = model.Where(edge => edge.Follower == person).Select(edge => edge.Followee).ToHashSet();
        var counts = await Counts(person, position);
        counts.Followers.ShouldBe(new ProvenCount(followers.Count, Digest(followers)));
        counts.Following.ShouldBe(new ProvenCount(following.Count, Digest(following)));
        (await List(person, "followers")).Select(item => item.ResearcherId).ShouldBe(followers, ignoreOrder: true);
        (await List(person, "following")).Select(item => item.ResearcherId).ShouldBe(following, ignoreOrder: true);
    }

    /// <summary>The digest as the contract defines it, computed another way than the service does.</summary>
    public static string Digest(IEnumerable<Guid> ids)
    {
        var digest = new byte[32];
        foreach (var id in ids)
        {
            var hash = SHA256.HashData(Encoding.UTF8.GetBytes(id.ToString("D").ToLowerInvariant()));
            for (var i = 0; i < 32; i++) digest[i] ^= hash[i];
        }

        return Convert.ToHexStringLower(digest);
    }

    /// <summary>What an answer to a write says in X-BzPeer-Position.</summary>
    public static string PositionOf(HttpResponseMessage answer) => answer.Headers.GetValues("X-BzPeer-Position").Single();

    /// <summary>The later of two positions.</summary>
    public static string Later(string a, string b) => Number(a) >= Number(b) ? a : b;

    private static long Number(string position) => long.Parse(position.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture);
}
