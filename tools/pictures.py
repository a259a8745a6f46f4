"""Draws summaries, logs and replays, to be looked at, and renews the pictures of README.md and docs.

`python tools/pictures.py [NAME ...]` plays scenarios on the simulator, renders their summaries with GitHub's own
Markdown in light and dark, on a wide page and on a phone, some of their replays as well, and writes PNG files into a
folder (`--out`); with `--docs` it renews docs/images as well. It needs a Chromium (`--chromium`) and a font with emoji.
"""

from __future__ import annotations

import argparse
import contextlib
import html
import io
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import cmarkgfm
from cmarkgfm.cmark import Options
from playwright.sync_api import Browser, Page, sync_playwright

from azure_simulator import load_scenario, parse_scenario
from vmss_upgrade.account import PORTALS, Cloud
from vmss_upgrade.rehearsal import rehearse

PROJECT = Path(__file__).resolve().parents[1]
IMAGES = PROJECT / "docs/images"
STYLES = Path(__file__).with_name("pictures.css")
WIDTHS = {"wide": 1000, "phone": 390}
REPLAYS = ("happy", "sick-domain", "rollback", "600-zones-failing")
MOMENT = 0.6  # of a run, at which its replay is drawn
LAST_BATCH = 23  # lines of the log of a run that succeeds, from what is left before its last batch to the end
FIRST_SCREEN = 1500  # pixels of a wide page within which result, failures and heatmap of 600 instances stand

# GitHub gives its runner these; a rehearsal shows them in the facts of the run.
JOB = {
    "FORCE_COLOR": "1",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "contoso/fleet",
    "GITHUB_RUN_ID": "12345678",
    "GITHUB_RUN_ATTEMPT": "1",
    "GITHUB_ACTOR": "octocat",
}
# What GitHub leaves of HTML in a summary, as far as a summary of ours could have it.
ELEMENTS = (
    "a",
    "blockquote",
    "br",
    "code",
    "details",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "hr",
    "img",
    "li",
    "ol",
    "p",
    "pre",
)
TABLES = ("strong", "sub", "summary", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul")
ATTRIBUTES = re.compile(r"""\s(?:href|align|open|start)(?:="[^"]*")?""")

TIMING = "timing: {upgrade_seconds: [15, 240], healthy_after_seconds: [5, 60]}\n"
ABOUT = "description: Six hundred instances.\n"
NEW = 'inputs: {image-version: "22.04.202611010"}\n'
LARGE = {
    "one-group": "fleet: {update_domains: [600], fault_domains: 1, health: probe}\n",
    "zones": 'fleet: {update_domains: [200], zones: ["1", "2", "3"], fault_domains: 1, health: probe}\n',
    "domains": "fleet: {update_domains: [120, 120, 120, 120, 120], health: probe}\n",
}
UNHEALTHY = 'faults: [{kind: comes-up-unhealthy, instance: "7"}]\n'


@dataclass(frozen=True)
class Picture:
    """One run to be shown: a scenario of the simulator or its YAML, and inputs that differ from the scenario's."""

    scenario: str
    inputs: dict[str, str] = field(default_factory=dict)
    text: str = ""


PLAN = {"operation": "plan"}
PICTURES = {
    "happy": Picture("happy"),
    "sick-domain": Picture("sick-domain"),
    "rollback": Picture("rollback"),
    "rollback-failed": Picture("rollback-failed"),
    "plan": Picture("happy", PLAN),
    "plan-with-warnings": Picture("pending-changes", PLAN),
    "plan-without-signal": Picture("no-signal", PLAN),
    "status": Picture("half-way", {"operation": "status"}),
    "nothing-to-do": Picture("happy", {"image-version": "22.04.202610010"}),
    "refused": Picture("wrong-generation"),
    "refused-inputs": Picture("happy", {"image-version": "", "min-healthy": "many"}),
    "zonal": Picture("zonal"),
    "placement-groups": Picture("placement-groups"),
    "flexible": Picture("flexible"),
    "mixed": Picture("half-way"),
    "model-only": Picture("happy", {"operation": "update-model"}),
    "stop-after": Picture("happy", {"stop-after": "2"}),
    "provisioning-failure": Picture("provisioning-failure"),
    **{f"600-{name}": Picture("", {}, ABOUT + NEW + fleet + TIMING) for name, fleet in LARGE.items()},
    **{
        f"600-{name}-failing": Picture("", {}, ABOUT + NEW + fleet + TIMING + UNHEALTHY)
        for name, fleet in LARGE.items()
    },
    "600-status": Picture("", {"operation": "status"}, ABOUT + NEW + LARGE["domains"] + TIMING),
}


def main() -> int:
    """Draw the pictures that were asked for. Return 1 if a summary of 600 instances hides its heatmap, else 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", choices=[[], *PICTURES], help="those to draw; without a name all of them")
    parser.add_argument("--out", type=Path, default=Path("/tmp/pictures"), help="folder of the PNG files")
    parser.add_argument("--docs", action="store_true", help="renew docs/images too")
    parser.add_argument("--chromium", default=shutil.which("chromium"), help="a Chromium; default: the one on the PATH")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    is_good = True
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=arguments.chromium, args=["--no-sandbox"])
        for name in arguments.names or PICTURES:
            summary, log = play(PICTURES[name], arguments.out / name)
            is_good = draw_summary(browser, name, summary, arguments.out) and is_good
            draw_log(browser, log.splitlines()[:200], arguments.out / f"{name}.log.png")
            if name in REPLAYS:
                draw_replays(browser, name, arguments.out)
        if arguments.docs:
            renew_docs(browser, arguments.out)
        browser.close()
    return 0 if is_good else 1


def play(picture: Picture, folder: Path) -> tuple[str, str]:
    """Play a run. Return its summary and its log."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    scenario = (
        parse_scenario(picture.text, folder.name, folder.name) if picture.text else load_scenario(picture.scenario)
    )
    # The simulator is a private cloud, whose portal is not known; the pictures show the links of the public one.
    portal = patch.object(Cloud, "portal", PORTALS["AzureCloud"])
    with contextlib.redirect_stdout(io.StringIO()) as log, portal:
        rehearse(scenario, folder, inputs={"report-html": "rollout.html", **picture.inputs}, environ=JOB)
    return (folder / "summary.md").read_text(encoding="utf-8"), log.getvalue()


