using BzPeer.ServiceDefaults;

namespace BzPeer.Profile;

/// <summary>Whom to sign in as, and with which roles.</summary>
public sealed record TokenRequest(Guid ResearcherId, IReadOnlyList<string>? Roles);

/// <summary>A bearer token.</summary>
public sealed record TokenAnswer(string AccessToken);

/// <summary>POST /api/dev/tokens: a token for any researcher, known or not. Exists in Development only.</summary>
public static class DevelopmentTokens
{
    internal static void MapDevelopmentTokens(this WebApplication app) =>
        app.MapPost("/api/dev/tokens", Handle).AllowAnonymous().WithName("IssueDevelopmentToken").WithTags("Development").Produces<TokenAnswer>();

    private static IResult Handle(TokenRequest request, AccessTokens tokens) =>
        request.ResearcherId == Guid.Empty
            ? Problems.Malformed("researcher-id", "Name the researcher to sign in as.")
            : TypedResults.Ok(new TokenAnswer(tokens.Issue(request.ResearcherId, request.Roles ?? []).Token));
}
