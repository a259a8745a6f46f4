"""What the runner gives a step of a job: its environment, read once."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from vmss_upgrade import __version__

_STATE: Final = "STATE_"  # what an earlier step of this action saved under a name, before the name
_SECRETS: Final = (
    *("INPUT_CLIENT-SECRET", "INPUT_HOOK-SECRET", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_RUNTIME_TOKEN"),
    *("SYSTEM_ACCESSTOKEN", "GITLAB_OIDC_TOKEN"),
)
# a variable that Azure Pipelines did not fill in: its name, which remedies quote
_NOT_FILLED_IN: Final = re.compile(r"\$\([\w.]+\)")
_SERVER: Final = re.compile(r"https://[a-z0-9.-]+(:\d+)?", re.IGNORECASE)
_REPOSITORY: Final = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
_REF: Final = re.compile(r"[\w./-]+", re.ASCII)
_ADDRESSES: Final = re.compile("INPUT_(?:IMAGE|BEFORE-BATCH-URL|AFTER-BATCH-URL)", re.IGNORECASE)
_SIGNATURE: Final = re.compile(r"(?:^|[?&])sig=([^&#]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One step of a job. A file is empty if the runner gives none, as on a terminal.

    `in_github`: the runner reads commands in the log. `saved`: what the main step left for the post step, by name.
    `run_url`, `actor` and `attempt` describe the workflow's run, `docs_url` is where this release's documents are.
    `secrets`: what must be hidden before anything is said. `environ` is where inputs and sign-in are read from.
    """

    in_github: bool
    is_debug: bool
    wants_colour: bool
    workspace: str
    output_file: str
    summary_file: str
    state_file: str
    run_url: str
    actor: str
    attempt: str
    docs_url: str
    user_agent: str
    saved: Mapping[str, str]
    secrets: tuple[str, ...] = field(repr=False)
    environ: Mapping[str, str] = field(repr=False)


def read_job(environ: Mapping[str, str]) -> Job:
    """Return the job that the environment describes."""
    in_github = environ.get("GITHUB_ACTIONS") == "true"
    may_colour = in_github or sys.stdout.isatty() or bool(environ.get("FORCE_COLOR"))
    return Job(
        in_github=in_github,
        is_debug=environ.get("RUNNER_DEBUG") == "1",
        wants_colour=may_colour and not environ.get("NO_COLOR"),
        workspace=environ.get("GITHUB_WORKSPACE") or ".",
        output_file=environ.get("GITHUB_OUTPUT", ""),
        summary_file=environ.get("GITHUB_STEP_SUMMARY", ""),
        state_file=environ.get("GITHUB_STATE", ""),
        run_url=_run_url(environ),
        actor=environ.get("GITHUB_TRIGGERING_ACTOR") or environ.get("GITHUB_ACTOR", ""),
        attempt=environ.get("GITHUB_RUN_ATTEMPT", ""),
        docs_url=_docs_url(environ),
        user_agent=_user_agent(environ.get("GITHUB_REPOSITORY", ""), environ.get("GITHUB_RUN_ID", "")),
        saved={name.removeprefix(_STATE): value for name, value in environ.items() if name.startswith(_STATE)},
        secrets=tuple(_secrets_in(environ)),
        environ=environ,
    )


def _run_url(environ: Mapping[str, str]) -> str:
    """Return the address of this attempt of the workflow's run; empty outside GitHub.

    Source: the default variables of GitHub Actions (GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID).
    """
    repository, run_id = environ.get("GITHUB_REPOSITORY", ""), environ.get("GITHUB_RUN_ID", "")
    server = environ.get("GITHUB_SERVER_URL", "").rstrip("/")
    if not (_REPOSITORY.fullmatch(repository) and run_id.isdecimal() and _SERVER.fullmatch(server)):
        return ""
    attempt = environ.get("GITHUB_RUN_ATTEMPT", "")
    return f"{server}/{repository}/actions/runs/{run_id}{f'/attempts/{attempt}' if attempt.isdecimal() else ''}"


def _docs_url(environ: Mapping[str, str]) -> str:
    """Return the address of docs/ in the release that runs; empty for `uses: ./` and outside GitHub.

    Source: the default variables of GitHub Actions (GITHUB_ACTION_REPOSITORY, GITHUB_ACTION_REF).
    """
    repository, ref = environ.get("GITHUB_ACTION_REPOSITORY", ""), environ.get("GITHUB_ACTION_REF", "")
    server = environ.get("GITHUB_SERVER_URL", "").rstrip("/")
    if not (_REPOSITORY.fullmatch(repository) and _REF.fullmatch(ref) and _SERVER.fullmatch(server)):
        return ""
    return f"{server}/{repository}/blob/{ref}/docs"


def _user_agent(repository: str, run_id: str) -> str:
    """Return project, repository and run, so that Azure's activity log says who it was. Printable ASCII only."""
    where = f" ({repository}; run {run_id})" if repository else ""
    return "".join(c for c in f"vmss-upgrade/{__version__}{where}" if " " <= c <= "~")


def _secrets_in(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the secrets among the inputs, the job's tokens for other services, and the signatures (SAS) of addresses.

    Of an address that alone: the other parameters of its query are words and dates, which stand in texts by chance.
    """
    values = (environ.get(name, "").strip() for name in _SECRETS)
    yield from (value for value in values if not _NOT_FILLED_IN.fullmatch(value))
    for name in filter(_ADDRESSES.match, environ):  # also in an input where no address belongs
        for signature in _SIGNATURE.findall(environ[name].strip()):
            yield from dict.fromkeys((signature, unquote(signature)))
