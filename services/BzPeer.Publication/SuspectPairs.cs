using System.Diagnostics;
using System.Globalization;
using BzPeer.ServiceDefaults;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten;
using Marten.Subscriptions;
using Npgsql;

namespace BzPeer.Publication;

/// <summary>
/// Looks, for the researchers whose works changed, for others who may be the same person: a name that fits, and by now shared co-authors or,
/// for the full name, an institution. Imports settle who somebody is with the evidence there is; this finds what came later, and whom
/// several were as good as. Nothing is joined here, and nothing waits for it.
/// </summary>
internal sealed class SuspectPairs : SubscriptionBase
{
    /// <summary>Works looked at in one go.</summary>
    private const int Page = 200;

    /// <summary>While an import runs, this rests so many times as long as it took: the import comes first.</summary>
    private const int RestDuringImports = 30;

    /// <summary>Shorter than a subscription may stand before the service counts as unhealthy.</summary>
    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(10);

    private const int MostNames = 5;

    private readonly NpgsqlDataSource database;
    private readonly Namesakes namesakes;
    private readonly TimeProvider clock;

    public SuspectPairs(NpgsqlDataSource database, Namesakes namesakes, TimeProvider clock)
    {
        (this.database, this.namesakes, this.clock) = (database, namesakes, clock);
        Name = nameof(SuspectPairs);
        Options.BatchSize = Page;
        Options.MaximumHopperSize = 1;
        IncludedEventTypes.AddRange([typeof(Published), typeof(Corrected), typeof(Reinstated)]);
    }

    private sealed record Suspect(Guid Id, AuthorName Name, string Printed, string? Orcid);

    public override async Task<IChangeListener> ProcessEventsAsync(
        EventRange page, ISubscriptionController controller, IDocumentOperations operations, CancellationToken cancellationToken)
    {
        await page.BeginAsync(operations, cancellationToken);
        var works = page.Events.Where(e => e.Data is IWorkStands).Select(e => e.StreamId).Distinct().ToArray();
        if (works.Length == 0) return NullChangeListener.Instance;
        try
        {
            var started = clock.GetTimestamp();
            await SuspectAsync(works, operations.DocumentStore, cancellationToken);
            var rest = clock.GetElapsedTime(started) * RestDuringImports;
            if (await IsImportingAsync(cancellationToken)) await Task.Delay(rest < LongestRest ? rest : LongestRest, clock, cancellationToken);
            return NullChangeListener.Instance;
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            // An escaping cancellation that is not the daemon's own would stop this subscription for good.
            throw new TimeoutException($"Who may be one person after events {page.SequenceFloor + 1} to {page.SequenceCeiling} could not be found out; it will be tried again.", e);
        }
    }

    /// <summary>In a transaction of its own: what is known already is not said again, so a page that comes twice changes nothing.</summary>
    private async Task SuspectAsync(Guid[] works, IDocumentStore store, CancellationToken cancellation)
    {
        await namesakes.RefreshAsync(database, cancellation);
        var pairs = await PairsAsync(works, cancellation);
        if (pairs.Count == 0) return;
        Guid[] everybody = [.. pairs.SelectMany(pair => new[] { pair.One.Id, pair.Other.Id }).Distinct()];
        var coAuthors = await SharedAsync(
            $"""
            select distinct a.identified, r.letters, r.name from work_authors a join works w on w.id = a.work_id and w.validated and w.people <= {Collaborations.Big}
            join work_authors b on b.work_id = a.work_id and b.identified <> a.identified join researchers r on r.id = b.identified
            where a.identified = any($1)
            """, everybody, cancellation);
        var institutions = await SharedAsync(
            "select distinct a.identified, i.institution_id::text, i.name from work_authors a join work_institutions i on i.work_id = a.work_id and i.position = a.position where a.identified = any($1)",
            everybody, cancellation);
        var found = new List<(Suspect One, Suspect Other, List<PairEvidence> Evidence)>();
        foreach (var (one, other) in pairs)
        {
            List<PairEvidence> evidence = [];
            var sameName = one.Name.Letters == other.Name.Letters;
            // Who shares the name of a co-author is not who is shared.
            var people = Shared(coAuthors, one, other).Where(shared => shared.Key != one.Name.Letters && shared.Key != other.Name.Letters).Select(shared => shared.Name).ToList();
            var places = Shared(institutions, one, other).Select(shared => shared.Name).ToList();
            if (people.Count == 0 && !(sameName && !one.Name.IsInitial && places.Count > 0)) continue;
            evidence.Add(sameName ? new("name", $"the same name: {one.Printed}{(one.Printed == other.Printed ? "" : $", {other.Printed}")}", 3) : new("name", $"names that fit: {one.Printed}, {other.Printed}", 1));
            if (people.Count > 0) evidence.Add(new("coauthors", Say(people, "shared co-author", "shared co-authors"), 10 * people.Count));
            if (places.Count > 0) evidence.Add(new("institution", Say(places, "shared institution", "shared institutions"), 5));
            found.Add((one, other, evidence));
        }

        if (found.Count == 0) return;
        var topics = await SharedAsync(
            "select distinct a.identified, t.topic_id::text, t.label from work_authors a join work_topics t on t.work_id = a.work_id where a.identified = any($1)",
            [.. found.SelectMany(pair => new[] { pair.One.Id, pair.Other.Id }).Distinct()], cancellation);
        var findings = found.ConvertAll(pair => Shared(topics, pair.One, pair.Other).Select(shared => shared.Name).ToList() is { Count: > 0 } labels
            ? new SuspectedPairs.Finding(pair.One.Id, pair.Other.Id, [.. pair.Evidence, new("topics", Say(labels, "shared topic", "shared topics"), 1)])
            : new(pair.One.Id, pair.Other.Id, pair.Evidence));
        var append = new Append();
        await SuspectedPairs.AddAsync(database, append, findings, clock.Now(), Activity.Current?.Id, cancellation);
        await using var session = store.LightweightSession();
        await append.WriteAsync(session, new WorkTables(), cancellation);
        await session.SaveChangesAsync(cancellation);
    }

