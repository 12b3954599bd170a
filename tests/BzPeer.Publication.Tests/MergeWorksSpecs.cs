using BzPeer.ServiceDefaults;
using CsCheck;
using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>Two works that become one, and two again.</summary>
public sealed class MergeWorksSpecs
{
    private static readonly Guid One = new("00000000-0000-0000-0000-000000000001");
    private static readonly Guid Two = new("00000000-0000-0000-0000-000000000002");
    private static readonly Guid Three = new("00000000-0000-0000-0000-000000000003");
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private static Assertion Word(string source, string id, string title, bool retracted = false, string? doi = null, string? arxiv = null) =>
        new(source, id, Records.Work(title, source == WorkSource.Arxiv ? null : doi ?? $"10.1/{id}", new PrintedAuthor(title, StableId.Of(title))) with { ArxivId = source == WorkSource.Arxiv ? id : arxiv, Retracted = retracted });

    private static Notice Notice(string id, string doi, int day, bool reinstates = false) => new("retraction-watch", id, doi, reinstates, new(2024, 1, day), "Because");

    private static Work Hear(Work? work, Guid id, Heard heard) => (heard switch
    {
        Assertion said => Work.Decide(work, id, said with { At = Now }, Now),
        Notice notice => NoticeRetractions.Decide(work, id, notice, Now),
        _ => throw new ArgumentException("No word", nameof(heard)),
    }).Aggregate(work, Work.Apply)!;

    private static (Work One, Work Other) Merge(Work one, Work other)
    {
        var (onOne, onOther) = MergeWorks.Merge(one, other, "The same", Now);
        return (onOne.Aggregate<object, Work?>(one, Work.Apply)!, Work.Apply(other, onOther)!);
    }

    private static (Work One, Work Other) TakeBack(Work one, Work other)
    {
        var (onOne, onOther) = MergeWorks.TakeBack(one, other.Id, "Not the same", Now);
        return (onOne.Aggregate<object, Work?>(one, Work.Apply)!, Work.Apply(other, onOther)!);
    }

    /// <summary>Everything that is shown of a work.</summary>
    private static string Shown(Work work) => System.Text.Json.JsonSerializer.Serialize((work.Stands, work.Validated, work.Versions, work.Said.OrderBy(said => said.Key).ToList(), work.MergedInto),
        new System.Text.Json.JsonSerializerOptions { IncludeFields = true });

    [Fact]
    public void The_work_that_stands_takes_over_what_was_said_of_the_other_which_ends_there()
    {
        var (one, other) = (Hear(null, One, Word(WorkSource.Crossref, "a", "The article")), Hear(null, Two, Word(WorkSource.Arxiv, "2301.00001", "The preprint")));
        var (stands, gone) = Merge(one, other);
        stands.Said.Select(said => said.Source).ShouldBe([WorkSource.Crossref, WorkSource.Arxiv]);
        (stands.Stands.Doi, stands.Stands.ArxivId, stands.Stands.Title).ShouldBe(("10.1/a", "2301.00001", "The article"));
        (gone.MergedInto, gone.IsThere).ShouldBe((One, false));
        MergeWorks.Merge(one, other, "The same", Now).OnOther.ShouldBeOfType<MergedInto>().Left.ShouldBe([StableId.Of("The preprint")]);
    }

    [Fact]
    public void The_older_stream_stands_and_before_it_a_work_that_is_there()
    {
        var (one, two, three) = (Hear(null, One, Word(WorkSource.Crossref, "a", "A")) with { Entered = 20 }, Hear(null, Two, Word(WorkSource.Crossref, "b", "B")) with { Entered = 10 }, Hear(null, Three, Notice("1", "10.1/c", 1)));
        Gen.Shuffle((Work[])[one, two, three]).Sample(works => MergeWorks.InOrder(works).Select(work => work.Id).SequenceEqual([Two, One, Three]));
    }

    [Fact]
    public void A_merge_with_a_retracted_work_tells_that_the_work_is_retracted_now()
    {
        var (one, other) = (Hear(null, One, Word(WorkSource.Crossref, "a", "A")), Hear(null, Two, Word(WorkSource.OpenAlex, "b", "B", retracted: true)));
        MergeWorks.Merge(one, other, "The same", Now).OnOne.Select(e => e.GetType()).ShouldBe([typeof(TookOver), typeof(Retracted)]);
        var (stands, gone) = Merge(one, other);
        stands.Retracted.ShouldBeTrue();
        var (back, restored) = TakeBack(stands, gone);
        (back.Retracted, restored.Retracted).ShouldBe((false, true));
    }

