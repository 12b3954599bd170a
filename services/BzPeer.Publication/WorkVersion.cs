namespace BzPeer.Publication;

/// <summary>A version of a work: the published one, or a preprint of it.</summary>
/// <param name="Kind">Its type, in the term of the source believed first.</param>
/// <param name="Doi">Its own DOI, or null.</param>
/// <param name="ArxivId">Its arXiv id, or null.</param>
/// <param name="Venue">Where it appeared, or null.</param>
/// <param name="Year">Its year, or null.</param>
/// <param name="PublicationDate">Its date, or null.</param>
/// <param name="Sources">Who describes it, the source believed first being the first.</param>
public sealed record WorkVersion(string Kind, string? Doi, string? ArxivId, string? Venue, int? Year, DateOnly? PublicationDate, IReadOnlyList<string> Sources)
{
    /// <summary>
    /// The versions that these words describe, published ones before preprints and then the newest first. Words with the same DOI are about the same
    /// version, preprints with the same arXiv id too; a word without either is about the first of its kind.
    /// </summary>
    /// <param name="ranked">The words, that of whoever is believed first being the first.</param>
    public static IReadOnlyList<WorkVersion> Of(IReadOnlyList<Assertion> ranked)
    {
        if (ranked is [var only]) return [Of(ranked, only.Work.IsPreprint)];
        var versions = new List<List<Assertion>>();
        foreach (var said in ranked.OrderBy(said => IdOf(said.Work) is null ? 1 : 0))
        {
            var id = IdOf(said.Work);
            var version = versions.Find(known => known[0].Work.IsPreprint == said.Work.IsPreprint && (id is null || IdOf(known[0].Work) == id));
            if (version is null) versions.Add([said]);
            else version.Add(said);
        }

        return [.. versions.Select(version => (Preprint: version[0].Work.IsPreprint, Version: Of(version, version[0].Work.IsPreprint)))
            .OrderBy(v => v.Preprint).ThenByDescending(v => v.Version.Year).ThenByDescending(v => v.Version.PublicationDate)
            .ThenBy(v => v.Version.Doi, StringComparer.Ordinal).ThenBy(v => v.Version.ArxivId, StringComparer.Ordinal).Select(v => v.Version)];
    }

    private static WorkVersion Of(IReadOnlyList<Assertion> words, bool preprint)
    {
        var dated = words.FirstOrDefault(said => said.Work.Year is not null)?.Work;
        var date = words.Select(said => said.Work).FirstOrDefault(word => word.PublicationDate is not null && word.Year == dated?.Year)?.PublicationDate;
        return new(words[0].Work.Type, First(word => DoiOf(word)), preprint ? First(word => word.ArxivId) : null, First(word => word.Venue), dated?.Year, date, [.. words.Select(said => said.Source).Distinct()]);

        string? First(Func<SourceWork, string?> field) => words.Select(said => field(said.Work)).FirstOrDefault(value => value is not null);
    }

    /// <summary>arXiv also tells the DOI of the published version, which is not that of the preprint.</summary>
    private static string? DoiOf(SourceWork word) => word.ArxivId is not null && word.IsPreprint && Identifiers.ArxivOfDoi(word.Doi) is null ? null : word.Doi;

    private static string? IdOf(SourceWork word) => word.IsPreprint ? word.ArxivId ?? word.Doi : word.Doi;
}
