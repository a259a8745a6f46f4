"""The import rules, read from the source. Below, every rule is shown a file that breaks it, so that each can fail."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
SOURCES = PROJECT / "src"
OURS = "vmss_upgrade"

ROLLOUT = (
    *("rollout", "rollout.planning", "rollout.checks", "rollout.watching", "rollout.history", "rollout.zero_downtime"),
    "rollout.native",
)
SHARED = ("__version__", "account", "errors", "ports", *ROLLOUT)
AZURE_API_BORROWS = ("rollout.checks.rights", "job.clock.unix_time")

# room of the house -> what it may import besides itself: rooms, or single modules. The longest matching name counts.
MAY_IMPORT: dict[str, set[str]] = {
    "entrypoint": {"__main__", "job.environment", "main"},
    "post_entrypoint": {"job.environment", "post"},
    "vmss_upgrade": set(),
    "vmss_upgrade.errors": set(),
    "vmss_upgrade.account": set(),
    "vmss_upgrade.web": {"errors", "ports"},
    "vmss_upgrade.ports": {"rollout", "rollout.native.roll", "rollout.checks.rights", "rollout.zero_downtime"},
    "vmss_upgrade.rollout": {"errors", "rollout.native.roll", "rollout.zero_downtime"},
    "vmss_upgrade.rollout.planning": {"errors", "rollout", "rollout.native.roll", "rollout.zero_downtime"},
    "vmss_upgrade.rollout.native": {"errors", "rollout", "rollout.history", "rollout.planning", "rollout.watching"},
    "vmss_upgrade.rollout.zero_downtime": {"errors", "rollout", "rollout.planning"},
    "vmss_upgrade.rollout.checks": {
        *("errors", "rollout", "rollout.planning", "rollout.zero_downtime"),
        *("rollout.native.choice", "rollout.native.mode"),
    },
    "vmss_upgrade.rollout.watching": {"errors", "rollout", "rollout.planning", "rollout.zero_downtime"},
    "vmss_upgrade.rollout.history": {
        "errors",
        "rollout",
        "rollout.native.events",
        "rollout.planning",
        "rollout.watching",
        "rollout.zero_downtime",
    },
    "vmss_upgrade.driver": {"errors", "ports", *ROLLOUT},
    "vmss_upgrade.azure_api": {
        "account",
        "web.addresses",
        "web.bounded_http",
        "azure_api.translation",
        "errors",
        "ports",
        "rollout",
        "rollout.native.roll",
        "rollout.zero_downtime",
        *AZURE_API_BORROWS,
    },
    "vmss_upgrade.azure_api.translation": {"rollout", "rollout.native.roll"},
    "vmss_upgrade.inputs": {
        "account",
        "errors",
        "fleet",
        "reporters.sanitiser",
        "rollout",
        "rollout.zero_downtime",
        "web.addresses",
    },
    "vmss_upgrade.job": {"__version__", "errors", "reporters.files", "reporters.sanitiser", *ROLLOUT},
    "vmss_upgrade.reporters": {"errors", *ROLLOUT},
    "vmss_upgrade.reporters.replay": {"reporters", "rollout.history"},
    "vmss_upgrade.fleet": {"errors", "rollout"},
    "vmss_upgrade.fleet.planning": {
        *("azure_api", "driver.run", "driver.run_clock", "fleet", "inputs", "job", "reporters", "web.client", *SHARED),
    },
    "vmss_upgrade.fleet.reporting": {
        *("__version__", "errors", "fleet", "fleet.planning.record", "inputs", "job", "ports.Clock"),
        *("reporters", "reporters.replay", "rollout", "rollout.history"),
    },
    "vmss_upgrade.fleet.step": {"fleet", "fleet.planning", "fleet.reporting", "job", "ports"},
    "vmss_upgrade.main": {
        *("azure_api", "driver", "fleet.step", "inputs", "job"),
        *("reporters", "reporters.replay", "web"),
        *SHARED,
    },
    "vmss_upgrade.job.duties": {
        *("driver.native.cancelling", "driver.remote", "driver.repairs", "driver.run_clock", "driver.zero_downtime"),
        *("inputs", "job", "reporters", "web", *SHARED),
    },
    "vmss_upgrade.post": {"job", "job.duties", "main.connected", "reporters", *SHARED},
    "vmss_upgrade.rehearsal": set(),
    "vmss_rehearsal": {
        *("azure_api.connection", "driver.run", "inputs", "job.clock.unix_time", "main.run"),
        *("reporters.sanitiser.text", "reporters.sentences", *SHARED),
    },
    "vmss_upgrade.__main__": {"__version__", "inputs.flags", "inputs.names", "job.environment", "main", "rehearsal"},
}

# modules of the standard library for pure code: no I/O, no clock, no random numbers
PURE_ROOMS = (
    "vmss_upgrade.rollout",
    "vmss_upgrade.azure_api.translation",
    *(f"vmss_upgrade.fleet.{name}" for name in ("configuration", "plan")),
    "vmss_upgrade.fleet.reporting.fold",
    *(f"vmss_upgrade.fleet.planning.{name}" for name in ("members", "record", "verdict")),
)
PURE = {
    "__future__", "collections", "copy", "dataclasses", "enum", "fractions", "functools", "hashlib", "itertools",
    "json", "math", "re", "shlex", "typing",
}  # fmt: skip
IMPURE_CALLS = {"open", "print", "input", "exec", "eval", "__import__", "breakpoint"}

# outside package -> the only modules (or folders) that may import it
ONLY_IN: dict[str, tuple[str, ...]] = {
    "azure": ("vmss_upgrade.azure_api", "azure_simulator.transport"),
    "requests": ("vmss_upgrade.azure_api", "vmss_upgrade.web", "azure_simulator.transport"),
    "urllib3": ("vmss_upgrade.web", "vmss_upgrade.azure_api", "azure_simulator.transport"),
    "actions_toolkit": ("vmss_upgrade.reporters",),
    "yaml": ("vmss_upgrade.inputs", "azure_simulator"),
    "time": ("vmss_upgrade.job.clock", "azure_simulator.clock"),
    "signal": ("entrypoint", "post_entrypoint", "vmss_upgrade.job.signals", "azure_simulator.serving"),
    "azure_simulator": ("vmss_rehearsal",),
    "vmss_rehearsal": ("entrypoint", "vmss_upgrade.__main__", "vmss_upgrade.rehearsal"),
    "asyncio": (),
    "concurrent": (),
    "multiprocessing": (),
    "threading": ("azure_simulator",),
}
ENVIRONMENT_IN = (
    "vmss_upgrade.fleet.reporting.step",
    "entrypoint",
    "post_entrypoint",
    "vmss_upgrade.main",
    "vmss_upgrade.post",
    "vmss_upgrade.fleet.planning.step",
    "vmss_upgrade.job.duties",
    "vmss_rehearsal.demo",
    "vmss_upgrade.__main__",
    "azure_simulator.__main__",
)
# the only files of the driver that know the port to Azure
PORT_IN = (
    "vmss_upgrade.driver.remote",
    "vmss_upgrade.driver.run",
    "vmss_upgrade.driver.native.rolls",  # rolling upgrades, which remote.py has no room for
    "vmss_upgrade.driver.zero_downtime.run_commands",  # scripts in guests, which remote.py has no room for
)


@dataclass(frozen=True)
class Import:
    """`from module import name` (or `import module`, with an empty name); `typing_only` under `if TYPE_CHECKING:`."""

    module: str
    name: str
    typing_only: bool

    @property
    def full(self) -> str:
        return f"{self.module}.{self.name}" if self.name else self.module


@cache
def parsed(source: str) -> ast.Module:
    """Parse a source, once for all rules."""
    return ast.parse(source)


def imports_of(module: str, tree: ast.Module) -> Iterator[Import]:
    """Return every import of a module, including those inside functions."""
    for node, typing_only in _statements(tree, False):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, "", typing_only) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parent = ".".join(module.split(".")[: -node.level]) if node.level else ""
            origin = ".".join(filter(None, (parent, node.module or "")))
            yield from (Import(origin, alias.name, typing_only) for alias in node.names)


def _statements(node: ast.AST, typing_only: bool) -> Iterator[tuple[ast.AST, bool]]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            continue  # an expression, of which a source has most, imports nothing
        inside = typing_only
        if isinstance(node, ast.If) and child in node.body:
            inside = typing_only or ast.unparse(node.test).endswith("TYPE_CHECKING")
        yield child, inside
        yield from _statements(child, inside)


def is_in(module: str, places: tuple[str, ...]) -> bool:
    return any(module == place or module.startswith(f"{place}.") for place in places)


def complaints(module: str, source: str) -> list[str]:
    """List the forbidden imports and calls of a module."""
    tree = parsed(source)
    imports = list(imports_of(module, tree))
    found = [
        *_upward(module, imports),
        *_misplaced(module, imports),
        *_impure(module, imports, tree),
        *_reads_environment(module, tree),
        *_reaches_the_port(module, imports, tree),
    ]
    return [f"{module} {complaint}" for complaint in found]


def room_of(module: str) -> str:
    """Return the longest name in MAY_IMPORT that fits the module; empty for a module of another package."""
    return max((known for known in MAY_IMPORT if is_in(module, (known,))), key=len, default="")


def _upward(module: str, imports: list[Import]) -> Iterator[str]:
    room = room_of(module)
    if room == OURS and module != OURS:
        yield "is new in the house: say in MAY_IMPORT what it may import"
    allowed = {room, *(f"{OURS}.{name}" for name in MAY_IMPORT.get(room, ()))}
    for one in imports:
        if is_in(one.module, (OURS,)) and not (
            room_of(one.full) in allowed - {OURS} or is_in(one.full, _single(allowed))
        ):
            yield f"imports {one.full}, which is not below it"


def _single(allowed: set[str]) -> tuple[str, ...]:
    """Return those of the allowed names that are not rooms: modules inside a room, and the version."""
    return tuple(name for name in allowed if name not in MAY_IMPORT)


def _misplaced(module: str, imports: list[Import]) -> Iterator[str]:
    for one in imports:
        package = one.module.partition(".")[0]
        types_of_the_sdk = one.typing_only and package in ("azure", "requests")
        if package in ONLY_IN and not is_in(module, (package, *ONLY_IN[package])) and not types_of_the_sdk:
            yield f"imports {one.module}, which belongs in {' and '.join(ONLY_IN[package]) or 'no module'}"
        if package == "actions_toolkit" and one.module != "actions_toolkit.core":
            yield f"imports {one.module}: of actions_toolkit only core is used"


def _impure(module: str, imports: list[Import], tree: ast.Module) -> Iterator[str]:
    if not is_in(module, PURE_ROOMS):
        return
    for one in imports:
        package = one.module.partition(".")[0]
        if package not in PURE and package != OURS:
            yield f"imports {one.module}, which is not pure"
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS:
            yield f"calls {node.func.id}()"


def _reads_environment(module: str, tree: ast.Module) -> Iterator[str]:
    if is_in(module, ENVIRONMENT_IN):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "environb", "putenv"):
            yield f"reads os.{node.attr}"
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            yield from (f"reads os.{a.name}" for a in node.names if a.name in ("environ", "getenv"))


def _reaches_the_port(module: str, imports: list[Import], tree: ast.Module) -> Iterator[str]:
    """Complain when a file of the driver touches the port, which remote.py alone does; run.py only hands it over."""
    if not is_in(module, ("vmss_upgrade.driver",)) or module in PORT_IN:
        return
    if any(one.full == "vmss_upgrade.ports.ScaleSetApi" for one in imports):
        yield "imports the port"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ("api", "_api"):
            yield f"reaches through to the port: {ast.unparse(node)}"


def modules() -> dict[str, str]:
    """Map each shipped module's name to its source."""
    found = {name: (PROJECT / f"{name}.py").read_text() for name in ("entrypoint", "post_entrypoint")}
    for file in sorted(SOURCES.rglob("*.py")):
        parts = file.relative_to(SOURCES).with_suffix("").parts
        found[".".join(part for part in parts if part != "__init__")] = file.read_text()
    return found


