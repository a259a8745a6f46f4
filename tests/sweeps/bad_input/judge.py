"""Finds the problems of a run's files, log and requests. Each check is shown a run that fails it."""

import html
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, unquote_plus

from urllib3.util import parse_url

from harness.pool import checks_of
from harness.runner_files import NotReadable, read_pairs
from harness.vocabulary import OUTPUTS
from harness.wire import Request, leaves
from permitted import complaint
from sweeps.bad_input import oracle
from sweeps.bad_input.case import Case
from sweeps.bad_input.leaks import SHORTEST_SECRET, forms_of
from sweeps.bad_input.player import MOST_REQUESTS, SHOWN_LATER, Aftermath, play
from sweeps.bad_input.runner_log import commands_out_of, lines
from sweeps.bad_input.shown_summary import faults_of
from sweeps.bad_input.worlds import TIMEOUT


def faults(after: Aftermath) -> list[str]:
    """Return all problems; nothing if the run was sound."""
    return [f"{name}: {fault}" for name, check in CHECKS.items() for fault in check(after)]


def faults_of_case(case: Case) -> list[str]:
    """Play a case in its own folder, and return all problems."""
    with tempfile.TemporaryDirectory(prefix="bad-input-") as folder:
        return faults(play(case, Path(folder)))


def ends_in_order(after: Aftermath) -> Iterator[str]:
    """Check for exit code 0 or 1, and for no bug of ours in the log."""
    if after.left.exit_code not in (0, 1):
        yield f"exit code {after.left.exit_code}"
    yield from (f"the log says {bug!r}" for bug in after.left.bugs)
    if "Could not write" in after.left.log and after.case.inputs.keys().isdisjoint(("report-path", "report-html")):
        yield "a file was not written"


def log_commands_are_meant(after: Aftermath) -> Iterator[str]:
    """Check that every command in the log is one that the action gives."""
    yield from (f"a line {line.wrong}: {line.text[:200]!r}" for line in lines(after.left.log) if line.wrong)


def summary_is_sound(after: Aftermath) -> Iterator[str]:
    """Check for whole tables, and for no foreign tag."""
    yield from faults_of(after.left.summary)


def files_are_readable(after: Aftermath) -> Iterator[str]:
    """Check that the runner can read the files, and finds each output of action.yml once, and no other file."""
    try:
        names = [name for name, _ in read_pairs(after.left.files["outputs.txt"])]
        states = read_pairs(after.left.files["state.txt"])
    except NotReadable as error:
        yield str(error)
        return
    if names != list(OUTPUTS):
        yield f"the outputs are {names}"
    known = {("repairs", "suspended"), ("repairs", "resumed")}
    for name, value in states:
        is_progress = name == "rollout" and len(value) < 5000 and isinstance(json.loads(value), dict)
        if (name, value) not in known and not is_progress:
            yield f"the state has {name} = {value[:200]}"
    found = {each.name for each in after.folder.iterdir()}
    if stray := found - {"workspace", "summary.md", "outputs.txt", "state.txt"}:
        yield f"stray files {sorted(stray)}"


def nothing_is_a_command_later(after: Aftermath) -> Iterator[str]:
    """Check that a later step may show the files and echo the outputs without giving the runner a command."""
    files = [after.folder / name for name in SHOWN_LATER]
    values = [value for _, value in _pairs_or_none(after.left.files["outputs.txt"])]
    yield from (f"a later step says {line[:200]!r}" for line in commands_out_of(files, values))


def secrets_stay_secret(after: Aftermath) -> Iterator[str]:
    """Check that no written text contains a secret in any form, except the masks for the runner."""
    said = "\n".join(line.text for line in lines(after.left.log) if not line.masks)
    files, outputs = after.left.files, after.left.files["outputs.txt"]
    places = {
        "log": _unescaped(said),
        "summary": after.left.summary + html.unescape(after.left.summary),
        "outputs": outputs + "".join(_texts_in(value) for _, value in _pairs_or_none(outputs)),
        "record": files["record.json"] + _texts_in(files["record.json"]),
        "state": files["state.txt"],
    }
    for secret in after.hostile.secrets.all:
        if len(secret) < SHORTEST_SECRET:
            continue
        for form in forms_of(secret):
            yield from (
                f"{secret[:8]}... as {form[:16]}... is in the {name}" for name, text in places.items() if form in text
            )


