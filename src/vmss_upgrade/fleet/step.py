"""The main step of an operation on a whole fleet."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from vmss_upgrade.fleet.operation import FleetOperation
from vmss_upgrade.job.runner import Job
from vmss_upgrade.ports import Clock, Web

if TYPE_CHECKING:
    from vmss_upgrade.fleet.planning.connections import Transport


def run_fleet(
    operation: FleetOperation,
    job: Job,
    clock: Clock,
    transport: Transport | None,
    web: Callable[[Clock], Web] | None,
    simulated: str,
    on_end: Callable[[], None],
) -> int:
    """Run the step. Returns the exit code. Only what the operation needs is imported."""
    if operation is FleetOperation.PLAN:
        from vmss_upgrade.fleet.planning.step import plan_fleet

        return plan_fleet(job, clock, transport=transport, web=web, simulated=simulated, on_end=on_end)
    from vmss_upgrade.fleet.reporting.step import report_fleet

    return report_fleet(job, clock, on_end)
