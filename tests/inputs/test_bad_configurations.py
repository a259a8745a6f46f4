"""Bad configuration files: the whole text of what is said about each, wherever the file comes from, and how fast."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest
from test_inputs import environ

from vmss_upgrade.errors import InputError, InputProblem
from vmss_upgrade.inputs import parse_inputs, read_configuration
from vmss_upgrade.inputs.configuration.file import LARGEST
from vmss_upgrade.inputs.configuration.notes import MOST_PROBLEMS

NOW = 1.8e9
TABLE = (Path(__file__).parent / "bad_configurations.txt").read_text(encoding="utf-8")
CASES = {
    name: (text, said.splitlines())
    for name, text, said in re.findall(r"^=== (.+)\n((?:.*\n)*?)---\n(?!---)((?:\d.*\n)+)", TABLE, re.MULTILINE)
}


def problems(folder: Path, content: str | bytes, path: str = "c.yml") -> tuple[InputProblem, ...]:
    """Return what is wrong with a file as a whole."""
    file = folder / path
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return refused({"GITHUB_WORKSPACE": str(folder), "INPUT_CONFIG": path})


def refused(environment: dict[str, str]) -> tuple[InputProblem, ...]:
    with pytest.raises(InputError) as error:
        read_configuration(environment, now=NOW)
    return error.value.problems


def said(found: tuple[InputProblem, ...]) -> list[str]:
    """Return the problems without the name of the input and of the file."""
    return [str(problem).removeprefix("config: c.yml:") for problem in found]


def test_the_table_is_read_as_a_whole() -> None:
    assert len(CASES) == TABLE.count("\n=== ") >= 40


@pytest.mark.parametrize("name", CASES)
def test_everything_that_is_wrong_is_said_at_once(name: str, tmp_path: Path) -> None:
    text, expected = CASES[name]
    found = problems(tmp_path, text)
    assert said(found) == expected
    for problem in found:
        assert problem.place
        line = text.split("\n")[problem.place.line - 1]
        assert 1 <= problem.place.column <= len(line) + 1
        assert (problem.place.file, problem.input) == ("c.yml", "config")


def test_the_error_names_the_file_where_all_of_it_stands_there(tmp_path: Path) -> None:
    found = problems(tmp_path, CASES["all-at-once"][0])
    in_file = InputError([*found])
    assert (str(in_file), in_file.remedy) == ("5 problems in the file c.yml.", "Correct them there.")
    both = InputError([*found, InputProblem("waves", "is wrong", "Correct it.")])
    assert (str(both), both.remedy) == ("6 problems with the inputs: config, waves.", "Correct them in the workflow.")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            b'defaults:\n  zones: "a\x07"\n', "2:12 the character U+0007 has no place in YAML. Take it out.", id="bell"
        ),
        pytest.param(b"a: \xff\n", "1:4 a byte that is not UTF-8 stands here. Save the file as UTF-8.", id="latin-1"),
        pytest.param(
            "a: 1\n".encode("utf-16"),
            "1:1 a byte that is not UTF-8 stands here. Save the file as UTF-8.",
            id="utf-16",
        ),
        pytest.param(
            b"\xef\xbb\xbfdefault: {}\n",
            "1:1 'default' is no section of this file. Did you mean `defaults`?",
            id="byte-order-mark",
        ),
        pytest.param(
            b"# a\r\ndefault: {}\r\n", "2:1 'default' is no section of this file. Did you mean `defaults`?", id="crlf"
        ),
    ],
)
def test_bytes(content: bytes, expected: str, tmp_path: Path) -> None:
    assert said(problems(tmp_path, content)) == [expected]


FILE = "Check out the repository first, and give the file relative to it, such as .github/vmss-upgrade.yml."


@pytest.mark.parametrize(
    ("path", "lack"),
    [
        pytest.param("none.yml", "cannot be read: No such file or directory", id="missing"),
        pytest.param("folder", "cannot be read: Is a directory", id="folder"),
        pytest.param("../c.yml", "does not name a file below the workspace", id="above"),
        pytest.param("/etc/passwd", "does not name a file below the workspace", id="absolute"),
        pytest.param("out.yml", "leads out of the workspace", id="link-out"),
        pytest.param("pipe.yml", "is not a regular file", id="pipe"),
        pytest.param("large.yml", "is larger than 256 KiB", id="large"),
        pytest.param(".GIT/config", "cannot be read: No such file or directory", id="no-git-folder"),
        pytest.param(".git/c.yml", "is below a .git folder, where nothing is reviewed", id="git"),
        pytest.param("in-git.yml", "is below a .git folder, where nothing is reviewed", id="link-into-git"),
    ],
)
def test_a_path_that_is_not_read(path: str, lack: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "c.yml").write_text("defaults: {zones: 1}")
    (tmp_path / "out.yml").symlink_to("/etc/passwd")
    (tmp_path / "in-git.yml").symlink_to(".git/c.yml")
    (tmp_path / "large.yml").write_text("#" * (LARGEST + 1))
    os.mkfifo(tmp_path / "pipe.yml")
    found = refused({"GITHUB_WORKSPACE": str(tmp_path), "INPUT_CONFIG": path})
    assert [str(problem) for problem in found] == [f"config: {path!r} {lack}. {FILE}"]


def test_a_fleet_needs_a_file() -> None:
    [problem] = refused({"GITHUB_ACTIONS": "true"})
    assert str(problem) == (
        "config: is missing (empty: is the variable set in this repository or environment?). Give the file that names "
        "the scale sets and the waves."
    )


@pytest.mark.parametrize("text", ["scale-sets:\n  web: { batch-size: 0 }\n", "scale-sets:\n  web: { zoness: 0 }\n"])
def test_a_run_of_one_scale_set_names_the_place_as_well(text: str, tmp_path: Path) -> None:
    [expected] = problems(tmp_path, text)
    with pytest.raises(InputError) as error:
        parse_inputs(environ({"config": "c.yml"}, GITHUB_WORKSPACE=str(tmp_path)))
    assert error.value.problems == (expected,)


def test_a_value_of_another_scale_set_refuses_no_run(tmp_path: Path) -> None:
    (tmp_path / "c.yml").write_text("scale-sets:\n  web: {}\n  api: { batch-size: 0 }\n")
    parse_inputs(environ({"config": "c.yml"}, GITHUB_WORKSPACE=str(tmp_path)))


def test_a_file_that_cannot_be_read_is_all_that_is_said_of_missing_values(tmp_path: Path) -> None:
    given = {"config": "c.yml", "image-version": "", "resource-group": "", "zonse": "1"}
    (tmp_path / "c.yml").write_text("defaults: [\n")
    with pytest.raises(InputError) as error:
        parse_inputs(environ(given, GITHUB_WORKSPACE=str(tmp_path)))
    assert [problem.input for problem in error.value.problems] == ["config", "zonse"]


def _many(one: str, before: str = "", after: str = "") -> str:
    """Return as many of a text as there is room for; `#` in it is a number."""
    times = (LARGEST - len(before) - len(after)) // (len(one) + 5)
    return before + "".join(one.replace("#", str(number)) for number in range(times)) + after


BOMBS = {
    "anchors": "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(100)),
    "brackets": "[" * LARGEST,
    "braces": "{" * LARGEST,
    "dashes": "- " * (LARGEST // 2),
    "questions": "? " * (LARGEST // 2),
    "words": "a: " + "x " * (LARGEST // 2 - 2),
    "unknown-keys": _many("k#: 1\n"),
    "one-key": _many("zones: 1, ", "defaults: {", "}"),
    "bad-values": _many("  e#: { batch-size: 0, zones: '/' }\n", "scale-sets:\n"),
    "waves": _many("{ name: a, tag: b=c }, ", "waves: [", "]"),
    "unknown-members": _many("e#x, ", "scale-sets: { ea: {}, eb: {} }\nwaves: [{ name: w, scale-sets: [", "]}]"),
}


_LONG = ("unknown-keys", "one-key", "bad-values", "waves")  # seconds, for what differs little from the others


@pytest.mark.slow
@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.sweep) if n in _LONG else n for n in BOMBS])
def test_a_large_or_hostile_file_ends_fast(name: str, tmp_path: Path) -> None:
    began = time.process_time()
    assert 1 <= len(problems(tmp_path, BOMBS[name])) <= 2 * MOST_PROBLEMS + 1
    assert time.process_time() - began < 20
