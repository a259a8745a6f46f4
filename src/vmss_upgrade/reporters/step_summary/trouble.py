"""What went wrong or was noticed, and what to do about it."""

from __future__ import annotations

import itertools
import shlex

from vmss_upgrade.reporters.sanitiser.text import clean, count, fenced, sentence
from vmss_upgrade.reporters.sentences.errors_page import place_of
from vmss_upgrade.reporters.sentences.next_steps import next_steps
from vmss_upgrade.reporters.sentences.phrases import failures_by_code
from vmss_upgrade.reporters.sentences.portal import instance_page
from vmss_upgrade.reporters.step_summary.fitting import CUT
from vmss_upgrade.reporters.step_summary.markup import LONGEST_MESSAGE, folded, link, name_of, said, table
from vmss_upgrade.rollout.failures import Failure
from vmss_upgrade.rollout.findings import Finding, Severity
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.wording import clause

MOST_FAILURES = 30  # codes of "What failed"
MOST_FINDINGS = 200
MOST_IDS = 30  # of one code
LONGEST_LINE = 52  # characters of a command that is not broken


def failures(report: Report) -> list[str]:
    """Return what failed: a point for each code, with the instances, their pages in the portal, and Azure's words."""
    groups = failures_by_code(report.failures())
    lines = [line for name, failed in list(groups.items())[:MOST_FAILURES] if (line := _failure(report, name, failed))]
    more = len(groups) - MOST_FAILURES
    rest = ["", CUT.format(more)] if more > 0 else []
    return ["### What failed", "", *lines, *rest] if lines else []


def _failure(report: Report, code: str, failed: list[Failure]) -> str:
    """Return the point of one code; of a failure that the first lines tell, only what they leave out."""
    correlation = next((f.correlation_id for f in failed if f.correlation_id), "")
    support = f"<br>Correlation id for Microsoft's support: {name_of(correlation)}" if correlation else ""
    if _is_said_above(report, failed):
        return f"- {name_of(code)}{support}" if support else ""
    return f"- {_instances(report, failed)}: {name_of(code)}<br>{_messages(failed)}{support}"


def _is_said_above(report: Report, failed: list[Failure]) -> bool:
    """Return whether the reason of the end, which stands in the first lines, ends in this failure of no instance."""
    reason = clause(report.ending.reason) if report.ending else ""
    return not any(f.instance_id for f in failed) and reason.endswith(clause(failed[0].message))


def _instances(report: Report, failed: list[Failure]) -> str:
    """Return the instances of a group, each linked to its page in the portal."""
    ids = list(dict.fromkeys(f.instance_id for f in failed if f.instance_id))
    if not ids:
        return "The rollout"
    links = ", ".join(link(name_of(id_), instance_page(report, id_)) for id_ in ids[:MOST_IDS])
    more = f" and {len(ids) - MOST_IDS} more" if len(ids) > MOST_IDS else ""
    return f"{'Instance' if len(ids) == 1 else 'Instances'} {links}{more}"


def _messages(failed: list[Failure]) -> str:
    """Return the first messages of a group, all of them together no longer than one may be."""
    messages = list(dict.fromkeys(f.message for f in failed))[:5]
    return "<br>".join(sentence(message, LONGEST_MESSAGE // len(messages)) for message in messages)


def refusals(report: Report) -> list[str]:
    """Return the reasons of a refusal, with what to do about each, if the first lines do not say it all."""
    found = _of(report, Severity.REFUSE)
    if len(found) == 1 and report.ending and report.ending.reason == found[0].message:
        return []  # the first lines say it, and the next steps what to do
    rows = [(said(finding.message), said(finding.remedy)) for finding in found]
    return ["### Why it was refused", "", *table(("What is wrong", "What to do"), rows)] if found else []


def next_things(report: Report) -> list[str]:
    """Return the next steps, except what the reasons of a refusal say; commands are folded, each under its sentence."""
    named = [finding.remedy for finding in _of(report, Severity.REFUSE)] if refusals(report) else []
    steps = [step for step in next_steps(report) if step.sentence not in named]
    lines = [f"- {said(step.sentence)}" for step in steps if not step.command]
    if report.facts.docs and (place := place_of(report)):
        lines.append(f"- {link('What this error means', place)}")
    for step in steps:
        if step.command:
            lines += ["", *folded(said(step.sentence.rstrip(":")), [fenced(*_broken(step.command))])]
    return ["### What to do now", "", *lines] if lines else []


def _broken(command: str) -> list[str]:
    """Return a shell command in lines that break before an option."""
    try:
        words = shlex.split(clean(command))
    except ValueError:  # a secret was taken out together with a quotation mark
        return [command]
    lines: list[list[str]] = [[]]
    for number, word in enumerate(words):
        ahead = list(itertools.takewhile(lambda other: not other.startswith("-"), words[number + 1 :]))
        if word.startswith("-") and len(shlex.join([*lines[-1], word, *ahead])) > LONGEST_LINE:
            lines.append([])
        lines[-1].append(word)
    return [shlex.join(line) for line in lines if line]


def warnings(report: Report) -> list[str]:
    """Return what a user must know."""
    found = _of(report, Severity.WARN)
    return ["### ⚠️ Warnings", "", *_points(found)] if found else []


def notes(report: Report) -> list[str]:
    """Return what is worth a line, folded."""
    found = _of(report, Severity.NOTE)
    return folded(f"{count(len(found), 'note')}", _points(found)) if found else []


def _of(report: Report, severity: Severity) -> list[Finding]:
    return [finding for finding in report.findings if finding.severity is severity]


def _points(found: list[Finding]) -> list[str]:
    lines = [f"- {said(finding.message)} {said(finding.remedy)}".rstrip() for finding in found[:MOST_FINDINGS]]
    more = len(found) - MOST_FINDINGS
    return [*lines, f"- and {more} more in the log"] if more > 0 else lines
