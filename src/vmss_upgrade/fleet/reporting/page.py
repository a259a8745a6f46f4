"""A fleet's report -> one HTML page with a line for each scale set, which opens the replay of its rollout.

The replays are files in a folder beside the page: one page of 256 of them would be too large to open. Everything
foreign is escaped as text, and the page's policy lets nothing but its own script run and nothing be requested.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from string import Template
from typing import Final
from urllib.parse import quote

from vmss_upgrade.fleet.reporting.files import Unreadable, content_of
from vmss_upgrade.fleet.reporting.fold import FleetReport, SetReport, State, WaveReport
from vmss_upgrade.fleet.reporting.going_on import LONGEST_COMMAND
from vmss_upgrade.fleet.reporting.sentences import heading, headline, title, why
from vmss_upgrade.fleet.reporting.summary import result
from vmss_upgrade.reporters.replay.page import NotARecord, as_page, page_style, policy_of, write_html
from vmss_upgrade.reporters.sanitiser.text import clean
from vmss_upgrade.reporters.sentences import dates
from vmss_upgrade.reporters.step_summary.markup import capitalised, is_address
from vmss_upgrade.rollout.history.outcome import Ending
from vmss_upgrade.rollout.history.run_facts import RunFacts
from vmss_upgrade.rollout.wording import duration, sentence

_FOLDER: Final = Path(__file__).parent
_LONGEST_TEXT: Final = 500  # characters; the record has the whole texts
_LONGEST_NAME: Final = 60  # of a file
_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9_-]+")
_KINDS: Final = {State.WAITING: "soft", State.PARTIAL: "soft", State.ROLLED_BACK: "rolled"}


def write_pages(
    report: FleetReport,
    ending: Ending,
    facts: RunFacts,
    go_on: tuple[str, str],
    *,
    workspace: str,
    path: str,
    attempt: Callable[[str, Callable[[], None]], bool],
) -> None:
    """Write a replay for each run, and then the page, which links those that could be written.

    `attempt` tries to write something under a name, and warns if that fails.
    """
    names = replay_names(report, path)
    written = {
        file: name
        for file, name in names.items()
        if attempt(f"the replay of {file}", lambda file=file, name=name: _write_replay(workspace, file, name))  # type: ignore[misc]
    }
    links = {file: str(PurePosixPath(name).relative_to(PurePosixPath(path).parent)) for file, name in written.items()}
    attempt("the page of the fleet", lambda: write_html(as_html(report, ending, facts, go_on, links), workspace, path))


def _write_replay(workspace: str, file: str, name: str) -> None:
    try:
        record = content_of(workspace, file).decode("utf-8", "replace")
        write_html(as_page(record), workspace, name)
    except (Unreadable, NotARecord) as error:
        raise ValueError(f"{file!r} {error}") from error


def replay_names(report: FleetReport, path: str) -> dict[str, str]:
    """Return record's path -> path of its replay: `out/fleet/web-weu.html` beside `out/fleet.html`. Each is unique."""
    page = PurePosixPath(path)
    folder = page.with_suffix("") if page.suffix else page.with_name(f"{page.name}-replays")
    names: dict[str, str] = {}
    taken: set[str] = set()
    for each in report.sets:
        if each.run is None:
            continue
        stem = _NOT_IN_A_NAME.sub("-", each.name)[:_LONGEST_NAME].strip("-") or "scale-set"
        name, number = stem, 1
        while name.casefold() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.casefold())
        names[each.run.file] = str(folder / f"{name}.html")
    return names


def as_html(
    report: FleetReport, ending: Ending, facts: RunFacts, go_on: tuple[str, str], replays: Mapping[str, str]
) -> str:
    """Return the page. `replays`: record's path -> address of its replay, relative to the page."""
    script, style = _read("fleet.js"), page_style() + _read("fleet.css")
    rest = headline(report).removeprefix(f"{title(report)}.").strip() if report.sets else ending.reason
    return Template(_read("fleet.html")).substitute(
        policy=policy_of(script, style),
        style=style,
        script=script,
        title=_text(title(report)),
        facts=_facts(facts),
        outcome=ending.outcome.value,
        outcome_words=ending.outcome.value.replace("-", " "),
        headline=_text(rest, 4 * _LONGEST_TEXT),
        remedy=_remedy(*go_on),
        waves="\n".join(_wave(wave, report, replays) for wave in report.waves),
    )


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _text(text: object, limit: int = _LONGEST_TEXT) -> str:
    return html.escape(clean(text, limit))


