using System.Globalization;
using System.Text;
using BzPeer.ServiceDefaults;
using Marten;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace BzPeer.Publication;

/// <summary>
/// Finds a work by its title, first author and year where no id finds it. A title is not a work's own as a DOI is, so it is looked up and never
/// claimed: several works may have one key. Unsure stays apart.
/// </summary>
internal static class WorkTitles
{
    /// <summary>Fewer words than this say little: "Deep learning" is the title of many works, also by people of the same name.</summary>
    private const int LeastWords = 4;

    /// <summary>Letters and digits, with the spaces between the words.</summary>
    private const int LeastLength = 20;

    /// <summary>Years that may lie between a preprint and the article.</summary>
    private const int MostYears = 2;

    /// <summary>A key that so many works have names none of them.</summary>
    public const int MostHomonyms = 4;

    /// <summary>What stands at the beginning of titles that many works share, or that tell of another work.</summary>
    private static readonly string[] Generic =
    [
        "editorial", "guest editorial", "introduction to the", "preface", "foreword", "afterword", "front matter", "back matter", "table of contents", "book review", "book reviews",
        "review of", "erratum", "errata", "corrigendum", "corrigenda", "correction", "addendum", "retraction", "retracted", "withdrawn", "expression of concern", "letter to the",
        "response to", "reply to", "comment on", "comments on", "author response", "authors response", "in memoriam", "obituary", "call for papers", "message from", "report of the", "report on the",
        "proceedings of", "abstracts of", "abstracts from", "annual report", "author index", "subject index", "index of", "list of", "news from", "news and", "supplementary", "data from", "additional file",
    ];

    private static readonly HashSet<string> Suffixes = ["jr", "sr", "ii", "iii", "iv"];

    /// <summary>What a record's title and first author are looked up by, or null where they tell too little.</summary>
    public static string? Key(SourceWork work)
    {
        if (work.Authors is not [{ Name: not PrintedAuthor.Unnamed } first, ..]) return null;
        var title = Plain(work.Title);
        if (title.Length < LeastLength || title.Count(c => c == ' ') < LeastWords - 1) return null;
        if (Generic.Any(start => title.StartsWith(start, StringComparison.Ordinal) && (title.Length == start.Length || title[start.Length] == ' '))) return null;
        var names = Plain(first.Name.Split(',')[0]).Split(' ').Where(part => !Suffixes.Contains(part)).ToList();
        return names is [.., { Length: > 1 } family] ? $"{StableId.Of($"{title}|{family}"):N}" : null;
    }

    /// <summary>
    /// Whether a record that has the key of a work is about it: of the same kind and year, or one a preprint and the other the article; and
    /// without an id that the work has another one of, and not from a collection that has another record of it, but for the other version.
    /// </summary>
    public static bool IsSame(Work work, Assertion record)
    {
        var said = record.Work;
        var key = Key(said);
        return work.Said.Any(word => Key(word.Work) == key && SameKindAndYear(word.Work, said))
            && work.Said.All(word => MayBeOne(word, record));
    }

    private static bool SameKindAndYear(SourceWork one, SourceWork other)
    {
        if (one.Year is null || other.Year is null || KindOf(one) is not { } kind || KindOf(other) is not { } otherKind) return false;
        var years = Math.Abs(one.Year.Value - other.Year.Value);
        return kind == otherKind ? years == 0 : AreVersions(kind, otherKind) && years <= MostYears;
    }

    private static bool MayBeOne(Assertion one, Assertion other)
    {
        if (!Agree(one.Work.ArxivId, other.Work.ArxivId)) return false;
        if (KindOf(one.Work) is { } kind && KindOf(other.Work) is { } otherKind && AreVersions(kind, otherKind)) return true;
        var collection = WorkSource.Collection(one.Source, one.SourceId);
        return Agree(one.Work.Doi, other.Work.Doi) && Agree(one.Work.OpenAlex, other.Work.OpenAlex) && (collection is null || collection != WorkSource.Collection(other.Source, other.SourceId));

        static bool Agree(string? one, string? other) => one is null || other is null || one == other;
    }

    private static bool AreVersions(Kind one, Kind other) => (one, other) is (Kind.Preprint, Kind.Paper) or (Kind.Paper, Kind.Preprint);

    /// <summary>What a type says of how a work came out; null where it says nothing.</summary>
    private static Kind? KindOf(SourceWork work) => work.IsPreprint ? Kind.Preprint : work.Type.ToLowerInvariant().Replace('_', '-').Replace(' ', '-') switch
    {
        "article" or "journal-article" or "article-journal" or "review" or "letter" or "proceedings-article" or "conference-paper" or "paper-conference" or "inproceedings"
            or "book-chapter" or "chapter" or "incollection" or "inbook" => Kind.Paper,
        "book" or "monograph" or "edited-book" or "reference-book" => Kind.Book,
        "dissertation" or "thesis" or "phdthesis" or "mastersthesis" or "dissertation-thesis" => Kind.Thesis,
        "report" or "techreport" or "working-paper" => Kind.Report,
        _ => null,
    };

    private enum Kind
    {
        Preprint,
        Paper,
        Book,
        Thesis,
        Report,
    }

    /// <summary>Letters and digits in lower case without their marks, one space between words: what is left the same by how a source writes a title.</summary>
    private static string Plain(string text)
    {
        var plain = new StringBuilder(text.Length);
        foreach (var c in PlainText.Fold(text).Normalize(NormalizationForm.FormKD))
        {
            if (char.IsLetterOrDigit(c) || char.IsSurrogate(c)) plain.Append(c);
            else if (CharUnicodeInfo.GetUnicodeCategory(c) != UnicodeCategory.NonSpacingMark && plain.Length > 0 && plain[^1] != ' ') plain.Append(' ');
        }

        return plain.ToString().TrimEnd();
    }

    /// <summary>The works that have these keys; of more than <see cref="MostHomonyms"/> with one key, not all.</summary>
    internal static async Task<Dictionary<string, HashSet<Guid>>> LoadAsync(NpgsqlDataSource database, string[] keys, CancellationToken cancellation)
    {
        var found = new Dictionary<string, HashSet<Guid>>();
        if (keys.Length == 0) return found;
        await using var command = database.CreateCommand("select key, work_id from work_titles where key = any($1)");
        command.Parameters.Add(new() { Value = keys });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            if (!found.TryGetValue(row.GetString(0), out var works)) found[row.GetString(0)] = works = [];
            if (works.Count <= MostHomonyms) works.Add(row.GetGuid(1));
        }

        return found;
    }

    internal static void Write(IDocumentSession session, IReadOnlySet<(string Key, Guid Work)> titles)
    {
        if (titles.Count == 0) return;
        var ordered = titles.OrderBy(title => title.Key, StringComparer.Ordinal).ThenBy(title => title.Work).ToList();
        session.QueueSqlCommand("insert into work_titles (key, work_id) select * from unnest(?, ?) on conflict do nothing",
            ordered.ConvertAll(title => title.Key).ToArray(), ordered.ConvertAll(title => title.Work).ToArray());
    }

    internal static void Configure(StoreOptions store)
    {
        var titles = new Table("work_titles");
        titles.AddColumn<string>("key").AsPrimaryKey();
        titles.AddColumn<Guid>("work_id").AsPrimaryKey();
        store.Storage.ExtendedSchemaObjects.Add(titles);
    }
}
