"""What is left after a run, and what to do about it: one list for log and summary.

Each sentence and each command is empty if it does not apply.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vmss_upgrade.reporters.sanitiser.text import count
from vmss_upgrade.reporters.sentences.phrases import short_name
from vmss_upgrade.rollout.az_commands import look_closer, put_image_back, read_boot_log, rollback_to
from vmss_upgrade.rollout.failures import FailureCode
from vmss_upgrade.rollout.history.outcome import AzureWork, Outcome
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.model import Model
from vmss_upgrade.rollout.order import Command
from vmss_upgrade.rollout.policy import OnFailure
from vmss_upgrade.rollout.wording import listed


@dataclass(frozen=True, slots=True)
class NextStep:
    """One thing to know or to do, and the command that does it, if there is one."""

    sentence: str
    command: str = ""


def next_steps(report: Report) -> list[NextStep]:
    """Return what a reader should know and do next; nothing after a good end without a remedy."""
    ending = report.ending
    if ending is None or (ending.outcome.exit_code == 0 and not ending.remedy):
        return []
    remaining, at_work, repairs = left_undone(report), in_flight(report), _repairs_notice(report)
    sentences = (_instead_of_stop(report), remaining, at_work, repairs, ending.remedy, _how_to_return(report))
    commands = (
        ("To see what Azure knows about the instance:", _on_failed(report, look_closer)),
        ("To see what it printed as it booted, where boot diagnostics are on:", _on_failed(report, read_boot_log)),
        ("To put the previous image back into the model:", "" if _rolls(report) else way_back(report)),
    )
    return [
        *(NextStep(sentence) for sentence in sentences if sentence),
        *(NextStep(sentence, command) for sentence, command in commands if command),
    ]


def remedy(report: Report) -> str:
    """Return what to do next, and first of all what would have taken the failed image out of the model."""
    return " ".join(filter(None, (_instead_of_stop(report), report.ending.remedy if report.ending else "")))


def _instead_of_stop(report: Report) -> str:
    """Say after a plain stop, which left the failed image in the model, what would have taken it out."""
    stops = report.policy is not None and report.policy.on_failure is OnFailure.STOP and not report.goes_back
    called_for = report.ending is not None and report.ending.calls_for_rollback
    if not (stops and called_for and model_notice(report)):
        return ""
    if _rolls(report):
        return "`on-failure: rollback` would have returned the instances."
    return (
        "`on-failure: restore-model` would have put the previous image back into the model at once, `on-failure: "
        "rollback` would have returned the instances, too."
    )


def _rolls(report: Report) -> bool:
    """Return whether Azure rolls the set: then the image in the model is never put back for itself."""
    return report.plan is not None and report.plan.rolls is not None


def left_undone(report: Report) -> str:
    """Name the instances that were not reached."""
    if report.not_returned:
        return f"Not returned: {count(len(report.not_returned), 'instance')} ({listed(report.not_returned)})."
    if report.plan is None or report.rollback is not None or not report.remaining:
        return ""
    return f"Left undone: {count(len(report.remaining), 'instance')} ({listed(report.remaining)})."


def in_flight(report: Report) -> str:
    """Say what Azure goes on doing after the end of the run."""
    at_work = [record for record in report.batches if record.azure_work is not AzureWork.NONE]
    if not at_work:
        return ""
    batch = at_work[-1].batch
    goes_on = "goes on" if at_work[-1].azure_work is AzureWork.CERTAIN else "may go on"
    return f"Azure {goes_on} upgrading the instances of batch {batch.number} ({listed(batch.instance_ids)})."


def model_notice(report: Report) -> str:
    """Say which image new instances will get after a run that did not finish."""
    if report.ending is None or report.plan is None or report.ending.outcome.exit_code == 0:
        return ""
    somebody_elses = any(failure.code is FailureCode.MODEL_CHANGED for failure in report.ending.failures)
    if report.ending.outcome is Outcome.REFUSED or somebody_elses:
        return ""
    restored = report.rollback.reaches if report.rollback else report.puts_back
    if restored is not None and report.model_restored:
        return f"The model holds the previous image again ({short_name(restored)}): new instances will get it."
    which = "previous" if report.command is Command.ROLLBACK else "target"
    image = f"{which} image {short_name(report.plan.reaches)}"
    if report.puts_back is not None:
        return f"The model may still hold the {image}: new instances would then get it."
    if report.plan.update_model and not report.model_may_hold_target:
        return ""
    if report.plan.update_model and report.model_update_seconds is None:
        return f"The model may hold the {image} already: new instances would then get it."
    return f"The model holds the {image}: new instances will get it."


def _repairs_notice(report: Report) -> str:
    """Warn that this run may have left automatic repairs suspended."""
    if report.ending is None or not report.repairs_suspended:
        return ""
    return "Automatic instance repairs may still be suspended; the post step of this action resumes them."


def how_to_finish_rollback(report: Report) -> str:
    """Return the inputs that go on with a rollback that ended early."""
    if not report.goes_back or report.way is None:
        return ""
    return f"To go on, run this action with {rollback_to(report.way.reaches, instead_of=report.way.leaves)}."


def _how_to_return(report: Report) -> str:
    """Return the inputs that undo what was done, instances included; empty if a rollback was tried already."""
    by_hand = report.command is Command.ROLLBACK
    if by_hand and report.ending and report.ending.outcome in (Outcome.HALTED, Outcome.TIMED_OUT):
        return how_to_finish_rollback(report)
    is_restored = report.puts_back is not None and report.model_restored
    if report.rollback is not None or report.previous is None or report.previous.is_floating:
        return ""
    inputs = rollback_to(report.previous, instead_of=report.target)
    if is_restored:
        return f"To return the instances to the previous image, too, run this action with {inputs}."
    if not way_back(report):
        return ""
    return f"To return model and instances to the previous image, run this action with {inputs}."


def way_back(report: Report) -> str:
    """Return the command that puts the previous image back into the model."""
    is_left_alone = report.command is Command.UPGRADE_INSTANCES and report.puts_back is None
    is_ours = not is_left_alone and report.command is not Command.ROLLBACK and not report.model_restored
    if not model_notice(report) or report.model is None or report.previous is None or not is_ours:
        return ""
    return put_image_back(report.model, report.previous, instead_of=report.plan.reaches if report.plan else None)


def _on_failed(report: Report, command: Callable[[Model, str], str]) -> str:
    """Return a command on the first failed instance, as long as the failure has not been undone."""
    is_settled = report.ending is not None and report.ending.outcome is Outcome.ROLLED_BACK
    if report.model is None or not report.failed or is_settled:
        return ""
    return command(report.model, report.failed[0])
