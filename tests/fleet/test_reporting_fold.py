"""What a fleet's report makes of a plan and of records: one row per case."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.fleets import NEW, OLD, id_of, plan_of
from vmss_upgrade.fleet.plan import Verdict
from vmss_upgrade.fleet.reporting.fold import FleetReport, State, Unread, fold
from vmss_upgrade.fleet.reporting.going_on import WorkflowRun, how_to_go_on, workflow_run
from vmss_upgrade.fleet.reporting.run_record import RunRecord
from vmss_upgrade.fleet.reporting.sentences import heading, headline, reason, title
from vmss_upgrade.rollout.history.outcome import Outcome

DUE, THERE, REFUSED = Verdict.DUE, Verdict.ON_TARGET, Verdict.REFUSED
GOOD, HALTED, BACK, PARTLY = Outcome.SUCCEEDED, Outcome.HALTED, Outcome.ROLLED_BACK, Outcome.PARTIAL
TWO_WAVES = {"canary": {"a": DUE}, "rest": {"b": DUE, "c": DUE}}


def ran(name: str, outcome: Outcome | None = GOOD, at: float = 100.0, **parts: Any) -> RunRecord:
    """Return a run on a scale set of ten instances, all of them upgraded after a good end."""
    there = 10 if outcome is GOOD else 0
    known = {
        "file": f"records/{name}-{at}.json", "scale_set_id": id_of(name), "scale_set": name, "outcome": outcome,
        "reason": f"{name} has a reason.", "began_at": at, "ended_at": at + 60, "duration": 60.0, "target": NEW,
        "total": 10, "on_target": there, "upgraded": there, "remaining": 10 - there,
    }  # fmt: skip
    return RunRecord(**(known | parts))


def states(report: FleetReport) -> dict[str, str]:
    return {each.name: each.state.name for each in report.sets}


@pytest.mark.parametrize(
    ("waves", "runs", "expected", "outcome"),
    [
        pytest.param(TWO_WAVES, [ran(n) for n in "abc"], "a DONE b DONE c DONE", GOOD, id="all-well"),
        pytest.param({"w": {"a": THERE}}, [], "a ON_TARGET", Outcome.NOTHING_TO_DO, id="nothing-was-due"),
        pytest.param({"w": {"a": THERE}}, [ran("a", HALTED)], "a FAILED", HALTED, id="a-record-wins-over-the-plan"),
        pytest.param({"w": {}}, [], "", Outcome.NOTHING_TO_DO, id="an-empty-wave"),
        pytest.param({"w": {"a": REFUSED, "b": DUE}}, [ran("b")], "a LEFT_OUT b DONE", HALTED, id="one-left-out"),
        pytest.param({"w": {"a": DUE}}, [ran("a", Outcome.NOTHING_TO_DO)], "a DONE", GOOD, id="nothing-to-do-any-more"),
        pytest.param(TWO_WAVES, [ran("a", HALTED)], "a FAILED b WAITING c WAITING", HALTED, id="canary-fails"),
        pytest.param(TWO_WAVES, [ran("a", BACK)], "a ROLLED_BACK b WAITING c WAITING", HALTED, id="rolled-back"),
        pytest.param(TWO_WAVES, [ran("a", PARTLY)], "a PARTIAL b WAITING c WAITING", HALTED, id="partly"),
        pytest.param(TWO_WAVES, [], "a SILENT b WAITING c WAITING", HALTED, id="no-record-at-all"),
        pytest.param(TWO_WAVES, [ran("b")], "a SILENT c SILENT b DONE", HALTED, id="a-later-wave-did-start"),
        pytest.param(TWO_WAVES, [ran("a")], "a DONE b SILENT c SILENT", HALTED, id="nothing-stopped-the-next-wave"),
        pytest.param(TWO_WAVES, [ran("a"), ran("c")], "a DONE b SILENT c DONE", HALTED, id="one-is-missing"),
        pytest.param(
            TWO_WAVES, [ran("a"), ran("b", None), ran("c")], "a DONE b FAILED c DONE", HALTED, id="it-did-not-end"
        ),
        pytest.param(
            TWO_WAVES,
            [ran("a", HALTED, holds_target=True), ran("b")],
            "a HALF_WAY c SILENT b DONE",
            HALTED,
            id="new-instances-get-the-image",
        ),
        pytest.param({"w": {"a": DUE}}, [ran("a", HALTED, on_target=4)], "a HALF_WAY", HALTED, id="some-instances-did"),
        pytest.param(
            {"w": {"a": DUE}},
            [ran("a", HALTED, on_target=10, remaining=0, holds_target=True)],
            "a FAILED",
            HALTED,
            id="all-instances-did",
        ),
        pytest.param(
            {"w": {"a": DUE}}, [ran("a", HALTED, 1), ran("a", GOOD, 2)], "a DONE", GOOD, id="the-youngest-counts"
        ),
        pytest.param(
            {"w": {"a": DUE}}, [ran("a", GOOD, 1), ran("a", HALTED, 2)], "a FAILED", HALTED, id="also-if-it-is-worse"
        ),
        pytest.param(
            {"w": {"a": DUE}},
            [ran("a", GOOD, 1, attempt=2), ran("a", HALTED, 1, attempt=1, file="z")],
            "a DONE",
            GOOD,
            id="the-attempt-where-dates-are-equal",
        ),
        pytest.param({"w": {"a": DUE}}, [ran("a", at=-1.0)], "a SILENT", HALTED, id="it-ran-before-the-plan"),
        pytest.param({"w": {"a": DUE}}, [ran("a", began_at=None)], "a DONE", GOOD, id="no-date"),
        pytest.param(
            {"w": {"A": DUE}}, [ran("a", scale_set_id=id_of("A").upper())], "A DONE", GOOD, id="ids-whatever-their-case"
        ),
        pytest.param({"w": {"a": DUE}}, [ran("a"), ran("z")], "a DONE z DONE", GOOD, id="one-that-no-plan-names"),
        pytest.param({"w": {"a": DUE}}, [ran("a"), ran("z", HALTED)], "a DONE z FAILED", HALTED, id="and-it-failed"),
        pytest.param(
            {"w": {"a": DUE}},
            [ran("a"), ran("x", Outcome.REFUSED, scale_set_id="", scale_set="", file="x.json")],
            "a DONE x.json FAILED",
            HALTED,
            id="a-record-that-names-no-scale-set",
        ),
        pytest.param(None, [ran("a"), ran("b")], "a DONE b DONE", GOOD, id="records-alone"),
        pytest.param(None, [ran("a"), ran("b", BACK)], "b ROLLED_BACK a DONE", HALTED, id="records-alone-one-failed"),
    ],
)
def test_each_scale_set_has_a_state(
    waves: dict[str, Any] | None, runs: list[RunRecord], expected: str, outcome: Outcome
) -> None:
    report = fold(plan_of(waves) if waves else None, runs, planned_at=0.0)
    words = expected.split()
    assert states(report) == dict(zip(words[::2], words[1::2], strict=True))
    assert list(states(report)) == words[::2]
    assert report.outcome is outcome


@pytest.mark.parametrize(
    ("bound", "failed", "stops"),
    [(1, 0, False), (1, 1, True), (2, 1, False), (2, 2, True), (3, 2, False), (3, 3, True)],
)
def test_a_wave_stops_the_next_one_at_its_bound(bound: int, failed: int, stops: bool) -> None:
    waves = {"first": {"a": DUE, "b": DUE, "c": DUE}, "next": {"d": DUE}}
    runs = [ran(name, HALTED if at < failed else GOOD) for at, name in enumerate("abc")]
    plan = plan_of(waves, {"first": bound})
    assert fold(plan, runs).waves[0].stops is stops
    assert fold(plan, runs, judged="first").outcome is (HALTED if stops else GOOD)
    assert states(fold(plan, runs))["d"] == ("WAITING" if stops else "SILENT")
    assert fold(plan, runs, judged="next").outcome is HALTED
    assert fold(plan, [*runs, ran("d")]).outcome is (HALTED if failed else GOOD)


def test_a_wave_that_did_not_start_is_red_whatever_its_bound() -> None:
    plan = plan_of({"first": {"a": DUE}, "next": {"b": DUE}}, {"next": 5})
    assert fold(plan, [ran("a", HALTED)], judged="next").outcome is HALTED


def test_scale_sets_that_were_left_out_stop_no_wave() -> None:
    plan = plan_of({"first": {"a": REFUSED, "b": DUE}, "next": {"c": DUE}})
    runs = [ran("b"), ran("c")]
    assert fold(plan, runs, judged="first").outcome is GOOD
    assert fold(plan, runs).outcome is HALTED


def test_a_judged_wave_is_shown_alone() -> None:
    report = fold(plan_of(TWO_WAVES), [ran("a", HALTED), ran("b"), ran("c"), ran("z", HALTED)], judged="rest")
    assert states(report) == {"b": "DONE", "c": "DONE"}
    assert title(report).startswith("All 2 scale sets of wave rest run")


def test_waves_have_the_numbers_of_the_file() -> None:
    plan = plan_of({"north": {"a": 1}, "west": {"b": 1}})
    chosen = replace(plan, waves=(replace(plan.waves[0], number=2), replace(plan.waves[1], number=5)))
    report = fold(chosen, [])
    assert [heading(wave, report) for wave in report.waves] == ["Wave 2: north", "Wave 5: west"]


def test_a_file_that_cannot_be_read_may_hide_a_failure() -> None:
    report = replace(fold(plan_of(TWO_WAVES), [ran(n) for n in "abc"]), unread=(Unread(file="x.json", lack="is no"),))
    assert report.outcome is HALTED
    assert reason(report) == "'x.json' is no: it may hide a failure."


def test_a_plan_that_did_not_end_is_no_good_fleet() -> None:
    report = replace(fold(plan_of({}), []), plan_trouble="config: is wrong")
    assert report.outcome is HALTED
    assert "The plan did not come to its end: config: is wrong." in headline(report)


def test_records_of_earlier_runs_are_named() -> None:
    report = fold(plan_of({"w": {"a": DUE}}), [ran("a", HALTED, 5), ran("a", GOOD, 9), ran("a", at=-3.0)], planned_at=0)
    assert report.older == ("records/a--3.0.json", "records/a-5.json")


@pytest.mark.parametrize(
    ("run", "on_target", "instances"),
    [
        (ran("a"), 10, 10),
        (ran("a", HALTED, on_target=4), 4, 10),
        (ran("a", Outcome.NOTHING_TO_DO, on_target=0, remaining=0), 10, 10),
        (ran("a", Outcome.NOTHING_TO_DO, on_target=3), 3, 10),
        (ran("a", Outcome.REFUSED, total=0), 0, 20),
        (ran("a", HALTED, on_target=12), 10, 10),
        (None, 0, 20),
    ],
)
def test_instances_on_the_image_are_counted(run: RunRecord | None, on_target: int, instances: int) -> None:
    one = fold(plan_of({"w": {"a": DUE}}), [run] if run else []).sets[0]
    assert (one.on_target, one.instances) == (on_target, instances)


def test_the_plan_tells_of_a_scale_set_that_was_half_way_before() -> None:
    plan = plan_of({"w": {"a": DUE}})
    before = replace(plan.sets[0], images=((OLD, 12), (NEW, 8)))
    assert fold(replace(plan, sets=(before,)), []).sets[0].on_target == 8


STARTED_BY_HAND = {"image": "", "waves": "", "config": "x.yml", "note": "it's $(id)", "dry-run": ""}
HERE = WorkflowRun(repository="contoso/fleet", run_id="7", file="fleet.yml", ref="main")
IMAGE = f"with the image {NEW}"


@pytest.mark.parametrize(
    ("runs", "waves", "run", "words", "command"),
    [
        pytest.param([ran(n) for n in "abc"], TWO_WAVES, HERE, "", "", id="nothing-is-left"),
        pytest.param(
            [ran("a", HALTED)], TWO_WAVES, HERE, "failed jobs again", "gh run rerun 7 --failed --repo contoso/fleet",
            id="failed",
        ),
        pytest.param(
            [ran("a", PARTLY)], TWO_WAVES, HERE, "all jobs again", "gh run rerun 7 --repo contoso/fleet", id="partly"
        ),
        pytest.param(
            [ran("a")], {"w": {"a": DUE, "b": REFUSED}}, HERE, "all jobs", "gh run rerun 7 --repo contoso/fleet",
            id="left-out",
        ),
        pytest.param([ran("a", HALTED)], TWO_WAVES, WorkflowRun(), "failed jobs again", "", id="not-on-github"),
        pytest.param(
            [ran("a"), ran("b", HALTED)],
            TWO_WAVES,
            replace(HERE, inputs=STARTED_BY_HAND),
            IMAGE,
            f"gh workflow run fleet.yml --repo contoso/fleet --ref main -f image={NEW} -f waves=rest -f config=x.yml "
            "-f 'note=it'\"'\"'s $(id)'",
            id="started-by-hand",
        ),
        pytest.param(
            [ran("a", HALTED)],
            TWO_WAVES,
            replace(HERE, inputs={"waves": ""}),
            "failed jobs again",
            "gh run rerun 7 --failed --repo contoso/fleet",
            id="by-hand-without-an-image",
        ),
        pytest.param(
            [ran("a", PARTLY)],
            TWO_WAVES,
            replace(HERE, inputs={"image": "latest"}),
            f"with the image {NEW}, after what is wrong is corrected, start it again:",
            f"gh workflow run fleet.yml --repo contoso/fleet --ref main -f image={NEW}",
            id="by-hand-without-waves",
        ),
        pytest.param(
            [ran("a", HALTED)],
            TWO_WAVES,
            replace(HERE, host="ghes.test"),
            "",
            "gh run rerun 7 --failed --repo ghes.test/contoso/fleet",
            id="a-server-of-ones-own",
        ),
    ],
)  # fmt: skip
def test_the_command_that_goes_on(
    runs: list[RunRecord], waves: dict[str, Any], run: WorkflowRun, words: str, command: str
) -> None:
    said, found = how_to_go_on(fold(plan_of(waves), runs), run)
    assert words in said
    assert found == command


@pytest.mark.parametrize(
    ("image", "command"),
    [
        ("a:b:c:1; rm -rf ~ #$(id) `id` '", "-f 'image=a:b:c:1; rm -rf ~ #$(id) `id` '\"'\"'' -f waves=canary,rest"),
        ("a\nrm -rf ~", "gh run rerun 7 --failed --repo contoso/fleet"),
        ("https://h.test/a?sig=1' ; rm -rf ~ #", "gh run rerun 7 --failed --repo contoso/fleet"),
        ("##[error]x", "gh run rerun 7 --failed --repo contoso/fleet"),
        ("x" * 5000, "gh run rerun 7 --failed --repo contoso/fleet"),
    ],
)
def test_a_hostile_image_is_quoted_or_not_in_the_command(image: str, command: str) -> None:
    plan = replace(plan_of(TWO_WAVES), image=image)
    _, found = how_to_go_on(fold(plan, [ran("a", HALTED)]), replace(HERE, inputs={"image": "", "waves": ""}))
    assert found.endswith(command)


@pytest.mark.parametrize(
    ("variables", "event", "expected"),
    [
        ({}, "", WorkflowRun()),
        ({"GITHUB_REPOSITORY": "a/b"}, "", WorkflowRun()),
        ({"GITHUB_REPOSITORY": "a/b; id", "GITHUB_RUN_ID": "1"}, "", WorkflowRun()),
        ({"GITHUB_REPOSITORY": "a/b", "GITHUB_RUN_ID": "1"}, "", WorkflowRun(repository="a/b", run_id="1")),
        *(
            (
                {
                    "GITHUB_REPOSITORY": "a/b",
                    "GITHUB_RUN_ID": "1",
                    "GITHUB_EVENT_NAME": "workflow_dispatch",
                    "GITHUB_WORKFLOW_REF": "a/b/.github/workflows/f.yml@refs/heads/x/y",
                },
                event,
                WorkflowRun(repository="a/b", run_id="1", file="f.yml", ref="x/y", inputs=inputs),
            )
            for event, inputs in (
                ('{"inputs": {"waves": "", "dry-run": false}}', {"waves": "", "dry-run": "false"}),
                ('{"inputs": null}', None),
                ("[]", None),
                ("{", None),
                ('{"inputs": {"a": 1}}', None),
                ('{"inputs": {"a": "' + "x" * 2000 + '"}}', None),
                ("[" * 100_000, None),
            )
        ),
    ],
)
def test_the_run_of_the_workflow(variables: dict[str, str], event: str, expected: WorkflowRun) -> None:
    assert workflow_run(variables, event) == expected


@pytest.mark.parametrize(
    ("waves", "runs", "expected"),
    [
        pytest.param(
            TWO_WAVES,
            [ran("a"), ran("b", HALTED, on_target=4), ran("c")],
            "2 of 3 scale sets run 22_04-lts-gen2 22.04.202611010. Wave rest stopped: b failed half-way, with 4 of 10 "
            "instances on the image. Half-way: b.",
            id="half-way",
        ),
        pytest.param(
            TWO_WAVES,
            [ran("a", BACK)],
            "0 of 3 scale sets run 22_04-lts-gen2 22.04.202611010. Wave canary stopped: a failed and was rolled back. "
            "Wave rest did not start (2 scale sets).",
            id="stopped",
        ),
        pytest.param(
            {"w": {"a": THERE, "b": DUE}},
            [ran("b")],
            "All 2 scale sets run 22_04-lts-gen2 22.04.202611010. 1 of them was on it already.",
            id="all",
        ),
        pytest.param({"w": {"a": DUE}}, [ran("a")], "a runs 22_04-lts-gen2 22.04.202611010.", id="one"),
        pytest.param(
            {"w": {"a": DUE, "b": REFUSED}},
            [ran("a")],
            "1 of 2 scale sets runs 22_04-lts-gen2 22.04.202611010. Left out by the plan: b.",
            id="left-out",
        ),
        pytest.param(
            None,
            [ran("a"), ran("b", HALTED)],
            "1 of 2 scale sets runs 22_04-lts-gen2 22.04.202611010. b failed.",
            id="no-plan",
        ),
        pytest.param(
            None, [ran("a"), ran("b", target=OLD)], "All 2 scale sets run their target images.", id="several-images"
        ),
        pytest.param({}, [], "No scale set is due.", id="empty"),
    ],
)
def test_headlines(waves: dict[str, Any] | None, runs: list[RunRecord], expected: str) -> None:
    assert headline(fold(plan_of(waves) if waves is not None else None, runs)) == expected


def test_the_worst_comes_first() -> None:
    assert [state.is_good for state in State] == [False] * 7 + [True] * 2
