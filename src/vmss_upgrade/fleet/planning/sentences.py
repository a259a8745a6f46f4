"""A fleet's plan in words: the same in log, summary, outputs and record. A sentence is empty if it does not apply."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from vmss_upgrade.fleet.configuration import Tag, Wave
from vmss_upgrade.fleet.plan import FleetPlan, PlannedSet, Verdict
from vmss_upgrade.ports import FoundSet
from vmss_upgrade.reporters.sanitiser.text import count
from vmss_upgrade.reporters.sentences.phrases import change_of_image, short_name
from vmss_upgrade.rollout.findings import Finding, Severity
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.image import image_from_text
from vmss_upgrade.rollout.wording import clause, listed

MARKS = {Verdict.DUE: "📋", Verdict.ON_TARGET: "✅", Verdict.REFUSED: "⛔"}
MOST_DUE = 256  # sets of a run: GitHub's limit for the jobs of a matrix, and ours for all matrices of a run
_FEW = 5  # names in a sentence
_MOST_ALIKE = 500  # tags that a wrong one is compared with, which takes long
_ELSEWHERE = "docs/fleets.md says how several runs share a fleet."


def ending_of(plan: FleetPlan, hint: str = "") -> Ending:
    """Return how a plan ended that is complete. `hint`: what tags may mean that nothing bears."""
    due, sets = plan.all_due, plan.sets
    if len(due) > MOST_DUE:
        reason = f"{count(len(due), 'scale set')} are due, and a run rolls out to {MOST_DUE} at most."
        return Ending(Outcome.REFUSED, reason, f"Plan fewer `waves` in a run, or divide the large ones. {_ELSEWHERE}")
    if plan.left_out:
        names = listed((each.name for each in plan.left_out), _FEW)
        be = "is" if len(plan.left_out) == 1 else "are"
        reason = f"{len(plan.left_out)} of {count(len(sets), 'scale set')} {be} left out: {names}."
        what = "Correct what is named there, and plan again"
        return Ending(Outcome.REFUSED, reason, f"{what}; the others can be rolled out to." if due else f"{what}.")
    if not sets:
        return _nothing_found(plan.waves, hint)
    if not due:
        return Ending(Outcome.NOTHING_TO_DO, f"{_all(len(sets))} on the target image already.")
    return Ending(Outcome.PLANNED, "Only the plan was asked for; nothing was written.")


def _nothing_found(waves: Sequence[Wave], hint: str) -> Ending:
    """Refuse a plan without a single scale set: a tag that is misspelt must not look like a fleet that is done."""
    which = "this wave" if len(waves) == 1 else "these waves"
    remedy = (
        "Compare the tags with those in Azure (of a value, upper and lower case count), "
        "and see that the identity may read the scale sets."
    )
    return Ending(
        Outcome.REFUSED, f"No scale set was found for {which}: {_why_empty(waves)}.", f"{hint} {remedy}".strip()
    )


def empty_wave(wave: Wave, hint: str, *, is_last: bool) -> str:
    """Return what to know of a wave that nothing belongs to: later waves go on as if it had passed."""
    later = "" if is_last else "The waves after it do not wait for one."
    return " ".join(filter(None, (f"Wave {wave.name} has no scale set: {_why_empty([wave])}.", hint, later)))


def tags_meant(waves: Iterable[Wave], found: Iterable[FoundSet]) -> str:
    """Return which tags in Azure may be meant by those of waves that have no scale set: of the same name, or value."""
    asked = dict.fromkeys(tag for wave in waves for tag in wave.tags)
    names, values = {tag.name.lower() for tag in asked}, {tag.value.lower() for tag in asked}
    borne = {Tag(*tag) for each in found for tag in each.tags.items()}
    alike = {_text_of(tag) for tag in borne if tag.name.lower() in names or tag.value.lower() in values}
    near = [
        get_close_matches(text, sorted(alike - {text})[:_MOST_ALIKE], n=1, cutoff=0.7) for text in map(_text_of, asked)
    ]
    meant = listed(dict.fromkeys(match[0] for match in near if match), _FEW)
    return f"Did you mean {meant}?" if meant else ""


def _text_of(tag: Tag) -> str:
    return f"{tag.name}={tag.value}"


def _why_empty(waves: Sequence[Wave]) -> str:
    tags = listed(dict.fromkeys(_text_of(tag) for wave in waves for tag in wave.tags), _FEW)
    if not tags:
        return "an earlier wave finds all that it names by a tag"
    return f"none that the identity may read bears {tags}, or all that do are in an earlier wave"


def _all(number: int) -> str:
    return "The only scale set is" if number == 1 else f"All {number} scale sets are"


def headline(plan: FleetPlan, ending: Ending) -> str:
    """Return what is due and what is not, for a reader in a hurry."""
    if ending.outcome not in (Outcome.PLANNED, Outcome.REFUSED) or not plan.sets:
        return ending.reason
    reason = ending.reason if ending.outcome is Outcome.REFUSED else ""
    return " ".join(filter(None, (reason, due_in_words(plan), blast_radius(plan))))


def due_in_words(plan: FleetPlan) -> str:
    """Return how many are due: `4 of 6 scale sets are due, in 3 waves`, as a sentence."""
    due, whole = len(plan.all_due), len(plan.sets)
    waves = sum(1 for wave in plan.waves if plan.due(wave))
    in_waves = f", in {count(waves, 'wave')}" if waves > 1 else ""
    if due == whole:
        return f"{_all(whole)} due{in_waves}."
    be = "is" if 1 in (due, whole) else "are"
    return f"{due} of {count(whole, 'scale set')} {be} due{in_waves}."


def blast_radius(plan: FleetPlan) -> str:
    """Return how many instances of the whole fleet are away at once at most."""
    most = max((plan.most_away(wave) for wave in plan.waves), default=0)
    whole = count(sum(each.instances for each in plan.sets), "instance")
    return f"At most {most} of {whole} {'is' if most == 1 else 'are'} away at once." if plan.all_due else ""


def blast_radius_of(plan: FleetPlan, wave: Wave) -> str:
    """Return `3 of 24`: how many instances of a wave are away at once at most."""
    return f"{plan.most_away(wave)} of {sum(each.instances for each in plan.of_wave(wave))}"


def image_in_short(image: str) -> str:
    """Return the part of an image's name that people know it by; of a text that is none, the text."""
    found = image_from_text(image)
    return short_name(found) if found else image


