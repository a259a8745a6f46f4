"""What speaks against a rollback, or must be known about it: the whole text, as a user reads it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from builders import NEW, OLD, changed, fleet, model, plan_of, platform, resource
from vmss_upgrade.rollout.checks.rollback import (
    bad_before,
    cannot_return,
    examine_moved,
    examine_way_back,
    floating_previous_image,
    misfit_of,
    no_image_to_blame,
    no_rollback,
    nothing_to_return_to,
    older_than_left,
    unknown_image_to_return_to,
    unknown_previous_image,
)
from vmss_upgrade.rollout.findings import Finding, note, refuse, warn
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.image_facts import ImageFacts, ImageState
from vmss_upgrade.rollout.order import Recorded
from vmss_upgrade.rollout.planning.rollback import Moved
from vmss_upgrade.rollout.policy import OnFailure
from vmss_upgrade.rollout.scale_set import ScaleSet

THIRD = platform("1.5.0")
RECORD = "`record`, the JSON record of the run that began the rollout (its `report-path`)"
AS_IMAGE = (
    f"as `image` (log and summary of the run that began the rollout give it as the previous image), or give {RECORD}."
)
LATEST = platform("latest")
ROLLBACK, RESTORE = OnFailure.ROLLBACK, OnFailure.RESTORE_MODEL


def moved(unknown: str) -> Moved:
    """Return what moved, where it is not known of these ids."""
    return Moved(ids=frozenset(), known=frozenset(unknown.split()), unknown=frozenset(unknown.split()))


@pytest.mark.parametrize(
    ("find", "finding"),
    [
        pytest.param(
            lambda: unknown_previous_image(ROLLBACK),
            refuse(
                "`on-failure: rollback` needs to know which exact image the instances ran before, and they do not show "
                "it.",
                f"Give {RECORD}, or use `on-failure: stop`.",
            ),
            id="previous-image-not-known",
        ),
        pytest.param(
            lambda: unknown_image_to_return_to(fleet("0011", new="0 1 2 3", image=NEW)),
            refuse(
                f"Could not find out which image to return to: the model holds {NEW}, and no instance shows one that "
                "is certainly earlier.",
                f"Name it {AS_IMAGE}",
            ),
            id="image-to-return-to-not-known",
        ),
        pytest.param(
            lambda: unknown_image_to_return_to(fleet("0011", new="0 1 2 3")),
            refuse(
                f"Could not find out which image to return to: the model holds {OLD}, and no instance shows one that "
                "is certainly earlier.",
                f"If a run has put the earlier image back into the model, give `image: {OLD}`. Otherwise name it "
                f"{AS_IMAGE}",
            ),
            id="image-to-return-to-perhaps-in-the-model",
        ),
        pytest.param(
            lambda: unknown_image_to_return_to(changed(fleet("0011", new="0 1 2"), "3", image=platform("0.9.0"))),
            refuse(
                f"Could not find out which image to return to: the model holds {OLD}, and no instance shows one that "
                "is certainly earlier.",
                f"Name it {AS_IMAGE}",
            ),
            id="image-to-return-to-not-known-where-one-is-older",
        ),
        pytest.param(
            lambda: unknown_image_to_return_to(fleet("0011", new="0 1 2 3", image=LATEST)),
            refuse(
                f"Could not find out which image to return to: the model holds {LATEST}, and no instance shows one "
                "that is certainly earlier.",
                f"Name it {AS_IMAGE}",
            ),
            id="image-to-return-to-not-known-and-the-model-floats",
        ),
        pytest.param(
            lambda: bad_before(("4",), NEW, OLD, RESTORE),
            warn(
                "The model is not restored: the failure is older than this run. When it began, instance 4 was not "
                f"healthy on {NEW} already, and was not touched.",
                "To go back all the same, use `operation: rollback` and `image-version: 1.0.0`.",
            ),
            id="bad-before",
        ),
        pytest.param(
            lambda: bad_before(("4", "5"), NEW, None, ROLLBACK),
            warn(
                "No rollback: the failure is older than this run. When it began, instances 4, 5 were not healthy on "
                f"{NEW} already, and were not touched.",
                f"To go back, use `operation: rollback` with the image, or {RECORD}.",
            ),
            id="two-bad-before-and-no-way-back",
        ),
        pytest.param(
            lambda: floating_previous_image(LATEST),
            refuse(
                f"A rollback needs an exact version, and {LATEST} names none.",
                "Name the version that the instances ran before.",
            ),
            id="floating",
        ),
        pytest.param(
            lambda: no_image_to_blame(NEW, ROLLBACK),
            note(
                f"No rollback: no instance was seen bad on {NEW}, so the image is not what failed.",
                "To go back all the same, use `operation: rollback`.",
            ),
            id="no-image-to-blame",
        ),
        pytest.param(
            lambda: no_rollback(NEW, None, ROLLBACK),
            warn(
                f"No rollback: every instance ran {NEW} before this run, so nothing tells what they ran earlier.",
                f"To go back, use `operation: rollback` with the image, or {RECORD}.",
            ),
            id="no-way-back",
        ),
        pytest.param(
            lambda: no_rollback(NEW, OLD, ROLLBACK),
            warn(
                "No rollback: the failure is older than this run, which had not changed anything yet.",
                "To go back all the same, use `operation: rollback` and `image-version: 1.0.0`.",
            ),
            id="nothing-changed-yet",
        ),
        pytest.param(
            lambda: no_image_to_blame(NEW, RESTORE),
            note(
                f"The model is not restored: no instance was seen bad on {NEW}, so the image is not what failed.",
                "To go back all the same, use `operation: rollback`.",
            ),
            id="model-kept-for-want-of-a-bad-image",
        ),
        pytest.param(
            lambda: no_rollback(NEW, OLD, RESTORE),
            warn(
                "The model is not restored: the failure is older than this run, which had not changed anything yet.",
                "To go back all the same, use `operation: rollback` and `image-version: 1.0.0`.",
            ),
            id="model-kept-as-nothing-changed-yet",
        ),
        pytest.param(
            lambda: unknown_previous_image(RESTORE),
            refuse(
                "`on-failure: restore-model` needs to know which exact image the instances ran before, and they do not "
                "show it.",
                f"Give {RECORD}, or use `on-failure: stop`.",
            ),
            id="image-for-the-model-not-known",
        ),
    ],
)
def test_a_finding_about_a_rollback_names_its_remedy(find: Callable[[], Finding], finding: Finding) -> None:
    assert find() == finding


# -- the record of an earlier run ----------------------------------------------------------------------------------


def recorded(previous: Image = OLD, target: Image = NEW, scale_set_id: str = "") -> Recorded:
    """Return the record of a rollout of the usual scale set."""
    return Recorded(scale_set_id=scale_set_id or model().id.upper(), previous=previous, target=target)


def of_another_rollout(previous: Image, target: Image) -> Finding:
    """Return the refusal of such a record."""
    return refuse(
        f"`record` is of another rollout, from {previous} to {target}.",
        "Give the record of the run that began the rollout which is to be undone, or name the image.",
    )


@pytest.mark.parametrize(
    ("record", "model_image", "target", "finding"),
    [
        pytest.param(recorded(), NEW, None, None, id="back-from-its-target"),
        pytest.param(recorded(), OLD, None, None, id="put-back-already"),
        pytest.param(recorded(), OLD, NEW, None, id="of-this-rollout"),
        pytest.param(recorded(), NEW, THIRD, of_another_rollout(OLD, NEW), id="of-another-rollout"),
        pytest.param(recorded(), THIRD, None, of_another_rollout(OLD, NEW), id="the-model-holds-a-third-image"),
        pytest.param(recorded(NEW), NEW, NEW, of_another_rollout(NEW, NEW), id="of-a-rollout-that-changed-no-image"),
        pytest.param(
            recorded(scale_set_id="/other"),
            NEW,
            None,
            refuse(
                "`record` is of another scale set (/other).",
                "Give a record of a rollout of this scale set.",
            ),
            id="of-another-scale-set",
        ),
        pytest.param(
            recorded(resource("/images/1")),
            NEW,
            None,
            refuse(
                "`record` names a managed or gallery image (/images/1), but the scale set runs a platform image, "
                "and Azure does not let it change.",
                "Give a record of a rollout of this scale set as it is now.",
            ),
            id="of-another-kind-of-image",
        ),
    ],
)
def test_a_record_that_does_not_fit(
    record: Recorded, model_image: Image, target: Image | None, finding: Finding | None
) -> None:
    assert misfit_of(record, model(image=model_image), target) == finding


# -- the way back --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        pytest.param(ImageFacts(state=ImageState.FOUND), "", id="there"),
        pytest.param(ImageFacts(state=ImageState.DENIED), "", id="not-known"),
        pytest.param(ImageFacts(state=ImageState.MISSING), "does not exist in westeurope any more", id="gone"),
        pytest.param(
            ImageFacts(state=ImageState.FOUND, deprecated=True),
            "is deprecated: no instance can be made from it any more",
            id="deprecated",
        ),
    ],
)
def test_an_image_that_no_instance_could_be_made_from_again(facts: ImageFacts, why: str) -> None:
    refusal = refuse(
        f"`on-failure: rollback` could not be carried out: the previous image {OLD} {why}.", "Use `on-failure: stop`."
    )
    assert cannot_return(OLD, facts, "westeurope", ROLLBACK) == ((refusal,) if why else ())


@pytest.mark.parametrize(
    ("scale_set", "target", "is_refused"),
    [
        pytest.param(fleet("0011"), NEW, False, id="the-image-changes"),
        pytest.param(fleet("0011", broken="0", behind="0"), OLD, True, id="only-settings-change"),
        pytest.param(fleet("0011", new="1", broken="0", behind="0"), NEW, False, id="the-image-of-one-changes"),
        pytest.param(
            changed(fleet("0011", broken="0 1", behind="0 1"), "1", image=None), OLD, False, id="one-shows-no-image"
        ),
        pytest.param(fleet("0011"), OLD, False, id="none-moves"),
    ],
)
def test_an_upgrade_that_changes_no_image_has_nothing_to_return_to(
    scale_set: ScaleSet, target: Image, is_refused: bool
) -> None:
    refusal = refuse(
        "`on-failure: rollback` has no image to go back to: what the instances lack is other settings of the model, "
        "and those are not taken back.",
        "Use `on-failure: stop`.",
    )
    assert nothing_to_return_to(scale_set, plan_of(scale_set, target), ROLLBACK) == (refusal if is_refused else None)


THREE_IMAGES = changed(changed(fleet("00111"), "1 3", image=THIRD), "4", image=platform("1.6.0"))
OTHERS_TOO = warn(
    f"A model holds one image: a rollback would bring all that moved to {OLD}, also those that run another one now: "
    f"{THIRD} (1, 3); Canonical:jammy:22_04-lts:1.6.0 (4)."
)
THERE_TOO = warn(
    "On the target image already, by an earlier run: 0, 1. A rollback would bring these, too, to "
    f"{OLD}, which the others run.",
    f"Where that is not meant, give {RECORD}, or select instances.",
)


@pytest.mark.parametrize(
    ("scale_set", "is_recorded", "findings"),
    [
        pytest.param(fleet("0011"), False, (), id="first-run"),
        pytest.param(THREE_IMAGES, False, (OTHERS_TOO,), id="three-images"),
        pytest.param(fleet("0011", new="0 1", image=NEW), False, (THERE_TOO,), id="second-run"),
        pytest.param(fleet("0011", new="0 1", image=NEW), True, (), id="second-run-with-a-record"),
        pytest.param(fleet("0011", new="0 1"), False, (), id="on-it-before-any-rollout"),
        pytest.param(fleet("0011", new="0 1 2 3", image=NEW), False, (), id="nothing-left-to-move"),
    ],
)
def test_a_rollback_that_would_move_other_instances_is_warned_of(
    scale_set: ScaleSet, is_recorded: bool, findings: tuple[Finding, ...]
) -> None:
    assert examine_way_back(scale_set, plan_of(scale_set), OLD, is_recorded=is_recorded) == findings


@pytest.mark.parametrize(
    ("left", "is_recorded", "is_refused"),
    [
        pytest.param(None, False, False, id="not-known"),
        pytest.param(NEW, False, False, id="newer"),
        pytest.param(OLD, False, False, id="equal"),
        pytest.param(platform("0.9.0"), False, True, id="older"),
        pytest.param(platform("0.9.0"), True, False, id="older-as-the-record-says"),
    ],
)
def test_a_return_to_a_newer_image_is_refused(left: Image | None, is_recorded: bool, is_refused: bool) -> None:
    refusal = refuse(
        f"{OLD} is newer than {left}, which the instances would leave: that is no way back.",
        "Name the image that they ran before, or leave the image out. To roll out the newer one, use `operation: "
        "upgrade`; to undo a rollout that went to an older image, give `record`, the JSON record of the run that began "
        "the rollout (its `report-path`).",
    )
    assert older_than_left(left, OLD, is_recorded=is_recorded) == ((refusal,) if is_refused else ())


@pytest.mark.parametrize(
    ("unknown", "is_all", "found"),
    [
        pytest.param("", False, None, id="all-are-known"),
        pytest.param("", True, None, id="all-are-known-and-none-moved"),
        pytest.param("10 9", False, warn, id="some-are-not"),
        pytest.param("10 9", True, refuse, id="none-is"),
    ],
)
def test_instances_that_may_have_moved_are_named(
    unknown: str, is_all: bool, found: Callable[[str, str], Finding] | None
) -> None:
    message = "It is not known whether these have moved since the rollout began, so they are left as they are: 9, 10."
    remedy = f"To bring them to {OLD} all the same, use `operation: upgrade` with it."
    expected = (found(message, remedy),) if found else ()
    assert examine_moved(moved(unknown), OLD, is_all=is_all) == expected
