"""When a batch has passed, when it has failed, and what it is waiting for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from builders import BROKEN, NEW, OLD, by_id, instance, platform, vhd
from vmss_upgrade.rollout.failures import Failure, FailureCode, Problem
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.model import HealthSignal
from vmss_upgrade.rollout.scale_set import Health, Instance, Power
from vmss_upgrade.rollout.watching.health_gate import Before, HealthGate
from vmss_upgrade.rollout.watching.troubles import not_ready

OPENED = 1000.0
GOOD = instance("1", image=NEW)
BAD = instance("1", image=NEW, health=Health.UNHEALTHY)
FAILED = instance("1", image=NEW, provisioning_state="Failed", problems=(BROKEN,))
VHD = vhd("https://account.blob.core.windows.net/images/new.vhd")


SIGNAL = "(signal: load balancer health probe)"


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        pytest.param({}, None, "", id="ready"),
        pytest.param({"seen": False}, "NotSeen", "is missing from Azure's latest list of instances", id="missing"),
        pytest.param(
            {"provisioning_state": "Updating"}, "StillUpdating", "provisioning state is still Updating", id="updating"
        ),
        pytest.param(
            {"provisioning_state": "Creating"}, "StillUpdating", "provisioning state is still Creating", id="creating"
        ),
        pytest.param(
            {"provisioning_state": "Failed"}, "NotProvisioned", "provisioning state is Failed", id="not-provisioned"
        ),
        pytest.param(
            {"provisioning_state": "Migrating"},
            "StillUpdating",
            "provisioning state is still Migrating",
            id="migrating",
        ),
        pytest.param({"provisioning_state": ""}, "NotProvisioned", "provisioning state is ", id="state-not-shown"),
        pytest.param({"image": OLD}, "NotOnTarget", f"still runs {OLD}", id="old-image"),
        pytest.param(
            {"image": None}, "NotOnTarget", "still runs an image that Azure does not show", id="image-not-shown"
        ),
        pytest.param({"power": Power.STOPPED}, "NotRunning", "power state is stopped", id="stopped"),
        pytest.param({"power": Power.OTHER}, "NotRunning", "power state is other", id="starting"),
        pytest.param(
            {"latest_model_applied": False},
            "NotCurrent",
            "has the image, but latestModelApplied is still false",
            id="flag",
        ),
        pytest.param({"latest_model_applied": None}, None, "", id="flag-not-shown-is-no-reason"),
        pytest.param({"health": Health.UNHEALTHY}, "NotHealthy", f"health is unhealthy {SIGNAL}", id="unhealthy"),
        pytest.param({"health": Health.UNKNOWN}, "NotHealthy", f"health is unknown {SIGNAL}", id="initializing"),
        pytest.param({"health": Health.NO_SIGNAL}, "NotHealthy", f"health is no signal {SIGNAL}", id="silent"),
        pytest.param(
            {"provisioning_state": "Updating", "health": Health.UNHEALTHY, "image": OLD},
            "StillUpdating",
            "provisioning state is still Updating",
            id="the-first-reason-only",
        ),
    ],
)
def test_an_instance_that_is_not_ready_has_a_reason(fields: dict[str, Any], code: str | None, message: str) -> None:
    one = instance("1", **{"image": NEW, **fields})
    pending = not_ready(one, NEW, HealthSignal.PROBE, flag_matters=True)
    assert (pending.code, pending.message) == (code, message) if pending else code is None
    assert pending is None or pending.instance_id == "1"


@pytest.mark.parametrize(
    ("one", "target", "signal", "flag_matters", "code"),
    [
        pytest.param(BAD, NEW, HealthSignal.NONE, True, None, id="no-signal-asks-for-no-health"),
        pytest.param(BAD, NEW, HealthSignal.EXTENSION, True, "NotHealthy", id="extension"),
        pytest.param(BAD, NEW, HealthSignal.EXTERNAL, True, "NotHealthy", id="external-policy"),
        pytest.param(
            instance(image=NEW, latest_model_applied=False), NEW, HealthSignal.PROBE, False, None, id="flag-ignored"
        ),
        pytest.param(instance(image=None), VHD, HealthSignal.PROBE, False, None, id="vhd-current"),
        pytest.param(
            instance(image=None, latest_model_applied=False),
            VHD,
            HealthSignal.PROBE,
            False,
            "NotOnTarget",
            id="vhd-needs-the-flag-always",
        ),
        pytest.param(
            instance(image=None, latest_model_applied=None), VHD, HealthSignal.PROBE, True, "NotOnTarget", id="vhd-none"
        ),
    ],
)
def test_the_gate_asks_for_image_model_and_health(
    one: Instance, target: Image, signal: HealthSignal, flag_matters: bool, code: str | None
) -> None:
    pending = not_ready(one, target, signal, flag_matters=flag_matters)
    assert (pending.code if pending else None) == code


OFF = {"image": NEW, "power": Power.STOPPED, "health": Health.NO_SIGNAL}


@pytest.mark.parametrize(
    ("fields", "may_be_stopped", "code"),
    [
        pytest.param(OFF, True, None, id="stopped-before"),
        pytest.param({**OFF, "power": Power.DEALLOCATED}, True, None, id="deallocated-before"),
        pytest.param(OFF, False, "NotRunning", id="stopped-since"),
        pytest.param({**OFF, "power": Power.OTHER}, True, "NotRunning", id="on-its-way-is-not-off"),
        pytest.param({**OFF, "image": OLD}, True, "NotOnTarget", id="stopped-on-the-old-image"),
        pytest.param({**OFF, "provisioning_state": "Updating"}, True, "StillUpdating", id="stopped-and-updating"),
        pytest.param({**OFF, "provisioning_state": "Failed"}, True, "NotProvisioned", id="stopped-and-failed"),
        pytest.param({**OFF, "latest_model_applied": False}, True, "NotCurrent", id="stopped-and-behind"),
        pytest.param(
            {"image": NEW, "health": Health.UNHEALTHY}, True, "NotHealthy", id="started-since-must-get-healthy"
        ),
    ],
)
def test_an_instance_stopped_before_may_stay_stopped(
    fields: dict[str, Any], may_be_stopped: bool, code: str | None
) -> None:
    pending = not_ready(
        instance("1", **fields), NEW, HealthSignal.PROBE, flag_matters=True, may_be_stopped=may_be_stopped
    )
    assert (pending.code if pending else None) == code


def gate(**fields: Any) -> HealthGate:
    usual: dict[str, Any] = {
        "instance_ids": ("1",),
        "target": NEW,
        "signal": HealthSignal.PROBE,
        "opened_at": OPENED,
        "health_timeout": 600.0,
        "bake_time": 0.0,
    }
    return HealthGate(**{**usual, **fields})


def played(the_gate: HealthGate, *looks: tuple[float, Instance | None]) -> HealthGate:
    """Return the gate after looks at instance 1 (None: it is gone), each so many seconds after the gate opened."""
    for after, one in looks:
        the_gate = the_gate.advance(by_id(one) if one else {}, OPENED + after)
    return the_gate


def verdict(the_gate: HealthGate) -> str:
    assert not (the_gate.passed and the_gate.failures)
    assert the_gate.is_decided == (the_gate.passed or bool(the_gate.failures))
    return "passed" if the_gate.passed else "failed" if the_gate.failures else "waiting"


BAKED = {"bake_time": 60.0}
OLD_FAILURE = {"before": Before(problems={"1": (BROKEN,)})}
SAID_ANEW = Problem(BROKEN.code, "OS provisioning did not finish by 02:00.")
AGENT = Problem(BROKEN.code, BROKEN.message, "MonitoringAgent")
OFF_SINCE = instance("1", image=NEW, power=Power.DEALLOCATED, health=Health.NO_SIGNAL)
STOPPED_BY_ITS_FAILURE = replace(FAILED, power=Power.DEALLOCATED)
HALTED = instance("1", image=NEW, power=Power.STOPPED, health=Health.NO_SIGNAL)
UNSEEN = instance("1", image=NEW, seen=False)


@pytest.mark.parametrize(
    ("options", "looks", "expected"),
    [
        pytest.param({}, [(0, GOOD)], "passed", id="ready-at-once"),
        pytest.param({}, [(0, BAD)], "waiting", id="unhealthy-is-waited-for"),
        pytest.param({}, [(0, BAD), (30, GOOD)], "passed", id="healthy-later"),
        pytest.param({}, [(599.9, BAD)], "waiting", id="just-before-the-timeout"),
        pytest.param({}, [(600, BAD)], "failed", id="at-the-timeout"),
        pytest.param({}, [(600, GOOD)], "passed", id="ready-at-the-timeout"),
        pytest.param({}, [(0, FAILED)], "failed", id="new-provisioning-failure-at-once"),
        pytest.param(OLD_FAILURE, [(0, FAILED), (59, FAILED)], "waiting", id="old-provisioning-failure-may-fade"),
        pytest.param(OLD_FAILURE, [(0, FAILED), (60, GOOD)], "passed", id="old-failure-goes-away"),
        pytest.param(OLD_FAILURE, [(60, FAILED)], "failed", id="old-failure-that-stays-needs-no-health-timeout"),
        pytest.param(
            OLD_FAILURE,
            [
                (0, instance("1", image=NEW, problems=(SAID_ANEW,))),
                (1, instance("1", image=NEW, problems=(SAID_ANEW,))),
            ],
            "passed",
            id="old-failure-in-new-words",
        ),
        pytest.param(
            OLD_FAILURE,
            [(0, instance("1", image=NEW, problems=(BROKEN, AGENT)))],
            "failed",
            id="an-old-failure-hides-no-new-one",
        ),
        pytest.param(
            {},
            [(0, instance("1", image=NEW, provisioning_state="Updating", problems=(BROKEN,)))],
            "waiting",
            id="a-failure-shown-while-updating-is-stale",
        ),
        pytest.param(
            {},
            [(0, instance("1", image=NEW, problems=(BROKEN,)))],
            "failed",
            id="extension-failure-of-a-provisioned-one",
        ),
        pytest.param({}, [(0, None)], "passed", id="vanished-is-nobody-s-failure"),
        pytest.param({}, [(600, None)], "passed", id="vanished-at-the-timeout"),
        pytest.param(BAKED, [(0, GOOD)], "waiting", id="bake-begins"),
        pytest.param(BAKED, [(5, GOOD), (64, GOOD)], "waiting", id="bake-not-over"),
        pytest.param(BAKED, [(5, GOOD), (65, GOOD)], "passed", id="bake-over"),
        pytest.param(BAKED, [(0, GOOD), (30, BAD), (61, GOOD)], "waiting", id="unhealthy-restarts-the-bake"),
        pytest.param(BAKED, [(0, GOOD), (30, BAD), (61, GOOD), (121, GOOD)], "passed", id="the-second-bake-counts"),
        pytest.param(BAKED, [(0, GOOD), (30, BAD), (601, BAD)], "failed", id="restarts-are-bounded"),
        pytest.param(BAKED, [(590, GOOD), (650, GOOD)], "passed", id="a-bake-may-end-after-the-health-timeout"),
        pytest.param(BAKED, [(0, GOOD), (30, FAILED)], "failed", id="failure-during-the-bake"),
        pytest.param(BAKED, [(0, GOOD), (60, None)], "passed", id="vanished-during-the-bake"),
        pytest.param({}, [(0, UNSEEN)], "waiting", id="missing-from-one-look-is-not-gone"),
        pytest.param(BAKED, [(0, GOOD), (30, UNSEEN), (61, GOOD)], "waiting", id="nor-does-it-bake-unseen"),
        pytest.param({}, [(0, BAD), (30, OFF_SINCE)], "passed", id="evicted-is-nobody-s-failure"),
        pytest.param({}, [(0, STOPPED_BY_ITS_FAILURE)], "failed", id="stopped-because-its-upgrade-failed"),
        pytest.param(OLD_FAILURE, [(0, STOPPED_BY_ITS_FAILURE)], "passed", id="failed-before-and-evicted"),
        pytest.param({}, [(0, HALTED)], "waiting", id="who-halts-by-itself-was-perhaps-never-well"),
        pytest.param(BAKED, [(0, GOOD), (30, HALTED), (90, HALTED)], "passed", id="stopped-after-it-was-ready"),
    ],
)
def test_verdict(options: dict[str, Any], looks: list[tuple[float, Instance | None]], expected: str) -> None:
    assert verdict(played(gate(**options), *looks)) == expected


@pytest.mark.parametrize(
    ("repairs_at_work", "looks", "expected"),
    [
        pytest.param(True, [(0, BAD), (60, None)], "failed", id="unhealthy-and-gone-with-repairs"),
        pytest.param(False, [(0, BAD), (60, None)], "passed", id="unhealthy-and-gone-without"),
        pytest.param(
            True, [(0, BAD), (30, instance("1", image=NEW, seen=False)), (60, None)], "failed", id="missing-in-between"
        ),
        pytest.param(True, [(0, None)], "passed", id="gone-before-it-was-seen"),
        pytest.param(
            True, [(0, instance("1", provisioning_state="Updating")), (60, None)], "passed", id="gone-updating"
        ),
    ],
)
def test_an_unhealthy_instance_that_repairs_take_away_is_a_failure(
    repairs_at_work: bool, looks: list[tuple[float, Instance | None]], expected: str
) -> None:
    ended = played(gate(repairs_at_work=repairs_at_work), *looks)
    assert verdict(ended) == expected
    if expected == "failed":
        message = (
            "vanished while it was not healthy on the target image: automatic repairs have most likely replaced it"
        )
        assert ended.failures == (Failure("1", FailureCode.REPLACED, message, blames_image=True),)


REPORTED = "2026-11-23T01:00:00Z"


@pytest.mark.parametrize(
    ("health_time", "after", "expected"),
    [
        pytest.param("", 0, "passed", id="azure-does-not-say-when"),
        pytest.param(REPORTED, 0, "waiting", id="the-report-of-before"),
        pytest.param(REPORTED, 599, "waiting", id="however-long-it-stands"),
        pytest.param("2026-11-23T00:59:59.5Z", 0, "waiting", id="an-earlier-one"),
        pytest.param("2026-11-23T01:00:30+00:00", 0, "waiting", id="from-the-time-of-the-upgrade"),
        pytest.param("2026-11-23T01:00:30+00:00", 60, "passed", id="which-is-believed-after-a-minute"),
        pytest.param("2026-11-23T01:01:00.1Z", 0, "passed", id="after-the-upgrade"),
        pytest.param("yesterday", 0, "passed", id="a-time-that-cannot-be-read"),
    ],
)
def test_health_counts_from_the_end_of_the_upgrade(health_time: str, after: float, expected: str) -> None:
    before = Before(reported=frozenset({"1"}), health_times={"1": REPORTED})
    the_gate = gate(before=before, upgraded_at="2026-11-23T01:01:00Z")
    judged = played(the_gate, (after, instance("1", image=NEW, health_time=health_time)))
    assert verdict(judged) == expected
    message = f"was last reported healthy at {health_time}, before its upgrade had ended"
    assert judged.pending == (Failure("1", FailureCode.NOT_REPORTED_SINCE, message),) * (expected == "waiting")


SILENT = instance("1", image=NEW, health=Health.NO_SIGNAL)
NO_ROOM = (Problem("AllocationFailed", "No room."),)
FAILED_ELSEWHERE = {"before": Before(problems={"1": (BROKEN,)}, failed_elsewhere=frozenset({"1"}))}
INTERNAL = Problem("InternalError", "It broke.")
HIDDEN = instance("1", image=OLD, problems=(INTERNAL,), latest_model_applied=False)
REPORTED_BEFORE = {"before": Before(reported=frozenset({"1"}))}


@pytest.mark.parametrize(
    ("options", "look", "blames_image"),
    [
        pytest.param({}, BAD, True, id="unhealthy-on-the-target"),
        pytest.param({}, FAILED, True, id="failed-on-the-target"),
        pytest.param({}, instance("1", image=None, problems=(BROKEN,)), True, id="failed-and-its-image-not-shown"),
        pytest.param({}, instance("1", image=OLD, problems=(BROKEN,)), True, id="its-os-failed-whatever-is-shown"),
        pytest.param(
            {}, instance("1", image=OLD, problems=(Problem("AllocationFailed", "x"),)), False, id="it-was-never-made"
        ),
        pytest.param(
            {}, instance("1", image=NEW, problems=NO_ROOM, provisioning_state="Failed"), False, id="there-was-no-room"
        ),
        pytest.param({}, instance("1", image=None, problems=NO_ROOM), False, id="no-room-and-its-image-not-shown"),
        pytest.param(OLD_FAILURE, FAILED, True, id="failed-so-before-on-the-target"),
        pytest.param(FAILED_ELSEWHERE, FAILED, False, id="failed-so-before-on-another-image"),
        pytest.param(
            FAILED_ELSEWHERE,
            instance("1", image=NEW, problems=(BROKEN, AGENT), provisioning_state="Failed"),
            True,
            id="another-failure-than-before",
        ),
        pytest.param({}, instance("1", image=NEW, problems=(INTERNAL,)), True, id="internal-error-on-the-target"),
        pytest.param({}, instance("1", image=OLD, problems=(INTERNAL,)), False, id="internal-error-elsewhere"),
        pytest.param({}, instance("1", image=None, problems=(INTERNAL,)), True, id="internal-error-image-not-shown"),
        pytest.param(
            {}, instance("1", image=NEW, seen=False, problems=(INTERNAL,)), False, id="internal-error-and-missing"
        ),
        pytest.param({"target": VHD}, HIDDEN, True, id="internal-error-and-no-instance-shows-a-vhd"),
        pytest.param({"target": platform("latest")}, HIDDEN, True, id="internal-error-and-the-target-floats"),
        pytest.param(
            {}, instance("1", image=NEW, problems=(Problem("OperationNotAllowed", "quota"),)), False, id="no-quota"
        ),
        pytest.param(REPORTED_BEFORE, SILENT, True, id="silent-that-reported-before"),
        pytest.param(REPORTED_BEFORE, HALTED, False, id="stopped-that-reported-before"),
        pytest.param({}, SILENT, False, id="silent-as-ever"),
        pytest.param({}, instance("1", image=OLD), False, id="never-moved"),
        pytest.param({}, HALTED, False, id="stopped"),
        pytest.param({}, instance("1", image=NEW, latest_model_applied=False), False, id="not-current"),
        pytest.param({}, instance("1", image=NEW, provisioning_state="Updating"), False, id="still-updating"),
    ],
)
def test_a_failure_on_the_target_blames_the_image(options: dict[str, Any], look: Instance, blames_image: bool) -> None:
    failure, *_ = played(gate(**options), (600, look)).failures
    assert failure.blames_image is blames_image


@pytest.mark.parametrize(
    ("look", "message"),
    [
        pytest.param(
            SILENT,
            "health is no signal (signal: load balancer health probe), 10m00s after Azure's operation ended; no "
            "instance outside the batch reports health any more either",
            id="silent",
        ),
        pytest.param(HALTED, "power state is stopped, 10m00s after Azure's operation ended", id="stopped"),
    ],
)
def test_the_signal_is_blamed_if_all_others_fell_silent_too(look: Instance, message: str) -> None:
    other = instance("2", health=Health.NO_SIGNAL)
    asked = gate(before=Before(reported=frozenset({"1", "2"})))
    (failure,) = asked.advance(by_id(look, other), OPENED + 600).failures
    assert (failure.message, failure.blames_image) == (message, False)


def test_after_a_failed_operation_those_it_did_not_reach_fail_soon_with_azure_s_words() -> None:
    refused = gate(refusal=Problem("InternalError", "It broke."))
    assert verdict(played(refused, (0, instance("1")), (119, instance("1")))) == "waiting"
    (failure,) = played(refused, (120, instance("1"))).failures
    assert failure == Failure("1", "InternalError", f"It broke; still runs {OLD}")
    assert verdict(played(refused, (120, BAD))) == "waiting", "who was reached has its health timeout"
    assert verdict(played(refused, (0, GOOD))) == "passed"


def test_a_gate_knows_who_was_off_before() -> None:
    two = gate(instance_ids=("1", "2"), before=Before(stopped=frozenset({"1"})))
    off = [instance(id_, **OFF) for id_ in ("1", "2")]
    assert [p.instance_id for p in two.advance(by_id(*off), OPENED).pending] == ["2"]
    assert verdict(two.advance(by_id(off[0], instance("2", image=NEW)), OPENED)) == "passed"


def test_a_failure_tells_instance_code_message_and_how_long() -> None:
    (failure,) = played(gate(), (720, BAD)).failures
    assert (failure.instance_id, failure.code) == ("1", "NotHealthy")
    assert failure.message == (
        "health is unhealthy (signal: load balancer health probe), 12m00s after Azure's operation ended"
    )
    (broken,) = played(gate(), (3, FAILED)).failures
    assert broken == Failure("1", BROKEN.code, BROKEN.message, blames_image=True)
    (agent,) = played(gate(), (3, instance("1", image=NEW, problems=(AGENT,)))).failures
    assert agent.message == f"extension MonitoringAgent: {BROKEN.message}"


def test_one_of_several_holds_the_gate_and_is_the_only_failure() -> None:
    two = gate(instance_ids=("1", "2", "3"))
    seen = by_id(GOOD, instance("2", image=OLD))
    waiting = two.advance(seen, OPENED)
    assert [p.instance_id for p in waiting.pending] == ["2"]
    assert waiting.vanished == ("3",)
    assert [f.instance_id for f in waiting.advance(seen, OPENED + 600).failures] == ["2"]


def test_an_evicted_instance_is_named() -> None:
    assert played(gate(), (0, BAD), (30, OFF_SINCE)).evicted == ("1",)


def test_instances_outside_the_batch_do_not_matter() -> None:
    assert verdict(gate().advance(by_id(GOOD, instance("2", health=Health.UNHEALTHY)), OPENED)) == "passed"


def test_the_start_of_the_bake_is_kept_and_given_up() -> None:
    baking = played(gate(**BAKED), (7, GOOD), (20, GOOD))
    assert baking.ready_since == OPENED + 7
    assert played(baking, (30, BAD)).ready_since is None


def test_a_gate_that_waits_for_the_flag_alone_says_so() -> None:
    late = instance("1", image=NEW, latest_model_applied=False)
    lagging = gate(instance_ids=("1", "2"))
    assert lagging.advance(by_id(late), OPENED).only_the_flag_is_missing
    assert not lagging.advance(by_id(late, instance("2")), OPENED).only_the_flag_is_missing
    assert not lagging.advance(by_id(GOOD), OPENED).only_the_flag_is_missing
    assert verdict(gate(flag_matters=False).advance(by_id(late), OPENED)) == "passed"


def test_another_bound_fails_one_that_is_pending_or_else_the_batch() -> None:
    waiting = played(gate(), (10, BAD)).out_of_time("the batch took too long")
    (failure,) = waiting.failures
    message = "the batch took too long; health is unhealthy (signal: load balancer health probe)"
    assert failure == Failure("1", FailureCode.BATCH_TIMEOUT, message), (
        "it may be starting still, so no image is blamed"
    )
    (failure,) = played(gate(), (10, BAD)).out_of_time("too long", ["1"]).failures
    assert failure.blames_image
    (general,) = gate().out_of_time("too long").failures
    assert general == Failure("", FailureCode.BATCH_TIMEOUT, "too long")
