using CsCheck;
using Shouldly;
using Xunit;
using static BzPeer.Publication.Tests.PublicationService;

namespace BzPeer.Publication.Tests;

/// <summary>GET /api/graph/connection.</summary>
public sealed class GraphConnectionTests(SharedPublication service)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private Task<GraphConnection> Connection(Guid from, Guid to) => service.Get<GraphConnection>($"/api/graph/connection?from={from}&to={to}");

    /// <summary>New authors who wrote these works, each a list of their numbers; -1 is somebody nobody can name.</summary>
    private async Task<Guid[]> With(int people, params IEnumerable<int[]> works)
    {
        var authors = Enumerable.Range(0, people).Select(_ => $"A{Records.Number()}").ToArray();
        await service.Import(WorkSource.OpenAlex, works.Select(work => Written(authors, work)).Lines());
        return await Task.WhenAll(authors.Select(service.OpenAlexAuthor));
    }

    private static System.Text.Json.Nodes.JsonObject Written(string[] authors, int[] by) =>
        Records.OpenAlexBy(Records.Number(), by.Select(n => n < 0 ? Records.Author(null) : Records.Author($"Author {authors[n]}", authors[n])));

    /// <summary>The answer holds together, and goes through these.</summary>
    private async Task ShouldGo(Guid[] way)
    {
        var answer = await Connection(way[0], way[^1]);
        answer.Nodes.Select(node => node.Id).ShouldBe(way);
        answer.Nodes.ShouldAllBe(node => node.Kind == "researcher" && node.Label.StartsWith("Author "));
        (answer.Hops, answer.CutOff, answer.Reason).ShouldBe((way.Length - 1, false, null));
        answer.Edges.Select(edge => (edge.Source, edge.Target)).ShouldBe(way.Zip(way.Skip(1)));
        answer.Edges.ShouldAllBe(edge => edge.Kind == "collaborated" && edge.Weight > 0);
        answer.Works.Select(hop => (hop.Source, hop.Target)).ShouldBe(way.Zip(way.Skip(1)));
        answer.Works.ShouldAllBe(hop => hop.Total >= 1 && hop.Newest.Count == Math.Min(3, hop.Total));
    }

    [Fact]
    public async Task Any_two_are_connected_as_a_plain_search_over_all_ways_says()
    {
        const int Most = 9;
        // Of few people each, so that there are long ways; some works are retracted.
        var works = Gen.Select(Gen.Shuffle(Enumerable.Range(0, Most).ToArray()), Gen.Int[2, 3], Gen.Int[0, 9]).Array[4, 14];
        await works.SampleAsync(async drawn =>
        {
            var authors = Enumerable.Range(0, Most).Select(_ => $"A{Records.Number()}").ToArray();
            var records = drawn.Select(work =>
            {
                var record = Written(authors, work.Item1[..work.Item2]);
                record["is_retracted"] = work.Item3 == 0;
                return record;
            });
            await service.Import(WorkSource.OpenAlex, records.Lines());
            var ids = new Guid[Most];
            var present = drawn.SelectMany(work => work.Item1[..work.Item2]).Distinct().ToArray();
            foreach (var n in present) ids[n] = await service.OpenAlexAuthor(authors[n]);
            var ties = drawn.Where(work => work.Item3 > 0)
                .SelectMany(work => from one in work.Item1[..work.Item2] from other in work.Item1[..work.Item2] where one != other select (Pair: (ids[one], ids[other]), work.Item2))
                .GroupBy(tie => tie.Pair).ToDictionary(same => same.Key, same => Strength.Sum(same.Select(tie => (tie.Item2, 1L))));

            foreach (var (from, to) in from one in present from other in present select (ids[one], ids[other]))
            {
                var answer = await Connection(from, to);
                var way = Plainly(from, to, ties);
                (answer.From, answer.To, answer.Hops, answer.CutOff).ShouldBe((from, to, way?.Length - 1, false));
                answer.Nodes.Select(node => node.Id).ShouldBe(way ?? [from, to]);
                answer.Edges.Select(edge => edge.Weight).ShouldBe((way ?? []).Zip((way ?? []).Skip(1), (one, other) => ties[(one, other)].Value));
                string.IsNullOrEmpty(answer.Reason).ShouldBe(way is not null);
            }
        }, iter: 12, threads: 1);
    }

    /// <summary>Every way, one hop longer each time, until some arrive: of these the one that the rule names.</summary>
    private static Guid[]? Plainly(Guid from, Guid to, Dictionary<(Guid, Guid), Strength> ties)
    {
        if (from.CompareTo(to) > 0) return Plainly(to, from, ties)?.Reverse().ToArray();
        List<Guid[]> ways = [[from]];
        for (var hops = 0; hops <= 4; hops++)
        {
            var arrived = ways.Where(way => way[^1] == to).ToList();
            if (arrived.Count > 0)
                return arrived.OrderByDescending(way => way.Zip(way.Skip(1), (one, other) => ties[(one, other)]).DefaultIfEmpty(Strength.None).Min())
                    .ThenBy(way => string.Join(' ', way), StringComparer.Ordinal).First();
            ways = [.. from way in ways from tie in ties.Keys where tie.Item1 == way[^1] && !way.Contains(tie.Item2) select (Guid[])[.. way, tie.Item2]];
        }

        return null;
    }

    [Fact]
    public async Task Four_hops_are_a_connection_and_five_are_none()
    {
        var chain = await With(6, [0, 1], [1, 2], [2, 3], [3, 4], [4, 5]);

        for (var length = 2; length <= 5; length++) await ShouldGo(chain[..length]);
        var tooFar = await Connection(chain[0], chain[5]);

        (tooFar.Hops, tooFar.CutOff, tooFar.Edges.Count, tooFar.Works.Count).ShouldBe((null, false, 0, 0));
        tooFar.Nodes.Select(node => node.Id).ShouldBe([chain[0], chain[5]]);
        tooFar.Reason.ShouldBe("They are not connected by up to 4 co-authorships of validated, unretracted works with at most 100 people.");
    }

    [Fact]
    public async Task Of_two_ways_of_the_same_length_the_one_with_the_stronger_weakest_hop_is_told_also_against_the_sum()
    {
        // By 1: three works of two and one of four (3 and 1/3). By 2: two works of three each (1 and 1).
        var people = await With(4, [0, 1], [0, 1], [0, 1], [1, 3, -1, -1], [0, 2, -1], [0, 2, -1], [2, 3, -1], [2, 3, -1]);
        await ShouldGo([people[0], people[2], people[3]]);
        await ShouldGo([people[3], people[2], people[0]]);
    }

    [Fact]
    public async Task A_hop_tells_its_newest_works_how_many_there_are_and_why()
    {
        var authors = new[] { $"A{Records.Number()}", $"A{Records.Number()}" };
        var records = Enumerable.Range(2019, 5).Select(year =>
        {
            var record = Written(authors, [0, 1]);
            (record["publication_date"], record["title"]) = ($"{year}-03-01", $"Of {year}");
            return record;
        });
        await service.Import(WorkSource.OpenAlex, records.Lines());
        var (from, to) = (await service.OpenAlexAuthor(authors[0]), await service.OpenAlexAuthor(authors[1]));

        var answer = await Connection(from, to);

        answer.Works.ShouldHaveSingleItem().ShouldSatisfyAllConditions(
            hop => hop.Total.ShouldBe(5), hop => hop.Newest.Select(work => (work.Title, work.Year)).ShouldBe([("Of 2023", 2023), ("Of 2022", 2022), ("Of 2021", 2021)]));
        answer.Edges.ShouldHaveSingleItem().ShouldBe(new(from, to, "collaborated", 5, "co-author of 5 works, latest 2023", 2019, 2023));
        answer.AsOf.ShouldBeLessThanOrEqualTo(await service.Scalar("select max(seq_id) from mt_events"));
        answer.AsOf.ShouldBeGreaterThanOrEqualTo(await service.Scalar($"select max(position) from works where id in (select work_id from work_authors where researcher_id = '{from}')"));
    }

    [Fact]
    public async Task A_work_of_more_than_a_hundred_people_connects_nobody()
    {
        var hundred = await service.Register(100);
        await ShouldGo([hundred[17], hundred[83]]);
        var more = await service.Register(101);
        (await Connection(more[17], more[83])).Hops.ShouldBeNull();
    }

    [Fact]
    public async Task A_work_that_only_an_author_vouches_for_connects_nobody()
    {
        var (one, other) = ((await service.Register(1))[0], (await service.Register(1))[0]);
        await Publish(service.Host.As(one), new { title = "We two", type = "article", publicationDate = "2025-01-01", authors = new[] { one, other }.Select(id => new { researcherId = id }) });
        (await Connection(one, other)).Hops.ShouldBeNull();
        await Publish(service.Curator, new { title = "We two indeed", type = "article", publicationDate = "2025-01-01", authors = new[] { one, other }.Select(id => new { researcherId = id }) });
        (await Connection(one, other)).Hops.ShouldBe(1);
    }

    [Fact]
    public async Task Where_somebody_has_too_many_collaborators_to_look_at_the_search_says_that_it_was_cut_off()
    {
        // The way goes through the weakest of three collaborators on both sides.
        var people = await With(8, [0, 1], [0, 2], [0, 3, -1], [7, 4], [7, 5], [7, 6, -1], [3, 6]);
        await ShouldGo([people[0], people[3], people[6], people[7]]);
        (await Cut(people[0], people[7], 3)).ShouldBe(([people[0], people[3], people[6], people[7]], false), Ways);
        (await Cut(people[0], people[7], 2)).ShouldBe((null, true), Ways);
        (await Cut(people[0], people[1], 2)).ShouldBe(([people[0], people[1]], false), Ways);
        // One side has more than are looked at, but the other side is small and looks at all of it.
        (await Cut(people[0], people[6], 2)).ShouldBe(([people[0], people[3], people[6]], false), Ways);
    }

    [Fact]
    public async Task Where_too_many_are_in_the_middle_the_way_is_a_shortest_but_perhaps_not_the_strongest()
    {
        var people = await With(7, [0, 1], [1, 2], [1, 3], [1, 4], [2, 5], [3, 5], [4, 5], [5, 6]);
        var first = people[2..5].Order().First();
        (await Cut(people[0], people[6], 3)).ShouldBe(([people[0], people[1], first, people[5], people[6]], false), Ways);
        (await Cut(people[0], people[6], 2)).ShouldBe(([people[0], people[1], first, people[5], people[6]], true), Ways);
    }

    private static readonly IEqualityComparer<(Guid[]? Way, bool CutOff)> Ways =
        EqualityComparer<(Guid[]? Way, bool CutOff)>.Create((one, other) => one.CutOff == other.CutOff && (one.Way is null ? other.Way is null : other.Way is not null && one.Way.SequenceEqual(other.Way)));

    /// <summary>What a search finds that looks at no more than so many people of a step.</summary>
    private async Task<(Guid[]? Way, bool CutOff)> Cut(Guid from, Guid to, int mostPeople)
    {
        await using var snapshot = await service.Host.Database.OpenConnectionAsync(Ct);
        var found = await new ConnectionSearch(new Collaborations(service.Host.Database), snapshot, mostPeople).FindAsync(from, to, Ct);
        return (found.Way is null ? null : [from, .. found.Way.Select(hop => hop.Other)], found.CutOff);
    }

    [Fact]
    public async Task Everybody_is_connected_to_themselves_without_a_hop()
    {
        var one = (await service.Register(2))[0];
        var answer = await Connection(one, one);
        (answer.Hops, answer.Nodes.Count, answer.Edges.Count, answer.Works.Count, answer.Reason).ShouldBe((0, 1, 0, 0, null));
        answer.Nodes[0].Id.ShouldBe(one);
    }

    [Fact]
    public async Task Whom_nobody_knows_is_not_found_and_what_is_no_question_is_refused()
    {
        var known = (await service.Register(1))[0];
        await ShouldBe($"from={known}&to={Guid.NewGuid()}", 404, "unknown-researcher");
        await ShouldBe($"from={Guid.NewGuid()}&to={known}", 404, "unknown-researcher");
        await ShouldBe($"from={known}", 400, "malformed-to");
        await ShouldBe($"from=me&to={known}", 400, "malformed-from");

        async Task ShouldBe(string query, int status, string rule)
        {
            using var answer = await service.Anonymous.GetAsync($"/api/graph/connection?{query}", Ct);
            await ShouldBeProblem(answer, status, rule);
        }
    }

    [Fact]
    public async Task A_connection_is_not_told_before_the_position_asked_for()
    {
        var people = await service.Register(2);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/graph/connection?from={people[0]}&to={people[1]}") { Headers = { { "Min-Position", "publication:99999999" } } };
        using var answer = await service.Anonymous.SendAsync(request, Ct);
        await ShouldBeProblem(answer, 409, "not-there-yet");
    }
}
