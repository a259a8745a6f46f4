"""Connections to the scale sets of a fleet: one transport for all of them, and one token for each identity."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from vmss_upgrade.azure_api.connection import ClockedTransport, Connector
from vmss_upgrade.job.runner import Job
from vmss_upgrade.ports import Clock
from vmss_upgrade.reporters.console import Console
from vmss_upgrade.reporters.sdk_log import listen_to_sdk

if TYPE_CHECKING:
    from azure.core.pipeline.transport import HttpTransport

    Transport = Callable[[Clock], HttpTransport[Any, Any]]


def connector_of(job: Job, clock: Clock, console: Console, transport: Transport | None) -> Connector:
    """Return what a fleet's plan reaches Azure by, over the real SDK, whose warnings go to the log."""
    listen_to_sdk(console)
    return Connector(
        (transport or ClockedTransport)(clock),
        clock,
        user_agent=job.user_agent,
        mask=console.mask,
        trace=console.debug if job.is_debug else None,
    )
