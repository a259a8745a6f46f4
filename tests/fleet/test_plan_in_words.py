"""A fleet's plan in numbers, sentences, outputs and Markdown, from plans made by hand."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from vmss_upgrade.fleet.configuration import Tag, Wave
from vmss_upgrade.fleet.plan import FleetPlan, PlannedSet, Verdict
from vmss_upgrade.fleet.planning.outputs import as_fleet_outputs, fits
from vmss_upgrade.fleet.planning.record import plan_in
from vmss_upgrade.fleet.planning.record_file import as_record
from vmss_upgrade.fleet.planning.sentences import MOST_DUE, change, ending_of, headline
from vmss_upgrade.fleet.planning.summary import as_markdown
from vmss_upgrade.fleet.planning.survey import READS_AT_ONCE, READS_OF_A_SET, pause_before
from vmss_upgrade.fleet.planning.verdict import image_of_all
from vmss_upgrade.reporters.outputs import LONGEST_OUTPUTS, MATRICES
from vmss_upgrade.rollout.findings import refuse, warn
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.history.run_facts import RunFacts

FACTS = RunFacts(began_at=1_764_236_400.0, url="https://github.com/o/r/actions/runs/1", version="1.0.0")
IMAGE = "Canonical:ubuntu:22_04:{}"
ID = (
    "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/{group}/providers/Microsoft.Compute"
    "/virtualMachineScaleSets/{name}"
)


def made(text: str) -> FleetPlan:
    """Return a plan: `w1: a4/1 b6/2 !c =d3; w2: ...` has waves with sets that are due (instances/most away), refused
    (!) and on the target (=).
    """
    waves, sets = [], []
    for part in filter(None, text.split(";")):
        name, _, members = part.strip().partition(":")
        waves.append(Wave(name=name))
        sets += [one_set(each, name) for each in members.split()]
    return FleetPlan(waves=tuple(waves), sets=tuple(sets), image=image_of_all(sets))


def one_set(text: str, wave: str) -> PlannedSet:
    size, _, away = text.lstrip("!=").lstrip("abcdefghijklmnopqrstuvwxyz").partition("/")
    name = text.lstrip("!=").rstrip("0123456789/")
    verdict = {"!": Verdict.REFUSED, "=": Verdict.ON_TARGET}.get(text[0], Verdict.DUE)
    refused = verdict is Verdict.REFUSED
    due = verdict is Verdict.DUE
    return PlannedSet(
        name=name,
        scale_set_id=ID.format(group="g", name=name),
        wave=wave,
        verdict=verdict,
        images=() if refused else ((IMAGE.format(1 if due else 2), int(size)),),
        target="" if refused else IMAGE.format(2),
        instances=int(size or 0),
        moving=int(size) if due else 0,
        most_away=int(away or 0),
        findings=(refuse(f"{name} is of no use", "Repair it."),) if refused else (),
    )


DUE, LEFT, NOTHING = Outcome.PLANNED, Outcome.REFUSED, Outcome.NOTHING_TO_DO
# a plan, and its headline: what is left out, what is due, and how many are away
ENDS = [
    ("w: a4/1 b6/2", DUE, "", "All 2 scale sets are due.", "3 of 10 instances are"),
    ("w: a4/1; x: b6/2 c6/2; y: d9/3", DUE, "", "All 4 scale sets are due, in 3 waves.", "4 of 25 instances are"),
    ("w: a4/1 =b6; x: =c1", DUE, "", "1 of 3 scale sets is due.", "1 of 11 instances is"),
    ("w: a1/1", DUE, "", "The only scale set is due.", "1 of 1 instance is"),
    ("w: a4/1 !b", LEFT, "1 of 2 scale sets is left out: b.", "1 of 2 scale sets is due.", "1 of 4 instances is"),
    ("w: !a !b", LEFT, "2 of 2 scale sets are left out: a, b.", "0 of 2 scale sets are due.", ""),
    ("w: !a !b !c !d !e !f !g", LEFT, "7 of 7 scale sets are left out: a, b, c, d, e and 2 more.", "0 of 7", ""),
    ("w: =a4 =b6", NOTHING, "All 2 scale sets are on the target image already.", "", ""),
    ("w: =a4", NOTHING, "The only scale set is on the target image already.", "", ""),
    ("w:", LEFT, "No scale set was found for this wave: ", "", ""),
]


@pytest.mark.parametrize(("text", "outcome", "first", "due", "away"), ENDS)
def test_the_headline_says_what_is_due(text: str, outcome: Outcome, first: str, due: str, away: str) -> None:
    plan = made(text)
    ending = ending_of(plan)
    assert ending.outcome is outcome
    said = headline(plan, ending)
    assert said.startswith(" ".join(filter(None, (first, due))))
    assert said.endswith(f"At most {away} away at once." if away else "")


@pytest.mark.parametrize(("parallel", "most"), [(None, 6), (4, 6), (3, 6), (2, 5), (1, 3)])
def test_a_wave_takes_away_as_many_as_roll_side_by_side(parallel: int | None, most: int) -> None:
    plan = made("w: a4/1 b6/2 c9/3 !d =e5")
    wave = Wave(name="w", max_parallel=parallel)
    assert plan.most_away(wave) == most


def test_more_sets_than_a_run_takes_are_refused_with_the_way() -> None:
    plan = FleetPlan(waves=(Wave(name="w"),), sets=tuple(one_set("a1/1", "w") for _ in range(MOST_DUE + 1)))
    ending = ending_of(plan)
    assert ending.outcome is Outcome.REFUSED
    assert ending.reason == "257 scale sets are due, and a run rolls out to 256 at most."
    assert "`waves`" in ending.remedy and "docs/fleets.md" in ending.remedy
    assert ending_of(replace(plan, sets=plan.sets[1:])).outcome is Outcome.PLANNED


GALLERY = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/x/images/web/versions/{}"
CHANGES = [
    ((("p:o:s:1", 4),), "p:o:s:2", "s 1 → 2"),
    ((("p:o:s:1", 4), ("p:o:s:2", 2)), "p:o:s:2", "s 1 → 2"),
    ((("p:o:s:1", 4), ("p:o:s:0", 2)), "p:o:s:2", "s 1 (4), s 0 (2) → s 2"),
    (((GALLERY.format("1.0.0"), 4),), GALLERY.format("1.1.0"), "web 1.0.0 → 1.1.0"),
    ((("p:o:s:2", 4),), "P:O:S:2", "S 2"),
    (((), "p:o:s:2", "s 2")),
    ((("no image", 4),), "p:o:s:2", "s 2"),
    ((("p:o:s:1", 4),), "odd", "odd"),
    ((("p:o:s:1", 4),), "", "s 1"),
    ((("p:o:s:1", 4), ("p:o:s:0", 2)), "", "s 1 (4), s 0 (2)"),
    ((), "", ""),
]


@pytest.mark.parametrize(("images", "target", "words"), CHANGES)
def test_the_change_of_image_is_short(images: tuple[tuple[str, int], ...], target: str, words: str) -> None:
    assert change(replace(one_set("a4/1", "w"), images=images, target=target)) == words


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ((("role=wbe",),), "for this wave: none that the identity may read bears role=wbe, or all that do are in"),
        ((("a=1", "b=2"), ("b=2",)), "for these waves: none that the identity may read bears a=1, b=2, or all"),
        (((),), "for this wave: an earlier wave finds all that it names by a tag."),
    ],
)
def test_a_fleet_without_a_scale_set_is_no_success(tags: tuple[tuple[str, ...], ...], words: str) -> None:
    waves = tuple(
        Wave(name=f"w{number}", tags=tuple(Tag(*tag.split("=")) for tag in texts)) for number, texts in enumerate(tags)
    )
    ending = ending_of(FleetPlan(waves=waves, sets=()))
    assert ending.outcome is Outcome.REFUSED and ending.remedy
    assert f"No scale set was found {words}" in ending.reason


def test_a_set_that_is_left_out_shows_the_image_that_was_read() -> None:
    plan = made("w: a4/1 !b !c")
    read = replace(plan.sets[1], images=((IMAGE.format(1), 3),), instances=3)
    text = as_markdown(replace(plan, sets=(plan.sets[0], read, plan.sets[2])), ending_of(plan), FACTS, seconds=1.0)
    assert "22_04 1<br>left out, see above" in text
    assert text.count("| left out, see above |") == 1  # of c nothing was read


def test_waves_that_were_asked_for_keep_the_numbers_of_the_file() -> None:
    plan = made("north: a4/1; west: b6/2")
    chosen = replace(plan, waves=tuple(replace(wave, number=at) for at, wave in zip((2, 4), plan.waves, strict=True)))
    text = as_markdown(chosen, ending_of(chosen), FACTS, seconds=1.0)
    assert "### Wave 2: north" in text and "### Wave 4: west" in text and "| 4. west |" in text
    assert matrices(chosen) == ["", "a", "", "b", "", ""]
    assert [each["name"] for each in json.loads(outputs(chosen)["waves"])] == ["", "north", "", "west", "", ""]


def test_waves_beyond_the_places_stand_one_behind_another() -> None:
    plan = made("north: a4/1; west: b6/2")
    chosen = replace(plan, waves=tuple(replace(wave, number=at) for at, wave in zip((2, 7), plan.waves, strict=True)))
    assert matrices(chosen) == ["a", "b", "", "", "", ""]


def outputs(plan: FleetPlan) -> dict[str, str]:
    return as_fleet_outputs(plan, ending_of(plan), is_complete=True, seconds=1.0, report_path="", summary_path="")


def matrices(plan: FleetPlan) -> list[str]:
    written = outputs(plan)
    return [" ".join(job["name"] for job in json.loads(written[name])["include"]) for name in MATRICES]


def large(sets: int, name: str = "x" * 63, group: str = "g" * 89) -> FleetPlan:
    """Return the largest plan that Azure's names allow."""
    due = [
        replace(
            one_set("a9/9", "w"),
            name=f"{name}{number}"[-64:],
            scale_set_id=ID.format(group=group, name=f"{name}{number}"[-64:]),
            target=GALLERY.format("1.1.0").replace("/g/", f"/{'i' * 90}/").replace("/web/", f"/{'w' * 80}/"),
            plan_hash="0a1b2c3d-4e5f6071",
        )
        for number in range(sets)
    ]
    return FleetPlan(waves=(Wave(name="w"),), sets=tuple(due), image=due[0].target)


