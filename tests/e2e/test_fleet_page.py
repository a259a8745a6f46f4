"""The page of a fleet in a real browser: what a user sees and finds, and that the page requests nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from e2e.browser import Shown, chromium, show
from fleet.test_reporting_runs import MIXED, hostile
from harness.fleets import GITHUB, lay_out, report

Open = Callable[..., Shown]
ROWS = "[...document.querySelectorAll('tbody tr:not([hidden]) th')].map(each => each.textContent)"
TROUBLED = ["api-weu", "db", "old", "api-neu"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def fleets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the workspaces of three fleets whose reports are made."""
    folders = {name: tmp_path_factory.mktemp(name) for name in ("mixed", "hostile", "large")}
    lay_out(folders["mixed"], MIXED)
    report(folders["mixed"], GITHUB)
    hostile(folders["hostile"])
    scenarios = ("happy", "sick-domain", "happy", "rollback")
    waves = {f"wave-{w}": {f"web-{at:03}": scenarios[w] for at in range(256)[w::4]} for w in range(4)}
    lay_out(folders["large"], waves, bounds=dict.fromkeys(waves, 100))
    report(folders["large"], GITHUB)
    return folders


@pytest.fixture
def opened(browser: Browser, fleets: dict[str, Path]) -> Iterator[Open]:
    """Return opened(name): the page of a fleet. Each must have asked for nothing but itself, and not complain."""
    pages: list[tuple[Shown, str]] = []

    def open_page(name: str, *, width: int = 1000, is_dark: bool = False) -> Shown:
        file = fleets[name] / "fleet.html"
        pages.append((show(browser, file, width=width, is_dark=is_dark), file.as_uri()))
        return pages[-1][0]

    yield open_page
    for shown, address in pages:
        assert shown.complaints == []
        others = {request for request in shown.requests if request != address}
        assert all(request.startswith(address.removesuffix(".html") + "/") for request in others)
        shown.page.close()


def test_a_line_for_each_scale_set_the_worst_of_a_wave_first(opened: Open) -> None:
    page = opened("mixed").page
    assert page.evaluate(ROWS) == ["web-weu", "web-neu", *TROUBLED, "cache", "one", "two"]
    assert (
        page.get_by_role("heading", level=1).inner_text()
        == "halted 3 of 9 scale sets run 22_04-lts-gen2 22.04.202611010"
    )
    row = page.get_by_role("row", name="api-weu")
    assert "halted, half-way run\nBatch 2 failed: instance 6: NotHealthy" in row.inner_text()
    assert "8 of 20" in row.inner_text()
    widths = row.locator("svg").first.locator("rect").evaluate_all("all => all.map(each => each.getAttribute('width'))")
    assert widths == ["40.00", "5.00"]


def test_a_name_opens_its_replay(opened: Open) -> None:
    shown = opened("mixed")
    shown.page.get_by_role("link", name="api-weu").click()
    shown.wait_until("typeof seek === 'function'")
    assert shown.text("name") == "api-weu"
    shown.page.go_back()
    assert shown.page.evaluate(ROWS)[0] == "web-weu"


def test_search_and_filter(opened: Open) -> None:
    page = opened("mixed").page
    page.get_by_label("Show").select_option("bad")
    assert page.evaluate(ROWS) == [*TROUBLED, "one", "two"]
    assert page.locator("#matching").inner_text() == "6 of 9 scale sets"
    page.get_by_label("Search").fill("nothealthy")
    assert page.evaluate(ROWS) == ["api-weu", "api-neu"]
    assert page.locator("main section:visible").count() == 1
    page.get_by_label("Search").fill("LAST")
    assert page.evaluate(ROWS) == ["one", "two"]


def test_everything_can_be_done_with_the_keyboard(opened: Open) -> None:
    page = opened("mixed").page
    order = []
    for _ in range(6):
        page.keyboard.press("Tab")
        order.append(page.evaluate("document.activeElement.id || document.activeElement.textContent"))
    assert order == ["Skip to the scale sets", "workflow run", "filter", "search", "web-weu", "run"]
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keyboard.press("/")
    page.keyboard.type("cache")
    assert page.evaluate(ROWS) == ["cache"]
    page.keyboard.press("Escape")
    assert len(page.evaluate(ROWS)) == 9
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "waves"
    page.keyboard.press("/")
    page.keyboard.type("api-neu")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/api-neu.html")


def test_a_screen_reader_finds_its_way(opened: Open) -> None:
    page = opened("mixed").page
    assert page.get_by_role("heading", level=1).count() == 1
    for name in ("Wave 1: canary", "Wave 2: rest", "Wave 3: last"):
        assert page.get_by_role("region", name=name).count() == 1
        assert page.get_by_role("table", name=name).count() == 1
    assert page.get_by_role("rowheader", name="cache").count() == 1
    assert page.get_by_role("status").count() == 1


def test_hostile_names_are_text(opened: Open) -> None:
    page = opened("hostile").page
    assert page.locator("img").count() == 0
    assert "<script>x</script>" in page.evaluate(ROWS)[0]


def test_256_scale_sets_can_be_used(opened: Open) -> None:
    shown = opened("large")
    assert len(shown.page.evaluate(ROWS)) == 256
    shown.page.get_by_label("Search").fill("web-25")
    assert len(shown.page.evaluate(ROWS)) == 6
    took = shown.page.evaluate(
        "(() => { const began = performance.now(); show(); return performance.now() - began; })()"
    )
    assert took < 100


def test_fingers_hit_what_they_aim_at(opened: Open) -> None:
    page = opened("mixed", width=390).page
    controls = "[...document.querySelectorAll('button, select, input, a:not(.skip)')].filter(e => e.checkVisibility())"
    least = "Math.min(each.getBoundingClientRect().width, each.getBoundingClientRect().height)"
    assert page.evaluate(f"{controls}.filter(each => {least} < 32).map(each => each.outerHTML)") == []


@pytest.mark.parametrize("name", ["mixed", "hostile", "large"])
@pytest.mark.parametrize(("width", "is_dark"), [(1000, False), (1000, True), (390, False)])
def test_a_page_fits_its_window(name: str, width: int, is_dark: bool, opened: Open, tmp_path: Path) -> None:
    """Write the pictures that people look at, into the folder of the test."""
    page = opened(name, width=width, is_dark=is_dark).page
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.screenshot(path=tmp_path / f"{name}-{width}-{(is_dark and 'dark') or 'light'}.png", full_page=name == "mixed")
    assert (page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 19, 26)") == is_dark
