"""The outputs whose values are words, numbers and addresses: at every end, and with hostile texts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from builders import fleet, model, report_of, run_of
from harness.playing import cancelled_at, play, play_once
from harness.vocabulary import OUTPUTS
from vmss_upgrade.reporters.outputs import as_outputs, within_limit
from vmss_upgrade.rollout.history.outcome import Ending, Outcome
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.history.run_facts import RunFacts

SHOWN = ("changed", "target-version", "upgraded-count", "remaining-count", "total")
WHOLE = pytest.mark.slow  # a whole rollout of a shipped scenario, at which other files look too
PAGE = f"https://portal.azure.com/#resource{model().id}"


def ended(reason: str = "All done.", id_: str = model().id) -> Report:
    """Return the report of a run in Microsoft's own cloud."""
    scale_set = fleet("01", id=id_)
    report = report_of(run_of(scale_set, ending=Ending(outcome=Outcome.HALTED, reason=reason)))
    report.facts = RunFacts(portal="https://portal.azure.com")
    return report


@pytest.mark.parametrize(
    ("scenario", "inputs", "expected"),
    [
        pytest.param("happy", {}, ("true", "22.04.202611010", "20", "0", "20"), id="happy-succeeded", marks=WHOLE),
        pytest.param("happy", {"operation": "plan"}, ("false", "22.04.202611010", "0", "20", "20"), id="planned"),
        pytest.param("happy", {"operation": "status"}, ("false", "22.04.202610010", "", "", "20"), id="reported"),
        pytest.param(
            "happy", {"operation": "update-model"}, ("true", "22.04.202611010", "0", "20", "20"), id="model-updated"
        ),
        pytest.param("happy", {"stop-after": "1"}, ("true", "22.04.202611010", "4", "16", "20"), id="partial"),
        pytest.param("happy", {"batch-size": "none"}, ("false", "", "", "", ""), id="inputs-refused"),
        pytest.param("wrong-generation", {}, ("false", "", "", "", ""), id="refused"),
        pytest.param("vhd", {}, ("true", "", "4", "0", "4"), id="vhd-no-version", marks=WHOLE),
        pytest.param("rollback", {}, ("true", "22.04.202611010", "0", "0", "13"), id="rollback", marks=WHOLE),
    ],
)
def test_outputs_are_set_whatever_the_end_is(
    scenario: str, inputs: dict[str, str], expected: tuple[str, ...], tmp_path: Path
) -> None:
    outputs = (play(scenario, tmp_path, inputs=inputs) if inputs else play_once(scenario)).outputs
    assert tuple(outputs) == OUTPUTS
    assert tuple(outputs[name] for name in SHOWN) == expected
    assert all(outputs[name] for name in ("outcome", "headline", "reason", "duration"))


@pytest.mark.parametrize(
    ("at", "changed"), [pytest.param(0.0, "false", id="at-once"), pytest.param(300.0, "true", id="in-a-batch")]
)
def test_outputs_of_a_cancelled_run(at: float, changed: str, tmp_path: Path) -> None:
    outputs = play("happy", tmp_path, clock=cancelled_at(at)).outputs
    assert (outputs["outcome"], outputs["changed"], outputs["duration"]) == ("interrupted", changed, str(round(at)))


@pytest.mark.parametrize(
    ("id_", "page"),
    [
        pytest.param(model().id, PAGE, id="page"),
        pytest.param(f"{model().id}/\n::error::x", f"{PAGE}/%0A%3A%3Aerror%3A%3Ax", id="hostile"),
        pytest.param(f"/{'x' * 3000}", "", id="too-long-to-be-whole"),
        pytest.param("javascript:x", "", id="no-resource-id"),
    ],
)
def test_the_page_of_the_portal_is_whole_or_left_out(id_: str, page: str) -> None:
    assert as_outputs(ended(id_=id_), "")["portal-url"] == page


def test_a_private_cloud_has_no_page() -> None:
    assert as_outputs(replace(ended(), facts=RunFacts()), "")["portal-url"] == ""


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        pytest.param("one\ntwo\r\nthree", "one two three", id="lines"),
        pytest.param("::error::x", "\N{MIDDLE DOT}::error::x", id="command"),
        pytest.param(r"C:\temp\new\n::error::x", "C:/temp/new/n::error::x", id="backslashes"),
        pytest.param("https://a.blob.core.windows.net/v?sig=SECRET", "https://a.blob.core.windows.net/v", id="query"),
    ],
)
def test_a_text_is_one_harmless_line(reason: str, shown: str) -> None:
    outputs = as_outputs(ended(reason), "")
    assert outputs["reason"].startswith(shown)
    assert "SECRET" not in outputs["reason"]
    assert "\\" not in outputs["headline"] + outputs["reason"]


def test_a_text_without_end_is_cut() -> None:
    outputs = as_outputs(ended("x" * 1_000_000, id_=f"/{'y' * 1_000_000}"), "")
    assert within_limit(outputs) == (outputs, [])
    assert {name: len(value) for name, value in outputs.items() if len(value) > 2000} == {}
