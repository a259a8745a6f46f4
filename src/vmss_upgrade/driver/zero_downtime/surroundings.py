"""What the workflow has asked for around each batch: before its upgrade, and on every ending of it."""

from __future__ import annotations

from collections.abc import Iterable

from vmss_upgrade.driver.remote import RemoteScaleSet
from vmss_upgrade.driver.run_clock import Steps
from vmss_upgrade.driver.zero_downtime.drain import Draining
from vmss_upgrade.driver.zero_downtime.hooks import BatchHooks
from vmss_upgrade.ports import Web
from vmss_upgrade.rollout.history.outcome import BatchResult, Ending
from vmss_upgrade.rollout.planning.plan import Batch, RolloutPlan
from vmss_upgrade.rollout.policy import Policy
from vmss_upgrade.rollout.zero_downtime.hook_calls import BatchEnd

_ENDS = {None: BatchEnd.NOT_STARTED, BatchResult.PASSED: BatchEnd.PASSED, BatchResult.FAILED: BatchEnd.FAILED}


class Surroundings:
    """What surrounds the batches of one `plan`. `web` reaches the services that the policy names (None: it names none).

    For each batch: `ask`, `prepare`, then `leave` on every ending, also if one of the two raised. A run that is
    cancelled or killed leaves it to the post step.
    """

    def __init__(self, remote: RemoteScaleSet, policy: Policy, plan: RolloutPlan, web: Web | None) -> None:
        self._remote = remote
        self._policy = policy
        self._plan = plan
        self._draining = Draining(remote, policy.drain, plan) if policy.drain is not None else None
        self._hooks = BatchHooks(remote, policy.hooks, plan, web) if policy.hooks and web else None

    def ask(self, batch: Batch, *, of: int) -> Steps[Batch]:
        """Ask whether the batch may start, which may take long, and return what is left of it.

        Raises Halted if no batch may start.
        """
        return batch if self._hooks is None else (yield from self._hooks.before(batch, of))

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
        halted = (yield from self._draining.undo()) if self._draining is not None else None
        if self._hooks is None:
            return halted
        refused = yield from self._hooks.after(_ENDS.get(result, BatchEnd.UNKNOWN))
        return halted or refused

    def has_put_off(self, batches: Iterable[Batch]) -> bool:
        """Return whether nothing is left in these batches but instances that were put off."""
        put_off = self._hooks.put_off if self._hooks else {}
        return bool(put_off) and all(id_ in put_off for batch in batches for id_ in batch.instance_ids)

    def wait_to_ask_again(self, *, latest: float) -> Steps[bool]:
        """Wait until what was put off may be asked about again; not past `latest`. Returns False without time left."""
        return self._hooks is not None and (yield from self._hooks.wait_to_ask_again(latest=latest))

    def ending_of_put_off(self) -> Ending | None:
        """Return the ending of a run after which nothing is left but what was put off."""
        return self._hooks.ending() if self._hooks else None
