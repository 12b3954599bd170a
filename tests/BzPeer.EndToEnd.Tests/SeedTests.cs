using BzPeer.Provisioning;

namespace BzPeer.EndToEnd.Tests;

/// <summary>The researcher of the page that all of this began with, from the arXiv record of the sample.</summary>
public sealed class SeedTests(RunningSystem running)
{
    private const string Title = "Extending Kubernetes Networking to make use of Segment Routing over IPv6 (SRv6)";
    private static readonly string[] Authors = ["Francesco Lombardo", "Stefano Salsano", "Ahmed Abdelsalam", "Daniel Bernier", "Clarence Filsfils"];
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private HttpClient Http => running.System.Http;

    [Fact]
    public async Task The_seed_record_gives_the_seed_page()
    {
        var record = await File.ReadAllBytesAsync(Path.Combine(Repository.Root, "deploy", "sample", "arxiv-seed.xml"), Stop);
        var import = await running.System.ImportAsync("arxiv", "application/atom+xml", record, Stop);
        import.ShouldBe(new ImportStatus("completed", 1, 1, 0, 0, 0, import.Rejections));

        var seed = await CardAsync();
        await TrustAsync(seed);
        await WorksAsync(seed);
        await NeighboursAsync(seed);

        var (card, ledger) = (await Http.CardAsync(seed, Stop), await Http.LedgerAsync(seed, Stop));
        var again = await running.System.ImportAsync("arxiv", "application/atom+xml", record, Stop);
        again.ShouldBe(new ImportStatus("completed", 1, 0, 0, 1, 0, again.Rejections));
        (await Http.CardAsync(seed, Stop)).ShouldBe(card);
        (await Http.LedgerAsync(seed, Stop)).ShouldBe(ledger);
    }

    private async Task<Guid> CardAsync()
    {
        var found = await Eventually.Async(
            token => Http.ReadAsync<Page<Card>>("/api/researchers?q=bernier%20dan", token), page => page.Items is [{ Trust.Score: 11, Counts: { Works: 1, Topics: 1, CloseCollaborators: 4 } }], "the name finds the card", Patience, Stop);
        var card = found.Items[0];
        card.ShouldBe(card with
        {
            Name = "Daniel Bernier",
            Headline = "Daniel Bernier contributes to research discovery and scholarly infrastructure.",
            Role = "Researcher",
            Affiliation = null,
            OpenToCollaborate = true,
            Trust = new(11, "Baseline"),
            Counts = new(Works: 1, Followers: 0, Following: 0, Topics: 1, CloseCollaborators: 4),
            ExternalIds = new(null, null),
        });
        return card.Id;
    }

    private async Task TrustAsync(Guid seed)
    {
        // Works and topics, and who they were written with, may come one after the other.
        var statement = await Eventually.Async(token => Http.TrustAsync(seed, token),
            now => (now["topics"].Evidence, now["collaborators"].Evidence) == (1, 4), "the statement knows topics and collaborators", Patience, Stop);
        (statement.Score, statement.Level, statement.ModelVersion).ShouldBe((11, "Baseline", 1));
        statement.Contributions.Sum(contribution => contribution.Points).ShouldBe(11);
        statement.Contributions.Select(contribution => contribution.Factor).ShouldBe(["record", "works", "identity", "topics", "collaborators", "followers"]);
        statement["record"].ShouldBe(new("record", 1, 9, 9, "registered from arXiv"));
        statement["works"].ShouldBe(new("works", 1, 2, 12, "1 validated work"));
        statement["followers"].Points.ShouldBe(0);

        var ledger = await Http.LedgerAsync(seed, Stop);
        // Registration and bibliography come by different ways: whichever is last brings the 11, and nothing is stated about
        // somebody who is not registered yet.
        ledger[0].To.ShouldBe(new TrustScore(11, "Baseline"));
        ledger[^1].From.Score.ShouldBe(0);
        ledger.Zip(ledger.Skip(1)).ShouldAllBe(pair => pair.First.From == pair.Second.To);
        ledger.Select(change => change.Cause.Type).ShouldBeSubsetOf(["ResearcherRegistered", "WorkPublished"]);
    }

    private async Task WorksAsync(Guid seed)
    {
        var work = (await Http.ReadAllAsync<Work>($"/api/researchers/{seed}/works", 40, Stop)).ShouldHaveSingleItem();
        (work.Title, work.Type, work.Year, work.PublicationDate, work.Venue).ShouldBe((Title, "preprint", 2023, new DateOnly(2023, 1, 3), "arXiv"));
        work.Authors.Select(author => author.Name).ShouldBe(Authors);
        work.Authors.Select(author => author.Position).ShouldBe([1, 2, 3, 4, 5]);
        work.Topics.ShouldHaveSingleItem();
        work.Abstract.ShouldNotBeNull().ShouldStartWith("Kubernetes is the leading platform");
        work.Retracted.ShouldBeFalse();
        var read = await Http.ReadAsync<Work>($"/api/works/{work.Id}", Stop);
        (read.Id, read.Title, read.Abstract).ShouldBe((work.Id, work.Title, work.Abstract));
    }

    private async Task NeighboursAsync(Guid seed)
    {
        var collaborators = await Http.ReadAllAsync<Collaborator>($"/api/researchers/{seed}/collaborators", 40, Stop);
        collaborators.Count.ShouldBe(4);
        collaborators.ShouldAllBe(collaborator => collaborator.Works == 1 && collaborator.Strength == 0.25);

        var graph = await Http.ReadAsync<Graph>($"/api/graph/researcher/{seed}", Stop);
        graph.Nodes.Where(node => node.Kind == "researcher").Select(node => node.Label).ShouldBe(Authors, ignoreOrder: true);
        graph.Nodes.Where(node => node.Kind == "work").Select(node => node.Label).ShouldBe([Title]);
        graph.Nodes.Where(node => node.Kind == "topic").ShouldHaveSingleItem();
        graph.Nodes.Where(node => node.Kind == "institution").ShouldBeEmpty();
        graph.Shown.ShouldBe(graph.Total);
        var nodes = graph.Nodes.Select(node => node.Id).ToHashSet();
        graph.Edges.ShouldNotBeEmpty();
        graph.Edges.ShouldAllBe(edge => nodes.Contains(edge.Source) && nodes.Contains(edge.Target) && edge.Reason != "");
    }
}
