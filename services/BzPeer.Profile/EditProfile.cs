using System.Text.Json;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using Marten;
using Npgsql;

namespace BzPeer.Profile;

/// <summary>What the owner of a profile may say; a null field is left as it is.</summary>
/// <param name="Headline">The new headline; empty for the default.</param>
/// <param name="OpenToCollaborate">The new answer.</param>
public sealed record ProfileEdit(string? Headline, bool? OpenToCollaborate);

/// <summary>PATCH /api/researchers/{id}: the researcher edits their headline and whether they are open to collaborate.</summary>
public static class EditProfile
{
    private const int MaxHeadline = 300;

    /// <summary>The change, or null when nothing changes.</summary>
    public static Changed? Decide(StoredProfile stored, ProfileEdit edit, DateTimeOffset now)
    {
        var profile = stored.Profile with
        {
            Headline = edit.Headline switch { null => stored.Profile.Headline, "" => null, var text => text },
            OpenToCollaborate = edit.OpenToCollaborate ?? stored.Profile.OpenToCollaborate,
        };
        return profile == stored.Profile ? null : new Changed(profile, stored.ImportedVersion, now);
    }

    internal static void MapEditProfile(this WebApplication app) => app.MapPatch("/api/researchers/{id}", HandleAsync)
        .WithName("EditProfile").WithTags("Profile").Accepts<ProfileEdit>("application/json", "application/merge-patch+json")
        .Produces<ResearcherCard>().ProducesProblem(403).ProducesProblem(404).ProducesProblem(422);

    private static async Task<IResult> HandleAsync(
        Guid id, JsonElement body, HttpContext http, IDocumentStore store, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        if (id != http.ResearcherId()) return Problems.NotYours("Only the researcher edits their own profile.");
        if (Read(body, out var edit) is { } wrong) return wrong;

        return await EventStore.DecideAsync<IResult>(async () =>
        {
            if (!(await ResearcherCards.LoadProfilesAsync(database, [id], cancellation)).TryGetValue(id, out var stored)) return Problems.UnknownResearcher(id);
            if (Decide(stored, edit, clock.Now()) is { } changed)
            {
                await using var session = store.TracedSession();
                session.Events.Append(id, stored.StreamVersion + 1, changed);
                await session.SaveChangesAsync(cancellation);
            }

            var card = (await ResearcherCards.LoadAsync(database, [id], cancellation)).Single();
            Position.Write(http, Sources.Profile, card.AsOf.Profile);
            return TypedResults.Ok(card);
        }, cancellation);
    }

    private static IResult? Read(JsonElement body, out ProfileEdit edit)
    {
        edit = new(null, null);
        if (body.ValueKind != JsonValueKind.Object) return Problems.Malformed("json", "Send an object: {\"headline\": \"…\", \"openToCollaborate\": true}.");
        try
        {
            return ReadFields(body, ref edit);
        }
        catch (InvalidOperationException)
        {
            // An escaped surrogate without its other half: JSON by its grammar, and no text.
            return Problems.Malformed("json", "The body holds half of a surrogate pair, which is no character.");
        }
    }

    /// <summary>Reads the edit field by field, so that a wrong one is named; fields that cannot be edited are refused, not ignored.</summary>
    private static IResult? ReadFields(JsonElement body, ref ProfileEdit edit)
    {
        foreach (var field in body.EnumerateObject())
        {
            switch (field.Name, field.Value.ValueKind)
            {
                case ("headline", JsonValueKind.Null):
                    edit = edit with { Headline = "" };
                    break;
                case ("headline", JsonValueKind.String):
                    var headline = field.Value.GetString()!.Trim();
                    if (headline.Length > MaxHeadline) return Problems.Refused("headline-too-long", "Headline too long", $"A headline has at most {MaxHeadline} characters, this one {headline.Length}.");
                    if (headline.Any(char.IsControl)) return Problems.Refused("headline-one-line", "Headline is one line", "A headline holds no line breaks or control characters.");
                    edit = edit with { Headline = headline };
                    break;
                case ("openToCollaborate", JsonValueKind.True or JsonValueKind.False):
                    edit = edit with { OpenToCollaborate = field.Value.GetBoolean() };
                    break;
                case ("headline" or "openToCollaborate", _):
                    return Problems.Malformed(field.Name == "headline" ? "headline" : "open-to-collaborate", $"'{field.Name}' has the wrong JSON type.");
                default:
                    return Problems.Refused("not-editable", "Not editable", $"'{field.Name}' cannot be edited; 'headline' and 'openToCollaborate' can.");
            }
        }

        return null;
    }
}

/// <summary>DELETE /api/researchers/{id}: erasure. In the contract, not built yet, and it says so.</summary>
public static class EraseResearcher
{
    internal static void MapEraseResearcher(this WebApplication app) =>
        app.MapDelete("/api/researchers/{id}", Handle).WithName("EraseResearcher").WithTags("Profile").ProducesProblem(501);

    private static IResult Handle(Guid id, HttpContext http) =>
        id == http.ResearcherId() || http.IsCurator() ? Problems.NotYet("Erasure is not available yet; nothing was changed.") : Problems.NotYours("Only the researcher or a curator erases a profile.");
}
