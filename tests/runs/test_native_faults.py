"""Every kind of fault that a scenario can have, met by a set in mode Rolling: a new kind needs a row here, too.

The rows of requests are in test_every_fault.py, those of what Azure says of a rolling upgrade in test_native_lies.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from azure_simulator.scenario.fault_reading import _FAULTS, _SERIES
from harness.playing import play
from harness.scenarios import NEW_MODEL, Scenario, model_change, on_instance, on_request, profile
from runs.test_native import LENIENT, called, rolling

ALL = "0 1 2 3 4 5"
MEANWHILE = {"after_update": 1, "delay": 20}
TOO_LATE = {"code": "OSProvisioningTimedOut", "message": "Too late."}
NEW_ONE = {"update_domains": [0], "creating_seconds": 20, "healthy_after_seconds": 10}
SPOT = {"properties": {"virtualMachineProfile": {"priority": "Spot", "evictionPolicy": "Deallocate"}}}
BACK = {"on-failure": "rollback"}


@dataclass(frozen=True)
class Ends:
    """How a run ends: the instances of the outputs `upgraded` and `failed`, what is `said`, and its accepted writes."""

    outcome: str
    upgraded: str = ""
    failed: str = ""
    said: str = ""
    writes: tuple[str, ...] = ("PATCH",)


GOOD = Ends("succeeded", ALL)
Row = tuple[Scenario, Scenario, Ends]  # the fault, the rest of the scenario, the end

ROWS: dict[str, Row] = {
    "comes-up-unhealthy": (
        on_instance("comes-up-unhealthy"),
        {},
        Ends("halted", "0 3 4", "1", "is unhealthy on the target image", ("PATCH", "cancel")),
    ),
    "comes-up-unhealthy, with a rollback": (
        on_instance("comes-up-unhealthy"),
        {"asked": BACK},
        Ends("rolled-back", failed="1", said="4 of 4 instances returned", writes=("PATCH", "cancel", "PATCH")),
    ),
    "comes-up-unhealthy, for a while": (on_instance("comes-up-unhealthy", seconds=60), {}, GOOD),
    "provisioning-failure": (
        on_instance("provisioning-failure", **TOO_LATE),
        {"asked": BACK},  # on the old image: no reason to go back
        Ends("halted", "0 2 3 4 5", "1", "has ended: instance 1: OSProvisioningTimedOut, Too late. Not on the target"),
    ),
    "hangs": (
        on_instance("hangs"),
        {"asked": BACK},
        Ends("timed-out", "0 3 4", "1", "made no progress for 1h00m", ("PATCH", "cancel")),
    ),
    "stays-on-old-image": (on_instance("stays-on-old-image"), {}, Ends("halted", "0 2 3 4 5", "1", "NotOnTarget")),
    "flag-lags": (on_instance("flag-lags", seconds=60), {}, GOOD),
    "http": (on_request("instances", nth=4, count=2, missing=["1"]), {}, GOOD),
    "error": (on_request("patch", "error", error="another-operation", count=2), {}, GOOD),
    "sign-in-error": (
        {"kind": "sign-in-error", "number": 700213},
        {},
        Ends("refused", said="AADSTS700213", writes=()),
    ),
    "operation": (on_request("patch", "operation", code="InternalExecutionError", told_after=5), {}, GOOD),
    "list-lags": ({"kind": "list-lags", "seconds": 20}, {}, GOOD),
    "model-lags": ({"kind": "model-lags", "seconds": 20}, {}, GOOD),
    "health-lags": ({"kind": "health-lags", "seconds": 20, "time": True}, {}, GOOD),
    "conflict-window": ({"kind": "conflict-window", "seconds": 60}, {}, GOOD),  # of manual upgrades alone
    "vanish": (on_instance("vanish", "4", **MEANWHILE), {}, Ends("succeeded", "0 1 2 3 5")),
    "appear": (
        on_instance("appear", "6", update_domain=0, creating_seconds=20, failed=TOO_LATE, **MEANWHILE),
        {},
        Ends("halted", ALL, "6", "instance 6: OSProvisioningTimedOut"),
    ),
    "scale-out": (
        {"kind": "scale-out", "instance": "6", "count": 2, "every": 30, **NEW_ONE, **MEANWHILE},
        {},
        Ends("succeeded", f"{ALL} 6 7"),
    ),
    "scale-in": ({"kind": "scale-in", **MEANWHILE}, {}, Ends("succeeded", "0 1 2 3 4")),
    "evict": (
        on_instance("evict", **MEANWHILE),
        {**SPOT, "asked": BACK},
        Ends("succeeded", "0 2 3 4 5", said="5 instances upgraded, 1 skipped"),
    ),
    "fall-ill": (
        on_instance("fall-ill", "0", after_update=1, delay=40),
        {"asked": BACK},
        Ends("rolled-back", failed="0", said="6 of 6 instances returned", writes=("PATCH", "PATCH")),
    ),
    "fall-ill, before its upgrade": (on_instance("fall-ill", "5", after_update=1, delay=2), {}, GOOD),
    "stop": (on_instance("stop", "0", after_update=1, delay=40), {"asked": BACK}, Ends("succeeded", "1 2 3 4 5")),
    "updated-by-somebody": (on_instance("updated-by-somebody", "5", seconds=60, after_update=1, delay=2), {}, GOOD),
    "revoke-tokens": ({"kind": "revoke-tokens", **MEANWHILE}, {}, GOOD),
    "cancel-rolling-upgrade": (
        {"kind": "cancel-rolling-upgrade", **MEANWHILE},
        {"asked": BACK},
        Ends("halted", "0 3", said="was cancelled, and not by this run. Not on the target image: 1, 2, 4, 5"),
    ),
    "fault-rolling-upgrade": (
        {"kind": "fault-rolling-upgrade", **MEANWHILE},
        {"asked": BACK},
        Ends("halted", "0 3", said="Azure gave the rolling upgrade up (InternalExecutionError)"),
    ),
    "roll-by-azure": (
        {"kind": "roll-by-azure", "at": 1.0, "seconds": 300},
        {},
        Ends("refused", said="another rolling upgrade is at work on the scale set", writes=()),
    ),
    "model-change": (
        model_change(profile(storageProfile={"imageReference": {**NEW_MODEL, "version": "22.04.202609010"}}), at=0.7),
        {},
        Ends("refused", said="A rolling upgrade is under way", writes=()),
    ),
    "model-change, of the mode": (
        model_change({"properties": {"upgradePolicy": {"mode": "Manual"}}}, at=0.7),
        {},
        Ends("refused", said="needs a scale set in mode Rolling", writes=()),
    ),
    "model-change, beside the image": (model_change({"tags": {"by": "somebody"}}, **MEANWHILE), {}, GOOD),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_set_in_mode_rolling_meets(name: str, tmp_path: Path) -> None:
    fault, rest, ends = ROWS[name]
    more: dict[str, Any] = dict(rest)
    played = play(rolling(policy=LENIENT, faults=[fault], **more), tmp_path)
    assert (played.outcome, tuple(called(played))) == (ends.outcome, ends.writes), played.log
    assert (played.ids("upgraded"), played.ids("failed")) == (ends.upgraded.split(), ends.failed.split()), played.log
    assert ends.said in played.log
    assert not (ends.writes and played.azure.is_rolling)  # nothing of its own is left at work
    assert played.bugs == []


def test_every_kind_has_a_row() -> None:
    assert {row[0]["kind"] for row in ROWS.values()} == {*_FAULTS, *_SERIES}
