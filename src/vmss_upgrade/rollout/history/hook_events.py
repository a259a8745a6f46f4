"""What happened at hooks, and the endings that they bring about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vmss_upgrade.rollout.history.events import Event
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.wording import clause, instances_named, sentence
from vmss_upgrade.rollout.zero_downtime.hook_answers import Meaning, Verdict
from vmss_upgrade.rollout.zero_downtime.hook_calls import HookCall
from vmss_upgrade.rollout.zero_downtime.hooks import Phase

_GO_ON: Final = "run the workflow again with the same inputs: instances on the target image are skipped."
_UNREACHABLE: Final = (
    "See what its log says. A hosted runner of GitHub reaches no private addresses, and the action's container not the "
    "loopback of the runner. Then "
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HookOwed(Event):
    """From now on the hook after a batch has to be called, whatever becomes of the run; by `call` if it is killed."""

    call: HookCall


@dataclass(frozen=True, slots=True, kw_only=True)
class HookCalled(Event):
    """A hook is about to be called."""

    call: HookCall


@dataclass(frozen=True, slots=True, kw_only=True)
class HookAnswered(Event):
    """A hook was called, and no further try is made; `verdict` is on its last answer, after `seconds`.

    `is_owed`: there was no time left, so that the post step calls it once more.
    """

    call: HookCall
    verdict: Verdict
    seconds: float
    is_owed: bool = False


def in_words(verdict: Verdict) -> str:
    """Return what the last answer of a hook was, as part of a sentence."""
    reason = clause(verdict.reason)
    match verdict.meaning:
        case Meaning.STOP:
            return f"asks to stop{f': {reason}' if reason else ''}"
        case Meaning.WAIT:
            return f"still asked to wait when its time was over{f': {reason}' if reason else ''}"
        case Meaning.POLL:
            return "was still at work when its time was over"
        case Meaning.NO_ANSWER:
            return f"gave no answer in its time: {reason}"
        case Meaning.SKIP:
            left = instances_named(verdict.skipped)
            return f"leaves {left} for later{f': {reason}' if reason else ''}"
        case Meaning.GO_ON:
            return f"says go on{f': {reason}' if reason else ''}"
        case Meaning.WRONG:
            return f"failed: {reason}"


def in_sentence(call: HookCall, verdict: Verdict) -> str:
    """Return what the last answer of a hook was, in a sentence."""
    about = f" (after batch {call.number})" if call.phase is Phase.AFTER else ""
    return sentence(f"`{call.phase.input}`{about} {in_words(verdict)}")


def by_hook(call: HookCall, verdict: Verdict, *, wrote: bool) -> Ending:
    """End a run whose hook stops it, or fails: before a batch, or after one that passed."""
    reason = in_sentence(call, verdict)
    if call.phase is Phase.BEFORE:
        reason = f"batch {call.number} was not started: {reason}"
    begins = {Meaning.NO_ANSWER: _UNREACHABLE, Meaning.WRONG: "Correct what answers there, then "}
    remedy = f"{begins.get(verdict.meaning, 'Once that is settled, ')}{_GO_ON}"
    return Ending(Outcome.HALTED if wrote else Outcome.REFUSED, reason, remedy)


def by_put_off(ids: Sequence[str], reason: str) -> Ending:
    """End a run after which instances are left that the hook before their batch has put off to the end."""
    why = f", the last time because of: {clause(reason)}" if reason else ""
    text = f"everything else is done, but `before-batch-url` left {instances_named(ids)} for later{why}."
    return Ending(Outcome.PARTIAL, text, f"Later, {_GO_ON}")
