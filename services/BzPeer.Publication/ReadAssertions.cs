using System.ComponentModel;
using System.Text.Json.Serialization;
using Marten;
using Npgsql;

namespace BzPeer.Publication;

/// <summary>One source's word on a work, whole.</summary>
/// <param name="Source">Who says it.</param>
/// <param name="SourceId">The source's id of the record.</param>
/// <param name="TakenAt">When the record last said something else than before; null where that was not kept.</param>
/// <param name="Validates">Whether the word of this source makes a work validated.</param>
/// <param name="SaidOf">The work that it was said of: another one where that was merged into this one.</param>
/// <param name="Title">What it says, as the fields after it.</param>
public sealed record ReadAssertion(
    string Source, string SourceId, DateTimeOffset? TakenAt, bool Validates, Guid SaidOf,
    string Title, string Type, int? Year, DateOnly? PublicationDate, string? Venue, string? Doi, string? ArxivId, string? OpenAlex, string? Abstract,
    IReadOnlyList<string> Topics, IReadOnlyList<ListedAuthor> Authors, bool Retracted,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull), Description(WorkMarkup.Title)] string? TitleMarkup = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull), Description(WorkMarkup.Abstract)] string? AbstractMarkup = null);

/// <summary>A notice about a work.</summary>
/// <param name="Source">Whose notice it is, or who lists it.</param>
/// <param name="SourceId">Its id there.</param>
/// <param name="Doi">The work it names.</param>
/// <param name="Reinstates">Whether it takes a retraction back.</param>
/// <param name="Date">Its day, or null.</param>
/// <param name="Reason">Its words.</param>
/// <param name="Overruled">Whether a curator took the retraction back.</param>
public sealed record ReadNotice(string Source, string SourceId, string Doi, bool Reinstates, DateOnly? Date, string Reason, bool Overruled);

/// <summary>Whose word stands on a field.</summary>
public sealed record StandingField(string Field, string Source, string SourceId);

/// <summary>All that was said of a work.</summary>
/// <param name="Work">What stands.</param>
/// <param name="Stands">For each field that has a value, whose word that is.</param>
/// <param name="Assertions">Every source's word, in the order in which they are believed.</param>
/// <param name="Notices">Every notice about it, the oldest first.</param>
/// <param name="RetractedByCurator">What the curator said who retracted it; absent where none did, or took it back.</param>
public sealed record WorkAssertions(
    ListedWork Work, IReadOnlyList<StandingField> Stands, IReadOnlyList<ReadAssertion> Assertions, IReadOnlyList<ReadNotice> Notices,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] CuratorRetraction? RetractedByCurator = null);

/// <summary>GET /api/works/{id}/assertions: what every source says of a work, also what does not stand, and whose word does.</summary>
internal static class ReadAssertions
{
    /// <summary>The fields that stand as the first word has them in which they are.</summary>
    private static readonly (string Name, Func<SourceWork, bool> Has)[] Fields =
    [
        ("title", _ => true), ("type", _ => true), ("venue", work => work.Venue is not null), ("doi", work => work.Doi is not null), ("arxivId", work => work.ArxivId is not null),
        ("openAlex", work => work.OpenAlex is not null), ("abstract", work => work.Abstract is not null), ("topics", work => work.Topics.Count > 0),
    ];

    internal static void MapReadAssertions(this WebApplication app) => app.MapGet("/api/works/{id}/assertions", ReadAsync).AllowAnonymous()
        .WithName("ReadAssertions").WithTags("Publication").Produces<WorkAssertions>().Produces(301).ProducesProblem(404).ProducesProblem(410);

    private static async Task<IResult> ReadAsync(Guid id, HttpContext http, IDocumentStore store, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        if (await Works.WaitAsync(http, database, clock) is { } problem) return problem;
        await using var session = store.QuerySession();
        var work = (await Work.LoadAsync(session, [id], cancellation)).GetValueOrDefault(id);
        if (work?.IsThere != true || await Works.FindAsync(database, id, cancellation) is not { } listed) return await Works.ElsewhereAsync(http, store, id, cancellation);
        return TypedResults.Ok(new WorkAssertions(listed, Stands(work.Said), [.. Work.Ranked(work.Said).Select(said => Read(said, work.Testimony.HolderOf(said)))],
            [.. work.Testimony.All().SelectMany(part => part.Notices.Select(notice => Read(notice, part))).OrderBy(notice => notice.Date).ThenBy(notice => notice.SourceId, StringComparer.Ordinal)],
            work.Testimony.All().Select(part => part.Retraction).FirstOrDefault(retraction => retraction is not null)));
    }

    /// <summary>Whose word stands on each field that has a value.</summary>
    internal static IReadOnlyList<StandingField> Stands(IReadOnlyList<Assertion> said)
    {
        var ranked = Work.Ranked(said);
        List<(string Field, Assertion? Whose)> whose =
        [
            .. Fields.Select(field => (field.Name, ranked.FirstOrDefault(a => field.Has(a.Work)))),
            ("year", Work.Years(said)), ("publicationDate", Work.Dates(said)), ("authors", Work.Authors(said)),
        ];
        return [.. whose.Where(field => field.Whose is not null).Select(field => new StandingField(field.Field, field.Whose!.Source, field.Whose.SourceId))];
    }

    private static ReadAssertion Read(Assertion said, Guid of) => new(
        said.Source, said.SourceId, said.At == default ? null : said.At, WorkSource.Validates(said.Source), of,
        said.Work.Title, said.Work.Type, said.Work.Year, said.Work.PublicationDate, said.Work.Venue, said.Work.Doi, said.Work.ArxivId, said.Work.OpenAlex, said.Work.Abstract,
        said.Work.Topics, [.. said.Work.Authors.Select((author, n) => new ListedAuthor(author.ResearcherId, author.Name, n + 1))], said.Work.Retracted, said.Work.TitleMarkup, said.Work.AbstractMarkup);

    private static ReadNotice Read(Notice notice, Testimony part) => new(
        notice.Source, notice.SourceId, notice.Doi, notice.Reinstates, notice.On == DateOnly.MinValue ? null : notice.On, notice.Reason, part.Overruled.Contains(notice.Key));
}
