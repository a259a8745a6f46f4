"""The environment variables that our libraries would obey although this action does not use them.

An earlier step can set any variable, by GITHUB_ENV. These write secrets down (SSLKEYLOGFILE), load code into OpenSSL,
or decide where and as which identity azure-identity, azure-core and msal sign in, and what they log. Importing this
module imports none of them.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Final

_OF_OPENSSL: Final = ("SSLKEYLOGFILE", "OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES")
_OF_THE_SDK: Final = ("AZURE_", "MSAL_")  # beginnings of names
# read by the inputs (the webhook of Entra Workload ID gives them to a pod); the last is named in Azure's log
_KEPT: Final = (
    *("AZURE_AUTHORITY_HOST", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_TENANT_ID", "AZURE_CLIENT_ID"),
    "AZURE_HTTP_USER_AGENT",
)


def drop_foreign_settings(environ: MutableMapping[str, str]) -> None:
    """Remove these variables. Call it before anything else is imported: OpenSSL and azure-core read some only once."""
    for name in list(environ):
        if name in _OF_OPENSSL or (name.startswith(_OF_THE_SDK) and name not in _KEPT):
            del environ[name]


def is_command(words: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Return whether the image was started with a command line: with words, or without any input of a runner."""
    is_job = "GITHUB_ACTIONS" in environ or any(name.startswith("INPUT_") for name in environ)
    return bool(words) or not is_job
