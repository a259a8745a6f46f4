"""The replay in a real browser: what a user sees, with mouse and keyboard, and that the page requests nothing."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from azure_simulator import VirtualClock
from e2e.browser import Shown, chromium, show
from harness.long_run import long_record
from harness.playing import one_clock, play, play_once
from reporters.hostile import halted
from vmss_upgrade.reporters.record import as_text
from vmss_upgrade.reporters.replay.page import as_page

Open = Callable[..., Shown]


@cache
def recorded(scenario: str, operation: str, version: str) -> str:
    """Return the record of another operation than the scenario's."""
    clock, folder = VirtualClock(), Path(tempfile.mkdtemp(prefix="vmss-upgrade-test-"))
    with one_clock(clock):
        inputs = {"operation": operation, "image-version": version}
        return play(scenario, folder, clock=clock, inputs=inputs).files["record.json"]


RECORDS: dict[str, Callable[[], str]] = {
    "happy": lambda: play_once("happy").files["record.json"],
    "failing": lambda: play_once("sick-domain").files["record.json"],
    "rolled-back": lambda: play_once("rollback").files["record.json"],
    "hostile": lambda: as_text(halted()),
    "long": long_record,
    "by hand": lambda: recorded("half-way", "rollback", "22.04.202610010"),
    "nothing to do": lambda: recorded("happy", "upgrade", "22.04.202610010"),
    "status": lambda: recorded("half-way", "status", ""),
}
CHANGES_OF_IMAGE = {
    "happy": "22_04-lts-gen2 22.04.202610010 → 22.04.202611010",
    "rolled-back": "22_04-lts-gen2 22.04.202611010 → 22.04.202610010",
    "by hand": "22_04-lts-gen2 22.04.202611010 → 22.04.202610010",
    "nothing to do": "22_04-lts-gen2 22.04.202610010",
    "status": "",
}
RUN = "https://github.com/contoso/fleet/actions/runs/1"
PORTAL = "https://portal.azure.com/#resource/subscriptions/1"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Return opened(name): the page of a record. Each must have asked for nothing but itself, and not complain."""
    file, pages = tmp_path / "rollout.html", list[Shown]()

    def open_page(name: str, *, width: int = 1000, is_dark: bool = False, **parts: object) -> Shown:
        record = RECORDS[name]()
        record = json.dumps(json.loads(record) | parts) if parts else record
        file.write_text(as_page(record), encoding="utf-8")
        pages.append(show(browser, file, width=width, is_dark=is_dark))
        return pages[-1]

    yield open_page
    for shown in pages:
        assert (shown.requests, shown.complaints) == ([file.as_uri()], [])
        shown.page.close()


def test_the_slider_shows_any_moment(opened: Open) -> None:
    shown = opened("happy")
    assert "20 new" in shown.text("legend")
    for time, legend in ((0, ""), (10, "20 old")):
        shown.page.locator("#time").fill(str(time))
        assert legend in shown.text("legend")
        assert shown.text("now").startswith("Before the first batch")
    shown.page.locator("#time").fill("100")
    assert re.search(r"4 upgrading", shown.text("legend"))
    assert "Batch 1 (update domain 0) · 16 healthy (floor 10)" in shown.text("now")
    assert shown.text("clock") == "1m40s · 00:01:40 UTC"
    assert "1m40s. Batch 1" in (shown.page.locator("#time").get_attribute("aria-valuetext") or "")
    assert "4 upgrading" in (shown.page.locator("#map").get_attribute("aria-label") or "")


def test_play_goes_to_the_end_and_pause_stays(opened: Open) -> None:
    shown = opened("happy")
    page = shown.page
    end = shown.time
    page.get_by_label("Speed").select_option("60")
    page.get_by_role("button", name="Play").click()
    shown.wait_until("shownTime > 10")
    page.get_by_role("button", name="Pause").click()
    there = shown.time
    assert 10 < there < end
    page.wait_for_timeout(150)
    assert shown.time == there
    page.get_by_label("Speed").select_option("3600")
    page.get_by_role("button", name="Play").click()
    shown.wait_until("shownTime === duration")
    page.get_by_role("button", name="Play").wait_for()
    assert "20 new" in shown.text("legend")


def test_everything_can_be_done_with_the_keyboard(opened: Open) -> None:
    shown = opened("happy")
    page = shown.page
    end = shown.time
    for key, expected in (("Home", 0.0), ("ArrowRight", end / 100), ("ArrowLeft", 0.0), ("End", end)):
        page.keyboard.press(key)
        assert shown.time == pytest.approx(expected)
    page.keyboard.press("Home")
    page.keyboard.press("Shift+ArrowRight")
    first = shown.time
    assert first == page.evaluate("moments[1]")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowLeft")
    assert shown.time == first
    page.keyboard.press("Space")
    page.get_by_role("button", name="Pause").wait_for()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Play").wait_for()
    page.keyboard.press("/")
    page.keyboard.type("15 ")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.get_by_role("dialog").is_visible()
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog").is_visible()


def test_the_focus_goes_through_the_page_in_order_and_is_seen(opened: Open) -> None:
    page = opened("failing").page
    order = []
    for _ in range(6):
        page.keyboard.press("Tab")
        order.append(page.evaluate("document.activeElement.id || document.activeElement.className"))
    assert order == ["skip", "play", "back", "forward", "speed", "time"]
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_filter_and_search(opened: Open) -> None:
    shown = opened("failing")
    page = shown.page
    assert len(shown.ids) == 20
    page.get_by_label("Show").select_option("failed")
    assert shown.ids == ["6"]
    assert shown.text("matching") == "1 of 20 instances"
    page.locator("#time").fill("0")
    assert shown.ids == []
    page.get_by_label("Show").select_option("with errors")
    assert shown.ids == ["6"]
    page.get_by_label("Show").select_option("all")
    page.get_by_label("Search").fill("ud 1")
    assert shown.ids == ["1", "6", "11", "16"]
    page.get_by_label("Search").fill("NotHealthy")
    assert shown.ids == ["6"]
    page.get_by_label("Search").fill("no such thing")
    assert shown.ids == []


def test_escape_clears_the_search_and_then_leaves_it(opened: Open) -> None:
    shown = opened("failing")
    page = shown.page
    page.keyboard.press("/")
    page.keyboard.type("ud 1")
    assert len(shown.ids) == 4
    page.keyboard.press("Escape")
    assert len(shown.ids) == 20
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "player"
    page.keyboard.press("Home")
    assert shown.time == 0


def test_a_failed_instance_has_its_states_times_and_errors(opened: Open) -> None:
    shown = opened("failing")
    page = shown.page
    assert "Instance 6: NotHealthy" in shown.text("errors")
    page.get_by_role("button", name="6", exact=True).click()
    assert shown.text("history-title") == "Instance 6, UD 1"
    assert "NotHealthy" in shown.text("history-errors")
    states = page.locator("#history-rows td.state").all_inner_texts()
    assert [state[1:] for state in states[:2]] == ["old", "upgrading"]
    assert states[-1].endswith("failed")
    page.locator("#history-rows button").nth(1).click()
    assert not page.get_by_role("dialog").is_visible()
    assert "upgrading" in page.locator("#instances tr").nth(5).inner_text()


def test_a_phone_shows_a_history_without_breaking_words(opened: Open) -> None:
    page = opened("rolled-back", width=390).page
    page.get_by_role("button", name="5", exact=True).click()
    cells = "[...document.querySelectorAll('#history-rows td:not(:last-child)')]"
    assert max(page.evaluate(f"{cells}.map(cell => cell.offsetHeight)")) < 34
    assert page.evaluate("byId('history').scrollWidth - byId('history').clientWidth") == 0
    dialog = page.get_by_role("dialog", name="Instance 5, UD 1")
    assert dialog.get_by_role("columnheader", name="Azure").count() == 1


def test_a_click_into_the_heatmap_shows_an_instance(opened: Open) -> None:
    shown = opened("failing")
    shown.page.locator("#map canvas").nth(1).click(position={"x": 40, "y": 10})
    assert shown.text("history-title") == "Instance 6, UD 1"


def test_a_rollback_is_shown_as_such(opened: Open) -> None:
    shown = opened("rolled-back")
    page = shown.page
    assert shown.text("outcome") == "rolled back"
    assert "7 rolled back" in shown.text("legend")
    assert page.locator("#lane .is-back").count() == 4
    assert page.locator("#curve .back").count() == 1
    assert "Rollback batch 4" in shown.text("now")
    rows = page.locator("#batches tr")
    assert [rows.nth(i).locator("th").inner_text() for i in range(6)] == ["1", "2", "↩ 1", "↩ 2", "↩ 3", "↩ 4"]
    page.locator("#batches button").nth(2).click()
    assert "Rollback batch 1" in shown.text("now")


@pytest.mark.parametrize("name", CHANGES_OF_IMAGE)
def test_the_change_of_image_goes_the_way_of_the_run(name: str, opened: Open) -> None:
    assert opened(name).text("change") == CHANGES_OF_IMAGE[name]


@pytest.mark.parametrize("name", ["rolled-back", "by hand"])
def test_an_instance_on_its_way_back_is_returning(name: str, opened: Open) -> None:
    shown = opened(name)
    shown.page.locator("#batches button").last.click()
    shown.page.evaluate("seek(shownTime + 30)")
    assert re.search(r"\d returning", shown.text("legend"))
    assert "upgrading" not in shown.text("legend")
    shown.page.get_by_label("Show").select_option("returning")
    assert shown.ids


def test_the_floor_is_that_of_each_moment(opened: Open) -> None:
    """An instance that is created during the rollout raises it."""
    shown = opened("rolled-back")
    assert shown.text("health-legend").endswith("floor 6 to 7")
    assert "(floor 7)" in shown.text("now")
    shown.page.locator("#time").fill("100")
    assert "(floor 6)" in shown.text("now")
    assert len(re.findall("M", shown.page.locator("#curve .limit").get_attribute("d") or "")) == 2


def test_an_older_record_has_no_floor_on_the_way_back(opened: Open) -> None:
    changes = json.loads(RECORDS["rolled-back"]())["changes"]
    del changes["floor"]
    shown = opened("rolled-back", changes=changes)
    assert "floor" not in shown.text("now")
    shown.page.locator("#time").fill("100")
    assert "(floor 6)" in shown.text("now")


def test_links_of_the_run_and_of_the_portal(opened: Open) -> None:
    page = opened("happy", run={"url": RUN, "actor": "octocat", "attempt": "1"}, portal_url=PORTAL).page
    for name, address in (("workflow run", RUN), ("scale set in the portal", PORTAL)):
        assert page.get_by_role("link", name=name).get_attribute("href") == address


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)//https://github.com",
        "data:text/html,<script>alert(1)</script>",
        "http://github.com/",
        "//github.com/",
        "/run",
        "https://github.com@evil.test/",
        "https://",
        "",
        None,
        ["https://github.com/"],
        {"href": "https://github.com/"},
    ],
)
def test_no_other_address_becomes_a_link(address: object, opened: Open) -> None:
    page = opened("happy", run={"url": address}, portal_url=address).page
    assert page.locator("body a:not(.skip)").count() == 0


def test_our_own_code_is_shown_as_code(opened: Open) -> None:
    shown = opened("failing", remedy="Set `on-failure: rollback`, or `<b>`.", headline="A lone ` stays.")
    assert shown.page.locator("#remedy code").all_inner_texts() == ["on-failure: rollback", "<b>"]
    assert shown.text("remedy") == "Set on-failure: rollback, or <b>."
    assert shown.text("headline") == "A lone ` stays."


def test_one_error_of_many_instances_is_named_once(opened: Open) -> None:
    shown = opened("long")
    assert shown.page.locator("#errors li").count() == 1
    assert shown.text("errors").startswith("Instances 980, 981, ")
    assert "and 8 more: NotHealthy" in shown.text("errors")


def test_numbers_of_batches_are_whole_or_not_there(opened: Open) -> None:
    numbers = "[...document.querySelectorAll('.lane .bar')].map(bar => [bar.clientWidth, bar.firstChild.offsetWidth])"
    for width in (390, 700, 1000):
        shown = [pair for pair in opened("long", width=width).page.evaluate(numbers) if pair[1]]
        assert all(number <= bar for bar, number in shown)
        assert bool(shown) == (width == 1000)


def test_the_rows_of_the_heatmap_are_aligned_and_whole(opened: Open) -> None:
    page = opened("long").page
    page.evaluate("seek(duration / 2 + 60)")
    page.wait_for_timeout(100)
    widths = page.evaluate("rows.map(row => [row.columns, row.canvas.offsetWidth <= row.space.clientWidth + GAP])")
    assert len({columns for columns, _ in widths}) == 1
    assert all(fits for _, fits in widths)


def test_hostile_names_are_text(opened: Open) -> None:
    shown = opened("hostile")
    page = shown.page
    assert "<script>x</script>" in shown.text("headline")
    assert "<img src=x>" in shown.text("errors")
    assert page.locator("img").count() == page.locator("body a:not(.skip)").count() == 0
    page.get_by_label("Search").fill("<script>")
    assert shown.ids
    page.locator("#instances button").first.click()
    assert "<img src=x>" in shown.text("history-errors")


def test_a_screen_reader_finds_its_way(opened: Open) -> None:
    page = opened("rolled-back").page
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.get_by_role("slider", name="Time since the run began").count() == 1
    for name in ("Healthy instances", "Heatmap", "Instances", "Batches"):
        assert page.get_by_role("region", name=name).first.count() == 1
    assert page.get_by_role("img", name=re.compile(r"Number of healthy instances over time: lowest \d+")).count() == 1
    assert page.get_by_role("img", name="UD 0: 3 rolled back").count() == 1
    assert page.get_by_role("status").count() == 1
    assert page.get_by_role("columnheader", name="Health").count() == 1
    page.keyboard.press("Home")
    assert page.get_by_role("status").inner_text().startswith("0s. Before the first batch")
    controls = "[...document.querySelectorAll('button, input, select')]"
    assert page.evaluate(f"{controls}.filter(e => !e.textContent && !e.ariaLabel && !e.labels?.length).length") == 0


def test_fingers_hit_what_they_aim_at(opened: Open) -> None:
    page = opened("rolled-back", width=390, run={"url": RUN}, portal_url=PORTAL).page
    page.get_by_role("button", name="5", exact=True).click()
    controls = "[...document.querySelectorAll('button, select, input, a:not(.skip)')].filter(e => e.checkVisibility())"
    least = "Math.min(each.getBoundingClientRect().width, each.getBoundingClientRect().height)"
    assert page.evaluate(f"{controls}.filter(each => {least} < 32).map(each => each.outerHTML)") == []


@pytest.mark.parametrize("name", ["happy", "failing", "rolled-back", "hostile", "long"])
@pytest.mark.parametrize(("width", "is_dark"), [(1000, False), (1000, True), (390, False)])
def test_a_page_fits_its_window(name: str, width: int, is_dark: bool, opened: Open, tmp_path: Path) -> None:
    """Write the pictures that people look at, into the folder of the test."""
    shown = opened(name, width=width, is_dark=is_dark)
    assert shown.page.evaluate("document.documentElement.scrollWidth") == width
    for moment in (0.55, 1.0):
        shown.page.evaluate(f"seek(duration * {moment})")
        shown.page.screenshot(path=tmp_path / f"{name}-{width}-{(is_dark and 'dark') or 'light'}-{moment}.png")
    dark = shown.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 19, 26)"
    assert dark == is_dark


def test_more_rows_are_built_on_demand(opened: Open) -> None:
    shown = opened("long")
    assert len(shown.ids) == 50
    shown.page.get_by_role("button", name="Show more").click()
    assert len(shown.ids) == 300
