using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>Who the authors of records are, in a store that holds nothing but these records.</summary>
public sealed class ResolutionSpecs
{
    private readonly Namesakes namesakes = new(new FakeTimeProvider());
    private readonly Resolution resolution;
    private int records;

    public ResolutionSpecs() => resolution = new(namesakes);

    /// <summary>Makes a name common: many of the family, many of the given name, among not so many others.</summary>
    private void Common(string given, string family)
    {
        foreach (var n in Enumerable.Range(0, 20))
        {
            namesakes.Add(AuthorName.Of($"{given} Other{n}"));
            namesakes.Add(AuthorName.Of($"Other{n} {family}"));
        }
    }

    private Guid?[] Take(string source, params IEnumerable<PrintedAuthor> authors)
    {
        var record = new Assertion(source, $"{++records}", Records.Work(doi: $"10.1000/{records}", authors: [.. authors]));
        var found = resolution.Resolve(record, null);
        foreach (var (author, one) in authors.Zip(found))
            if (one is { Keys.Count: > 0 } && AuthorIdentity.Decide(resolution.Researchers.GetValueOrDefault(one.Id).State, one.Id, source, author, null, default) is { } news)
            {
                resolution.Know(news, isNew: !resolution.Researchers.ContainsKey(one.Id));
                resolution.Researchers[one.Id] = (news, 0);
            }

        return [.. found.Select(one => one?.Id)];
    }

    private Guid?[] Arxiv(params string[] names) => Take(WorkSource.Arxiv, names.Select(name => new PrintedAuthor(name)));

    [Fact]
    public void A_rare_name_is_one_person_within_its_source_whatever_its_accents() => Arxiv("Stefan Müller")[0].ShouldBe(Arxiv("Stefan Muller")[0]);

    [Fact]
    public void A_rare_name_of_another_source_is_somebody_else_without_evidence() =>
        Take(WorkSource.Crossref, new PrintedAuthor("Graham Neubig"))[0].ShouldNotBe(Arxiv("Graham Neubig")[0]);

    [Theory]
    [InlineData("Graham Neubig")]
    [InlineData("G. Neubig")]
    [InlineData("Graham W. Neubig")]
    public void A_name_that_fits_is_the_same_person_beside_the_same_co_author(string name) =>
        Take(WorkSource.Crossref, new PrintedAuthor(name), new PrintedAuthor("Ada Lovelace"))[0].ShouldBe(Arxiv("Graham Neubig", "Ada Lovelace")[0]);

    [Fact]
    public void At_the_same_institution_the_full_name_is_the_same_person_and_an_initial_is_not()
    {
        Institution[] at = [new("Engines", "I1")];
        var known = Arxiv("Graham Neubig", "J. Zwiernik");
        var here = Take(WorkSource.Arxiv, new PrintedAuthor("Graham Neubig", Institutions: at), new PrintedAuthor("J. Zwiernik", Institutions: at));
        here.ShouldBe(known);
        var there = Take(WorkSource.Crossref, new PrintedAuthor("Graham Neubig", Institutions: at));
        there[0].ShouldBe(known[0]);
        Take(WorkSource.Crossref, new PrintedAuthor("J. Zwiernik", Institutions: at))[0].ShouldNotBe(known[1]);
    }

    [Fact]
    public void A_common_name_is_somebody_new_until_a_co_author_tells()
    {
        Common("Yang", "Liu");
        var first = Arxiv("Yang Liu", "Ada Lovelace")[0];
        Arxiv("Yang Liu", "Grace Hopper")[0].ShouldNotBe(first);
        Arxiv("Yang Liu")[0].ShouldNotBe(first);
        Arxiv("Mary Somerville", "Yang Liu", "Ada Lovelace")[1].ShouldBe(first);
    }

    [Fact]
    public void A_common_name_is_not_known_by_an_initial()
    {
        Common("Yang", "Liu");
        var first = Arxiv("Yang Liu", "Ada Lovelace")[0];
        Arxiv("Y. Liu", "Ada Lovelace")[0].ShouldNotBe(first);
    }

    [Fact]
    public void Whom_two_are_as_good_as_is_somebody_new()
    {
        Common("Yang", "Liu");
        Guid?[] two = [Arxiv("Yang Liu", "Ada Lovelace")[0], Arxiv("Yang Liu", "Grace Hopper")[0]];
        var third = Arxiv("Yang Liu", "Ada Lovelace", "Grace Hopper")[0];
        two.ShouldNotContain(third);
        Arxiv("Yang Liu", "Grace Hopper", "Ada Lovelace")[0].ShouldBe(third, "beside both of them there was only the third");
    }

