using System.Net;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using BzPeer.Web.Pages;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace BzPeer.Web.Tests;

/// <summary>The gateway and its pages on a real port, in front of the fake services, and a browser-like client with cookies.</summary>
internal sealed partial class Site : IAsyncDisposable
{
    private readonly Factory factory;

    private Site(FakeServices services, Factory factory)
    {
        (Services, this.factory) = (services, factory);
        Client = NewVisitor();
    }

    public FakeServices Services { get; }

    public FakeWorld World => Services.World;

    /// <summary>Keeps cookies, follows no redirect.</summary>
    public HttpClient Client { get; }

    public static async Task<Site> StartAsync(FakeWorld? world = null, string environment = "Development", params (string Key, string Value)[] settings)
    {
        var services = await FakeServices.StartAsync(world);
        var factory = new Factory(services, environment, settings);
        factory.UseKestrel();
        factory.StartServer();
        return new Site(services, factory);
    }

    public HttpClient NewVisitor() =>
        new(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer() }) { BaseAddress = factory.ClientOptions.BaseAddress };

    public Task<string> Html(string path) => Client.GetStringAsync(path, TestContext.Current.CancellationToken);

    public Task<HttpResponseMessage> Get(string path) => Client.GetAsync(path, TestContext.Current.CancellationToken);

    public Task<HttpResponseMessage> Post(string path, params (string Name, string Value)[] fields) =>
        Client.PostAsync(path, new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value))), TestContext.Current.CancellationToken);

    /// <summary>Posts the form of a page as a browser does: with the antiforgery token that stands in it.</summary>
    public async Task<HttpResponseMessage> Submit(string page, string action, params (string Name, string Value)[] fields) =>
        await Post(action, [.. fields, ("__RequestVerificationToken", Token(await Html(page)))]);

    public async Task SignIn(Guid researcher, bool curator = false)
    {
        using var response = await Submit("/sign-in", "/sign-in", [("id", researcher.ToString()), .. curator ? new[] { ("curator", "true") } : []]);
        response.StatusCode.ShouldBe(HttpStatusCode.Redirect);
    }

    /// <summary>What a page says to its reader: its text, without markup, spaces evened out.</summary>
    public static string TextOf(string html) =>
        Spaces().Replace(WebUtility.HtmlDecode(Tag().Replace(html[html.IndexOf("<main", StringComparison.Ordinal)..], " ")), " ");

    public static string Token(string html) => FormToken().Match(html).Groups[1].Value;

    /// <summary>What the gateway keeps in memory.</summary>
    public Kept Kept => factory.Services.GetRequiredService<Kept>();

    /// <summary>Tells the gateway to stop, as a signal to its process would.</summary>
    public void StopGateway() => factory.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Services.GraphMayAnswer.TrySetResult();
        await factory.DisposeAsync();
        await Services.DisposeAsync();
    }

    [GeneratedRegex("<[^>]*>")]
    private static partial Regex Tag();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();

    [GeneratedRegex("""name="__RequestVerificationToken" type="hidden" value="([^"]+)""")]
    private static partial Regex FormToken();

    private sealed class Factory(FakeServices services, string environment, (string Key, string Value)[] settings) : WebApplicationFactory<IndexModel>
    {
        private readonly string key = Path.Combine(AppContext.BaseDirectory, $"{Guid.NewGuid():N}.key");

        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            File.WriteAllText(key, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
            builder.UseEnvironment(environment);
            builder.UseSetting("urls", "http://127.0.0.1:0");
            builder.UseSetting(environment == "Development" ? "Auth:SigningKeyFile" : "Auth:Authority", environment == "Development" ? key : "https://id.example.org");
            builder.UseSetting("Auth:Audience", "bzpeer");
            foreach (var (service, address) in services.Addresses)
                builder.UseSetting($"Services:{service}", address);
            foreach (var (name, value) in settings)
                builder.UseSetting(name, value);
        }

        protected override void Dispose(bool disposing)
        {
            base.Dispose(disposing);
            File.Delete(key);
        }
    }
}
