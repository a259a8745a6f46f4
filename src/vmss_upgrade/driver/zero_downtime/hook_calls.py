"""One hook: signed, sent, polled, and asked again until it has decided or its time is over."""

from __future__ import annotations

import hashlib
import hmac
import ssl
from typing import Final

from vmss_upgrade.driver.run_clock import RunClock, Steps
from vmss_upgrade.ports import Web
from vmss_upgrade.rollout.history.events import Waiting
from vmss_upgrade.rollout.zero_downtime.hook_answers import (
    MOST_BYTES,
    Meaning,
    Verdict,
    no_answer,
    untrusted,
    verdict_on,
)
from vmss_upgrade.rollout.zero_downtime.hook_calls import HookCall
from vmss_upgrade.rollout.zero_downtime.hooks import Hooks

REQUEST_SECONDS: Final = 120.0  # of one request; longer work answers 202 and is polled
_LEAST_SECONDS: Final = 5.0
_WHY: Final = {
    Meaning.POLL: "is at work",
    Meaning.WAIT: "asks to wait",
    Meaning.NO_ANSWER: "gives no answer",
}


class HookCaller:
    """Calls the hooks of a run."""

    def __init__(self, clock: RunClock, hooks: Hooks, web: Web) -> None:
        self._clock = clock
        self._hooks = hooks
        self._web = web

    def ask(self, call: HookCall, until: float) -> Steps[Verdict]:
        """Ask until the hook has decided; the last verdict, if it has not by `until`. At least one try is made.

        Raises OutOfTime when the time of the run is over.
        """
        attempt, poll_at = 1, ""
        while True:
            self._clock.sleep(0)  # a cancelled run asks nothing more
            verdict = self.ask_once(call, attempt, until - self._clock.now(), poll_at)
            left = until - self._clock.now()
            if verdict.is_final or left <= 0:
                return verdict
            if verdict.meaning is Meaning.POLL:
                poll_at = verdict.location
            elif verdict.meaning is Meaning.WAIT:
                poll_at = ""  # asked anew, and not about work that is done
            attempt += 0 if poll_at else 1
            yield self._waiting(call, verdict, min(verdict.pause, left), until)
            self._clock.sleep(min(verdict.pause, left))

    def ask_once(self, call: HookCall, attempt: int, seconds: float, poll_at: str = "") -> Verdict:
        """Make one try, or one poll, of at most so many seconds."""
        address = self._hooks.address(call.phase)
        body = b"" if poll_at else call.as_body(attempt, self._hooks.run_url)
        try:
            answer = self._web.ask(
                "GET" if poll_at else "POST",
                poll_at or address,
                headers=self._headers(call, body, has_body=not poll_at),
                body=body,
                timeout=min(REQUEST_SECONDS, max(_LEAST_SECONDS, seconds)),
                most_bytes=MOST_BYTES + 1,
            )
        except ssl.SSLCertVerificationError as error:
            return untrusted(error.args[-1] if error.args else error)
        except OSError as error:
            return no_answer(error.strerror or error)
        return verdict_on(
            answer.status,
            answer.headers,
            answer.body,
            phase=call.phase,
            address=address,
            instance_ids=[member.id for member in call.members],
            polled=poll_at,
        )

    def _headers(self, call: HookCall, body: bytes, *, has_body: bool) -> dict[str, str]:
        """Return the headers of a request, with the signature over time stamp and body."""
        stamp = str(int(self._hooks.began_at + self._clock.elapsed()))
        return {
            **({"Content-Type": "application/json"} if has_body else {}),
            "Idempotency-Key": call.key,
            "X-Vmss-Upgrade-Timestamp": stamp,
            "X-Vmss-Upgrade-Signature": f"v1={signature(self._hooks.secret, stamp, body)}",
        }

    def _waiting(self, call: HookCall, verdict: Verdict, seconds: float, until: float) -> Waiting:
        reason = f": {verdict.reason}" if verdict.reason else ""
        why = f"`{call.phase.input}` {_WHY[verdict.meaning]}{reason}"
        return Waiting(why=why, seconds=seconds, until=until - self._clock.started)


def signature(secret: str, stamp: str, body: bytes) -> str:
    """Return the HMAC-SHA256 over `TIMESTAMP.BODY`, in hexadecimal digits."""
    return hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
