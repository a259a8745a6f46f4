"""What holds of every plan and every report, over random fleets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from builders import NEW, STEADY, changed, fleet, plan_of, report_of, run_of
from vmss_upgrade.rollout.events import Ending, Outcome
from vmss_upgrade.rollout.health_gate import Failure
from vmss_upgrade.rollout.planner import ON_TARGET
from vmss_upgrade.rollout.policy import Policy, Share
from vmss_upgrade.rollout.report import Cell, Report
from vmss_upgrade.rollout.scale_set import Health, HealthSignal, ScaleSet

sizes = st.one_of(
    st.none(),
    st.builds(Share, st.integers(1, 12)),
    st.builds(Share, st.integers(1, 100), st.just(True)),
)


@st.composite
def fleets(draw: st.DrawFn) -> ScaleSet:
    count = draw(st.integers(0, 24))

    def some() -> str:
        return " ".join(map(str, draw(st.sets(st.integers(0, max(0, count - 1)), max_size=6))))

    def letters(alphabet: str) -> str:
        return draw(st.text(alphabet, min_size=count, max_size=count))

    return fleet(
        letters("01234"),
        zones=draw(st.sampled_from(["", letters("12")])),
        groups=draw(st.sampled_from(["", letters("ab")])),
        new=some(),
        unhealthy=some(),
        protected=some(),
        stopped=some(),
        broken=some(),
        image=draw(st.sampled_from([NEW, fleet("0").model.image])),
        health_signal=draw(st.sampled_from(list(HealthSignal))),
    )


@STEADY
@given(fleets(), sizes)
def test_every_plan(scale_set: ScaleSet, size: Share | None) -> None:
    plan = plan_of(scale_set, policy=Policy(batch_size=size))
    planned = [*plan.instance_ids, *(skipped.instance_id for skipped in plan.skipped)]
    assert sorted(planned) == sorted(scale_set.by_id()), "every instance exactly once"
    domains = [batch.domain for batch in plan.batches]
    assert domains == sorted(domains, key=lambda domain: domain.order), "domains run in order"
    for number, batch in enumerate(plan.batches, 1):
        assert batch.number == number
        assert {scale_set.by_id()[id_].domain(plan.grouping) for id_ in batch.instance_ids} == {batch.domain}
        limit = size.at_most(len(scale_set.instances)) if size else len(scale_set.instances)
        assert 1 <= len(batch.instance_ids) <= limit


@STEADY
@given(fleets(), sizes, st.integers(0, 30))
def test_planning_again_yields_what_is_left(scale_set: ScaleSet, size: Share | None, done: int) -> None:
    policy = Policy(batch_size=size)
    plan = plan_of(scale_set, policy=policy)
    upgraded = [id_ for batch in plan.batches[:done] for id_ in batch.instance_ids]
    again = plan_of(changed(scale_set, upgraded, image=NEW), policy=policy)
    left = plan.batches[done:]
    assert [(b.domain, b.instance_ids) for b in again.batches] == [(b.domain, b.instance_ids) for b in left]
    reasons = {skipped.instance_id: skipped.reason for skipped in again.skipped}
    assert {reasons[id_] for id_ in upgraded} <= {ON_TARGET}
    if left:
        assert again.previous == plan.previous


def assert_partition(report: Report) -> None:
    parts = [report.upgraded, report.failed, [s.instance_id for s in report.skipped], report.remaining]
    every = [id_ for part in parts for id_ in part]
    assert len(every) == len(set(every)), "nobody is in two lists"
    assert set(every) >= {instance.id for instance in report.instances}, "everybody is in one"
    assert report.cells().keys() == {instance.id for instance in report.instances}


@STEADY
@given(fleets(), sizes, st.sets(st.integers(0, 23), max_size=3), st.integers(0, 8), st.data())
def test_every_report_divides_the_instances(
    scale_set: ScaleSet, size: Share | None, failing: set[int], batches: int, data: st.DataObject
) -> None:
    failures = tuple(Failure(instance_id=str(n), code="X", message="broken") for n in failing)
    ending = Ending(outcome=Outcome.HALTED, reason="failed", failures=failures)  # of instances not touched, too
    events = run_of(scale_set, policy=Policy(batch_size=size), failures=failures, batches=batches, ending=ending)
    report = Report()
    for event in events:  # it holds at every moment, not only at the end
        report.add(event)
        if report.plan is not None:
            assert_partition(report)
    ill = data.draw(st.sets(st.sampled_from([str(n) for n in range(24)])))
    report.instances = changed(scale_set, ill, health=Health.UNHEALTHY).instances
    assert_partition(report)


@STEADY
@given(fleets(), sizes)
def test_a_run_without_failure_leaves_nothing_that_was_selected(scale_set: ScaleSet, size: Share | None) -> None:
    mended = changed(scale_set, scale_set.by_id(), problem=None, provisioning_state="Succeeded")
    report = report_of(run_of(mended, policy=Policy(batch_size=size)))
    assert report.plan is not None
    assert set(report.upgraded) == set(report.plan.instance_ids)
    assert report.remaining == []
    assert report.failed == []
    assert set(report.cells().values()) <= {Cell.NEW, Cell.SKIPPED}
