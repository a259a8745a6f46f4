"""The groups of tests that one worker of xdist gets together."""

from __future__ import annotations

from functools import cache

from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from azure_simulator import fault_names, scenario_names

SCENARIOS = sorted([*scenario_names(), *fault_names()], key=len, reverse=True)


@cache  # xdist asks for each twice
def group_of(nodeid: str) -> str:
    """Return the name of the tests that one worker gets together with this one.

    Those that look at one run are together, so that it is played once: of a shipped scenario in whatever file, of
    another one in the same file. Otherwise only whole runs and sweeps are distributed one by one. Whenever a test
    ends, xdist counts the rest of each distributed group, and with thousands of groups that costs as much as the
    tests.
    """
    path, _, test = nodeid.partition("::")
    if path.startswith("tests/sweeps/"):
        return nodeid
    row = test.removesuffix("]").partition("[")[2]
    scenario = next((name for name in SCENARIOS if f"{row}-".startswith(f"{name}-")), None)
    if scenario is not None:
        return scenario
    if "tests/runs/" not in path:
        return path
    return f"{path}[{row}" if row else nodeid


class ByRun(LoadScopeScheduling):
    """Hands out groups of tests, in their order. The groups that xdist makes of its marks need an older pytest."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)

    def mark_test_complete(self, node: WorkerController, item_index: int, duration: float = 0) -> None:
        """Forget the test, so that what is left is counted, and not all that ever was."""
        nodeid = self.registered_collections[node][item_index]
        work, group = self.assigned_work[node], group_of(nodeid)
        del work[group][nodeid]
        if not work[group]:
            del work[group]
        self._reschedule(node)

    def _pending_of(self, workload: dict[str, dict[str, bool]]) -> int:
        return sum(map(len, workload.values()))
