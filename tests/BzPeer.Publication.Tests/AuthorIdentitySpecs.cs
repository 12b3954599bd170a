using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>Which source's author is which researcher.</summary>
public sealed class AuthorIdentitySpecs
{
    private const string Orcid = "0000-0002-1825-0097";
    private const string OpenAlex = "A5023888391";
    private static readonly Guid Ada = new("00000000-0000-0000-0000-00000000000a");
    private static readonly Guid Bob = new("00000000-0000-0000-0000-00000000000b");
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly DateOnly Spring = new(2024, 4, 1);

    private static Identified? Decide(Identified? known, PrintedAuthor author, string source = WorkSource.OpenAlex, DateOnly? published = null) =>
        AuthorIdentity.Decide(known, Ada, source, author, published, Now);

    private static PrintedAuthor At(string institution) => new("Ada", OpenAlex: OpenAlex, Institutions: [new(institution, null)]);

    [Fact]
    public void The_ORCID_iD_is_the_first_key_and_the_OpenAlex_id_the_second() =>
        AuthorIdentity.Keys(WorkSource.OpenAlex, new("Ada", Orcid: Orcid, OpenAlex: OpenAlex)).ShouldBe([$"orcid:{Orcid}", $"openalex:{OpenAlex}"]);

    [Theory]
    [InlineData(WorkSource.Arxiv, "name:arxiv:adalovelace")]
    [InlineData(WorkSource.OpenAlex, "name:openalex:adalovelace")]
    [InlineData(WorkSource.Crossref, "name:crossref:adalovelace")]
    public void Without_an_id_the_key_is_the_source_and_the_folded_name(string source, string key) =>
        AuthorIdentity.Keys(source, new("Ada  LOVELACE")).ShouldBe([key]);

    [Theory]
    [InlineData(WorkSource.Curator)]
    [InlineData(WorkSource.SelfAsserted)]
    [InlineData(WorkSource.Orcid)]
    [InlineData(WorkSource.OrcidOwn)]
    [InlineData(WorkSource.List)]
    public void A_name_that_somebody_posts_is_no_key(string source) => AuthorIdentity.Keys(source, new("Ada")).ShouldBeEmpty();

    [Fact]
    public void Whoever_lists_works_at_ORCID_is_registered_from_there() =>
        Decide(null, new("Ada", Orcid: Orcid), WorkSource.OrcidOwn).ShouldNotBeNull().RegisteredFrom.ShouldBe(WorkSource.Orcid);

    [Fact]
    public void A_stand_in_for_a_name_is_no_key() =>
        AuthorIdentity.Keys(WorkSource.Arxiv, PrintedAuthor.Of(null, null, null, null)).ShouldBeEmpty();

    [Fact]
    public void Keys_that_name_somebody_are_that_researcher()
    {
        AuthorIdentity.Resolve(["orcid:1", "openalex:A1"], new Dictionary<string, Guid> { ["openalex:A1"] = Ada }, out var other).ShouldBe(Ada);
        other.ShouldBeNull();
    }

    [Fact]
    public void Keys_that_name_two_follow_the_ORCID_iD()
    {
        AuthorIdentity.Resolve(["orcid:1", "openalex:A1"], new Dictionary<string, Guid> { ["openalex:A1"] = Ada, ["orcid:1"] = Bob }, out var other).ShouldBe(Bob);
        other.ShouldBe(Ada);
    }

    [Fact]
    public void Keys_that_name_nobody_name_nobody() => AuthorIdentity.Resolve(["orcid:1", "openalex:A1"], new Dictionary<string, Guid>(), out _).ShouldBeNull();

    [Fact]
    public void A_new_author_is_identified_with_all_that_the_record_has()
    {
        var identified = Decide(null, new("Ada", Orcid: Orcid, OpenAlex: OpenAlex, Institutions: [new("Engines", "I1"), new("Second", null)]), published: Spring)!;
        identified.ShouldBe(new(Ada, "Ada", WorkSource.OpenAlex, Orcid, OpenAlex, identified.Keys, new("Engines", "I1", WorkSource.OpenAlex, Spring), Now));
        identified.Keys.ShouldBe([$"orcid:{Orcid}", $"openalex:{OpenAlex}"]);
    }

    [Fact]
    public void A_name_is_no_key_to_search_by() => Decide(null, new("Ada"), WorkSource.Arxiv)!.Keys.ShouldBeEmpty();

    [Fact]
    public void The_same_author_again_is_no_news() =>
        Decide(Decide(null, At("Engines"), published: Spring), At("Engines"), published: Spring).ShouldBeNull();

    [Fact]
    public void Another_id_is_news_and_the_first_seen_stays()
    {
        var known = Decide(null, new("Ada", OpenAlex: OpenAlex));
        var news = Decide(known, new("A. Lovelace", Orcid: Orcid, OpenAlex: "A1"))!;
        (news.Name, news.Orcid, news.OpenAlex).ShouldBe(("Ada", Orcid, OpenAlex));
        news.Keys.ShouldBe([$"openalex:{OpenAlex}", $"orcid:{Orcid}", "openalex:A1"]);
    }

    [Fact]
    public void An_author_known_by_an_id_alone_gets_a_name_when_a_source_has_one()
    {
        var known = Decide(null, PrintedAuthor.Of(null, null, OpenAlex, null));
        known!.Name.ShouldBe(OpenAlex);
        Decide(known, new("Ada", OpenAlex: OpenAlex))!.Name.ShouldBe("Ada");
    }

    [Fact]
    public void The_affiliation_of_the_latest_work_stands_in_whatever_order_they_come()
    {
        var (old, recent) = (At("Old"), At("Recent"));
        Decide(Decide(null, old, published: Spring), recent, published: Spring.AddYears(1))!.Affiliation!.Institution.ShouldBe("Recent");
        Decide(Decide(null, recent, published: Spring.AddYears(1)), old, published: Spring).ShouldBeNull();
        Decide(Decide(null, recent), old, published: Spring)!.Affiliation!.Institution.ShouldBe("Old");
    }

    [Fact]
    public void Of_two_affiliations_of_one_day_the_same_stands_whichever_comes_first()
    {
        var (one, other) = (At("Alpha"), At("Beta"));
        Decide(Decide(null, one, published: Spring), other, published: Spring).ShouldBeNull();
        Decide(Decide(null, other, published: Spring), one, published: Spring)!.Affiliation!.Institution.ShouldBe("Alpha");
        Decide(Decide(null, one, WorkSource.Arxiv, Spring), other, WorkSource.OpenAlex, Spring)!.Affiliation!.Institution.ShouldBe("Beta");
        Decide(Decide(null, other, WorkSource.OpenAlex, Spring), one, WorkSource.Arxiv, Spring).ShouldBeNull();
    }
}
