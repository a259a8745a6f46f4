"""The secrets that a step is given, hidden before anything is said: by the main step and the post step alike."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from vmss_upgrade.reporters.console import Console

_SIGNATURE = re.compile(r"(?:^|[?&])sig=([^&#]*)", re.IGNORECASE)


def mask_secrets(environ: Mapping[str, str], console: Console) -> None:
    """Keep them, and have the runner hide them, whatever is wrong with the inputs."""
    for secret in secrets_in(environ):
        console.mask(secret)


def secrets_in(environ: Mapping[str, str]) -> Iterator[str]:
    """The client secret, what the runner gives for its own services, and the signature (SAS) of a VHD's address.

    Of the address that alone: the other parameters of its query are words and dates, which stand in texts by chance.
    """
    for name in ("INPUT_CLIENT-SECRET", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_RUNTIME_TOKEN"):
        yield environ.get(name, "").strip()
    for signature in _SIGNATURE.findall(environ.get("INPUT_IMAGE-URI", "").strip()):
        yield from dict.fromkeys((signature, unquote(signature)))
