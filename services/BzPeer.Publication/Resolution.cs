using BzPeer.ServiceDefaults;
using Marten;
using Npgsql;

namespace BzPeer.Publication;

/// <summary>Somebody whom a printed name can mean.</summary>
/// <param name="Id">The researcher.</param>
/// <param name="Survivor">Whom they are taken for since a merge; else themselves.</param>
/// <param name="Name">Their name.</param>
/// <param name="Orcid">ORCID iD, or null.</param>
/// <param name="OpenAlex">OpenAlex id, or null.</param>
internal sealed record Candidate(Guid Id, Guid Survivor, AuthorName Name, string? Orcid, string? OpenAlex);

/// <summary>Who an author of a record is.</summary>
/// <param name="Id">The researcher, known or new.</param>
/// <param name="Keys">The keys to know them by from now on.</param>
/// <param name="Other">Whom another of the author's ids names: both may be one person.</param>
internal sealed record Resolved(Guid Id, IReadOnlyList<string> Keys, Guid? Other = null);

/// <summary>
/// Who the authors of records are. By their ids; else by the name on this very work; else by a name that is one person within its
/// source, unless it is so common that it names nobody (<see cref="Namesakes"/>); else by a name that fits somebody with whom the
/// record shares co-authors or, for the full name, an institution. Where several fit and none fits better it is somebody new: two
/// profiles of one person are put right by a merge, two people on one profile by nobody. Topics tell too little: one
/// category of arXiv is shared by thousands, and sources name them differently.
/// Nothing depends on the order in which a record prints its authors.
/// </summary>
internal sealed class Resolution(Namesakes namesakes)
{
    private readonly Dictionary<string, Guid> known = [];
    private readonly Dictionary<Guid, Candidate> people = [];
    private readonly Dictionary<string, HashSet<Guid>> byLetters = [], byFamily = [];

    /// <summary>Whose name stands beside whose on a work that is not big, and who was at which institution.</summary>
    private readonly HashSet<(Guid Researcher, string Letters)> together = [];
    private readonly HashSet<(Guid Researcher, Guid Institution)> at = [];

    /// <summary>Whether a name is common is settled once for all records that are resolved together.</summary>
    private readonly Dictionary<string, bool> common = [];

    /// <summary>As read once: each author passes here several times.</summary>
    private readonly Dictionary<string, AuthorName> read = [];

    /// <summary>Keys that were not known before these records.</summary>
    public Dictionary<string, Guid> NewKeys { get; } = [];

    /// <summary>What is known of the researchers that the records name or can turn out to name, and the version of the stream of each.</summary>
    public Dictionary<Guid, (Identified State, long Version)> Researchers { get; private set; } = [];

    /// <summary>Who the authors of a record are, by their place in it; nobody where nothing tells. They are taken from then on to be known.</summary>
    public IReadOnlyList<Resolved?> Resolve(Assertion record, Work? before)
    {
        var authors = record.Work.Authors;
        var printed = authors.Select(author => Name(author.Name)).ToList();
        var onTheWork = OnTheWork(before, authors);
        var found = new Resolved?[authors.Count];
        var unknown = new List<(int Place, IReadOnlyList<string> Keys)>();
        for (var i = 0; i < authors.Count; i++)
        {
            if (authors[i].ResearcherId is { } given)
            {
                found[i] = new(given, []);
                continue;
            }

            var keys = Keys(record, authors[i], printed[i]);
            var hasId = HasId(authors[i]);
            // Of a name, the key that only this work has tells more.
            var byKey = AuthorIdentity.Resolve(hasId ? keys : [.. keys.Reverse()], known, out var other);
            Guid? sameWork = !authors[i].Unlinked && (!hasId || WorkSource.Validates(record.Source)) && onTheWork.TryGetValue(printed[i].Letters, out var same) && !Contradicts(same, authors[i]) ? same : null;
            if (hasId && byKey is { } named) found[i] = new(named, keys, other);
            else if (sameWork is { } present) found[i] = new(present, hasId ? keys : []);
            else if (byKey is { } sameName) found[i] = new(sameName, keys);
            else if (keys.Count > 0) unknown.Add((i, keys));
        }

        // What people list of their own makes them nobody else by their name.
        var taken = found.Where(one => one is not null).Select(one => one!.Id).ToHashSet();
        var choices = WorkSource.Validates(record.Source) && unknown.Count > 0 ? Choose(record, printed, unknown, taken) : [];
        var introduces = WorkSource.Introduces(record.Source);
        // Who has more ids first: somebody listed twice, once with fewer, is one.
        foreach (var (place, keys) in unknown.OrderByDescending(one => one.Keys.Count).ThenBy(one => one.Keys[0], StringComparer.Ordinal))
        {
            if (choices.TryGetValue(keys[0], out var chosen)) found[place] = new(chosen, keys);
            else if (introduces) found[place] = new(AuthorIdentity.Resolve(keys, known, out _) ?? StableId.Of(keys[0]), keys);
            if (introduces) Claim(found[place]);
        }

        Learn(record, printed, found);
        return found;
    }

