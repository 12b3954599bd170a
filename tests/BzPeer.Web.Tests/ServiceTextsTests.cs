using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using BzPeer.Provisioning;
using Microsoft.Extensions.Localization;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace BzPeer.Web.Tests;

public sealed class ServiceTextsTests
{
    private static readonly ResourceManagerStringLocalizerFactory Resources = new(Options.Create(new LocalizationOptions()), NullLoggerFactory.Instance);
    private readonly ServiceTexts told = new(new StringLocalizer<ServiceTexts>(Resources), new StringLocalizer<Texts>(Resources));

    public ServiceTextsTests() => CultureInfo.CurrentCulture = CultureInfo.CurrentUICulture = Languages.All[1];

    [Theory]
    [InlineData("registered from arXiv", "erfasst aus arXiv")]
    [InlineData("1 validated work", "1 bestätigte Arbeit")]
    [InlineData("12 validated works, of which 6 count while nobody has claimed and verified the profile; 1 retracted work not counted", "12 bestätigte Arbeiten, von denen 6 zählen, solange das Profil nicht beansprucht und verifiziert ist; 1 zurückgezogene Arbeit nicht gezählt")]
    [InlineData("3 topics, counted once the profile is claimed and verified", "3 Themen; zählt, sobald das Profil beansprucht und verifiziert ist")]
    [InlineData("worth 1.5 followers with a full voice, by the trust that reaches them from seeds; their number alone gives nothing, counted once the profile is claimed and verified", "so viel wie 1,5 Follower:innen mit voller Stimme, nach dem Vertrauen, das sie von Ausgangspunkten erreicht; ihre Zahl allein gibt nichts; zählt, sobald das Profil beansprucht und verifiziert ist")]
    [InlineData("claim and verify the profile, and one more close collaborator", "das Profil beanspruchen und verifizieren lassen, dazu: ein:e weitere:r enge:r Koautor:in")]
    [InlineData("co-author of 3 works, latest 2023", "Koautor:in bei 3 Arbeiten, zuletzt 2023")]
    [InlineData("published: Of works, and how (and 4 more)", "veröffentlicht: Of works, and how (und 4 weitere Gründe)")]
    [InlineData("published: 3 works", "veröffentlicht: 3 works")]
    [InlineData("You may follow 400 a day and 200 a minute. Come back in 31 s.", "Sie können am Tag 400 und in der Minute 200 Personen folgen. Versuchen Sie es in 31 s wieder.")]
    public void A_sentence_of_a_service_is_told_in_german(string english, string german) => told.Text(english).ShouldBe(german);

    [Theory]
    [InlineData("Something that no service says.")]
    [InlineData("1 validated work; something that no service says")]
    [InlineData("")]
    public void One_that_is_not_known_stays_as_it_is(string english) => told.Text(english).ShouldBe(english);

    [Fact]
    public void In_english_it_is_what_the_service_says()
    {
        CultureInfo.CurrentCulture = CultureInfo.CurrentUICulture = Languages.All[0];

        told.Text("1 validated work").ShouldBe("1 validated work");
    }

    [Fact]
    public void Somebodys_text_that_looks_like_sentences_without_end_is_taken_apart_only_so_far()
    {
        var depths = Regex.Count(told.Text(string.Concat(Enumerable.Repeat("claim and verify the profile, and ", 20_000)) + "x"), "dazu: ");

        depths.ShouldBe(4);
    }

    /// <summary>Whoever rewords a service is told here that the pages are to be reworded too.</summary>
    [Fact]
    public void Every_sentence_is_one_that_a_service_says()
    {
        var services = string.Concat(Directory.EnumerateDirectories(Path.Combine(Repository.Root, "services")).Where(folder => Path.GetFileName(folder) != "BzPeer.Web")
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)).Select(File.ReadAllText));
        var unsaid = XDocument.Load(Path.Combine(Repository.Root, "services", "BzPeer.Web", "ServiceTexts.de.resx")).Root!.Elements("data")
            .Select(data => data.Attribute("name")!.Value)
            // What is put together of pieces is looked for by them: words between what varies, a plural without its s.
            .Where(sentence => Regex.Split(sentence, @"\{\d[^}]*\}|, latest |,? and | day| minute|affiliation (?=validated by)|(?= not counted| on it)|s(?=[ ,:;]|$)").Select(piece => piece.Trim(' ', ',', ':', '.', '(', ')')).Any(piece => piece.Length > 0 && !services.Contains(piece, StringComparison.Ordinal)));

        unsaid.ShouldBeEmpty();
    }
}
