"""The replay of a thousand instances over five hours, measured in Chromium: until it is ready, and a frame of it."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.long_run import long_record
from vmss_upgrade.replay.page import as_page

CHROMIUM = Path("/usr/bin/chromium")
# Plays the whole run, and jumps about in it. A frame is everything until the browser is ready to paint.
_FRAMES = """() => {
  const took = [];
  const frame = (time, isPlaying) => {
    const began = performance.now();
    seek(time, isPlaying);
    void document.body.offsetHeight;
    took.push(performance.now() - began);
  };
  for (let i = 0; i <= 600; i++) frame((duration * i) / 600, true);
  for (let i = 0; i < 200; i++) frame((duration * ((i * 97) % 200)) / 200, false);
  return took.sort((a, b) => a - b);
}"""


def measure_page() -> dict[str, float]:
    """Return kilobytes of the page, milliseconds until it is ready, and those of a frame: median, 99 % and longest."""
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
        took = page.evaluate(_FRAMES)
        browser.close()
    return {
        "kilobytes": len(text) / 1000,
        "ready": ready,
        "median": took[len(took) // 2],
        "most": took[len(took) * 99 // 100],
        "longest": took[-1],
    }
