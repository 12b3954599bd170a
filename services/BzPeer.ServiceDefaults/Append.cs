using JasperFx.Events;
using Marten;
using Marten.Events.Projections;
using Npgsql;

namespace BzPeer.ServiceDefaults;

/// <summary>
/// Events of many streams, appended in one statement. It writes Marten's own tables, as Marten's append function does one stream at a
/// time: a batch has hundreds of streams, and one call each is most of what it costs (docs/decisions/013-batches-append-in-one-statement.md).
/// Everything else reads and projects these events through Marten.
/// </summary>
public sealed class Append
{
    /// <summary>
    /// A stream that has moved since it was read already has an event of that version, or a row: either is a unique violation, which
    /// ends the transaction. Streams are taken in the order of their ids, so that two batches cannot lock each other out. The
    /// notification wakes the daemon.
    /// </summary>
    private const string Statement =
        """
        with born as (
          insert into mt_streams (id, version, timestamp, created, tenant_id, is_archived)
          select id, version, now(), now(), '*DEFAULT*', false from unnest(?, ?) as s(id, version) order by id),
        grown as (
          update mt_streams set version = s.version, timestamp = now() from unnest(?, ?) as s(id, version) where mt_streams.id = s.id),
        appended as (
          insert into mt_events (seq_id, id, stream_id, version, type, mt_dotnet_type, data, headers, timestamp, tenant_id, is_archived)
          select nextval('mt_events_sequence'), e.id, e.stream, e.version, e.type, e.dotnet_type, e.data::jsonb,
            case when e.trace is not null then jsonb_build_object('traceparent', e.trace) end, now(), '*DEFAULT*', false
          from unnest(?, ?, ?, ?, ?, ?, ?) with ordinality as e(id, stream, version, type, dotnet_type, data, trace, place) order by e.place)
        select pg_notify('mt_events_appended', '')
        """;

    private readonly List<IEvent> events = [];

    /// <summary>The position of the last event of a stream.</summary>
    public static async Task<long> LastAsync(NpgsqlDataSource database, Guid stream, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select coalesce(max(seq_id), 0) from mt_events where stream_id = $1");
        command.Parameters.Add(new() { Value = stream });
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>Adds the last events of a stream, after which it has <paramref name="version"/> in all.</summary>
    public void Add(Guid stream, long version, IReadOnlyList<IEvent> last)
    {
        foreach (var (n, e) in last.Index())
        {
            (e.StreamId, e.Version) = (stream, version - last.Count + n + 1);
            events.Add(e);
        }
    }

    /// <summary>
    /// Adds the events to the session, and what <paramref name="inline"/>, the service's projection that is as new as its events, makes
    /// of them. A session that loses to another writer fails as a whole when it is saved (<see cref="EventStore.IsConflict"/>).
    /// </summary>
    public async Task WriteAsync(IDocumentSession session, IProjection inline, CancellationToken cancellation)
    {
        if (events.Count == 0) return;
        var options = session.DocumentStore.Options;
        var (serializer, types) = (options.Serializer(), options.Events.AllKnownEventTypes().DistinctBy(type => type.EventType).ToDictionary(type => type.EventType));
        var streams = events.GroupBy(e => e.StreamId).OrderBy(stream => stream.Key).Select(stream => (Id: stream.Key, First: stream.First().Version, Last: stream.Last().Version)).ToList();
        var (born, grown) = (streams.FindAll(stream => stream.First == 1), streams.FindAll(stream => stream.First > 1));
        session.QueueSqlCommand(
            Statement,
            born.ConvertAll(stream => stream.Id).ToArray(), born.ConvertAll(stream => stream.Last).ToArray(),
            grown.ConvertAll(stream => stream.Id).ToArray(), grown.ConvertAll(stream => stream.Last).ToArray(),
            events.ConvertAll(e => e.Id).ToArray(), events.ConvertAll(e => e.StreamId).ToArray(), events.ConvertAll(e => e.Version).ToArray(),
            events.ConvertAll(e => types[e.EventType].EventTypeName).ToArray(), events.ConvertAll(e => types[e.EventType].DotNetTypeName).ToArray(),
            events.ConvertAll(e => serializer.ToJson(e.Data)).ToArray(), events.ConvertAll(e => e.Trace()).ToArray());
        await inline.ApplyAsync(session, events, cancellation);
    }
}
