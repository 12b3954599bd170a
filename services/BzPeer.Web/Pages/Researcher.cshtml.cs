using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.Localization;

namespace BzPeer.Web.Pages;

/// <summary>
/// The researcher page. Everything it shows is asked for at once; what does not come is shown as missing, and the
/// graph slice, the slowest, is written when the rest of the page is already on the screen.
/// </summary>
internal sealed class ResearcherModel(BzPeerApi api, TimeProvider clock, IStringLocalizer<Texts> texts, ServiceTexts told) : PageModel
{
    private const int SliceSize = 30;

    public Guid Id { get; private set; }

    public Session? Me { get; private set; }

    public Answer<Card> Card { get; private set; } = null!;

    public Answer<TrustStatement> Statement { get; private set; } = null!;

    /// <summary>The newest changes of the score.</summary>
    public Answer<Paged<TrustChange>> Changes { get; private set; } = null!;

    /// <summary>Those as a drawing; null where there are none.</summary>
    public TrustHistory? History => TrustHistory.Of(Changes.Value, clock.GetUtcNow());

    public Answer<FollowCounts> Counts { get; private set; } = null!;

    public Answer<Paged<Work>> Works { get; private set; } = null!;

    public Answer<Paged<Collaborator>> Collaborators { get; private set; } = null!;

    /// <summary>The institution that the affiliation names, where the works know it.</summary>
    public CountedLabel? Affiliation { get; private set; }

    /// <summary>What the visitor and the researcher are to each other; null when nobody is signed in, or Follow does not say.</summary>
    public Relationship? Tie { get; private set; }

    /// <summary>The graph slice; null where only other parts are asked for.</summary>
    public Task<Answer<GraphSlice>>? Graph { get; private set; }

    /// <summary>Why the last follow or unfollow was refused.</summary>
    public string? Refusal { get; private set; }

    /// <summary>Position of the visitor's last write: no count older than it is shown.</summary>
    public string? Position { get; private set; }

    public bool OwnPage => Me?.ResearcherId == Id;

    /// <summary>Without a card, the name as printed on a work.</summary>
    public string Name =>
        Card.Value?.Name
        ?? Works.Value?.Items.SelectMany(work => work.Authors ?? []).FirstOrDefault(author => author.ResearcherId == Id)?.Name
        ?? texts["Researcher"];

    public TrustScore? Trust => Statement.Value is { } statement ? new(statement.Score, statement.Level) : Card.Value?.Trust;

    /// <summary>Follow's own count; the card's where Follow does not answer. After a write only a count that includes it will do.</summary>
    public long? Followers => Counts.Value?.Followers.Value ?? (Position is null ? Card.Value?.Counts?.Followers : null);

    /// <summary>The researcher shows nobody how many follow them.</summary>
    public bool CountsHidden => Counts.Value is { Hidden: true };

    /// <summary>Up to where the counts shown go, in the follow service's events: what is told of them later and goes no further is no news.</summary>
    public long CountsAsOf => Counts.Value?.AsOf ?? (Position is null ? Card.Value?.AsOf?.Follow ?? 0 : Before(Position));

    /// <summary>The same of the score, in the trust service's events.</summary>
    public long TrustAsOf => Statement.Value?.AsOf ?? Card.Value?.AsOf?.Trust ?? 0;

    /// <summary>Something of the snapshot is missing, or older than was asked for.</summary>
    public bool SnapshotLate => Card.Late || Statement.Late || Changes.Late || Collaborators.Late;

    public long? FollowingCount => Counts.Value?.Following.Value ?? Card.Value?.Counts?.Following;

    public async Task<IActionResult> OnGet(Guid id, string? works, CancellationToken ct)
    {
        Id = id;
        Me = await Session.Of(HttpContext);
        if (Me is not null)
            (Refusal, Position) = (TempData[nameof(Refusal)] as string, TempData[nameof(Position)] as string);
        Graph = api.Graph("researcher", id.ToString(), SliceSize, ct);
        var tie = Me is null || OwnPage ? null : api.Relationship(id, Me.AccessToken, ct);
        if (await Load(works, default, ct) is { } instead)
            return instead;
        if (tie is not null)
            await Remember(await tie);
        return Page();
    }

    /// <summary>Up to where each part of the page must go at least, in the events of its service.</summary>
    /// <param name="Works">The list of works and the graph, in the publication service's.</param>
    /// <param name="Bibliography">Its sums, which the card has and trust is made of; in the same.</param>
    /// <param name="Trust">The statement, in the trust service's.</param>
    private readonly record struct Wanted(long Works, long Bibliography, long Trust);

    /// <summary>The parts that have numbers in them, when some have changed while the page was open: none is older than what the page heard.</summary>
    /// <param name="graph">Whether the graph is asked for too: it has by far the most elements, and the most changes leave it as it is.</param>
    public async Task<IActionResult> OnGetLive(Guid id, string? works, long listed, long bibliography, long trust, bool graph, CancellationToken ct)
    {
        Id = id;
        Me = await Session.Of(HttpContext);
        if (graph)
            Graph = api.Graph("researcher", id.ToString(), SliceSize, ct, At("publication", listed));
        return await Load(works, new(listed, bibliography, trust), ct) ?? Partial("_LiveParts", this);
    }

