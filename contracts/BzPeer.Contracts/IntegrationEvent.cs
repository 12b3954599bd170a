namespace BzPeer.Contracts;

/// <summary>A fact one service tells the others. Published at least once; <see cref="EventOrigin.EventId"/> tells repeats.</summary>
public interface IIntegrationEvent
{
    /// <summary>Where the fact comes from and where it stands in its source's order.</summary>
    EventOrigin Origin { get; }
}

/// <summary>
/// What every integration event carries besides its data. It lets any consumer see order, repeats and gaps
/// without asking the source.
/// </summary>
/// <param name="EventId">Id of the committed event; also the message id. The same event published again keeps it.</param>
/// <param name="OccurredAt">When it happened, UTC. Never use it for order: clocks jump.</param>
/// <param name="Source">The publishing service: <c>profile</c>, <c>follow</c>, <c>publication</c> or <c>trust</c>.</param>
/// <param name="Subject">The researcher or work the fact is about.</param>
/// <param name="Sequence">Position in the source's store: rises strictly, may have gaps.</param>
/// <param name="Previous">
/// <see cref="Sequence"/> of the event its source published before this one, 0 for the first. A consumer that has
/// everything up to <see cref="Previous"/> has everything up to <see cref="Sequence"/> once it has this.
/// </param>
/// <param name="Stream">The stream the event stands in.</param>
/// <param name="Version">Position within its stream, from 1, without gaps.</param>
public sealed record EventOrigin(
    Guid EventId,
    DateTimeOffset OccurredAt,
    string Source,
    Guid Subject,
    long Sequence,
    long Previous,
    Guid Stream,
    long Version);

/// <summary>Which service publishes an integration event.</summary>
/// <param name="source">One of <see cref="Sources"/>.</param>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class PublishedByAttribute(string source) : Attribute
{
    /// <summary>One of <see cref="Sources"/>.</summary>
    public string Source => source;
}

/// <summary>The names the four sources go by in <see cref="EventOrigin.Source"/>, position tokens and <c>asOf</c>.</summary>
public static class Sources
{
    /// <summary>The profile service.</summary>
    public const string Profile = "profile";

    /// <summary>The follow service.</summary>
    public const string Follow = "follow";

    /// <summary>The publication service.</summary>
    public const string Publication = "publication";

    /// <summary>The trust service.</summary>
    public const string Trust = "trust";
}
