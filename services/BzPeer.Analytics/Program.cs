using BzPeer.Analytics;
using BzPeer.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("analytics");
builder.AddEventLog();
builder.AddNumbers();
builder.AddWebhooks();

var app = builder.Build();
app.UseServiceDefaults();
app.MapReadEvents();
app.MapExportDays();
app.MapLiveNumbers();
app.MapNumbers();
app.MapWebhooks();
return await app.CommandOrServeAsync(args, new MaintenanceCommand("rebuild", NumbersSetup.RebuildAsync));
