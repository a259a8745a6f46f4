"""How a rollout ends that Azure has rolled: the whole text of each ending."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from builders import SUBSCRIPTION, model
from vmss_upgrade.rollout.failures import Failure, FailureCode, Problem
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.native.endings import (
    by_bad_instance,
    by_cancellation,
    by_fault,
    by_gate,
    by_no_roll,
    by_other,
    by_standstill,
    with_manual_mode,
)
from vmss_upgrade.rollout.native.roll import Roll, RollCode

AT_WORK = Roll(code=RollCode.FORWARD, word="RollingForward", started="2026-01-01T00:00:02+00:00")
CANCELLED = Roll(code=RollCode.CANCELLED, word="Cancelled")
FAULTED = Roll(code=RollCode.FAULTED, word="Faulted")
SAYS_WHY = replace(FAULTED, error_code="InternalExecutionError", error_message="The sky fell.")
BAD = Failure("1", "OSProvisioningTimedOut", "OS provisioning did not finish.")
LATE = Failure("2", FailureCode.NOT_ON_TARGET, "still runs the old image")
WROTE = Problem("Conflict", "Another write is at work.")

GO_ON = "Run again with the same inputs: Azure goes on with what is behind the model."
LOOK = "Look into what is named here, then run again"


def halted(reason: str, remedy: str, *failures: Failure) -> Ending:
    return Ending(Outcome.HALTED, reason, remedy, failures)


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        pytest.param(
            lambda: by_bad_instance(CANCELLED, (BAD, LATE), ("1", "2"), is_gone=True),
            halted(
                "Azure's rolling upgrade was cancelled: instance 1: OSProvisioningTimedOut, OS provisioning did not "
                "finish (and 1 more). Not on the target image: 1, 2.",
                f"{LOOK} with the same inputs, or use `operation: rollback`.",
                BAD,
                LATE,
            ),
            id="bad-instance",
        ),
        pytest.param(
            lambda: by_bad_instance(AT_WORK, (BAD,), (), is_gone=False),
            halted(
                "Azure's rolling upgrade may still be at work: instance 1: OSProvisioningTimedOut, OS provisioning did "
                "not finish.",
                f"{LOOK} with the same inputs, or use `operation: rollback`.",
                BAD,
            ),
            id="bad-instance-and-the-cancellation-is-not-seen",
        ),
        pytest.param(
            lambda: by_cancellation(CANCELLED, (), ("1", "4")),
            halted(
                "Azure's rolling upgrade was cancelled, and not by this run. Not on the target image: 1, 4.",
                f"The activity log of the scale set says who did it. {GO_ON}",
                Failure("", "RollingUpgradeCanceled", "It was cancelled."),
            ),
            id="cancelled-without-a-word",
        ),
        pytest.param(
            lambda: by_cancellation(replace(CANCELLED, error_code="Odd", error_message="Ada did it."), (), ()),
            halted(
                "Azure's rolling upgrade was cancelled, and not by this run.",
                f"The activity log of the scale set says who did it. {GO_ON}",
                Failure("", "Odd", "Ada did it."),
            ),
            id="cancelled-and-azure-says-why",
        ),
        pytest.param(
            lambda: by_cancellation(CANCELLED, (BAD,), ()),
            halted(
                "Azure's rolling upgrade was cancelled, and not by this run.",
                f"The activity log of the scale set says who did it. {GO_ON}",
                BAD,
            ),
            id="cancelled-with-a-bad-instance",
        ),
        pytest.param(
            lambda: by_fault(FAULTED, None, (), ()),
            halted(
                "Azure gave the rolling upgrade up (Faulted): Azure does not say why.",
                f"{LOOK} with the same inputs.",
                Failure("", "Faulted", "Azure does not say why"),
            ),
            id="fault-without-a-word",
        ),
        pytest.param(
            lambda: by_fault(None, None, (), ()),
            halted(
                "Azure gave the rolling upgrade up (Faulted): Azure does not say why.",
                f"{LOOK} with the same inputs.",
                Failure("", "Faulted", "Azure does not say why"),
            ),
            id="fault-of-which-nothing-is-shown",
        ),
        pytest.param(
            lambda: by_fault(None, WROTE, (), ("2",)),
            halted(
                "Azure gave the rolling upgrade up (Conflict): Another write is at work. Not on the target image: 2.",
                f"{LOOK} with the same inputs.",
                Failure("", "Conflict", "Another write is at work."),
            ),
            id="fault-by-the-operation-of-the-write",
        ),
        pytest.param(
            lambda: by_fault(SAYS_WHY, WROTE, (BAD,), ()),
            halted(
                "Azure gave the rolling upgrade up (InternalExecutionError): Azure failed by itself. First: instance "
                "1: OSProvisioningTimedOut, OS provisioning did not finish.",
                "Run again later with the same inputs.",
                BAD,
            ),
            id="fault-by-the-code-before-the-operation",
        ),
        pytest.param(
            lambda: by_fault(SAYS_WHY, None, (), ()),
            halted(
                "Azure gave the rolling upgrade up (InternalExecutionError): Azure failed by itself.",
                "Run again later with the same inputs.",
                Failure("", "InternalExecutionError", "The sky fell."),
            ),
            id="fault-of-no-instance",
        ),
        pytest.param(
            lambda: by_other(AT_WORK),
            halted(
                "another rolling upgrade is at work on the scale set (started 2026-01-01T00:00:02+00:00): another "
                "client's, or Azure's own.",
                "Wait for its end, then run again with the same inputs.",
            ),
            id="another-one",
        ),
        pytest.param(
            lambda: by_other(replace(AT_WORK, started="")),
            halted(
                "another rolling upgrade is at work on the scale set: another client's, or Azure's own.",
                "Wait for its end, then run again with the same inputs.",
            ),
            id="another-one-without-a-start",
        ),
        pytest.param(
            lambda: by_other(None, wrote=False),
            Ending(
                Outcome.REFUSED,
                "another rolling upgrade is at work on the scale set: another client's, or Azure's own.",
                "Wait for its end, then run again with the same inputs.",
            ),
            id="another-one-before-the-write",
        ),
        pytest.param(
            lambda: by_no_roll(("0",)),
            halted(
                "the model holds the target image, but Azure shows no rolling upgrade of it. Not on the target image: "
                "0.",
                "Run again; or set the mode to Manual, in which this action makes the batches.",
            ),
            id="none",
        ),
        pytest.param(
            lambda: by_gate((LATE, BAD)),
            halted(
                "Azure's rolling upgrade has ended, but not every instance is as it should be: instance 2: "
                "NotOnTarget, still runs the old image (and 1 more).",
                f"{LOOK}.",
                LATE,
                BAD,
            ),
            id="not-by-the-instances",
        ),
        pytest.param(
            lambda: by_standstill(CANCELLED, 5400, ("0",), is_gone=True),
            Ending(
                Outcome.TIMED_OUT,
                "Azure's rolling upgrade made no progress for 1h30m (`batch-timeout`), and was cancelled. Not on the "
                "target image: 0.",
                GO_ON,
            ),
            id="standstill",
        ),
        pytest.param(
            lambda: by_standstill(None, 60, (), is_gone=True),
            Ending(
                Outcome.TIMED_OUT,
                "Azure's rolling upgrade made no progress for 1m00s (`batch-timeout`), and has ended.",
                GO_ON,
            ),
            id="standstill-and-it-is-gone",
        ),
        pytest.param(
            lambda: with_manual_mode(by_fault(SAYS_WHY, None, (BAD,), ()), model()),
            halted(
                "Azure gave the rolling upgrade up (InternalExecutionError): Azure failed by itself. First: instance "
                "1: OSProvisioningTimedOut, OS provisioning did not finish.",
                "Run again later with the same inputs. Azure's limits do not hold in mode Manual, in which this action "
                f"makes the batches, unhealthy instances first: az vmss update --subscription {SUBSCRIPTION} -g rg "
                "-n web --set upgradePolicy.mode=Manual",
                BAD,
            ),
            id="a-way-back-that-failed",
        ),
    ],
)
def test_the_ending(ends: Callable[[], Ending], expected: Ending) -> None:
    assert ends() == expected