def draw_summary(browser: Browser, name: str, summary: str, out: Path) -> bool:
    """Draw a summary four times. Return False if it is of 600 instances and its heatmap ends too far down."""
    end = 0.0
    for theme in ("light", "dark"):
        for width_name, width in WIDTHS.items():
            page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=theme)
            page.set_content(as_page(summary))
            page.screenshot(path=out / f"{name}.{width_name}.{theme}.png", full_page=True)
            overflow = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
            if overflow:
                print(f"{name}: wider than its {width} pixels")
            if width_name == "wide":
                end = page.evaluate("document.querySelector('#heatmap-end')?.getBoundingClientRect().bottom ?? 0")
            page.close()
    print(f"{name}: {len(summary.encode())} bytes, the heatmap ends at {end:.0f} px")
    return not name.startswith("600-") or 0 < end <= FIRST_SCREEN


def as_page(summary: str) -> str:
    """Return the summary as GitHub would show it; the place where its heatmap ends has an id."""
    rendered = cmarkgfm.github_flavored_markdown_to_html(summary, options=Options.CMARK_OPT_UNSAFE)
    body = re.sub(r"<(/?)([a-zA-Z0-9]+)([^<>]*)>", _as_github, rendered)
    legend = body.find("<p>", body.find("</table>", body.find("Instances</h3>")))
    if "Instances</h3>" in body and legend >= 0:
        body = f'{body[:legend]}<p id="heatmap-end">{body[legend + 3 :]}'
    return f"<!doctype html><style>{STYLES.read_text(encoding='utf-8')}</style><main>{body}</main>"


def _as_github(found: re.Match[str]) -> str:
    """Return a tag without the attributes that GitHub takes away, or as text if GitHub takes it away."""
    slash, name, attributes = found.groups()
    if name.lower() not in ELEMENTS + TABLES:
        return html.escape(found.group())
    return f"<{slash}{name}{''.join(ATTRIBUTES.findall(attributes))}>"


def draw_log(browser: Browser, lines: list[str], file: Path, *, width: int = 1185, scale: int = 1) -> None:
    """Draw lines of a log as a terminal shows them."""
    page = browser.new_page(viewport={"width": width, "height": 100}, color_scheme="dark", device_scale_factor=scale)
    page.set_content(
        f"<!doctype html><style>{STYLES.read_text(encoding='utf-8')}</style><pre class=log>{as_html(lines)}</pre>"
    )
    page.screenshot(path=file, full_page=True)
    page.close()


def draw_replays(browser: Browser, name: str, out: Path) -> None:
    """Draw a replay four times, in the middle of its run."""
    for theme in ("light", "dark"):
        for width_name, width in WIDTHS.items():
            page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=theme)
            show_replay(page, out / name / "rollout.html")
            page.screenshot(path=out / f"{name}.replay.{width_name}.{theme}.png", full_page=True)
            page.close()


def show_replay(page: Page, file: Path) -> None:
    """Open a replay, and go to the moment that is drawn."""
    page.goto(file.absolute().as_uri())
    page.evaluate(f"seek(duration * {MOMENT})")
    page.wait_for_timeout(100)  # the heatmap fits itself to its room first


def as_html(lines: list[str]) -> str:
    """Return lines with ANSI colours as HTML: each colour's codes become classes."""
    text = html.escape("\n".join(lines))
    text = re.sub(r"\x1b\[0m", "</span>", text)

    def opened(found: re.Match[str]) -> str:
        return f'<span class="{" ".join(f"c{code}" for code in found[1].split(";"))}">'

    return re.sub(r"\x1b\[([\d;]+)m", opened, text)


def renew_docs(browser: Browser, out: Path) -> None:
    """Draw the pictures of README.md and docs: the last batch in the log of a rollout, and the replay of a rollback."""
    _, log = play(PICTURES["happy"], out / "happy")
    draw_log(browser, log.splitlines()[-LAST_BATCH:], IMAGES / "rollout.png", width=840, scale=2)
    play(PICTURES["rollback"], out / "rollback")
    page = browser.new_page(viewport={"width": WIDTHS["wide"], "height": 800}, color_scheme="light")
    show_replay(page, out / "rollback/rollout.html")
    page.screenshot(path=IMAGES / "replay.png")
    page.close()


if __name__ == "__main__":
    raise SystemExit(main())
