"""Refusals: every answer of 400 and above, as our error reports it."""

import re
from collections.abc import Iterator

from contract import Interaction, Recording
from reading import Answers, Facts, Kind, Leaves, header
from reading_wire import hearing, reply_of
from vmss_upgrade.errors import AzureError, Trouble
from vmss_upgrade.rollout.image import Image, ImageKind

_TROUBLES = {
    401: Trouble.DENIED,
    403: Trouble.DENIED,
    404: Trouble.NOT_FOUND,
    408: Trouble.UNCERTAIN,
    412: Trouble.CHANGED,
    429: Trouble.THROTTLED,
    501: Trouble.REJECTED,
}
_UNITS = {"retry-after": 1, "retry-after-ms": 0.001, "x-ms-retry-after-ms": 0.001}
# the SDK may ask once more: with another token, or after it has registered a resource provider
_ASKED_AT_MOST = 3


def refusal(error: AzureError) -> Facts:
    """Return the facts of a refusal, as our error has them."""
    return {
        "trouble": error.trouble,
        "code": error.code,
        "words": _words(str(error)),
        "asked delay": error.retry_after,
    }


def written_refusal(answer: Interaction) -> Facts:
    """Return the facts of a refusal in the text; `words` only if it has any."""
    leaves = Leaves(answer.body)
    code = leaves.text(r"error\.code")
    said = leaves.named(r"error\.(message|details\.\d+\.(code|message))")
    facts: Facts = {
        "trouble": _trouble(answer.status, code),
        "code": code or f"HTTP {answer.status}",
        "asked delay": asked_delay(answer),
    }
    words = _words(" ".join(str(words) for _, words in said))
    target, message = leaves.text(r"error\.target"), leaves.text(r"error\.message")
    if target and target.lower() not in message.lower():
        words |= {"target"} | _words(target)
    return facts | ({"words": words} if words else {})


def asked_delay(answer: Interaction) -> float | None:
    """Return the seconds that an answer asks to wait, None if it does not."""
    for name, unit in _UNITS.items():
        if re.fullmatch(r"\d+(\.\d+)?", header(answer, name)) and float(header(answer, name)):
            return float(header(answer, name)) * unit
    return None


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


def _trouble(status: int, code: str) -> Trouble:
    if code == "InstanceIdsListInstanceIdNotActiveVM":
        return Trouble.GONE
    if status == 409:
        return Trouble.CONFLICT if code in ("Conflict", "") else Trouble.REJECTED
    return _TROUBLES.get(status, Trouble.UNCERTAIN if status >= 500 else Trouble.REJECTED)


def _answers(recording: Recording) -> Iterator[Answers]:
    for answer in recording.interactions:
        if answer.status >= 400:
            yield (answer,)


def _read(answers: Answers) -> Facts:
    (answer,) = answers
    client = hearing([reply_of(answer)] * _ASKED_AT_MOST).client
    try:
        if answer.method == "GET":
            client.read_model()
        elif answer.method in ("PUT", "PATCH"):
            client.set_image(Image(kind=ImageKind.PLATFORM), "")
        else:
            client.upgrade(["0"])
    except AzureError as error:
        return refusal(error)
    return {}


REFUSALS = Kind("refusal", _answers, _read, lambda answers: written_refusal(answers[0]))
