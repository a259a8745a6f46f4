"""The sanitiser: what a runner, a terminal or a browser could act upon becomes harmless text."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from builders import STEADY
from vmss_upgrade.reporters.sanitiser.characters import HOLE, LINE_BREAKS, visible
from vmss_upgrade.reporters.sanitiser.known_secrets import forget_secrets, keep_secret
from vmss_upgrade.reporters.sanitiser.text import (
    clean,
    code,
    count,
    cut,
    fenced,
    markdown,
    shown_lines,
)
from vmss_upgrade.rollout.wording import listed

SPLIT = " "  # what `clean` puts between ## and [


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        pytest.param("plain text, with signs: 50% (a/b)", "plain text, with signs: 50% (a/b)", id="plain"),
        pytest.param("Größe 日本 ✔", "Größe 日本 ✔", id="letters-of-the-world"),
        pytest.param("  blanks around  ", "blanks around", id="blanks"),
        pytest.param("::error::x", "·::error::x", id="command"),
        pytest.param("  \t::error::x", "·::error::x", id="command-after-blanks"),
        pytest.param("\u3000::error::x", "·::error::x", id="command-after-a-wide-blank"),
        pytest.param("\x1b::error::x", "·::error::x", id="command-after-an-escape"),
        pytest.param("a ::error::x", "a ::error::x", id="in-the-middle-it-is-none"),
        pytest.param("##[error]x", f"##{SPLIT}[error]x", id="old-command"),
        pytest.param("a ##[group]x", f"a ##{SPLIT}[group]x", id="old-command-anywhere"),
        pytest.param("###[error]x", f"###{SPLIT}[error]x", id="one-more-hash"),
        pytest.param("##[##[error]x", f"##{SPLIT}[##{SPLIT}[error]x", id="twice"),
        pytest.param("a ##vso[task.complete]x", f"a ##{SPLIT}vso[task.complete]x", id="azure-pipelines"),
        pytest.param("##VSO[task.complete]x", f"##{SPLIT}VSO[task.complete]x", id="azure-pipelines-in-capitals"),
        pytest.param("##vsx[a] ## vso[b]", "##vsx[a] ## vso[b]", id="no-command-of-azure-pipelines"),
        pytest.param("##\x00[error]x", "## [error]x", id="with-a-control-inside"),
        pytest.param("#\u200b#[error]x", "# #[error]x", id="with-a-zero-width-blank-inside"),
        pytest.param("a\r::error::x", "a ::error::x", id="carriage-return"),
        pytest.param("a\r\n::error::x\n", "a ::error::x", id="line-break"),
        pytest.param("a\u2028::error::x\u0085b", "a ::error::x b", id="unicode-line-breaks"),
        pytest.param("\x1b[31mred\x1b[0m", "[31mred [0m", id="ansi-colour"),
        pytest.param("\x9b2Jgone", "2Jgone", id="c1-control"),
        pytest.param("a\u202eb\u2066c\u200fd", "a b c d", id="bidirectional"),
        pytest.param("a\ud800b\ue000c\ufdd0d\U0001fffe", "a\ufffdb\ufffdc\ufffdd\ufffd", id="no-characters"),
        pytest.param("a\u061cb\xadc\U000e0041d\u3164e\ufe0ff\u2800g", "a b c d e f g", id="invisible"),
        pytest.param("\u200b::error::x", "·::error::x", id="command-after-nothing-to-see"),
        pytest.param("✅ ⏸️ ⏱️ ↩️ ⚠️ ℹ️", "✅ ⏸️ ⏱️ ↩️ ⚠️ ℹ️", id="our-own-signs"),  # noqa: RUF001
        pytest.param("Z" + "\u0301" * 50 + "algo", "Z" + "\u0301" * 4 + "algo", id="a-pile-of-accents"),
        pytest.param("Viê\u0323t, नमस्ते, שָׁלוֹם", "Viê\u0323t, नमस्ते, שָׁלוֹם", id="accents-in-use"),
        pytest.param("a\x00b\x7fc", "a b c", id="nul-and-delete"),
        pytest.param(404, "404", id="not-a-string"),
    ],
)
def test_clean(text: object, cleaned: str) -> None:
    assert clean(text) == cleaned


@pytest.mark.parametrize("sign", "⏸⏱↩⚠ℹ")  # noqa: RUF001
def test_a_selector_is_left_behind_signs_of_ours_only(sign: str) -> None:
    assert clean(f"\ufe0f{sign}") == sign
    assert clean(f"{sign}\ufe0f\ufe0fx") == f"{sign}\ufe0f x"
    assert clean("x\ufe0fy") == "x y"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("https://a.blob/c/x.vhd?sv=1&sig=SECRET", "https://a.blob/c/x.vhd?...", id="address"),
        pytest.param("see HTTPS://a/x?sig=SECRET now", "see HTTPS://a/x?... now", id="in-a-sentence"),
        pytest.param("'https://a/x?sig=SECRET'", "'https://a/x?...'", id="in-quotes"),
        pytest.param('{"uri":"https://a/x?sig=SECRET"}', '{"uri":"https://a/x?..."}', id="in-json"),
        pytest.param("http://a/x?u=https://b/y?sig=SECRET", "http://a/x?...", id="address-in-an-address"),
        pytest.param("https://a/x?1 https://b/y?2", "https://a/x?... https://b/y?...", id="two"),
        pytest.param("https://a/x", "https://a/x", id="no-query"),
        pytest.param("https://a/x?sv=1\n&sig=SECRET", "https://a/x?... &sig=...", id="broken-by-a-line-feed"),
        pytest.param("acct.blob/x.vhd?sv=1&sig=SECRET", "acct.blob/x.vhd?...", id="no-scheme"),
        pytest.param("What? Why?", "What? Why?", id="no-address"),
        pytest.param("https://a/" * 13_000, "https://a/" * 13_000, id="so-long-that-only-linear-time-will-do"),
    ],
)
def test_query_strings_are_taken_out(text: str, shown: str) -> None:
    assert clean(cut(text)) == shown
    assert clean(text) == shown
    assert "SECRET" not in markdown(text) + code(text) + fenced(text)


@pytest.fixture
def _no_secrets() -> Iterator[None]:
    forget_secrets()
    yield
    forget_secrets()


@pytest.mark.usefixtures("_no_secrets")
def test_secrets_are_redacted_everywhere_before_a_text_is_cut() -> None:
    keep_secret("s3cr3t|~value")
    assert clean("a s3cr3t|~value b") == "a *** b"
    assert "s3cr3t" not in markdown("s3cr3t|~value") + code("s3cr3t|~value") + fenced("s3cr3t|~value")
    assert cut("0123 s3cr3t|~value", 12) == "0123 ***"
    forget_secrets()
    assert clean("s3cr3t|~value") == "s3cr3t|~value"


@pytest.mark.usefixtures("_no_secrets")
def test_a_secret_too_short_to_be_one_is_not_taken_out_of_every_text() -> None:
    keep_secret("")
    keep_secret("2")
    assert clean("instance 2") == "instance 2"


hostile = st.one_of(
    st.text(),
    st.lists(
        st.sampled_from(
            [
                "##[", "##vso[", "vso", "[", "#", "::", ":", "error", "::add-mask::", "]", "\r", "\n", "\x1b[2J",
                "\u202e", "\ufeff", "\u200b", " ", "\t", "\xa0",
                "\u2028", "|", "`", "<img src=x>", "&#124;", "\\", "\\|", "https://a/x?s=1",
                "?", "'", "@you", "_a_", "*", "~~", "$$", "www.a.b", "-->", "\ud800",
            ]
        )
    ).map("".join),
)  # fmt: skip


def controls_in(text: str) -> list[str]:
    """Return the control, formatting and line-breaking characters that a terminal or a browser acts upon."""
    return re.findall(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]", text)


@STEADY
@given(hostile)
@example("##[error]x")
@example("##vso[task.complete]x")
@example("::error::x")
def test_every_text_is_harmless_once_cleaned(text: str) -> None:
    cleaned = clean(text)
    assert "##[" not in cleaned
    assert "##vso[" not in cleaned.lower()
    assert not cleaned.strip().startswith("::")
    assert len(cleaned.splitlines()) <= 1
    assert controls_in(cleaned) == []
    assert cleaned == cleaned.strip()


@STEADY
@given(hostile)
def test_cleaning_again_changes_nothing_that_matters(text: str) -> None:
    """`##[` apart, whose divider is itself a character that is cleaned away: then a blank divides."""
    cleaned = clean(text)
    assert clean(cleaned) == cleaned


@STEADY
@given(hostile)
def test_markdown_shows_the_text_and_nothing_acts(text: str) -> None:
    shown = re.sub("</?code>", "", markdown(text))
    assert html.unescape(shown).replace("@\u200b", "@") == clean(text)
    entities_out = re.sub(r"&#\d+;", "", shown)
    assert not re.match(r"[-+=](\s|$)|\d+[.)](\s|$)", shown)
    assert not set(entities_out) & set("\\`*[]<>&|~@#$")
    assert "://" not in shown
    assert not re.search("www[.]", shown, re.IGNORECASE)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("a|b", "a&#124;b", id="cell"),
        pytest.param("<script>", "&#60;script&#62;", id="html"),
        pytest.param("<!-- x -->", "&#60;!-- x --&#62;", id="comment"),
        pytest.param("![x](y)", "!&#91;x&#93;(y)", id="image"),
        pytest.param("[^1] [^1]: x", "&#91;^1&#93; &#91;^1&#93;: x", id="footnote"),
        pytest.param("[x] done", "&#91;x&#93; done", id="task"),
        pytest.param("$x$ ~~y~~", "&#36;x&#36; &#126;&#126;y&#126;&#126;", id="formula-and-strike"),
        pytest.param("@team", "&#64;&#8203;team", id="mention"),
        pytest.param("me@a.example", "me&#64;&#8203;a.example", id="address-of-mail"),
        pytest.param("https://github.com/o/r/issues/1", "https&#58;//github.com/o/r/issues/1", id="address"),
        pytest.param("www.a.example", "www&#46;a.example", id="address-without-scheme"),
        pytest.param("snake_case", "snake_case", id="underscore-in-a-word"),
        pytest.param("_em_", "&#95;em&#95;", id="emphasis"),
        pytest.param("&lt;", "&#38;lt;", id="entity"),
        pytest.param("a\\|b", "a&#92;&#124;b", id="escaped-cell"),
        pytest.param("a\\", "a&#92;", id="hard-break"),
        pytest.param("- x", "&#45; x", id="list"),
        pytest.param("+ x", "&#43; x", id="another-list"),
        pytest.param("* x", "&#42; x", id="one-more-list"),
        pytest.param("1. x", "1&#46; x", id="numbered"),
        pytest.param("12) x", "12&#41; x", id="numbered-otherwise"),
        pytest.param("# x", "&#35; x", id="heading"),
        pytest.param("===", "&#61;==", id="underlined"),
        pytest.param("---", "&#45;--", id="rule"),
        pytest.param("> x", "&#62; x", id="quote"),
        pytest.param("1.0.0 is -1", "1.0.0 is -1", id="version"),
        pytest.param("10:30: 100 of 1048576", "10:30: 100 of 1048576", id="numbers"),
        pytest.param("0a1b2c3d-0000-4000-8000-0123456789ab", "0a1b2c3d-0000-4000-8000-0123456789ab", id="guid"),
    ],
)
def test_markdown(text: str, shown: str) -> None:
    assert markdown(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param(":white_check_mark: all is well", "<code>:white_check_mark:</code> all is well", id="sign"),
        pytest.param("a:+1:b", "<code>a:+1:b</code>", id="thumb"),
        pytest.param("see #1.", "see <code>&#35;1</code>.", id="issue"),
        pytest.param("org/repo#1", "<code>org/repo&#35;1</code>", id="issue-elsewhere"),
        pytest.param("(GH-1)", "(<code>GH-1</code>)", id="issue-by-name"),
        pytest.param("gh-1", "<code>gh-1</code>", id="issue-by-name-small"),
        pytest.param(f"by {'0a' * 20}", f"by <code>{'0a' * 20}</code>", id="commit"),
        pytest.param("1234abc", "<code>1234abc</code>", id="short-commit"),
        pytest.param(f"o/r@{'0a' * 20}", f"<code>o/r&#64;&#8203;{'0a' * 20}</code>", id="commit-elsewhere"),
        pytest.param("Canonical:jammy:22_04-lts:1.0.0", "<code>Canonical:jammy:22_04-lts:1.0.0</code>", id="image"),
    ],
)
def test_text_that_github_would_link_or_draw_is_set_as_code(text: str, shown: str) -> None:
    assert markdown(text) == shown
    assert code(text) == f"<code>{re.sub('</?code>', '', shown)}</code>"


@pytest.mark.parametrize("text", ["a|b", "@team", "snake_case", "&lt;", "#1"])
def test_code(text: str) -> None:
    shown = re.sub("</?code>", "", markdown(text))
    assert code(text) == f"<code>{shown}</code>"


@pytest.mark.parametrize(
    ("text", "fence"),
    [
        pytest.param("az vmss show", "```", id="plain"),
        pytest.param("a ``` b", "````", id="with-a-fence"),
        pytest.param("`````", "``````", id="longer"),
        pytest.param("a\n```\nb", "````", id="on-a-line-of-its-own"),
    ],
)
def test_a_fence_that_its_content_cannot_close(text: str, fence: str) -> None:
    first, content, last = fenced(text).split("\n")
    assert (first, last) == (f"{fence}sh", fence)
    assert fence not in content


# The planes with letters and symbols, and the one with invisible tags; the rest of Unicode is in the sample.
@pytest.mark.parametrize("planes", [(0, 1, 14), pytest.param(range(17), marks=pytest.mark.sweep)], ids=["known", "all"])
def test_the_ranges_of_what_is_invisible_are_those_of_unicode(planes: Sequence[int]) -> None:
    points = (plane << 16 | point for plane in planes for point in range(1 << 16))
    every = [sign for point in points if (sign := chr(point)) not in LINE_BREAKS]
    seen = visible("\n".join(every)).split("\n")
    gone = {sign for sign, shown in zip(every, seen, strict=True) if shown in (HOLE, "\ufffd")}
    assert {sign for sign in every if unicodedata.category(sign) in ("Cf", "Cc", "Cs", "Co")} <= gone | {
        "\t",
        *LINE_BREAKS,
    }
    assert {f"{ord(sign):04X}" for sign in gone if unicodedata.category(sign)[0] in "LNPSZ"} == {
        "115F", "1160", "2800", "3164", "FFA0", "1D159", "FFFD",
    }  # fmt: skip


def test_the_first_and_last_of_very_many_lines_are_shown() -> None:
    lines = shown_lines("\n".join(str(number) for number in range(1000)))
    assert (len(lines), lines[0], lines[-1]) == (301, "0", "999")
    assert lines[150] == "... (700 lines are left out)"


def test_lines_are_cleaned_one_by_one_and_keep_their_indentation() -> None:
    assert shown_lines('Traceback:\n  File "x"\n::error::y\r    ##[error]z') == [
        "Traceback:",
        '  File "x"',
        "·::error::y",
        f"    ##{SPLIT}[error]z",
    ]


def test_small_words() -> None:
    assert [count(1, "instance"), count(2, "instance"), count(0, "batch")] == ["1 instance", "2 instances", "0 batches"]
    assert listed(["1", "2", "3"], 3) == "1, 2, 3"
    assert listed(["1", "2", "3", "4"], 2) == "1, 2 and 2 more"
    assert cut("abcdefgh", 8) == "abcdefgh"
    assert cut("abcdefghi", 8) == "abcd ..."