    /// <summary>Everybody on these works, with everybody whose name fits and who is not on a work beside them. Two ORCID iDs are two people.</summary>
    private async Task<List<(Suspect One, Suspect Other)>> PairsAsync(Guid[] works, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            with touched as materialized (
              select r.* from researchers r where r.id in (select identified from work_authors where work_id = any($1) and identified is not null)),
            pairs as (
              select t.id as one, o.id as other from touched t join researchers o on o.letters = t.letters and o.letters <> ''
              union
              select t.id, o.id from touched t join researchers o on o.family = t.family and o.initial = t.initial and (o.given = t.given or o.given = o.initial or t.given = t.initial))
            select one.id, one.name, one.orcid, other.id, other.name, other.orcid from pairs p join researchers one on one.id = p.one join researchers other on other.id = p.other
            where one.id <> other.id
              and not exists (select 1 from work_authors a join work_authors b on b.work_id = a.work_id where a.identified = one.id and b.identified = other.id)
            """);
        command.Parameters.Add(new() { Value = works });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var pairs = new Dictionary<Guid, (Suspect One, Suspect Other)>();
        while (await row.ReadAsync(cancellation))
        {
            var (one, other) = (Read(0), Read(3));
            if (!one.Name.Fits(other.Name) || (one.Orcid is not null && other.Orcid is not null)) continue;
            if (one.Name.Letters != other.Name.Letters && (namesakes.IsCommon(one.Name) || namesakes.IsCommon(other.Name))) continue;
            pairs.TryAdd(SuspectedPairs.Id(one.Id, other.Id), one.Id.CompareTo(other.Id) < 0 ? (one, other) : (other, one));
        }

        return [.. pairs.OrderBy(pair => pair.Key).Select(pair => pair.Value)];

        Suspect Read(int column) => new(row.GetGuid(column), AuthorName.Of(row.GetString(column + 1)), row.GetString(column + 1), row.IsDBNull(column + 2) ? null : row.GetString(column + 2));
    }

    private async Task<Dictionary<Guid, Dictionary<string, string>>> SharedAsync(string sql, Guid[] researchers, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(sql);
        command.Parameters.Add(new() { Value = researchers });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var found = new Dictionary<Guid, Dictionary<string, string>>();
        while (await row.ReadAsync(cancellation))
        {
            if (!found.TryGetValue(row.GetGuid(0), out var of)) found[row.GetGuid(0)] = of = [];
            // Of several spellings always the same.
            if (!of.TryGetValue(row.GetString(1), out var name) || string.CompareOrdinal(row.GetString(2), name) < 0) of[row.GetString(1)] = row.GetString(2);
        }

        return found;
    }

    private static IEnumerable<(string Key, string Name)> Shared(Dictionary<Guid, Dictionary<string, string>> of, Suspect one, Suspect other)
    {
        var (ones, others) = (of.GetValueOrDefault(one.Id, []), of.GetValueOrDefault(other.Id, []));
        return ones.Where(shared => others.ContainsKey(shared.Key)).Select(shared => (shared.Key, shared.Value)).OrderBy(shared => shared.Value, StringComparer.Ordinal);
    }

    private static string Say(List<string> names, string one, string many) => string.Create(CultureInfo.InvariantCulture,
        $"{names.Count} {(names.Count == 1 ? one : many)}: {string.Join(", ", names.Take(MostNames))}{(names.Count > MostNames ? ", …" : "")}");

    private async Task<bool> IsImportingAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select exists (select 1 from imports where state = 'running')");
        return (bool)(await command.ExecuteScalarAsync(cancellation))!;
    }
}
