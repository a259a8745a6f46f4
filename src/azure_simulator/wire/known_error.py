"""An error of Azure that is known: what an answer that refuses a request looks like."""

from dataclasses import dataclass, field
from typing import Any, Literal

from azure_simulator.wire.answers import Headers, Refusal

# How far a request comes before it is refused. The gateway's own errors show no throttle and name their
# cause; the provider's show what the request has cost until then.
Stage = Literal["gateway", "entered", "counted"]


@dataclass(frozen=True, slots=True)
class KnownError:
    """One error: its status and body, how far the request comes, and what the gateway says of the cause.

    `target` is what the error is about, or the key of the case that names it. `usual` fills what is in braces where a
    case does not say.
    """

    status: int
    code: str
    message: str
    stage: Stage = "entered"
    cause: str = ""
    target: str = ""
    more: dict[str, Any] = field(default_factory=dict)
    usual: dict[str, str] = field(default_factory=dict)

    def refusal(self, **case: str) -> Refusal:
        """Return the error to raise; `case` fills what is in braces."""
        headers: Headers = [("x-ms-failure-cause", self.cause)] if self.cause else []
        more = {"target": case.get(self.target, self.target), **self.more} if self.target else self.more
        text = self.message.format_map(_Case({**self.usual, **case}))
        return Refusal(self.status, self.code, text, headers=headers, **more)


class _Case(dict[str, str]):
    """What is in braces, and the name in the braces itself where the case does not say."""

    def __missing__(self, key: str) -> str:
        return key
