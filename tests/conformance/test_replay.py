"""The simulator compared with the recorded Azure, request by request.

`comparing.py` has the comparison, `seeding.py` prepares the simulator, `differences.yml` has the accepted differences.
The tables are printed at the end of the run.
"""

import ast
import dataclasses
import re
from functools import cache
from pathlib import Path

import pytest

from breaking import BREAKS, HEADER_BREAKS, broken, broken_answer
from comparing import Answer, Kept, differences
from contract import Interaction, Recording, load_recording, needed_contract_dir, recording_names
from naming import PROMISED
from replaying import Outcome, Replay, replay
from table import as_markdown, by_operation, kept_differences, page_table, unexplained

LEAST_SHARE = 0.95
HERE = Path(__file__).parent
SIMULATOR = HERE.parents[1] / "src" / "azure_simulator"


@cache
def outcomes() -> list[Outcome]:
    """Return the outcome of every request of every recording. Skips or fails the test without the data."""
    needed_contract_dir()
    return [outcome for name in recording_names() for outcome in replay(load_recording(name))]


@pytest.mark.parametrize("operation", PROMISED)
def test_an_operation_matches(operation: str) -> None:
    rows = [row for row in by_operation(outcomes()) if row.name == operation]
    if not rows:
        pytest.skip(f"no recording asks for this: {operation}")
    assert rows[0].share >= LEAST_SHARE, [each for each in unexplained(outcomes()) if operation in each]


def test_every_difference_has_a_reason() -> None:
    assert unexplained(outcomes()) == []


def test_every_promised_operation_is_recorded() -> None:
    """The recordings beside the project cover each of them; an unmeasured promise is none."""
    asked = {outcome.operation for outcome in outcomes() if outcome.promised}
    missing = set(PROMISED) - asked
    if missing and len(recording_names()) < 40:
        pytest.skip(f"these recordings do not ask for {', '.join(sorted(missing))}")
    assert missing == set()


def test_every_reason_is_used() -> None:
    assert all(len(kept.reason.split()) > 5 and kept.operation in PROMISED for kept in kept_differences())


# --- the comparison can fail ---


@cache
def samples() -> dict[str, list[tuple[Recording, Interaction]]]:
    """Return some matching recorded requests for each promised operation, in different recordings if possible."""
    found: dict[str, dict[str, tuple[Recording, Interaction]]] = {}
    for outcome in outcomes():
        if outcome.promised and outcome.matched:
            recording = load_recording(outcome.recording)
            by_name = found.setdefault(outcome.operation, {})
            by_name.setdefault(outcome.recording, (recording, recording.interactions[outcome.position]))
    return {operation: list(by_name.values())[-3:] for operation, by_name in found.items()}


@pytest.mark.parametrize("operation", PROMISED)
def test_a_change_of_a_recorded_answer_is_noticed(operation: str) -> None:
    """One recorded answer is changed: the simulator, seeded from that recording, still answers differently."""
    tried = set()
    for recording, each in _samples_of(operation):
        for way in BREAKS:
            changed = broken(recording, each, way)
            if changed is not None and not _is_the_only_one(recording, each, way):
                tried.add(way)
                seen = any(not found.matched for found in replay(changed) if found.promised)
                assert seen, (way, recording.name, each.position)
    assert "another status" in tried and tried & set(HEADER_BREAKS)


@pytest.mark.parametrize("operation", PROMISED)
def test_a_change_of_our_answer_is_noticed(operation: str) -> None:
    """One of our answers is changed: it differs from the recorded one."""
    tried = set()
    for recording, each in _samples_of(operation):
        answer, kept = _our_answer(recording, each), Kept.by(recording)
        for way in BREAKS:
            spoiled = broken_answer(answer, way)
            if spoiled is not None and not _is_hidden(each, way):
                tried.add(way)
                assert differences(spoiled, each, kept), (way, recording.name, each.position)
    assert "another status" in tried and tried & set(HEADER_BREAKS)


