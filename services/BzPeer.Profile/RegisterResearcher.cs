using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using JasperFx.Events;
using Marten;
using Npgsql;

namespace BzPeer.Profile;

/// <summary>On <see cref="AuthorIdentified"/>: registers the researcher, or takes over what became known about them.</summary>
public static class RegisterResearcher
{
    /// <summary>Registers somebody new; a newer import changes what the sources say and keeps what the researcher wrote.</summary>
    public static object? Decide(StoredProfile? stored, AuthorIdentified author, DateTimeOffset now)
    {
        if (stored is null)
            return new Registered(new(author.ResearcherId, author.Name, author.RegisteredFrom, Headline: null, OpenToCollaborate: true,
                author.Affiliation, author.Orcid, author.OpenAlex, author.Keys), author.Origin.Version, now);
        if (author.Origin.Version <= stored.ImportedVersion) return null;
        return new Changed(stored.Profile with
        {
            Name = author.Name,
            Affiliation = author.Affiliation,
            Orcid = author.Orcid,
            OpenAlex = author.OpenAlex,
            Keys = author.Keys,
        }, author.Origin.Version, now);
    }

    internal static async Task ApplyAsync(IServiceProvider services, IReadOnlyList<Delivered<AuthorIdentified>> batch, CancellationToken cancellation)
    {
        var now = services.GetRequiredService<TimeProvider>().Now();
        // The newest of each researcher says everything the older ones do.
        var newest = batch.GroupBy(d => d.Message.ResearcherId).Select(same => same.MaxBy(d => d.Message.Origin.Version)).ToList();
        await using var session = services.GetRequiredService<IDocumentStore>().LightweightSession();
        var stored = await ResearcherCards.LoadProfilesAsync(
            services.GetRequiredService<NpgsqlDataSource>(), [.. newest.Select(d => d.Message.ResearcherId)], cancellation);
        var append = new Append();
        foreach (var (author, trace) in newest)
        {
            var before = stored.GetValueOrDefault(author.ResearcherId);
            if (Decide(before, author, now) is { } decided)
                append.Add(author.ResearcherId, (before?.StreamVersion ?? 0) + 1, [Traced(decided, trace)]);
        }

        await append.WriteAsync(session, new ResearcherCards(), cancellation);
        await session.SaveChangesAsync(cancellation);
    }

    private static IEvent Traced(object decided, string? trace) =>
        decided is Registered registered ? EventStore.Traced(registered, trace) : EventStore.Traced((Changed)decided, trace);
}
