using CsCheck;
using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>What notices make of a work: state and notice in, events out.</summary>
public sealed class NoticeRetractionsSpecs
{
    private static readonly Guid Id = new("00000000-0000-0000-0000-000000000001");
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private static readonly Assertion Crossref = new(WorkSource.Crossref, "10.1000/1", Records.Work("The article", "10.1000/1"));
    private static readonly Assertion Flagged = new(WorkSource.OpenAlex, "W1", Records.Work("The article", "10.1000/1") with { Retracted = true });

    private static Notice Retraction(string id, int day) => new("retraction-watch", id, "10.1000/1", Reinstates: false, new(2020, 1, day), "Error in Data");

    private static Notice Reinstatement(string id, int day) => Retraction(id, day) with { Reinstates = true };

    private static IReadOnlyList<object> Decide(Work? work, Heard heard) => heard switch
    {
        Assertion said => Work.Decide(work, Id, said, Now),
        Notice notice => NoticeRetractions.Decide(work, Id, notice, Now),
        _ => throw new ArgumentException("No word", nameof(heard)),
    };

    private static Work Given(params IEnumerable<Heard> heard) => heard.Aggregate((Work?)null, (work, said) => Decide(work, said).Aggregate(work, Work.Apply))!;

    [Fact]
    public void A_notice_retracts_the_work_once_and_says_why()
    {
        Decide(Given(Crossref), Retraction("1", 1)).ShouldBe(
            [new Noticed(Id, Retraction("1", 1), Now), new Retracted(Id, "The article", "Error in Data", "retraction-watch", Now, "retraction-watch:1")]);
        Decide(Given(Crossref, Retraction("1", 1)), Retraction("1", 1)).ShouldBeEmpty();
        Decide(Given(Crossref, Retraction("1", 1)), Retraction("2", 2)).ShouldBe([new Noticed(Id, Retraction("2", 2), Now)]);
    }

    [Fact]
    public void A_notice_waits_for_the_work()
    {
        var waiting = Given(Retraction("1", 1));
        waiting.IsThere.ShouldBeFalse();
        Decide(waiting, Crossref).ShouldHaveSingleItem().ShouldBeOfType<Published>().Work.Retracted.ShouldBeTrue();
    }

    [Fact]
    public void A_later_reinstatement_takes_a_retraction_back_also_the_mark_of_a_source()
    {
        Decide(Given(Crossref, Retraction("1", 1)), Reinstatement("2", 2)).Select(e => e.GetType()).ShouldBe([typeof(Noticed), typeof(Reinstated)]);
        Given(Flagged, Reinstatement("2", 2)).Retracted.ShouldBeFalse();
        Given(Crossref, Retraction("1", 3), Reinstatement("2", 2)).Retracted.ShouldBeTrue();
        Given(Crossref, Retraction("1", 1), Reinstatement("2", 2), Retraction("3", 3)).Retracted.ShouldBeTrue();
    }

    [Fact]
    public void The_last_notice_decides_in_whatever_order_they_and_the_records_come() =>
        Gen.Select(Gen.Select(Gen.Int[1, 9], Gen.Bool).Array[0, 5], Gen.Bool, Gen.Bool).Sample((days, flagged, _) =>
        {
            // Two on one day have no order, and the reinstatement is believed.
            Heard[] notices = [.. days.Select((day, n) => day.Item2 ? Reinstatement($"{n}", day.Item1) : Retraction($"{n}", day.Item1))];
            Heard[] all = [Crossref, .. flagged ? new Heard[] { Flagged } : [], .. notices];
            var (last, reinstated) = (days.Where(day => !day.Item2).Select(day => day.Item1).Append(flagged ? 0 : -1).Max(), days.Where(day => day.Item2).Select(day => day.Item1).Append(-1).Max());
            var expected = last > reinstated;
            Gen.Shuffle(all).Sample(shuffled =>
            {
                var events = new List<object>();
                var work = shuffled.Concat(shuffled).Aggregate((Work?)null, (state, heard) =>
                {
                    var decided = Decide(state, heard);
                    events.AddRange(decided);
                    return decided.Aggregate(state, Work.Apply);
                })!;
                // Whoever follows the events is told the same.
                var told = events.Aggregate(false, (retracted, e) => e switch { IWorkStands stands => stands.Work.Retracted, Retracted => true, _ => retracted });
                return work.Retracted == expected && work.Stands.Retracted == expected && told == expected;
            }, iter: 5, threads: 1);
        }, iter: 300);

    [Fact]
    public void A_retraction_that_a_curator_took_back_is_not_brought_again_by_the_same_notice_but_by_another()
    {
        var overruled = Work.Reinstate(Given(Crossref, Flagged, Retraction("1", 1)), "It was another paper", "The publisher", Now).Aggregate<object, Work?>(Given(Crossref, Flagged, Retraction("1", 1)), Work.Apply)!;
        overruled.Retracted.ShouldBeFalse();
        Decide(overruled, Retraction("1", 1)).ShouldBeEmpty();
        var corrected = Retraction("1", 1) with { Reason = "Other words for it" };
        Decide(overruled, corrected).ShouldBe([new Noticed(Id, corrected, Now)]);
        Decide(overruled, Retraction("2", 2)).Select(e => e.GetType()).ShouldBe([typeof(Noticed), typeof(Retracted)]);
        Decide(overruled, Flagged with { Work = Flagged.Work with { Title = "Another title" } }).ShouldHaveSingleItem().ShouldBeOfType<Corrected>().Work.Retracted.ShouldBeFalse();
    }

    [Fact]
    public void What_a_curator_retracted_no_notice_reinstates()
    {
        var work = Given(Crossref);
        work = Work.Retract(work, "Fabricated", "The publisher", Now).Aggregate<object, Work?>(work, Work.Apply)!;
        Decide(work, Reinstatement("1", 9)).ShouldBe([new Noticed(Id, Reinstatement("1", 9), Now)]);
    }
}
