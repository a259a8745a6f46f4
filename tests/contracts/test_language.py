"""The rules of the language that a program can check: how docstrings begin and end, names of tests, words to avoid.

People read the rest. Every rule is shown texts that break it.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
SOURCES = PROJECT / "src"

# The docstring of a function begins with one of these. Add a new one here, if it is a verb.
VERBS = frozenset(
    """
    Believe Bring Choose Drain Examine Excuse Fail Go Have Ignore Undrain
    Accept Adapt Add Advance Allow Answer Append Apply Ask Assert Assign Attach Begin Build Call Cancel Carry Change
    Charge Check Clean Close Collect Compare Complain Compute Connect Convert Copy Count Create Cut Decide Delete
    Derive Describe Disable Discard Divide Do Draw Drop Edit Emit Enable Encode End Enter Escape Estimate Evict Exit
    Expand Expect Explain Extract Fetch Fill Filter Find Finish Fit Fix Flatten Follow Forget Format Generate Give
    Group Guard Guess Handle Hide Hold Import Include Increase Insert Install Interrupt Iterate Join Judge Keep Kill
    Leave Let Lift Limit Link List Listen Load Lock Log Look Lower Make Map Mark Mask Match Measure Merge Move
    Mutate Name Narrow Note Number Observe Obtain Open Order Owe Parse Pass Pause Pick Pin Plan Play Point Poll Pop
    Predict Prepare Print Probe Push Put Queue Quote Raise Reach Read Rebuild Recognise Record Redact Reduce Refer
    Refresh Refuse Register Reject Remember Remove Rename Render Repeat Replace Replay Reply Report Request Reset
    Resolve Restore Resume Retry Return Reverse Revert Rewrite Roll Round Run Sample Sanitise Save Say Scale See
    Select Send Serve Set Settle Shift Shorten Show Shrink Sign Signal Silence Simulate Skip Sleep Sort Spell Spend
    Split Start State Step Stop Store Strip Submit Sum Suspend Swap Switch Take Tell Throw Tidy Trace Transform
    Translate Trigger Trim Try Turn Undo Unescape Unpack Unwrap Update Upgrade Use Validate Verify Wait Walk Warn
    Watch Widen Withdraw Wrap Write Yield
    """.split()  # noqa: SIM905
)
# No docstring begins with one of these.
BEGINNINGS = re.compile(r"(That|Of|Who|Whom|Whose|Whoever|Whether|Why|The same)\b")
# Words that users would not use for a machine, and words of our own. Names of scenarios are data: `sick-domain`.
AVOIDED = "ill|sick|born|mends?|mended|whoever|whom|told|busy"
WORDS = re.compile(rf"(?<![\w-])({AVOIDED})(?![\w-])", re.IGNORECASE)
# Such a word may begin here as a part of a name. A source without one need not be taken apart.
PERHAPS_PARTS = re.compile(rf"(?<![a-z])(?i:{AVOIDED})|{AVOIDED.title()}|{AVOIDED.upper()}")
PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
# The name of a test says what holds, with a subject.
NAMES_OF_TESTS = re.compile(r"test_(of|what|who|whom|whoever|that|those|how|where|when|why|which)_")
# Data of others: a key of the simulator's scenarios, and a text of Azure that docs/faults.md quotes.
DATA = ("told_after", "The server is busy", "retryable|busy", '"busy"', "<html>busy")

Named = dict[str, str]


def texts() -> Named:
    """Return the text of every source, test and document, by its name."""
    code = [
        *SOURCES.rglob("*.py"),
        *(PROJECT / "tests").rglob("*.py"),
        *PROJECT.glob("*.py"),
        *PROJECT.glob("tools/*.py"),
    ]
    pages = [*PROJECT.glob("*.md"), *PROJECT.glob("docs/*.md"), *PROJECT.glob("tests/*.md"), *SOURCES.rglob("*.md")]
    data = [
        *(PROJECT / name for name in ("action.yml", "Makefile", "Dockerfile", ".ci/run")),
        *PROJECT.glob("tools/*.sh"),
        *SOURCES.rglob("*.yml"),
        *(PROJECT / "tests").rglob("*.yml"),
    ]
    files = [file for file in (*code, *pages, *data) if file != Path(__file__).resolve()]
    return {str(file.relative_to(PROJECT)): file.read_text(encoding="utf-8") for file in sorted(files)}


def definitions(node: ast.AST) -> Iterator[ast.Module | ast.ClassDef | ast.FunctionDef]:
    """Yield a module, and every class and function in it. Expressions hold none, and are most of a source."""
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
        yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            yield from definitions(child)


def docstrings(name: str, source: str) -> Iterator[str]:
    """Yield the problems of the docstrings of a source."""
    for node in definitions(ast.parse(source)):
        doc = ast.get_docstring(node) or ""
        where = f"{name}:{getattr(node, 'lineno', 1)}: {doc.splitlines()[0] if doc else ''}"
        if BEGINNINGS.match(doc):
            yield f"{where} (does not say who does what)"
        elif doc and must_begin_with_verb(node) and doc.split()[0].rstrip(",.:;") not in VERBS:
            yield f"{where} (does not begin with a verb)"
        if doc and not doc.split("\n\n")[0].rstrip().endswith((".", ":", "?")):
            yield f"{where} (is no sentence)"
        if NAMES_OF_TESTS.match(getattr(node, "name", "")):
            yield f"{name}:{getattr(node, 'lineno', 1)}: {getattr(node, 'name', '')} (has no subject)"


def must_begin_with_verb(node: ast.AST) -> bool:
    """Return True for a function; a property is a value, and a test makes a statement."""
    if not isinstance(node, ast.FunctionDef) or node.name.startswith("test_"):
        return False
    return not any("property" in ast.unparse(decorator) for decorator in node.decorator_list)


def words(name: str, text: str) -> Iterator[str]:
    """Yield every word of a text, and every part of a name in a source, that is not used here."""
    for data in DATA:
        text = text.replace(data, "")
    for found in WORDS.finditer(text):
        number = text.count("\n", 0, found.start())
        yield f"{name}:{number + 1}: {found[1]!r} in {text.split(chr(10))[number].strip()}"
    if name.endswith(".py") and PERHAPS_PARTS.search(text):
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.NAME and len(parts := PARTS.findall(token.string)) > 1:
                yield from (
                    f"{name}:{token.start[0]}: {part!r} in {token.string}" for part in parts if WORDS.match(part)
                )


def complaints(name: str, text: str) -> list[str]:
    """Return all problems of a text."""
    return [*(docstrings(name, text) if name.endswith(".py") else ()), *words(name, text)]


def folder_of(name: str) -> str:
    """Return the folder of a file."""
    return name.rpartition("/")[0]


TEXTS = texts()


FOLDERS = {folder: list(names) for folder, names in groupby(sorted(TEXTS, key=folder_of), key=folder_of)}


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_texts_of_a_folder_are_plain(folder: str) -> None:
    assert [found for name in FOLDERS[folder] for found in complaints(name, TEXTS[name])] == []


def test_every_kind_of_file_is_read() -> None:
    assert {"README.md", "action.yml", ".ci/run", "src/vmss_upgrade/main.py", "tests/README.md"} <= TEXTS.keys()


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        pytest.param("src/a.py", 'def f():\n    """Whether it runs."""', "a.py:1: Whether", id="whether"),
        pytest.param("src/a.py", '@property\ndef f():\n    """Whether it runs."""', "who does what", id="property"),
        pytest.param("src/a.py", '"""Of what is left."""', "a.py:1: Of what", id="module"),
        pytest.param("src/a.py", 'class A:\n    """The same, there."""', "who does what", id="class"),
        pytest.param("tests/a.py", 'def test_a():\n    """That it runs."""', "a.py:1: That it", id="test"),
        pytest.param("src/a.py", 'def f():\n    """The image of x."""', "begin with a verb", id="noun"),
        pytest.param("src/a.py", 'def f():\n    """Returns the image."""', "begin with a verb", id="third-person"),
        pytest.param("src/a.py", "x = 1  # it is ill", "'ill' in x = 1", id="comment"),
        pytest.param("src/a.py", "x = f'{y} is Sick'", "'Sick'", id="message"),
        pytest.param("src/a.py", "def ill_ids(): ...", "'ill' in ill_ids", id="name"),
        pytest.param("src/a.py", "class IllOnes: ...", "'Ill' in IllOnes", id="class-name"),
        pytest.param("src/a.py", "class TheBusy: ...", "'Busy' in TheBusy", id="class-name-end"),
        pytest.param("src/a.py", "ALL_TOLD = still", "'TOLD' in ALL_TOLD", id="constant"),
        pytest.param("docs/a.md", "Whoever is busy", "'Whoever'", id="page"),
        pytest.param("src/a.py", "x = told_after or told", "'told' in x =", id="beside-data"),
        pytest.param("tests/a.py", 'def f():\n    """The image of x."""', "begin with a verb", id="helper"),
        pytest.param("tests/a.py", "def test_what_is_left(): ...", "has no subject", id="name-of-test"),
        pytest.param("tests/a.py", "def test_where_it_runs(): ...", "has no subject", id="place-in-name-of-test"),
        pytest.param("src/a.py", 'def f():\n    """Return the image"""', "is no sentence", id="full-stop"),
        pytest.param("action.yml", "description: it is mended", "'mended'", id="yaml"),
    ],
)
def test_every_rule_can_fail(name: str, text: str, complaint: str) -> None:
    assert complaint in "; ".join(complaints(name, text))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("src/a.py", 'def f():\n    """Return the image."""', id="verb"),
        pytest.param("src/a.py", '@property\ndef f():\n    """The image."""', id="property"),
        pytest.param("src/a.py", 'class A:\n    """An image."""', id="class"),
        pytest.param("tests/a.py", 'def test_a():\n    """A set of three is not scaled in."""', id="test"),
        pytest.param("src/a.py", "x = 'sick-domain' or still_will", id="scenario"),
        pytest.param("tests/runs/a.py", "x = {'told_after': 3}", id="key"),
        pytest.param("tests/runs/a.py", 'def f():\n    """Return the image:\n\n    a, b\n    """', id="helper"),
    ],
)
def test_a_plain_text_passes(name: str, text: str) -> None:
    assert complaints(name, text) == []
