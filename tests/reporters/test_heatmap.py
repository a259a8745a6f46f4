"""The heatmap: rows, labels, order of the cells, and what is readable without colour."""

from __future__ import annotations

import re

import pytest

from builders import changed, fleet
from vmss_upgrade.reporters.heatmap import (
    CELLS_PER_LINE,
    Heatmap,
    as_lines,
    domain_labels,
    heatmap,
    is_large,
    without_new_rows,
    without_rows_of,
)
from vmss_upgrade.reporters.step_summary.squares import as_markdown
from vmss_upgrade.rollout.history.cells import Cell
from vmss_upgrade.rollout.planning.grouping import finest_shown
from vmss_upgrade.rollout.scale_set import ScaleSet

LETTERS = {"o": Cell.OLD, "u": Cell.UPGRADING, "n": Cell.NEW, "f": Cell.FAILED, "s": Cell.SKIPPED}


def cells(letters: str) -> dict[str, Cell]:
    """Return the cell of instance i by the i-th letter: old, upgrading, new, failed, skipped."""
    return {str(number): LETTERS[letter] for number, letter in enumerate(letters)}


def heatmap_of(scale_set: ScaleSet, letters: str) -> Heatmap:
    kind = finest_shown(scale_set.instances)
    return heatmap(scale_set.instances, cells(letters), kind, domain_labels(scale_set.instances, kind))


def drawn(scale_set: ScaleSet, letters: str, colour: bool = False) -> list[str]:
    return as_lines(heatmap_of(scale_set, letters), colour=colour)


@pytest.mark.parametrize(
    ("scale_set", "labels"),
    [
        pytest.param(fleet("01"), ["UD 0", "UD 1"], id="numbers-only"),
        pytest.param(fleet("00", zones="12"), ["zone 1 UD 0", "zone 2 UD 0"], id="zones"),
        pytest.param(fleet("00", zones="11"), ["UD 0"], id="one-zone-is-not-named"),
        pytest.param(fleet("---", zones="132"), ["zone 1", "zone 2", "zone 3"], id="zones-alone"),
        pytest.param(fleet("00", groups="ba"), ["PG1 UD 0", "PG2 UD 0"], id="placement-groups"),
        pytest.param(fleet("01", zones="12", groups="ab"), ["zone 1 PG1 UD 0", "zone 2 PG2 UD 1"], id="both"),
        pytest.param(fleet("--"), ["all"], id="no-domain-at-all"),
    ],
)
def test_labels(scale_set: ScaleSet, labels: list[str]) -> None:
    assert list(domain_labels(scale_set.instances, finest_shown(scale_set.instances)).values()) == labels


def test_a_row_per_update_domain_and_words_beside_the_cells() -> None:
    assert drawn(fleet("001122"), "nnufso") == [
        "UD 0  ■ ■  2 new",
        "UD 1  ◐ ✖  1 upgrading, 1 failed",
        "UD 2  □ ·  1 old, 1 skipped",
        "□ old  ◐ upgrading  ■ new  ✖ failed  · skipped",
    ]


def test_cells_stand_in_the_order_of_fault_domains_with_a_gap_between_them() -> None:
    scale_set = fleet("00000")
    for instance_id, fault_domain in zip("01234", (1, 0, 1, 0, None), strict=True):
        scale_set = changed(scale_set, instance_id, fault_domain=fault_domain)
    assert drawn(scale_set, "nofuo")[0].startswith("UD 0  □ □◐ ■✖  ")


def test_instances_without_a_domain_come_last() -> None:
    assert [line[:9] for line in drawn(fleet("10", nowhere="1"), "on")] == ["UD 1     ", "no domain", "□ old  ■ "]


def test_only_glyphs_that_occur_are_explained() -> None:
    assert drawn(fleet("01"), "on")[-1] == "□ old  ■ new"


def test_long_rows_go_on_below_and_the_words_stand_at_their_end() -> None:
    scale_set = changed(fleet("0" * 120), [str(n) for n in range(120)], fault_domain=0)
    first, second, third, _ = drawn(scale_set, "o" * 120)
    assert first == f"UD 0  {'□' * CELLS_PER_LINE}"
    assert second == f"      {'□' * CELLS_PER_LINE}"
    assert third == f"      {'□' * 20}  120 old"