def outputs_of(plan: FleetPlan, ending: Ending | None = None, *, is_complete: bool = True) -> dict[str, str]:
    ending = ending or ending_of(plan)
    return as_fleet_outputs(
        plan, ending, is_complete=is_complete, seconds=12.4, report_path="a.json", summary_path="a.md"
    )


def test_a_full_run_fits_into_githubs_outputs() -> None:
    """GitHub takes 1 MiB of a job, and counts two bytes a character."""
    plan = large(MOST_DUE)
    outputs = outputs_of(plan)
    assert fits(plan)
    assert sum(len(value.encode("utf-16-le")) for value in outputs.values()) < 1024 * 1024
    assert len(json.loads(outputs["matrix-1"])["include"]) == MOST_DUE


def test_outputs_that_github_would_not_take_are_noticed() -> None:
    plan = large(MOST_DUE, group="ö" * 90)
    assert sum(map(len, outputs_of(plan).values())) > LONGEST_OUTPUTS / 2
    assert not fits(large(MOST_DUE * 2, group="ö" * 90))


def test_waves_are_always_six() -> None:
    outputs = outputs_of(made("w: a4/1; x: =b2"))
    waves = json.loads(outputs["waves"])
    assert [(wave["name"], wave["due"]) for wave in waves] == [("w", 1), ("x", 0), *[("", 0)] * 4]
    assert [len(json.loads(outputs[name])["include"]) for name in MATRICES] == [1, 0, 0, 0, 0, 0]


