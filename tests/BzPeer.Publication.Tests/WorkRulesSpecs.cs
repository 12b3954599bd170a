using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>What a work may be.</summary>
public sealed class WorkRulesSpecs
{
    private static string? Broken(SourceWork work) => WorkRules.Check(work)?.Rule;

    [Fact]
    public void A_work_needs_a_title_and_a_type()
    {
        Broken(Records.Work()).ShouldBeNull();
        Broken(Records.Work() with { Title = "" }).ShouldBe("no-title");
        Broken(Records.Work() with { Type = "" }).ShouldBe("no-type");
    }

    public static TheoryData<string, int, Func<string, SourceWork>> Limits => new()
    {
        { "title-too-long", 2_000, text => Records.Work() with { Title = text } },
        { "type-too-long", 100, text => Records.Work() with { Type = text } },
        { "venue-too-long", 1_000, text => Records.Work() with { Venue = text } },
        { "abstract-too-long", 50_000, text => Records.Work() with { Abstract = text } },
        { "topic-too-long", 300, text => Records.Work() with { Topics = ["short", text] } },
        { "author-too-long", 500, text => Records.Work() with { Authors = [new("short"), new(text)] } },
        { "institution-too-long", 1_000, text => Records.Work() with { Authors = [new("A", Institutions: [new(text, null)])] } },
    };

    [Theory]
    [MemberData(nameof(Limits), DisableDiscoveryEnumeration = true)]
    public void Every_text_has_a_limit_in_characters_whatever_their_alphabet(string rule, int most, Func<string, SourceWork> with)
    {
        Broken(with(new string('x', most))).ShouldBeNull();
        Broken(with(string.Concat(Enumerable.Repeat("\U0001D54F", most)))).ShouldBeNull();
        Broken(with(new string('x', most + 1))).ShouldBe(rule);
    }

    [Fact]
    public void There_are_limits_to_how_many_there_may_be()
    {
        Broken(Records.Work() with { Topics = [.. Enumerable.Range(0, 100).Select(n => $"{n}")] }).ShouldBeNull();
        Broken(Records.Work() with { Topics = [.. Enumerable.Range(0, 101).Select(n => $"{n}")] }).ShouldBe("too-many-topics");
        Broken(Records.Work() with { Authors = [.. Enumerable.Range(0, 10_000).Select(n => new PrintedAuthor($"{n}"))] }).ShouldBeNull();
        Broken(Records.Work() with { Authors = [.. Enumerable.Range(0, 10_001).Select(n => new PrintedAuthor($"{n}"))] }).ShouldBe("too-many-authors");
    }
}
