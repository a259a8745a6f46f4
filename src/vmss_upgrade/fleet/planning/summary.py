"""A fleet's plan -> the step summary in GitHub Markdown: first what is due, then what is left out, then every set."""

from __future__ import annotations

from vmss_upgrade.fleet.configuration import Wave
from vmss_upgrade.fleet.plan import FleetPlan, PlannedSet, Verdict
from vmss_upgrade.fleet.planning.sentences import (
    MARKS,
    blast_radius,
    blast_radius_of,
    change,
    due_in_words,
    image_in_short,
    warnings_by_text,
)
from vmss_upgrade.reporters.sanitiser.text import count, markdown
from vmss_upgrade.reporters.sentences.headline import MARKS as ENDINGS
from vmss_upgrade.reporters.step_summary.fitting import CUT, LIMIT, within
from vmss_upgrade.reporters.step_summary.markup import LONGEST_NAME, name_of, said, table
from vmss_upgrade.reporters.step_summary.result import facts_of_run
from vmss_upgrade.rollout.findings import Severity
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.history.run_facts import RunFacts
from vmss_upgrade.rollout.wording import about, listed

MOST_POINTS = 30  # of what is left out; the tables name the others
MOST_WARNINGS = 30


def as_markdown(
    plan: FleetPlan, ending: Ending, facts: RunFacts, *, seconds: float, simulated: str = "", taken: int = 0
) -> str:
    """Return the whole summary. `taken`: bytes that are in the runner's file already."""
    sections = (
        _top(plan, ending, simulated),
        _left_out(plan),
        _waves(plan),
        *(_sets(plan, wave) for wave in plan.waves),
        _warnings(plan),
        facts_of_run(Report(facts=facts, duration=seconds)),
    )
    return within([section for section in sections if section], LIMIT - taken)


def _top(plan: FleetPlan, ending: Ending, simulated: str) -> list[str]:
    lines = [f"> **Simulated run** (scenario {name_of(simulated)}): no Azure was involved.", ""] if simulated else []
    lines += [f"## {ENDINGS[ending.outcome]} {markdown(_title(plan, ending), LONGEST_NAME)}", ""]
    if plan.image:
        lines += [f"**{markdown(image_in_short(plan.image), LONGEST_NAME)}**<br>{name_of(plan.image)}", ""]
    elif plan.all_due:
        lines += ["Several images: each scale set's own is below.", ""]
    words = [] if ending.outcome is Outcome.PLANNED else [ending.reason, ending.remedy]
    if plan.all_due:
        words.append(blast_radius(plan))
    if text := " ".join(said(each) for each in words if each):
        lines += [text, ""]
    return lines[:-1]


def _title(plan: FleetPlan, ending: Ending) -> str:
    if ending.outcome is Outcome.INTERRUPTED:
        return "The plan of the fleet was cancelled"
    if ending.outcome is Outcome.NOTHING_TO_DO:
        return "Plan of the fleet: nothing to do"
    if not plan.sets:
        return "There is no plan of the fleet"
    left_out = f"; {len(plan.left_out)} left out" if plan.left_out else ""
    return f"Plan of the fleet: {due_in_words(plan).removesuffix('.')}{left_out}"


def _left_out(plan: FleetPlan) -> list[str]:
    """Return a point for each scale set that cannot be rolled out to, with all that refuses it."""
    points = [_point(each) for each in plan.left_out[:MOST_POINTS]]
    more = len(plan.left_out) - MOST_POINTS
    return ["### Left out", "", *points, *(["", CUT.format(more)] if more > 0 else [])] if points else []


def _point(each: PlannedSet) -> str:
    refusals = [found for found in each.findings if found.severity is Severity.REFUSE]
    reasons = "<br>".join(said(f"{found.message} {found.remedy}".strip()) for found in refusals)
    return f"- {MARKS[each.verdict]} **{markdown(each.name, LONGEST_NAME)}**: {reasons}"


def _waves(plan: FleetPlan) -> list[str]:
    if len(plan.waves) < 2 or not plan.sets:
        return []
    rows = [
        (
            "<br>".join((f"{plan.number_of(wave)}. {markdown(wave.name, LONGEST_NAME)}", *_rules(wave))),
            f"{len(plan.due(wave))} of {len(plan.of_wave(wave))}",
            blast_radius_of(plan, wave) if plan.due(wave) else "none",
        )
        for wave in plan.waves
    ]
    return ["### Waves", "", *table(("Wave", "Sets due", "Instances away at most"), rows, align=" rr")]


def _rules(wave: Wave) -> list[str]:
    """Return what holds in a wave and after it, as far as it is not usual."""
    rules = (
        f"at most {wave.max_parallel} side by side" if wave.max_parallel else "",
        f"approved in {name_of(wave.environment)}" if wave.environment else "",
        f"baked for {about(wave.bake_time)} afterwards" if wave.bake_time else "",
        f"stops the fleet after {wave.stop_after_failures} failures" if wave.stop_after_failures > 1 else "",
    )
    return list(filter(None, rules))


def _sets(plan: FleetPlan, wave: Wave) -> list[str]:
    """Return every scale set of a wave."""
    sets = plan.of_wave(wave)
    if not sets:
        return []
    rows = [(_name(each), _state(each)) for each in sets]
    title = f"### Wave {plan.number_of(wave)}: {markdown(wave.name, LONGEST_NAME)}"
    return [title, "", *table(("Scale set", "Image, and instances"), rows)]


def _name(each: PlannedSet) -> str:
    about = " · ".join(markdown(text, LONGEST_NAME) for text in (each.region, each.kind, each.mode) if text)
    name = f"{MARKS[each.verdict]}&nbsp;{markdown(each.name, LONGEST_NAME)}"
    return f"{name}<br>{about}" if about else name


def _state(each: PlannedSet) -> str:
    """Return the images now and then, and how many instances that concerns."""
    image = markdown(change(each), LONGEST_NAME)
    if each.verdict is Verdict.REFUSED:
        return "<br>".join(filter(None, (image, "left out, see above")))
    if each.verdict is Verdict.ON_TARGET:
        return f"{image}<br>on the target already, {count(each.instances, 'instance')}"
    if not each.moving:
        return f"{image}<br>the model alone"
    return f"{image}<br>{each.moving} of {count(each.instances, 'instance')}, at most {each.most_away} away at once"


def _warnings(plan: FleetPlan) -> list[str]:
    points = [
        f"- {said(' '.join(filter(None, (found.message, found.remedy))))} ({markdown(listed(names, 8))})"
        for found, names in warnings_by_text(plan).items()
    ]
    more = len(points) - MOST_WARNINGS
    rest = ["", CUT.format(more)] if more > 0 else []
    return ["### To know beforehand", "", *points[:MOST_WARNINGS], *rest] if points else []
