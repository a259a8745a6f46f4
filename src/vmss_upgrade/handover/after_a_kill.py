"""What the post step says of a main step that was killed: what was under way, and how to go on."""

from __future__ import annotations

from vmss_upgrade.handover.progress import Stage, UnderWay
from vmss_upgrade.reporters.sanitiser.text import count, markdown
from vmss_upgrade.rollout.wording import listed

TITLE = "The main step was killed"
GO_ON = "To go on, run the workflow again with the same inputs: instances on the target image are skipped."
_HAPPENED = "The main step did not come to its end: something killed it before it could write summary and outputs."
_STILL_AT_WORK = "Azure may still be at work on that; the next run waits for it."


def in_sentences(under_way: UnderWay | None) -> tuple[str, ...]:
    """What happened, what was under way, and how to go on; None: that it is not known. Foreign names are as saved."""
    if under_way is not None and under_way.way_back:
        back = f"A rollback to {under_way.target} was under way."
        return (_HAPPENED, back, *_left_of_rollback(under_way), _go_on_back(under_way))
    return (_HAPPENED, *_left(under_way), GO_ON)


def as_markdown(under_way: UnderWay | None) -> str:
    """The same, for the step summary."""
    happened, *rest = (markdown(sentence) for sentence in in_sentences(under_way))
    return "\n".join([f"## ❌ {TITLE}", "", happened, "", *(f"- {sentence}" for sentence in rest)]) + "\n\n"


def _left(under_way: UnderWay | None) -> tuple[str, ...]:
    if under_way is None:
        return ("What was under way is not known.", _STILL_AT_WORK)
    image = under_way.target or "the target image"
    batch = _batch_in_words(under_way)
    match under_way.stage:
        case Stage.READING:
            return ("Nothing had been changed, neither the model nor an instance.",)
        case Stage.UPDATING_MODEL:
            return (f"The update of the model to {image} was under way; no instance was touched.", _STILL_AT_WORK)
        case Stage.MODEL_HELD:
            return (f"The model holds {image}; no instance was touched.",)
        case Stage.UPGRADING:
            return (f"{batch} was being upgraded to {image}, or about to be.", _STILL_AT_WORK)
        case Stage.PASSED:
            return (f"{batch} was upgraded to {image}, and passed; nothing was under way.",)
        case Stage.FAILED:
            return (f"{batch} had failed on the way to {image}, and the run was about to end or to turn back.",)
    return ()


def _left_of_rollback(under_way: UnderWay) -> tuple[str, ...]:
    match under_way.stage:
        case Stage.READING | Stage.TURNED_BACK:
            return ("Nothing had returned yet.",)
        case Stage.UPDATING_MODEL:
            return ("The update of the model was under way; no instance had been asked to return.", _STILL_AT_WORK)
        case Stage.MODEL_HELD:
            return ("The model holds that image; no instance had been asked to return.",)
    return _left(under_way)


def _go_on_back(under_way: UnderWay) -> str:
    return (
        f"To go on with the rollback, run the workflow again with {under_way.way_back}: instances that have returned "
        "are skipped."
    )


def _batch_in_words(under_way: UnderWay) -> str:
    of = f" of {under_way.of}" if under_way.of else ""
    more = under_way.size - len(under_way.instances)
    names = listed(under_way.instances, len(under_way.instances)) + (f" and {more} more" if more > 0 else "")
    size = count(under_way.size, "instance")
    return f"Batch {under_way.batch}{of} ({size}: {names})" if under_way.size else f"Batch {under_way.batch}{of}"