    /// <summary>Who an author is that a source describes apart from any work: only ids tell.</summary>
    public Resolved Resolve(AuthorRecord record)
    {
        var keys = AuthorIdentity.Keys(record.Source, record.Author);
        var found = new Resolved(AuthorIdentity.Resolve(keys, known, out var other) ?? StableId.Of(keys[0]), keys, other);
        Claim(found);
        return found;
    }

    /// <summary>What a researcher is called and which ids they have, as of now.</summary>
    public void Know(Identified researcher, bool isNew)
    {
        var name = Name(researcher.Name);
        if (isNew) namesakes.Add(name);
        Know(new Candidate(researcher.ResearcherId, people.GetValueOrDefault(researcher.ResearcherId)?.Survivor ?? researcher.ResearcherId, name, researcher.Orcid, researcher.OpenAlex));
    }

    /// <summary>
    /// By letters of the name, whom another source of record names on this very work: where each of the two prints it once, that is who
    /// it is, and nobody new of the same name. Then those whose names fit and fit nobody else on it. Names that several fit are left out.
    /// </summary>
    public static IReadOnlyDictionary<string, Guid> OnTheWork(Work? work, IReadOnlyList<PrintedAuthor> printed)
    {
        if (work is null) return new Dictionary<string, Guid>();
        var known = work.Said.Where(said => WorkSource.Validates(said.Source)).SelectMany(said => said.Work.Authors)
            .Where(author => author is { ResearcherId: not null, Unlinked: false }).Select(author => (Name: AuthorName.Of(author.Name), Id: author.ResearcherId!.Value)).Distinct().ToList();
        var names = printed.Where(author => !author.Unlinked).Select(author => AuthorName.Of(author.Name)).ToList();
        var once = names.GroupBy(name => name.Letters).Where(same => same.Count() == 1).ToDictionary(same => same.Key, same => same.First());
        var found = known.GroupBy(one => one.Name.Letters, one => one.Id)
            .Where(named => once.ContainsKey(named.Key) && named.Distinct().Take(2).Count() == 1).ToDictionary(named => named.Key, named => named.First());

        // Big works print initials that fit many: there only the same name tells.
        if (names.Count > Collaborations.Big || known.Count > 2 * Collaborations.Big) return found;
        var left = once.Values.Where(name => !found.ContainsKey(name.Letters)).ToList();
        var open = known.Where(one => !found.ContainsValue(one.Id)).ToList();
        foreach (var name in left)
        {
            var fits = open.Where(one => one.Name.Fits(name)).ToList();
            if (fits.Select(one => one.Id).Distinct().Take(2).Count() == 1 && fits.All(one => names.Count(other => other.Fits(one.Name)) == 1)) found[name.Letters] = fits[0].Id;
        }

        return found;
    }

    private IReadOnlyList<string> Keys(Assertion record, PrintedAuthor author, AuthorName name)
    {
        var keys = AuthorIdentity.Keys(record.Source, author, Name);
        if (keys.Count == 0 || HasId(author)) return keys;
        // The work's own key tells the bearers of a common name apart, and is the same when the record comes again. A name can become common, or
        // cease to be, by those who become known ahead of a large work: everybody on it has that key too.
        var onTheWork = $"{keys[0]} {record.Keys().FirstOrDefault() ?? record.SourceId}";
        return IsCommon(name) ? [onTheWork] : record.Work.Authors.Count > RecordWorks.Large ? [keys[0], onTheWork] : keys;
    }

