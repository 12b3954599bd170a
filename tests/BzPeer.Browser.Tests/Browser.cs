using BzPeer.Testing;

[assembly: AssemblyFixture(typeof(BzPeer.Browser.Tests.Browser))]

namespace BzPeer.Browser.Tests;

/// <summary>One headless Chromium for all tests of the assembly; every visit has cookies and a window of its own.</summary>
public sealed class Browser : IAsyncLifetime
{
    // Long, because the whole test run shares the machine; what is expected is waited for, never longer.
    private const float Patience = 90_000;

    private readonly Lazy<Task<(IPlaywright Playwright, IBrowser Chromium)>> launched = new(LaunchAsync);

    /// <summary>The window of the visit: a desktop's.</summary>
    public static readonly ViewportSize Desktop = new() { Width = 1280, Height = 900 };

    /// <summary>The narrowest window everything must fit in (WCAG 2.2, 1.4.10).</summary>
    public static readonly ViewportSize Narrow = new() { Width = 320, Height = 800 };

    public async Task<Visit> Visit(Uri site, bool scripts = true, bool dark = false, ViewportSize? window = null, string language = "en")
    {
        var (_, chromium) = await launched.Value;
        var context = await chromium.NewContextAsync(new()
        {
            BaseURL = site.ToString(),
            JavaScriptEnabled = scripts,
            ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light,
            ViewportSize = window ?? Desktop,
            ReducedMotion = ReducedMotion.Reduce,
            Locale = language,
        });
        context.SetDefaultTimeout(Patience);
        return new Visit(context, await context.NewPageAsync());
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (!launched.IsValueCreated)
            return;
        var (playwright, chromium) = await launched.Value;
        await chromium.DisposeAsync();
        playwright.Dispose();
    }

    private static async Task<(IPlaywright, IBrowser)> LaunchAsync()
    {
        var path = await TestBrowser.PathAsync();
        var playwright = await Playwright.CreateAsync();
        Assertions.SetDefaultExpectTimeout(Patience);
        return (playwright, await playwright.Chromium.LaunchAsync(new() { ExecutablePath = path, Args = TestBrowser.Flags, Timeout = Patience }));
    }
}

/// <summary>A window with cookies of its own, closed at the end of the test.</summary>
public sealed record Visit(IBrowserContext Context, IPage Page) : IAsyncDisposable
{
    public ValueTask DisposeAsync() => Context.DisposeAsync();
}

internal static class Visits
{
    /// <summary>Signs in as a person would: at the provider of Development, or at the one that stands in for it.</summary>
    public static async Task SignIn(this IPage page, Guid researcher, bool curator = false)
    {
        await page.GotoAsync("/sign-in");
        await page.GetByLabel("Researcher id").FillAsync(researcher.ToString());
        if (curator)
            await page.GetByLabel("with the role curator").CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Sign out" })).ToBeVisibleAsync();
    }

    /// <summary>Loads a page again until what other services have to tell it is there.</summary>
    public static Task GotoUntil(this IPage page, string path, ILocator shown) => Eventually.Async(async ct =>
    {
        await page.GotoAsync(path);
        return await shown.CountAsync() > 0;
    }, $"{path} shows what it is looked at for", ct: TestContext.Current.CancellationToken);

    /// <summary>What the page shows: laid out text, hidden parts left out.</summary>
    public static async Task<string> Shown(this IPage page) =>
        string.Join(' ', (await page.Locator("main").InnerTextAsync()).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
