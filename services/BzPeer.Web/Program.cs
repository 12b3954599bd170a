using BzPeer.ServiceDefaults;
using BzPeer.Web;

var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
// The assets are found wherever the process is started from, published or not.
builder.WebHost.UseStaticWebAssets();
builder.AddServiceDefaults("web");
builder.AddGateway();
builder.AddBzPeerApi();
builder.AddPages();
builder.AddPageKeeping();

var app = builder.Build();
app.UsePageSafety();
app.UseLanguages();
app.UsePageKeeping();
app.UseServiceDefaults(describeApi: false);
app.UsePages();
app.MapCitations();
app.MapGateway();
app.MapApiReference();
app.Run();