    private AuthorName Name(string printed) => read.TryGetValue(printed, out var name) ? name : read[printed] = AuthorName.Of(printed);

    private bool IsCommon(AuthorName name) => common.TryGetValue(name.Letters, out var settled) ? settled : common[name.Letters] = namesakes.IsCommon(name);

    private static bool HasId(PrintedAuthor author) => (author.Orcid ?? author.OpenAlex) is not null;

    /// <summary>Two ids of one kind are two people, until a curator says otherwise.</summary>
    private bool Contradicts(Guid researcher, PrintedAuthor author) =>
        people.TryGetValue(researcher, out var one) && ((author.Orcid is not null && one.Orcid is not null) || (author.OpenAlex is not null && one.OpenAlex is not null));

    private sealed record Choice(Candidate Candidate, int CoAuthors, bool SameName, bool SameInstitution)
    {
        public (int, bool, bool) Rank => (CoAuthors, SameName, SameInstitution);
    }

    /// <summary>By first key: the one researcher whom a name means. Those who are somebody else on the record already are nobody's choice.</summary>
    private Dictionary<string, Guid> Choose(Assertion record, IReadOnlyList<AuthorName> names, IEnumerable<(int Place, IReadOnlyList<string> Keys)> unknown, HashSet<Guid> taken)
    {
        var letters = names.Count <= Collaborations.Big ? names.Select(name => name.Letters).ToHashSet() : [];
        var best = new List<(string Key, Choice Choice)>();
        foreach (var same in unknown.GroupBy(author => author.Keys[0], author => author.Place))
        {
            var (authors, name) = (same.Select(place => record.Work.Authors[place]).ToList(), names[same.First()]);
            var choices = Candidates(name, HasId(authors[0])).Where(one => !taken.Contains(one.Id)).Select(one => Weigh(one, name, authors, letters)).OfType<Choice>()
                .OrderByDescending(choice => choice.Rank).ThenBy(choice => choice.Candidate.Id).ToList();
            if (choices.Count > 0 && IsClear(choices)) best.Add((same.Key, choices[0]));
        }

        // Whom two names of one record mean, is who is meant better, or neither.
        return best.GroupBy(one => one.Choice.Candidate.Survivor)
            .Select(same => same.OrderByDescending(one => one.Choice.Rank).ToList())
            .Where(same => same.Count == 1 || !same[0].Choice.Rank.Equals(same[1].Choice.Rank))
            .ToDictionary(same => same[0].Key, same => same[0].Choice.Candidate.Id);
    }

    private static bool IsClear(List<Choice> choices) =>
        choices.All(other => other.Candidate.Survivor == choices[0].Candidate.Survivor || !other.Rank.Equals(choices[0].Rank));

    private IEnumerable<Candidate> Candidates(AuthorName name, bool hasId)
    {
        var ids = byLetters.GetValueOrDefault(name.Letters, []).AsEnumerable();
        // An id is worth more than a name that only fits.
        if (!hasId && name.Family is not null) ids = ids.Concat(byFamily.GetValueOrDefault(name.Family, [])).Distinct();
        return ids.Select(id => people[id]).Where(one => one.Name.Fits(name));
    }

    /// <summary>What speaks for a candidate; null where that is too little. Authors of one key are one, however often they are printed.</summary>
    private Choice? Weigh(Candidate one, AuthorName name, List<PrintedAuthor> authors, HashSet<string> letters)
    {
        var sameName = one.Name.Letters == name.Letters;
        var coAuthors = letters.Count(other => other != name.Letters && together.Contains((one.Id, other)));
        var sameInstitution = authors.SelectMany(author => author.Institutions ?? []).Any(institution => at.Contains((one.Id, institution.StableId())));
        var isEnough = HasId(authors[0]) ? sameName && !name.IsInitial && coAuthors > 0 && !authors.Any(author => Contradicts(one.Id, author))
            : sameName ? coAuthors > 0 || (sameInstitution && !name.IsInitial)
            : coAuthors > 0 && !IsCommon(name) && !IsCommon(one.Name);
        return isEnough ? new(one, coAuthors, sameName, sameInstitution) : null;
    }

