"""A run of a thousand instances over five hours, as its record: with health that comes and goes, and some failures."""

from __future__ import annotations

from functools import cache

from builders import NEW, changed, fleet, plan_of, report_of
from vmss_upgrade.reporters.record import as_text
from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.history import events
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.policy import Policy, Share, Strategy
from vmss_upgrade.rollout.scale_set import Health, ScaleSet

BATCHES = 50
SECONDS = 360.0  # of one batch


@cache
def long_record() -> str:
    """Return the text of the record, as it is written to its file."""
    return as_text(long_run())


def long_run() -> Report:
    """Return the report: batches of 20, of which the last one fails."""
    scale_set = fleet("01234" * 200)
    policy = Policy(strategy=Strategy.BATCH, batch_size=Share(1000 // BATCHES))
    plan = plan_of(scale_set, policy=policy)
    happened: list[events.Event] = [
        events.ScaleSetRead(at=0.0, model=scale_set.model),
        events.RolloutPlanned(at=1.0, plan=plan, scale_set=scale_set, policy=policy),
    ]
    failures: tuple[Failure, ...] = ()
    for number, batch in enumerate(plan.batches):
        at, ids = number * SECONDS + 2.0, batch.instance_ids
        happened.append(events.BatchStarted(at=at, batch=batch, of=len(plan.batches)))
        happened.append(events.UpgradeAccepted(at=at + 1.3, batch=batch))
        for step in range(0, 20, 2):
            scale_set = _look(scale_set, step, ids)
            happened.append(
                events.BatchProgressed(
                    at=at + 10.0 + step * 17.3,
                    batch=batch,
                    phase=events.Phase.UPGRADING,
                    until=at + SECONDS,
                    pending=(),
                    instances=scale_set.instances,
                )
            )
        scale_set = changed(scale_set, ids, health=Health.HEALTHY, provisioning_state="Succeeded")
        if number == len(plan.batches) - 1:
            failures = tuple(Failure(instance_id=id_, code="NotHealthy", message="It never got ready.") for id_ in ids)
            happened.append(
                events.BatchFailed(at=at + 358.0, batch=batch, failures=failures, instances=scale_set.instances)
            )
        else:
            happened.append(events.BatchPassed(at=at + 358.0, batch=batch, instances=scale_set.instances))
    ending = Ending(outcome=Outcome.HALTED, reason="the last batch failed.", failures=failures)
    return report_of([*happened, events.RolloutFinished(at=BATCHES * SECONDS, ending=ending)])


def _look(scale_set: ScaleSet, step: int, ids: tuple[str, ...]) -> ScaleSet:
    """Return the next look: two more instances are reinstalled, and one elsewhere loses or regains its health."""
    scale_set = changed(
        scale_set, ids[step : step + 2], image=NEW, provisioning_state="Updating", health=Health.UNKNOWN
    )
    elsewhere = str((int(ids[0]) + 500) % 1000)
    return changed(scale_set, elsewhere, health=(Health.UNHEALTHY, Health.HEALTHY)[step // 2 % 2])
