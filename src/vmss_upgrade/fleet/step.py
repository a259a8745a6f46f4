"""The main step of an operation on a whole fleet."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
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
    cancellable: AbstractContextManager[None],
    *,
    transport: Transport | None,
    web: Callable[[Clock], Web] | None,
    simulated: str,
) -> int:
    """Run the step, as `vmss_upgrade.main.run` says. Returns the exit code. Imports only what the operation needs."""
    if operation is FleetOperation.PLAN:
        from vmss_upgrade.fleet.planning.step import plan_fleet

        return plan_fleet(job, clock, cancellable, transport=transport, web=web, simulated=simulated)
    from vmss_upgrade.fleet.reporting.step import report_fleet

    return report_fleet(job, clock, cancellable)
