using System.Net;
using System.Net.Http.Json;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using BzPeer.Testing;
using CsCheck;
using Shouldly;
using Xunit;
using static BzPeer.Publication.Tests.PublicationService;

namespace BzPeer.Publication.Tests;

/// <summary>GET /api/me/feed, its marker, and who follows whom.</summary>
public sealed class FeedTests(PublicationService service) : IClassFixture<PublicationService>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static EventOrigin Origin(Guid follower, Guid followee, long version, long sequence) => new(
        Guid.NewGuid(), DateTimeOffset.UtcNow, Sources.Follow, followee, sequence, 0, StableId.Of($"{follower}{followee}"), version);

    private static ResearcherFollowed Followed(Guid follower, Guid followee, long version = 1, long sequence = 1) => new(Origin(follower, followee, version, sequence), follower, followee);

    private static ResearcherUnfollowed Unfollowed(Guid follower, Guid followee, long version = 2, long sequence = 2) => new(Origin(follower, followee, version, sequence), follower, followee);

    /// <summary>Somebody who follows these, as the service has heard.</summary>
    private async Task<Guid> FollowerOf(params IEnumerable<Guid> followees)
    {
        var follower = Guid.NewGuid();
        await Hear([.. followees.Select(followee => Followed(follower, followee))]);
        return follower;
    }

    /// <summary>Messages as they come in one batch.</summary>
    private Task Hear(params IReadOnlyList<IIntegrationEvent> messages) =>
        KnownFollows.ApplyAsync(service.Host.Services, [.. messages.Select(message => new Delivered<IIntegrationEvent>(message, null))], Ct);

    private async Task<FeedPage> Feed(Guid researcher, string query = "")
    {
        using var client = service.Host.As(researcher);
        using var answer = await client.GetAsync($"/api/me/feed{query}", Ct);
        return await Read<FeedPage>(answer);
    }

    private Task<FeedPage> FeedWhen(Guid researcher, Func<FeedPage, bool> ready, string because) => Eventually.Async(_ => Feed(researcher), ready, because, ct: Ct);

    private async Task<HttpResponseMessage> FeedAt(Guid researcher, string position)
    {
        using var client = service.Host.As(researcher);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/me/feed") { Headers = { { "Min-Position", position } } };
        return await client.SendAsync(request, Ct);
    }

    /// <summary>A busy machine may answer 409, not there yet; what it may never do is answer with less.</summary>
    private Task<HttpResponseMessage> FeedOnceAt(Guid researcher, string position) =>
        Eventually.Async(_ => FeedAt(researcher, position), answer => answer.StatusCode != HttpStatusCode.Conflict, $"the feed is there at {position}", ct: Ct);

    private async Task<long> Mark(Guid researcher, long readTo)
    {
        using var client = service.Host.As(researcher);
        using var answer = await client.PutAsJsonAsync("/api/me/feed/marker", new { readTo = $"{readTo}" }, Ct);
        return (await Read<FeedMarker>(answer)).ReadTo!.Value;
    }

    /// <summary>Publishes a work by these, and answers with where it stands.</summary>
    private async Task<(ListedWork Work, string Position)> Publish(params IEnumerable<Guid> authors)
    {
        using var answer = await Post(service.Curator, new { title = "New", type = "article", publicationDate = "1990-01-01", authors = authors.Select(id => new { researcherId = id }) });
        return (await Read<ListedWork>(answer, HttpStatusCode.Created), answer.Headers.GetValues("X-BzPeer-Position").Single());
    }

    [Fact]
    public async Task A_work_of_somebody_one_follows_is_on_top_and_says_why_however_old_it_is()
    {
        var people = await service.Register(2);
        var follower = await FollowerOf(people[1]);
        var (work, position) = await Publish(people);

        using var answer = await FeedOnceAt(follower, position);

        var page = await Read<FeedPage>(answer);
        page.Items.Count.ShouldBe(2, "the work they were registered with is older");
        page.Items[0].Work.ShouldBeEquivalentTo(await service.Get<ListedWork>($"/api/works/{work.Id}"));
        var reason = page.Items[0].Reasons.ShouldHaveSingleItem();
        reason.ShouldBe(new(people[1], work.Authors[1].Name));
        $"publication:{page.Items[0].Position}".ShouldBe(position);
    }

    [Fact]
    public async Task Two_one_follows_on_one_work_are_two_reasons_of_one_entry_in_printed_order_also_when_printed_twice()
    {
        var people = await service.Register(3);
        var follower = await FollowerOf(people[0], people[2]);
        var (work, position) = await Publish(people[2], people[1], people[0], people[2]);

        using var answer = await FeedOnceAt(follower, position);

        var page = await Read<FeedPage>(answer);
        page.Items.Select(entry => entry.Work.Id).ShouldBeUnique();
        page.Items[0].Work.Id.ShouldBe(work.Id);
        page.Items[0].Reasons.Select(reason => reason.ResearcherId).ShouldBe([people[2], people[0]]);
    }

    [Fact]
    public async Task What_Follow_tells_comes_over_the_broker_and_whom_one_unfollows_is_gone()
    {
        // A block tells the same: Follow ends the edge with an ordinary unfollow.
        var (follower, people) = (Guid.NewGuid(), await service.Register(2));
        foreach (var followee in people) await service.Host.Publish(Followed(follower, followee), Ct);
        await FeedWhen(follower, page => page.Items is [{ Reasons.Count: 2 }], "both follows are heard of");

        await service.Host.Publish(Unfollowed(follower, people[0]), Ct);
        (await FeedWhen(follower, page => page.Items is [{ Reasons.Count: 1 }], "the unfollow is heard of")).Items[0].Reasons[0].ResearcherId.ShouldBe(people[1]);
        await service.Host.Publish(Unfollowed(follower, people[1]), Ct);
        await FeedWhen(follower, page => page.Items.Count == 0, "nobody is followed any more");
        (await Feed(people[0])).Items.ShouldBeEmpty("it is the follower's feed");
    }

    [Fact]
    public async Task Follows_and_unfollows_in_any_order_repeated_and_cut_into_batches_leave_what_was_said_last()
    {
        // Of each of three edges so many events; each delivered twice, shuffled and cut.
        await Check.SampleAsync(
            Gen.Int[1, 5].Array[3].SelectMany(lengths =>
            {
                var said = lengths.SelectMany((length, edge) => Enumerable.Range(1, length).Select(version => (edge, version))).ToArray();
                return Gen.Select(Gen.Const(lengths), Gen.Shuffle(said.Concat(said).ToArray()), Gen.Int[1, 4].Array[2 * said.Length]);
            }), async (lengths, deliveries, cuts) =>
            {
                var (follower, followees) = (Guid.NewGuid(), lengths.Select(_ => Guid.NewGuid()).ToArray());
                foreach (var cut in cuts.TakeWhile(_ => deliveries.Length > 0))
                {
                    await Hear([.. deliveries.Take(cut).Select(said => said.version % 2 == 1
                        ? (IIntegrationEvent)Followed(follower, followees[said.edge], said.version, said.version)
                        : Unfollowed(follower, followees[said.edge], said.version, said.version))]);
                    deliveries = deliveries[Math.Min(cut, deliveries.Length)..];
                }

                foreach (var (followee, length) in followees.Zip(lengths))
                    (await service.Scalar($"select count(*) from known_follows where follower = '{follower}' and followee = '{followee}' and live = {length % 2 == 1} and version = {length} and position = {length}")).ShouldBe(1);
            }, iter: 100, threads: 1);
    }

    [Fact]
    public async Task Pages_of_any_size_hold_every_work_of_those_one_follows_once_with_every_reason_as_a_model_in_memory_says()
    {
        // Works by any of seven people, each a set of bits: by one of them, or by some. And which of the seven are followed.
        static int[] People(int bits) => [.. Enumerable.Range(0, 7).Where(n => (bits & (1 << n)) != 0)];
        await Check.SampleAsync(
            Gen.Select(Gen.OneOf(Gen.Int[0, 6].Select(n => 1 << n), Gen.Int[1, 127]).Select(People).Array[1, 25], Gen.Int[0, 127].Select(People), Gen.Int[1, 6]),
            async (works, followed, limit) =>
            {
                var (ids, first) = (Enumerable.Range(0, 7).Select(_ => $"A{Records.Number()}").ToArray(), Records.Number());
                for (var n = 1; n < works.Length; n++) Records.Number();
                await service.Import(WorkSource.OpenAlex, works.Select((authors, n) => Records.OpenAlex(first + n, authors.Select(author => ids[author]))).Lines());
                var people = new Dictionary<int, Guid>();
                foreach (var author in works.SelectMany(authors => authors).Distinct()) people[author] = await service.OpenAlexAuthor(ids[author]);
                var follower = await FollowerOf(followed.Where(people.ContainsKey).Select(author => people[author]));
                var expected = works.Select((authors, n) => (Title: $"On the number {first + n}", Reasons: authors.Intersect(followed).Select(author => people[author]).Order().ToArray()))
                    .Where(work => work.Reasons.Length > 0).ToDictionary(work => work.Title, work => work.Reasons);
                await Eventually.Async(async _ => (await FeedFrom(follower, 80)).Count == expected.Count, "everything imported is shown", ct: Ct);

                var entries = await FeedFrom(follower, limit);

                entries.Select(entry => entry.Position).ShouldBe(entries.Select(entry => entry.Position).OrderDescending());
                entries.Select(entry => entry.Work.Title).ShouldBe(expected.Keys, ignoreOrder: true);
                foreach (var entry in entries) entry.Reasons.Select(reason => reason.ResearcherId).Order().ToArray().ShouldBe(expected[entry.Work.Title], entry.Work.Title);
            }, iter: 25, threads: 1);
    }

    private async Task<List<FeedEntry>> FeedFrom(Guid follower, int limit)
    {
        List<FeedEntry> all = [];
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await Feed(follower, $"?limit={limit}&cursor={cursor}");
            page.Items.Count.ShouldBeLessThanOrEqualTo(limit);
            all.AddRange(page.Items);
            cursor = page.Next;
        }

        return all;
    }

    [Fact]
    public async Task What_comes_while_somebody_turns_pages_moves_nothing_they_see_and_is_on_top_of_the_next_first_page()
    {
        var people = await service.Register(2);
        var follower = await FollowerOf(people);
        var before = new List<Guid>();
        for (var n = 0; n < 6; n++) before.Insert(0, (await Publish(people[n % 2])).Work.Id);
        await FeedWhen(follower, page => page.Items.Count == 7, "all are there");

        List<Guid> seen = [], came = [];
        for (string? cursor = ""; cursor is not null;)
        {
            using var client = service.Host.As(follower);
            using var answer = await client.GetAsync($"/api/me/feed?limit=2&cursor={cursor}", Ct);
            var page = await Read<FeedPage>(answer);
            seen.AddRange(page.Items.Select(entry => entry.Work.Id));
            if (page.Next is null) answer.Headers.Contains("Link").ShouldBeFalse();
            else answer.Headers.GetValues("Link").Single().ShouldContain($"cursor={page.Next}");
            cursor = page.Next;
            var (work, position) = await Publish(people);
            came.Insert(0, work.Id);
            using var there = await FeedOnceAt(follower, position);
            there.StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        seen[..6].ShouldBe(before);
        seen.Count.ShouldBe(7);
        (await Feed(follower)).Items.Select(entry => entry.Work.Id).Take(came.Count).ShouldBe(came);
    }

    [Fact]
    public async Task A_work_that_is_committed_late_is_never_behind_what_somebody_has_seen()
    {
        var people = await service.Register(1);
        var follower = await FollowerOf(people);
        await FeedWhen(follower, page => page.Items.Count == 1, "the first work is there");
        await using var connection = await service.Host.Database.OpenConnectionAsync(Ct);
        await using var late = await connection.BeginTransactionAsync(Ct);
        await using (var number = new Npgsql.NpgsqlCommand("select nextval('mt_events_sequence'), pg_current_xact_id()", connection, late)) await number.ExecuteScalarAsync(Ct);

        var (_, position) = await Publish(people);

        using var early = await FeedAt(follower, position);
        await ShouldBeProblem(early, 409, "not-there-yet");
        (await Feed(follower)).Items.Count.ShouldBe(1, "something may still come before it");
        (await Mark(follower, long.MaxValue)).ShouldBeLessThan(long.Parse(position.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture));
        await late.RollbackAsync(Ct);
        (await FeedWhen(follower, page => page.Items.Count == 2, "nothing comes before it any more")).Items[0].Unread.ShouldBeTrue();
    }

    [Fact]
    public async Task A_corrected_work_keeps_its_place_and_a_retracted_one_stays_marked()
    {
        var author = $"A{Records.Number()}";
        var records = Enumerable.Range(0, 2).Select(_ => Records.OpenAlex(Records.Number(), author)).ToArray();
        await service.Import(WorkSource.OpenAlex, Records.Lines(records));
        var follower = await FollowerOf(await service.OpenAlexAuthor(author));
        var before = await FeedWhen(follower, page => page.Items.Count == 2, "both are there");

        records[0]["title"] = "Corrected";
        await service.Import(WorkSource.OpenAlex, Records.Lines(records));
        using var retracted = await service.Curator.PostAsJsonAsync($"/api/works/{before.Items[1].Work.Id}/retraction", new { reason = "R", source = "S" }, Ct);
        retracted.EnsureSuccessStatusCode();

        var after = await Feed(follower);
        after.Items.Select(entry => (entry.Work.Id, entry.Position)).ShouldBe(before.Items.Select(entry => (entry.Work.Id, entry.Position)));
        after.Items.ShouldContain(entry => entry.Work.Title == "Corrected");
        after.Items.Select(entry => entry.Work.Retracted).ShouldBe([false, true]);
    }

    [Fact]
    public async Task The_marker_only_moves_forward_however_many_move_it_at_once_and_never_past_what_there_is()
    {
        var people = await service.Register(1);
        var follower = await FollowerOf(people);
        foreach (var _ in Enumerable.Range(0, 3)) await Publish(people);
        var page = await FeedWhen(follower, page => page.Items.Count == 4, "all are there");
        (page.Marker, page.Items.All(entry => entry.Unread)).ShouldBe((0, true));

        (await Mark(follower, page.Items[2].Position)).ShouldBe(page.Items[2].Position);
        (await Mark(follower, page.Items[3].Position)).ShouldBe(page.Items[2].Position);

        page = await Feed(follower);
        page.Marker.ShouldBe(page.Items[2].Position);
        page.Items.Select(entry => entry.Unread).ShouldBe([true, true, false, false]);
        await Task.WhenAll(page.Items.Select(entry => Mark(follower, entry.Position)));
        (await Feed(follower)).Marker.ShouldBe(page.Items[0].Position);

        (await Mark(follower, long.MaxValue)).ShouldBeGreaterThanOrEqualTo(page.Items[0].Position);
        await Publish(people);
        (await FeedWhen(follower, page => page.Items.Count == 5, "another one came")).Items.Select(entry => entry.Unread).ShouldBe([true, false, false, false, false]);
        (await Feed(people[0])).Marker.ShouldBe(0, "everybody has their own");
    }

    [Fact]
    public async Task What_came_since_one_looked_is_counted_once_for_each_work_until_one_looks_on_any_device()
    {
        var people = await service.Register(2);
        var follower = await FollowerOf(people);
        var (_, position) = await Publish(people);
        (await UnseenWhen(follower, 2, position)).SeenTo.ShouldBe(0, "who never looked has seen nothing");

        var seen = await Feed(follower);
        (await See(follower, seen.UpTo)).ShouldBe(seen.UpTo);
        // What else is published here moves what there is, not what is new to them.
        var none = await Unseen(follower);
        none.ShouldBe(new(0, false, seen.UpTo, none.UpTo));
        none.UpTo.ShouldBeGreaterThanOrEqualTo(seen.UpTo);
        (_, position) = await Publish(people[0]);
        await UnseenWhen(follower, 1, position);

        // What was seen on another device before does not bring back what was seen since.
        await See(follower, (await Feed(follower)).UpTo);
        (await See(follower, seen.UpTo)).ShouldBeGreaterThan(seen.UpTo);
        (await Unseen(follower)).Count.ShouldBe(0);
        (await Unseen(people[0])).Count.ShouldBe(0, "everybody has their own");
        (await Feed(follower)).Items.ShouldAllBe(entry => entry.Unread, "what was seen was not read");
    }

    [Fact]
    public async Task What_was_read_was_seen_and_the_works_of_whom_one_follows_now_are_not_news_where_they_came_before_one_looked()
    {
        var people = await service.Register(2);
        var follower = await FollowerOf(people[0]);
        var (_, position) = await Publish(people[1]);
        await UnseenWhen(follower, 1, position);
        await Mark(follower, long.MaxValue);
        (await Unseen(follower)).Count.ShouldBe(0);

        await Hear(Followed(follower, people[1]));

        (await Feed(follower)).Items.Count.ShouldBe(2);
        (await Unseen(follower)).Count.ShouldBe(0);
    }

    [Fact]
    public async Task More_than_ninety_nine_are_more_than_ninety_nine()
    {
        var author = $"A{Records.Number()}";
        await service.Import(WorkSource.OpenAlex, Enumerable.Range(0, 101).Select(_ => Records.OpenAlex(Records.Number(), author)).Lines());
        var follower = await FollowerOf(await service.OpenAlexAuthor(author));

        (await Eventually.Async(_ => Unseen(follower), unseen => unseen.More, "all are there", ct: Ct)).Count.ShouldBe(99);
    }

    private async Task<UnseenWorks> Unseen(Guid researcher, string? position = null)
    {
        using var client = service.Host.As(researcher);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/me/feed/unseen");
        if (position is not null) request.Headers.Add("Min-Position", position);
        using var answer = await client.SendAsync(request, Ct);
        return await Read<UnseenWorks>(answer);
    }

    private async Task<UnseenWorks> UnseenWhen(Guid researcher, long count, string position)
    {
        var unseen = await Eventually.Async(_ => Unseen(researcher, position), _ => true, $"it is there at {position}", ct: Ct);
        unseen.Count.ShouldBe(count);
        return unseen;
    }

    private async Task<long> See(Guid researcher, long seenTo)
    {
        using var client = service.Host.As(researcher);
        using var answer = await client.PutAsJsonAsync("/api/me/feed/seen", new { seenTo }, Ct);
        return (await Read<FeedSeen>(answer)).SeenTo!.Value;
    }

    [Theory]
    [InlineData("{}", "malformed-seenTo")]
    [InlineData("""{"seenTo": -1}""", "malformed-seenTo")]
    public async Task That_one_has_seen_no_position_is_refused(string body, string rule)
    {
        using var client = service.Host.As(Guid.NewGuid());
        using var answer = await client.PutAsync("/api/me/feed/seen", new StringContent(body, System.Text.Encoding.UTF8, "application/json"), Ct);
        await ShouldBeProblem(answer, 400, rule);
    }

    [Theory]
    [InlineData("{}", "malformed-readTo")]
    [InlineData("""{"readTo": -1}""", "malformed-readTo")]
    [InlineData("""{"readTo": "soon"}""", "malformed-json")]
    [InlineData("""{"readTo": 1.5}""", "malformed-json")]
    public async Task A_marker_that_is_no_position_is_refused(string body, string rule)
    {
        using var client = service.Host.As(Guid.NewGuid());
        using var answer = await client.PutAsync("/api/me/feed/marker", new StringContent(body, System.Text.Encoding.UTF8, "application/json"), Ct);
        await ShouldBeProblem(answer, 400, rule);
    }

    [Fact]
    public async Task Nobody_without_a_token_has_a_feed_and_no_cursor_is_taken_that_is_not_ours()
    {
        using var read = await service.Anonymous.GetAsync("/api/me/feed", Ct);
        await ShouldBeProblem(read, 401, "no-token");
        using var mark = await service.Anonymous.PutAsJsonAsync("/api/me/feed/marker", new { readTo = 1 }, Ct);
        await ShouldBeProblem(mark, 401, "no-token");
        using var unseen = await service.Anonymous.GetAsync("/api/me/feed/unseen", Ct);
        await ShouldBeProblem(unseen, 401, "no-token");
        using var client = service.Host.As(Guid.NewGuid());
        foreach (var cursor in (string[])["~", "bm8", "LTE"])
        {
            using var malformed = await client.GetAsync($"/api/me/feed?cursor={cursor}", Ct);
            await ShouldBeProblem(malformed, 400, "malformed-cursor");
        }
    }

    [Fact]
    public async Task A_feed_waits_for_the_position_of_the_callers_own_follow()
    {
        var people = await service.Register(2);
        var follower = await FollowerOf(people[0]);
        using var early = await FeedAt(follower, "follow:700");
        await ShouldBeProblem(early, 409, "not-there-yet");

        await service.Host.Publish(Followed(Guid.NewGuid(), people[1], sequence: 900), Ct);
        await service.Host.Publish(Followed(follower, people[1], sequence: 700), Ct);

        using var there = await Eventually.Async(_ => FeedAt(follower, "follow:700"), answer => answer.StatusCode == HttpStatusCode.OK, "the follow is heard of", ct: Ct);
        (await Read<FeedPage>(there)).Items.ShouldHaveSingleItem().Reasons.Count.ShouldBe(2);
        using var ahead = await FeedAt(follower, "follow:701");
        await ShouldBeProblem(ahead, 409, "not-there-yet");
    }
}
