using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace BzPeer.Client.Tests;

/// <summary>The whole of BZPEER, of which a process may be killed.</summary>
public sealed class RunningSystem : IAsyncLifetime
{
    internal BzPeerSystem System { get; } = new();

    public ValueTask InitializeAsync() => System.InitializeAsync();

    public ValueTask DisposeAsync() => System.DisposeAsync();
}

/// <summary>The client and the whole of BZPEER.</summary>
public sealed class SystemTests(RunningSystem running) : IClassFixture<RunningSystem>
{
    private readonly BzPeerSystem system = running.System;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private BzPeerClient Anybody => new(system.Http);

    private BzPeerClient As(Guid researcher, params string[] roles) => new(system.As(researcher, roles));

    [Fact]
    public async Task What_people_do_by_the_client_is_what_the_client_shows()
    {
        var author = await RegisterAsync();
        var me = Guid.NewGuid();
        var client = As(me);

        var followed = await client.FollowAsync(author.Id, Ct);
        followed.Value.Following.ShouldBeTrue();
        followed.At!.Value.Source.ShouldBe(Sources.Follow);
        (await There(() => client.FollowCountsAsync(author.Id, followed.At, Ct))).Followers.Value.ShouldBe(1);
        (await There(() => client.FollowersAsync(author.Id, followed.At, Ct).SingleAsync(Ct).AsTask())).ResearcherId.ShouldBe(me);
        (await There(() => client.FollowingAsync(me, followed.At, Ct).SingleAsync(Ct).AsTask())).ResearcherId.ShouldBe(author.Id);
        (await There(() => client.RelationshipsAsync([author.Id, Guid.NewGuid()], followed.At, Ct))).Select(one => (one.Following, one.NotFound)).ShouldBe([(true, false), (false, true)]);
        (await There(() => client.CardAsync(author.Id, followed.At, Ct))).Counts.Followers.ShouldBe(1);

        (await client.CardsAsync([author.Id, Guid.NewGuid()], Ct)).Single().Name.ShouldBe(author.Name);
        var work = await client.WorksAsync(author.Id, year: "2024", sort: "title", cancellation: Ct).SingleAsync(Ct);
        (await client.WorkAsync(work.Id, cancellation: Ct)).Title.ShouldBe(work.Title);
        var statement = await client.TrustAsync(author.Id, cancellation: Ct);
        statement.Contributions.Sum(one => one.Points).ShouldBe(statement.Score);
        (await client.TrustAsync(author.Id, asOf: DateTimeOffset.UtcNow, cancellation: Ct)).Score.ShouldBe(statement.Score);
        (await client.TrustChangesAsync(author.Id, cancellation: Ct).FirstAsync(Ct)).To.Score.ShouldBe(statement.Score);

        (await client.UnfollowAsync(author.Id, Ct)).Value.Following.ShouldBeFalse();
        (await Should.ThrowAsync<BzPeerProblem>(() => client.CardAsync(Guid.NewGuid(), cancellation: Ct))).Rule.ShouldBe("unknown-researcher");
        (await Should.ThrowAsync<BzPeerProblem>(() => Anybody.FollowAsync(author.Id, Ct))).Rule.ShouldBe("no-token");
        (await Should.ThrowAsync<BzPeerProblem>(() => client.EventsAsync(1_000_000_000, cancellation: Ct).FirstAsync(Ct).AsTask())).Rule.ShouldBe("cursor-ahead");
    }

    [Fact]
    public async Task A_reader_goes_on_without_a_gap_or_a_repeat_when_the_service_is_killed_and_started_again()
    {
        var author = await RegisterAsync();
        var got = new List<ReceivedEvent>();
        var breaks = 0;
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var reader = new EventReader(As(Guid.NewGuid(), "analytics")) { Broken = _ => Interlocked.Increment(ref breaks) };
        var reading = Task.Run(async () =>
        {
            await foreach (var batch in reader.ReadBatchesAsync(after: null, most: 50, enough.Token))
                lock (got) got.AddRange(batch);
        }, Ct);

        await FollowAsync(author.Id, 20);
        await Eventually.Async(() => FollowsRead(author.Id) == 20, "the reader has the first follows", Patience, Ct);
        for (var time = 0; time < 2; time++)
        {
            await system.Kill("analytics");
            await FollowAsync(author.Id, 20);
            await system.Start("analytics", Ct);
            await FollowAsync(author.Id, 20);
            await Eventually.Async(() => FollowsRead(author.Id) == 60 + (time * 40), "the reader has every follow", Patience, Ct);
        }

        breaks.ShouldBeGreaterThanOrEqualTo(2);
        await enough.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => reading);
        var last = got[^1].Position;
        got.Select(e => e.Position).ShouldBe(Enumerable.Range(1, got.Count).Select(n => (long)n));
        got.Select(e => e.Id).Distinct().Count().ShouldBe(got.Count);
        got.ShouldAllBe(e => e.Event != null);

        // The same once more from the middle, all at once; and only what was asked for.
        var half = got[got.Count / 2].Position;
        var again = await As(Guid.NewGuid(), "analytics").EventsAsync(half, cancellation: Ct).TakeWhile(e => e.Position <= last).ToListAsync(Ct);
        again.Select(e => e.Id).ShouldBe(got.Where(e => e.Position > half).Select(e => e.Id));
        var follows = await Anybody.EventsAsync(filter: new([nameof(ResearcherFollowed)], author.Id), cancellation: Ct).ToListAsync(Ct);
        follows.Select(e => ((ResearcherFollowed)e.Event!).FolloweeId).ShouldBe(Enumerable.Repeat(author.Id, 100));

        int FollowsRead(Guid followee)
        {
            lock (got) return got.Count(e => e.Event is ResearcherFollowed followed && followed.FolloweeId == followee);
        }
    }

    /// <summary>What is read at a position: a busy machine may say that it is not there yet, but never answer with less.</summary>
    private static Task<T> There<T>(Func<Task<T>> read) => Eventually.Async(_ => read(), _ => true, "it is there", Patience, Ct);

    private async Task FollowAsync(Guid followee, int followers)
    {
        for (var n = 0; n < followers; n++) await As(Guid.NewGuid()).FollowAsync(followee, Ct);
    }

    /// <summary>Somebody new, the author of one work of 2024, once their card says so and they can be followed.</summary>
    private async Task<ResearcherCard> RegisterAsync()
    {
        var number = Random.Shared.NextInt64(100_000_000_000, 999_999_999_999);
        var work = JsonSerializer.Serialize(new
        {
            id = $"https://openalex.org/W{number}",
            title = $"On the number {number}",
            type = "article",
            publication_year = 2024,
            authorships = new[] { new { author = new { id = $"https://openalex.org/A{number}", display_name = $"Author {number}" } } },
        });
        using var body = new ByteArrayContent(Encoding.UTF8.GetBytes(work)) { Headers = { ContentType = new MediaTypeHeaderValue("application/x-ndjson") } };
        (await system.As(Guid.NewGuid(), "curator").PostAsync("/api/imports?format=openalex", body, Ct)).EnsureSuccessStatusCode();
        var card = (await Eventually.Async(async token => await Anybody.SearchAsync(openAlex: $"A{number}", cancellation: token).FirstOrDefaultAsync(token),
            card => card is { Trust.Score: 11, Counts.Works: 1 }, "the author has a card", Patience, Ct))!;
        await There(() => Anybody.FollowCountsAsync(card.Id, cancellation: Ct));
        return card;
    }
}