def test_a_plan_that_is_not_complete_orders_nothing() -> None:
    outputs = outputs_of(made("w: a4/1"), Ending(Outcome.INTERRUPTED, "Cancelled."), is_complete=False)
    assert {outputs[name] for name in MATRICES} == {'{"include": []}'}
    assert (outputs["waves"], outputs["due"], outputs["outcome"]) == ("", "", "interrupted")


HOSTILE = "::error::x\n| <img src=x> ](http://e.test) `x` ##[group] @octocat"


def test_hostile_texts_are_harmless_everywhere() -> None:
    spoilt = replace(
        one_set("a4/1", "w"),
        region=HOSTILE,
        kind=HOSTILE,
        mode=HOSTILE,
        images=((HOSTILE, 4),),
        findings=(warn(HOSTILE, HOSTILE),),
    )
    left = replace(one_set("!b", "w"), findings=(refuse(HOSTILE, HOSTILE),))
    wave = Wave(name="w", environment=HOSTILE, max_parallel=2)
    plan = FleetPlan(waves=(wave, Wave(name="x")), sets=(spoilt, left), image=HOSTILE)
    ending = ending_of(plan)
    text = as_markdown(plan, ending, FACTS, seconds=1.0)
    assert "<img" not in text and "](http://" not in text and "@octocat" not in text
    assert not any(line.startswith("::") for line in text.splitlines())
    for value in outputs_of(plan).values():
        assert "::error" not in value.removeprefix("\N{MIDDLE DOT}") or not value.startswith("::")
        assert "##[" not in value and "\n" not in value
    assert plan_in(json.loads(json.dumps(as_record(plan, ending, FACTS, 1.0)))).sets[0].name == "a"