def _facts(facts: RunFacts) -> str:
    parts = [_text(dates.date_and_time(facts, 0.0)), _link("workflow run", facts.url), _text(facts.version)]
    parts[2] = f"vmss-upgrade {parts[2]}" if parts[2] else ""
    return " · ".join(filter(None, parts))


def _link(text: str, address: str) -> str:
    """Return a link to an address of the web; empty for anything else. The text is ours."""
    target = clean(address, _LONGEST_TEXT)
    return f'<a href="{html.escape(target)}" rel="noreferrer">{text}</a>' if is_address(target) else ""


def _remedy(words: str, command: str) -> str:
    if not words:
        return ""
    shown = f"<pre>{_text(command, LONGEST_COMMAND)}</pre>" if command else ""
    return f'<div id="remedy"><p>{_text(words)}</p>{shown}</div>'


def _wave(wave: WaveReport, report: FleetReport, replays: Mapping[str, str]) -> str:
    name, number = _text(wave.name), wave.number
    good = sum(each.state.is_good for each in wave.sets)
    state = ", not started" if wave.is_waiting else ", stopped" if wave.stops else ""
    rows = "\n".join(_row(each, report, replays) for each in wave.sets)
    columns = "".join(
        f'<th scope="col"{wide}>{column}</th>'
        for column, wide in (
            *(("Scale set", ""), ("Result", ""), ("Instances", "")),
            *(("Never below", ' class="wide"'), ("When", ' class="wide"')),
        )
    )
    so_far = f'<span class="legend">{good} of {len(wave.sets)} on the image{state}</span>'
    return f"""<section class="card" aria-labelledby="wave-{number}" data-wave="{name}">
<div class="title"><h2 id="wave-{number}">{_text(heading(wave, report))}</h2>{so_far}</div>
<table class="fleet" aria-labelledby="wave-{number}"><thead><tr>{columns}</tr></thead>
<tbody>
{rows}
</tbody></table>
</section>"""


def _row(each: SetReport, report: FleetReport, replays: Mapping[str, str]) -> str:
    name, run = _text(each.name), each.run
    replay = replays.get(run.file) if run else None
    shown = f'<a href="{html.escape(quote(replay))}">{name}</a>' if replay else name
    kind = "good" if each.state.is_good else _KINDS.get(each.state, "bad")
    reason = "" if each.state.is_good or not why(each) else sentence(capitalised(why(each)))
    because = f'<span class="why">{_text(reason)}</span>' if reason else ""
    page = f" {_link('run', run.url)}" if run else ""
    lowest = "" if run is None or run.lowest_healthy is None else str(run.lowest_healthy)
    return (
        f'<tr{" data-good" if each.state.is_good else ""}><th scope="row">{shown}</th>'
        f'<td><span class="result {kind}">{_text(result(each))}</span>{page}{because}</td>'
        f'<td>{_bar(each)}</td><td class="wide">{lowest}</td><td class="wide">{_when(each, report)}</td></tr>'
    )


def _bar(each: SetReport) -> str:
    """Return how many instances run the image, in numbers and as a bar, with those that failed."""
    if not each.instances:
        return ""
    failed = each.run.failed if each.run and each.state is not State.ROLLED_BACK else 0
    broken = min(failed, each.instances - each.on_target)
    parts = (("done", 0, each.on_target), ("broken", each.on_target, broken))
    return f"{each.on_target} of {each.instances}{_drawn(each.instances, *parts)}"


def _when(each: SetReport, report: FleetReport) -> str:
    """Return from when to when it ran, in words and as a bar within the whole fleet's time."""
    run, whole = each.run, report.seconds
    if run is None or run.began_at is None:
        return ""
    facts = RunFacts(began_at=run.began_at)
    words = f"{dates.time_of_day(facts, 0.0)}, {duration(run.duration)}"
    first = min(other.began_at for other in report.runs if other.began_at is not None)
    kind = "ran" if each.state.is_good else "ran is-bad"
    return words + (_drawn(whole, (kind, run.began_at - first, run.duration)) if whole else "")


def _drawn(whole: float, *parts: tuple[str, float, float]) -> str:
    """Return a bar with parts: the class of each, where it begins, and how long it is."""
    drawn = "".join(
        f'<rect class="{kind}" x="{100 * begin / whole:.2f}" width="{max(100 * size / whole, 0.5):.2f}" height="10"/>'
        for kind, begin, size in parts
        if size > 0
    )
    return f'<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">{drawn}</svg>'
