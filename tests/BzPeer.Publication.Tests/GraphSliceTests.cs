using System.Text.Json.Nodes;
using BzPeer.ServiceDefaults;
using Shouldly;
using Xunit;
using static BzPeer.Publication.Tests.PublicationService;

namespace BzPeer.Publication.Tests;

/// <summary>GET /api/graph/{kind}/{id}.</summary>
public sealed class GraphSliceTests(SharedPublication service)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>A researcher with twelve works, each with two others, an institution and two topics of its own.</summary>
    private async Task<Guid> Neighbourhood()
    {
        var centre = $"A{Records.Number()}";
        var records = Enumerable.Range(1, 12).Select(n =>
        {
            var record = Records.OpenAlexBy(Records.Number(),
                Records.Author("Centre", centre, institution: $"Institution {centre} {n}"), Records.Author($"Left {n}", $"A{Records.Number()}"), Records.Author($"Right {n}", $"A{Records.Number()}"));
            record["publication_date"] = $"2024-{n:D2}-01";
            record["topics"] = new JsonArray(new JsonObject { ["display_name"] = $"Topic {centre} {n}" }, new JsonObject { ["display_name"] = $"Topic {centre}" });
            return record;
        });
        await service.Import(WorkSource.OpenAlex, records.Lines());
        return await service.OpenAlexAuthor(centre);
    }

    private async Task<GraphSlice> Slice(string kind, Guid id, int limit)
    {
        var slice = await service.Get<GraphSlice>($"/api/graph/{kind}/{id}?limit={limit}");
        slice.Nodes[0].Id.ShouldBe(id);
        slice.Nodes[0].Kind.ShouldBe(kind);
        slice.Nodes.Count.ShouldBe(slice.Shown);
        slice.Shown.ShouldBeLessThanOrEqualTo(Math.Min(limit, slice.Total));
        slice.Nodes.DistinctBy(node => node.Id).Count().ShouldBe(slice.Shown);
        slice.Kinds.Keys.ShouldBe(["researcher", "work", "topic", "institution"], ignoreOrder: true);
        slice.Kinds.ShouldAllBe(each => each.Value.Shown == slice.Nodes.Count(node => node.Kind == each.Key) && each.Value.Shown <= each.Value.Total);
        (slice.Kinds.Values.Sum(each => each.Shown), slice.Kinds.Values.Sum(each => each.Total)).ShouldBe((slice.Shown, slice.Total));
        slice.Nodes.ShouldAllBe(node => node.Label != "");
        var shown = slice.Nodes.Select(node => node.Id).ToHashSet();
        slice.Edges.ShouldAllBe(edge => shown.Contains(edge.Source) && shown.Contains(edge.Target) && edge.Source != edge.Target && edge.Weight > 0 && edge.Reason != "");
        slice.Edges.Select(edge => (edge.Source, edge.Target, edge.Kind)).Distinct().Count().ShouldBe(slice.Edges.Count);
        // Nothing hangs in the air: every neighbour is tied to something shown.
        var tied = slice.Edges.SelectMany(edge => new[] { edge.Source, edge.Target }).ToHashSet();
        slice.Nodes.Skip(1).ShouldAllBe(node => tied.Contains(node.Id));
        return slice;
    }

    /// <summary>How many neighbours of each kind.</summary>
    private static (int Researchers, int Works, int Topics, int Institutions) Kinds(GraphSlice slice)
    {
        return (Count("researcher"), Count("work"), Count("topic"), Count("institution"));

        int Count(string kind) => slice.Nodes.Skip(1).Count(node => node.Kind == kind);
    }

    [Fact]
    public async Task A_slice_that_is_cut_says_so_and_shares_its_room_among_the_kinds()
    {
        var centre = await Neighbourhood();

        var whole = await Slice("researcher", centre, 200);
        (whole.Shown, whole.Total).ShouldBe((62, 62));
        Kinds(whole).ShouldBe((24, 12, 13, 12));

        var cut = await Slice("researcher", centre, 9);
        (cut.Shown, cut.Total).ShouldBe((9, 62));
        Kinds(cut).ShouldBe((2, 2, 2, 2));
        (cut.Kinds["researcher"], cut.Kinds["work"], cut.Kinds["topic"], cut.Kinds["institution"]).ShouldBe((new(3, 25), new(2, 12), new(2, 13), new(2, 12)));
        cut.Nodes.ShouldBeSubsetOf(whole.Nodes);
        cut.Nodes.Where(node => node.Kind == "topic").First().Label.ShouldBe(whole.Nodes.First(node => node.Kind == "topic").Label);
        var newest = await service.GetAll<ListedWork>($"/api/researchers/{centre}/works");
        cut.Nodes.Where(node => node.Kind == "work").Select(node => node.Id).ShouldBe(newest.Take(2).Select(work => work.Id));

        var alone = await Slice("researcher", centre, 1);
        (alone.Shown, alone.Total, alone.Edges.Count).ShouldBe((1, 62, 0));
        Kinds(await Slice("researcher", centre, 41)).ShouldBe((10, 10, 10, 10));
    }

    [Fact]
    public async Task The_same_question_gets_the_same_answer()
    {
        var centre = await Neighbourhood();
        foreach (var limit in new[] { 7, 40, 200 })
        {
            var once = await Slice("researcher", centre, limit);
            // Others go on working: only how new it is may change.
            for (var n = 0; n < 3; n++) (await Slice("researcher", centre, limit) with { AsOf = once.AsOf }).ShouldBeEquivalentTo(once);
        }
    }

    [Fact]
    public async Task Every_edge_says_in_words_what_it_stands_for()
    {
        var (one, other) = ($"A{Records.Number()}", $"A{Records.Number()}");
        var records = Enumerable.Range(2021, 3).Select(year =>
        {
            var record = Records.OpenAlexBy(Records.Number(), Records.Author("One", one, institution: $"Institution {one}"), Records.Author("Other", other));
            (record["publication_date"], record["topics"]) = ($"{year}-01-01", new JsonArray(new JsonObject { ["display_name"] = $"Topic {one}" }));
            return record;
        });
        await service.Import(WorkSource.OpenAlex, records.Lines());
        var centre = await service.OpenAlexAuthor(one);

        var slice = await Slice("researcher", centre, 40);

        Reasons(slice, "collaborated").ShouldBe(["co-author of 3 works, latest 2023"]);
        Reasons(slice, "authored").ShouldBe(["author"]);
        Reasons(slice, "affiliated").ShouldBe(["affiliated with it on 3 works, latest 2023"]);
        Reasons(slice, "about").ShouldBe(["3 works on it, latest 2023", "has topic"], ignoreOrder: true);
        var topic = slice.Nodes.Single(node => node.Kind == "topic").Id;
        Reasons(await Slice("topic", topic, 40), "collaborated").ShouldBe(["co-author of 3 works, latest 2023"]);
        slice.Edges.Where(edge => edge.Kind is "collaborated" or "affiliated" || (edge.Source == centre && edge.Kind == "about")).Select(edge => (edge.First, edge.Latest)).Distinct().ShouldBe([(2021, 2023)]);
        foreach (var work in slice.Nodes.Where(node => node.Kind == "work"))
            slice.Edges.Where(edge => edge.Source == work.Id || edge.Target == work.Id).Select(edge => (edge.First, edge.Latest)).Distinct().ShouldBe([(work.Year, work.Year)]);
        slice.Nodes.Where(node => node.Kind == "work").Select(node => node.Year).ShouldBe([2023, 2022, 2021]);
        slice.Nodes.Where(node => node.Kind != "work").ShouldAllBe(node => node.Year == null);
        (await Slice("work", slice.Nodes.First(node => node.Kind == "work").Id, 40)).Nodes[0].Year.ShouldBe(2023);

        static IEnumerable<string> Reasons(GraphSlice slice, string kind) => slice.Edges.Where(edge => edge.Kind == kind).Select(edge => edge.Reason).Distinct();
    }

    [Fact]
    public async Task A_tie_without_any_year_names_none()
    {
        var (one, other) = ($"A{Records.Number()}", $"A{Records.Number()}");
        var undated = Records.OpenAlex(Records.Number(), one, other);
        undated["publication_date"] = null;
        await service.Import(WorkSource.OpenAlex, undated.ToJsonString());
        (await Slice("researcher", await service.OpenAlexAuthor(one), 40)).Edges.Where(edge => edge.Kind == "collaborated").Select(edge => edge.Reason).ShouldBe(["co-author of 1 work"]);
    }

    [Fact]
    public async Task Every_kind_of_node_has_its_surroundings()
    {
        var whole = await Slice("researcher", await Neighbourhood(), 200);
        Guid First(string kind) => whole.Nodes.First(node => node.Kind == kind).Id;

        Kinds(await Slice("work", First("work"), 200)).ShouldBe((3, 0, 2, 1));
        Kinds(await Slice("topic", First("topic"), 200)).ShouldBe((25, 12, 0, 12));
        Kinds(await Slice("institution", First("institution"), 200)).ShouldBe((1, 1, 2, 0));
    }

    [Fact]
    public async Task A_work_of_five_thousand_authors_has_a_slice_that_says_how_many_it_leaves_out()
    {
        var authors = Enumerable.Range(0, 5_000).Select(_ => $"A{Records.Number()}").ToArray();
        (await service.Import(WorkSource.OpenAlex, Records.Lines(Records.OpenAlex(Records.Number(), authors)))).Created.ShouldBe(1);
        var one = await service.OpenAlexAuthor(authors[4_711]);

        var slice = await Slice("researcher", one, 40);

        (slice.Shown, slice.Total).ShouldBe((40, 5_001));
        var work = slice.Nodes.Single(node => node.Kind == "work").Id;
        (await Slice("work", work, 200)).Total.ShouldBe(5_001);
        (await service.Get<ListedWork>($"/api/works/{work}")).Authors.Select(author => author.Position).ShouldBe(Enumerable.Range(1, 5_000));
        var listed = (await service.Get<Page<ListedWork>>($"/api/researchers/{one}/works")).Items.ShouldHaveSingleItem();
        (listed.Authors.Select(author => author.Position).Max(), listed.AuthorCount).ShouldBe((100, 5_000));
        (await service.GetAll<Collaborator>($"/api/researchers/{one}/collaborators")).Count.ShouldBe(4_999);
        (await service.Sums(one)).ShouldBe(new(1, 1, 0, 0, 0, 0));
    }

    [Fact]
    public async Task What_is_no_kind_or_nowhere_is_a_problem()
    {
        using var kind = await service.Anonymous.GetAsync($"/api/graph/planet/{Guid.NewGuid()}", Ct);
        await ShouldBeProblem(kind, 400, "malformed-kind");
        foreach (var known in new[] { "researcher", "work", "topic", "institution" })
        {
            using var nowhere = await service.Anonymous.GetAsync($"/api/graph/{known}/{Guid.NewGuid()}", Ct);
            await ShouldBeProblem(nowhere, 404, $"unknown-{known}");
        }
    }
}