    private void Learn(Assertion record, IReadOnlyList<AuthorName> names, Resolved?[] found)
    {
        if (WorkSource.Introduces(record.Source))
            foreach (var one in found) Claim(one);
        var letters = found.Select((one, place) => one is null ? null : people.TryGetValue(one.Id, out var known) ? known.Name.Letters : names[place].Letters).ToList();
        for (var i = 0; i < found.Length; i++)
        {
            if (found[i] is not { } one) continue;
            foreach (var institution in record.Work.Authors[i].Institutions ?? []) at.Add((one.Id, institution.StableId()));
            if (found.Length > Collaborations.Big || !WorkSource.Validates(record.Source)) continue;
            for (var other = 0; other < found.Length; other++)
                if (found[other] is { } coAuthor && coAuthor.Id != one.Id) together.Add((one.Id, letters[other]!));
        }
    }

    private void Claim(Resolved? found)
    {
        foreach (var key in found?.Keys ?? [])
            if (known.TryAdd(key, found!.Id)) NewKeys[key] = found.Id;
    }

    private void Know(Candidate one)
    {
        people[one.Id] = one;
        List(byLetters, one.Name.Letters);
        if (one.Name.Family is not null) List(byFamily, one.Name.Family);

        void List(Dictionary<string, HashSet<Guid>> by, string name)
        {
            if (!by.TryGetValue(name, out var ids)) by[name] = ids = [];
            ids.Add(one.Id);
        }
    }

    /// <summary>Reads what the decisions on these records need: whom their keys name and, where none names anybody, whom their names can mean and what speaks for them.</summary>
    public static async Task<Resolution> LoadAsync(
        NpgsqlDataSource database, ISerializer serializer, Namesakes namesakes, IReadOnlyList<(Assertion Record, Work? Before)> records, IReadOnlyList<AuthorRecord> apart, CancellationToken cancellation)
    {
        await namesakes.RefreshAsync(database, cancellation);
        var resolution = new Resolution(namesakes);
        var authors = records.SelectMany(record => record.Record.Work.Authors.Where(author => author.ResearcherId is null).Select(author => (record.Record, Author: author, Name: resolution.Name(author.Name))))
            .Select(one => (one.Record, one.Author, one.Name, Keys: resolution.Keys(one.Record, one.Author, one.Name))).Where(one => one.Keys.Count > 0).ToList();
        string[] keys = [.. authors.SelectMany(one => one.Keys).Concat(apart.SelectMany(one => AuthorIdentity.Keys(one.Source, one.Author))).Distinct()];
        if (keys.Length == 0) return resolution;
        foreach (var (key, id) in await AuthorIdentity.LoadKeysAsync(database, keys, cancellation)) resolution.known[key] = id;

        var unknown = authors.Where(one => WorkSource.Validates(one.Record.Source) && !one.Keys.Any(resolution.known.ContainsKey)).ToList();
        var present = records.SelectMany(record => OnTheWork(record.Before, record.Record.Work.Authors).Values).ToHashSet();
        if (unknown.Count > 0 || present.Count > 0)
        {
            await resolution.LoadCandidatesAsync(database, [.. unknown.Select(one => (one.Name, HasId(one.Author)))], present, cancellation);
            var candidates = unknown.SelectMany(one => resolution.Candidates(one.Name, HasId(one.Author)).Where(candidate => !resolution.Contradicts(candidate.Id, one.Author))).Select(one => one.Id).ToHashSet();
            if (candidates.Count > 0) await resolution.LoadEvidenceAsync(database, [.. candidates], records, cancellation);
        }

        Guid[] named = [.. resolution.known.Values.Concat(present).Concat(resolution.together.Select(one => one.Researcher)).Concat(resolution.at.Select(one => one.Researcher)).Distinct()];
        if (named.Length > 0) resolution.Researchers = await AuthorIdentity.LoadAsync(database, serializer, named, cancellation);
        foreach (var (state, _) in resolution.Researchers.Values) resolution.Know(state, isNew: false);
        return resolution;
    }

