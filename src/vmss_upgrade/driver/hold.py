"""Waiting until the scale set is at rest: before the plan is made, before each batch, and before a run succeeds."""

from __future__ import annotations

from collections.abc import Callable

from vmss_upgrade.driver.remote import SETTLING_PAUSE, Halted, RemoteScaleSet
from vmss_upgrade.driver.run_clock import SECOND_LOOK, Steps, noted
from vmss_upgrade.rollout.checks.capacity import awaited_health
from vmss_upgrade.rollout.checks.model_change import check_during_rollout, check_nothing_to_do
from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.goal import Goal
from vmss_upgrade.rollout.history import endings
from vmss_upgrade.rollout.history.events import Holding
from vmss_upgrade.rollout.image import Image
from vmss_upgrade.rollout.model import HealthSignal, Model
from vmss_upgrade.rollout.planning.availability import updating_ids
from vmss_upgrade.rollout.planning.plan import Batch, RolloutPlan
from vmss_upgrade.rollout.planning.planner import still_due
from vmss_upgrade.rollout.planning.selection import is_selected
from vmss_upgrade.rollout.policy import Policy, Selection
from vmss_upgrade.rollout.scale_set import Health, ScaleSet
from vmss_upgrade.rollout.watching import pacing
from vmss_upgrade.rollout.watching.room import BATCH_TAKES, LONGEST_HOLD, MOST_OF_TIMEOUT, Room
from vmss_upgrade.rollout.watching.watch import Watch
from vmss_upgrade.rollout.wording import duration, listed

FRESH = 2.0  # a look this young need not be repeated
RECENT = 60.0  # nor this one for a plan: before each batch everything is looked at again

_NO_ROOM = "rollouts under way need all of the subscription's budget of requests, so "
_NOT_BEGUN = _NO_ROOM + "this one does not begin yet (nothing was written)"
_HALF_WAY = _NO_ROOM + "the next batch is not started yet (no instance is away)"


def wait_to_begin(remote: RemoteScaleSet, batches: int, policy: Policy) -> Steps[bool]:
    """Wait until the budget that all share has room for one more run, but not for the better part of `timeout`.
    `batches`: how many it has.

    Returns whether it waited, so that what was read before may be outdated.
    """
    clock, room = remote.clock, Room(remote.clock.budget)
    if room.is_plenty():
        clock.budget.save_looks_in_a_crowd()
        return False
    longest = MOST_OF_TIMEOUT * policy.timeout
    until = clock.started + longest
    takes = batches * (BATCH_TAKES + policy.bake_time_for(remote.model.health_signal))
    pause = max(0.0, room.turn(takes, longest) - clock.elapsed()) or room.next_pause()
    looks = 0
    while clock.now() < until:
        yield from clock.wait(_NOT_BEGUN, min(pause, until - clock.now()), until=until)
        yield from remote.look(due=clock.now())
        if room.admits_one_more(looks):
            break
        looks += 1
        pause = room.next_pause()
    clock.budget.begin_anew()
    return True


def look_at_rest(remote: RemoteScaleSet, policy: Policy) -> Steps[frozenset[str]]:
    """See all instances, at rest if that can be had within `health_timeout`. Returns those that were being updated at
    every look.

    An instance that is being created shows no domain yet, and one that is being upgraded, perhaps by an earlier run, is
    not healthy: a plan made from them would not be the true one. An instance that appears meanwhile is not waited for:
    a scale set that grows steadily would never be at rest.
    """
    until = remote.clock.now() + policy.health_timeout
    if remote.clock.now() - remote.seen_at > RECENT:
        yield from remote.look()
    awaited = _awaited(remote, policy.selection)
    hanging = updating_ids(remote.instances)
    while awaited and remote.clock.now() < until:
        why = f"instances are being created or updated ({listed(awaited)})"
        yield from remote.clock.wait(why, SETTLING_PAUSE, until=until, for_rest=True)
        yield from remote.look()
        awaited = [id_ for id_ in _awaited(remote, policy.selection) if id_ in awaited]
        hanging &= updating_ids(remote.instances)
    return hanging


def _awaited(remote: RemoteScaleSet, selection: Selection) -> list[str]:
    """Return the instances that are being updated, and of the selected those that are being created."""
    changing = [i for i in remote.instances if i.is_changing and not i.is_being_deleted and not i.is_attached]
    updating = updating_ids(changing)
    return [i.id for i in changing if i.id in updating or is_selected(i, selection)]


def read_signal_again(remote: RemoteScaleSet) -> Steps[None]:
    """Read the model and the instances once more where it shows no health signal although instances report it."""
    reporting = any(i.health not in (Health.NO_SIGNAL, Health.NOT_YET) for i in remote.instances)
    if remote.model.health_signal is HealthSignal.NONE and reporting:
        why = "instances report their health, but the model shows no health signal, so it is read once more"
        yield from remote.clock.wait(why, SECOND_LOOK)
        yield from remote.read_model()
        yield from remote.look()


def plan_when_allowed(
    remote: RemoteScaleSet, make_plan: Callable[[ScaleSet], RolloutPlan], policy: Policy
) -> Steps[RolloutPlan]:
    """Return the plan that is made from a look at which it is allowed, if waiting for instances on the target to become
    healthy makes it so within `health_timeout`: after an earlier run that was killed they may be still starting.
    """
    until = remote.clock.now() + policy.health_timeout
    while True:
        plan = make_plan(remote.scale_set)
        awaited = awaited_health(remote.scale_set, plan, policy)
        if not awaited or remote.clock.now() >= until:
            return plan
        why = f"instances on the target image are not healthy yet ({listed(awaited)})"
        yield from remote.clock.wait(why, SETTLING_PAUSE, until=until, for_rest=True)
        yield from remote.look()


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
            yield noted(
                f"On the image already, but not known since when: {listed(earlier)}. The next batch waits for their "
                f"bake time of {duration(self._bake_owed)}."
            )

    def wait_for_room(self, until: float) -> Steps[None]:
        """Wait while the budget that all share is about to run low: nothing is away, so nothing must be looked at."""
        room = Room(self._clock.budget)
        until = min(until, self._clock.now() + LONGEST_HOLD)
        looks = 0
        while self._clock.now() < until and not room.lets_go_on():
            pause = min(room.pause_half_way(looks), until - self._clock.now())
            yield from self._clock.wait(_HALF_WAY, pause, until=until)
            yield from self._remote.look(due=self._clock.now())
            looks += 1

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
        """Look at everything until nothing is being created or updated, at most for `health_timeout`.

        Returns what still is, and what is not healthy, by then.
        """
        until = self._clock.now() + self._policy.health_timeout
        while True:
            if self._clock.now() - self._remote.seen_at > FRESH:
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
            yield noted(f"Stopped or evicted during the rollout, so nothing more is expected of them: {listed(off)}.")

    def _wait_for(self, troubles: tuple[Failure, ...], until: float) -> Steps[None]:
        yield Holding(troubles=troubles, until=until - self._clock.started)
        self._clock.sleep(min(self._remote.look_interval(), until - self._clock.now()))
