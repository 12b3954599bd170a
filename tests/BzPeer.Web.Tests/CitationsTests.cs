using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace BzPeer.Web.Tests;

public sealed class CitationsTests
{
    private static readonly Work Article = new(
        Guid.Parse("11111111-2222-3333-4444-555555555555"), "Extending IPv6 & friends", "journal-article", 2023, "Computer Networks", "10.1016/j.x_y", "2301.01178", "It is $n^2$.",
        [new(null, "Daniel Bernier", 1), new(null, "Ludwig van Beethoven", 2), new(null, "Martin Luther King Jr.", 3), new(null, "ATLAS Collaboration", 4), new(null, "Plato", 5)],
        ["Networks", "R&D"], true, false, PublicationDate: new DateOnly(2023, 1, 3));

    [Fact]
    public void An_article_is_an_article_in_bibtex() => Bibtex.Of(Article).ReplaceLineEndings("\n").ShouldBe(
        """
        @article{bernier2023extending,
          author = {Bernier, Daniel and van Beethoven, Ludwig and King, Jr., Martin Luther and {ATLAS Collaboration} and {Plato}},
          title = {Extending {IPv6} \& friends},
          journal = {Computer Networks},
          year = {2023},
          month = jan,
          doi = {10.1016/j.x_y},
          eprint = {2301.01178},
          archiveprefix = {arXiv},
          abstract = {It is n².},
          keywords = {Networks, R\&D}
        }

        """.ReplaceLineEndings("\n"));

    [Theory]
    [InlineData("proceedings-article", "inproceedings", "booktitle", "paper-conference", "container-title")]
    [InlineData("book-chapter", "incollection", "booktitle", "chapter", "container-title")]
    [InlineData("monograph", "book", "publisher", "book", "publisher")]
    [InlineData("dissertation", "phdthesis", "school", "thesis", "publisher")]
    [InlineData("report", "techreport", "institution", "report", "publisher")]
    [InlineData("dataset", "misc", "howpublished", "dataset", "publisher")]
    [InlineData("review", "article", "journal", "article-journal", "container-title")]
    [InlineData("something", "misc", "howpublished", "document", "container-title")]
    public void Every_type_has_its_entry_and_its_field_for_where_it_came_out(string type, string entry, string venue, string csl, string container)
    {
        var work = Article with { Type = type };

        Bibtex.Of(work).ShouldStartWith($"@{entry}{{");
        Bibtex.Of(work).ShouldContain($"\n  {venue} = {{Computer Networks}}");
        Csl(work)["type"]!.GetValue<string>().ShouldBe(csl);
        Csl(work)[container]!.GetValue<string>().ShouldBe("Computer Networks");
    }

    [Fact]
    public void A_preprint_is_found_by_its_eprint_and_an_article_without_a_journal_is_no_article()
    {
        var preprint = Bibtex.Of(Article with { Type = "preprint", Venue = "arXiv", Doi = null });

        preprint.ShouldStartWith("@misc{");
        preprint.ShouldContain("eprint = {2301.01178}");
        preprint.ShouldContain("url = {https://arxiv.org/abs/2301.01178}");
        preprint.ShouldNotContain("howpublished");
        Bibtex.Of(Article with { Venue = null }).ShouldStartWith("@misc{");
    }

    [Theory]
    [InlineData(@"100% of $5 & #1_a^b~c\d", @"100\% of \$5 \& \#1\_a\textasciicircum{}b\textasciitilde{}c\textbackslash{}d")]
    [InlineData("a } b, title = {c", @"a \textbraceright{} b, title = \textbraceleft{}c")]
    [InlineData(@"On $O(n^2)$ in NP", "On $O(n^2)$ in {NP}")]
    [InlineData(@"$\input{/etc/passwd}$", @"\$\textbackslash{}input\textbraceleft{}/etc/passwd\textbraceright{}\$")]
    [InlineData(@"$\text{\write18{x}}$", @"\$\textbackslash{}text\textbraceleft{}\textbackslash{}write18\textbraceleft{}x\textbraceright{}\textbraceright{}\$")]
    [InlineData(@"\emph{x} Straße 王", "x Straße 王")]
    public void A_title_is_printed_as_it_is_and_commands_nothing(string title, string bibtex)
    {
        var entry = Bibtex.Of(Article with { Title = title });

        entry.ShouldContain($"\n  title = {{{bibtex}}},\n");
        entry.Count(c => c == '{').ShouldBe(entry.Count(c => c == '}'));
    }

