"""The import rules inside the simulator, room by room. Every rule is shown a file that breaks it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = "azure_simulator"
SOURCES = Path(__file__).resolve().parents[2] / "src" / PACKAGE

# A room, or a file at the door, and the rooms below it that it may import (besides itself); nobody imports upward.
SIMULATOR_MAY_IMPORT: dict[str, set[str]] = {
    "__init__": {"subscription", "simulator", "web", "traffic", "bodies", "scenario", "wire", "clock"},
    "__main__": {"serving", "scenario"},
    "serving": {"subscription", "simulator", "scenario", "wire", "clock"},
    "subscription": {"simulator", "shared", "transport", "web", "bodies", "throttle", "scenario", "wire", "clock"},
    "simulator": {
        "shared",
        "observed",
        "transport",
        "web",
        "traffic",
        "routes",
        "bodies",
        "state",
        "throttle",
        "scenario",
        "wire",
        "clock",
    },
    "shared": {"routes", "bodies", "throttle", "scenario", "wire"},
    "transport": {"wire"},
    "observed": {"traffic", "bodies", "state", "scenario", "clock"},
    "web": {"traffic", "state", "scenario", "clock"},
    "traffic": {"state", "scenario"},
    "routes": {"bodies", "state", "throttle", "scenario", "graph", "wire", "clock"},
    "bodies": {"state", "scenario", "wire"},
    "state": {"scenario", "wire"},
    "scenario": {"wire"},
    "throttle": {"wire"},
    "graph": {"wire"},
    "wire": set(),
    "clock": set(),
}  # fmt: skip
MOST_FILES = 14
MOST_LINES = 260


def room_of(module: str) -> str:
    """Return the room of a module such as `azure_simulator.wire.answers`, or the file at the door."""
    return [*module.split("."), "__init__"][1]


def imported_modules(source: str) -> Iterator[str]:
    """Yield the modules of the simulator that a file imports, those inside functions and for types too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == PACKAGE)
        elif isinstance(node, ast.ImportFrom) and node.level:
            yield f"{PACKAGE}.relative"
        elif isinstance(node, ast.ImportFrom) and node.module == PACKAGE:
            yield from (f"{PACKAGE}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{PACKAGE}."):
            yield str(node.module)


def complaints(room: str, source: str) -> list[str]:
    """Return what a file of this room imports that is not below it."""
    allowed = SIMULATOR_MAY_IMPORT.get(room, set()) | {room}
    return [f"{room} imports {module}" for module in imported_modules(source) if room_of(module) not in allowed]


def is_too_long(source: str) -> bool:
    """Return whether a file is too long without a reason in its head, which says "Long, since ..."."""
    head = ast.get_docstring(ast.parse(source)) or ""
    return len(source.splitlines()) > MOST_LINES and "Long, since" not in head


FILES = {file.relative_to(SOURCES): file.read_text() for file in sorted(SOURCES.rglob("*.py"))}


@pytest.mark.parametrize("file", FILES, ids=str)
def test_a_file_imports_what_is_below_it_and_is_short(file: Path) -> None:
    room = file.parts[0].removesuffix(".py")
    assert room in SIMULATOR_MAY_IMPORT, "this room is new: say in SIMULATOR_MAY_IMPORT what it may import"
    assert complaints(room, FILES[file]) == []
    assert not is_too_long(FILES[file])


def test_no_room_is_crowded() -> None:
    folders = [
        folder for folder in {file.parent for file in FILES} if sum(f.parent == folder for f in FILES) > MOST_FILES
    ]
    assert folders == []


def test_no_rule_allows_an_arrow_upward() -> None:
    """Each room may only import rooms that come after it in the table."""
    order = list(SIMULATOR_MAY_IMPORT)
    assert [
        (room, below)
        for room in order
        for below in SIMULATOR_MAY_IMPORT[room]
        if order.index(below) <= order.index(room)
    ] == []


@pytest.mark.parametrize(
    ("room", "source"),
    [
        pytest.param("wire", "from azure_simulator.scenario.faults import Window", id="wire-scenario"),
        pytest.param("wire", "from azure_simulator.clock import VirtualClock", id="wire-clock"),
        pytest.param("throttle", "from azure_simulator.state.instances import Instance", id="throttle-state"),
        pytest.param("scenario", "from azure_simulator.state.scale_set import SimulatedScaleSet", id="scenario-state"),
        pytest.param("graph", "from azure_simulator.state.scale_set import SimulatedScaleSet", id="graph-state"),
        pytest.param(
            "simulator", "from azure_simulator.subscription import SimulatedSubscription", id="simulator-subscription"
        ),
        pytest.param("shared", "from azure_simulator.simulator import SimulatedAzure", id="shared-simulator"),
        pytest.param("state", "from azure_simulator.bodies import scale_set", id="state-bodies"),
        pytest.param("state", "from azure_simulator.throttle.throttle import Throttle", id="state-throttle"),
        pytest.param("bodies", "from azure_simulator.routes.service import Service", id="bodies-routes"),
        pytest.param("bodies", "def f():\n    import azure_simulator.routes.arm", id="in-a-function"),
        pytest.param("routes", "from azure_simulator.simulator import SimulatedAzure", id="routes-simulator"),
        pytest.param("routes", "from azure_simulator import SimulatedAzure", id="routes-the-door"),
        pytest.param("simulator", "from azure_simulator.serving.server import serve", id="simulator-serving"),
        pytest.param("transport", "from azure_simulator.simulator import SimulatedAzure", id="transport-simulator"),
        pytest.param("web", "from azure_simulator.transport import SimulatorTransport", id="web-transport"),
        pytest.param("traffic", "from azure_simulator.web.web import SimulatedWeb", id="traffic-web"),
        pytest.param("clock", "from azure_simulator import wire", id="clock-wire"),
        pytest.param("serving", "from azure_simulator.state.instances import Instance", id="serving-state"),
        pytest.param("wire", "from . import answers", id="relative"),
        pytest.param(
            "wire", "if TYPE_CHECKING:\n    from azure_simulator.state.models import ModelHistory", id="for-types"
        ),
    ],
)
def test_every_rule_can_fail(room: str, source: str) -> None:
    assert complaints(room, source) != []


@pytest.mark.parametrize(
    ("source", "too_long"),
    [
        pytest.param("x = 1\n" * 260, False, id="short"),
        pytest.param("x = 1\n" * 261, True, id="long"),
        pytest.param('"""A table. Long, since it is one."""\n' + "x = 1\n" * 261, False, id="long-for-a-reason"),
    ],
)
def test_a_long_file_needs_a_reason(source: str, too_long: bool) -> None:
    assert is_too_long(source) is too_long
