using System.Net;

namespace BzPeer.EndToEnd.Tests;

public sealed class PublishTests(RunningSystem running)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private HttpClient Http => running.System.Http;

    [Fact]
    public async Task A_work_that_a_curator_publishes_raises_the_trust_of_its_authors_and_the_ledger_names_it()
    {
        var authors = await running.System.RegisterAsync(2, Stop);

        var work = await running.System.AsCurator().PublishAsync("A work that a curator saw", authors, Stop);

        foreach (var author in authors)
        {
            var card = await Eventually.Async(token => Http.CardAsync(author, token), card => card is { Trust.Score: 13, Counts: { Works: 2, CloseCollaborators: 1 } }, "the card shows the work and the raised trust", Patience, Stop);
            card.Trust.Level.ShouldBe("Baseline");
            var statement = await Http.TrustAsync(author, Stop);
            statement.Score.ShouldBe(13);
            statement["works"].ShouldBe(new("works", 2, 4, 12, "2 validated works"));

            var change = (await Http.LedgerAsync(author, Stop))[0];
            (change.From.Score, change.To.Score, change.ModelVersion).ShouldBe((11, 13, 1));
            (change.Cause.Type, change.Cause.WorkId).ShouldBe(("WorkPublished", work.Id));
            change.Cause.Reason.ShouldContain("A work that a curator saw");
        }
    }

    [Fact]
    public async Task A_work_that_only_its_author_asserts_raises_nothing_and_the_statement_says_why()
    {
        var author = (await running.System.RegisterAsync(1, Stop))[0];
        var before = await Http.LedgerAsync(author, Stop);

        var work = await running.System.As(author).PublishAsync("A work that only I saw", [author], Stop);

        var statement = await Eventually.Async(
            token => Http.TrustAsync(author, token), statement => statement["works"].Why.Contains("self-asserted", StringComparison.Ordinal), "the statement says why", Patience, Stop);
        statement.Score.ShouldBe(11);
        statement["works"].ShouldBe(new("works", 1, 2, 12, "1 validated work; 1 self-asserted work not counted: only an author vouches for it"));
        (await Http.LedgerAsync(author, Stop)).ShouldBe(before);
        var card = await Eventually.Async(token => Http.CardAsync(author, token), card => card.Counts.Works == 2, "the card counts the work", Patience, Stop);
        card.Trust.Score.ShouldBe(11);
        (await Http.ReadAllAsync<Work>($"/api/researchers/{author}/works", 40, Stop)).ShouldContain(listed => listed.Id == work.Id);
    }

    [Fact]
    public async Task The_same_work_again_is_the_work_that_stands()
    {
        var author = (await running.System.RegisterAsync(1, Stop))[0];
        var doi = $"10.5555/{author:N}";
        var curator = running.System.AsCurator();
        var first = await curator.PublishAsync("Once", [author], Stop, doi);

        var again = await curator.PublishAsync("Once", [author], Stop, doi);

        again.Id.ShouldBe(first.Id);
        (await Http.ReadAllAsync<Work>($"/api/researchers/{author}/works", 40, Stop)).Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_work_of_others_is_not_ones_own_to_publish()
    {
        var people = await running.System.RegisterAsync(2, Stop);

        var refused = await Should.ThrowAsync<HttpRequestException>(running.System.As(people[0]).PublishAsync("Not mine", [people[1]], Stop));

        refused.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task A_work_is_in_the_feed_of_its_authors_followers_until_they_unfollow_or_block()
    {
        var authors = await running.System.RegisterAsync(2, Stop);
        var me = running.System.As(Guid.NewGuid());
        foreach (var author in authors)
            (await me.PutAsync($"/api/me/following/{author}", null, Stop)).EnsureSuccessStatusCode();

        var work = await running.System.AsCurator().PublishAsync("Hot off the press", authors, Stop);

        var entry = (await FeedWhen(page => page.Items is [{ Reasons.Count: 2 }, ..], "the work has come and says why")).Items[0];
        (entry.Work.Id, entry.Unread).ShouldBe((work.Id, true));
        entry.Reasons.Select(reason => reason.ResearcherId).ShouldBe(authors);
        (await me.PutAsync($"/api/me/blocks/{authors[0]}", null, Stop)).EnsureSuccessStatusCode();
        (await FeedWhen(page => page.Items is [{ Reasons.Count: 1 }, ..], "whom one blocks is no reason")).Items[0].Reasons[0].ResearcherId.ShouldBe(authors[1]);
        (await me.DeleteAsync($"/api/me/following/{authors[1]}", Stop)).EnsureSuccessStatusCode();
        await FeedWhen(page => page.Items.Count == 0, "nobody is followed any more");

        Task<Page<FeedEntry>> FeedWhen(Func<Page<FeedEntry>, bool> ready, string because) =>
            Eventually.Async(token => me.ReadAsync<Page<FeedEntry>>("/api/me/feed", token), ready, because, Patience, Stop);
    }
}
