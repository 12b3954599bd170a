using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using BzPeer.Testing;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace BzPeer.Profile.Tests;

/// <summary>What curators validate of a researcher.</summary>
public sealed class ValidationsTests(ProfileService service) : IClassFixture<ProfileService>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_validation_is_made_once_and_shown_with_its_source()
    {
        var ada = await service.Registered();
        using var answer = await service.Validate(ada, "identity", " National Registry ", " Ada, no. 7 ");
        answer.StatusCode.ShouldBe(HttpStatusCode.Created);
        var made = (await answer.Content.ReadFromJsonAsync<Validation>(Ct))!;
        (made.ResearcherId, made.Kind, made.Source, made.Value, made.Method).ShouldBe((ada, "identity", "national registry", "Ada, no. 7", "curator"));
        answer.Headers.Location!.ToString().ShouldBe($"/api/researchers/{ada}/validations/{made.Id}");
        (await service.Read<Validation>(answer.Headers.Location.ToString(), answer.Headers.GetValues("X-BzPeer-Position").Single())).ShouldBe(made);
        (await service.Read<JsonElement>(answer.Headers.Location.ToString())).EnumerateObject().Select(field => field.Name).ShouldBe(["id", "researcherId", "kind", "source", "value", "method", "at"]);
        (await service.List(ada)).Items.ShouldBe([made]);

        using var again = await service.Validate(ada, "identity", "NATIONAL REGISTRY", "Ada, no. 7");
        (again.StatusCode, await again.Content.ReadFromJsonAsync<Validation>(Ct)).ShouldBe((HttpStatusCode.OK, made));
        again.Headers.GetValues("X-BzPeer-Position").ShouldBe(answer.Headers.GetValues("X-BzPeer-Position"));
        (await service.Events(ada)).ShouldBe(["researcher_registered", "identity_validated"]);
    }

    [Fact]
    public async Task A_profile_is_verified_while_it_is_claimed_and_a_validation_of_the_identity_stands()
    {
        var ada = await service.Registered();
        var identity = await service.Validated(ada);
        (await service.Card(ada)).Verified.ShouldBeFalse("nobody claimed it");
        using (await service.Claim(ada)) { }
        (await service.Card(ada)).Verified.ShouldBeTrue();
        var second = await service.Validated(ada);
        using (await service.Withdraw(ada, identity.Id)) { }
        (await service.Card(ada)).Verified.ShouldBeTrue("the second one stands");
        using (await service.Withdraw(ada, second.Id)) { }
        await service.Validated(ada, "affiliation", "ror", "University of London");
        (await service.Card(ada)).Verified.ShouldBeFalse("an affiliation says where, not who");
    }

    [Theory]
    [InlineData("""[]""", 400, "malformed-json")]
    [InlineData("""{"kind": """, 400, "malformed-json")]
    [InlineData("", 400, "malformed-json")]
    [InlineData("""{"kind": "identity", "source": "orcid", "value": "\ud800"}""", 400, "malformed-json")]
    [InlineData("""{"kind": 1, "source": "registry", "value": "Ada"}""", 400, "malformed-kind")]
    [InlineData("""{"kind": "identity", "source": null, "value": "Ada"}""", 400, "malformed-source")]
    [InlineData("""{"kind": "identity", "source": "registry", "value": ["Ada"]}""", 400, "malformed-value")]
    [InlineData("""{"kind": "trust", "source": "registry", "value": "Ada"}""", 422, "validation-kind")]
    [InlineData("""{"source": "registry", "value": "Ada"}""", 422, "validation-kind")]
    [InlineData("""{"kind": "identity", "source": "  ", "value": "Ada"}""", 422, "validation-source")]
    [InlineData("""{"kind": "identity", "source": "a\u0000b", "value": "Ada"}""", 422, "validation-source")]
    [InlineData("""{"kind": "identity", "source": "LONG", "value": "Ada"}""", 422, "validation-source")]
    [InlineData("""{"kind": "identity", "source": "registry"}""", 422, "validation-value")]
    [InlineData("""{"kind": "identity", "source": "registry", "value": "two\nlines"}""", 422, "validation-value")]
    [InlineData("""{"kind": "identity", "source": "registry", "value": "LONG"}""", 422, "validation-value")]
    [InlineData("""{"kind": "identity", "source": "registry", "value": "Ada", "points": 20}""", 422, "unknown-field")]
    [InlineData("""{"kind": "identity", "source": "orcid", "value": "0000-0002-1825-0098"}""", 422, "validation-orcid")]
    [InlineData("""{"kind": "identity", "source": "ORCID", "value": "Ada"}""", 422, "validation-orcid")]
    public async Task A_wrong_validation_names_the_rule_and_changes_nothing(string body, int status, string rule)
    {
        var ada = await service.Registered();
        body = body.Replace("LONG", new string('x', 501), StringComparison.Ordinal);
        using var answer = await service.Curator().PostAsync($"/api/researchers/{ada}/validations", new StringContent(body, Encoding.UTF8, "application/json"), Ct);
        await ProfileService.ShouldBeProblem(answer, status, rule);
        (await service.Events(ada)).ShouldBe(["researcher_registered"]);
    }

    [Fact]
    public async Task An_ORCID_iD_is_the_one_the_researcher_is_known_by()
    {
        var ada = await service.Registered("0000-0002-1825-0097");
        using var other = await service.Validate(ada, "identity", "orcid", "0000-0002-1694-233X");
        await ProfileService.ShouldBeProblem(other, 422, "other-orcid");
        (await service.Validated(ada, "identity", "orcid", "https://orcid.org/0000-0002-1825-0097")).Value.ShouldBe("0000-0002-1825-0097");
        (await service.Validated(ada, "affiliation", "orcid", "University of London")).Value.ShouldBe("University of London");
        (await service.Validated(await service.Registered(), "identity", "orcid", "0000-0002-1694-233x")).Value.ShouldBe("0000-0002-1694-233X");
    }

    [Fact]
    public async Task What_is_taken_back_is_listed_no_more_and_its_address_says_why()
    {
        var (ada, other) = (await service.Registered(), await service.Registered());
        var (first, second, third) = (await service.Validated(ada), await service.Validated(ada, "affiliation", "ror"), await service.Validated(ada));
        (await service.List(ada)).Items.ShouldBe([third, second, first]);

        using var withdrawn = await service.Withdraw(ada, second.Id, "?reason=They%20left");
        withdrawn.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        using var twice = await service.Withdraw(ada, second.Id, "?reason=Other%20words");
        (twice.StatusCode, twice.Headers.GetValues("X-BzPeer-Position").Single()).ShouldBe((HttpStatusCode.NoContent, withdrawn.Headers.GetValues("X-BzPeer-Position").Single()));
        (await service.List(ada)).Items.ShouldBe([third, first]);
        var gone = await service.Read<Validation>($"/api/researchers/{ada}/validations/{second.Id}");
        (gone with { TakenBackAt = null, TakenBackFor = null }, gone.TakenBackFor, gone.TakenBackAt >= second.At).ShouldBe((second, "They left", true));
        (await service.Validated(ada, "affiliation", "ror", second.Value)).Id.ShouldNotBe(second.Id);

        foreach (var (researcher, validation, rule) in ((Guid, Guid, string)[])[(ada, Guid.NewGuid(), "unknown-validation"), (other, first.Id, "unknown-validation"), (Guid.NewGuid(), first.Id, "unknown-researcher")])
        {
            using var unknown = await service.Withdraw(researcher, validation);
            await ProfileService.ShouldBeProblem(unknown, 404, rule);
            using var unread = await service.Anonymous().GetAsync($"/api/researchers/{researcher}/validations/{validation}", Ct);
            await ProfileService.ShouldBeProblem(unread, 404, rule);
        }

        using var withoutReason = await service.Withdraw(ada, first.Id);
        withoutReason.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        using var wrong = await service.Withdraw(ada, third.Id, "?reason=a%0Ab");
        await ProfileService.ShouldBeProblem(wrong, 422, "reason");
    }

    [Fact]
    public async Task The_list_is_read_page_by_page()
    {
        var ada = await service.Registered();
        var made = new List<Validation>();
        for (var n = 0; n < 5; n++) made.Insert(0, await service.Validated(ada));
        var read = new List<Validation>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await service.List(ada, $"?limit=2&cursor={cursor}");
            page.Items.Count.ShouldBeLessThanOrEqualTo(2);
            read.AddRange(page.Items);
            cursor = page.Next;
        }

        read.ShouldBe(made);
        using var malformed = await service.Anonymous().GetAsync($"/api/researchers/{ada}/validations?cursor=%21", Ct);
        await ProfileService.ShouldBeProblem(malformed, 400, "malformed-cursor");
        using var unknown = await service.Anonymous().GetAsync($"/api/researchers/{Guid.NewGuid()}/validations", Ct);
        await ProfileService.ShouldBeProblem(unknown, 404, "unknown-researcher");
    }

    [Fact]
    public async Task Only_curators_validate_and_take_back()
    {
        var ada = await service.Registered();
        var made = await service.Validated(ada);
        foreach (var (client, status, rule) in ((HttpClient, int, string)[])[(service.Anonymous(), 401, "no-token"), (service.As(ada), 403, "not-yours")])
        {
            using var post = await client.PostAsJsonAsync($"/api/researchers/{ada}/validations", new { kind = "identity", source = "registry", value = "me" }, Ct);
            await ProfileService.ShouldBeProblem(post, status, rule);
            using var delete = await client.DeleteAsync($"/api/researchers/{ada}/validations/{made.Id}", Ct);
            await ProfileService.ShouldBeProblem(delete, status, rule);
        }

        using var unknown = await service.Validate(Guid.NewGuid(), "identity", "registry", "Nobody");
        await ProfileService.ShouldBeProblem(unknown, 404, "unknown-researcher");
        (await service.List(ada)).Items.ShouldBe([made]);
    }

    [Fact]
    public async Task Others_are_told_of_each_and_once_more_when_all_is_published_anew()
    {
        var ada = await service.Registered();
        var heard = new ConcurrentQueue<IIntegrationEvent>();
        var listening = service.Services.GetRequiredService<IBusControl>().ConnectReceiveEndpoint($"listener-{ada}", endpoint =>
        {
            endpoint.Handler<ProfileClaimed>(message => Hear(message.Message));
            endpoint.Handler<ClaimWithdrawn>(message => Hear(message.Message));
            endpoint.Handler<IdentityValidated>(message => Hear(message.Message));
            endpoint.Handler<ValidationWithdrawn>(message => Hear(message.Message));
        });
        await listening.Ready;

        using (await service.Claim(ada)) { }
        var made = await service.Validated(ada, value: "Ada");
        using (await service.Withdraw(ada, made.Id, "?reason=A%20mistake")) { }
        using (await service.EndClaim(ada, service.Curator(), "?reason=Not%20she")) { }
        await ToldAll();
        // At least once: a page of events that was broken off is told again. And the bus may still be telling of others.
        var told = heard.Where(e => e.Origin.Subject == ada).DistinctBy(e => e.Origin.EventId).ToList();

        var validated = told.OfType<IdentityValidated>().Single();
        (validated.ValidationId, validated.Kind, validated.ValidatedBy, validated.Value, validated.Method).ShouldBe((made.Id, "identity", "registry", "Ada", "curator"));
        told.OfType<ValidationWithdrawn>().Select(e => (e.ValidationId, e.Reason)).ShouldBe([(made.Id, "A mistake")]);
        told.OfType<ClaimWithdrawn>().Single().Reason.ShouldBe("Not she");
        told.ShouldAllBe(e => e.Origin.Stream == ada && e.Origin.Source == Sources.Profile);
        told.OrderBy(e => e.Origin.Version).Select(e => (e.Origin.Version, e.GetType().Name)).ShouldBe(
            [(2, nameof(ProfileClaimed)), (3, nameof(IdentityValidated)), (4, nameof(ValidationWithdrawn)), (5, nameof(ClaimWithdrawn))]);

        var daemon = service.Services.GetRequiredService<Marten.Events.Daemon.Coordination.IProjectionCoordinator>().DaemonForMainDatabase();
        heard.Clear();
        await daemon.RewindSubscriptionAsync("Relay", Ct, sequenceFloor: 0);
        await ToldAll();
        await listening.StopAsync(Ct);

        Task ToldAll() => Eventually.Async(() => heard.Where(e => e.Origin.Subject == ada).DistinctBy(e => e.Origin.EventId).Count() == 4, "all four are told", ct: Ct);

        Task Hear(IIntegrationEvent message)
        {
            heard.Enqueue(message);
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task A_rebuild_leaves_claims_validations_and_cards_as_they_were()
    {
        var (ada, bob) = (await service.Registered(), await service.Registered());
        var identity = await service.Validated(ada);
        using (await service.Claim(ada)) { }
        using (await service.Withdraw(ada, (await service.Validated(ada, "affiliation", "ror")).Id, "?reason=They%20left")) { }
        using (await service.As(ada).PatchAsJsonAsync($"/api/researchers/{ada}", new { headline = "Engines" }, Ct)) { }
        using (await service.Claim(bob)) { }
        using (await service.EndClaim(bob, service.Curator())) { }
        var before = await Everything();
        await using (var spoil = service.Database.CreateCommand(
            "insert into claims (researcher_id, claimed_at, identities) values (gen_random_uuid(), now(), 3); update claims set claimed_at = now(), revoked = 0; update validations set value = 'spoilt', taken_back_at = null"))
            await spoil.ExecuteNonQueryAsync(Ct);
        (await Everything()).ShouldNotBe(before);

        using var daemon = await service.Store.BuildProjectionDaemonAsync();
        await daemon.RebuildProjectionAsync(nameof(ResearcherCards), Ct);
        (await Everything()).ShouldBe(before);
        (await service.List(ada)).Items.ShouldBe([identity]);
        using var refused = await service.Claim(bob);
        await ProfileService.ShouldBeProblem(refused, 403, "claim-revoked");
    }

    private async Task<string[]> Everything() =>
        [.. await service.Rows("researcher_cards", "id"), .. await service.Rows("claims", "researcher_id"), .. await service.Rows("validations", "id")];
}
