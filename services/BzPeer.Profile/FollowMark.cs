using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using Marten;
using Npgsql;
using Weasel.Postgresql.Functions;
using Weasel.Postgresql.Tables;

namespace BzPeer.Profile;

/// <summary>
/// Up to where the cards have everything from Follow: the mark that a position token waits for on the card of somebody whose counts did
/// not move, and who therefore is sent nothing. It follows the chain of <see cref="FollowerCountChanged"/> from link to link; a link
/// that comes early, because another was redelivered, waits for the one before.
/// </summary>
internal static class FollowMark
{
    /// <summary>Moves the mark on, in the transaction of the counts that <paramref name="batch"/> brings.</summary>
    internal static NpgsqlBatchCommand Advance(IReadOnlyList<Delivered<FollowerCountChanged>> batch)
    {
        var links = batch.Select(delivered => delivered.Message).Where(e => e.PreviousChange is not null).ToArray();
        return new("select follow_mark_advance($1, $2, $3)")
        {
            Parameters =
            {
                new() { Value = Array.ConvertAll(links, e => e.PreviousChange!.Value) },
                new() { Value = Array.ConvertAll(links, e => e.Origin.Sequence) },
                new() { Value = Array.ConvertAll(links, e => e.CompleteTo) },
            },
        };
    }

    /// <summary>The position in Follow that all cards have; 0 before the first.</summary>
    internal static async Task<long> ReadAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select coalesce((select complete_to from follow_mark), 0)");
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    internal static void Configure(StoreOptions store)
    {
        var mark = new Table("follow_mark");
        mark.AddColumn("id", "boolean").AsPrimaryKey();
        mark.AddColumn("sequence", "bigint").NotNull();
        mark.AddColumn("complete_to", "bigint").NotNull();
        var early = new Table("follow_mark_early");
        early.AddColumn("previous", "bigint").AsPrimaryKey();
        early.AddColumn("sequence", "bigint").NotNull();
        early.AddColumn("complete_to", "bigint");
        store.Storage.ExtendedSchemaObjects.Add(mark);
        store.Storage.ExtendedSchemaObjects.Add(early);
        store.Storage.ExtendedSchemaObjects.Add(Function.ForSql(
            """
            create or replace function follow_mark_advance(previous bigint[], sequence bigint[], complete_to bigint[]) returns void as $$
            declare
              mark follow_mark;
              link record;
            begin
              insert into follow_mark values (true, 0, 0) on conflict do nothing;
              select * into mark from follow_mark for update;
              for link in select * from unnest(previous, sequence, complete_to) as l(previous, sequence, complete_to) order by l.sequence loop
                if link.previous = mark.sequence then
                  mark.sequence := link.sequence;
                  mark.complete_to := greatest(mark.complete_to, link.complete_to);
                elsif link.previous > mark.sequence then
                  insert into follow_mark_early values (link.previous, link.sequence, link.complete_to) on conflict do nothing;
                end if;
              end loop;
              loop
                delete from follow_mark_early e where e.previous = mark.sequence returning * into link;
                exit when not found;
                mark.sequence := link.sequence;
                mark.complete_to := greatest(mark.complete_to, link.complete_to);
              end loop;
              -- A link that waited may have come again in one batch with the one before it, and was passed above.
              delete from follow_mark_early e where e.previous < mark.sequence;
              update follow_mark m set sequence = mark.sequence, complete_to = mark.complete_to where m.sequence < mark.sequence;
            end $$ language plpgsql;
            """));
    }
}
