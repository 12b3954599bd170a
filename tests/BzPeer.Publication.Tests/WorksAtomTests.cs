using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Xml;
using System.Xml.Linq;
using CsCheck;
using Shouldly;
using Xunit;
using static BzPeer.Publication.Tests.PublicationService;

namespace BzPeer.Publication.Tests;

/// <summary>The feeds for who has no account.</summary>
public sealed class WorksAtomTests(SharedPublication service)
{
    private static readonly XNamespace Atom = "http://www.w3.org/2005/Atom";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private async Task<ListedWork> Publish(Guid author, string title, string? text = null, string[]? topics = null) => await PublicationService.Publish(
        service.Curator, new { title, type = "article", publicationDate = "1990-01-01", @abstract = text, topics, authors = new object[] { new { researcherId = author }, new { name = "Bob <b>" } } });

    private async Task<(XElement Feed, HttpResponseMessage Answer)> Read(string path)
    {
        var answer = await service.Anonymous.GetAsync(path, Ct);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync(Ct));
        answer.Content.Headers.ContentType!.ToString().ShouldBe("application/atom+xml; charset=utf-8");
        return (ShouldBeAtom(await answer.Content.ReadAsByteArrayAsync(Ct)), answer);
    }

    /// <summary>What RFC 4287 asks of every feed: an id, a title, a date, an author and the links, and the same of every entry.</summary>
    private static XElement ShouldBeAtom(byte[] xml)
    {
        var feed = XDocument.Load(new MemoryStream(xml), LoadOptions.PreserveWhitespace).Root.ShouldNotBeNull();
        feed.Name.ShouldBe(Atom + "feed");
        ShouldIdentifyItself(feed);
        feed.Elements(Atom + "link").Select(link => (string?)link.Attribute("rel")).ShouldBe(["self", "alternate"]);
        foreach (var entry in feed.Elements(Atom + "entry"))
        {
            ShouldIdentifyItself(entry);
            entry.Elements(Atom + "link").Single().Attribute("rel")!.Value.ShouldBe("alternate");
        }

        feed.Descendants().Select(element => element.Name.Namespace).ShouldAllBe(space => space == Atom);
        feed.Elements(Atom + "entry").Select(entry => entry.Element(Atom + "id")!.Value).ShouldBeUnique();
        return feed;

        static void ShouldIdentifyItself(XElement element)
        {
            new Uri(element.Elements(Atom + "id").Single().Value).IsAbsoluteUri.ShouldBeTrue();
            var title = element.Elements(Atom + "title").Single();
            (title.Attribute("type")!.Value, title.HasElements).ShouldBe(("text", false));
            XmlConvert.ToDateTimeOffset(element.Elements(Atom + "updated").Single().Value).Year.ShouldBeGreaterThan(1969);
        }
    }

    [Fact]
    public async Task A_researchers_newest_works_are_entries_that_lead_to_them_the_newest_in_the_record_first()
    {
        var author = (await service.Register(1))[0];
        var first = await Publish(author, "First", "What it is about", ["Networks"]);
        var second = await Publish(author, "Second");

        var (feed, _) = await Read($"/api/researchers/{author}/works.atom");

        feed.Element(Atom + "title")!.Value.ShouldBe($"Works of {first.Authors[0].Name}");
        feed.Elements(Atom + "link").Select(link => link.Attribute("href")!.Value).ShouldBe([$"http://localhost/api/researchers/{author}/works.atom", $"http://localhost/researchers/{author}"]);
        var entries = feed.Elements(Atom + "entry").ToList();
        entries.Select(entry => entry.Element(Atom + "id")!.Value).Take(2).ShouldBe([$"urn:uuid:{second.Id}", $"urn:uuid:{first.Id}"]);
        entries.Count.ShouldBe(3);
        entries[1].Element(Atom + "title")!.Value.ShouldBe("First");
        entries[1].Elements(Atom + "author").Select(a => a.Value).ShouldBe([first.Authors[0].Name, "Bob <b>"]);
        entries[1].Element(Atom + "link")!.Attribute("href")!.Value.ShouldBe($"http://localhost/works/{first.Id}");
        entries[1].Element(Atom + "category")!.Attribute("term")!.Value.ShouldBe("Networks");
        entries[1].Element(Atom + "summary")!.ToString(SaveOptions.DisableFormatting).ShouldContain("type=\"text\"");
        entries[1].Element(Atom + "summary")!.Value.ShouldBe("What it is about");
        entries[0].Element(Atom + "summary").ShouldBeNull();
        entries.ShouldAllBe(entry => entry.Elements(Atom + "author").Any());
        feed.Element(Atom + "updated")!.Value.ShouldBe(entries[0].Element(Atom + "updated")!.Value);
    }

    [Fact]
    public async Task A_topics_feed_has_the_works_on_it_whoever_wrote_them()
    {
        var people = await service.Register(2);
        var topic = $"Topic {Guid.NewGuid()} <i>";
        var works = new[] { await Publish(people[0], "One", topics: ["Other", topic]), await Publish(people[1], "Two", topics: [topic.ToUpperInvariant()]) };
        await Publish(people[1], "Three", topics: ["Other"]);

        var (feed, _) = await Read($"/api/topics/{WorkTables.TopicId(topic)}/works.atom");

        feed.Element(Atom + "title")!.Value.ShouldBe($"Works on {topic}");
        feed.Elements(Atom + "link").Last().Attribute("href")!.Value.ShouldBe($"http://localhost/topics/{WorkTables.TopicId(topic)}");
        feed.Elements(Atom + "entry").Select(entry => entry.Element(Atom + "id")!.Value).ShouldBe([$"urn:uuid:{works[1].Id}", $"urn:uuid:{works[0].Id}"]);
    }

    [Fact]
    public async Task No_more_than_the_newest_fifty_are_told()
    {
        var author = $"A{Records.Number()}";
        var numbers = Enumerable.Range(0, 60).Select(_ => Records.Number()).ToArray();
        await service.Import(WorkSource.OpenAlex, numbers[..10].Select(number => Records.OpenAlex(number, author)).Lines());
        await service.Import(WorkSource.OpenAlex, numbers[10..].Select(number => Records.OpenAlex(number, author)).Lines());

        var (feed, _) = await Read($"/api/researchers/{await service.OpenAlexAuthor(author)}/works.atom");

        feed.Elements(Atom + "entry").Select(entry => entry.Element(Atom + "title")!.Value).ShouldBe(numbers[10..].Select(number => $"On the number {number}"), ignoreOrder: true);
    }

    [Fact]
    public async Task A_retracted_work_stays_and_is_called_so_and_its_entry_is_updated()
    {
        var author = (await service.Register(1))[0];
        var work = await Publish(author, "Too good");
        var (before, _) = await Read($"/api/researchers/{author}/works.atom");
        using var retraction = await service.Curator.PostAsJsonAsync($"/api/works/{work.Id}/retraction", new { reason = "R", source = "S" }, Ct);
        retraction.EnsureSuccessStatusCode();

        var (after, _) = await Read($"/api/researchers/{author}/works.atom");

        var (was, now) = (before.Element(Atom + "entry")!, after.Element(Atom + "entry")!);
        now.Element(Atom + "title")!.Value.ShouldBe("Retracted: Too good");
        now.Element(Atom + "id")!.Value.ShouldBe(was.Element(Atom + "id")!.Value);
        now.Element(Atom + "published")!.Value.ShouldBe(was.Element(Atom + "published")!.Value);
        XmlConvert.ToDateTimeOffset(now.Element(Atom + "updated")!.Value).ShouldBeGreaterThan(XmlConvert.ToDateTimeOffset(was.Element(Atom + "updated")!.Value));
    }

    [Fact]
    public async Task Who_has_the_feed_already_is_told_so_until_it_changes()
    {
        var author = (await service.Register(1))[0];
        var path = $"/api/researchers/{author}/works.atom";
        await Publish(author, "First");
        var (_, first) = await Read(path);
        first.Content.Headers.LastModified.ShouldBeNull("what comes within the same second would be missed");

        using var same = await If(request => request.IfNoneMatch.Add(first.Headers.ETag!));
        same.StatusCode.ShouldBe(HttpStatusCode.NotModified);
        (await same.Content.ReadAsByteArrayAsync(Ct)).ShouldBeEmpty();

        var work = await Publish(author, "Second");
        using var changed = await If(request => request.IfNoneMatch.Add(first.Headers.ETag!));
        changed.StatusCode.ShouldBe(HttpStatusCode.OK);
        changed.Headers.ETag.ShouldNotBe(first.Headers.ETag);

        // As it is an hour later.
        await service.Scalar("with aged as (update mt_events set timestamp = timestamp - interval '1 hour' where stream_id in (select work_id from work_authors where researcher_id = '" + author + "') returning 1) select count(*) from aged");
        var (feed, later) = await Read(path);
        var modified = later.Content.Headers.LastModified.ShouldNotBeNull();
        modified.ToString("s", CultureInfo.InvariantCulture).ShouldBe(feed.Element(Atom + "updated")!.Value[..19]);
        using var notSince = await If(request => request.IfModifiedSince = modified);
        notSince.StatusCode.ShouldBe(HttpStatusCode.NotModified);
        using var since = await If(request => request.IfModifiedSince = modified.AddSeconds(-1));
        since.StatusCode.ShouldBe(HttpStatusCode.OK);
        feed.Element(Atom + "entry")!.Element(Atom + "id")!.Value.ShouldBe($"urn:uuid:{work.Id}");
        first.Dispose();
        later.Dispose();

        async Task<HttpResponseMessage> If(Action<HttpRequestHeaders> condition)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            condition(request.Headers);
            return await service.Anonymous.SendAsync(request, Ct);
        }
    }

    [Fact]
    public async Task Links_lead_to_the_site_that_the_gateway_names()
    {
        var author = (await service.Register(1))[0];
        async Task<string> SelfOf(string proto, string host)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/researchers/{author}/works.atom") { Headers = { { "X-Forwarded-Proto", proto }, { "X-Forwarded-Host", host } } };
            using var answer = await service.Anonymous.SendAsync(request, Ct);
            return ShouldBeAtom(await answer.Content.ReadAsByteArrayAsync(Ct)).Element(Atom + "link")!.Attribute("href")!.Value;
        }

        (await SelfOf("https", "bzpeer.example:8443")).ShouldBe($"https://bzpeer.example:8443/api/researchers/{author}/works.atom");
        (await SelfOf("javascript", "alert(1)")).ShouldBe($"/api/researchers/{author}/works.atom");
    }

    [Fact]
    public async Task Whatever_a_source_says_is_text_that_a_reader_shows_and_never_markup()
    {
        var author = (await service.Register(1))[0];
        const string hostile = "<script>alert(1)</script> ]]> <![CDATA[ &lt;img src=x onerror=alert(1)&gt; \" ' \u0007\uFFFF\uD83D\uDE00 <?xml?>";
        await Publish(author, hostile, hostile, [hostile]);

        var (feed, answer) = await Read($"/api/researchers/{author}/works.atom");

        (await answer.Content.ReadAsStringAsync(Ct)).ShouldNotContain("<script");
        var entry = feed.Element(Atom + "entry")!;
        var shown = "<script>alert(1)</script> ]]> <![CDATA[ &lt;img src=x onerror=alert(1)&gt; \" ' \uD83D\uDE00 <?xml?>";
        (entry.Element(Atom + "title")!.Value, entry.Element(Atom + "summary")!.Value, entry.Element(Atom + "category")!.Attribute("term")!.Value).ShouldBe((shown, shown, shown));
        answer.Dispose();
    }

    [Fact]
    public void Any_text_at_all_makes_a_feed_that_can_be_read_and_says_it_but_for_what_XML_cannot_write() => Gen.String.Sample(text =>
    {
        var work = new ListedWork(Guid.NewGuid(), text, "article", null, null, null, null, null, text, [new(null, text, 1)], [text], true, false, [], 1, []);
        var feed = ShouldBeAtom(WorksAtom.Write(new(Guid.NewGuid(), text, text, "/self", "/page", DateTimeOffset.UtcNow), [new(work, "/work", DateTimeOffset.UtcNow, DateTimeOffset.UtcNow)]));
        var entry = feed.Element(Atom + "entry")!;
        var said = string.Concat(text.EnumerateRunes().Where(rune => rune.Value != 0xFFFD && (!rune.IsBmp || XmlConvert.IsXmlChar((char)rune.Value))));
        foreach (var read in (string[])[feed.Element(Atom + "title")!.Value, feed.Element(Atom + "author")!.Value, entry.Element(Atom + "title")!.Value, entry.Element(Atom + "summary")!.Value, entry.Element(Atom + "author")!.Value])
            WithoutLineEnds(read.Replace("\uFFFD", "", StringComparison.Ordinal)).ShouldBe(WithoutLineEnds(said));

        static string WithoutLineEnds(string line) => line.ReplaceLineEndings(" ").Replace("\n", " ", StringComparison.Ordinal);
    }, iter: 2_000);

    [Fact]
    public void Of_a_work_by_thousands_the_first_hundred_authors_are_named_and_the_rest_is_counted()
    {
        var work = new ListedWork(Guid.NewGuid(), "Large", "article", null, null, null, null, null, null, [.. Enumerable.Range(1, 100).Select(n => new ListedAuthor(null, $"Author {n}", n))], [], true, false, [], 3_000, []);
        var feed = ShouldBeAtom(WorksAtom.Write(new(Guid.NewGuid(), "T", "A", "/self", "/page", DateTimeOffset.UtcNow), [new(work, "/work", DateTimeOffset.UtcNow, DateTimeOffset.UtcNow)]));
        var authors = feed.Element(Atom + "entry")!.Elements(Atom + "author").Select(author => author.Value).ToList();
        (authors.Count, authors[99], authors[100]).ShouldBe((101, "Author 100", "and 2,900 more"));
    }

    [Fact]
    public async Task Whom_or_what_nobody_knows_has_no_feed()
    {
        using var researcher = await service.Anonymous.GetAsync($"/api/researchers/{Guid.NewGuid()}/works.atom", Ct);
        await ShouldBeProblem(researcher, 404, "unknown-researcher");
        using var topic = await service.Anonymous.GetAsync($"/api/topics/{Guid.NewGuid()}/works.atom", Ct);
        await ShouldBeProblem(topic, 404, "unknown-topic");
        using var malformed = await service.Anonymous.GetAsync("/api/topics/1/works.atom", Ct);
        await ShouldBeProblem(malformed, 400, "malformed-id");
    }
}
