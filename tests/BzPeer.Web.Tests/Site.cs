using System.Net;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using BzPeer.Testing;
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

    private Site(FakeServices services, StandInProvider provider, Factory factory)
    {
        (Services, Provider, this.factory) = (services, provider, factory);
        Client = NewVisitor();
    }

    public FakeServices Services { get; }

    /// <summary>Where people sign in.</summary>
    public StandInProvider Provider { get; }

    public FakeWorld World => Services.World;

    /// <summary>Keeps cookies, follows no redirect.</summary>
    public HttpClient Client { get; }

    public static async Task<Site> StartAsync(FakeWorld? world = null, string environment = "Development", params (string Key, string Value)[] settings)
    {
        var services = await FakeServices.StartAsync(world);
        var provider = await StandInProvider.StartAsync();
        var factory = new Factory(services, provider, environment, settings);
        factory.UseKestrel();
        factory.StartServer();
        return new Site(services, provider, factory);
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
        using var response = await SignInAs(researcher.ToString(), curator: curator);
        (response.StatusCode, response.Headers.Location?.OriginalString).ShouldBe((HttpStatusCode.Redirect, "/"));
    }

    /// <summary>Goes to the provider, is somebody there, and comes back: the site's answer to that.</summary>
    /// <param name="sub">Whom the provider says this is: an ORCID iD, or in Development a researcher.</param>
    public async Task<HttpResponseMessage> SignInAs(string sub, string returnUrl = "/", bool curator = false) =>
        await Client.GetAsync(await AtTheProvider(await Asked(returnUrl), sub, curator), TestContext.Current.CancellationToken);

    /// <summary>Where the site sends somebody who wants to sign in.</summary>
    public async Task<Uri> Asked(string returnUrl = "/")
    {
        using var toProvider = await Get($"/sign-in?returnUrl={Uri.EscapeDataString(returnUrl)}");
        toProvider.StatusCode.ShouldBe(HttpStatusCode.Redirect);
        return toProvider.Headers.Location!;
    }

    /// <summary>Where the provider sends them back to.</summary>
    public static async Task<Uri> AtTheProvider(Uri asked, string sub, bool curator = false)
    {
        using var provider = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        using var back = await provider.GetAsync($"{asked}&id={sub}{(curator ? "&curator=true" : "")}", TestContext.Current.CancellationToken);
        back.StatusCode.ShouldBe(HttpStatusCode.Redirect);
        return back.Headers.Location!;
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
        await Provider.DisposeAsync();
        await Services.DisposeAsync();
    }

    [GeneratedRegex("<[^>]*>")]
    private static partial Regex Tag();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();

    [GeneratedRegex("""name="__RequestVerificationToken" type="hidden" value="([^"]+)""")]
    private static partial Regex FormToken();

    private sealed class Factory(FakeServices services, StandInProvider provider, string environment, (string Key, string Value)[] settings) : WebApplicationFactory<IndexModel>
    {
        private readonly string folder = Directory.CreateTempSubdirectory("bzpeer-web-").FullName;

        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            var key = Path.Combine(folder, "key");
            builder.UseEnvironment(environment);
            builder.UseSetting("urls", "http://127.0.0.1:0");
            // A fake that is late because the machine does much at once is not one that does not answer.
            builder.UseSetting("Pages:Patience", "20");
            builder.UseSetting("SignIn:ClientId", StandInProvider.ClientId);
            builder.UseSetting("SignIn:ClientSecret", StandInProvider.ClientSecret);
            if (environment == "Development")
            {
                File.WriteAllText(key, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
                builder.UseSetting("Auth:SigningKeyFile", key);
                builder.UseSetting("SignIn:Authority", provider.Authority);
            }
            else
            {
                using var signing = ECDsa.Create(ECCurve.NamedCurves.nistP256);
                File.WriteAllText(key, signing.ExportSubjectPublicKeyInfoPem());
                builder.UseSetting("Auth:VerificationKeysFile", key);
                builder.UseSetting("SignIn:Authority", "https://orcid.example");
                builder.UseSetting("Site:Origin", "https://bzpeer.example");
                builder.UseSetting("DataProtection:KeysFolder", folder);
            }
            foreach (var (service, address) in services.Addresses)
                builder.UseSetting($"Services:{service}", address);
            foreach (var (name, value) in settings)
                builder.UseSetting(name, value);
        }

        protected override void Dispose(bool disposing)
        {
            base.Dispose(disposing);
            Directory.Delete(folder, recursive: true);
        }
    }
}
