"""The replay of a thousand instances over five hours, measured in Chromium: until it is ready, and a frame of it."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from harness.long_run import long_record
from vmss_upgrade.reporters.replay.page import as_page

CHROMIUM = Path("/usr/bin/chromium")
FRAMES = 300
# Every frame shows another moment, and is painted: the next one as it plays, or any other one.
_SHOW = """([frames, isPlaying]) => new Promise((done) => {
  let n = 0;
  const frame = () => {
    seek(duration * (isPlaying ? n / frames : ((n * 97) % 200) / 200), true);
    if (n++ < frames) requestAnimationFrame(frame);
    else done();
  };
  requestAnimationFrame(frame);
})"""


def measure_page() -> dict[str, float]:
    """Return the kilobytes of the page, the milliseconds until it is ready, and those of a frame.

    A frame is measured in processor time of the page's thread, script, layout and painting, so that other programs on
    the same machine do not count.
    """
    from playwright.sync_api import sync_playwright

    text = as_page(long_record())
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        page_file = Path(folder, "rollout.html")
        page_file.write_text(text, encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1000, "height": 900})
        page.goto("about:blank")
        began = time.perf_counter()
        page.goto(page_file.as_uri(), wait_until="load")
        ready = (time.perf_counter() - began) * 1000
        frames = {name: _frame(page, is_playing=name == "playing") for name in ("playing", "jumping")}
        browser.close()
    return {"kilobytes": len(text) / 1000, "ready": ready, **frames}


def _frame(page: Any, *, is_playing: bool) -> float:
    """Return the milliseconds of processor time of one frame."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent() -> float:
        return next(
            m["value"] for m in session.send("Performance.getMetrics")["metrics"] if m["name"] == "TaskDuration"
        )

    before = spent()
    page.evaluate(_SHOW, [FRAMES, is_playing])
    return (spent() - before) / FRAMES * 1000
