using System.Text.Json.Serialization;

namespace BzPeer.Publication;

/// <summary>A retraction by a curator.</summary>
/// <param name="Reason">Why, in the words of the notice.</param>
/// <param name="Source">Where the notice stands.</param>
/// <param name="At">When the curator retracted the work.</param>
public sealed record CuratorRetraction(string Reason, string Source, DateTimeOffset At);

/// <summary>
/// What has been said of a work: the last word of each source's record, the notices about it, what a curator decided, and the
/// same of every work that was merged into it, each by itself, so that a merge can be taken back exactly. What stands is settled
/// from all of it, and never depends on the order in which it came.
/// </summary>
/// <param name="WorkId">The work.</param>
/// <param name="Said">The last word of each source's record.</param>
/// <param name="Notices">Retractions and reinstatements that somebody else published about it.</param>
/// <param name="RetractedByCurator">Whether a curator retracted it; only a curator takes that back.</param>
/// <param name="Overruled">Records and notices whose retraction a curator took back: they say nothing new by saying it again.</param>
/// <param name="Merged">The works that were merged into it.</param>
/// <param name="Apart">Works that a curator took out of it: no record makes them one again.</param>
/// <param name="Retraction">What the curator said who retracted it; null too in what was merged before that was kept.</param>
public sealed record Testimony(
    Guid WorkId, IReadOnlyList<Assertion> Said, IReadOnlyList<Notice> Notices, bool RetractedByCurator, IReadOnlyList<string> Overruled,
    IReadOnlyList<Testimony> Merged, IReadOnlyList<Guid> Apart, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] CuratorRetraction? Retraction = null)
{
    /// <summary>Of a work nobody has spoken of.</summary>
    public static Testimony None(Guid workId) => new(workId, [], [], RetractedByCurator: false, [], [], []);

    /// <summary>This and that of every work in it.</summary>
    public IEnumerable<Testimony> All() => Merged.SelectMany(merged => merged.All()).Prepend(this);

    /// <summary>Every source's word.</summary>
    public IReadOnlyList<Assertion> Words() => Merged.Count == 0 ? Said : [.. All().SelectMany(part => part.Said)];

    /// <summary>Whether a source of record or a curator vouches for the work.</summary>
    public bool Validated() => Words().Any(said => WorkSource.Validates(said.Source));

    /// <summary>
    /// Whether a retraction stands: a curator's, or one that no curator took back and no later reinstatement. A source that only
    /// marks the work says not since when, so any reinstatement is later.
    /// </summary>
    public bool Retracted()
    {
        var parts = All().ToList();
        if (parts.Exists(part => part.RetractedByCurator)) return true;
        var reinstated = parts.SelectMany(part => part.Notices).Where(notice => notice.Reinstates).Max(notice => (DateOnly?)notice.On);
        return parts.SelectMany(part => part.Retractions()).Any(on => reinstated is null || on > reinstated);
    }

    private IEnumerable<DateOnly> Retractions() =>
        Said.Where(said => said.Work.Retracted && !Overruled.Contains(said.Key)).Select(_ => DateOnly.MinValue)
            .Concat(Notices.Where(notice => !notice.Reinstates && !Overruled.Contains(notice.Key)).Select(notice => notice.On));

    /// <summary>With this word in place of what the same record said before.</summary>
    public Testimony Hear(Assertion assertion) => Change(HolderOf(assertion), part => part with
    {
        Said = [.. part.Said.Where(said => said.Key != assertion.Key), assertion],
        // Who stops to say so and says so again, says something new.
        Overruled = assertion.Work.Retracted ? part.Overruled : [.. part.Overruled.Where(key => key != assertion.Key)],
    });

    /// <summary>With this notice in place of what it said before.</summary>
    public Testimony Hear(Notice notice) => Change(HolderOf(notice), part => part with { Notices = [.. part.Notices.Where(known => known.Key != notice.Key), notice] });

    /// <summary>Without the word of this record.</summary>
    public Testimony Without(string key) => this with
    {
        Said = [.. Said.Where(said => said.Key != key)],
        Merged = [.. Merged.Select(merged => merged.Without(key))],
    };

    /// <summary>With whatever said so before overruled.</summary>
    public Testimony Overrule() => this with
    {
        RetractedByCurator = false,
        Retraction = null,
        Overruled = [.. Overruled.Union(Said.Where(said => said.Work.Retracted).Select(said => said.Key)).Union(Notices.Where(notice => !notice.Reinstates).Select(notice => notice.Key))],
        Merged = [.. Merged.Select(merged => merged.Overrule())],
    };

    /// <summary>Without what came with the work <paramref name="id"/>, and apart from it from now on.</summary>
    public Testimony GiveBack(Guid id) => Merged.Any(merged => merged.WorkId == id)
        ? this with { Merged = [.. Merged.Where(merged => merged.WorkId != id)], Apart = [.. Apart.Append(id).Distinct()] }
        : this with { Merged = [.. Merged.Select(merged => merged.GiveBack(id))] };

    /// <summary>Whether a curator found that these two, or works in them, are not the same.</summary>
    public bool IsApartFrom(Testimony other) =>
        All().SelectMany(part => part.Apart).Intersect(other.All().Select(part => part.WorkId)).Any()
        || other.All().SelectMany(part => part.Apart).Intersect(All().Select(part => part.WorkId)).Any();

    /// <summary>
    /// To which of the works in this one something belongs: where the same record spoke before, else whose the first of its keys is that any of
    /// them has, else to this one. It goes along when that work is taken out.
    /// </summary>
    public Guid HolderOf(Heard heard)
    {
        if (Merged.Count == 0) return WorkId;
        var parts = All().ToList();
        var holder = parts.Find(part => part.Said.Any(said => said.Key == heard.Key) || part.Notices.Any(notice => notice.Key == heard.Key))
            ?? heard.Keys().Select(key => parts.Find(part => part.Said.Any(said => said.Keys().Contains(key)))).FirstOrDefault(part => part is not null);
        return (holder ?? this).WorkId;
    }

    private Testimony Change(Guid id, Func<Testimony, Testimony> change) =>
        WorkId == id ? change(this) : this with { Merged = [.. Merged.Select(merged => merged.Change(id, change))] };
}
