"""Reads scenarios from YAML: those that ship with the simulator, and files of users.

README.md in `scenarios/` lists the keys.
"""

import dataclasses
import difflib
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from azure_simulator.scenario.catalog import Catalog, read_catalog
from azure_simulator.scenario.companions.governance import read_autoscale, read_locks
from azure_simulator.scenario.companions.run_commands import read_guest
from azure_simulator.scenario.companions.scaling import read_scaling
from azure_simulator.scenario.companions.several_sets import check_names, replicated_to_all, sections_of_sets
from azure_simulator.scenario.events import Appear, Evict
from azure_simulator.scenario.fault_reading import read_failure, read_faults
from azure_simulator.scenario.faults import HealthLags, InstanceFault
from azure_simulator.scenario.fleet_reading import read_set
from azure_simulator.scenario.scenario import (
    GITHUB_AUDIENCE,
    USUAL_FEATURES,
    USUAL_SIZES,
    EarlierOperation,
    Permission,
    Scenario,
    Throttling,
    Timing,
)
from azure_simulator.scenario.section import ScenarioError, Section
from azure_simulator.scenario.set_description import SetDescription
from azure_simulator.scenario.web.reading import read_hooks, read_probes
from azure_simulator.scenario.web.traffic import read_balancer_probe, read_traffic
from azure_simulator.wire.answers import NotSimulated, Refusal
from azure_simulator.wire.calendar import EPOCH
from azure_simulator.wire.set_model import profile_of

# A safe loader, in C where PyYAML was built with it: eight times as fast.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def scenario_names() -> list[str]:
    """Return the scenarios that ship with the simulator, sorted; `fault_names` has those of one fault each."""
    return _names_in("scenarios")


def fault_names() -> list[str]:
    """Return the scenarios that ship for one fault each, as `faults/NAME`, sorted."""
    return [f"faults/{name}" for name in _names_in("scenarios/faults")]


def _names_in(folder: str) -> list[str]:
    place = resources.files("azure_simulator") / folder
    entries = place.iterdir() if place.is_dir() else ()  # the image of the action has none
    return sorted(entry.name.removesuffix(".yml") for entry in entries if entry.name.endswith(".yml"))


def load_scenario(name_or_path: str) -> Scenario:
    """Load a scenario that ships with the simulator, by its name, or one in a file of its own (`.yml`, `.yaml`).

    Raises ScenarioError naming file, key and what is wrong.
    """
    if name_or_path.endswith((".yml", ".yaml")):
        path = Path(name_or_path)
        try:
            return parse_scenario(path.read_text(encoding="utf-8"), path.stem, name_or_path)
        except OSError as error:
            raise ScenarioError(f"{name_or_path}: cannot be read: {error.strerror}") from error
    known = [*scenario_names(), *fault_names()]
    if name_or_path not in known:
        near = difflib.get_close_matches(name_or_path, known, n=1)
        meant = f"; did you mean {near[0]}?" if near else ""
        there_are = f"there are {', '.join(known)}, and files in .yml"
        raise ScenarioError(f"{name_or_path}: there is no such scenario{meant or '; ' + there_are}")
    file = resources.files("azure_simulator") / "scenarios" / f"{name_or_path}.yml"
    return parse_scenario(file.read_text(encoding="utf-8"), name_or_path, f"{name_or_path}.yml")


