"""The rolling upgrades of one scale set: the latest one is read, and a running one cancelled.

Recorded: rolling_upgrade_start_cancel_2020, uniform_rolling_upgrade_2023. A set that never had one answers 404.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from azure.mgmt.compute import ComputeManagementClient

from vmss_upgrade.azure_api.failures import read_by_the_sdk, translated
from vmss_upgrade.azure_api.operation import SteppedPolling
from vmss_upgrade.azure_api.reader import Reader
from vmss_upgrade.azure_api.translation.rolling_upgrade import to_roll
from vmss_upgrade.errors import AzureError, Trouble
from vmss_upgrade.ports import Operation
from vmss_upgrade.rollout.native.roll import Roll

CANCELLING = "cancelling the rolling upgrade"


class RollingUpgrades:
    """See `ports.RollingUpgradesApi` for the contract of each method. `path` is that of the scale set."""

    def __init__(self, client: ComputeManagementClient, reader: Reader, group: str, name: str, path: str) -> None:
        self._rolls = client.virtual_machine_scale_set_rolling_upgrades
        self._reader = reader
        self._group, self._name = group, name
        self._path = path

    def read_latest(self) -> Roll | None:
        """Send GET of rollingUpgrades/latest; 404 where there never was one."""
        try:
            with translated("reading the latest rolling upgrade"):
                roll = to_roll(self._reader.json(f"{self._path}/rollingUpgrades/latest"))
                return replace(roll, started=_in_utc(roll.started))
        except AzureError as error:
            if error.trouble is Trouble.NOT_FOUND:
                return None
            raise

    def cancel(self) -> Operation:
        """Send POST rollingUpgrades/cancel; 409 where none runs."""
        polling = SteppedPolling(CANCELLING)
        with translated(CANCELLING), read_by_the_sdk():
            self._rolls.begin_cancel(self._group, self._name, polling=polling)
        return polling


def _in_utc(started: str) -> str:
    """Return the time in UTC, else the text: recorded are offsets of many zones, which may differ between servers."""
    try:
        moment = datetime.fromisoformat(started)
        in_utc = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return started
    return in_utc.isoformat(timespec="microseconds")
