using BzPeer.DevelopmentSignIn;
using BzPeer.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
Provider.RefuseOutsideDevelopment(builder.Environment);
builder.AddServiceDefaults("sign-in");
builder.AddProvider();
builder.Services.AddRazorPages();
// They tell every request and its parts.
builder.Logging.AddFilter("OpenIddict", LogLevel.Warning).AddFilter("System.Net.Http.HttpClient", LogLevel.Warning);

var app = builder.Build();
app.UseServiceDefaults(describeApi: false);
app.MapStyle();
app.MapRazorPages().AllowAnonymous();
app.Run();
