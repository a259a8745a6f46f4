"""Pages in Debian's Chromium, driven by Playwright: what they request, what they complain of, and pictures of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")


@dataclass
class Shown:
    """A page that is open. `requests` are all addresses that it asked for, `complaints` what its console says."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def text(self, id_: str) -> str:
        """Return the text of an element."""
        return self.page.locator(f"#{id_}").inner_text()

    def wait_until(self, condition: str, seconds: float = 20.0) -> None:
        """Wait for a condition. Playwright's own way evaluates a text in the page, which the page's policy forbids."""
        for _ in range(int(seconds / 0.05)):
            if self.page.evaluate(condition):
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"not within {seconds} s: {condition}")

    @property
    def time(self) -> float:
        """The moment that the slider stands at."""
        return float(self.page.locator("#time").input_value())

    @property
    def ids(self) -> list[str]:
        """The instances in the table."""
        return self.page.locator("#instances tr th").all_inner_texts()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run Chromium; as root it needs to be allowed to run without its sandbox."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def show(browser: Browser, file: Path, *, width: int = 1000, is_dark: bool = False) -> Shown:
    """Open the file in a new window."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme="dark" if is_dark else "light")
    shown = Shown(page)
    page.on("request", lambda request: shown.requests.append(request.url))
    page.on("console", lambda message: shown.complaints.append(message.text))
    page.on("pageerror", lambda error: shown.complaints.append(str(error)))
    page.goto(file.as_uri())
    return shown
