"""What holds of every plan and every report, over random fleets and policies.

What a plan must keep to is worked out here anew, from the instances alone, and not with the functions under test.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from itertools import pairwise
from math import ceil

from hypothesis import assume, given
from hypothesis import strategies as st

from builders import NEW, OLD, STEADY, changed, fleet, plan_of, report_of, run_of
from vmss_upgrade.errors import PlanRefused
from vmss_upgrade.rollout.checks.plan import examine_plan
from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.findings import Severity
from vmss_upgrade.rollout.goal import Goal
from vmss_upgrade.rollout.history.cells import Cell
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.model import HealthSignal
from vmss_upgrade.rollout.planning.plan import RolloutPlan, SkipReason
from vmss_upgrade.rollout.planning.planner import plan_model_update, plan_rollout
from vmss_upgrade.rollout.policy import Policy, Selection, Share, Strategy
from vmss_upgrade.rollout.scale_set import DomainKind, Health, Instance, Power, ScaleSet

MOST = 24
KIND_OF = {
    Strategy.UPDATE_DOMAIN: DomainKind.UPDATE,
    Strategy.FAULT_DOMAIN: DomainKind.FAULT,
    Strategy.ZONE: DomainKind.ZONE,
    Strategy.BATCH: DomainKind.SET,
}


# -- random fleets and policies ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shape:
    """What the instances of a set show of their places."""

    update: bool
    fault: bool
    zone: bool

    @property
    def strategies(self) -> list[Strategy]:
        """Those that have something to go by."""
        shown = {Strategy.UPDATE_DOMAIN: self.update, Strategy.FAULT_DOMAIN: self.fault, Strategy.ZONE: self.zone}
        return [Strategy.AUTO, Strategy.BATCH, *(strategy for strategy, is_shown in shown.items() if is_shown)]

    @property
    def auto(self) -> DomainKind:
        """What `auto` goes by."""
        return DomainKind.UPDATE if self.update else DomainKind.ZONE if self.zone else DomainKind.SET


SHAPES = [Shape(update, fault, zone) for update in (True, False) for fault in (True, False) for zone in (True, False)]


@cache  # to make a strategy takes longer than to draw from it
def ids(count: int, most: int = 6) -> st.SearchStrategy[str]:
    return st.sets(st.integers(0, max(0, count - 1)), max_size=most).map(lambda some: " ".join(map(str, some)))


@cache
def letters(alphabet: str, count: int) -> st.SearchStrategy[str]:
    """Draw texts of so many letters: one number each, which has them as its digits."""

    def spelled(number: int) -> str:
        return "".join(alphabet[number // len(alphabet) ** place % len(alphabet)] for place in range(count))

    return st.integers(0, len(alphabet) ** count - 1).map(spelled)


@st.composite
def fleets(draw: st.DrawFn, shape: Shape) -> ScaleSet:
    """Draw instances in any state; `shape` is what all of them show."""
    count = draw(st.integers(0, MOST))

    scale_set = fleet(
        draw(letters("01234", count)),
        zones=draw(letters("12", count)) if shape.zone else "",
        groups=draw(letters("ab", count)) if draw(st.booleans()) else "",
        new=draw(ids(count)),
        unhealthy=draw(ids(count)),
        silent=draw(ids(count, 2)),
        protected=draw(ids(count, 3)),
        stopped=draw(ids(count, 3)),
        deallocated=draw(ids(count, 2)),
        broken=draw(ids(count, 2)),
        updating=draw(ids(count, 2)),
        behind=draw(ids(count)),
        image=draw(st.sampled_from([NEW, OLD])),
        health_signal=draw(st.sampled_from(list(HealthSignal))),
    )
    scale_set = changed(scale_set, draw(ids(count, 2)), provisioning_state="Deleting")
    if not shape.update:
        scale_set = changed(scale_set, scale_set.by_id, update_domain=None)
    if not shape.fault:
        scale_set = changed(scale_set, scale_set.by_id, fault_domain=None)
    return scale_set


shares = st.one_of(st.builds(Share, st.integers(1, 12)), st.builds(Share, st.integers(1, 100), st.just(True)))
floors = st.one_of(st.builds(Share, st.integers(0, 12)), st.builds(Share, st.integers(0, 100), st.just(True)))


@st.composite
def selections(draw: st.DrawFn, scale_set: ScaleSet) -> Selection:
    """Draw a selection by names that the scale set has."""
    instances = scale_set.instances

    def some(values: set[object]) -> tuple[object, ...]:
        present = sorted(values - {None, ""}, key=str)
        return tuple(draw(st.lists(st.sampled_from(present), unique=True, max_size=4))) if present else ()

    if draw(st.booleans()):
        return Selection()
    return Selection(
        update_domains=draw(st.sampled_from([(), some({i.update_domain for i in instances})])),  # type: ignore[arg-type]
        fault_domains=draw(st.sampled_from([(), some({i.fault_domain for i in instances})])),  # type: ignore[arg-type]
        zones=draw(st.sampled_from([(), some({i.zone for i in instances})])),  # type: ignore[arg-type]
        instance_ids=draw(st.sampled_from([(), some({i.id for i in instances})])),  # type: ignore[arg-type]
    )


@dataclass(frozen=True)
class Case:
    """A fleet, what is allowed, and where it is to go."""

    shape: Shape
    scale_set: ScaleSet
    policy: Policy
    goal: Goal

    def plan(self, scale_set: ScaleSet | None = None) -> RolloutPlan:
        return plan_rollout(scale_set or self.scale_set, self.goal, self.policy)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    shape = draw(st.sampled_from(SHAPES))
    scale_set = draw(fleets(shape))
    policy = Policy(
        strategy=draw(st.sampled_from(shape.strategies if scale_set.instances else list(Strategy))),
        batch_size=draw(st.none() | shares),
        canary=draw(st.sampled_from([0, 0, 1, 2, 3, 7])),
        selection=draw(selections(scale_set)),
        stop_after=draw(st.none() | shares),
        min_healthy=draw(floors),
        include_stopped=draw(st.booleans()),
    )
    in_model = scale_set.model.image == NEW
    goal = draw(
        st.sampled_from(
            [
                Goal(image=NEW, in_model=in_model),
                Goal(image=scale_set.model.image, in_model=True, whole_model=True),
            ]
        )
    )
    return Case(shape, scale_set, policy, goal)


# -- what is so, independently of the code under test --------------------------------------------------------------


def is_there(instance: Instance, goal: Goal) -> bool:
    if goal.whole_model:
        return instance.latest_model_applied is True
    failed_at = str(instance.provisioning) == "Failed" and instance.latest_model_applied is False
    return instance.image == goal.image and not failed_at


def is_leaving(instance: Instance) -> bool:
    return str(instance.provisioning) == "Deleting"


def is_off(instance: Instance) -> bool:
    return instance.power in (Power.STOPPED, Power.DEALLOCATED)


def is_wanted(instance: Instance, selection: Selection) -> bool:
    return (
        (not selection.update_domains or instance.update_domain in selection.update_domains)
        and (not selection.fault_domains or instance.fault_domain in selection.fault_domains)
        and (not selection.zones or instance.zone in selection.zones)
        and (not selection.instance_ids or instance.id in selection.instance_ids)
    )


def serves(instance: Instance, signal: HealthSignal) -> bool:
    if str(instance.provisioning) != "Succeeded" or instance.power is not Power.RUNNING:
        return False
    return signal in (HealthSignal.NONE, HealthSignal.IGNORED) or instance.health is Health.HEALTHY


def place(instance: Instance, kind: DomainKind) -> tuple[object, ...]:
    if kind is DomainKind.SET:
        return ()
    if kind is DomainKind.ZONE:
        return (instance.zone,)
    number = instance.update_domain if kind is DomainKind.UPDATE else instance.fault_domain
    return (instance.zone, instance.placement_group, number)


def largest_allowed(case: Case, grouping: DomainKind) -> int:
    size, whole = case.policy.batch_size, len(case.scale_set.instances)
    if size is None:
        return whole if grouping is DomainKind.UPDATE else max(1, whole // 5)
    return max(1, int(Fraction(size.number * whole, 100))) if size.is_percentage else size.number


def upgraded(scale_set: ScaleSet, done: Sequence[str], goal: Goal) -> ScaleSet:
    """Return the set once these instances were upgraded: on the goal and healthy, but for those that are off."""
    after = scale_set
    for id_ in done:
        changes: dict[str, object] = {"image": goal.image, "latest_model_applied": True, "problems": ()}
        changes["provisioning_state"] = "Succeeded"
        if not is_off(scale_set.by_id[id_]):
            changes["health"] = Health.HEALTHY
        after = changed(after, [id_], **changes)
    return after


# -- plans ---------------------------------------------------------------------------------------------------------


@STEADY
@given(cases())
def test_every_instance_is_in_a_plan_once(case: Case) -> None:
    plan = case.plan()
    skipped = [one.instance_id for one in plan.skipped]
    planned = [*plan.instance_ids, *skipped, *plan.untouched]
    assert sorted(planned) == sorted(case.scale_set.by_id)
    for instance in case.scale_set.instances:
        moves_never = is_leaving(instance) or is_there(instance, case.goal) or instance.protected
        stays_off = is_off(instance) and not case.policy.include_stopped
        if moves_never or stays_off:
            assert instance.id in skipped
        elif is_wanted(instance, case.policy.selection):
            assert instance.id in plan.instance_ids
        else:
            assert instance.id in plan.untouched


@STEADY
@given(cases())
def test_batches_are_made_of_what_the_strategy_says(case: Case) -> None:
    plan, present = case.plan(), case.scale_set.by_id
    if case.policy.strategy is not Strategy.AUTO:
        assert plan.grouping is KIND_OF[case.policy.strategy]
    elif case.scale_set.instances:
        assert plan.grouping is case.shape.auto
    assert [batch.number for batch in plan.batches] == list(range(1, len(plan.batches) + 1))
    for batch in plan.batches:
        assert batch.domain.kind is plan.grouping
        assert len({place(present[id_], plan.grouping) for id_ in batch.instance_ids}) == 1, "domains are not mixed"
    places = [place(present[batch.instance_ids[0]], plan.grouping) for batch in plan.batches]
    assert places == sorted(places), "domains run in order"  # type: ignore[type-var]


@STEADY
@given(cases())
def test_no_batch_is_too_large(case: Case) -> None:
    plan = case.plan()
    limit = largest_allowed(case, plan.grouping)
    sizes = [len(batch.instance_ids) for batch in plan.batches]
    assert all(1 <= size <= limit for size in sizes)
    assert plan.largest_batch == max(sizes[: len(plan.due_now)], default=0)
    after_canaries = list(pairwise(plan.batches[1:] if plan.canary else plan.batches))
    for one, next_ in after_canaries:
        if one.domain == next_.domain and case.policy.batch_size is not None:
            assert len(one.instance_ids) == limit, "no batch is smaller than it need be"
        elif one.domain == next_.domain:
            assert 0 <= len(one.instance_ids) - len(next_.instance_ids) <= 1, "a domain is split evenly"


@STEADY
@given(cases())
def test_inside_a_domain_the_unhealthy_come_first_and_then_they_go_by_id(case: Case) -> None:
    plan, present = case.plan(), case.scale_set.by_id
    signal = case.scale_set.model.health_signal
    by_domain: dict[object, list[str]] = {}
    for batch in plan.batches:
        by_domain.setdefault(batch.domain, []).extend(batch.instance_ids)
    for members in by_domain.values():
        health = [(is_off(present[id_]), serves(present[id_], signal)) for id_ in members]
        assert health == sorted(health)
        if plan.grouping is not DomainKind.SET:
            assert members == sorted(
                members, key=lambda id_: (is_off(present[id_]), serves(present[id_], signal), int(id_))
            )


@STEADY
@given(cases())
def test_canaries_go_alone_and_first(case: Case) -> None:
    plan, policy = case.plan(), case.policy
    assert 0 <= plan.canary <= policy.canary
    there = [
        instance.id
        for instance in case.scale_set.instances
        if is_there(instance, case.goal) and not is_leaving(instance) and is_wanted(instance, policy.selection)
    ]
    if plan.canary:
        assert len(plan.batches[0].instance_ids) == plan.canary
        first = plan.batches[0].domain
        here = [i for i in case.scale_set.instances if i.id in there and i.domain(plan.grouping) == first]
        assert plan.canary + sum(not is_off(instance) for instance in here) <= policy.canary
        assert len(case.plan().batches[0].instance_ids) <= largest_allowed(case, plan.grouping)
    elif policy.canary and plan.batches:
        members = [i for i in case.scale_set.instances if i.domain(plan.grouping) == plan.batches[0].domain]
        assert there or all(is_off(i) for i in members if i.id in plan.instance_ids), "they have been, or nobody runs"
    without = plan_rollout(case.scale_set, case.goal, replace(policy, canary=0))
    assert plan.instance_ids == without.instance_ids, "canaries change batches, not the order"
    if plan.canary:
        assert plan.batches[0].instance_ids == without.instance_ids[: plan.canary]


@STEADY
@given(cases(), st.integers(0, 30))
def test_planning_again_yields_what_is_left(case: Case, done: int) -> None:
    plan = case.plan()
    moved = [id_ for batch in plan.batches[:done] for id_ in batch.instance_ids]
    again = case.plan(upgraded(case.scale_set, moved, case.goal))
    left = plan.batches[done:]
    assert [(b.domain, b.instance_ids) for b in again.batches] == [(b.domain, b.instance_ids) for b in left]
    assert again.untouched == plan.untouched
    reasons = {one.instance_id: one.reason for one in again.skipped}
    assert {reasons[id_] for id_ in moved} <= {SkipReason.CURRENT if case.goal.whole_model else SkipReason.ON_TARGET}
    if done and left:
        assert again.canary == 0, "no canaries again"


@STEADY
@given(cases(), st.data())
def test_planning_again_never_depends_on_what_was_done(case: Case, data: st.DataObject) -> None:
    """Keep the order of the others, whatever else reached the goal meanwhile."""
    case = replace(case, policy=replace(case.policy, canary=0))
    plan = case.plan()
    assume(plan.instance_ids)
    moved = data.draw(st.sets(st.sampled_from(plan.instance_ids)))
    again = case.plan(upgraded(case.scale_set, sorted(moved), case.goal))
    assert again.instance_ids == tuple(id_ for id_ in plan.instance_ids if id_ not in moved)


@STEADY
@given(cases())
def test_stop_after_ends_between_batches(case: Case) -> None:
    plan, share = case.plan(), case.policy.stop_after
    sizes = [len(batch.instance_ids) for batch in plan.batches]
    due = len(plan.due_now)
    assert plan.due_now == plan.batches[:due]
    if share is None:
        assert due == len(sizes)
    elif share.is_percentage:
        wanted = Fraction(share.number * len(case.scale_set.instances), 100)
        assert due == len(sizes) or sum(sizes[:due]) >= wanted
        assert due == 0 or sum(sizes[: due - 1]) < wanted, "not a batch more than asked for"
    else:
        assert due == min(share.number, len(sizes))
    assert (plan.stop_after is None) == (due == len(sizes))


def floor_is_kept(case: Case, plan: RolloutPlan) -> bool:
    """Return whether, batch by batch, enough stay healthy and an instance goes on running."""
    signal = case.scale_set.model.health_signal
    counted = [i for i in case.scale_set.instances if not is_leaving(i) and not is_off(i)]
    share = case.policy.min_healthy
    least = ceil(Fraction(share.number * len(counted), 100)) if share.is_percentage else share.number
    after = case.scale_set
    for batch in plan.batches:
        healthy = {i.id for i in after.instances if serves(i, signal)}
        others = healthy - set(batch.instance_ids)
        running = {i.id for i in counted} - set(batch.instance_ids)
        if len(others) < least or (healthy and not others) or (counted and not running):
            return False
        after = upgraded(after, batch.instance_ids, case.goal)
    return True


@STEADY
@given(cases())
def test_the_floor_holds_in_every_plan_that_is_not_refused_and_in_no_other(case: Case) -> None:
    case = replace(case, policy=replace(case.policy, stop_after=None))  # one that is never reached is refused by itself
    plan = case.plan()
    refusals = [f for f in examine_plan(case.scale_set, plan, case.policy) if f.severity is Severity.REFUSE]
    assert (not refusals) == floor_is_kept(case, plan)
    allowed = replace(case.policy, allow_downtime=True)
    found = examine_plan(case.scale_set, plan, allowed)
    assert not [f for f in found if f.severity is Severity.REFUSE], "unless downtime is allowed"


@STEADY
@given(st.sampled_from(SHAPES).flatmap(fleets), st.sampled_from(list(Strategy)), st.data())
def test_a_plan_is_refused_only_where_somebody_has_no_place(
    scale_set: ScaleSet, strategy: Strategy, data: st.DataObject
) -> None:
    lost = data.draw(ids(len(scale_set.instances), 2))
    scale_set = changed(scale_set, lost, update_domain=None, fault_domain=None, zone="")
    if strategy is Strategy.AUTO:
        shown = [i.update_domain for i in scale_set.instances if i.update_domain is not None]
        zones = [i.zone for i in scale_set.instances if i.zone]
        kind = DomainKind.UPDATE if shown else DomainKind.ZONE if zones else DomainKind.SET
    else:
        kind = KIND_OF[strategy]

    def is_placed(instance: Instance) -> bool:
        where = place(instance, kind)
        return not where or where[-1] not in (None, "")

    nobody = bool(scale_set.instances) and not any(map(is_placed, scale_set.instances))
    moving = [
        i
        for i in scale_set.instances
        if not (is_leaving(i) or i.image == NEW or i.protected or is_off(i)) and not is_placed(i)
    ]
    try:
        plan_of(scale_set, policy=Policy(strategy=strategy, canary=data.draw(st.integers(0, 2))))
    except PlanRefused as refused:
        assert nobody or moving
        assert refused.remedy
    else:
        assert not nobody
        assert not moving


@STEADY
@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(1, 12), st.randoms(use_true_random=False))
def test_batches_across_the_set_are_drawn_evenly(domains: list[int], size: int, random: object) -> None:
    letters = [str(number) for number, members in enumerate(domains) for _ in range(members)]
    random.shuffle(letters)  # type: ignore[attr-defined]
    plan = plan_of(fleet("".join(letters)), policy=Policy(strategy=Strategy.BATCH, batch_size=Share(size)))
    for batch in plan.batches:
        drawn = Counter(letters[int(id_)] for id_ in batch.instance_ids)
        if len(set(domains)) == 1:
            counts = [drawn[str(number)] for number in range(len(domains))]
            assert max(counts) - min(counts) <= 1, "round and round"
        for number, members in enumerate(domains):
            share = Fraction(len(batch.instance_ids) * members, len(letters))
            assert abs(drawn[str(number)] - share) <= 1 + Fraction(len(domains) * members, len(letters))


@STEADY
@given(cases())
def test_an_update_of_the_model_leaves_everybody_where_they_are(case: Case) -> None:
    plan = plan_model_update(case.scale_set, case.goal)
    assert plan.batches == ()
    planned = [*plan.untouched, *(one.instance_id for one in plan.skipped)]
    assert sorted(planned) == sorted(case.scale_set.by_id)
    behind = [i.id for i in case.scale_set.instances if not is_there(i, case.goal) and not is_leaving(i)]
    assert list(plan.untouched) == behind


# -- reports -------------------------------------------------------------------------------------------------------


def assert_partition(report: Report) -> None:
    parts = [report.upgraded, report.failed, [s.instance_id for s in report.skipped], report.remaining]
    every = [id_ for part in parts for id_ in part]
    assert len(every) == len(set(every)), "nobody is in two lists"
    assert set(every) >= {instance.id for instance in report.instances}, "everybody is in one"
    assert report.cells().keys() == {instance.id for instance in report.instances}


@STEADY
@given(cases(), st.sets(st.integers(0, MOST - 1), max_size=3), st.integers(0, 8), st.data())
def test_every_report_divides_the_instances(case: Case, failing: set[int], batches: int, data: st.DataObject) -> None:
    failures = tuple(Failure(instance_id=str(n), code="X", message="broken") for n in failing)
    ending = Ending(outcome=Outcome.HALTED, reason="failed", failures=failures)  # of instances not touched, too
    events = run_of(case.scale_set, policy=case.policy, failures=failures, batches=batches, ending=ending)
    report = Report()
    for event in events:  # it holds at every moment, not only at the end
        report.add(event)
        if report.plan is not None:
            assert_partition(report)
    some = data.draw(st.sets(st.sampled_from([str(n) for n in range(MOST)])))
    for change in ({"health": Health.UNHEALTHY}, {"provisioning_state": "Deleting"}, {"power": Power.STOPPED}):
        report.instances = changed(case.scale_set, some, **change).instances
        assert_partition(report)


@STEADY
@given(cases())
def test_a_run_without_failure_leaves_nothing_that_was_selected(case: Case) -> None:
    repaired = changed(case.scale_set, case.scale_set.by_id, problems=(), provisioning_state="Succeeded")
    report = report_of(run_of(repaired, policy=case.policy))
    assert report.plan is not None
    assert set(report.upgraded) == set(report.plan.instance_ids)
    assert set(report.remaining) == set(report.plan.untouched), "who was not selected remains"
    assert report.failed == []
    cells = report.cells()
    assert {cells[id_] for id_ in report.plan.instance_ids} <= {Cell.NEW, Cell.SKIPPED}
    assert {cells[id_] for id_ in report.plan.untouched} <= {Cell.OLD}
