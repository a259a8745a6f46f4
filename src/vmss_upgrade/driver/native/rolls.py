"""The rolling upgrades of one scale set: every call of their port is made here, with patience."""

from __future__ import annotations

from vmss_upgrade.driver.operation import FollowedOperation
from vmss_upgrade.driver.run_clock import RunClock, Steps
from vmss_upgrade.ports import ScaleSetApi
from vmss_upgrade.rollout.native.owned import OwnRoll
from vmss_upgrade.rollout.native.roll import Roll


class RollingUpgrades:
    """The rolling upgrades of a scale set. Each call raises AzureError."""

    def __init__(self, api: ScaleSetApi, clock: RunClock) -> None:
        self._api = api
        self._clock = clock

    def is_running(self) -> Steps[bool | None]:
        """Return whether a rolling upgrade of Azure's own is under way; None where that may not be read."""
        return (yield from self._clock.patiently(self._api.is_rolling_upgrade_running))

    def latest(self, *, until: float = float("inf"), was_seen: bool = True) -> Steps[Roll | None]:
        """Return the latest one, whatever started it; None where there never was one. `was_seen`: it was readable."""
        read = self._api.rolling_upgrades.read_latest
        return (yield from self._clock.patiently(read, until=until, was_seen=was_seen))

    def cancel(self) -> FollowedOperation:
        """Ask for the one that runs to be cancelled; the caller has just read that it is ours."""
        self._clock.sleep(0)  # a cancelled run asks for nothing more in this way
        return FollowedOperation(self._api.rolling_upgrades.cancel(), self._clock)

    def cancel_at_once(self, own: OwnRoll) -> bool:
        """Cancel ours in one try, even where the run is cancelled. Return False if it is not shown to run."""
        latest = self._api.rolling_upgrades.read_latest()
        if latest is None or not latest.is_running or not own.includes(latest):
            return False
        self._api.rolling_upgrades.cancel()
        return True