def _our_answer(recording: Recording, each: Interaction) -> Answer:
    """Return the simulator's answer at that position, after all earlier requests."""
    replayed = Replay(recording)
    for earlier in recording.interactions[: each.position]:
        replayed.outcome(earlier)
    return replayed.ask(each)


def _is_hidden(each: Interaction, way: str) -> bool:
    """Return True if the recorder has left out the broken header."""
    return way in HEADER_BREAKS and way.partition(" ")[0] not in each.headers


def _samples_of(operation: str) -> list[tuple[Recording, Interaction]]:
    needed_contract_dir()
    found = samples().get(operation)
    if not found:
        pytest.skip(f"no recording has a matching answer to this: {operation}")
    return found


def _is_the_only_one(recording: Recording, each: Interaction, way: str) -> bool:
    """Return True if no other answer of the recording has that header: without it, the recorder would count as hiding
    it.
    """
    name = way.removesuffix(" is missing")
    return name != way and not any(name in other.headers for other in recording.interactions if other != each)


BEGIN_OPERATIONS = (
    "set: PUT", "set: PATCH", "set: DELETE", "set: scale", "manualupgrade", "start", "power off", "deallocate",
    "delete instances", "instance: PUT (protection)", "rolling upgrade: start",
)  # fmt: skip


@pytest.mark.parametrize("operation", BEGIN_OPERATIONS)
def test_another_order_of_states_is_noticed(operation: str) -> None:
    """The polls of an operation are reversed: first ended, then running."""
    tried = 0
    for recording, each in _samples_of(operation):
        turned = _turned(recording, each)
        if turned is not None:
            tried += 1
            assert any(not found.matched for found in replay(turned) if found.operation == "operation: poll")
    if not tried:
        pytest.skip("no operation here has polls of two states")


def _turned(recording: Recording, begun: Interaction) -> Recording | None:
    url = str(begun.headers.get("azure-asyncoperation", ""))
    polls = [each for each in recording.interactions if each.url == url and each.method == "GET"]
    if len({each.body["status"] for each in polls}) < 2:
        return None
    bodies = {each.position: other.body for each, other in zip(polls, reversed(polls), strict=True)}
    interactions = tuple(
        dataclasses.replace(each, body=bodies.get(each.position, each.body)) for each in recording.interactions
    )
    return dataclasses.replace(recording, interactions=interactions)


# --- the rules know no recording ---


def _rules() -> dict[str, str]:
    """Return the texts that decide a comparison: the files of this folder but the one that rehearses recorded sets, and
    the simulator's code without comments.
    """
    deciding = [path for path in HERE.rglob("*") if path.suffix in (".py", ".yml") and path.name != "test_rehearsal.py"]
    texts = {path.name: path.read_text(encoding="utf-8") for path in deciding}
    for path in SIMULATOR.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        words = [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation
        ]
        texts[path.name] = "\n".join(words)
    return texts


def test_no_rule_names_a_recording_or_anything_in_it() -> None:
    needed_contract_dir()
    names = set(recording_names())
    ids: set[str] = set()
    for name in names:
        for each in load_recording(name).interactions:
            ids |= set(re.findall(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", f"{each.url} {each.body}"))
            ids |= set(re.findall(r"(?:resourceGroups|virtualMachineScaleSets)/([\w-]{8,})", each.url))
    ids.discard("00000000-0000-0000-0000-000000000000")
    words = re.compile("|".join(rf"\b{re.escape(word)}\b" for word in sorted(names | ids)))
    assert [(rule, match[0]) for rule, text in _rules().items() for match in words.finditer(text)] == []


# --- the page -------------


def test_the_page_shows_this_table() -> None:
    """This holds for the recordings from which it was made; others have their own table."""
    rows = by_operation(outcomes())
    shown = page_table()
    if shown.splitlines()[-1].split("|")[2].strip() != str(sum(row.requests for row in rows)):
        pytest.skip("these are not the recordings of docs/simulator.md")
    assert shown == as_markdown(rows)