def nothing_is_written_when_refused(after: Aftermath) -> Iterator[str]:
    """Check that bad inputs are refused before the first request, and that a refused run writes nothing."""
    refused = ("outcome", "refused") in _pairs_or_none(after.left.files["outputs.txt"])
    if oracle.are_inputs_surely_bad(after.case):
        if not refused or after.left.exit_code != 1:
            yield "bad inputs were not refused"
        if after.left.azure.requests:
            yield f"bad inputs led to {len(after.left.azure.requests)} requests"
    carried_out = [(write.method, write.path) for write in after.left.writes if write.status < 400]
    if refused and carried_out and not oracle.lies_about_writes(after):
        yield f"refused, but {carried_out}"


def only_due_instances_are_upgraded(after: Aftermath) -> Iterator[str]:
    """Check that no instance is upgraded that the unaltered case would not upgrade."""
    if wrong := oracle.upgraded(after) - oracle.may_be_upgraded(after):
        yield f"{sorted(wrong)} upgraded"


def _unescaped(text: str) -> str:
    """Return the text as it is, and as the runner shows it after a command."""
    return text + text.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")


def _pairs_or_none(text: str) -> list[tuple[str, str]]:
    try:
        return read_pairs(text)
    except NotReadable:
        return []


def _texts_in(document: str) -> str:
    """Return the texts of a JSON document, unescaped; empty if it is not JSON."""
    try:
        value = json.loads(document)
    except ValueError:
        return ""
    return "\n".join(str(part) for path, leaf in leaves(value) for part in (*path, leaf))


SLACK = 400.0  # seconds beyond the timeout: for the last answer, and for resuming automatic repairs
MOST_BYTES = 140_000_000  # for one answer: 64 MiB, and the excess of one block of a packed one
NAMES = ("scale-set", "resource-group", "subscription-id")
SHOWN = 200  # characters of an address


def asks_nobody_else(after: Aftermath) -> Iterator[str]:
    """Check that every request goes to a host that the inputs, or Microsoft's clouds, name."""
    homes = after.hostile.homes.all
    for origin, request in dict(after.hostile.sent).items():
        if origin not in homes:
            yield f"{request.method} {request.url[:SHOWN]!r}, a host of {origin[:SHOWN]}"


def secrets_go_home(after: Aftermath) -> Iterator[str]:
    """Check that each secret goes only to its own host."""
    kinds = {secret: kind for secret, kind in after.hostile.secrets.kinds.items() if len(secret) >= SHORTEST_SECRET}
    wrong = set()
    for origin, request in after.hostile.sent:
        said = _everything_in(request)
        for secret, kind in kinds.items():
            if origin != after.hostile.homes.of(kind) and secret in said:
                wrong.add(f"{kind}: its {secret[:8]}... went to {request.url[:SHOWN]!r}")
    yield from sorted(wrong)


def asks_only_what_is_promised(after: Aftermath) -> Iterator[str]:
    """Check that only requests of the kinds in SECURITY.md are sent, and only for the named set.

    At the authority's own host, the authority decides where signing in is.
    """
    names_another = any(name.lower() in NAMES for name in after.case.inputs)
    for origin, request in after.hostile.sent:
        if origin == after.hostile.homes.authority and b"grant_type=" in request.body:
            continue
        path = parse_url(request.url).path or ""
        is_write = request.method != "GET" and not path.endswith("/token")
        if is_write and not names_another and not path.lower().startswith(after.own_path.lower()):
            yield f"{request.method} {path} is not of the set that was named"
        if wrong := complaint(request.method, request.url, request.body):
            yield wrong


def ends_in_time(after: Aftermath) -> Iterator[str]:
    """Check the timeout, and the number of requests and of bytes of an answer."""
    if "timeout" not in after.case.inputs and after.seconds > TIMEOUT + SLACK:
        yield f"it took {after.seconds} s"
    if len(after.hostile.sent) > MOST_REQUESTS:
        yield f"more than {MOST_REQUESTS} requests"
    if after.hostile.unpacked > MOST_BYTES:
        yield f"{after.hostile.unpacked} bytes were taken of one answer"


def _everything_in(request: Request) -> str:
    body = request.body.decode("utf-8", "replace")
    return "\n".join((request.url, unquote(request.url), *request.headers.values(), body, unquote_plus(body)))


CHECKS = checks_of(sys.modules[__name__])
