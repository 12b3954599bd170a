using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Xml;
using BzPeer.ServiceDefaults;
using Microsoft.Net.Http.Headers;
using Npgsql;

namespace BzPeer.Publication;

/// <summary>What a feed is of.</summary>
/// <param name="Id">The feed's own id, the same wherever it is served from.</param>
/// <param name="Title">Of the feed.</param>
/// <param name="Author">Of entries that have none themselves.</param>
/// <param name="Self">Where the feed is.</param>
/// <param name="Page">What it is a feed of, for people.</param>
/// <param name="Updated">When something in it last changed.</param>
internal sealed record AtomFeed(Guid Id, string Title, string Author, string Self, string Page, DateTimeOffset Updated);

/// <summary>A work in a feed: when it entered the record and when it last changed.</summary>
internal sealed record AtomEntry(ListedWork Work, string Page, DateTimeOffset Published, DateTimeOffset Updated);

/// <summary>
/// GET /api/researchers/{id}/works.atom and /api/topics/{id}/works.atom: the newest works as Atom 1.0 (RFC 4287), for who has no account.
/// Newest as in <see cref="Feed"/>, where they entered the record: a reader is told of what is new here, however old it is. Whatever a
/// source said is text, in elements that say so.
/// </summary>
internal static class WorksAtom
{
    private const string Namespace = "http://www.w3.org/2005/Atom";
    private const int Newest = 50;

    /// <summary>A date of change tells whole seconds, and events are committed a little after theirs: told earlier, it would hide what follows within that time.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromMinutes(1);

    private sealed record Row(Guid Work, long Position, long LastChange, DateTimeOffset Published, DateTimeOffset Updated);

    internal static void MapWorksAtom(this WebApplication app)
    {
        app.MapGet("/api/researchers/{id}/works.atom", ResearcherAsync).AllowAnonymous().WithName("ReadResearcherAtom").WithTags("Publication")
            .Produces<string>(200, "application/atom+xml").Produces(304).ProducesProblem(404);
        app.MapGet("/api/topics/{id}/works.atom", TopicAsync).AllowAnonymous().WithName("ReadTopicAtom").WithTags("Publication")
            .Produces<string>(200, "application/atom+xml").Produces(304).ProducesProblem(404);
    }

    private static async Task<IResult> ResearcherAsync(Guid id, HttpContext http, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        if (await Works.WaitAsync(http, database, clock) is { } problem) return problem;
        var known = await SubjectAsync(database, "select r.name, e.timestamp from researchers r join mt_events e on e.seq_id = r.position where r.id = $1", id, cancellation);
        if (known is not (var name, var since)) return Problems.UnknownResearcher(id);
        var rows = await NewestAsync(database, "work_authors", "researcher_id", id, cancellation);
        return Answer(http, database, clock, new(
            StableId.Of($"atom:researcher:{id}"), $"Works of {name}", name, $"/api/researchers/{id}/works.atom", $"/researchers/{id}", Latest(rows, since)), rows);
    }

    private static async Task<IResult> TopicAsync(Guid id, HttpContext http, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        if (await Works.WaitAsync(http, database, clock) is { } problem) return problem;
        var known = await SubjectAsync(database, "select label, 'epoch'::timestamptz from work_topics where topic_id = $1 order by published limit 1", id, cancellation);
        if (known is not (var label, var since)) return TopicsAndInstitutions.Unknown("topics", id);
        var rows = await NewestAsync(database, "work_topics", "topic_id", id, cancellation);
        return Answer(http, database, clock, new(
            StableId.Of($"atom:topic:{id}"), $"Works on {label}", "BZPEER", $"/api/topics/{id}/works.atom", $"/topics/{id}", Latest(rows, since)), rows);
    }

    private static DateTimeOffset Latest(List<Row> rows, DateTimeOffset otherwise) => rows.Select(row => row.Updated).DefaultIfEmpty(otherwise).Max();

