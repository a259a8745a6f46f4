"""What the workflow has asked for around each batch: before its upgrade, and on every ending of it."""

from __future__ import annotations

from vmss_upgrade.driver.remote import RemoteScaleSet
from vmss_upgrade.driver.run_clock import Steps
from vmss_upgrade.driver.zero_downtime.drain import Draining
from vmss_upgrade.ports import Web
from vmss_upgrade.rollout.history.outcome import BatchResult, Ending
from vmss_upgrade.rollout.planning.plan import Batch, RolloutPlan
from vmss_upgrade.rollout.policy import Policy


class Surroundings:
    """What surrounds the batches of one `plan`. `web` reaches the services that the policy names (None: it names none).

    For each batch: `ask`, `prepare`, then `leave` on every ending, also if one of the two raised. A run that is
    cancelled or killed leaves it to the post step.
    """

    def __init__(self, remote: RemoteScaleSet, policy: Policy, plan: RolloutPlan, web: Web | None) -> None:
        self._remote = remote
        self._policy = policy
        self._plan = plan
        self._web = web
        self._draining = Draining(remote, policy.drain, plan) if policy.drain is not None else None

    def ask(self, batch: Batch, *, of: int) -> Steps[Batch]:
        """Ask whether the batch may start, which may take long, and return what is left of it.

        Raises Halted if no batch may start.
        """
        yield from ()
        return batch

    def prepare(self, batch: Batch) -> Steps[None]:
        """Make the instances ready for their upgrade. Raises Halted if that fails."""
        if self._draining is not None:
            yield from self._draining.drain(batch)

    def after_upgrade(self) -> Steps[None]:
        """Undo, before instances are judged, what the upgrade did not undo by itself."""
        if self._draining is not None:
            yield from self._draining.undo_kept()

    def leave(self, batch: Batch, result: BatchResult | None) -> Steps[Ending | None]:
        """Undo what is left of the preparations, and say that the batch has ended, with `result` (None: not started).

        Returns the ending if no batch may follow. Raises only Interrupted.
        """
        return (yield from self._draining.undo()) if self._draining is not None else None