def cycle_in(sources: dict[str, str]) -> list[str]:
    """Return a cycle of imports (except those for type checkers), or nothing."""
    graph: dict[str, set[str]] = {}
    for module, source in sources.items():
        imports = [one for one in imports_of(module, parsed(source)) if not one.typing_only]
        known = {one.full if one.full in sources else one.module for one in imports}
        graph[module] = {name for name in known if name in sources and name != module}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


MODULES = modules()


@pytest.mark.parametrize("module", MODULES)
def test_module_keeps_the_rules(module: str) -> None:
    assert complaints(module, MODULES[module]) == []


def test_no_import_cycle() -> None:
    assert cycle_in(MODULES) == []


def test_every_part_of_the_house_is_there() -> None:
    assert {part for part in MAY_IMPORT if part not in MODULES} == set()
    assert {"entrypoint", "vmss_upgrade.rollout.planning.planner", "azure_simulator.transport"} <= MODULES.keys()


def test_a_newcomer_can_take_the_house_in() -> None:
    """At its door at most eight files and eight rooms; in a room at most 14 files; in a file at most 260 lines."""
    door = SOURCES / OURS
    rooms = [door, *(each for each in door.rglob("*") if each.is_dir() and each.name != "__pycache__")]
    crowded = {str(each.relative_to(SOURCES)): len(list(each.glob("*.py"))) for each in rooms}
    assert crowded.pop(OURS) <= 8
    assert len([each for each in rooms if each.parent == door]) <= 8
    assert {room: files for room, files in crowded.items() if files > 14} == {}
    long = {name: source.count("\n") for name, source in MODULES.items() if is_in(name, (OURS, "vmss_rehearsal"))}
    assert {name: lines for name, lines in long.items() if lines > 260} == {}


