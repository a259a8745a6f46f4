"""Draws the inputs of a case. Most of them fit the scale set; some do not, as in real workflows."""

from collections.abc import Callable, Iterable
from random import Random
from typing import Any

from azure_simulator.scenario.set_description import SetDescription
from sweeps.seeds.images import LATEST, family_of

OPERATIONS = {"upgrade": 68, "upgrade-instances": 13, "rollback": 18, "plan": 7, "update-model": 7, "status": 5}
MAY_TURN_BACK = ("upgrade", "upgrade-instances", "plan")
SELECTIONS: dict[str, Callable[[Any], Any]] = {
    "update-domains": lambda instance: instance.update_domain,
    "fault-domains": lambda instance: instance.fault_domain,
    "zones": lambda instance: instance.zone,
    "instance-ids": lambda instance: instance.instance_id,
}
# not-after -> seconds since the simulation began, which is on 2026-01-01 at 00:00 UTC
ENDS = {
    "00:05 UTC": 300.0,
    "01:12 Europe/Berlin": 720.0,
    "2026-01-01T00:16Z": 960.0,
    "00:30 UTC": 1800.0,
    "06:00 UTC": 21600.0,
}
# an address that is probed, and for how many seconds from which moment on it is down
PROBED = "https://www.example.com/health"
DOWN_AT, DOWN_FOR = (60.0, 90.0, 150.0), (1.5, 12.0, 60.0)
# what a receiver of hooks may answer: what holds a rollout for a while, and what ends it
HOOKS = {
    "before-batch-url": "https://hooks.example.com/before",
    "after-batch-url": "https://hooks.example.com/after",
    "hook-secret": "0123456789abcdef",
    "hook-timeout": "1m",
}
HOLDING: tuple[list[dict[str, Any]], ...] = (
    [],
    [{"phase": "before", "polls": 1}],
    [{"decision": "wait", "retry_after": 5, "count": 2}],
    [{"status": 503, "nth": 2, "count": 2}],
    [{"fails": "lost-answer", "count": 1}],
)
ENDING: tuple[list[dict[str, Any]], ...] = (
    [{"phase": "before", "batch": 2, "decision": "stop"}],
    [{"phase": "before", "batch": 1, "status": 409}],
    [{"phase": "after", "batch": 1, "status": 404}],
    [{"phase": "after", "fails": "refused"}],
)


def strategies_of(instances: Iterable[Any]) -> dict[str, bool]:
    """Return for each strategy whether the instances show its domains."""
    shows = {"update-domain": False, "fault-domain": False, "zone": False, "batch": True}
    for each in instances:
        shows["update-domain"] |= each.update_domain is not None
        shows["fault-domain"] |= each.fault_domain is not None
        shows["zone"] |= bool(each.zone)
    return shows


def draw_inputs(
    rng: Random, fleet: SetDescription, document: dict[str, Any], operation: str, *, calm: bool
) -> dict[str, str]:
    """Draw inputs by name, without those that are left out."""
    inputs = {"operation": operation}
    if operation == "rollback":
        inputs |= _way_back(rng, document, calm=calm)
    elif operation not in ("upgrade-instances", "status"):
        inputs |= family_of(document).asked_for(rng.choices([LATEST, None, 0], [7, 3, 1])[0])
    turns = rng.random() if operation in MAY_TURN_BACK else 1.0
    if turns < 1 / 3:
        inputs["on-failure"] = "restore-model" if turns < 1 / 12 else "rollback"
    inputs |= _batches(rng, fleet) | _selection(rng, fleet) | _availability(rng)
    inputs |= _treatment(rng, document) | _times(rng, document, calm=calm)
    return inputs | _latest_end(inputs)


def _way_back(rng: Random, document: dict[str, Any], *, calm: bool) -> dict[str, str]:
    """Draw the image to return to. It is left out only if nobody changes the instances that show it."""
    if calm and rng.random() < 0.5:
        return {}
    return family_of(document).asked_for(rng.choices([1, None], [15, 1])[0])


def _batches(rng: Random, fleet: SetDescription) -> dict[str, str]:
    inputs = {}
    if rng.random() < 0.5:
        shown = strategies_of(fleet.instances)
        inputs["strategy"] = rng.choice([name for name, is_shown in shown.items() if is_shown or rng.random() < 0.05])
    sizes = ["1", "2", "2", "3", "4", "10%", "34%", "50%", "100%"]
    stops = ["1", "2", "25%", "50%"]
    return inputs | _some(rng, (0.6, "batch-size", sizes), (0.2, "canary", "1"), (0.15, "stop-after", stops))


def _selection(rng: Random, fleet: SetDescription) -> dict[str, str]:
    if rng.random() >= 0.25:
        return {}
    name = rng.choice(list(SELECTIONS))
    made = [each for each in fleet.instances if not each.attached]
    present = sorted({str(v) for v in map(SELECTIONS[name], made) if v is not None})
    if name == "instance-ids" and len(made) < len(fleet.instances) and rng.random() < 0.3:
        return {name: f"{present[0]},jumpbox"}
    if not present or rng.random() < 0.05:
        return {name: "77"}
    return {name: ",".join(rng.sample(present, rng.randint(1, len(present))))}


def _availability(rng: Random) -> dict[str, str]:
    if rng.random() < 0.2:
        return {"allow-downtime": "true"}
    if rng.random() < 0.8:
        return {"min-healthy": rng.choice(["0%", "0%", "0%", "25%", "34%", "60%", "1", "2"])}
    return {}


