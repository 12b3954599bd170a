using Microsoft.AspNetCore.Http;
using Shouldly;
using Xunit;

namespace BzPeer.ServiceDefaults.Tests;

/// <summary>How lists are cut.</summary>
public sealed class PagingTests
{
    [Theory]
    [InlineData(null, 40)]
    [InlineData(0, 1)]
    [InlineData(-5, 1)]
    [InlineData(80, 80)]
    [InlineData(5_000, 80)]
    public void A_limit_is_clamped(int? asked, int given) => Paging.Clamp(asked).ShouldBe(given);

    [Theory]
    [InlineData("~")]
    [InlineData("a b")]
    [InlineData("MTIz")]
    public void A_cursor_that_is_not_ours_is_refused(string cursor) => Paging.TryDecodeNumber(List("/api/things"), cursor, 0, out _).ShouldBeFalse();

    [Theory]
    [InlineData("not-a-number")]
    [InlineData("-5")]
    public void A_position_that_is_no_number_is_refused(string position) => Paging.TryDecodeNumber(List("/api/things"), Paging.Encode("/api/things", position), 0, out _).ShouldBeFalse();

    [Fact]
    public void A_cursor_leads_back_to_its_position()
    {
        Paging.TryDecodeNumber(List("/api/things"), Paging.Encode("/api/things", "1234"), 0, out var position).ShouldBeTrue();
        position.ShouldBe(1234);
        Paging.TryDecodeNumber(List("/api/things"), null, 77, out var first).ShouldBeTrue();
        first.ShouldBe(77);
    }

    [Fact]
    public void A_cursor_of_another_list_or_a_part_of_one_is_refused()
    {
        var cursor = Paging.Encode("/api/things", "123456789");
        Paging.TryDecodeNumber(List("/api/others"), cursor, 0, out _).ShouldBeFalse();
        for (var length = 1; length < cursor.Length; length++) Paging.TryDecodeNumber(List("/api/things"), cursor[..length], 0, out _).ShouldBeFalse(cursor[..length]);
    }

    [Fact]
    public void A_page_with_more_behind_it_says_where_to_go_on_in_the_body_and_in_a_link()
    {
        var http = List("/api/things");
        http.Request.QueryString = new QueryString("?limit=2&cursor=old&q=a%20b");
        var page = http.PageOf([9, 8, 7], 2, item => $"{item}");
        (page.Items, page.Next).ShouldSatisfyAllConditions(p => p.Items.ShouldBe([9, 8]), p => p.Next.ShouldBe(Paging.Encode("/api/things", "8")));
        http.Response.Headers.Link.ToString().ShouldBe($"</api/things?limit=2&cursor={Paging.Encode("/api/things", "8")}&q=a%20b>; rel=\"next\"");
    }

    [Fact]
    public void The_last_page_has_no_next()
    {
        var http = new DefaultHttpContext();
        http.PageOf([1, 2], 2, item => $"{item}").Next.ShouldBeNull();
        http.Response.Headers.Link.Count.ShouldBe(0);
    }

    private static DefaultHttpContext List(string path)
    {
        var http = new DefaultHttpContext();
        http.Request.Path = path;
        return http;
    }
}
