"""What the simulator keeps of the list of instances is what it would write anew, at every look of whole rollouts."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from azure_simulator import Scenario, load_scenario, with_faults
from azure_simulator.bodies.instances import InstanceWriter
from azure_simulator.routes.instance_pages import InstancePages, Page
from harness.playing import play

HAPPENS: tuple[dict[str, Any], ...] = (
    {"kind": "stop", "instance": "7", "after_upgrade": 1, "delay": 5},
    {
        "kind": "scale-out",
        "instance": "40",
        "every": 5,
        "count": 2,
        "after_upgrade": 2,
        "delay": 5,
        "update_domains": [0, 1],
    },
    {"kind": "scale-in", "after_upgrade": 3, "delay": 20},
    {"kind": "comes-up-unhealthy", "instance": "12"},
)


@pytest.mark.parametrize(
    ("scenario", "is_kept"),
    [
        pytest.param(load_scenario("happy"), True, id="happy"),
        pytest.param(with_faults(load_scenario("happy"), HAPPENS), True, id="much-happens"),
        pytest.param(load_scenario("flapping-health"), True, id="flapping"),
        pytest.param(load_scenario("rolling-surge"), True, id="surge"),
        pytest.param(with_faults(load_scenario("happy"), ({"kind": "list-lags", "seconds": 20},)), False, id="late"),
    ],
)
def test_a_kept_page_is_what_would_be_written_now(
    scenario: Scenario, is_kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, asked = InstancePages.page, Counter[str]()

    def compared(pages: InstancePages, request: Any, detail: Any, now: float) -> Page:
        before = dict(pages._pages)
        page = real(pages, request, detail, now)
        asked["kept" if any(page is each for each in before.values()) else "written"] += 1
        scale_set = pages._service.scale_set
        anew = real(InstancePages(pages._service, InstanceWriter(scale_set)), request, detail, now)
        assert (page.body, page.entries, page.link, page.counted) == (anew.body, anew.entries, anew.link, anew.counted)
        return page

    monkeypatch.setattr(InstancePages, "page", compared)
    played = play(scenario, tmp_path)
    assert played.outcome in ("succeeded", "halted", "partial")
    assert asked["written"] > 5
    assert (asked["kept"] > 3) is is_kept
