"""What the answer of a hook means. Whatever cannot be understood stops the rollout: a veto is never overlooked."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from vmss_upgrade.rollout.zero_downtime.hooks import Phase

MOST_BYTES: Final = 64 * 1024  # of an answer
LONGEST_REASON: Final = 300  # characters
LEAST_PAUSE: Final = 1.0  # seconds
LONGEST_PAUSE: Final = 5 * 60.0
USUAL_PAUSE: Final = 10.0
PAUSE_AFTER_SKIP: Final = 60.0

_AFTER_THE_HOST = re.compile(r"[/?#]")
_PATH = re.compile(r"/(?!/)[!-~]*")
_AMBIGUOUS = re.compile(r"[\\#]")  # the end of a host to some parsers only
_ASK_AGAIN: Final = (408, 425, 429)


class Meaning(Enum):
    """What an answer asks for."""

    GO_ON = "go-on"
    POLL = "poll"
    WAIT = "wait"
    SKIP = "skip"
    STOP = "stop"
    NO_ANSWER = "no-answer"  # none, or none that counts: asked again while there is time
    WRONG = "wrong"  # asking again will not help


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an answer asks for, and why in its own words; `pause`: seconds until it is asked again.

    `location` is where to poll, `skipped` are the instances to be left for later.
    """

    meaning: Meaning
    reason: str = ""
    pause: float = USUAL_PAUSE
    location: str = ""
    skipped: tuple[str, ...] = ()

    @property
    def is_final(self) -> bool:
        """True unless the hook is to be asked again, or polled."""
        return self.meaning not in (Meaning.POLL, Meaning.WAIT, Meaning.NO_ANSWER)


def no_answer(why: object) -> Verdict:
    """Return the verdict on a request without an answer."""
    return Verdict(meaning=Meaning.NO_ANSWER, reason=_short(why))


def untrusted(why: object) -> Verdict:
    """Return the verdict on a server whose certificate is not trusted: nothing was sent to it."""
    return Verdict(meaning=Meaning.WRONG, reason=_short(why))


def verdict_on(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    phase: Phase,
    address: str,
    instance_ids: Collection[str],
    polled: str = "",
) -> Verdict:
    """Return what an answer asks for, of a hook at `address` that was asked about `instance_ids`.

    `polled` is where this answer was polled (empty: it is the first one).
    """
    pause = _pause_in(headers.get("retry-after", ""))
    if status >= 500 or status in _ASK_AGAIN:
        return Verdict(meaning=Meaning.NO_ANSWER, reason=f"HTTP {status}", pause=pause)
    if not (200 <= status < 300 or status == 409):
        return _wrong(f"HTTP {status}{', and redirects are not followed' if 300 <= status < 400 else ''}")
    location = headers.get("location", "") or polled
    if status == 202 and location:
        return _poll(location, address, pause)
    said = _said(headers, body)
    if isinstance(said, str):
        return _wrong(f"HTTP {status} with {said}")
    return _decision(said, phase, instance_ids, pause, is_conflict=status == 409)


def _poll(location: str, address: str, pause: float) -> Verdict:
    """Return where to poll: at the same scheme, host and port."""
    origin = f"https://{_AFTER_THE_HOST.split(address.removeprefix('https://'))[0]}"
    path = location.removeprefix(f"{origin}:443" if location.startswith(f"{origin}:443/") else origin)
    if not _PATH.fullmatch(path) or _AMBIGUOUS.search(path):
        return _wrong("a `Location` that is not at the same scheme, host and port")
    return Verdict(meaning=Meaning.POLL, pause=pause, location=f"{origin}{path}")


def _said(headers: Mapping[str, str], body: bytes) -> Mapping[str, Any] | str:
    """Return the JSON object of an answer, none for a body that is not JSON; a text says what is wrong with it."""
    if len(body) > MOST_BYTES:
        return f"a body of more than {MOST_BYTES // 1024} KiB"
    if headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        return "a packed body, although none was accepted"
    text = body.strip()
    if not text or not (text.startswith(b"{") or "json" in headers.get("content-type", "").lower()):
        return {}
    try:
        said = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError):
        return "a body that is not JSON"
    return said if isinstance(said, dict) else "JSON that is not an object"


def _decision(
    said: Mapping[str, Any], phase: Phase, instance_ids: Collection[str], pause: float, *, is_conflict: bool
) -> Verdict:
    decision = said.get("decision")
    reason = _short(said["reason"]) if isinstance(said.get("reason"), str) else ""
    if "retry-after" in said:
        pause = _pause_in(said["retry-after"])
    if decision == "stop":
        return Verdict(meaning=Meaning.STOP, reason=reason)
    if decision == "skip" and phase is Phase.BEFORE:
        pause = pause if "retry-after" in said else PAUSE_AFTER_SKIP
        return _skip(said.get("instances"), instance_ids, reason, pause)
    if decision == "wait" or (decision is None and is_conflict):
        return Verdict(meaning=Meaning.WAIT, reason=reason, pause=pause)
    if decision in (None, "go") and not is_conflict:
        return Verdict(meaning=Meaning.GO_ON, reason=reason)
    return _wrong(f"the decision {_short(json.dumps(decision))}, which has no meaning here")


def _skip(listed: Any, instance_ids: Collection[str], reason: str, pause: float) -> Verdict:
    """Return which instances to leave for later. A name that is no instance of the batch may stand for one."""
    if not isinstance(listed, list) or not listed:
        return _wrong("the decision `skip` without a list `instances`")
    known = {id_.lower(): id_ for id_ in instance_ids}
    skipped: list[str] = []
    for each in listed:
        id_ = known.get(str(each).lower()) if type(each) in (int, str) else None
        if id_ is None:
            return _wrong(f"the decision `skip` for {_short(json.dumps(each))}, which is no instance of the batch")
        skipped.append(id_)
    return Verdict(meaning=Meaning.SKIP, reason=reason, pause=pause, skipped=tuple(dict.fromkeys(skipped)))


def _pause_in(value: Any) -> float:
    """Return the seconds until the next try, within bounds, of a number or of a text of digits."""
    is_number = type(value) in (int, float) or (isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value))
    if not is_number:
        return USUAL_PAUSE
    try:
        seconds = float(value)
    except OverflowError:
        return LONGEST_PAUSE
    return max(LEAST_PAUSE, min(LONGEST_PAUSE, seconds)) if seconds == seconds else USUAL_PAUSE


def _wrong(what: str) -> Verdict:
    return Verdict(meaning=Meaning.WRONG, reason=what)


def _short(text: object) -> str:
    line = " ".join(str(text).split())
    return line if len(line) <= LONGEST_REASON else f"{line[:LONGEST_REASON]}..."