    /// <summary>The works themselves are only read for who does not have this feed already.</summary>
    private static IResult Answer(HttpContext http, NpgsqlDataSource database, TimeProvider clock, AtomFeed feed, List<Row> rows)
    {
        var site = Site(http.Request);
        var version = string.Join('\n', [site, feed.Title, .. rows.Select(row => string.Create(CultureInfo.InvariantCulture, $"{row.Position} {row.LastChange}"))]);
        var tag = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(version)))[..32];
        http.Response.Headers.CacheControl = "no-cache";
        return TypedResults.Stream(WriteAsync, "application/atom+xml; charset=utf-8",
            lastModified: clock.GetUtcNow() - feed.Updated > Settled ? feed.Updated : null, entityTag: new EntityTagHeaderValue($"\"{tag}\""));

        async Task WriteAsync(Stream body)
        {
            var works = await Works.LoadAsync(database, [.. rows.Select(row => row.Work)], http.RequestAborted);
            var entries = rows.Where(row => works.ContainsKey(row.Work)).Select(row => new AtomEntry(works[row.Work], $"{site}/works/{row.Work}", row.Published, row.Updated));
            await body.WriteAsync(Write(feed with { Self = site + feed.Self, Page = site + feed.Page }, entries), http.RequestAborted);
        }
    }

    /// <summary>The site as the client knows it, which the gateway passes on; empty, so that links are relative, where it cannot be told.</summary>
    private static string Site(HttpRequest request)
    {
        var scheme = request.Headers["X-Forwarded-Proto"] is [{ Length: > 0 } forwarded] ? forwarded : request.Scheme;
        var host = request.Headers["X-Forwarded-Host"] is [{ Length: > 0 } name] ? name : request.Host.Value;
        return Uri.TryCreate($"{scheme}://{host}/", UriKind.Absolute, out var site) && site.Scheme is "http" or "https" ? site!.GetLeftPart(UriPartial.Authority) : "";
    }

    /// <summary>The feed as XML.</summary>
    internal static byte[] Write(AtomFeed feed, IEnumerable<AtomEntry> entries)
    {
        using var bytes = new MemoryStream();
        using (var xml = XmlWriter.Create(bytes, new() { Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false) }))
        {
            xml.WriteStartElement("feed", Namespace);
            Element(xml, "id", $"urn:uuid:{feed.Id}");
            Text(xml, "title", feed.Title);
            Element(xml, "updated", Date(feed.Updated));
            Author(xml, feed.Author);
            Link(xml, "self", feed.Self, "application/atom+xml");
            Link(xml, "alternate", feed.Page, "text/html");
            foreach (var entry in entries) Entry(xml, entry);
            xml.WriteEndElement();
        }

        return bytes.ToArray();
    }

    private static void Entry(XmlWriter xml, AtomEntry entry)
    {
        var work = entry.Work;
        xml.WriteStartElement("entry", Namespace);
        Element(xml, "id", $"urn:uuid:{work.Id}");
        Text(xml, "title", work.Retracted ? $"Retracted: {work.Title}" : work.Title);
        Element(xml, "published", Date(entry.Published));
        Element(xml, "updated", Date(entry.Updated));
        foreach (var author in work.Authors) Author(xml, author.Name);
        if (work.AuthorCount > work.Authors.Count) Author(xml, string.Create(CultureInfo.InvariantCulture, $"and {work.AuthorCount - work.Authors.Count:N0} more"));
        Link(xml, "alternate", entry.Page, "text/html");
        foreach (var topic in work.Topics)
        {
            xml.WriteStartElement("category", Namespace);
            xml.WriteAttributeString("term", Allowed(topic));
            xml.WriteEndElement();
        }

        if (work.Abstract is not null) Text(xml, "summary", work.Abstract);
        xml.WriteEndElement();
    }

    private static void Element(XmlWriter xml, string name, string content) => xml.WriteElementString(name, Namespace, content);

    private static void Text(XmlWriter xml, string name, string text)
    {
        xml.WriteStartElement(name, Namespace);
        xml.WriteAttributeString("type", "text");
        xml.WriteString(Allowed(text));
        xml.WriteEndElement();
    }

    private static void Author(XmlWriter xml, string name)
    {
        xml.WriteStartElement("author", Namespace);
        Element(xml, "name", Allowed(name));
        xml.WriteEndElement();
    }

    private static void Link(XmlWriter xml, string relation, string address, string type)
    {
        xml.WriteStartElement("link", Namespace);
        xml.WriteAttributeString("rel", relation);
        xml.WriteAttributeString("type", type);
        xml.WriteAttributeString("href", address);
        xml.WriteEndElement();
    }

    /// <summary>RFC 3339, in UTC.</summary>
    private static string Date(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture);

    /// <summary>Without the characters that XML has no way to write (control characters, lone surrogates, U+FFFE and U+FFFF).</summary>
    private static string Allowed(string text)
    {
        var allowed = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (XmlConvert.IsXmlChar(text[i])) allowed.Append(text[i]);
            else if (i + 1 < text.Length && XmlConvert.IsXmlSurrogatePair(text[i + 1], text[i])) allowed.Append(text[i]).Append(text[++i]);
        }

        return allowed.ToString();
    }

    private static async Task<(string Name, DateTimeOffset Since)?> SubjectAsync(NpgsqlDataSource database, string sql, Guid id, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(sql);
        command.Parameters.Add(new() { Value = id });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        return await row.ReadAsync(cancellation) ? (row.GetString(0), row.GetFieldValue<DateTimeOffset>(1)) : null;
    }

    private static async Task<List<Row>> NewestAsync(NpgsqlDataSource database, string table, string column, Guid id, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            $"""
            select n.work_id, n.published, w.position, f.timestamp, l.timestamp
            from (select distinct on (published) work_id, published from {table} where {column} = $1 and published is not null order by published desc limit {Newest}) n
            join works w on w.id = n.work_id join mt_events f on f.seq_id = n.published join mt_events l on l.seq_id = w.position
            order by n.published desc
            """);
        command.Parameters.Add(new() { Value = id });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var rows = new List<Row>(Newest);
        while (await row.ReadAsync(cancellation))
            rows.Add(new(row.GetGuid(0), row.GetInt64(1), row.GetInt64(2), row.GetFieldValue<DateTimeOffset>(3), row.GetFieldValue<DateTimeOffset>(4)));
        return rows;
    }
}
