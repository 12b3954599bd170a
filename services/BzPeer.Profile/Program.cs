using BzPeer.Contracts;
using BzPeer.Profile;
using BzPeer.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults(Sources.Profile);
builder.AddEventStore(Sources.Profile, ProfilePublisher.Publications, (store, _) =>
{
    ResearcherCards.Configure(store);
    FollowMark.Configure(store);
});
builder.AddMessageBus(Sources.Profile, ProfilePublisher.Publications, new Consumers()
    .InBatches<ResearchersMerged, ResearchersSplit>(Survivors.ApplyAsync, parallel: 1)
    .InBatches<AuthorIdentified>(RegisterResearcher.ApplyAsync)
    .InBatches<FollowerCountChanged>(CardSections.ApplyAsync, parallel: 1)
    .InBatches<BibliographyChanged>(CardSections.ApplyAsync)
    .InBatches<TrustRecalculated>(CardSections.ApplyAsync));
builder.AddSignIn();

var app = builder.Build();
app.UseServiceDefaults();
app.MapResearcherCard();
app.MapFindResearchers();
app.MapEditProfile();
app.MapEraseResearcher();
app.MapClaims();
app.MapValidations();
app.MapSignIn();
if (app.Environment.IsDevelopment()) app.MapDevelopmentTokens();
return await app.MaintainOrServeAsync(args);