def parse_scenario(text: str, name: str, source: str) -> Scenario:
    """Return a scenario from YAML text; `source` is what errors call it. Raises ScenarioError."""
    try:
        document = yaml.load(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        raise ScenarioError(f"{source}: is not YAML: {' '.join(str(error).split())}") from error
    return read_scenario(document, name, source)


def read_scenario(document: object, name: str, source: str) -> Scenario:
    """Return a scenario from what its YAML says; `source` is what errors call it. Raises ScenarioError."""
    root = Section(source, "", document)
    catalog = read_catalog(root)
    described = sections_of_sets(root)
    if not described:
        return _read_one(root, catalog, name, "")
    catalog = replicated_to_all(catalog, described)
    sets = tuple(_read_one(section, catalog, name, f"sets[{index}].") for index, section in enumerate(described))
    check_names(root, sets)
    return dataclasses.replace(sets[0], sets=sets)


def _read_one(root: Section, catalog: Catalog, name: str, where: str) -> Scenario:
    """Return the scenario of one scale set, whose faults are at `where`."""
    try:
        scale_set = read_set(root.section("fleet"), root.mapping("model"), root.section("instances"), catalog)
        if storage := _storage_profile(scale_set):
            catalog.deploy(storage, scale_set.model["location"], 0.0)
    except (Refusal, NotSimulated) as error:
        raise root.problem("fleet.image", f"{error} (the list `images` says which images exist)") from error
    scenario = Scenario(
        name=name,
        description=root.text("description"),
        inputs=_read_inputs(root),
        scale_set=scale_set,
        catalog=catalog,
        timing=_read_timing(root.section("timing")),
        throttling=_read_throttling(root.section("throttling")),
        faults=tuple(fault for entry in root.sections("faults") for fault in read_faults(entry)),
        rolling_upgrade=root.optional_text("rolling_upgrade"),
        began=_read_began(root),
        policy=root.mapping("policy"),
        neighbours=tuple(root.list_of("neighbours", dict)),
        under_way=tuple(_read_earlier_operation(entry) for entry in root.sections("under_way")),
        permissions=_read_permissions(root),
        repairs_suspended=root.flag("repairs_suspended", False),
        access_token_seconds=_read_token_seconds(root),
        audience=root.text("audience", GITHUB_AUDIENCE),
        identities=tuple(root.list_of("identities", str)) if root.has("identities") else None,
        features=_read_texts(root, "features", USUAL_FEATURES),
        guest=read_guest(root),
        scaling=read_scaling(root.section("scaling")),
        autoscale=read_autoscale(root),
        locks=read_locks(root),
        locks_readable=root.flag("locks_readable", True),
        sizes=_read_sizes(root),
        hooks=read_hooks(root),
        probes=read_probes(root),
        balancer=read_balancer_probe(root),
        traffic=read_traffic(root),
        index=root.choice("index", ("current", "not-yet", "deleted"), "current"),
        index_lag=root.number("index_lag", 60.0),
    )
    root.finish()
    check_faults(scenario, root.source, where)
    return scenario


def check_faults(scenario: Scenario, source: str, where: str = "") -> None:
    """Raise ScenarioError when a fault names an instance that the set does not have and that does not appear."""
    known = {instance.instance_id for instance in scenario.scale_set.instances}
    known |= {fault.instance for fault in scenario.faults if isinstance(fault, Appear)}
    for index, fault in enumerate(scenario.faults):
        instance = getattr(fault, "instance", None)
        everybody = {"*"} if isinstance(fault, InstanceFault | HealthLags) else set()
        if instance is not None and instance not in known | everybody:
            raise ScenarioError(f"{source}: {where}faults[{index}].instance: the set has no instance {instance!r}")
        if isinstance(fault, Evict) and profile_of(scenario.scale_set.model).get("priority") not in ("Spot", "Low"):
            raise ScenarioError(
                f"{source}: {where}faults[{index}]: the instances are not Spot (virtualMachineProfile.priority)"
            )


def _storage_profile(scale_set: SetDescription) -> dict[str, Any]:
    """Return the model's storage profile; empty where there is no model, or where no instance has its image."""
    if all(instance.image is not None for instance in scale_set.instances):
        return {}
    profile: dict[str, Any] = profile_of(scale_set.model).get("storageProfile") or {}
    return profile


def _read_texts(root: Section, key: str, usual: dict[str, str]) -> dict[str, str]:
    if not root.has(key):
        return usual
    section = root.section(key)
    return {name: section.text(name) for name in section.names()}


def _read_sizes(root: Section) -> dict[str, dict[str, str]]:
    """Return VM sizes by their name, each with its capabilities."""
    if not root.has("sizes"):
        return USUAL_SIZES
    section = root.section("sizes")
    return {name: _read_texts(section, name, {}) for name in section.names()}


def _read_inputs(root: Section) -> dict[str, str]:
    section = root.section("inputs")
    return {key: section.text(key) for key in section.names()}


def _read_timing(section: Section) -> Timing:
    timing = Timing(
        request_latency=section.number("request_latency", 0.2),
        upgrade=section.span("upgrade_seconds", (20.0, 240.0)),
        healthy_after=section.span("healthy_after_seconds", (10.0, 60.0)),
        model_update=section.number("model_update_seconds", 50.0),
    )
    section.finish()
    return timing


def _read_throttling(section: Section) -> Throttling:
    throttling = Throttling(
        gateway_refuses=section.choice("resource_manager", ("refuses", "shows"), "refuses") == "refuses",
        retry_after=section.number("retry_after") if section.has("retry_after") else None,
    )
    section.finish()
    return throttling


def _read_permissions(root: Section) -> tuple[Permission, ...] | None:
    """Read `refused`, one entry of actions, or a list of them."""
    given = root.raw("permissions")
    if given == "refused":
        return None
    if given is None:
        return (Permission(("*",)),)
    entries = root.sections("permissions") if isinstance(given, list) else [root.section("permissions")]
    permissions = []
    for entry in entries:
        permissions.append(Permission(tuple(entry.list_of("actions", str)), tuple(entry.list_of("not_actions", str))))
        entry.finish()
    return tuple(permissions)


def _read_token_seconds(root: Section) -> float | None:
    if root.raw("access_token_seconds") in (None, "never"):
        return None
    return root.number("access_token_seconds")


def _read_began(root: Section) -> datetime:
    text = root.moment_text("began")
    return datetime.fromisoformat(text).astimezone(UTC) if text else EPOCH


def _read_earlier_operation(entry: Section) -> EarlierOperation:
    operation = EarlierOperation(
        began=entry.number("began", 0.0),
        seconds=entry.number("seconds"),
        failure=read_failure(entry),
        collection=entry.choice("collection", ("operations", "capsOperations"), "operations"),
    )
    entry.finish()
    return operation
