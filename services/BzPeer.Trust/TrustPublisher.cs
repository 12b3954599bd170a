using BzPeer.Contracts;
using BzPeer.ServiceDefaults;

namespace BzPeer.Trust;

/// <summary>From the stream events of this service to what it tells the others. Evidence stays here.</summary>
public static class TrustPublisher
{
    /// <summary>Every public event of the trust service.</summary>
    public static Publications Publications { get; } = new Publications(Sources.Trust)
        .Add<Recalculated, TrustRecalculated>(e => e.Data.ResearcherId, (e, origin) => new(
            origin, e.Data.ResearcherId, e.Data.Score, e.Data.Level, e.Data.PreviousScore, e.Data.PreviousLevel, e.Data.ModelVersion, e.Data.Contributions, Told(e.Data.Cause)))
        .Add<LevelChanged, TrustLevelChanged>(e => e.Data.ResearcherId, (e, origin) => new(origin, e.Data.ResearcherId, e.Data.From, e.Data.To, e.Data.Score))
        .Add<Restated, TrustRestated>(e => e.Data.ResearcherId, (e, origin) => new(
            origin, e.Data.ResearcherId, e.Data.FromScore, e.Data.ToScore, e.Data.ModelVersion, Told(e.Data.Cause)));

    private static TrustCause Told(Cause cause) => new(cause.Type, cause.EventId, cause.Reason, cause.WorkId);
}
