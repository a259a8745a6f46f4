"""Drawn configuration files: each is read, or refused with places in it, and never with a traceback."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_bad_configurations import CASES
from test_configuration import FILE, environ

from sweeps.bad_input.hostile_text import BAITS
from vmss_upgrade.errors import InputError, InputProblem
from vmss_upgrade.fleet.configuration import Configuration
from vmss_upgrade.inputs import INPUTS, parse_inputs, read_configuration, usable_files
from vmss_upgrade.inputs.configuration.notes import CONFIG, MOST_PROBLEMS
from vmss_upgrade.inputs.configuration.waves import KEYS

STEADY = {"derandomize": True, "deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
KEYWORDS = ("defaults", "scale-sets", "waves", "web", "api", "<<", *KEYS)
VALUES = (
    *(
        "1",
        "0",
        "-1",
        "10%",
        "22.04",
        "012",
        "0x1f",
        "17:00",
        "17:00 UTC",
        "2026-12-01",
        "yes",
        "true",
        "null",
        "~",
        "",
    ),
    *("30m", "rollback", "[1, 2]", "[]", "{}", "[web]", "role=web", "|\n    a\n    b", ">-\n  x", "'1'", '"\\ud800"'),
    *("&a 1", "*a", "!!python/name:os.system x", "!!binary aGk=", "${{ vars.X }}", "- x", "? x", "a: b", "\t1", "# x"),
)
TAKEN = (
    *("batch-size: 10%", "batch-size: 3", "zones: [1, 2]", "zones: 1", "image: a:b:c:1.0.0", "image-version: 1.10"),
    *("timeout: 2h", "timeout: 30", "min-healthy: 75%", "allow-downtime: true", "resource-group: g", "canary: 012"),
)
SIGNS = ("\t", " ", "\n", "\r", "- ", ": ", "{", "}", "[", "]", "&a ", "*a", "!!str ", "'", '"', "---\n", "...\n", "? ")
GOOD = (FILE, *(text for text, _ in CASES.values()))

_values = st.one_of(st.sampled_from(VALUES), st.sampled_from(BAITS))
_keys = st.one_of(st.sampled_from((*INPUTS, *KEYWORDS)), st.sampled_from((*INPUTS, *KEYWORDS)), st.sampled_from(BAITS))


@st.composite
def _mappings(draw: st.DrawFn, level: int = 0) -> str:
    """Draw a mapping as a block: known keys with values of any kind, deeper ones, or lists."""
    lines = []
    for key in draw(st.lists(_keys, min_size=1, max_size=4)):
        deeper = draw(st.integers(0, 3)) if level < 3 else 0
        dash = draw(st.sampled_from(("", "", "- "))) if level else ""
        if deeper == 1:
            lines.append(f"{'  ' * level}{dash}{key}:\n{draw(_mappings(level=level + 1))}")
        else:
            lines.append(f"{'  ' * level}{dash}{key}: {draw(_values)}")
    return "\n".join(lines)


@st.composite
def _altered(draw: st.DrawFn) -> str:
    """Draw a file that is nearly right: pieces are taken out, or put in, or written twice."""
    text = draw(st.sampled_from((FILE, FILE, *GOOD)))
    for _ in range(draw(st.integers(1, 3))):
        at, length = draw(st.integers(0, len(text))), draw(st.integers(0, 12))
        piece = draw(st.one_of(st.just(""), st.sampled_from(SIGNS), _values, st.just(text[at : at + length] * 2)))
        text = text[:at] + piece + text[at + length :]
    return text


@st.composite
def _sections(draw: st.DrawFn) -> str:
    """Draw a file of the right form with drawn keys and values."""
    values = st.lists(st.tuples(st.sampled_from(tuple(INPUTS)), _values), max_size=4)
    lines = ["defaults:", *(f"  {name}: {value}" for name, value in draw(values)), "scale-sets:"]
    for entry in draw(st.lists(st.one_of(st.sampled_from(("web", "api", "Web")), st.sampled_from(BAITS)), max_size=3)):
        lines += [f"  {entry}:", *(f"    {name}: {value}" for name, value in draw(values))]
    keys = st.lists(st.tuples(st.sampled_from(KEYS), _values), min_size=1, max_size=5)
    waves = [[f"{name}: {value}" for name, value in each] for each in draw(st.lists(keys, max_size=3))]
    return "\n".join([*lines, *(["waves:"] if waves else []), *("  - " + "\n    ".join(wave) for wave in waves)]) + "\n"


@st.composite
def _plausible(draw: st.DrawFn) -> str:
    """Draw a file that is right, unless two of its values contradict each other."""
    values = st.lists(st.sampled_from(TAKEN), max_size=3, unique_by=lambda pair: pair.partition(":")[0])
    return (
        f"defaults: {{ {', '.join(draw(values))} }}\n"
        f"scale-sets: {{ web: {{ {', '.join(draw(values))} }}, api: }}\n"
        f"waves: [{{ name: w, scale-sets: [{draw(st.sampled_from(('web', 'api', 'web, api', 'wbe')))}] }}]\n"
    )


files = st.one_of(_mappings(), _altered(), _altered(), _sections(), _plausible())


def judge(text: str) -> Configuration | None:
    """Return the configuration of a file that is read; None for one that is refused as it should be."""
    with tempfile.TemporaryDirectory() as folder:
        given = environ(Path(folder), {"scale-set": "web"}, "")
        Path(folder, "c.yml").write_bytes(text.encode("utf-8", "surrogatepass"))
        usable_files(given)
        try:
            parse_inputs(given)
        except InputError as error:
            examine(error.problems, text)
        try:
            return read_configuration(given, now=1.8e9)
        except InputError as error:
            assert error.problems
            assert all(problem.place for problem in error.problems)
            examine(error.problems, text)
            return None


def examine(problems: tuple[InputProblem, ...], text: str) -> None:
    """Assert that each problem says where it is, inside of the file, and what to do."""
    lines = text.removeprefix("\ufeff").split("\n")
    assert len(problems) <= 3 * MOST_PROBLEMS
    for problem in problems:
        assert problem.message
        assert problem.remedy.endswith((".", "?"))
        if problem.place is None:
            assert problem.input != CONFIG
            continue
        assert problem.message.startswith(f"c.yml:{problem.place.line}:{problem.place.column} ")
        assert 1 <= problem.place.line <= len(lines)
        assert 1 <= problem.place.column <= len(lines[problem.place.line - 1]) + 1


@pytest.mark.nightly
@settings(max_examples=2000, **STEADY)
@given(files)
def test_two_thousand_drawn_files_are_read_or_refused_at_a_place(text: str) -> None:
    judge(text)


def test_a_drawn_file_is_read_or_refused_at_a_place() -> None:
    found = []

    @settings(max_examples=100, **STEADY)
    @given(files)
    def draw(text: str) -> None:
        found.append(judge(text))

    draw()
    assert 5 < sum(each is None for each in found) < 96, "both kinds are drawn"
