using CsCheck;
using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>Collaboration strength: the sum over shared works of 1/(people - 1).</summary>
public sealed class CollaborationSpecs
{
    [Theory]
    [InlineData(2, 1, 1.0, true)]
    [InlineData(5, 1, 0.25, true)]
    [InlineData(6, 1, 0.2, true)]
    [InlineData(7, 1, 1 / 6.0, false)]
    [InlineData(7, 2, 1 / 3.0, true)]
    [InlineData(1_000, 1, 1 / 999.0, false)]
    [InlineData(1_000, 200, 200 / 999.0, true)]
    [InlineData(1, 3, 0, false)]
    public void A_paper_is_shared_among_the_others_on_it(int people, long works, double strength, bool close)
    {
        var sum = Strength.Of(people, works);
        (sum.Value, sum.IsClose).ShouldBe((strength, close));
    }

    [Fact]
    public void What_makes_exactly_a_fifth_is_close_however_it_adds_up()
    {
        // As floating point, 20 times 0.01 and 10 times 0.01 with 1 times 0.1 fall on different sides of 0.2.
        Strength.Of(101, 20).IsClose.ShouldBeTrue();
        Strength.Sum([(101, 10), (11, 1)]).IsClose.ShouldBeTrue();
        Strength.Sum([(101, 10), (12, 1)]).IsClose.ShouldBeFalse();
        Strength.Sum(Enumerable.Repeat((31, 1L), 6)).ShouldBe(Strength.Close);
    }

    [Fact]
    public void The_order_of_the_works_does_not_matter() =>
        Gen.Select(Gen.Int[2, 200], Gen.Long[1, 50]).List[0, 12].Sample(shared =>
        {
            var sum = Strength.Sum(shared);
            return sum == Strength.Sum(shared.AsEnumerable().Reverse()) && Math.Abs(sum.Value - shared.Sum(same => same.Item2 / (double)(same.Item1 - 1))) < 1e-9;
        });

    [Fact]
    public void The_strongest_comes_first_then_who_shares_more_then_by_id()
    {
        Guid one = new("00000000-0000-0000-0000-000000000001"), two = new("00000000-0000-0000-0000-000000000002");
        Pair strong = new(default, two, 1, Strength.Of(2, 1)), more = new(default, two, 2, Strength.Of(5, 2)), less = new(default, one, 1, Strength.Of(3, 1)), same = new(default, two, 1, Strength.Of(3, 1));
        Collaborators.InOrder([same, less, more, strong]).ShouldBe([strong, more, less, same]);
    }
}