    private async Task LoadCandidatesAsync(NpgsqlDataSource database, List<(AuthorName Name, bool HasId)> names, HashSet<Guid> present, CancellationToken cancellation)
    {
        // Names that fit without being the same are looked for where that can be enough.
        var fitting = names.Where(one => !one.HasId && one.Name.Family is not null && !IsCommon(one.Name)).Select(one => one.Name).DistinctBy(name => (name.Family, name.Given)).ToList();
        var (full, initial) = (fitting.FindAll(name => !name.IsInitial), fitting.FindAll(name => name.IsInitial));
        await using var command = database.CreateCommand(
            """
            with meant as (
              select id from researchers where letters = any($1)
              union select id from unnest($2) p(id)
              union select r.id from unnest($3, $4, $5) n(family, initial, given) join researchers r on r.family = n.family and r.initial = n.initial and r.given in (n.given, n.initial)
              union select r.id from unnest($6, $7) n(family, initial) join researchers r on r.family = n.family and r.initial = n.initial)
            select r.id, coalesce(s.survivor, r.id), r.name, r.orcid, r.open_alex from meant join researchers r using (id) left join survivors s on s.id = r.id
            """);
        foreach (var parameter in (object[])
            [
                names.Select(one => one.Name.Letters).Distinct().ToArray(), present.ToArray(),
                full.ConvertAll(name => name.Family!).ToArray(), full.ConvertAll(name => name.Initial!).ToArray(), full.ConvertAll(name => name.Given!).ToArray(),
                initial.ConvertAll(name => name.Family!).ToArray(), initial.ConvertAll(name => name.Initial!).ToArray(),
            ]) command.Parameters.Add(new() { Value = parameter });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            Know(new(row.GetGuid(0), row.GetGuid(1), Name(row.GetString(2)), row.IsDBNull(3) ? null : row.GetString(3), row.IsDBNull(4) ? null : row.GetString(4)));
    }

    /// <summary>
    /// Whom the candidates wrote with, of those on these records, and where they were. By whom the records name: a merge changes nothing
    /// about it, so taking it back does not either. From the candidates, who are few, to their co-authors: the other way round would go through all
    /// works of everybody on the records.
    /// </summary>
    private async Task LoadEvidenceAsync(NpgsqlDataSource database, Guid[] candidates, IReadOnlyList<(Assertion Record, Work? Before)> records, CancellationToken cancellation)
    {
        var authors = records.SelectMany(record => record.Record.Work.Authors).ToList();
        var letters = records.Where(record => record.Record.Work.Authors.Count <= Collaborations.Big).SelectMany(record => record.Record.Work.Authors).Select(author => Name(author.Name).Letters).Distinct().ToArray();
        await using (var command = database.CreateCommand(
            $"""
            with theirs as materialized (
              select distinct a.identified, a.work_id from work_authors a join works w on w.id = a.work_id and w.validated and w.people <= {Collaborations.Big} where a.identified = any($1)),
            beside as materialized (select distinct t.identified, b.identified as other from theirs t join work_authors b on b.work_id = t.work_id and b.identified <> t.identified)
            select distinct b.identified, r.letters from beside b join researchers r on r.id = b.other where r.letters = any($2)
            """))
        {
            command.Parameters.Add(new() { Value = candidates });
            command.Parameters.Add(new() { Value = letters });
            await using var row = await command.ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation)) together.Add((row.GetGuid(0), row.GetString(1)));
        }

        var institutions = authors.SelectMany(author => author.Institutions ?? []).Select(institution => institution.StableId()).Distinct().ToArray();
        if (institutions.Length == 0) return;
        await using var where = database.CreateCommand(
            """
            select distinct a.identified, i.institution_id from work_authors a join work_institutions i on i.work_id = a.work_id and i.position = a.position
            where a.identified = any($1) and i.institution_id = any($2)
            """);
        where.Parameters.Add(new() { Value = candidates });
        where.Parameters.Add(new() { Value = institutions });
        await using var place = await where.ExecuteReaderAsync(cancellation);
        while (await place.ReadAsync(cancellation)) at.Add((place.GetGuid(0), place.GetGuid(1)));
    }
}
