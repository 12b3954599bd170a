using System.Text;
using Microsoft.AspNetCore.Html;

namespace BzPeer.Web.Tests;

public sealed class MathematicsTests
{
    [Theory]
    [InlineData("O($n^2$) steps", "O(<i>n</i><sup>2</sup>) steps")]
    [InlineData(@"$O(d^3 \log N)$", "<i>O</i>(<i>d</i><sup>3</sup> log <i>N</i>)")]
    [InlineData(@"at least $1-1/e-\epsilon$", "at least 1 − 1/<i>e</i> − <i>ϵ</i>")]
    [InlineData(@"$n=O(1/\varepsilon^2)$", "<i>n</i> = <i>O</i>(1/<i>ε</i><sup>2</sup>)")]
    [InlineData(@"a $\mu$s", "a <i>μ</i>s")]
    [InlineData(@"$\frac{1}{3}-\epsilon$", "1/3 − <i>ϵ</i>")]
    [InlineData(@"$\frac{a+b}{2n}$", "(<i>a</i> &#x2B; <i>b</i>)/(2<i>n</i>)")]
    [InlineData(@"$\phi(t) = \sqrt{2t\log\log t}$", "<i>ϕ</i>(<i>t</i>) = √(2<i>t</i> log log <i>t</i>)")]
    [InlineData(@"$\tilde{\mathcal{O}}(n|E|)$", "<i class=\"script\">Õ</i>(<i>n</i>|<i>E</i>|)")]
    [InlineData(@"$x_{i+1}^2$", "<i>x</i><sub><i>i</i>&#x2B;1</sub><sup>2</sup>")]
    [InlineData(@"$\mathbb{R}^n$", "ℝ<sup><i>n</i></sup>")]
    [InlineData(@"$\mathfrak{sl}_2$", "&#x1D530;&#x1D529;<sub>2</sub>")]
    [InlineData(@"$10^{-5}$", "10<sup>−5</sup>")]
    [InlineData(@"$B=\{{b_1},\dots,{b_n}\}$", "<i>B</i> = {<i>b</i><sub>1</sub>, …, <i>b</i><sub><i>n</i></sub>}")]
    [InlineData(@"$92.9\%$ of \(k\)", "92.9% of <i>k</i>")]
    [InlineData(@"$x_\text{max}$", "<i>x</i><sub>max</sub>")]
    [InlineData(@"$|E|=O(1)$", "|<i>E</i>| = <i>O</i>(1)")]
    [InlineData(@"$\left|-x\right|\le 2$", "|−<i>x</i>| ≤ 2")]
    [InlineData(@"$\approx$5", "≈5")]
    [InlineData(@"CO$_2$", "CO<sub>2</sub>")]
    [InlineData(@"\emph{not $n$} {\em so}, 5\% of \texttt{x}", "<i>not <i>n</i></i> <i>so</i>, 5% of <code>x</code>")]
    public void A_formula_is_shown_as_it_would_be_printed(string printed, string html) => Html(printed).ShouldBe(html.Normalize(NormalizationForm.FormD));

    [Theory]
    [InlineData(@"$\unknown{x}$ and $\begin{cases}1\end{cases}$")]
    [InlineData("between $5 and $10, US$ and C$")]
    [InlineData("$$")]
    [InlineData("$")]
    [InlineData("$x")]
    [InlineData("${$")]
    [InlineData("$x}$")]
    [InlineData("$x^$")]
    [InlineData(@"$\frac{1}$")]
    [InlineData(@"$\text{\input{x}}$")]
    [InlineData(@"C:\temp\emph and \emph{open")]
    public void What_is_not_understood_stays_as_it_was_printed(string printed)
    {
        Html(printed).ShouldBe(printed);
        Mathematics.Text(printed).ShouldBe(printed);
    }

    [Theory]
    [InlineData("<b>bold</b>", "&lt;b&gt;bold&lt;/b&gt;")]
    [InlineData("$a<b$", "<i>a</i> &lt; <i>b</i>")]
    [InlineData(@"$<script>$", "&lt;<i>s</i><i>c</i><i>r</i><i>i</i><i>p</i><i>t</i> &gt;")]
    [InlineData(@"$\text{a}<img src=x>$", "a &lt; <i>i</i><i>m</i><i>g</i><i>s</i><i>r</i><i>c</i> = <i>x</i> &gt;")]
    [InlineData(@"\emph{<i onclick=x>}", "<i>&lt;i onclick=x&gt;</i>")]
    public void Markup_of_a_record_is_text_in_a_formula_and_out_of_it(string printed, string html) => Html(printed).ShouldBe(html);

    [Theory]
    [InlineData(@"$O(n^2)$ and $x_{12}$", "O(n²) and x₁₂")]
    [InlineData(@"$2^{\alpha}$, $a^{b+c}$", "2^α, a^(b+c)")]
    [InlineData(@"10$^{-3}$", "10⁻³")]
    [InlineData(@"Mar\'ia, Pok{\'e}mon, Andr\'{a}s, na\""{\i}f, {\v{S}}, {\OE}uvre", "María, Pokémon, András, naïf, Š, Œuvre")]
    [InlineData(@"{\epsilon}-greedy in {\mu}W, {\unknown}", @"ϵ-greedy in μW, {\unknown}")]
    public void Without_markup_a_formula_is_in_characters(string printed, string text) => Mathematics.Text(printed).ShouldBe(text);

    [Fact]
    public void However_deep_or_long_it_is_it_is_read_or_left()
    {
        var deep = $"${new string('{', 5_000)}x{new string('}', 5_000)}$";
        var emphases = string.Concat(Enumerable.Repeat(@"\emph{", 5_000)) + new string('}', 5_000);

        Html(deep).ShouldBe(deep);
        Mathematics.Text(emphases).ShouldEndWith("}");
        Mathematics.Text(new string('$', 20_000)).Length.ShouldBe(20_000);
    }

    private static string Html(string printed) => ((HtmlString)Mathematics.Html(printed)).Value!.Normalize(NormalizationForm.FormD);
}