    [Theory]
    [InlineData("Łukasz Müller", "The state of the art", 2020, "muller2020state")]
    [InlineData("Conan O’Brien", "A $k$-way cut", null, "obrienk")]
    [InlineData("王伟", "深度学习", 2021, "2021")]
    [InlineData("王伟", "深度学习", null, "")]
    public void A_key_is_made_of_family_name_year_and_the_first_word_that_says_something(string author, string title, int? year, string key)
    {
        var work = Article with { Authors = [new(null, author, 1)], Title = title, Year = year };

        Citations.Key(work).ShouldBe(key.Any(char.IsLetter) ? key : "work11111111");
    }

    [Fact]
    public void A_work_in_csl_has_names_in_parts_its_date_and_its_ids()
    {
        var item = Csl(Article with { Retracted = true });

        item["id"]!.GetValue<string>().ShouldBe("bernier2023extending");
        item["type"]!.GetValue<string>().ShouldBe("article-journal");
        item["author"]!.AsArray().Select(name => name!.ToJsonString()).ShouldBe(
        [
            """{"family":"Bernier","given":"Daniel"}""", """{"family":"van Beethoven","given":"Ludwig"}""", """{"family":"King","given":"Martin Luther","suffix":"Jr."}""",
            """{"literal":"ATLAS Collaboration"}""", """{"literal":"Plato"}""",
        ]);
        item["issued"]!["date-parts"]!.ToJsonString().ShouldBe("[[2023,1,3]]");
        item["DOI"]!.GetValue<string>().ShouldBe("10.1016/j.x_y");
        item["number"]!.GetValue<string>().ShouldBe("arXiv:2301.01178");
        item["abstract"]!.GetValue<string>().ShouldBe("It is n².");
        item["note"]!.GetValue<string>().ShouldBe("Retracted");
        Csl(new Work(Guid.NewGuid(), "Only a title", null, null, null, null, null, null, null, null, null, false)).Select(member => member.Key).ShouldBe(["id", "type", "title", "author"]);
    }

    [Theory]
    [InlineData(".bib", "application/x-bibtex", "bernier2023extending.bib")]
    [InlineData(".csl.json", "application/vnd.citationstyles.csl+json", "bernier2023extending.csl.json")]
    public async Task A_work_is_downloaded_under_its_key(string ending, string type, string file)
    {
        var world = new FakeWorld();
        var paper = world.Publish("Extending what there is", "", [world.Add("Daniel Bernier")], []);
        await using var site = await Site.StartAsync(world);

        var response = await site.Get($"/works/{paper.Id}{ending}");

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        response.Content.Headers.ContentType!.MediaType.ShouldBe(type);
        response.Content.Headers.ContentDisposition!.FileName.ShouldBe(file);
        (await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain("bernier2023extending");
    }

    [Fact]
    public async Task Unknown_removed_merged_and_unreachable_works_cannot_be_cited()
    {
        await using var site = await Site.StartAsync();
        var paper = site.World.Papers[0].Id;
        var (removed, merged) = (Guid.NewGuid(), Guid.NewGuid());
        site.World.Removed.Add(removed);
        site.World.Merged[merged] = paper;

        (await site.Get($"/works/{Guid.NewGuid()}.bib")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await site.Get($"/works/{removed}.bib")).StatusCode.ShouldBe(HttpStatusCode.Gone);
        (await site.Get($"/works/{merged}.csl.json")).Headers.Location!.OriginalString.ShouldBe($"/works/{paper}.csl.json");
        await site.Services.StopAsync("Publication");
        var later = await site.Get($"/works/{paper}.bib");
        later.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        later.Headers.RetryAfter.ShouldNotBeNull();
    }

    private static JsonObject Csl(Work work) => JsonSerializer.Deserialize<JsonArray>(CslJson.Of(work))![0]!.AsObject();
}