    [Fact]
    public void An_id_finds_who_was_known_by_name_beside_the_same_co_author()
    {
        var byName = Arxiv("Graham Neubig", "Ada Lovelace")[0];
        Take(WorkSource.OpenAlex, new PrintedAuthor("Graham Neubig", OpenAlex: "A1"), new PrintedAuthor("Ada Lovelace", OpenAlex: "A2"))[0].ShouldBe(byName);
    }

    [Fact]
    public void Two_ids_of_one_kind_are_two_people_whoever_is_beside_them()
    {
        var one = Take(WorkSource.OpenAlex, new PrintedAuthor("Graham Neubig", OpenAlex: "A1"), new PrintedAuthor("Ada Lovelace", OpenAlex: "A2"));
        var other = Take(WorkSource.OpenAlex, new PrintedAuthor("Graham Neubig", OpenAlex: "A3"), new PrintedAuthor("Ada Lovelace", OpenAlex: "A2"));
        (other[0] == one[0], other[1] == one[1]).ShouldBe((false, true));
    }

    [Fact]
    public void What_people_list_of_their_own_makes_them_nobody_else()
    {
        var byName = Arxiv("Graham Neubig", "Ada Lovelace")[0];
        Take(WorkSource.OrcidOwn, new PrintedAuthor("Graham Neubig", Orcid: Records.Orcid()), new PrintedAuthor("Ada Lovelace"))[0].ShouldNotBe(byName);
    }

    [Fact]
    public void Of_two_names_on_one_record_that_mean_the_same_person_the_fuller_is_meant()
    {
        var known = Arxiv("Graham Neubig", "Ada Lovelace")[0];
        var found = Take(WorkSource.Crossref, new PrintedAuthor("G. Neubig"), new PrintedAuthor("Graham Neubig"), new PrintedAuthor("Ada Lovelace"));
        (found[0] == known, found[1] == known).ShouldBe((false, true));
    }

    [Fact]
    public void A_work_of_hundreds_makes_nobody_co_authors()
    {
        var crowd = Enumerable.Range(0, Collaborations.Big).Select(n => $"Crowd{n} Person{n}").ToArray();
        var known = Arxiv(["Graham Neubig", .. crowd])[0];
        Take(WorkSource.Crossref, new PrintedAuthor("Graham Neubig"), new PrintedAuthor("Crowd0 Person0"))[0].ShouldNotBe(known);
    }

    [Fact]
    public void The_order_of_the_authors_on_a_record_does_not_matter()
    {
        var author = Gen.Select(
            Of("Yang Liu", "Y. Liu", "Yang P. Liu", "Fei Liu", "Ada Lovelace", "Àda Lovelace", "A. Lovelace", "Grace Hopper"), Gen.Int[0, 5], Gen.Int[0, 3],
            (name, id, at) => new PrintedAuthor(name, OpenAlex: id == 0 ? $"A{name.Sum(letter => letter)}" : null, Institutions: at == 0 ? [new("Engines", "I1")] : null));
        Gen.Select(Gen.Bool, Gen.Select(Of(WorkSource.Arxiv, WorkSource.Crossref, WorkSource.OpenAlex), author.List[1, 5]).List[1, 8], Gen.Int).Sample((common, works, seed) =>
        {
            var (asPrinted, shuffled, shuffle) = (new ResolutionSpecs(), new ResolutionSpecs(), new Random(seed));
            if (common)
            {
                asPrinted.Common("Yang", "Liu");
                shuffled.Common("Yang", "Liu");
            }

            foreach (var (source, authors) in works)
            {
                // Who is printed twice the same way is one, whichever of them comes first.
                var distinct = authors.DistinctBy(one => (one.Name, one.OpenAlex)).ToArray();
                var order = Enumerable.Range(0, distinct.Length).ToArray();
                shuffle.Shuffle(order);
                var (one, other) = (asPrinted.Take(source, distinct), shuffled.Take(source, order.Select(place => distinct[place])));
                for (var i = 0; i < order.Length; i++)
                    if (one[order[i]] != other[i]) return false;
            }

            return true;
        });
    }

    private static Gen<string> Of(params string[] values) => Gen.Int[0, values.Length - 1].Select(n => values[n]);
}
