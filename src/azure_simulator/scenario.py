"""A scenario: the scale set, how fast it is and what goes wrong, read from YAML.

A file holds `description`, `inputs` (the action's inputs that fit it), `fleet`, `images`, `model`,
`instances`, `timing`, `faults`, `rolling_upgrade`, `permissions`, `repairs_suspended`, `access_token_seconds`,
`audience` and more; README.md in `scenarios/` tells each.
"""

import dataclasses
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from azure_simulator import faults as f
from azure_simulator.answers import NotSimulated, Refusal
from azure_simulator.clock import EPOCH
from azure_simulator.fault_reading import read_failure, read_faults
from azure_simulator.images import Catalog, GalleryImage, ImageTraits, ManagedImage, PlatformImages
from azure_simulator.model_rules import profile_of
from azure_simulator.reading import ScenarioError, Section
from azure_simulator.regions import target_region
from azure_simulator.set_description import (
    UBUNTU,
    UBUNTU_VERSIONS,
    SetDescription,
    read_set,
)

GITHUB_AUDIENCE = "api://AzureADTokenExchange"
# What a manualupgrade of a Flexible set needs (documented, "Upgrade policy modes").
USUAL_FEATURES = {"ImageReferenceUpgradeForVmoVMs": "Registered", "VMSSFlexRollingUpgrade": "Registered"}
# The size that sets here have (documented, "Dsv5 sizes series").
USUAL_SIZES = {"Standard_D2s_v5": {"HyperVGenerations": "V1,V2", "CpuArchitectureType": "x64"}}
# What exists where a scenario names no images.
USUAL_CATALOG = Catalog(
    platform=(PlatformImages(UBUNTU["publisher"], UBUNTU["offer"], UBUNTU["sku"], UBUNTU_VERSIONS),)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds. A pair is the range that each instance's own value is drawn from, by the seed."""

    request_latency: float = 0.2
    upgrade: tuple[float, float] = (20.0, 240.0)
    healthy_after: tuple[float, float] = (10.0, 60.0)
    model_update: float = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderWay:
    """An operation that somebody started `began` seconds before the simulation begins (negative: after it)."""

    began: float
    seconds: float
    failure: tuple[str, str] | None = None
    collection: str = "operations"
    api_version: str = "2026-04-01"
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class Permission:
    """What one role allows, and what it takes back of that."""

    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Everything a simulation needs to know. `inputs` are what the rehearsal gives the action.

    `began` is the date of its beginning, which decides how Azure writes (generation.py). `policy` adds its
    tags and extensions to every set that is created or updated, as a policy of the subscription does.
    `neighbours` are other sets, which show in the subscription's list and nowhere else. `under_way`
    are operations that somebody started before.
    `permissions` None: nobody may read them. `repairs_suspended`: automatic repairs are, from the beginning on.
    `identities`: client ids of the machine's user-assigned identities; None: it is no machine of Azure's. `features`:
    the subscription's preview features and the state of their registration. `sizes`: capabilities of the VM sizes that
    the region offers.
    `access_token_seconds` None: tokens say 3599 s and are never refused for their age.
    """

    name: str
    description: str
    inputs: dict[str, str] = field(hash=False)
    scale_set: SetDescription
    catalog: Catalog
    timing: Timing
    faults: tuple[f.Fault, ...] = field(hash=False)
    rolling_upgrade: str | None = None
    began: datetime = EPOCH
    policy: dict[str, Any] = field(default_factory=dict, hash=False)
    neighbours: tuple[dict[str, Any], ...] = field(default=(), hash=False)
    under_way: tuple[UnderWay, ...] = ()
    permissions: tuple[Permission, ...] | None = (Permission(("*",)),)
    repairs_suspended: bool = False
    access_token_seconds: float | None = None
    audience: str = GITHUB_AUDIENCE
    identities: tuple[str, ...] | None = None
    features: dict[str, str] = field(default_factory=dict, hash=False)
    sizes: dict[str, dict[str, str]] = field(default_factory=dict, hash=False)


def scenario_names() -> list[str]:
    """The scenarios that ship with the simulator, in alphabetical order; those of one fault each are `fault_names`."""
    return _names_in("scenarios")


def fault_names() -> list[str]:
    """The scenarios that ship for one fault each, as `faults/NAME`, in alphabetical order."""
    return [f"faults/{name}" for name in _names_in("scenarios/faults")]


def _names_in(folder: str) -> list[str]:
    entries = (resources.files("azure_simulator") / folder).iterdir()
    return sorted(entry.name.removesuffix(".yml") for entry in entries if entry.name.endswith(".yml"))


def load_scenario(name_or_path: str) -> Scenario:
    """A scenario that ships with the simulator, by its name, or one in a file of its own (`.yml`, `.yaml`).

    Raises ScenarioError naming file, key and what is wrong.
    """
    if name_or_path.endswith((".yml", ".yaml")):
        path = Path(name_or_path)
        try:
            return parse_scenario(path.read_text(encoding="utf-8"), path.stem, name_or_path)
        except OSError as error:
            raise ScenarioError(f"{name_or_path}: cannot be read: {error.strerror}") from error
    if name_or_path not in [*scenario_names(), *fault_names()]:
        known = ", ".join([*scenario_names(), *fault_names()])
        raise ScenarioError(f"{name_or_path}: there is no such scenario; there are {known}, and files in .yml")
    file = resources.files("azure_simulator") / "scenarios" / f"{name_or_path}.yml"
    return parse_scenario(file.read_text(encoding="utf-8"), name_or_path, f"{name_or_path}.yml")


def parse_scenario(text: str, name: str, source: str) -> Scenario:
    """A scenario from YAML text; `source` is what errors call it. Raises ScenarioError."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ScenarioError(f"{source}: is not YAML: {' '.join(str(error).split())}") from error
    return read_scenario(document, name, source)


def read_scenario(document: object, name: str, source: str) -> Scenario:
    """The same from what the YAML says. Raises ScenarioError."""
    root = Section(source, "", document)
    catalog = _catalog(root)
    try:
        scale_set = read_set(root.section("fleet"), root.mapping("model"), root.section("instances"), catalog)
        if storage := _storage_profile(scale_set):
            catalog.deploy(storage, scale_set.model["location"], 0.0)
    except (Refusal, NotSimulated) as error:
        raise root.problem("fleet.image", f"{error} (the list `images` says which images exist)") from error
    scenario = Scenario(
        name=name,
        description=root.text("description"),
        inputs=_inputs(root),
        scale_set=scale_set,
        catalog=catalog,
        timing=_timing(root.section("timing")),
        faults=tuple(fault for entry in root.sections("faults") for fault in read_faults(entry)),
        rolling_upgrade=root.optional_text("rolling_upgrade"),
        began=_began(root),
        policy=root.mapping("policy"),
        neighbours=tuple(root.list_of("neighbours", dict)),
        under_way=tuple(_under_way(entry) for entry in root.sections("under_way")),
        permissions=_permissions(root),
        repairs_suspended=root.flag("repairs_suspended", False),
        access_token_seconds=_token_seconds(root),
        audience=root.text("audience", GITHUB_AUDIENCE),
        identities=tuple(root.list_of("identities", str)) if root.has("identities") else None,
        features=_texts(root, "features", USUAL_FEATURES),
        sizes=_sizes(root),
    )
    root.finish()
    check_faults(scenario, source)
    return scenario


def check_faults(scenario: Scenario, source: str) -> None:
    """Raise ScenarioError when a fault names an instance that the set does not have and that does not
    appear.
    """
    known = {instance.instance_id for instance in scenario.scale_set.instances}
    known |= {fault.instance for fault in scenario.faults if isinstance(fault, f.Appear)}
    for index, fault in enumerate(scenario.faults):
        instance = getattr(fault, "instance", None)
        everybody = {"*"} if isinstance(fault, f.InstanceFault | f.HealthLags) else set()
        if instance is not None and instance not in known | everybody:
            raise ScenarioError(f"{source}: faults[{index}].instance: the set has no instance {instance!r}")
        if isinstance(fault, f.Evict) and profile_of(scenario.scale_set.model).get("priority") not in ("Spot", "Low"):
            raise ScenarioError(
                f"{source}: faults[{index}]: the instances are not Spot (virtualMachineProfile.priority)"
            )


def _storage_profile(scale_set: SetDescription) -> dict[str, Any]:
    """Empty for a Flexible set without a model of its instances, and where no instance has the model's image."""
    if all(instance.image is not None for instance in scale_set.instances):
        return {}
    profile: dict[str, Any] = profile_of(scale_set.model).get("storageProfile") or {}
    return profile


def _catalog(root: Section) -> Catalog:
    if not root.has("images"):
        return USUAL_CATALOG
    platform, gallery, managed = [], [], []
    for entry in root.sections("images"):
        if entry.has("publisher"):
            publisher, offer, sku = (entry.text(key) for key in ("publisher", "offer", "sku"))
            versions = tuple(entry.list_of("versions", str))
            platform.append(PlatformImages(publisher, offer, sku, versions, _platform_traits(entry)))
        elif entry.has("versions"):
            versions = tuple(entry.list_of("versions", str))
            gallery.append(GalleryImage(_gallery_id(entry), versions, _gallery_traits(entry)))
        else:
            managed.append(ManagedImage(entry.text("id"), _traits(entry)))
        entry.finish()
    return Catalog(tuple(platform), tuple(gallery), tuple(managed))


def _gallery_id(entry: Section) -> str:
    image_id = entry.text("id")
    if re.search("/(Shared|Community)?Galleries/[^/]+/Images/[^/]+$", image_id, re.IGNORECASE) is None:
        raise entry.problem("id", f"must end in galleries/NAME/images/NAME, for it has versions, but is {image_id!r}")
    return image_id


def _platform_traits(entry: Section) -> ImageTraits:
    return dataclasses.replace(
        _traits(entry),
        state=entry.choice("state", ("Active", "ScheduledForDeprecation", "Deprecated"), "Active"),
        deprecation_date=_moment_text(entry, "deprecation_date"),
        plan=_plan(entry),
        features=_features(entry) if entry.has("features") else ImageTraits().features,
    )


def _gallery_traits(entry: Section) -> ImageTraits:
    after = entry.optional_number("replicated_after")
    replication = entry.choice(
        "replication", ("Completed", "InProgress", "Failed"), "Completed" if after is None else "InProgress"
    )
    if after is not None and replication != "InProgress":
        raise entry.problem("replicated_after", f"is for what is InProgress, and this is {replication}")
    return dataclasses.replace(
        _traits(entry),
        replication=replication,
        replicated_after=after,
        exclude_from_latest=entry.flag("exclude_from_latest", False),
        end_of_life=_moment_text(entry, "end_of_life"),
        target_regions=tuple(target_region(each) for each in entry.list_of("target_regions", str)),
        plan=_plan(entry),
        definition_features=_features(entry),
    )


def _features(entry: Section) -> tuple[tuple[str, str], ...]:
    """What an image is said to support, such as `SecurityType: TrustedLaunch`."""
    section = entry.section("features")
    return tuple((name, section.text(name)) for name in section.names())


def _traits(entry: Section) -> ImageTraits:
    """What any kind of image may say of itself."""
    return ImageTraits(
        os_state=entry.choice("os_state", ("Generalized", "Specialized"), "Generalized"),
        size_gb=entry.whole("size_gb", 30),
        data_disks=tuple(entry.list_of("data_disks", dict)),
        os=entry.choice("os", ("Linux", "Windows"), "Linux"),
        hyper_v_generation=entry.choice("hyper_v_generation", ("V1", "V2"), "V2"),
        architecture=entry.choice("architecture", ("x64", "Arm64"), "x64"),
    )


def _plan(entry: Section) -> dict[str, str] | None:
    """The plan of a marketplace image."""
    if not entry.has("plan"):
        return None
    section = entry.section("plan")
    plan = {key: section.text(key) for key in ("name", "publisher", "product")}
    section.finish()
    return plan


def _texts(root: Section, key: str, usual: dict[str, str]) -> dict[str, str]:
    if not root.has(key):
        return usual
    section = root.section(key)
    return {name: section.text(name) for name in section.names()}


def _sizes(root: Section) -> dict[str, dict[str, str]]:
    """VM sizes by their name, each with its capabilities."""
    if not root.has("sizes"):
        return USUAL_SIZES
    section = root.section("sizes")
    return {name: _texts(section, name, {}) for name in section.names()}


def _inputs(root: Section) -> dict[str, str]:
    section = root.section("inputs")
    return {key: section.text(key) for key in section.names()}


def _timing(section: Section) -> Timing:
    timing = Timing(
        request_latency=section.number("request_latency", 0.2),
        upgrade=section.span("upgrade_seconds", (20.0, 240.0)),
        healthy_after=section.span("healthy_after_seconds", (10.0, 60.0)),
        model_update=section.number("model_update_seconds", 50.0),
    )
    section.finish()
    return timing


def _permissions(root: Section) -> tuple[Permission, ...] | None:
    """`refused`, one entry of actions, or a list of them."""
    told = root.raw("permissions")
    if told == "refused":
        return None
    if told is None:
        return (Permission(("*",)),)
    entries = root.sections("permissions") if isinstance(told, list) else [root.section("permissions")]
    permissions = []
    for entry in entries:
        permissions.append(Permission(tuple(entry.list_of("actions", str)), tuple(entry.list_of("not_actions", str))))
        entry.finish()
    return tuple(permissions)


def _token_seconds(root: Section) -> float | None:
    if root.raw("access_token_seconds") in (None, "never"):
        return None
    return root.number("access_token_seconds")


def _began(root: Section) -> datetime:
    text = _moment_text(root, "began")
    return datetime.fromisoformat(text).astimezone(UTC) if text else EPOCH


def _moment_text(entry: Section, key: str) -> str:
    """A moment as it is written; empty when absent."""
    text = entry.text(key, "")
    try:
        if text:
            datetime.fromisoformat(text)
    except ValueError as error:
        raise entry.problem(key, f"must be a moment such as 2024-08-26T08:30:00+00:00, but is {text!r}") from error
    return text


def _under_way(entry: Section) -> UnderWay:
    operation = UnderWay(
        began=entry.number("began", 0.0),
        seconds=entry.number("seconds"),
        failure=read_failure(entry),
        collection=entry.choice("collection", ("operations", "capsOperations"), "operations"),
    )
    entry.finish()
    return operation
