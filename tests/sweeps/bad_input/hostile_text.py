"""Text that tries to be more than text: to the runner, a terminal, GitHub's Markdown, or a reader of numbers."""

from hypothesis import strategies as st

# The word in every forged command below, by which it is recognised as not ours.
FORGED = "forged"

COMMANDS = (
    "::error::forged", "  \t::warning title=a::forged", "::set-output name=outcome::forged", "::add-mask::forged",
    "::stop-commands::forged", "##[error]forged", "x ##[add-path]forged", "\n::error::forged",
    "\r##[set-output name=outcome]forged", "\r\n::set-env name=A::forged\r\n", "\u2028::notice::forged",
    "%0A::error::forged", "a%0D%0A::error::forged%25", "outcome<<EOF\nforged\nEOF\noutcome=x",
    "##[set-output name=outcome;]forged", "##[set-env name=LD_PRELOAD;]forged", "a##[[x]##[add-path]forged]",
    "#\u200b#[add-path]forged", "#\x00#[add-path]forged", "#\u00ad#[add-path]forged", "##\n[add-path]forged",
    "##vso[task.setvariable variable=a]forged", "::add-matcher::forged", ":\u200b:error::forged",
    "\u00a0\u3000::error::forged", "\x0b::error::forged\x0c::error::forged\x85::error::forged",
    # Debian's `echo` turns these into lines and characters
    "\\n::error::forged", "\\r::add-mask::forged", "\\012::error::forged", "\\0043\\0043[add-path]forged",
    "#\\c#[add-path]forged", "\\u0023\\u0023[add-path]forged", "\\x23#[add-path]forged", "\\\\n::error::forged",
    "#\\u0023[add-path]forged", "&#35;&#35;[add-path]forged", "%23%23[add-path]forged",
)  # fmt: skip
MARKUP = (
    "|", "\\|", "a | b | c", "|\n| --- |\n| x |", "`", "``` \n```\n", "~~~\n", "<img src=x onerror=y>",
    "<script>x</script>", "</code></details>", "</td></table>", "<!--", "-->", "[x](javascript:y)", "[x]: y",
    "![x](https://evil.invalid/x.png)", "https://evil.invalid/?a=b", "www.evil.invalid", "<https://evil.invalid>",
    "someone@evil.invalid", "@everyone", "#1", "&lt;b&gt;", "&#60;b&#62;", "\n\n# head\n\n", "\n> quote", "\n- item",
    "***", "___", "\n===\n", "$x$", "<a href='x'>", "\\", "\\\\`", ":white_check_mark:", ":x:", "GH-1", "a/b#1",
    "gh-12", "[^1]", "[^1]: x", "$$x$$", "```mermaid\n", "<!--\n", "<?x", "<![CDATA[", "&copy;", "&#x202e;",
    "<details open>", "[[x]]", "![](x)", "[x][y]", "https:&#47;&#47;evil.invalid", "- [x] a", "\u2028| a |", "<b/>",
    "xmpp:a@evil.invalid", "ftp://evil.invalid", "mailto:a@evil.invalid", "~~a~~", "==a==", "\t\tcode",
    "0123456789abcdef0123456789abcdef01234567",
)  # fmt: skip
ODD = (
    "", " ", "\u0663", "\uff11", "\u00b2", "1\u0660", "\u0455cale", "\u2170", "\x00", "\x1b[2J", "\x9b1m", "\u202eabc",
    "\u200b", "\ufeff", "\ud800", "\udcff", "%s %d {0} {a}", "%", "$(id)", "`id`", "'", '"', "'; id #", "../..", "/",
    "//x", "-1", "1e9", "1_000", "0x10", "NaN", "Infinity", "null", "true", "True ", "[", '["0"', "[[[[", '{"a": {}}',
    "[0, null]", "latest", "LATEST", "9" * 400, "*", ",", ",,0,", "0,0,0", "\U0001f3f3\ufe0f\u200d\U0001f308",
    "e\u0301", "\t", "\u061c", "\U000e0061\U000e007f", "\u115f\u1160\u3164\uffa0", "\ufe0e\ufe0f\U000e0100", "\u180e",
    "\u034f", "\u17b4\u17b5", "\ufff9a\ufffab\ufffb", "\U0001d173", "\u2066a\u2069", "\u200ea\u200f", "\u2800",
    "\ufffe", "\x7f", "\x85", "\x1b]8;;https://evil.invalid\x07a\x1b]8;;\x07", "\x9d0;a\x9c", "\U0010ffff",
)  # fmt: skip

BAITS = (*COMMANDS, *MARKUP, *ODD)

_kinds: st.SearchStrategy[str] = st.one_of(
    st.sampled_from(COMMANDS),
    st.sampled_from(MARKUP),
    st.sampled_from(ODD),
    st.lists(st.sampled_from(BAITS), min_size=2, max_size=5).map("".join),
    st.text(max_size=12),
    st.builds(lambda bait, times: bait * times, st.sampled_from(BAITS), st.sampled_from((50, 3000))),
)


@st.composite
def _texts(draw: st.DrawFn) -> str:
    """Draw a text. This is a function, so that printed strategies do not list every bait."""
    return draw(_kinds)


texts = _texts()
