using System.Text;
using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace BzPeer.Publication.Tests;

/// <summary>What imports of each format leave in the record: whose word it is, whom it brings into being, and nothing twice.</summary>
public sealed class ImportFormatsTests(PublicationService service) : IClassFixture<PublicationService>
{
    private const string OrcidJson = "application/vnd.orcid+json";
    private const string BibtexType = "application/x-bibtex";

    private static JsonObject Crossref(string doi, params IEnumerable<(string Family, string? Orcid)> authors) => new()
    {
        ["DOI"] = doi,
        ["type"] = "journal-article",
        ["title"] = new JsonArray("On engines"),
        ["published"] = new JsonObject { ["date-parts"] = new JsonArray(new JsonArray(2019)) },
        ["author"] = new JsonArray([.. authors.Select(author => new JsonObject { ["given"] = "Ada", ["family"] = author.Family, ["ORCID"] = author.Orcid })]),
    };

    /// <summary>An ORCID record with one work, added by its owner or in the name of an organisation.</summary>
    private static string OrcidRecord(string orcid, long putCode, string? doi, string? client = null, string name = "Ada Lovelace") => new JsonObject
    {
        ["orcid-identifier"] = new JsonObject { ["path"] = orcid },
        ["person"] = new JsonObject { ["name"] = new JsonObject { ["credit-name"] = new JsonObject { ["value"] = name } } },
        ["activities-summary"] = new JsonObject
        {
            ["works"] = new JsonObject
            {
                ["group"] = new JsonArray(new JsonObject
                {
                    ["work-summary"] = new JsonArray(new JsonObject
                    {
                        ["put-code"] = putCode,
                        ["title"] = new JsonObject { ["title"] = new JsonObject { ["value"] = "On engines" } },
                        ["type"] = "journal-article",
                        ["source"] = client is null ? new JsonObject { ["source-orcid"] = new JsonObject { ["path"] = orcid } } : new JsonObject { ["source-client-id"] = new JsonObject { ["path"] = client } },
                        ["external-ids"] = doi is null ? null : new JsonObject { ["external-id"] = new JsonArray(new JsonObject { ["external-id-type"] = "doi", ["external-id-value"] = doi }) },
                    }),
                }),
            },
        },
    }.ToJsonString();

    private static string Doi() => $"10.5555/{Records.Number()}";

    private Task<ImportStatus> Import(string format, string body, string type) => service.Import(format, Encoding.UTF8.GetBytes(body), type);

    private async Task<long> Researchers(string key) => await service.Scalar($"select count(*) from author_keys where key = '{key}'");

    [Fact]
    public async Task A_work_of_Crossref_is_validated_and_its_authors_are_known_by_iD_else_by_name()
    {
        var (doi, orcid, family) = (Doi(), Records.Orcid(), $"Lovelace{Records.Number()}");
        var status = await service.Import(WorkSource.Crossref, Records.Lines(Crossref(doi, ("Byron", orcid), (family, null))));
        (status.State, status.Created, status.Rejected).ShouldBe(("completed", 1, 0));
        var work = await service.WorkKnownAs($"doi:{doi}");
        (work.Year, work.PublicationDate, work.Validated).ShouldBe((2019, null, true));
        work.Authors.Select(author => author.ResearcherId).ShouldBe([await service.Known($"orcid:{orcid}"), await service.Known($"name:crossref:{AuthorName.Of($"Ada {family}").Letters}")]);
    }

    [Fact]
    public async Task What_people_add_to_their_ORCID_record_makes_them_known_and_validates_nothing()
    {
        var (orcid, putCode) = (Records.Orcid(), Records.Number());
        (await Import(WorkSource.Orcid, OrcidRecord(orcid, putCode, doi: null), OrcidJson)).Created.ShouldBe(1);
        var work = await service.WorkKnownAs($"orcid:{orcid}/work/{putCode}");
        (work.Validated, work.Authors.ShouldHaveSingleItem().ResearcherId).ShouldBe((false, await service.Known($"orcid:{orcid}")));
        (await service.Sums(work.Authors[0].ResearcherId!.Value)).ShouldSatisfyAllConditions(sums => sums.Validated.ShouldBe(0), sums => sums.SelfAsserted.ShouldBe(1));
        (await service.Scalar($"select count(*) from mt_events where stream_id = '{work.Authors[0].ResearcherId}' and data ->> 'registeredFrom' = 'orcid'")).ShouldBe(1);
    }

    [Fact]
    public async Task What_an_organisation_adds_to_an_ORCID_record_validates_the_work()
    {
        var (orcid, doi) = (Records.Orcid(), Doi());
        await Import(WorkSource.Orcid, OrcidRecord(orcid, Records.Number(), doi, client: "APP-1"), OrcidJson);
        (await service.WorkKnownAs($"doi:{doi}")).Validated.ShouldBeTrue();
    }

