using BzPeer.Testing;
using Marten;
using Npgsql;
using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>The sums that the other services hear of.</summary>
public sealed class BibliographiesTests(SharedPublication service)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private async Task<List<SumsChanged>> Told(Guid researcher)
    {
        await service.SumsAreTold();
        await using var session = service.Host.Store.QuerySession();
        return [.. (await session.Events.FetchStreamAsync(SumsChanged.StreamId(researcher), token: Ct)).Select(e => (SumsChanged)e.Data)];
    }

    [Fact]
    public async Task A_work_is_the_cause_of_the_sums_it_changes_and_a_record_that_comes_again_of_none()
    {
        var author = $"A{Records.Number()}";
        var record = Records.OpenAlex(Records.Number(), author);
        await service.Import(WorkSource.OpenAlex, Records.Lines(record));
        var ada = await service.OpenAlexAuthor(author);
        (await Told(ada)).ShouldHaveSingleItem();

        var work = await PublicationService.Publish(service.Curator, new { title = "Second", type = "article", publicationDate = "2025-01-01", authors = new[] { new { researcherId = ada } } });
        await service.Import(WorkSource.OpenAlex, Records.Lines(record));

        var told = await Told(ada);
        told.Count.ShouldBe(2);
        told[1].Sums.ShouldBe(new(2, 2, 0, 0, 0, 0));
        var cause = told[1].Causes.ShouldHaveSingleItem();
        (cause.Type, cause.WorkId, cause.Title).ShouldBe(("WorkPublished", work.Id, "Second"));
        told[1].Version.ShouldBe(await service.Scalar($"select seq_id from mt_events where id = '{cause.EventId}'"));
        told[1].Version.ShouldBeGreaterThan(told[0].Version);
    }

    [Fact]
    public async Task Who_publishes_while_a_work_of_a_thousand_is_told_is_not_kept_waiting_by_it()
    {
        var (few, many) = (Enumerable.Range(0, 20).Select(_ => $"A{Records.Number()}").ToArray(), Enumerable.Range(0, 980).Select(_ => $"A{Records.Number()}").ToArray());
        var one = $"A{Records.Number()}";
        await service.Import(WorkSource.OpenAlex, Records.Lines(Records.OpenAlex(Records.Number(), few)));
        await service.SumsAreTold();
        // They are told by hundreds in the order of their ids, and not before they have their turn: the last of the few holds up the end.
        List<Guid> known = [];
        foreach (var author in few) known.Add(await service.OpenAlexAuthor(author));
        await using var held = await service.Host.Database.OpenConnectionAsync(Ct);
        await using var turn = await held.BeginTransactionAsync(Ct);
        await using (var take = new NpgsqlCommand($"select pg_advisory_xact_lock({Bibliographies.Turn}, hashtext('{known.Max()}'))", held)) await take.ExecuteNonQueryAsync(Ct);
        await service.Import(WorkSource.OpenAlex, Records.Lines(Records.OpenAlex(Records.Number(), [.. few, .. many])));
        await Eventually.Async(async _ => await ToldOf(many), told => told > 0, "the first are told", ct: Ct);

        await service.Import(WorkSource.OpenAlex, Records.Lines(Records.OpenAlex(Records.Number(), one)));
        await Eventually.Async(async _ => await ToldOf([one]), told => told == 1, "the one is told", ct: Ct);

        (await ToldOf(many)).ShouldBeLessThan(980, "and not after all of the others");
        await turn.CommitAsync(Ct);
        await service.SumsAreTold();
        (await ToldOf(many)).ShouldBe(980);
    }

    private Task<long> ToldOf(string[] authors) => service.Scalar(
        $"select count(*) from bibliographies b where b.works = 1 and b.researcher_id in (select researcher_id from author_keys where key in ({string.Join(", ", authors.Select(author => $"'openalex:{author}'"))}))");

    [Fact]
    public async Task Who_is_no_author_any_more_hears_of_it()
    {
        var (ada, bob) = ($"A{Records.Number()}", $"A{Records.Number()}");
        var number = Records.Number();
        await service.Import(WorkSource.OpenAlex, Records.Lines(Records.OpenAlex(number, ada, bob)));
        (await service.Sums(await service.OpenAlexAuthor(bob))).ShouldBe(new(1, 1, 0, 0, 0, 1));

        await service.Import(WorkSource.OpenAlex, Records.Lines(Records.OpenAlex(number, ada)));

        (await service.Sums(await service.OpenAlexAuthor(bob))).ShouldBe(new(0, 0, 0, 0, 0, 0));
        (await service.Sums(await service.OpenAlexAuthor(ada))).ShouldBe(new(1, 1, 0, 0, 0, 0));
    }

    [Fact]
    public async Task Who_tells_of_large_works_and_who_tells_of_the_others_take_turns_at_a_researcher()
    {
        var many = Enumerable.Range(0, 120).Select(_ => $"A{Records.Number()}").ToArray();
        await service.Import(WorkSource.OpenAlex, Records.Lines(Records.OpenAlex(Records.Number(), many[..2])));
        var ada = await service.OpenAlexAuthor(many[0]);
        await service.SumsAreTold();
        await using var held = await service.Host.Database.OpenConnectionAsync(Ct);
        await using var turn = await held.BeginTransactionAsync(Ct);
        await using (var take = new NpgsqlCommand($"select pg_advisory_xact_lock({Bibliographies.Turn}, hashtext('{ada}'))", held)) await take.ExecuteNonQueryAsync(Ct);

        await service.Import(WorkSource.OpenAlex, Records.Lines(Records.OpenAlex(Records.Number(), many), Records.OpenAlex(Records.Number(), many[..2])));
        await Eventually.Async(
            async _ => await service.Scalar($"select count(*) from pg_locks where classid = {Bibliographies.Turn} and database = (select oid from pg_database where datname = current_database()) and not granted"),
            waiting => waiting == 2, "both wait for their turn", ct: Ct);
        await turn.CommitAsync(Ct);

        await service.SumsAreTold();
        (await Told(ada))[^1].Sums.ShouldBe(new(3, 3, 0, 0, 0, 1));
    }

    [Fact]
    public async Task Close_collaborators_are_those_whom_a_model_in_memory_finds_also_over_works_of_hundreds()
    {
        var ids = Enumerable.Range(0, 260).Select(_ => $"A{Records.Number()}").ToArray();
        var random = new Random(20_260_102);
        // Two that share only works of many, so often that it makes them close; and others at random.
        List<string[]> works = [.. Enumerable.Range(0, 24).Select(n => ids[..(102 + n)]), .. Enumerable.Range(0, 3).Select(_ => ids[50..260])];
        for (var n = 0; n < 150; n++) works.Add([.. random.GetItems(ids[90..120], random.Next(1, 12)).Distinct()]);
        (await service.Import(WorkSource.OpenAlex, works.Select(authors => Records.OpenAlex(Records.Number(), authors)).Lines())).Created.ShouldBe(works.Count);

        var strength = new Dictionary<(string, string), Strength>();
        foreach (var work in works.Where(work => work.Length > 1))
            foreach (var one in work)
                foreach (var other in work.Where(other => other != one))
                    strength[(one, other)] = strength.GetValueOrDefault((one, other), Strength.None) + Strength.Of(work.Length, 1);
        var close = strength.Where(pair => pair.Value.IsClose).CountBy(pair => pair.Key.Item1).ToDictionary();

        await service.SumsAreTold();
        foreach (var id in ids.Where((_, n) => n % 5 == 0))
            (await service.Sums(await service.OpenAlexAuthor(id))).CloseCollaborators.ShouldBe(close.GetValueOrDefault(id), id);
        close.GetValueOrDefault(ids[0]).ShouldBe(102);
        close.GetValueOrDefault(ids[259]).ShouldBe(0);
    }
}