def test_the_record_can_be_read_again_also_with_texts_of_any_length() -> None:
    plan = FleetPlan(
        waves=(Wave(name="w"),), sets=(replace(one_set("!a", "w"), findings=(refuse("x" * 99_999, "y"),)),)
    )
    record = as_record(plan, ending_of(plan), FACTS, 1.0)
    [read] = plan_in(json.loads(json.dumps(record))).sets
    assert read.findings[0].message.startswith("xxx")
    assert (record["outcome"], record["started_at"]) == ("refused", "2025-11-27T09:40:00Z")


def test_a_large_summary_fits() -> None:
    text = as_markdown(large(MOST_DUE), ending_of(large(MOST_DUE)), FACTS, seconds=1.0)
    assert len(text.encode()) < 900_000 and text.count("📋&nbsp;") == MOST_DUE


def test_a_warning_of_many_sets_is_said_once() -> None:
    sets = tuple(replace(one_set(f"{name}4/1", "w"), findings=(warn("No health signal."),)) for name in "abcdefghij")
    plan = FleetPlan(waves=(Wave(name="w"),), sets=sets)
    text = as_markdown(plan, ending_of(plan), FACTS, seconds=1.0)
    assert "- No health signal. (a, b, c, d, e, f, g, h and 2 more)" in text


@pytest.mark.parametrize(
    ("number", "elapsed", "pause"),
    [(0, 0.0, 0.0), (16, 0.0, 0.0), (17, 0.0, 0.2), (256, 100.0, 43.6), (256, 500.0, 0.0)],
)
def test_reads_stay_below_resource_managers_budget(number: int, elapsed: float, pause: float) -> None:
    assert pause_before(number, elapsed) == pytest.approx(pause)


def test_the_pace_leaves_a_share_to_others() -> None:
    """250 reads at once and 25 more a second are published; 256 sets are read as fast as four fifths allow."""
    sent, now = 0, 0.0
    for number in range(256):
        now += pause_before(number, now)
        sent += READS_OF_A_SET
        assert sent <= 250 + 25 * now or number * READS_OF_A_SET <= READS_AT_ONCE
