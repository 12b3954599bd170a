using BzPeer.Contracts;
using BzPeer.Publication;
using BzPeer.ServiceDefaults;
using Marten;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults(Sources.Publication);
builder.AddEventStore(Sources.Publication, PublicationPublisher.Publications, (store, database) =>
{
    AuthorIdentity.Configure(store);
    Work.Configure(store);
    MergeWorks.Configure(store);
    NoticeRetractions.Configure(store);
    WithdrawRecords.Configure(store);
    RecordWorks.Configure(store);
    WorkTables.Configure(store);
    Bibliographies.Configure(store, database);
    Imports.Configure(store);
    KnownFollows.Configure(store);
    Feed.Configure(store);
}, planOnce: true).AddSubscriptionWithServices<SuspectPairs>(ServiceLifetime.Singleton, _ => { });
builder.AddMessageBus(Sources.Publication, PublicationPublisher.Publications, new Consumers()
    .InBatches<ResearcherFollowed, ResearcherUnfollowed>(KnownFollows.ApplyAsync, parallel: 1)
    .InBatches<ResearcherRegistered>(IdentifyNewcomers.ApplyAsync));
builder.Services.AddSingleton<RecordWorks>();
builder.Services.AddSingleton<Namesakes>();
builder.Services.AddSingleton<Collaborations>();
builder.Services.AddSingleton(ImportLimits.Read(builder.Configuration));
builder.Services.AddSingleton<ImportWorker>();
builder.Services.AddHostedService(services => services.GetRequiredService<ImportWorker>());

var app = builder.Build();
app.UseServiceDefaults();
app.MapPublishWork();
app.MapRetractWork();
app.MapMergeWorks();
app.MapWithdrawRecords();
app.MapWorks();
app.MapReadAssertions();
app.MapListWorks();
app.MapFindWorks();
app.MapWorksAtom();
app.MapFeed();
app.MapCollaborators();
app.MapTopicsAndInstitutions();
app.MapFindTopicsAndInstitutions();
app.MapGraph();
app.MapGraphConnection();
app.MapMerges();
app.MapSuspectedPairs();
app.MapImports();
return await app.MaintainOrServeAsync(args);
