"""The tokens that were given out, and which of them are still good.

A token's age is only judged where the scenario sets `access_token_seconds`, and then by the simulator's clock: in
process, the client's wall clock stands still.
"""

from dataclasses import dataclass

ASSERTION_SECONDS = 300
ACCESS_TOKEN_SECONDS = 3599
NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class Assertion:
    """A token of GitHub: its audience, and until when it is valid."""

    audience: str
    expires_at: float


class TokenBook:
    """Every token that was given out. `access_token_seconds` None: no token is ever too old."""

    def __init__(self, access_token_seconds: float | None) -> None:
        self._ages_count = access_token_seconds is not None
        self.access_token_seconds = ACCESS_TOKEN_SECONDS if access_token_seconds is None else access_token_seconds
        self._assertions: dict[str, Assertion] = {}
        self._access_tokens: dict[str, tuple[float, float]] = {}  # given at, expires at
        self._revoked_at = NEVER

    def add_assertion(self, token: str, audience: str, now: float) -> None:
        """Note a token that GitHub gives out."""
        self._assertions[token] = Assertion(audience, now + ASSERTION_SECONDS)

    def add_access_token(self, token: str, now: float) -> None:
        """Note an access token that Entra or a machine's metadata service gives out."""
        self._access_tokens[token] = (now, now + self.access_token_seconds)

    def revoke(self, given_until: float) -> None:
        """Refuse from now on every access token that was given out until that moment."""
        self._revoked_at = max(self._revoked_at, given_until)

    def find_assertion(self, token: str) -> Assertion | None:
        """Return a token of GitHub; None for one that was not given out."""
        return self._assertions.get(token)

    def is_expired(self, assertion: Assertion, now: float) -> bool:
        """Return whether a token of GitHub is too old."""
        return self._ages_count and now > assertion.expires_at

    def is_valid(self, access_token: str) -> bool:
        """Return whether an access token was given out and not revoked."""
        given_at, _ = self._access_tokens.get(access_token, (NEVER, 0.0))
        return given_at > self._revoked_at

    def expiry(self, access_token: str, now: float) -> float | None:
        """Return the moment at which an access token became too old; None while it is not."""
        _, expires_at = self._access_tokens[access_token]
        return expires_at if self._ages_count and now > expires_at else None