@pytest.mark.parametrize(
    ("module", "source", "complaint"),
    [
        pytest.param("vmss_upgrade.rollout.x", "import os", "os, which is not pure", id="core-os"),
        pytest.param("vmss_upgrade.rollout.x", "import sys", "sys, which is not pure", id="core-sys"),
        pytest.param("vmss_upgrade.rollout.x", "from time import sleep", "time, which", id="core-time"),
        pytest.param("vmss_upgrade.azure_api.translation.x", "import time", "time, which is not pure", id="json-time"),
        pytest.param(
            "vmss_upgrade.azure_api.translation.x", "from azure.core import x", "core, which is not pure", id="json-sdk"
        ),
        pytest.param(
            "vmss_upgrade.azure_api.translation.x",
            "from vmss_upgrade.azure_api.reader import x",
            "not below it",
            id="json-reader",
        ),
        pytest.param("vmss_upgrade.rollout.x", "import random", "random, which is not pure", id="core-random"),
        pytest.param("vmss_upgrade.rollout.x", "import logging", "logging, which is not pure", id="core-logging"),
        pytest.param("vmss_upgrade.rollout.x", "from pathlib import Path", "pathlib, which", id="core-pathlib"),
        pytest.param("vmss_upgrade.rollout.x", "def f():\n    import socket", "socket, which", id="core-in-a-function"),
        pytest.param("vmss_upgrade.rollout.x", "import subprocess", "subprocess, which", id="core-subprocess"),
        pytest.param("vmss_upgrade.rollout.x", "open('f')", "calls open()", id="core-opens"),
        pytest.param("vmss_upgrade.rollout.x", "print(1)", "calls print()", id="core-prints"),
        pytest.param(
            "vmss_upgrade.rollout.x", "from vmss_upgrade.ports import Clock", "not below it", id="core-imports-ports"
        ),
        pytest.param(
            "vmss_upgrade.rollout.x",
            "from ..driver import Order",
            "vmss_upgrade.driver.Order",
            id="relative-import",
        ),
        pytest.param("vmss_upgrade.rollout.x", "from .. import driver", "vmss_upgrade.driver", id="relative-module"),
        pytest.param("vmss_upgrade.driver.run", "import azure.core", "azure.core, which belongs in", id="driver-sdk"),
        pytest.param("vmss_upgrade.driver.run", "import requests", "requests, which belongs in", id="driver-requests"),
        pytest.param(
            "vmss_upgrade.driver.run", "from vmss_upgrade.azure_api import x", "not below it", id="driver-azure-api"
        ),
        pytest.param(
            "vmss_upgrade.driver.run",
            "from vmss_upgrade.reporters.sanitiser.text import x",
            "not below it",
            id="driver-reporters",
        ),
        pytest.param("vmss_upgrade.driver.run", "import time", "time, which belongs in", id="driver-time"),
        pytest.param("vmss_upgrade.driver.run", "import threading", "threading, which belongs", id="driver-threads"),
        pytest.param("vmss_upgrade.driver.run", "import asyncio", "asyncio, which belongs in no module", id="asyncio"),
        pytest.param("vmss_upgrade.inputs", "import signal", "signal, which belongs in", id="inputs-signal"),
        pytest.param(
            "vmss_upgrade.inputs",
            "from vmss_upgrade.rollout.planning.planner import x",
            "not below it",
            id="inputs-planner",
        ),
        pytest.param("vmss_upgrade.fleet.x", "import yaml", "yaml, which belongs in", id="fleet-yaml"),
        pytest.param("vmss_upgrade.fleet.x", "from vmss_upgrade.inputs import x", "not below it", id="fleet-inputs"),
        pytest.param(
            "vmss_upgrade.inputs.configuration.x", "from vmss_upgrade.driver.run import x", "below it", id="file-driver"
        ),
        pytest.param("vmss_upgrade.inputs", "import os\nos.environ", "reads os.environ", id="inputs-environ"),
        pytest.param("vmss_upgrade.inputs", "from os import getenv", "reads os.getenv", id="inputs-getenv"),
        pytest.param("vmss_upgrade.account", "from vmss_upgrade import errors", "not below it", id="account-errors"),
        pytest.param(
            "vmss_upgrade.rollout.planning.x",
            "from vmss_upgrade.rollout.watching.watch import Watch",
            "not below it",
            id="planning-watching",
        ),
        pytest.param(
            "vmss_upgrade.azure_api.x",
            "from vmss_upgrade.job.clock import SystemClock",
            "not below it",
            id="azure-clock",
        ),
        pytest.param(
            "vmss_upgrade.azure_api.x",
            "from vmss_upgrade.rollout.checks.image import x",
            "not below it",
            id="azure-checks",
        ),
        pytest.param(
            "vmss_upgrade.azure_api.x", "from vmss_upgrade.driver.remote import x", "not below it", id="azure-patient"
        ),
        pytest.param(
            "vmss_upgrade.reporters.x", "from vmss_upgrade.azure_api import x", "not below it", id="reporters-azure"
        ),
        pytest.param(
            "vmss_upgrade.reporters.x", "from vmss_upgrade.reporters.replay.page import x", "not below it", id="page"
        ),
        pytest.param(
            "vmss_upgrade.reporters.replay.x", "from vmss_upgrade.inputs import x", "not below it", id="replay-inputs"
        ),
        pytest.param(
            "vmss_upgrade.post", "from vmss_upgrade.reporters.replay.page import x", "not below it", id="post-replay"
        ),
        pytest.param(
            "vmss_upgrade.reporters.x", "from actions_toolkit.github import x", "only core is used", id="toolkit-github"
        ),
        pytest.param("vmss_upgrade.fleet.planning.members", "import os", "os, which is not pure", id="members-os"),
        pytest.param("vmss_upgrade.fleet.plan", "import time", "time, which", id="fleet-plan-time"),
        pytest.param("vmss_upgrade.fleet.planning.x", "from vmss_upgrade import main", "not below it", id="plan-main"),
        pytest.param(
            "vmss_upgrade.fleet.planning.x",
            "from vmss_upgrade.driver.batches import x",
            "not below it",
            id="plan-batches",
        ),
        pytest.param("vmss_upgrade.fleet.planning.x", "import azure.core", "azure.core, which belongs", id="plan-sdk"),
        pytest.param(
            "vmss_upgrade.fleet.reporting.x", "from vmss_upgrade.azure_api import x", "not below it", id="report-azure"
        ),
        pytest.param(
            "vmss_upgrade.fleet.reporting.x", "from vmss_upgrade.fleet.planning import x", "not below it", id="report"
        ),
        pytest.param("vmss_upgrade.fleet.reporting.fold", "import os", "os, which is not pure", id="fold-os"),
        pytest.param("vmss_upgrade.fleet.x", "from vmss_upgrade.inputs import x", "not below it", id="fleet-inputs"),
        pytest.param("vmss_upgrade.main", "from actions_toolkit.core import x", "which belongs in", id="main-toolkit"),
        pytest.param("vmss_upgrade.main", "from azure.core import x", "azure.core, which belongs", id="main-sdk"),
        pytest.param("vmss_upgrade.main", "import azure_simulator", "azure_simulator, which belongs", id="both-houses"),
        pytest.param("vmss_upgrade.main", "import signal", "signal, which belongs in", id="main-signal"),
        pytest.param("vmss_upgrade.post", "from vmss_upgrade.driver.run import x", "not below it", id="post-driver"),
        pytest.param("vmss_upgrade.post", "from vmss_upgrade.main import run", "not below it", id="post-main"),
        pytest.param("vmss_upgrade.job.duties.x", "from vmss_upgrade.driver.run import x", "below it", id="duty"),
        pytest.param("vmss_upgrade.job.duties.x", "from vmss_upgrade.driver.native.story import x", "below", id="roll"),
        pytest.param("vmss_upgrade.rollout.native.x", "import os", "os, which is not pure", id="native-os"),
        pytest.param(
            "vmss_upgrade.rollout.native.x", "from vmss_upgrade.ports import x", "below it", id="native-ports"
        ),
        pytest.param(
            "vmss_upgrade.rollout.x", "from vmss_upgrade.rollout.native.owned import x", "below it", id="core-native"
        ),
        pytest.param(
            "vmss_upgrade.driver.native.x", "from vmss_upgrade.ports import ScaleSetApi", "the port", id="native-port"
        ),
        pytest.param("vmss_upgrade.job.x", "from vmss_upgrade.driver.remote import x", "not below it", id="job-driver"),
        pytest.param("vmss_upgrade.post", "from vmss_upgrade.driver import batches", "not below it", id="post-batches"),
        pytest.param(
            "vmss_upgrade.driver.x", "from vmss_upgrade.ports import ScaleSetApi", "the port", id="driver-port"
        ),
        pytest.param("vmss_upgrade.driver.x", "self._remote._api.upgrade(ids)", "the port", id="driver-reaches"),
        pytest.param("entrypoint", "from vmss_upgrade.driver.run import x", "not below it", id="entrypoint-driver"),
        pytest.param("entrypoint", "import azure_simulator", "azure_simulator, which", id="entrypoint-simulator"),
        pytest.param(
            "vmss_rehearsal.x", "from vmss_upgrade.driver.batches import x", "not below it", id="rehearsal-batches"
        ),
        pytest.param(
            "vmss_rehearsal.x", "from vmss_upgrade.job.clock import SystemClock", "not below it", id="real-clock"
        ),
        pytest.param(
            "vmss_rehearsal.x", "from vmss_upgrade.reporters.sanitiser.redaction import x", "not below it", id="redact"
        ),
        pytest.param("vmss_upgrade.main", "import vmss_rehearsal", "vmss_rehearsal, which", id="main-other-package"),
        pytest.param("vmss_upgrade.driver.x", "import vmss_rehearsal.copying", "copying, which", id="driver-rehearsal"),
        pytest.param("vmss_upgrade.rehearsal", "import azure_simulator", "azure_simulator, which", id="door-simulator"),
        pytest.param("vmss_rehearsal.x", "import requests", "requests, which belongs in", id="rehearsal-requests"),
        pytest.param("azure_simulator.x", "import vmss_rehearsal", "vmss_rehearsal, which", id="simulator-rehearsal"),
        pytest.param("vmss_upgrade.main", "from vmss_upgrade.rehearsal import x", "not below it", id="main-rehearsal"),
        pytest.param("vmss_upgrade.post", "from vmss_upgrade.rehearsal import x", "not below it", id="post-rehearsal"),
        pytest.param("post_entrypoint", "from vmss_upgrade.main import x", "not below it", id="post-entrypoint-main"),
        pytest.param("vmss_upgrade", "from vmss_upgrade.driver.run import x", "not below it", id="package-driver"),
        pytest.param("vmss_upgrade.novelty", "x = 1", "is new in the house", id="a-new-module"),
        pytest.param("azure_simulator.x", "import vmss_upgrade", "not below it", id="simulator-imports-the-action"),
        pytest.param(
            "azure_simulator.fleet", "from vmss_upgrade.rollout import image", "not below it", id="simulator-rollout"
        ),
        pytest.param("azure_simulator.serving", "import requests", "requests, which belongs", id="simulator-requests"),
        pytest.param("azure_simulator.fleet", "import time", "time, which belongs in", id="simulator-time"),
        pytest.param("azure_simulator.fleet", "import os\nos.environ['X']", "reads os.environ", id="simulator-environ"),
    ],
)
def test_every_rule_can_fail(module: str, source: str, complaint: str) -> None:
    assert complaint in "; ".join(complaints(module, source))


