using System.Globalization;
using Microsoft.AspNetCore.Localization;

namespace BzPeer.Web;

/// <summary>
/// The languages of the pages: the one a visitor chose, else the one their browser asks for, else English. Every address is one page in
/// all of them.
/// </summary>
internal static class Languages
{
    /// <summary>Remembers what was chosen.</summary>
    public const string Cookie = "bzpeer.language";

    /// <summary>The first is that of the source: its texts are their own keys. To add one, name it here and translate the three <c>.de.resx</c>.</summary>
    public static readonly IReadOnlyList<CultureInfo> All =
        [Language("en", "d MMMM yyyy", "d MMM yyyy", "d MMM"), Language("de", "d. MMMM yyyy", "d. MMM yyyy", "d. MMM")];

    public static bool IsOfSource => CultureInfo.CurrentUICulture.Name == All[0].Name;

    public static void AddLanguages(this WebApplicationBuilder builder)
    {
        builder.Services.AddLocalization();
        builder.Services.AddSingleton<ScriptTexts>();
        builder.Services.AddSingleton<ServiceTexts>();
        builder.Services.Configure<RequestLocalizationOptions>(options =>
        {
            options.DefaultRequestCulture = new(All[0]);
            options.SupportedCultures = options.SupportedUICultures = [.. All];
            options.RequestCultureProviders = [new CookieRequestCultureProvider { CookieName = Cookie }, new AcceptLanguageHeaderRequestCultureProvider()];
        });
    }

    /// <summary>Before pages are looked for among those that are kept: each is kept in its language.</summary>
    public static void UseLanguages(this WebApplication app) => app.UseWhen(context => !PageSetup.IsApi(context.Request.Path), pages =>
    {
        pages.UseRequestLocalization();
        pages.Use((context, next) =>
        {
            var language = CultureInfo.CurrentUICulture.Name;
            context.Response.OnStarting(() =>
            {
                if (context.Response.ContentType?.StartsWith("text/html", StringComparison.Ordinal) != true)
                    return Task.CompletedTask;
                context.Response.Headers.ContentLanguage = language;
                context.Response.Headers.Append("Vary", "Accept-Language, Cookie");
                return Task.CompletedTask;
            });
            return next(context);
        });
    });

    /// <summary>Remembers the choice of a visitor for a year; false where there is no such language.</summary>
    public static bool Choose(HttpContext context, string? name)
    {
        if (All.All(language => language.Name != name))
            return false;
        context.Response.Cookies.Append(Cookie, CookieRequestCultureProvider.MakeCookieValue(new(name!)), new()
        {
            MaxAge = TimeSpan.FromDays(365),
            HttpOnly = true,
            IsEssential = true,
            SameSite = SameSiteMode.Lax,
            Secure = context.Request.IsHttps,
        });
        return true;
    }

    /// <summary>A culture whose patterns for dates are those of the pages: <c>D</c> and <c>d</c> a day in full and in short, <c>Y</c> a month, <c>M</c> a day without its year.</summary>
    private static CultureInfo Language(string name, string day, string shortDay, string dayOfYear)
    {
        var language = new CultureInfo(name);
        var dates = language.DateTimeFormat;
        (dates.LongDatePattern, dates.ShortDatePattern, dates.MonthDayPattern, dates.YearMonthPattern) = (day, shortDay, dayOfYear, "MMM yyyy");
        return language;
    }
}
