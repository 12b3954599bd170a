using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using Marten;
using Npgsql;

namespace BzPeer.Publication;

/// <summary>An author of a work to publish: a researcher, or a name with or without an ORCID iD.</summary>
public sealed record AuthorToPublish(Guid? ResearcherId, string? Name, string? Orcid);

/// <summary>A work to publish.</summary>
public sealed record WorkToPublish(
    string? Title, string? Type, DateOnly? PublicationDate, string? Venue, string? Doi, string? ArxivId, string? Abstract,
    IReadOnlyList<string?>? Topics, IReadOnlyList<AuthorToPublish?>? Authors);

/// <summary>
/// POST /api/works. Self-asserted when the caller is one of its authors, validated when a curator publishes it. The same DOI
/// or arXiv id again answers with the work that stands.
/// </summary>
internal static class PublishWork
{
    internal static void MapPublishWork(this WebApplication app) => app.MapPost("/api/works", HandleAsync)
        .WithName("PublishWork").WithTags("Publication").Produces<ListedWork>().Produces<ListedWork>(201).ProducesProblem(403).ProducesProblem(422);

    private static async Task<IResult> HandleAsync(
        WorkToPublish body, HttpContext http, IDocumentStore store, RecordWorks record, NpgsqlDataSource database, Survivors survivors, CancellationToken cancellation)
    {
        // What is published after a merge is the survivor's, and stays theirs when it is taken back.
        var authors = (body.Authors ?? []).Select(author => author is { ResearcherId: { } id } ? author with { ResearcherId = survivors.Of(id) } : author).ToList();
        body = body with { Authors = authors };
        var names = await Researchers.NamesAsync(database, [.. authors.Select(author => author?.ResearcherId).OfType<Guid>()], cancellation);
        var (work, broken) = Read(body, names);
        if (broken is not null) return Problems.Refused(broken.Rule, "The work cannot be taken", broken.Detail);

        var source = http.IsCurator() ? WorkSource.Curator : WorkSource.SelfAsserted;
        if (source == WorkSource.SelfAsserted && !await IsAuthorAsync(work!, http.ResearcherId(), database, survivors, cancellation))
            return Problems.NotYours("You may publish works you are an author of: name yourself among the authors by your researcherId. A curator may publish any.");

        var unknown = authors.Select(author => author?.ResearcherId).OfType<Guid>().Where(id => !names.ContainsKey(id)).Distinct().ToList();
        if (unknown.Count > 0)
            return Problems.Refused("unknown-author", "Unknown author", $"No researcher has the id {string.Join(", ", unknown.Take(10))}. Leave the id out to publish with the name alone.");

        var (published, created, position) = await ExecuteAsync(store, database, record, source, work!, cancellation);
        Position.Write(http, Sources.Publication, position);
        var listed = await Works.FindAsync(database, published, cancellation);
        return created ? TypedResults.Created($"/api/works/{published}", listed) : TypedResults.Ok(listed);
    }

    /// <summary>The work that is asked for, or the first rule it breaks.</summary>
    internal static (SourceWork? Work, BrokenRule? Broken) Read(WorkToPublish body, IReadOnlyDictionary<Guid, string> names)
    {
        if (body.PublicationDate is null) return (null, new("no-publication-date", "The work needs a publicationDate, as 2026-01-31."));
        if (body.Doi is not null && Identifiers.Doi(body.Doi) is null) return (null, new("malformed-doi", "A DOI looks like 10.1000/182."));
        if (body.ArxivId is not null && Identifiers.Arxiv(body.ArxivId) is null) return (null, new("malformed-arxiv-id", "An arXiv id looks like 2301.01178 or math/0309136."));

        List<PrintedAuthor> authors = [];
        foreach (var author in body.Authors ?? [])
        {
            var name = PlainText.Clean(author?.Name);
            if (author is null || (author.ResearcherId is null && name is null))
                return (null, new("author-without-name", $"Author {authors.Count + 1} has neither a researcherId nor a name."));
            if (author.Orcid is not null && OrcidId.Read(author.Orcid) is null)
                return (null, new("malformed-orcid", $"The ORCID iD of author {authors.Count + 1} is none: its check digit or its form is wrong."));
            // Known by their id, a researcher is not looked up by another one.
            var orcid = author.ResearcherId is null ? OrcidId.Read(author.Orcid) : null;
            var printed = name ?? names.GetValueOrDefault(author.ResearcherId!.Value, PrintedAuthor.Unnamed);
            authors.Add(new(printed, author.ResearcherId, orcid));
        }

        var doi = Identifiers.Doi(body.Doi);
        var work = new SourceWork(
            PlainText.Clean(body.Title) ?? "", PlainText.Clean(body.Type) ?? "", body.PublicationDate.Value.Year, body.PublicationDate, PlainText.Clean(body.Venue), doi,
            Identifiers.Arxiv(body.ArxivId) ?? Identifiers.ArxivOfDoi(doi), OpenAlex: null, PlainText.Clean(body.Abstract),
            [.. (body.Topics ?? []).Select(PlainText.Clean).OfType<string>().DistinctBy(PlainText.Fold)], authors);
        return WorkRules.Check(work) is { } broken ? (null, broken) : (work, null);
    }

    private static async Task<bool> IsAuthorAsync(SourceWork work, Guid caller, NpgsqlDataSource database, Survivors survivors, CancellationToken cancellation)
    {
        if (work.Authors.Any(author => author.ResearcherId == caller)) return true;
        var keys = work.Authors.SelectMany(author => AuthorIdentity.Keys(WorkSource.SelfAsserted, author)).Distinct().ToArray();
        return keys.Length > 0 && (await AuthorIdentity.LoadKeysAsync(database, keys, cancellation)).Values.Any(author => survivors.Of(author) == caller);
    }

    private static async Task<(Guid Work, bool Created, long Position)> ExecuteAsync(
        IDocumentStore store, NpgsqlDataSource database, RecordWorks record, string source, SourceWork work, CancellationToken cancellation)
    {
        // One word per work and source: what was posted first stands, so its id is that of the work's first key.
        var newId = work.Keys().FirstOrDefault() ?? Guid.CreateVersion7().ToString();
        var said = new Assertion(source, newId, work);
        // Thousands of new authors take their time: the answer waits for it, and nobody else.
        if (work.Authors.Count > RecordWorks.Large && await StandingAsync() is null) await record.IdentifyAheadAsync(store, [said], cancellation);
        return await EventStore.DecideAsync<(Guid Work, bool Created, long Position)>(async () =>
        {
            if (await StandingAsync() is { } standing) return (standing.Id, false, standing.Position);
            await using var session = store.TracedSession();
            var (recorded, _) = await record.AddAsync(session, [said], [], cancellation);
            await session.SaveChangesAsync(cancellation);
            var id = recorded[0].Work.Id;
            return (id, recorded[0].Outcome == Outcome.Created, await Append.LastAsync(database, id, cancellation));
        }, cancellation);

        // A work stands as it is, unless a curator now vouches for what only an author did.
        async Task<Work?> StandingAsync()
        {
            await using var session = store.QuerySession();
            return await record.FindAsync(session, said, cancellation) is { } known && (known.Validated || !WorkSource.Validates(source)) ? known : null;
        }
    }
}
