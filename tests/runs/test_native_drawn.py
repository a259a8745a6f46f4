"""Drawn sets in mode Rolling, with troubles of their own: nothing of a run is left at work, and no other's cancelled.

The sweep of seeds draws such sets, too, and holds them to all its checks; here are the troubles that only they have.

More seeds than twelve: `VMSS_ROLLING_SEEDS=500 pytest -m "" tests/runs/test_native_drawn.py`.
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest

from harness.playing import Played, cancelled_at, play
from harness.scenarios import NEW, NEW_MODEL, OLD, Scenario, fleet_of, on_instance, on_request
from permitted import complaint
from sweeps.seeds.drawing_rolling import rolling_policy

DRAWN = int(os.environ.get("VMSS_ROLLING_SEEDS", "16"))
GOOD = ("succeeded", "nothing-to-do")


def drawn(rng: random.Random) -> tuple[Scenario, float | None]:
    """Draw a scenario, and when its job is cancelled (None: never)."""
    domains = [rng.randint(1, 3) for _ in range(rng.randint(1, 4))]
    ids = [str(number) for number in range(sum(domains))]
    policy = rolling_policy(rng)
    half_way = rng.random() < 0.3
    instances: dict[str, Any] = {}
    if half_way:
        instances = {id_: {"image": OLD} for id_ in ids if rng.random() < 0.6}
    if rng.random() < 0.15:
        instances.setdefault(rng.choice(ids), {})["unhealthy"] = True
    timeout = rng.choice(["2m", "2h", "2h", "2h"])
    asked = {
        "strategy": rng.choice(["native", "auto"]),
        "bake-time": "10s",
        "health-timeout": rng.choice(["2m", "8m"]),
        "on-failure": rng.choice(["stop", "rollback"]),
        "timeout": timeout,
        **({"batch-timeout": "15m"} if timeout == "2h" else {}),
    }
    scenario = fleet_of(
        domains,
        asked,
        fleet={"image": NEW_MODEL} if half_way else None,
        model={"properties": {"upgradePolicy": {"mode": "Rolling", "rollingUpgradePolicy": policy}}},
        instances=instances,
        faults=[_fault(rng, ids) for _ in range(rng.choice([0, 1, 1, 2]))],
    )
    scenario["timing"] = {"upgrade_seconds": [5, rng.choice([6, 60])], "healthy_after_seconds": [1, 20]}
    return scenario, rng.uniform(1, 150) if rng.random() < 0.15 else None


def _fault(rng: random.Random, ids: list[str]) -> Scenario:
    one = rng.choice(ids)
    nth, cancel = rng.randint(1, 6), {"method": "POST", "path": "/rollingUpgrades/cancel$"}
    return rng.choice(
        [
            on_instance("comes-up-unhealthy", one),
            on_instance("comes-up-unhealthy", one, seconds=90),
            on_instance("provisioning-failure", one, code="OSProvisioningTimedOut", message="Too late."),
            on_instance("stays-on-old-image", one),
            on_instance("hangs", one),
            on_instance("flag-lags", one, seconds=40),
            {"kind": "list-lags", "seconds": 20},
            {"kind": "cancel-rolling-upgrade", "after_update": 1, "delay": rng.uniform(1, 90)},
            {"kind": "fault-rolling-upgrade", "after_update": 1, "delay": rng.uniform(1, 90)},
            {"kind": "roll-by-azure", "at": rng.uniform(0, 60), "seconds": 300},
            on_request("patch", nth=1, drop=rng.choice(["before", "after"])),
            on_request("patch", nth=1, status=429, retry_after=20),
            on_request("patch", nth=1, status=409, code="Conflict"),
            on_request("rolling", nth=nth, count=rng.randint(1, 9), status=rng.choice([404, 500, 429, 403])),
            on_request("poll", nth=nth, count=rng.randint(1, 9), status=rng.choice([404, 500, 429, 403])),
            on_request("instances", nth=nth, status=500),
            {"kind": "http", **cancel, "nth": 1, "drop": rng.choice(["before", "after"])},
            {"kind": "http", **cancel, "nth": 1, "status": 409, "code": "Conflict"},
        ]
    )


def problems(scenario: Scenario, played: Played) -> list[str]:
    """List what is wrong with a run, by Azure's own state."""
    rolling = played.azure._set.rolling
    now = {each.instance_id: each for each in played.azure.instances()}
    wrong = [f"the log says {bug!r}" for bug in played.bugs]
    wrong += [said for r in played.sent if (said := complaint(r.method, r.url, r.body, ["native"]))]
    kept = set(played.ids("skipped"))
    if played.outcome in GOOD:
        left = [id_ for id_, each in now.items() if each.image_version != NEW and id_ not in kept]
        bad = [id_ for id_, each in now.items() if not each.available and id_ not in kept]
        wrong += [f"{played.outcome}, but not on the target: {left}"] if left else []
        wrong += [f"{played.outcome}, but not available: {bad}"] if bad and played.outcome == "succeeded" else []
    if played.outcome == "rolled-back":
        left = [id_ for id_, each in now.items() if each.image_version != OLD]
        wrong += [f"rolled back, but not on the old image: {left}"] if left else []
    wrong += [f"reported as upgraded, but is not: {id_}" for id_ in played.ids("upgraded")
              if id_ in now and now[id_].image_version != NEW]  # fmt: skip
    started = [write for write in played.writes if write.method == "PATCH" and write.status in (0, 200)]
    by_azure = any(each["kind"] == "roll-by-azure" for each in scenario["faults"])
    if started and rolling is not None and not by_azure:
        at = played.azure._clock.now()
        is_said = "may still be at work" in played.log
        wrong += ["its rolling upgrade was left at work"] if rolling.running(at) and not is_said else []
    others = rolling is not None and not rolling.of_model and rolling.cancelled_at is not None
    if others and not any(each["kind"] == "cancel-rolling-upgrade" for each in scenario["faults"]):
        wrong.append("it cancelled a rolling upgrade of Azure's own")
    return wrong


@pytest.mark.parametrize(
    "seed", [pytest.param(seed, marks=[] if seed < 12 else pytest.mark.nightly) for seed in range(DRAWN)]
)
def test_a_run_claims_only_what_is_true(seed: int, tmp_path: Path) -> None:
    scenario, cancelled = drawn(random.Random(seed))
    clock = {} if cancelled is None else {"clock": cancelled_at(cancelled)}
    played = play(scenario, tmp_path, seed=seed, **clock)  # type: ignore[arg-type]
    assert problems(scenario, played) == [], f"{scenario}\n{played.log}"
