using BzPeer.Contracts;
using BzPeer.ServiceDefaults;
using BzPeer.Trust;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults(Sources.Trust);
builder.AddEventStore(Sources.Trust, TrustPublisher.Publications, (store, _) => TrustRecords.Configure(store));
builder.AddMessageBus(Sources.Trust, TrustPublisher.Publications, new Consumers()
    .InBatches<ResearchersMerged, ResearchersSplit>(Survivors.ApplyAsync, parallel: 1)
    .InBatches<ResearcherRegistered, BibliographyChanged>(RecalculateTrust.ApplyAsync));

var app = builder.Build();
app.UseServiceDefaults();
app.MapTrustStatement();
app.MapTrustLedger();
return await app.MaintainOrServeAsync(args);
