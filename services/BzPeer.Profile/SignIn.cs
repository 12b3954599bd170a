using System.Globalization;
using System.Security.Claims;
using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using Marten;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.IdentityModel.JsonWebTokens;
using Npgsql;

namespace BzPeer.Profile;

/// <summary>Who signed in, and what they call the API with.</summary>
/// <param name="ResearcherId">Who they are here.</param>
/// <param name="Roles">What they may do beside what everybody may.</param>
/// <param name="AccessToken">The bearer token.</param>
/// <param name="ExpiresAt">When it ends: sign in again.</param>
public sealed record SignedIn(Guid ResearcherId, IReadOnlyList<string> Roles, string AccessToken, DateTimeOffset ExpiresAt);

/// <summary>
/// POST /api/sign-ins: an id token of the sign-in provider, sent as the bearer token, for an access token. The provider says which ORCID iD somebody
/// has; they are the researcher who is known by it, and where there is none they are registered. The first time, they claim the profile,
/// and the iD is a validation of their identity. In Development the provider may also name a researcher by id, with roles.
/// </summary>
public static class SignIn
{
    private const string IdToken = "id-token";
    private const int MaxName = 200;

    /// <summary>An id token tells of a sign-in that has just happened: an old one is somebody else's find.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(10);

    internal static void AddSignIn(this WebApplicationBuilder builder)
    {
        var provider = SignInProvider.Read(builder.Configuration, builder.Environment);
        builder.Services.AddSingleton(services => AccessTokens.Read(builder.Configuration, builder.Environment, services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton(Curators.Read(builder.Configuration));
        builder.Services.AddAuthentication().AddJwtBearer(IdToken, jwt =>
        {
            jwt.MapInboundClaims = false;
            jwt.Authority = provider.Authority.ToString();
            jwt.Audience = provider.ClientId;
            jwt.RequireHttpsMetadata = !builder.Environment.IsDevelopment();
        });
    }

    internal static void MapSignIn(this WebApplication app)
    {
        // A key that cannot be used ends the process at its start, not at the first sign-in.
        app.Services.GetRequiredService<AccessTokens>();
        app.MapPost("/api/sign-ins", HandleAsync).AllowAnonymous().WithName("SignIn").WithTags("Profile").Produces<SignedIn>().ProducesProblem(401).ProducesProblem(403);
    }

    private static async Task<IResult> HandleAsync(
        HttpContext http, IHostEnvironment environment, AccessTokens tokens, Curators curators, IDocumentStore store, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        if (await http.AuthenticateAsync(IdToken) is not { Succeeded: true, Principal: var who })
            return Problems.Of(401, "no-id-token", "No valid id token", "Send an id token that the sign-in provider has issued for this site: Authorization: Bearer <JWT>.");
        if (!long.TryParse(who.FindFirstValue(JwtRegisteredClaimNames.Iat), CultureInfo.InvariantCulture, out var issued) || DateTimeOffset.FromUnixTimeSeconds(issued) < clock.GetUtcNow() - Fresh)
            return Problems.Of(401, "old-id-token", "Old id token", $"An id token is good for signing in for {Fresh.TotalMinutes} minutes. Sign in again.");

        var subject = who.FindFirstValue(JwtRegisteredClaimNames.Sub);
        if (environment.IsDevelopment() && Guid.TryParse(subject, out var id))
            return Answer(id, [.. who.FindAll("roles").Select(role => role.Value)]);
        if (OrcidId.Read(subject) is not { } orcid)
            return Problems.Of(403, "no-orcid", "No ORCID iD", "The sign-in provider names this person by something that is no ORCID iD, so nobody can say which researcher they are.");

        var researcher = await FindAsync(database, orcid, cancellation) ?? await RegisterAsync(store, database, orcid, NameOf(who) ?? orcid, clock, cancellation);
        return await Person.ChangeAsync(researcher, http, store, database, cancellation,
            person => Refusal(person, orcid) is { } why ? Problems.Of(403, "not-this-profile", "Not this profile", why) : null,
            person => Decide(person, orcid, clock.Now()),
            (person, _) => Answer(person.ResearcherId, curators.Orcids.Contains(orcid) ? [Authentication.Curator] : []));

        IResult Answer(Guid researcherId, IReadOnlyList<string> roles)
        {
            var (token, expires) = tokens.Issue(researcherId, roles);
            http.Response.Headers.CacheControl = "no-store";
            return TypedResults.Ok(new SignedIn(researcherId, roles, token, expires));
        }
    }

    /// <summary>
    /// Why whoever has this iD is not taken for this person, or null. Records can be wrong: an iD that stands on a profile beside another one, or
    /// whose claim a curator ended, opens it only after a curator has looked.
    /// </summary>
    public static string? Refusal(Person person, string orcid)
    {
        if (!person.MayClaim)
            return "A curator ended the claim of this profile. Ask a curator to validate that it is yours.";
        var vouched = person.Evidence.Any(one => one is { Kind: Validations.Identity, Source: "orcid", Method: Validations.ByCurator, TakenBackAt: null } && one.Value == orcid);
        return vouched || person.Profiles.SelectMany(profile => profile.Orcids).All(other => other == orcid)
            ? null
            : "This profile is known by more than one ORCID iD, so a record may have mixed up two people. Ask a curator to validate that yours belongs to it.";
    }

    /// <summary>
    /// The claim, and the iD as a validation of the identity, the first time somebody signs in with it. Afterwards neither: who gave the claim back,
    /// or whose validation a curator took back, does not get it again by signing in.
    /// </summary>
    public static IReadOnlyList<IPersonChanged> Decide(Person person, string orcid, DateTimeOffset now)
    {
        if (person.Evidence.Any(one => one is { Kind: Validations.Identity, Source: "orcid", Method: Validations.BySignIn } && one.Value == orcid)) return [];
        var validated = Validations.Decide(person, new(Validations.Identity, "orcid", orcid), Validations.BySignIn, person.ResearcherId, now)!;
        return Claims.Decide(person, now) is { } claimed ? [claimed, validated] : [validated];
    }

    /// <summary>Who is known by this iD, as the survivor of any merge; of several, whom they signed in as before.</summary>
    private static async Task<Guid?> FindAsync(NpgsqlDataSource database, string orcid, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            select coalesce(s.survivor, m.id) from researcher_cards m left join survivors s on s.id = m.id
            where m.keys @> array['orcid:' || $1] and m.name is not null
            order by exists (select from validations v where v.researcher_id = m.id and v.source = 'orcid' and v.value = $1 and v.method = 'sign-in') desc, m.id limit 1
            """);
        command.Parameters.Add(new() { Value = orcid });
        return await command.ExecuteScalarAsync(cancellation) as Guid?;
    }

    /// <summary>Somebody no source has named yet. An import that names them gives them the same id, and says more.</summary>
    private static Task<Guid> RegisterAsync(IDocumentStore store, NpgsqlDataSource database, string orcid, string name, TimeProvider clock, CancellationToken cancellation)
    {
        var id = StableId.Of($"orcid:{orcid}");
        return EventStore.DecideAsync(async () =>
        {
            if ((await ResearcherCards.LoadProfilesAsync(database, [id], cancellation)).ContainsKey(id)) return id;
            await using var session = store.TracedSession();
            session.Events.Append(id, 1, new Registered(
                new(id, name, "orcid", Headline: null, OpenToCollaborate: true, Affiliation: null, orcid, OpenAlex: null, [$"orcid:{orcid}"]), ImportedVersion: 0, clock.Now()));
            await session.SaveChangesAsync(cancellation);
            return id;
        }, cancellation);
    }

    /// <summary>What the provider says they are called, as one line; people may keep that to themselves.</summary>
    private static string? NameOf(ClaimsPrincipal who)
    {
        var name = who.FindFirstValue(JwtRegisteredClaimNames.Name) ?? $"{who.FindFirstValue(JwtRegisteredClaimNames.GivenName)} {who.FindFirstValue(JwtRegisteredClaimNames.FamilyName)}";
        var line = string.Join(' ', string.Concat(name.Select(letter => char.IsControl(letter) ? ' ' : letter)).Split(' ', StringSplitOptions.RemoveEmptyEntries));
        return line.Length is > 0 and <= MaxName ? line : null;
    }
}

/// <summary>Who is a curator when they sign in, by their ORCID iDs: the setting <c>SignIn:Curators</c>.</summary>
internal sealed record Curators(IReadOnlySet<string> Orcids)
{
    /// <exception cref="InvalidSetting">One of them is no iD.</exception>
    public static Curators Read(IConfiguration configuration) => new(configuration.GetSection("SignIn:Curators").GetChildren().Select(one => OrcidId.Read(one.Value)
        ?? throw new InvalidSetting($"The setting '{one.Path}' is '{one.Value}', which is no ORCID iD such as 0000-0002-1825-0097.")).ToHashSet());
}
