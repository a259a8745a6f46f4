"""Draws sets in mode Rolling: Azure makes the batches, and the inputs that it decides are left out."""

from random import Random
from typing import Any

from vmss_upgrade.rollout.native.checks import DECIDED_BY

SHARE = 0.12  # of the cases that can be one
SALT = "r15"  # with which no known seed of mutations.py becomes one
OPERATIONS = ("upgrade", "rollback", "plan")


def draw_rolling(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with a set in mode Rolling, or as it is; from numbers of its own, as `draw_probes` does."""
    inputs = document["inputs"]
    rng = Random(f"{SALT} {sorted(inputs.items())} {sorted(document['fleet'].items(), key=str)}")
    can_be = inputs["operation"] in OPERATIONS and document["fleet"]["health"] != "none" and "hooks" not in document
    if rng.random() >= SHARE or not can_be:
        return document
    left = {name: value for name, value in inputs.items() if name not in (*DECIDED_BY, "drain-timeout", "strategy")}
    if left.get("on-failure") == "restore-model":
        left["on-failure"] = "rollback"
    if left.get("health") == "ignore":
        del left["health"]
    left["strategy"] = rng.choice(["auto", "native"])
    model = dict(document.get("model", {}))
    mode = {"mode": "Rolling", "rollingUpgradePolicy": rolling_policy(rng)}
    model["properties"] = {**model.get("properties", {}), "upgradePolicy": mode}
    return {**document, "inputs": left, "model": model}


def rolling_policy(rng: Random) -> dict[str, Any]:
    """Draw the policy of a set in mode Rolling."""
    percent = rng.choice([20, 50, 100])
    return {
        "maxBatchInstancePercent": rng.choice([20, 34, 50, 100]),
        "maxUnhealthyInstancePercent": percent,
        "maxUnhealthyUpgradedInstancePercent": percent,
        "pauseTimeBetweenBatches": rng.choice(["PT0S", "PT10S", "PT1M"]),
        "maxSurge": rng.random() < 0.25,
        "prioritizeUnhealthyInstances": rng.random() < 0.3,
        "rollbackFailedInstancesOnPolicyBreach": rng.random() < 0.3,
    }
