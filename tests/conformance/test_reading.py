"""The action reads every answer of the real Azure correctly, whatever its year, api-version and client.

`reading.py` explains how. No rule here names a recording, a position in one, or an id: added recordings are read by the
same rules.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from contract import Interaction, Recording, load_recording, needed_contract_dir, recording_names
from reading import Answers, Kind, agree, path_of
from reading_alterations import ALTERATIONS, Alteration
from reading_gaps import GAPS, Gap
from reading_images import VERSIONS
from reading_instances import INSTANCE_LISTS, INSTANCE_VIEWS, INSTANCES
from reading_operations import OPERATIONS, ROLLING_UPGRADES
from reading_refusals import REFUSALS
from reading_scale_sets import NEIGHBOURS, SCALE_SETS
from vmss_upgrade.azure_api.translation.drift import differences
from vmss_upgrade.azure_api.translation.instances import to_instance, to_instances

KINDS = (
    SCALE_SETS,
    NEIGHBOURS,
    INSTANCE_LISTS,
    INSTANCES,
    INSTANCE_VIEWS,
    VERSIONS,
    OPERATIONS,
    ROLLING_UPGRADES,
    REFUSALS,
)


def everything() -> list[Recording]:
    """Return every recording. Skips or fails the test without the data."""
    needed_contract_dir()
    return [load_recording(name) for name in recording_names()]


@cache
def all_of(kind: Kind) -> list[Answers]:
    """Return all answers of this kind in all recordings."""
    return [answers for recording in everything() for answers in kind.cases(recording)]


@pytest.mark.parametrize("name", recording_names() or [pytest.param("", id="none")])
def test_everything_is_read_as_it_is_written(name: str) -> None:
    recording = load_recording(name)
    found = [words for kind in KINDS for words in complaints(kind, recording)]
    assert not found, "\n".join(found)


def complaints(kind: Kind, recording: Recording) -> Iterator[str]:
    """List the facts of a recording that the action reads differently from the text."""
    for answers in kind.cases(recording):
        first = answers[0]
        for difference in kind.differences(answers):
            yield f"{kind.name} at {first.position} ({first.method} {path_of(first.url)}): {difference}"


# -- nothing is skipped --------------------------------------------------------------------------------------------


def test_nothing_is_left_unread() -> None:
    """Every answer whose body looks like something that the action reads was found by its URL, too."""
    left = []
    for recording in everything():
        read = {kind: {each.position for answers in kind.cases(recording) for each in answers} for kind in KINDS}
        left += [
            f"{recording.name} {answer.position}: {answer.method} {path_of(answer.url)} as {kinds[0].name}"
            for answer in recording.interactions
            for kinds in looks_like(answer)
            if not any(answer.position in read[kind] for kind in kinds)
        ]
    assert not left, "\n".join(left)


def looks_like(answer: Interaction) -> Iterator[tuple[Kind, ...]]:
    """Return the kind of an answer of the compute provider by its body, whatever its URL is."""
    if answer.status >= 400:
        yield (REFUSALS,)
    elif "/providers/microsoft.compute/" in path_of(answer.url) and answer.method in ("GET", "PUT", "PATCH"):
        yield from (kinds for kinds, looks in LOOKS if any(looks(item) for item in items_of(answer.body)))


def items_of(body: Any) -> list[dict[str, Any]]:
    """Return the parts of an answer: each item of a list, or its one object."""
    listed = body.get("value", body) if isinstance(body, dict) else body
    return [item for item in (listed if isinstance(listed, list) else [listed]) if isinstance(item, dict)]


def has_type(name: str, item: dict[str, Any]) -> bool:
    return str(item.get("type", "")).lower() == f"microsoft.compute/{name}"


LOOKS = (
    ((SCALE_SETS,), lambda item: has_type("virtualmachinescalesets", item)),
    ((INSTANCE_LISTS, INSTANCES), lambda item: "instanceId" in item or has_type("virtualmachines", item)),
    ((INSTANCE_VIEWS,), lambda item: "platformUpdateDomain" in item),
    ((VERSIONS,), lambda item: re.search(r"/(skus|images)/[^/]+/versions/[^/]+$", str(item.get("id")), re.I)),
    ((OPERATIONS,), lambda item: {"startTime", "status"} <= item.keys()),
    ((ROLLING_UPGRADES,), lambda item: "runningStatus" in (item.get("properties") or {})),
)


# -- every comparison can fail ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("alteration", ALTERATIONS, ids=str)
def test_an_alteration_is_noticed(alteration: Alteration) -> None:
    """The action reads the altered answer, which differs from the original text and equals the altered one."""
    answers, altered = next((pair for pair in altered_by(alteration) if differs(alteration, *pair)), NOT_THERE)
    if not answers:
        pytest.skip(f"no recorded {alteration.kind.name} has such a {alteration.path}")
    noticed = alteration.kind.differences(altered, held_against=answers)
    assert any(alteration.is_about(each.fact) for each in noticed)
    assert alteration.alone or alteration.kind.differences(altered) == []


NOT_THERE: tuple[Answers, Answers] = ((), ())


def altered_by(alteration: Alteration) -> Iterator[tuple[Answers, Answers]]:
    """Return all recorded answers that have the field to alter, with their altered copies."""
    return ((answers, altered) for answers in all_of(alteration.kind) for altered in alteration.applied(answers))


def differs(alteration: Alteration, answers: Answers, altered: Answers) -> bool:
    """Return True if the alteration changes the fact in the text."""
    before, after = alteration.kind.written(answers), alteration.kind.written(altered)
    return any(alteration.is_about(fact) and not agree(after.get(fact), before[fact]) for fact in before)


@pytest.mark.parametrize(
    "gap", [pytest.param(gap, marks=pytest.mark.xfail(reason=gap.why, raises=AssertionError)) for gap in GAPS], ids=str
)
def test_a_gap_is_not_read_yet(gap: Gap) -> None:
    pairs = altered_by(gap.alteration)
    altered = next((altered for answers, altered in pairs if not gap.is_fixed(answers)), None)
    if altered is None:
        pytest.skip(f"no recorded {gap.alteration.kind.name} has such a {gap.alteration.path}")
    assert gap.is_fixed(altered)


# -- instances behind their model -------------------------------------------------------------------------------------


def current_and_stale() -> Iterator[tuple[str, bool | None, tuple[str, ...]]]:
    """Yield every recorded instance that was listed after its set's model: its place, its flag, what it lacks."""
    for recording in everything():
        models: dict[str, Any] = {}
        for each in recording.interactions:
            path = path_of(each.url)
            if each.status >= 300 or not isinstance(each.body, dict):
                continue
            if re.search(r"/virtualmachinescalesets/[^/]+$", path) and each.method != "DELETE":
                models[path] = each.body
            elif (of := re.match(r"(.*/virtualmachinescalesets/[^/]+)/virtualmachines(/[^/]+)?$", path)) is not None:
                for item in items_of(each.body):
                    instance = to_instance(item)
                    where = f"{recording.name} {each.position} {instance.id}"
                    yield where, instance.latest_model_applied, differences(item, models.get(of[1], {}))


def test_an_instance_that_is_current_lacks_nothing() -> None:
    found = [f"{where}: {lacks}" for where, flag, lacks in current_and_stale() if flag and lacks]
    assert not found, "\n".join(found)


def test_the_reason_is_read_for_some_instances_that_are_not_current() -> None:
    stale = {lacks for _, flag, lacks in current_and_stale() if flag is False}
    assert not stale or any(stale)


# -- Flexible --------------------------------------------------------------------------------------------------------


def test_an_instance_without_a_state_is_given_none() -> None:
    """The instances of a Flexible set come as stubs: without a power state, without an operation, and
    without an image.
    """
    stubs = [
        item
        for pages in all_of(INSTANCE_LISTS)
        for page in pages
        for item in page.body["value"]
        if "properties" not in item
    ]
    for instance in to_instances(stubs):
        assert (instance.is_running, instance.is_stopped, instance.is_changing, instance.problems) == (
            False,
            False,
            False,
            (),
        )
        assert (instance.image, instance.latest_model_applied, instance.update_domain) == (None, None, None)
