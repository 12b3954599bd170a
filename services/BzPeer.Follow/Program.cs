using BzPeer.Contracts;
using BzPeer.Follow;
using BzPeer.ServiceDefaults;
using Npgsql;

// Serves; or, with reconcile, rebuild, import or republish as its first argument, does that and ends (see Maintenance).
var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults(Sources.Follow);
builder.AddEventStore(Sources.Follow, FollowPublisher.Publications, (store, _) =>
{
    FollowLog.Configure(store);
    FollowCounts.Configure(store);
    TellCounts.Configure(store);
    FollowVisibility.Configure(store);
    KnownResearchers.Configure(store);
    RedirectEdges.Configure(store);
}).AddSubscriptionWithServices<FollowCounts>(ServiceLifetime.Singleton, _ => { });
builder.AddMessageBus(Sources.Follow, FollowPublisher.Publications, new Consumers()
    .InBatches<ResearchersMerged, ResearchersSplit>(RedirectEdges.HearAsync, parallel: 1)
    .InBatches<ResearcherRegistered>(KnownResearchers.AddAsync));
builder.Services.AddSingleton<KnownResearchers>();
builder.Services.AddSingleton<FollowLog>();
builder.Services.AddSingleton(FollowCommands.From);
builder.Services.AddSingleton<CountsMoved>();
builder.Services.AddHostedService<TellCounts>();
builder.Services.AddSingleton<RedirectEdges>();
builder.Services.AddHostedService(services => services.GetRequiredService<RedirectEdges>());
builder.Services.AddHealthChecks().AddCheck<TellCountsHealth>("counts-told", tags: ["ready"]);
builder.Services.AddSingleton(services => FollowLimits.From(builder.Configuration, services.GetRequiredService<TimeProvider>()));

var app = builder.Build();
app.UseServiceDefaults();
app.MapFollowResearcher();
app.MapUnfollowResearcher();
app.MapFollowMany();
app.MapFollowing();
app.MapRelationships();
app.MapRemoveFollower();
app.MapBlockResearcher();
app.MapFollowLists();
app.MapKnownFollowers();
app.MapFollowCounts();
app.MapFollowVisibility();

return await app.MaintainOrServeAsync(args,
    new("reconcile", (services, _) => Reconcile.RunAsync(services.GetRequiredService<NpgsqlDataSource>())),
    new("rebuild", (services, _) => Rebuild.RunAsync(services.GetRequiredService<NpgsqlDataSource>())),
    new("import", (services, arguments) => ImportEdges.RunAsync(arguments, services.GetRequiredService<FollowLog>(), services.GetRequiredService<TimeProvider>())));
