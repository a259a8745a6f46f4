"""The report of the post step on a main step that was killed: what was under way, and how to go on."""

from __future__ import annotations

from vmss_upgrade.job.progress import Progress, Stage
from vmss_upgrade.reporters.sanitiser.text import count, markdown
from vmss_upgrade.rollout.wording import listed

TITLE = "The main step was killed"
GO_ON = "To go on, run the workflow again with the same inputs: instances on the target image are skipped."
_HAPPENED = "The main step was killed before it could write summary and outputs."
_STILL_AT_WORK = "Azure may still be at work on that; the next run waits for it."
_CANCELS_IT = "The post step cancels it, where it is; what is being upgraded then goes on."


def in_sentences(progress: Progress | None) -> tuple[str, ...]:
    """Return what happened, what was under way (not known without progress), and how to go on. Names are as saved."""
    if progress is not None and progress.way_back and progress.stage is Stage.RESTORING_MODEL:
        back = f"To make sure of it, run the workflow again with {progress.way_back}, which returns the instances, too."
        return (_HAPPENED, *_left(progress), back, GO_ON)
    if progress is not None and progress.way_back:
        back = f"A rollback to {progress.target} was under way."
        go_on = f"To go on with the rollback, run the workflow again with {progress.way_back}"
        return (_HAPPENED, back, *_left_of_rollback(progress), f"{go_on}: instances that have returned are skipped.")
    return (_HAPPENED, *_left(progress), GO_ON)


def as_markdown(progress: Progress | None) -> str:
    """Return the sentences for the step summary."""
    happened, *rest = (markdown(sentence) for sentence in in_sentences(progress))
    return "\n".join([f"## ❌ {TITLE}", "", happened, "", *(f"- {sentence}" for sentence in rest)]) + "\n\n"


def _left(progress: Progress | None) -> tuple[str, ...]:
    if progress is None:
        return ("What was under way is not known.", _STILL_AT_WORK)
    image = progress.target or "the target image"
    batch = _batch_in_words(progress)
    match progress.stage:
        case Stage.READING:
            return ("Nothing had been changed, neither the model nor an instance.",)
        case Stage.UPDATING_MODEL:
            return (f"The update of the model to {image} was under way; no instance was touched.", _STILL_AT_WORK)
        case Stage.MODEL_HELD:
            return (f"The model holds {image}; no instance was touched.",)
        case Stage.ROLLING:
            return (f"Azure's rolling upgrade to {image} was asked for, or at work.", _CANCELS_IT)
        case Stage.UPGRADING:
            return (f"{batch} was being upgraded to {image}, or about to be.", _STILL_AT_WORK)
        case Stage.PASSED:
            return (f"{batch} was upgraded to {image}, and passed; nothing was under way.",)
        case Stage.RESTORING_MODEL:
            restoring = f"{batch} had failed, and the previous image {image} was being put back into the model."
            return (restoring, _STILL_AT_WORK)
        case Stage.MODEL_RESTORED:
            return (f"{batch} had failed, and the model holds the previous image {image} again.",)
        case Stage.FAILED:
            return (f"{batch} had failed on the way to {image}, and the run was about to end or to roll back.",)
    return ()


def _left_of_rollback(progress: Progress) -> tuple[str, ...]:
    match progress.stage:
        case Stage.READING | Stage.TURNED_BACK:
            return ("No instance had returned yet.",)
        case Stage.UPDATING_MODEL:
            return ("The update of the model was under way; no instance had been asked to return.", _STILL_AT_WORK)
        case Stage.MODEL_HELD:
            return ("The model holds that image; no instance had been asked to return.",)
    return _left(progress)


def _batch_in_words(progress: Progress) -> str:
    of = f" of {progress.of}" if progress.of else ""
    more = progress.size - len(progress.instances)
    names = listed(progress.instances, len(progress.instances)) + (f" and {more} more" if more > 0 else "")
    size = count(progress.size, "instance")
    return f"Batch {progress.batch}{of} ({size}: {names})" if progress.size else f"Batch {progress.batch}{of}"
