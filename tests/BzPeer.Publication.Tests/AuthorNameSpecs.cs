using CsCheck;
using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>Which printed names can be the name of one person.</summary>
public sealed class AuthorNameSpecs
{
    private static bool Fit(string one, string other) => AuthorName.Of(one).Fits(AuthorName.Of(other));

    private static string Letters(string name) => AuthorName.Of(name).Letters;

    [Theory]
    [InlineData("Stefan Müller", "STEFAN MULLER")]
    [InlineData("João Guimarães", "Joao Guimaraes")]
    [InlineData("Łukasz Øverås", "Lukasz Overas")]
    [InlineData("Xiao-Ming Li", "Xiaoming Li")]
    [InlineData("Jean‐Luc Godard", "Jean Luc Godard")]
    [InlineData("Sinéad O’Brien", "Sinead O'Brien")]
    [InlineData("Mohammed Al-Amin", "Mohammed Alamin")]
    [InlineData("J.-L. Godard", "J. L. Godard")]
    [InlineData("Αλέξης Παπαδάς", "ΑΛΕΞΗΣ ΠΑΠΑΔΑΣ")]
    [InlineData("أَحْمَد العربي", "احمد العربي")]
    [InlineData("Андрей Королёв", "Андреи Королев")]
    [InlineData("Martin Luther King, Jr.", "Martin Luther King Jr")]
    public void Case_diacritics_hyphens_and_apostrophes_make_no_other_name(string one, string other) => Letters(one).ShouldBe(Letters(other));

    [Theory]
    [InlineData("राम कुमार", "रम कुमार")]
    [InlineData("かとう はな", "がとう はな")]
    [InlineData("李军", "李君")]
    [InlineData("김민준", "김민중")]
    public void Marks_that_make_another_letter_make_another_name(string one, string other) => Fit(one, other).ShouldBeFalse();

    [Theory]
    [InlineData("J. Smith", "John Smith")]
    [InlineData("John A. Smith", "John Smith")]
    [InlineData("John Alan Smith", "J. A. Smith")]
    [InlineData("Ludwig van Beethoven", "L. v. Beethoven")]
    [InlineData("Ludwig van Beethoven", "Ludwig Beethoven")]
    [InlineData("Maria da Silva Santos", "Maria Santos")]
    [InlineData("Maria da Silva Santos", "M. S. Santos")]
    [InlineData("J.-L. Godard", "Jean-Luc Godard")]
    [InlineData("Sammy Davis Jr.", "Sammy Davis")]
    [InlineData("A. Ørsted", "Anders Orsted")]
    public void A_shorter_form_fits(string one, string other) => Fit(one, other).ShouldBeTrue();

    [Theory]
    [InlineData("John Smith", "Jane Smith")]
    [InlineData("John Smith", "John Smythe")]
    [InlineData("J. Smith", "Karl Smith")]
    [InlineData("John A. Smith", "John B. Smith")]
    [InlineData("Chris Manning", "Christopher Manning")]
    [InlineData("Maria da Silva", "Maria dos Santos")]
    [InlineData("Sammy Davis Jr.", "Sammy Davis Sr.")]
    [InlineData("Yang Liu", "Liu Yang")]
    [InlineData("王伟", "王伟明")]
    [InlineData("Plato", "Plato Smith")]
    public void Names_that_contradict_each_other_do_not_fit(string one, string other) => Fit(one, other).ShouldBeFalse();

    [Fact]
    public void A_Chinese_or_Korean_name_begins_with_the_family()
    {
        var name = AuthorName.Of("王伟明");
        (name.Family, name.Given).ShouldBe(("王", "伟明"));
        (AuthorName.Of("김민준").Family, AuthorName.Of("김민준").Given).ShouldBe(("김", "민준"));
    }

    [Fact]
    public void A_name_without_letters_is_none() => Letters("…").ShouldBeEmpty();

    [Fact]
    public void Whoever_fits_is_fitted_whatever_the_names_are() =>
        Gen.Select(Words, Words).Sample((one, other) => Fit(one, one) && Fit(one, other) == Fit(other, one));

    [Fact]
    public void Any_text_can_be_a_name() => Gen.String.Sample(text => _ = AuthorName.Of(text));

    private static readonly string[] Vocabulary = ["J.", "John", "Jane", "A.", "van", "Smith", "Li", "Jr.", "李军", "O'Brien", "Jean-Luc"];

    private static Gen<string> Words { get; } = Gen.Int[0, Vocabulary.Length - 1].Select(n => Vocabulary[n]).Array[1, 4].Select(words => string.Join(' ', words));
}