    [Fact]
    public async Task An_entry_of_an_ORCID_record_stays_one_work_when_a_DOI_is_added_to_it()
    {
        var (orcid, putCode, doi) = (Records.Orcid(), Records.Number(), Doi());
        await Import(WorkSource.Orcid, OrcidRecord(orcid, putCode, doi: null), OrcidJson);
        var before = await service.WorkKnownAs($"orcid:{orcid}/work/{putCode}");
        (await Import(WorkSource.Orcid, OrcidRecord(orcid, putCode, doi), OrcidJson)).Updated.ShouldBe(1);
        (await service.WorkKnownAs($"doi:{doi}")).Id.ShouldBe(before.Id);
    }

    [Fact]
    public async Task A_list_that_a_person_keeps_validates_nothing_and_brings_nobody_into_being()
    {
        var (known, unknown, doi) = (Records.Orcid(), Records.Orcid(), Doi());
        await Import(WorkSource.Orcid, OrcidRecord(known, Records.Number(), Doi()), OrcidJson);
        var item = $$"""
            [{ "id": "k", "type": "book", "title": "On engines", "DOI": "{{doi}}", "issued": { "date-parts": [[2019, 5]] },
               "author": [{ "family": "Lovelace", "ORCID": "{{known}}" }, { "family": "Byron", "ORCID": "{{unknown}}" }, { "family": "Babbage" }] }]
            """;
        (await Import(ImportReader.Csl, item, "application/vnd.citationstyles.csl+json")).Created.ShouldBe(1);
        var work = await service.WorkKnownAs($"doi:{doi}");
        work.Validated.ShouldBeFalse();
        work.Authors.Select(author => author.ResearcherId).ShouldBe([await service.Known($"orcid:{known}"), null, null]);
        (await Researchers($"orcid:{unknown}")).ShouldBe(0);
    }

    [Fact]
    public async Task Nobody_becomes_the_author_of_a_work_of_record_by_an_ORCID_record_of_their_own()
    {
        var (doi, orcid) = (Doi(), Records.Orcid());
        await service.Import(WorkSource.Crossref, Records.Lines(Crossref(doi)));
        await Import(WorkSource.Orcid, OrcidRecord(orcid, Records.Number(), doi), OrcidJson);
        var work = await service.WorkKnownAs($"doi:{doi}");
        (work.Validated, work.Authors.Count).ShouldBe((true, 0));
        (await service.GetAll<ListedWork>($"/api/researchers/{await service.Known($"orcid:{orcid}")}/works")).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(WorkSource.Crossref, "application/json")]
    [InlineData(WorkSource.Arxiv, "text/xml")]
    [InlineData(WorkSource.Orcid, OrcidJson)]
    [InlineData(ImportReader.Bibtex, BibtexType)]
    [InlineData(ImportReader.Csl, "application/json")]
    public async Task A_file_that_comes_twice_makes_no_new_event(string format, string type)
    {
        var (number, family) = (Records.Number(), $"Lovelace{Records.Number()}");
        var body = format switch
        {
            WorkSource.Crossref => Crossref(Doi(), (family, null), (family, Records.Orcid())).ToJsonString(),
            WorkSource.Arxiv => $"""
                <OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><GetRecord><record><header><identifier>oai:arXiv.org:{Records.ArxivId()}</identifier></header><metadata>
                <arXiv xmlns="http://arxiv.org/OAI/arXiv/"><title>T</title><authors><author><keyname>{family}</keyname></author></authors></arXiv></metadata></record></GetRecord></OAI-PMH>
                """,
            WorkSource.Orcid => OrcidRecord(Records.Orcid(), number, doi: null),
            // Two entries of one work in one list, neither of which has an id.
            ImportReader.Bibtex => $"@article{{a, title = {{On engine {number}}}, author = {{{family}, Ada}}, year = 2019}}\n@misc{{b, title = {{On Engine {number}}}, author = {{A. {family}}}, year = 2019}}",
            _ => $$"""[{ "id": {{number}}, "title": "On engine {{number}}", "author": [{ "family": "{{family}}" }] }]""",
        };
        var first = await Import(format, body, type);
        (first.State, first.Created, first.Rejected).ShouldBe(("completed", 1, 0));
        await service.SumsAreTold();
        var events = await service.Events();
        var again = await Import(format, body, type);
        (again.Unchanged, again.Rejected).ShouldBe((first.Received, 0));
        await service.SumsAreTold();
        (await service.Events()).ShouldBe(events);
    }
}
