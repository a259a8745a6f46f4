"""Operations, poll by poll, as the action follows them; and whether Azure's own rolling upgrade is running."""

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import unquote

from contract import Interaction, Recording
from reading import Answers, Facts, Kind, Leaves, answered, header, path_of, secure
from reading_refusals import asked_delay, refusal, written_refusal
from reading_wire import hearing, reply_of
from vmss_upgrade.errors import AzureError, Trouble
from vmss_upgrade.ports import Operation, OperationState
from vmss_upgrade.rollout.image import Image, ImageKind

_POLLED = r"/locations/[^/]+/\w*operation\w*/[^/]+"
_STATES = {"Succeeded": OperationState.SUCCEEDED, "Failed": OperationState.FAILED, "Canceled": OperationState.FAILED}
_ENDS = (OperationState.SUCCEEDED, OperationState.FAILED)
_POLL_FAILED = "the poll failed"
# the answers that the SDK takes as the start of an operation for the action's requests: a PATCH of the set, or a POST
_STARTS = {"PUT": (200,), "PATCH": (200,), "POST": (200, 202), "DELETE": (200, 202)}
_IDS = ("x-ms-correlation-request-id", "x-ms-request-id")


# -- the operations of a recording -----------------------------------------------------------------------------------


def _operations(recording: Recording) -> Iterator[Answers]:
    """Yield each operation: the answer that started it, and its polls to the end. Every poll belongs to one of them.

    If nothing is recorded that the action could have started it with, the start is made up.
    """
    by_place: dict[tuple[str, bool], list[Interaction]] = {}
    for answer in recording.interactions:
        if _starts(answer):
            by_place[_place(_where(answer))] = [answer]
        elif answer.method == "GET" and re.search(rf"{_POLLED}$", path_of(answer.url)):
            operation = by_place.setdefault(_place(answer.url), [_made_up(answer)])
            operation.append(answer)
            if _state(answer) in _ENDS:
                yield tuple(by_place.pop(_place(answer.url)))
    yield from (tuple(operation) for operation in by_place.values() if len(operation) > 1)


def _starts(answer: Interaction) -> bool:
    return bool(_where(answer)) and answer.status in _STARTS.get(answer.method, ())


def _where(start: Interaction) -> str:
    """Return the URL at which an operation is polled, empty if the answer started none."""
    return secure(header(start, "azure-asyncoperation") or header(start, "location"))


def _place(url: str) -> tuple[str, bool]:
    """Return the polled resource: by `monitor` an operation's Location URL differs from its
    Azure-AsyncOperation URL.
    """
    return path_of(url), bool(re.search("[?&]monitor=true", url, re.IGNORECASE))


def _made_up(poll: Interaction) -> Interaction:
    name = "azure-asyncoperation" if _says_a_status(poll) else "location"
    url = re.sub(r"^https?://localhost(:\d+)?(?=/)", "https://management.azure.com", poll.url)  # a recorder's own host
    return replace(poll, method="POST", status=202, headers={name: url}, body=None)


# -- the reading -----------------------------------------------------------------------------------------------------


def _read(answers: Answers) -> Facts:
    start, *polls = answers
    line = hearing(reply_of(answer) for answer in answers)
    if start.method in ("PUT", "PATCH"):
        operation = line.client.set_image(Image(kind=ImageKind.PLATFORM), "")
    else:
        operation = line.client.upgrade(["0"])
    facts: Facts = {"correlation id": operation.correlation_id}
    for number, _ in enumerate(polls):
        facts |= {f"{fact} of poll {number}": value for fact, value in _step(operation).items()}
    return facts | {"polled": [unquote(sent.url) for sent in line.sent[1:]]}


def _step(operation: Operation) -> Facts:
    try:
        state = operation.step()
    except AzureError as error:
        return {"state": _POLL_FAILED} | refusal(error)
    problem = operation.problem
    return {
        "state": state,
        "asked delay": operation.asked_delay,
        "code": problem and problem.code,
        "message": problem and problem.message,
    }


# -- the text --------------------------------------------------------------------------------------------------------


def _written(answers: Answers) -> Facts:
    start, *polls = answers
    ends = [number for number, poll in enumerate(polls, 1) if _state(poll) in _ENDS]
    facts: Facts = {"correlation id": next((header(start, name) for name in _IDS if header(start, name)), "")}
    for number, poll in enumerate(polls[: ends[0] if ends else None]):
        facts |= {f"{fact} of poll {number}": value for fact, value in _written_poll(poll).items()}
    return facts | {"polled": list(_followed(answers[: ends[0] + 1 if ends else None]))}


def _written_poll(poll: Interaction) -> Facts:
    state = _state(poll)
    if state == _POLL_FAILED:
        # the operation was accepted, so a poll that denies its existence is repeated
        kept = {"trouble": Trouble.NO_RECORD} if poll.status == 404 else {}
        return {"state": state} | written_refusal(poll) | kept
    facts: Facts = {"state": state, "asked delay": asked_delay(poll)}
    if state is not OperationState.FAILED:
        return facts | {"code": None, "message": None}
    leaves = Leaves(poll.body)
    message = leaves.text(r"error\.message")
    inner, cause = leaves.text(r"error\.details\.0\.code"), leaves.text(r"error\.details\.0\.message")
    message += f" ({inner}: {cause})" if inner and cause else ""
    reported = leaves.text("status")
    facts["code"] = leaves.text(r"error\.code") or ("OperationFailed" if reported == "Failed" else reported)
    return facts | ({"message": message} if message else {})


def _state(poll: Interaction) -> OperationState | str:
    if poll.status >= 400:
        return _POLL_FAILED
    if _says_a_status(poll):
        return _STATES.get(poll.body["status"], OperationState.RUNNING)
    return OperationState.RUNNING if poll.status == 202 else OperationState.SUCCEEDED


def _says_a_status(poll: Interaction) -> bool:
    """Return True for an Azure-AsyncOperation, which answers with a status; a Location answers 202 or 200, and a
    result.
    """
    return isinstance(poll.body, dict) and "status" in poll.body


def _followed(answers: Answers) -> Iterator[str]:
    """Return the URL of each poll: the one that the start named; a Location may move with each answer."""
    place = _where(answers[0])
    for earlier in answers[:-1]:
        if not header(answers[0], "azure-asyncoperation"):
            place = secure(header(earlier, "location")) or place
        yield unquote(place)


# -- Azure's own rolling upgrade -------------------------------------------------------------------------------------


def _latest(recording: Recording) -> Iterator[Answers]:
    for answer in answered(recording, "GET", "/rollingupgrades/latest", (200, 404)):
        yield (answer,)


def _read_latest(answers: Answers) -> Facts:
    return {"is running": hearing([reply_of(answers[0])]).client.is_rolling_upgrade_running()}


def _written_latest(answers: Answers) -> Facts:
    return {"is running": Leaves(answers[0].body).nearest(r"runningStatus\.code") == "RollingForward"}


OPERATIONS = Kind("operation", _operations, _read, _written)
ROLLING_UPGRADES = Kind("rolling upgrade", _latest, _read_latest, _written_latest)
