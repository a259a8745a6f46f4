"""Connections to the scale sets of a fleet: one transport for all of them, and one token for each identity."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from vmss_upgrade.account import Account
from vmss_upgrade.azure_api.connection import ClockedTransport, SignedIn, connect, connect_to_index
from vmss_upgrade.job.runner import Job
from vmss_upgrade.ports import Clock, ScaleSetApi, SetFinder
from vmss_upgrade.reporters.console import Console
from vmss_upgrade.reporters.sdk_log import listen_to_sdk

if TYPE_CHECKING:
    from azure.core.pipeline.transport import HttpTransport

    Transport = Callable[[Clock], HttpTransport[Any, Any]]


class Connections:
    """What a fleet's plan reaches Azure by, over the real SDK, whose warnings go to the log."""

    def __init__(self, job: Job, clock: Clock, console: Console, transport: Transport | None) -> None:
        listen_to_sdk(console)
        self._transport = (transport or ClockedTransport)(clock)
        self._clock = clock
        self._signed_in: SignedIn = {}
        self._options: dict[str, Any] = {
            "user_agent": job.user_agent,
            "mask": console.mask,
            "trace": console.debug if job.is_debug else None,
        }

    def scale_set(self, account: Account, timeout: float) -> ScaleSetApi:
        """Return one scale set, which is read within `timeout` seconds."""
        return connect(
            account, self._transport, self._clock, timeout=timeout, signed_in=self._signed_in, **self._options
        )

    def index(self, account: Account, timeout: float) -> SetFinder:
        """Return Azure's index of the scale sets that the account may read."""
        return connect_to_index(
            account, self._transport, self._clock, timeout=timeout, signed_in=self._signed_in, **self._options
        )
