using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>What is said of a record that is not taken.</summary>
public sealed class ReadRecordSpecs
{
    [Fact]
    public void A_rejection_is_text_that_can_be_stored_however_long_and_odd_the_record()
    {
        var rejected = ReadRecord.Rejected(new string('x', 199) + "\U0001D54F", "Because of \0 and \uD835" + new string('y', 5_000));
        rejected.SourceId.ShouldBe(new string('x', 199));
        rejected.Rejection.ShouldNotBeNull().ShouldStartWith("Because of and yyy");
        rejected.Rejection.Length.ShouldBe(1_000);
    }

    [Fact]
    public void A_work_that_breaks_a_rule_is_rejected_with_it() =>
        ReadRecord.Of("W1", Records.Work(title: new string('x', 2_001))).ShouldBe(
            new ReadRecord("W1", null, "The title has 2,001 characters; at most 2,000 are taken."));
}