@pytest.mark.parametrize(
    ("module", "source"),
    [
        pytest.param(
            "vmss_upgrade.main",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from azure.core import x",
            id="types-of-the-sdk",
        ),
        pytest.param("vmss_upgrade.azure_api.x", "from vmss_upgrade.job.clock import unix_time", id="unix-time"),
        pytest.param("vmss_upgrade.main", "from vmss_upgrade import __version__", id="version"),
        pytest.param("vmss_upgrade.job.duties.x", "from vmss_upgrade.driver.repairs import x", id="duty-repairs"),
        pytest.param("vmss_upgrade.rollout.x", "from vmss_upgrade.rollout.image import Image", id="inside-the-core"),
        pytest.param("vmss_upgrade.reporters.x", "from actions_toolkit.core import x", id="toolkit-core"),
        pytest.param("vmss_rehearsal.x", "from vmss_upgrade.job.clock import unix_time", id="date-of-a-rehearsal"),
        pytest.param("vmss_rehearsal.x", "from vmss_upgrade.reporters.sanitiser.text import shown", id="shown"),
        pytest.param("vmss_rehearsal.demo", "import os\nos.environ\nimport azure_simulator", id="rehearsal"),
    ],
)
def test_an_allowed_import_passes(module: str, source: str) -> None:
    assert complaints(module, source) == []


def test_a_cycle_is_found() -> None:
    assert cycle_in({"a": "import b", "b": "from c import x", "c": "def f():\n    import a"})
    assert not cycle_in({"a": "import b", "b": "import typing\nif typing.TYPE_CHECKING:\n    import a"})
