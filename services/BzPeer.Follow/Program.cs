using BzPeer.Contracts;
using BzPeer.Follow;
using BzPeer.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults(Sources.Follow);
builder.AddEventStore(Sources.Follow, FollowPublisher.Publications, (store, database) =>
{
    FollowPair.Configure(store);
    FollowEdges.Configure(store);
    FollowCounts.Configure(store, database);
    KnownResearchers.Configure(store);
});
builder.AddMessageBus(Sources.Follow, FollowPublisher.Publications, new Consumers()
    .InBatches<ResearcherRegistered>(KnownResearchers.AddAsync));
builder.Services.AddSingleton<KnownResearchers>();

var app = builder.Build();
app.UseServiceDefaults();
app.MapFollowResearcher();
app.MapUnfollowResearcher();
app.MapFollowing();
app.MapFollowLists();
app.MapFollowCounts();
app.Run();