def _treatment(rng: Random, document: dict[str, Any]) -> dict[str, str]:
    """Draw the treatment of protected and stopped instances, of health, and of automatic repairs."""
    inputs = _some(rng, (0.04, "protected-instances", "fail"), (0.25, "stopped-instances", "include"))
    if rng.random() < 0.2:
        inputs["health"] = rng.choices(["ignore", "required"], [2, 1])[0]
    return inputs | _some(rng, (0.6 if "repairs_suspended" in document else 0.05, "suspend-repairs", "true"))


def _times(rng: Random, document: dict[str, Any], *, calm: bool) -> dict[str, str]:
    waits = document["fleet"]["health"] == "none" or rng.random() < 0.3
    inputs = _some(rng, (0.9, "bake-time", ["0", "15s", "40s", "PT1M"])) if waits else {}
    if calm:
        return inputs
    inputs["health-timeout"] = rng.choice(["45s", "2m", "3m", "3m", "10m"])
    inputs["batch-timeout"] = rng.choice(["2m", "4m", "4m", "10m", "20m"])
    return inputs | _some(rng, (0.3, "timeout", ["90s", "5m", "15m"]))


def _latest_end(inputs: dict[str, str]) -> dict[str, str]:
    """Draw a moment soon after the beginning, from numbers of its own: the cases drawn before stay as they are."""
    rng = Random(repr(sorted(inputs.items())))
    return _some(rng, (0.12, "not-after", list(ENDS)))


def draw_probes(document: dict[str, Any], *, steady: bool) -> dict[str, Any]:
    """Return the document with a service that is probed, or as it is; from numbers of its own, as `_latest_end` does.

    `steady`: the service is never down.
    """
    rng = Random(f"probes {sorted(document['inputs'].items())}")
    if rng.random() >= 0.12:
        return document
    window = {"at": rng.choice(DOWN_AT), "seconds": rng.choice(DOWN_FOR)}
    answers = [] if steady or rng.random() < 0.3 else [{"status": 503, "during": window}]
    service = {"address": PROBED, "balanced": False, "answers": answers}
    return {**document, "inputs": {**document["inputs"], "probe-url": PROBED}, "probes": [service]}


def draw_drain(document: dict[str, Any], *, steady: bool) -> dict[str, Any]:
    """Return the document with a drain, or as it is; from numbers of its own, as `draw_probes` does.

    `steady`: the command never fails. It may make instances unhealthy. Not with stopped instances that are included: a
    drain gives one more time to stop before its upgrade, from when on nothing is expected of it, which no check knows.
    """
    inputs = document["inputs"]
    rng = Random(f"drain {sorted(inputs.items())}")
    if rng.random() >= 0.1 or inputs.get("stopped-instances") == "include":
        return document
    guests: list[dict[str, Any]] = [{"turns_unhealthy": rng.random() < 0.5, "seconds": rng.choice([1, 5, 40])}]
    if not steady and rng.random() < 0.5:
        bad = rng.choice([{"exit_code": 3}, {"never_ends": True}, {"agent_silent": True}, {"seconds": 300}])
        of = {"argument": rng.choice(["drain", "drain", "undrain"]), "instance": rng.choice(["0", "1", "*"])}
        guests.insert(0, {**of, **bad})
    asked = {"drain-command": "systemctl $1 web", "drain-timeout": rng.choice(["1m", "2m", "15m"])}
    if "repairs_suspended" in document and (steady or rng.random() < 0.9):
        asked["suspend-repairs"] = "true"
    return {**document, "inputs": {**inputs, **asked}, "guest": guests}


def draw_hooks(document: dict[str, Any], *, steady: bool) -> dict[str, Any]:
    """Return the document with a receiver of hooks, or as it is; from numbers of its own, as `draw_probes` does.

    `steady`: no hook ends the rollout.
    """
    rng = Random(f"hooks {sorted(document['inputs'].items())}")
    if rng.random() >= 0.12:
        return document
    answers = rng.choice(HOLDING if steady else (*HOLDING, *ENDING))
    return {**document, "inputs": {**document["inputs"], **HOOKS}, "hooks": {"answers": answers}}


def draw_surge(document: dict[str, Any], *, steady: bool) -> dict[str, Any]:
    """Return the document with new instances before the first batch, or as it is; from numbers of its own.

    `steady`: Azure creates as many as it is asked for, and they are healthy.
    """
    inputs = document["inputs"]
    rng = Random(f"surge {sorted(inputs.items())}")
    rolls_out = inputs["operation"] in ("upgrade", "upgrade-instances", "rollback", "plan")
    if rng.random() >= 0.1 or not rolls_out or "orchestration" in document["fleet"] or "allow-downtime" in inputs:
        return document
    scaling: dict[str, Any] = {"seconds": rng.choice([5, 40]), "shows_extras": rng.random() < 0.5}
    scaling["clears_latest_model"] = rng.random() < 0.3
    if not steady and rng.random() < 0.5:
        scaling |= rng.choice([{"quota": 1}, {"addresses": 1}, {"without_room": 1}, {"unhealthy": True}])
    return {**document, "inputs": {**inputs, "surge": rng.choice(["1", "1", "2", "3", "34%"])}, "scaling": scaling}


def _some(rng: Random, *drawn: tuple[float, str, str | list[str]]) -> dict[str, str]:
    """Draw some inputs: each with its probability, and with its value or one of its values."""
    chosen = ((name, value) for share, name, value in drawn if rng.random() < share)
    return {name: value if isinstance(value, str) else rng.choice(value) for name, value in chosen}