def test_six_hundred_instances_are_all_drawn() -> None:
    scale_set, letters = fleet("01234" * 120), "onufs" * 120
    lines = drawn(scale_set, letters)
    glyphs = "".join(lines[:-1])
    assert {glyph: glyphs.count(glyph) for glyph in "□■◐✖·"} == dict.fromkeys("□■◐✖·", 120)
    assert max(map(len, lines)) < 120
    assert len(lines) < 30


@pytest.mark.parametrize(
    ("rows", "per_row", "large"), [(10, 50, False), (11, 1, True), (1, 500, False), (1, 501, True), (5, 101, True)]
)
def test_a_heatmap_of_more_than_ten_lines_is_large(rows: int, per_row: int, large: bool) -> None:
    domains = [str(domain) for domain in range(rows) for _ in range(per_row)]
    assert is_large(heatmap_of(fleet(domains), "o" * len(domains))) is large


def test_only_rows_that_changed_or_are_not_wholly_new() -> None:
    before, now = (heatmap_of(fleet("001122"), letters) for letters in ("nnuuoo", "nnnfuo"))
    assert [row.label for row in without_rows_of(before, now).rows] == ["UD 1", "UD 2"]
    rest, size = without_new_rows(now)
    assert ([row.label for row in rest.rows], size) == (["UD 1", "UD 2"], 2)


def test_colour_adds_only_escapes() -> None:
    plain, coloured = drawn(fleet("001122"), "nnufso"), drawn(fleet("001122"), "nnufso", colour=True)
    assert [re.sub(r"\x1b\[[\d;]*m", "", line) for line in coloured] == plain
    codes = dict(re.findall(r"\x1b\[([\d;]+)m([^\s\x1b])", "".join(coloured)))
    assert set(codes.values()) == set("□◐■✖·"), "a colour of its own for each"
    for line in coloured:
        assert line.count("\x1b[0m") * 2 == line.count("\x1b["), "every colour ends"


def test_an_empty_set() -> None:
    assert "".join(drawn(fleet(""), "")) == ""


def squares(before: Heatmap, now: Heatmap) -> list[str]:
    """Return the Markdown as it is seen: without what keeps words and squares together."""
    return [line.replace("&nbsp;", " ").replace("&#8288;", "") for line in as_markdown(before, now)]


def test_markdown_counts_before_it_draws() -> None:
    scale_set = fleet("0011")
    lines = squares(heatmap_of(scale_set, "oooo"), heatmap_of(scale_set, "nnfo"))
    assert lines[0] == "| Update domain | Now |", "before, all were alike"
    assert lines[2] == "| UD 0: 2 new | ✅ ✅ |"
    assert lines[3] == "| UD 1: 1 old, 1 failed | ❌ ⬜ |"
    assert lines[-1] == "⬜ old · ✅ new · ❌ failed"


def test_markdown_shows_before_where_the_set_was_mixed() -> None:
    scale_set = fleet("0011")
    lines = squares(heatmap_of(scale_set, "noos"), heatmap_of(scale_set, "nnns"))
    assert lines[0] == "| Update domain | Now | Before |"
    assert lines[2:4] == ["| UD 0: 2 new | ✅ ✅ | ✅ ⬜ |", "| UD 1: 1 new, 1 skipped | ✅ ⏭️ | ⬜ ⏭️ |"]
    assert len({line.count("|") for line in lines if line.startswith("|")}) == 1


def test_ten_squares_stand_together() -> None:
    scale_set = changed(fleet("0" * 25), [str(n) for n in range(25)], fault_domain=0)
    row = squares(heatmap_of(scale_set, "o" * 25), heatmap_of(scale_set, "n" * 25))[2]
    assert row == f"| UD 0: 25 new | {'✅' * 10} {'✅' * 10} {'✅' * 5} |"


def test_rows_that_are_all_alike_are_folded_if_there_are_many() -> None:
    zones = [zone for zone in "abcdefghijkl" for _ in range(2)]
    scale_set = fleet("-" * 24, zones="".join(zones))
    old, now = heatmap_of(scale_set, "o" * 24), heatmap_of(scale_set, "nn" * 9 + "no" + "nf" + "oo")
    lines = squares(old, now)
    assert [line for line in lines if line.startswith("| zone")] == [
        "| zone j: 1 old, 1 new | ✅⬜ |",
        "| zone k: 1 new, 1 failed | ✅❌ |",
    ]
    assert "<summary>✅ all new: 9 domains with 18 instances</summary>" in lines
    assert "<summary>⬜ all old: 1 domain with 2 instances</summary>" in lines
    assert "zone l: 2" in lines
