"""Holding: no batch starts, and no rollout succeeds, while instances outside the batch are in trouble."""

from __future__ import annotations

from vmss_upgrade.driver.remote import Halted, RemoteScaleSet
from vmss_upgrade.driver.run_clock import Steps
from vmss_upgrade.rollout.checks.model_change import check_during_rollout, check_nothing_to_do
from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.findings import note
from vmss_upgrade.rollout.goal import Goal
from vmss_upgrade.rollout.history import endings
from vmss_upgrade.rollout.history.events import Holding, Noticed
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.planning.plan import Batch
from vmss_upgrade.rollout.planning.planner import still_due
from vmss_upgrade.rollout.policy import Policy
from vmss_upgrade.rollout.watching import pacing
from vmss_upgrade.rollout.watching.watch import Watch
from vmss_upgrade.rollout.wording import duration, listed

FRESH = 2.0  # a look this young need not be repeated


class Hold:
    """Waits for the scale set around a batch. `planned_goal` is that of the plan, before the model held the image."""

    def __init__(
        self, remote: RemoteScaleSet, policy: Policy, watch: Watch, planned_goal: Goal, model_image: Image
    ) -> None:
        self._remote = remote
        self._clock = remote.clock
        self._policy = policy
        self._watch = watch
        self._planned_goal = planned_goal
        self._goal = planned_goal.once_in_model()
        self._model_image = model_image
        self._bake_owed = 0.0

    def owe_bake(self) -> Steps[None]:
        """Owe the bake time to instances that an earlier run brought to the goal: it may have been killed in the middle
        of it, and nothing in Azure says how long they have been there.
        """
        earlier = self._watch.earlier(self._remote.scale_set)
        self._bake_owed = self._policy.bake_time_for(self._remote.model.health_signal) if earlier else 0.0
        if self._bake_owed:
            yield _note(
                f"Brought to the target image by an earlier run: {listed(earlier)}. They bake for "
                f"{duration(self._bake_owed)} before the next batch."
            )

    def wait_to_start(self, planned: Batch) -> Steps[None]:
        """Wait until nothing outside the batch forbids its start. Raises Halted where something still does after
        `health_timeout`, or where waiting cannot help; AzureError where somebody changed the model.

        The latest look is younger than FRESH at the return, whatever the waits in between.
        """
        remote, clock = self._remote, self._clock
        until = clock.now() + self._policy.health_timeout + self._bake_owed
        model_checked, proven_at = False, float("inf")
        while True:
            if clock.now() - remote.seen_at > FRESH:
                yield from remote.look()
            now = clock.now()
            yield from self._observe(now)
            batch = still_due(planned, remote.scale_set, self._planned_goal, self._policy)  # what it really takes away
            troubles = self._watch.troubles(batch, remote.scale_set, self._goal, now)
            proven_at = float("inf") if troubles else min(proven_at, now + self._bake_owed)
            if troubles and (now >= until or self._watch.is_hopeless(troubles, now)):
                raise Halted(endings.by_the_rest(troubles))
            if troubles:
                model_checked = False
                yield from self._wait_for(troubles, until)
            elif now < proven_at:
                clock.sleep(min(pacing.LOOK_WHILE_BAKING * remote.pages, proven_at - now))
            elif model_checked:
                self._bake_owed = 0.0
                return
            else:
                yield from self.check_model()
                model_checked = True

    def wait_to_settle(self) -> Steps[tuple[Failure, ...]]:
        """Look at everything once more, until nothing is being created or updated, at most for `health_timeout`.

        Returns what still is, and what is not healthy, by then.
        """
        until = self._clock.now() + self._policy.health_timeout
        while True:
            yield from self._remote.look()
            now = self._clock.now()
            yield from self._observe(now)
            unsettled = self._watch.unsettled(self._remote.scale_set, self._goal, now)
            if not unsettled or now >= until or self._watch.is_hopeless(unsettled, now):
                return unsettled
            yield from self._wait_for(unsettled, until)

    def check_model(self, *, unchanged_since: Model | None = None) -> Steps[None]:
        """Raise AzureError if somebody changed the model's image during the rollout.

        `unchanged_since`: the model that was planned from, where no other part of it may have changed either.
        """

        def check(model: Model) -> None:
            check_during_rollout(model, self._model_image)
            if unchanged_since is not None and self._goal.whole_model:
                check_nothing_to_do(model, unchanged_since)

        yield from self._remote.read_accepted_model(check)

    def _observe(self, now: float) -> Steps[None]:
        """Take the latest look into account, and say which instances were stopped or evicted."""
        self._watch.observe(self._remote.scale_set, now)
        off = self._watch.newly_stopped(self._remote.scale_set)
        if off:
            yield _note(f"Stopped or evicted during the rollout, so nothing more is expected of them: {listed(off)}.")

    def _wait_for(self, troubles: tuple[Failure, ...], until: float) -> Steps[None]:
        yield Holding(troubles=troubles, until=until - self._clock.started)
        self._clock.sleep(min(self._remote.look_interval(), until - self._clock.now()))


def _note(message: str) -> Noticed:
    return Noticed(finding=note(message))