    [Fact]
    public void A_merge_that_is_taken_back_leaves_both_as_if_it_had_never_been_whatever_came_since()
    {
        Heard[] ofOne = [Word(WorkSource.Crossref, "a", "A"), Word(WorkSource.OpenAlex, "W1", "A again", doi: "10.1/a"), Notice("1", "10.1/a", 1)];
        Heard[] ofTwo =
        [
            Word(WorkSource.Arxiv, "2301.00001", "B"), Word(WorkSource.OpenAlex, "W2", "B again", retracted: true, arxiv: "2301.00001"),
            Word(WorkSource.Arxiv, "2301.00001", "B, second version"), Notice("2", "10.48550/arxiv.2301.00001", 3, reinstates: true),
        ];
        Heard[] ofThree = [Word(WorkSource.Crossref, "c", "C"), Word(WorkSource.OpenAlex, "W3", "C again", doi: "10.1/c")];
        // Each work's own first word comes first, as its ids are known by it; at what place the merges stand among the others is anybody's guess.
        Gen.Select(Gen.Shuffle((Heard[])[.. ofOne[1..], .. ofTwo[1..], .. ofThree[1..]]), Gen.Int[0, 6], Gen.Int[0, 6], Gen.Bool).Sample((heard, first, second, innerFirst) =>
        {
            Work Alone(Guid id, Heard[] mine) => heard.Where(mine.Contains).Prepend(mine[0]).Aggregate((Work?)null, (work, said) => Hear(work, id, said))!;
            var works = new Dictionary<Guid, Work> { [One] = Hear(null, One, ofOne[0]), [Two] = Hear(null, Two, ofTwo[0]), [Three] = Hear(null, Three, ofThree[0]) };
            for (var n = 0; n <= heard.Length; n++)
            {
                if (n == Math.Min(first, second)) (works[Two], works[Three]) = Merge(works[Two], works[Three]);
                if (n == Math.Max(first, second)) (works[One], works[Two]) = Merge(works[One], works[Two]);
                if (n == heard.Length) break;
                var id = ofOne.Contains(heard[n]) ? One : ofTwo.Contains(heard[n]) ? Two : Three;
                var survivor = Work.Survivor(works, id).Id;
                works[survivor] = Hear(works[survivor], survivor, heard[n]);
            }

            if (innerFirst) (works[One], works[Three]) = TakeBack(works[One], works[Three]);
            (works[One], works[Two]) = TakeBack(works[One], works[Two]);
            if (!innerFirst) (works[Two], works[Three]) = TakeBack(works[Two], works[Three]);
            return Shown(works[One]) == Shown(Alone(One, ofOne)) && Shown(works[Two]) == Shown(Alone(Two, ofTwo)) && Shown(works[Three]) == Shown(Alone(Three, ofThree));
        }, iter: 2_000);
    }

    [Fact]
    public void What_a_curator_took_apart_is_apart_for_whatever_either_becomes_part_of()
    {
        var (one, two) = Merge(Hear(null, One, Word(WorkSource.Crossref, "a", "A")), Hear(null, Two, Word(WorkSource.Crossref, "b", "B")));
        (one, two) = TakeBack(one, two);
        one.Testimony.IsApartFrom(two.Testimony).ShouldBeTrue();
        var (three, _) = Merge(Hear(null, Three, Word(WorkSource.Crossref, "c", "C")), one);
        three.Testimony.IsApartFrom(two.Testimony).ShouldBeTrue();
        two.Testimony.IsApartFrom(three.Testimony).ShouldBeTrue();
    }

    [Fact]
    public void Without_a_word_of_its_own_a_work_goes_when_the_other_is_taken_out()
    {
        var (one, two) = Merge(Hear(null, One, Word(WorkSource.Crossref, "a", "A")), Hear(null, Two, Word(WorkSource.Crossref, "b", "B")));
        one = WithdrawRecords.Decide(one, Word(WorkSource.Crossref, "a", "A"), "Deleted", Now).Aggregate<object, Work?>(one, Work.Apply)!;
        one.IsThere.ShouldBeTrue();
        (one, two) = TakeBack(one, two);
        (one.IsThere, two.IsThere).ShouldBe((false, true));
    }
}
