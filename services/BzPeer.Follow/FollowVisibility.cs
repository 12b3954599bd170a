using System.Text.Json.Serialization;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using Marten;
using Npgsql;
using Weasel.Postgresql.Tables;

namespace BzPeer.Follow;

/// <summary>A researcher chose whether others may see their lists, and their counts.</summary>
public sealed record FollowVisibilityChanged(Guid ResearcherId, bool ListsHidden, bool CountsHidden, DateTimeOffset At);

/// <summary>What others may see: who follows whom (<paramref name="Lists"/>) and how many (<paramref name="Counts"/>). The researcher sees both.</summary>
public sealed record VisibilityChoice([property: JsonRequired] bool Lists, [property: JsonRequired] bool Counts);

/// <summary>What a researcher hides from everybody else.</summary>
/// <param name="ListsHidden">Who follows them and whom they follow.</param>
/// <param name="CountsHidden">How many.</param>
/// <param name="Version">Choices made so far: what the next one expects.</param>
public sealed record FollowVisibility(bool ListsHidden, bool CountsHidden, long Version)
{
    private static readonly Guid Namespace = new("0d9a4e38-3b0c-5f0e-8f0d-5f0a2ad3c0f7");

    /// <summary>The researcher's choices are a stream of their own, beside that of their counts.</summary>
    public static Guid StreamId(Guid researcher) => NameBasedId.Of(Namespace, researcher.ToString());

    /// <summary>The choice as an event, unless it stands already.</summary>
    public static IReadOnlyList<object> Decide(FollowVisibility now, Guid researcher, VisibilityChoice choice, DateTimeOffset at) =>
        (now.ListsHidden, now.CountsHidden) == (!choice.Lists, !choice.Counts) ? [] : [new FollowVisibilityChanged(researcher, !choice.Lists, !choice.Counts, at)];

    internal static async Task<FollowVisibility> ReadAsync(NpgsqlDataSource database, Guid researcher, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select lists_hidden, counts_hidden, version from follow_visibility where researcher = $1");
        command.Parameters.Add(new() { Value = researcher });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        return await row.ReadAsync(cancellation) ? new(row.GetBoolean(0), row.GetBoolean(1), row.GetInt64(2)) : new(false, false, 0);
    }

    internal static void Configure(StoreOptions store)
    {
        var table = new Table("follow_visibility");
        table.AddColumn<Guid>("researcher").AsPrimaryKey();
        table.AddColumn("lists_hidden", "boolean").NotNull();
        table.AddColumn("counts_hidden", "boolean").NotNull();
        table.AddColumn("version", "bigint").NotNull();
        store.Storage.ExtendedSchemaObjects.Add(table);
        store.Events.MapEventType<FollowVisibilityChanged>("follow_visibility_changed");
    }
}

/// <summary>GET and PUT /api/me/follow-visibility: hidden lists and counts are <c>null</c> to everybody else, marked <c>hidden</c>.</summary>
public static class ChooseFollowVisibility
{
    internal static void MapFollowVisibility(this WebApplication app)
    {
        app.MapGet("/api/me/follow-visibility", GetAsync).WaitsForPosition(Sources.Follow).WithName("GetFollowVisibility").WithTags("Follow").Produces<VisibilityChoice>();
        app.MapPut("/api/me/follow-visibility", PutAsync).WithName("ChooseFollowVisibility").WithTags("Follow").Produces<VisibilityChoice>();
    }

    private static async Task<IResult> GetAsync(HttpContext http, NpgsqlDataSource database, CancellationToken cancellation)
    {
        var now = await FollowVisibility.ReadAsync(database, http.ResearcherId(), cancellation);
        return TypedResults.Ok(new VisibilityChoice(!now.ListsHidden, !now.CountsHidden));
    }

    private static async Task<IResult> PutAsync(VisibilityChoice choice, HttpContext http, IDocumentStore store, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        var researcher = http.ResearcherId();
        var now = await FollowVisibility.ReadAsync(database, researcher, cancellation);
        if (FollowVisibility.Decide(now, researcher, choice, clock.Now()) is { Count: > 0 } events)
        {
            // Guarded by the version read: of two choices at once one is answered with 409 and made again.
            await using var session = store.TracedSession();
            var appended = session.Events.Append(FollowVisibility.StreamId(researcher), now.Version + events.Count, events);
            session.QueueSqlCommand(
                """
                insert into follow_visibility (researcher, lists_hidden, counts_hidden, version) values (?, ?, ?, ?)
                on conflict (researcher) do update set lists_hidden = excluded.lists_hidden, counts_hidden = excluded.counts_hidden, version = excluded.version
                """, researcher, !choice.Lists, !choice.Counts, now.Version + events.Count);
            await session.SaveChangesAsync(cancellation);
            Position.Write(http, Sources.Follow, appended.Events[^1].Sequence);
        }

        return TypedResults.Ok(choice);
    }
}
