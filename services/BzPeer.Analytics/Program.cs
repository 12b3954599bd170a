using BzPeer.Analytics;
using BzPeer.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("analytics");
builder.AddEventLog();

var app = builder.Build();
app.UseServiceDefaults();
app.MapReadEvents();
await app.RunAsync();