def change(each: PlannedSet) -> str:
    """Return the images that instances run now and the one that they get, as far as known: `web 1.0.0 → 1.1.0`."""
    reaches = image_from_text(each.target)
    if not each.target:
        return _images_now(each)
    others = [(image_from_text(image), size) for image, size in each.images if image.lower() != each.target.lower()]
    if reaches is None or each.verdict is Verdict.ON_TARGET:
        return image_in_short(each.target)
    if len(others) == 1:
        return change_of_image(others[0][0], reaches)
    now = listed([f"{short_name(image)} ({size})" for image, size in others if image is not None], 3)
    return f"{now} → {short_name(reaches)}" if now else short_name(reaches)


def _images_now(each: PlannedSet) -> str:
    if len(each.images) == 1:
        return image_in_short(each.images[0][0])
    return listed([f"{image_in_short(image)} ({size})" for image, size in each.images], 3)


def line_of(each: PlannedSet) -> str:
    """Return a scale set in one line of the log."""
    match each.verdict:
        case Verdict.DUE if not each.moving:
            what = f"the model alone is due, {change(each)}"
        case Verdict.DUE:
            size = f"{each.moving} of {count(each.instances, 'instance')}"
            what = f"{size} due, at most {each.most_away} away at once, {change(each)}"
        case Verdict.ON_TARGET:
            what = f"on the target image, {count(each.instances, 'instance')}"
        case Verdict.REFUSED:
            what = f"left out: {refusal(each)}"
    return f"{MARKS[each.verdict]} {each.name}: {what}"


def refusal(each: PlannedSet) -> str:
    """Return why a scale set is left out, in its first reason."""
    refusals = [found for found in each.findings if found.severity is Severity.REFUSE]
    more = f" ({len(refusals) - 1} more)" if len(refusals) > 1 else ""
    return f"{clause(refusals[0].message)}{more}." if refusals else ""


def warnings_by_text(plan: FleetPlan) -> dict[Finding, list[str]]:
    """Return what to know of scale sets that are due, each with the names of those that it concerns."""
    names: dict[Finding, list[str]] = defaultdict(list)
    for each in plan.all_due:
        for found in each.findings:
            names[found].append(each.name)
    return names
