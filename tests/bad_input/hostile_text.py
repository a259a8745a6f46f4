"""Text that tries to be more than text: to the runner, a terminal, GitHub's Markdown, or whoever reads a number."""

from __future__ import annotations

from hypothesis import strategies as st

# Every forged command says this word first, so that it is known to be none of ours.
FORGED = "forged"

COMMANDS = (
    f"::error::{FORGED}",
    f"  \t::warning title=a::{FORGED}",
    f"::set-output name=outcome::{FORGED}",
    f"::add-mask::{FORGED}",
    f"::stop-commands::{FORGED}",
    f"##[error]{FORGED}",
    f"x ##[add-path]{FORGED}",
    f"\n::error::{FORGED}",
    f"\r##[set-output name=outcome]{FORGED}",
    f"\r\n::set-env name=A::{FORGED}\r\n",
    f"\u2028::notice::{FORGED}",
    f"%0A::error::{FORGED}",
    f"a%0D%0A::error::{FORGED}%25",
    f"outcome<<EOF\n{FORGED}\nEOF\noutcome=x",
)
MARKUP = (
    "|", "\\|", "a | b | c", "|\n| --- |\n| x |", "`", "``` \n```\n", "~~~\n", "<img src=x onerror=y>",
    "<script>x</script>", "</code></details>", "</td></table>", "<!--", "-->", "[x](javascript:y)", "[x]: y",
    "![x](https://evil.invalid/x.png)", "https://evil.invalid/?a=b", "www.evil.invalid", "<https://evil.invalid>",
    "someone@evil.invalid", "@everyone", "#1", "&lt;b&gt;", "&#60;b&#62;", "\n\n# head\n\n", "\n> quote", "\n- item",
    "***", "___", "\n===\n", "$x$", "<a href='x'>", "\\", "\\\\`",
)  # fmt: skip
ODD = (
    "", " ", "\u0663", "\uff11", "\u00b2", "1\u0660", "\u0455cale", "\u2170", "\x00", "\x1b[2J", "\x9b1m", "\u202eabc",
    "\u200b", "\ufeff", "\ud800", "\udcff", "%s %d {0} {a}", "%", "$(id)", "`id`", "'", '"', "'; id #", "../..", "/",
    "//x", "-1", "1e9", "1_000", "0x10", "NaN", "Infinity", "null", "true", "True ", "[", '["0"', "[[[[", '{"a": {}}',
    "[0, null]", "latest", "LATEST", "9" * 400, "*", ",", ",,0,", "0,0,0", "\U0001f3f3\ufe0f\u200d\U0001f308",
    "e\u0301", "\t",
)  # fmt: skip

BAITS = (*COMMANDS, *MARKUP, *ODD)

_kinds = st.one_of(
    st.sampled_from(COMMANDS),
    st.sampled_from(MARKUP),
    st.sampled_from(ODD),
    st.lists(st.sampled_from(BAITS), min_size=2, max_size=5).map("".join),
    st.text(max_size=12),
    st.builds(lambda bait, times: bait * times, st.sampled_from(BAITS), st.sampled_from((50, 3000))),
)


@st.composite
def _texts(draw: st.DrawFn) -> str:
    """A function, so that strategies made of it do not name every bait when they are printed."""
    return draw(_kinds)


texts = _texts()