    /// <summary>Asks for everything but the graph at once. What the page does instead when there is no such researcher or list; null when it goes on.</summary>
    private async Task<IActionResult?> Load(string? works, Wanted wanted, CancellationToken ct)
    {
        var (listed, summed) = (At("publication", wanted.Works), At("publication", wanted.Bibliography));
        var card = api.Card(Id, ct, summed);
        // Also where the score stays as it is, its explanation speaks of the works there are now.
        var statement = api.Trust(Id, ct, summed ?? At("trust", wanted.Trust));
        var changes = api.TrustChanges(Id, null, ct, At("trust", wanted.Trust));
        var counts = api.FollowCounts(Id, Position, OwnPage ? Me?.AccessToken : null, ct);
        var list = api.Works(Id, works, ct, minPosition: listed);
        var collaborators = api.Collaborators(Id, 20, null, ct, listed);

        Card = await card;
        if (this.Instead(Card, other => $"/researchers/{other}") is { } elsewhere)
            return elsewhere;
        // Only who has an affiliation has a place to be looked for: for most people that would be an answer nobody needs.
        var institutions = Card.Value?.Affiliation is null ? null : api.Labels("researchers", Id, "institutions", 80, null, ct);
        (Statement, Changes, Counts, Works, Collaborators) = (await statement, await changes, await counts, await list, await collaborators);
        if (Statement.Value?.AsOf < wanted.Trust)
            Statement = await api.Trust(Id, ct, At("trust", wanted.Trust));
        // The score moved between the two answers: what is drawn must end at the score that stands above it.
        if (Statement.Value is { } stated && Changes.Value?.Items is [var newest, ..] && newest.To.Score != stated.Score)
            (Statement, Changes) = (await api.Trust(Id, ct, At("trust", stated.AsOf)), await api.TrustChanges(Id, null, ct, At("trust", stated.AsOf)));
        if (institutions is not null)
            Affiliation = (await institutions).Value?.Items.FirstOrDefault(place => place.Label == Card.Value?.Affiliation);
        return this.IfMalformed(Works);
    }

    private static string? At(string service, long position) => position > 0 ? string.Create(CultureInfo.InvariantCulture, $"{service}:{position}") : null;

    public async Task<IActionResult> OnPost(Guid id, bool? follow, CancellationToken ct)
    {
        // A form that does not say which of the two must not unfollow.
        if (follow is not { } wanted)
            return StatusCode(StatusCodes.Status400BadRequest);
        var scripted = Request.Headers.Accept.ToString().Contains("application/json", StringComparison.Ordinal);
        var page = $"/researchers/{id}";
        var signIn = $"/sign-in?returnUrl={Uri.EscapeDataString(page)}";
        if (await Session.Of(HttpContext) is not { } me)
            return scripted ? new JsonResult(new { signIn }) { StatusCode = 401 } : LocalRedirect(signIn);

        var answer = await api.Follow(id, wanted, me.AccessToken, ct);
        if (answer.Survivor is { } survivor)
        {
            // Merged since the page was sent: it is the survivor who is meant.
            (id, page) = (survivor, $"/researchers/{survivor}");
            answer = await api.Follow(survivor, wanted, me.AccessToken, ct);
        }
        if (answer.Status is HttpStatusCode.Unauthorized)
        {
            await Session.End(HttpContext);
            return scripted ? new JsonResult(new { signIn }) { StatusCode = 401 } : LocalRedirect(signIn);
        }
        var refusal = told.Refusal(answer);
        if (!scripted)
        {
            (TempData[nameof(Refusal)], TempData[nameof(Position)]) = (refusal, answer.Position);
            return LocalRedirect($"{page}#actions");
        }
        if (refusal is not null)
            return new JsonResult(new { refusal }) { StatusCode = (int)(answer.Status ?? HttpStatusCode.ServiceUnavailable) };
        var counts = await api.FollowCounts(id, answer.Position, null, ct);
        return new JsonResult(new
        {
            following = answer.Value?.Following ?? wanted,
            followers = counts.Value?.Followers.Value,
            hidden = counts.Value?.Hidden,
            asOf = counts.Value?.AsOf ?? Before(answer.Position),
        });
    }

    private async Task Remember(Answer<Paged<Relationship>> tie)
    {
        Tie = tie.Value?.Items.SingleOrDefault();
        if (tie.Status is not HttpStatusCode.Unauthorized)
            return;
        // The token has run out: the visitor is nobody again.
        await Session.End(HttpContext);
        Me = null;
    }

    /// <summary>Just before the write whose token this is: whatever goes further includes it.</summary>
    private static long Before(string? position) => position?.Split(':') is [_, var sequence] && long.TryParse(sequence, NumberStyles.None, CultureInfo.InvariantCulture, out var at) ? at - 1 : 0;
}
