using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using BzPeer.Trust;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults(Sources.Trust);
builder.AddEventStore(Sources.Trust, TrustPublisher.Publications, (store, _) =>
{
    TrustRecords.Configure(store);
    TrustModels.Configure(store);
    FollowEdges.Configure(store);
    FlowRuns.Configure(store);
    Rings.Configure(store);
    store.Events.MapEventType<FlowComputed>("flow_computed");
});
builder.AddMessageBus(Sources.Trust, TrustPublisher.Publications, new Consumers()
    .InBatches<ResearcherRegistered, BibliographyChanged>(RecalculateTrust.ApplyAsync)
    .InBatches<ResearcherFollowed, ResearcherUnfollowed>(FollowEdges.ApplyAsync, parallel: 1)
    .InBatches(ProfileFacts.ApplyAsync, parallel: 1, Consumers.Kind.Of<ProfileClaimed>(), Consumers.Kind.Of<ClaimWithdrawn>(), Consumers.Kind.Of<IdentityValidated>(),
        Consumers.Kind.Of<ValidationWithdrawn>(), Consumers.Kind.Of<ResearchersMerged>(), Consumers.Kind.Of<ResearchersSplit>()));
builder.Services.AddSingleton<TrustModels>();
builder.Services.AddHostedService<FlowWorker>();

var app = builder.Build();
app.UseServiceDefaults();
app.MapTrustStatement();
app.MapTrustLedger();
TrustModels.MapEndpoints(app);
app.MapDryRuns();
app.MapFlowRuns();
app.MapRings();
return await app.MaintainOrServeAsync(args);
