"""How a run ends, by what ended it: the whole ending, as its user reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from builders import NEW, OLD, fleet, plan_of, whole
from vmss_upgrade.errors import AzureError, PlanRefused, Trouble, VmssUpgradeError
from vmss_upgrade.rollout.failures import Failure, FailureCode
from vmss_upgrade.rollout.findings import refuse
from vmss_upgrade.rollout.history import endings
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.model import HealthSignal
from vmss_upgrade.rollout.planning.plan import Batch, SkipReason
from vmss_upgrade.rollout.policy import Share
from vmss_upgrade.rollout.scale_set import Domain, DomainKind
from vmss_upgrade.rollout.watching.health_gate import HealthGate

BATCH = Batch(2, Domain(kind=DomainKind.SET), ("0", "1"))
BAD_BEFORE = Failure("0", FailureCode.NOT_HEALTHY_ELSEWHERE, "health is unhealthy", is_older=True)
UNHEALTHY = Failure("0", FailureCode.NOT_HEALTHY, "health is unhealthy.", blames_image=True)
LATE = Failure("1", FailureCode.BATCH_TIMEOUT, "the batch took too long.")
NO_QUOTA = Failure("", "OperationNotAllowed", "It exceeds the quota.", correlation_id="c-1")
RAISE_QUOTA = (
    "Have the quota that Azure names raised, or free some of it (`az vm list-usage --location REGION` shows what is "
    "used), then run again."
)
AGAIN = "Run the workflow again with the same inputs to go on: instances on the target image are skipped."


def azure_error(trouble: Trouble = Trouble.REJECTED) -> AzureError:
    """Return what Azure says where there is no quota."""
    return AzureError(
        NO_QUOTA.message,
        trouble=trouble,
        code=NO_QUOTA.code,
        doing="upgrading instances",
        remedy="Ask for more.",
        correlation_id=NO_QUOTA.correlation_id,
    )


def gate(*failures: Failure) -> HealthGate:
    """Return a gate that has failed."""
    return HealthGate(
        instance_ids=BATCH.instance_ids,
        target=NEW,
        signal=HealthSignal.PROBE,
        opened_at=0.0,
        health_timeout=60.0,
        bake_time=0.0,
        failures=failures,
    )


@pytest.mark.parametrize(
    ("end", "outcome", "reason", "remedy", "failures"),
    [
        pytest.param(
            lambda: endings.refused([refuse("The mode is Rolling.", "Set it to Manual.")]),
            Outcome.REFUSED,
            "The mode is Rolling.",
            "Set it to Manual.",
            (),
            id="refused",
        ),
        pytest.param(
            lambda: endings.refused([refuse("First.", "Do this."), refuse("Second.", "Do that.")]),
            Outcome.REFUSED,
            "First. (1 more above.)",
            "Do this.",
            (),
            id="refused-for-two-reasons",
        ),
        pytest.param(
            lambda: endings.by_refusal(PlanRefused("No zone.", "Take another."), wrote=False),
            Outcome.REFUSED,
            "No zone.",
            "Take another.",
            (),
            id="no-plan",
        ),
        pytest.param(
            lambda: endings.by_refusal(PlanRefused("No zone.", "Take another."), wrote=True),
            Outcome.HALTED,
            "No zone.",
            "Take another.",
            (),
            id="no-plan-after-a-write",
        ),
        pytest.param(
            lambda: endings.by_azure(azure_error(), wrote=True),
            Outcome.HALTED,
            "upgrading instances failed: OperationNotAllowed, It exceeds the quota.",
            "Ask for more.",
            (NO_QUOTA,),
            id="azure-refused-a-write",
        ),
        pytest.param(
            lambda: endings.by_azure(azure_error(Trouble.NOT_FOUND), wrote=False),
            Outcome.REFUSED,
            "upgrading instances failed: OperationNotAllowed, It exceeds the quota.",
            "Ask for more.",
            (NO_QUOTA,),
            id="not-found-from-the-first",
        ),
        pytest.param(
            lambda: endings.by_azure(azure_error(Trouble.NOT_FOUND), wrote=True),
            Outcome.HALTED,
            "upgrading instances failed: OperationNotAllowed, It exceeds the quota.",
            "Azure found it earlier in this run: see whether the scale set still exists, and if so, run again.",
            (NO_QUOTA,),
            id="found-before-and-not-any-more",
        ),
        pytest.param(
            lambda: endings.signal_lost(HealthSignal.PROBE, wrote=True),
            Outcome.HALTED,
            "SignalLost: the model no longer has the load balancer health probe, so health cannot be proven any more.",
            "Put the health signal back into the model, then run again.",
            (Failure("", FailureCode.SIGNAL_LOST, "the model no longer has the load balancer health probe"),),
            id="signal-lost",
        ),
        pytest.param(
            lambda: endings.out_of_time(VmssUpgradeError("Two hours are over.", "Run again.")),
            Outcome.TIMED_OUT,
            "Two hours are over.",
            "Run again.",
            (),
            id="out-of-time",
        ),
        pytest.param(
            lambda: endings.by_failed_batch(BATCH, gate(UNHEALTHY, LATE)),
            Outcome.HALTED,
            "batch 2 failed: instance 0: NotHealthy, health is unhealthy (and 1 more).",
            "Look into what is named here; nothing further was touched.",
            (UNHEALTHY, LATE),
            id="failed-batch",
        ),
        pytest.param(
            lambda: endings.by_failed_batch(BATCH, gate(LATE)),
            Outcome.TIMED_OUT,
            "batch 2 failed: instance 1: BatchTimeout, the batch took too long.",
            "Look into what is named here; nothing further was touched.",
            (LATE,),
            id="batch-out-of-time",
        ),
        pytest.param(
            lambda: endings.by_failed_batch(BATCH, gate(NO_QUOTA)),
            Outcome.HALTED,
            "batch 2 failed: OperationNotAllowed, It exceeds the quota.",
            f"{RAISE_QUOTA} Nothing further was touched.",
            (NO_QUOTA,),
            id="failed-batch-with-a-known-remedy",
        ),
        pytest.param(
            lambda: endings.by_unaccepted_batch(BATCH, azure_error(), "`timeout` (2h00m)"),
            Outcome.TIMED_OUT,
            "Azure did not take batch 2 on before `timeout` (2h00m) passed: OperationNotAllowed, It exceeds the quota.",
            "Run the workflow again later.",
            (NO_QUOTA,),
            id="batch-not-accepted",
        ),
        pytest.param(
            lambda: endings.by_the_rest([UNHEALTHY, LATE]),
            Outcome.HALTED,
            "the next batch may not start: instance 0: NotHealthy, health is unhealthy (and 1 more).",
            endings.LOOK_INTO,
            (UNHEALTHY, LATE),
            id="the-rest-is-unhealthy",
        ),
        pytest.param(
            lambda: endings.by_the_rest([BAD_BEFORE]),
            Outcome.HALTED,
            "the next batch may not start: instance 0: NotHealthyElsewhere, health is unhealthy.",
            "Repair, restart or reimage instance 0, which was not healthy on the target image already when this run "
            "began, and run again; or go back, with `operation: rollback` and the earlier image as `image`.",
            (BAD_BEFORE,),
            id="the-rest-was-unhealthy-before",
        ),
        pytest.param(
            lambda: endings.by_the_rest([BAD_BEFORE, replace(BAD_BEFORE, instance_id="7")]),
            Outcome.HALTED,
            "the next batch may not start: instance 0: NotHealthyElsewhere, health is unhealthy (and 1 more).",
            "Repair, restart or reimage instances 0, 7, which were not healthy on the target image already when this "
            "run began, and run again; or go back, with `operation: rollback` and the earlier image as `image`.",
            (BAD_BEFORE, replace(BAD_BEFORE, instance_id="7")),
            id="two-were-unhealthy-before",
        ),
        pytest.param(
            lambda: endings.by_the_rest([BAD_BEFORE, UNHEALTHY]),
            Outcome.HALTED,
            "the next batch may not start: instance 0: NotHealthyElsewhere, health is unhealthy (and 1 more).",
            endings.LOOK_INTO,
            (BAD_BEFORE, UNHEALTHY),
            id="one-of-two-was-unhealthy-before",
        ),
        pytest.param(
            lambda: endings.by_the_rest([NO_QUOTA]),
            Outcome.HALTED,
            "the next batch may not start: OperationNotAllowed, It exceeds the quota.",
            RAISE_QUOTA,
            (NO_QUOTA,),
            id="the-rest-with-a-known-remedy",
        ),
        pytest.param(
            lambda: endings.by_last_look([UNHEALTHY]),
            Outcome.HALTED,
            "not every instance is healthy: instance 0: NotHealthy, at the end of the rollout: health is unhealthy.",
            endings.LOOK_INTO,
            (
                Failure(
                    "0",
                    FailureCode.NOT_HEALTHY,
                    "at the end of the rollout: health is unhealthy.",
                    blames_image=True,
                ),
            ),
            id="the-last-look",
        ),
        pytest.param(
            lambda: endings.not_returned({"0": SkipReason.PROTECTED, "3": None}, OLD),
            Outcome.HALTED,
            f"instances do not run {OLD} again: 0, 3.",
            "",
            (
                Failure(
                    "0",
                    FailureCode.NOT_RETURNED,
                    f"does not run {OLD} again: it is protected from scale set actions",
                ),
                Failure("3", FailureCode.NOT_RETURNED, f"does not run {OLD} again"),
            ),
            id="not-returned",
        ),
        pytest.param(
            lambda: endings.still_old([BATCH, Batch(3, BATCH.domain, ("7",))]),
            Outcome.HALTED,
            "instances still run another image after the extra pass: 0, 1, 7.",
            "Find out what creates instances with the old image, then run again.",
            (),
            id="still-old",
        ),
        pytest.param(
            lambda: endings.no_time_for(BATCH, 300.0, 200.0, 3600.0),
            Outcome.TIMED_OUT,
            "batch 2 was not started: one took up to 5m00s, and 3m20s are left of `timeout` (1h00m).",
            AGAIN,
            (),
            id="no-time-for-another-batch",
        ),
        pytest.param(
            lambda: endings.after_rollback(
                Ending(outcome=Outcome.HALTED, reason="It failed.", remedy="x", failures=(UNHEALTHY,)),
                Ending(outcome=Outcome.SUCCEEDED, reason="All returned."),
                OLD,
                instead_of=NEW,
            ),
            Outcome.ROLLED_BACK,
            "It failed.",
            "Look into what is named here before you try this image again.",
            (UNHEALTHY,),
            id="rolled-back",
        ),
        pytest.param(
            lambda: endings.after_rollback(
                Ending(outcome=Outcome.HALTED, reason="It failed.", failures=(UNHEALTHY,)),
                Ending(outcome=Outcome.TIMED_OUT, reason="No time.", failures=(LATE,)),
                OLD,
                instead_of=NEW,
            ),
            Outcome.ROLLBACK_FAILED,
            "It failed. The rollback failed, too: No time.",
            "Look into what is named here. Then go on with `operation: rollback` and `image-version: 1.0.0`.",
            (UNHEALTHY, LATE),
            id="the-rollback-failed",
        ),
        pytest.param(
            lambda: endings.succeeded(HealthSignal.PROBE, is_current=True),
            Outcome.SUCCEEDED,
            "Every selected instance that can be upgraded is on the target image, current and healthy.",
            "",
            (),
            id="succeeded",
        ),
        pytest.param(
            lambda: endings.succeeded(HealthSignal.NONE, is_current=False),
            Outcome.SUCCEEDED,
            "Health was not proven: every selected instance that can be upgraded is on the target image and "
            "provisioned and running. They are not current: somebody changed the rest of the model meanwhile.",
            "",
            (),
            id="succeeded-unproven-and-not-current",
        ),
        pytest.param(
            lambda: endings.partial(plan_of(fleet("001122"), policy=whole(stop_after=Share(2)))),
            Outcome.PARTIAL,
            "stopped as `stop-after` asks, after 2 of 3 batches.",
            AGAIN,
            (),
            id="partial",
        ),
        pytest.param(
            lambda: endings.model_updated(plan_of(fleet("0011"))),
            Outcome.MODEL_UPDATED,
            "Only the model was to be updated; no instance was touched.",
            "`operation: upgrade-instances` brings the instances to it.",
            (),
            id="model-updated",
        ),
        pytest.param(
            lambda: endings.model_updated(plan_of(fleet("0011", image=NEW))),
            Outcome.NOTHING_TO_DO,
            "The model holds the target image already.",
            "",
            (),
            id="model-updated-before",
        ),
    ],
)
def test_an_ending(
    end: Callable[[], Ending], outcome: Outcome, reason: str, remedy: str, failures: tuple[Failure, ...]
) -> None:
    assert end() == Ending(outcome=outcome, reason=reason, remedy=remedy, failures=failures)


@pytest.mark.parametrize(
    ("failures", "is_stuck"),
    [
        pytest.param((), False, id="none"),
        pytest.param((LATE,), True, id="out-of-time"),
        pytest.param(
            tuple(
                Failure(str(number), code, "x")
                for number, code in enumerate(
                    (
                        FailureCode.STILL_UPDATING,
                        FailureCode.NOT_ON_TARGET,
                        FailureCode.NOT_PROVISIONED,
                        FailureCode.NOT_SEEN,
                    )
                )
            ),
            True,
            id="not-there-yet",
        ),
        pytest.param((LATE, UNHEALTHY), False, id="one-is-unhealthy"),
        pytest.param((Failure("0", LATE.code, "x", blames_image=True),), False, id="out-of-time-and-unhealthy"),
    ],
)
def test_an_upgrade_that_did_not_end_says_nothing_of_other_instances(
    failures: tuple[Failure, ...], is_stuck: bool
) -> None:
    assert endings.is_stuck(Ending(outcome=Outcome.HALTED, reason="It failed.", failures=failures)) is is_stuck


def test_a_lost_signal_before_any_write_is_a_refusal() -> None:
    assert endings.signal_lost(HealthSignal.PROBE, wrote=False).outcome is Outcome.REFUSED
