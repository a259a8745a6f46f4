"""Benchmarks, as ratios and medians measured in one run. Exits with 1 if a limit is exceeded.

Start: the time from process start to the first request to Resource Manager, compared with importing the SDK alone.
Look: the time of one look at 600 instances through the real SDK client.
Rehearsal: of 600 and of 20 instances, compared with parsing the JSON of the scale set as often as it is looked at. Its
limits are goals that are not reached yet, so that exceeding them is shown, and does not fail.
Replay: a thousand instances over five hours in Chromium, until the page is ready, and a frame of it.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
sys.path[:0] = [str(PROJECT / "src"), str(PROJECT / "tests")]

ROUNDS = 15
START_RATIO = 1.3
LOOK_SECONDS = 0.15
READY_MILLISECONDS = 1000.0
FRAME_MILLISECONDS = 16.0


def main() -> int:
    from rehearsing import measure_rehearsals

    results = [start_ratio(), look_seconds(), *replay_milliseconds()]
    goals = measure_rehearsals()
    for name, value, bound, unit in [*results, *goals]:
        verdict = "ok" if value <= bound else "TOO SLOW"
        print(f"{name}: {value:.3f}{unit} (at most {bound}{unit}) {verdict}")
    return 0 if all(value <= bound for _, value, bound, _ in results) else 1


def start_ratio() -> tuple[str, float, float, str]:
    """Run both commands in turn, so that both meet the same machine. Return the ratio of their medians."""
    action, imports = [], []
    for _ in range(ROUNDS):
        imports.append(_seconds(["-c", "import azure.identity, azure.mgmt.compute"]))
        action.append(_seconds([str(HERE / "first_request.py")]))
    print(
        f"import of the SDK {median(imports):.3f} s, first request after {median(action):.3f} s (medians of {ROUNDS})"
    )
    return "start", median(action) / median(imports), START_RATIO, ""


def look_seconds() -> tuple[str, float, float, str]:
    """Measure one look. The simulator's own time for its answers is measured separately and subtracted."""
    from vmss_upgrade.azure_api.levels import Levels
    from vmss_upgrade.azure_api.scale_set_client import ScaleSetClient

    client, pages = _client_of_recorded_pages()
    subscription, now = "11111111-1111-1111-1111-111111111111", time.monotonic
    api = ScaleSetClient(client, subscription, "simulated-group", "simulated-set", levels=Levels(), now=now)
    model, took = api.read_model(), []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        listed = api.read_instances(model)
        took.append(time.perf_counter() - began)
    assert (len(listed.instances), listed.pages) == (600, pages)
    return f"look at {len(listed.instances)} instances, {pages} pages", median(took), LOOK_SECONDS, " s"


def replay_milliseconds() -> list[tuple[str, float, float, str]]:
    """Measure the replay of a thousand instances in Chromium; nothing where there is none."""
    from page import CHROMIUM, measure_page

    if not CHROMIUM.exists():
        print(f"the replay was not measured: there is no {CHROMIUM}")
        return []
    found = measure_page()
    print("replay: " + ", ".join(f"{name} {value:.1f}" for name, value in found.items()))
    return [
        ("replay ready", found["ready"], READY_MILLISECONDS, " ms"),
        ("replay, processor time of a frame while it plays", found["playing"], FRAME_MILLISECONDS, " ms"),
        ("replay, processor time of a jump", found["jumping"], FRAME_MILLISECONDS, " ms"),
    ]


def _seconds(arguments: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def _client_of_recorded_pages() -> tuple[object, int]:
    """Return the real client on a transport that repeats the simulator's recorded answers, page by page."""
    from azure.core.credentials import AccessToken
    from azure.mgmt.compute import ComputeManagementClient

    from azure_simulator import SimulatedAzure, VirtualClock, load_scenario
    from replaying import replaying_transport

    azure = SimulatedAzure(load_scenario("large"), VirtualClock())
    transport, pages = replaying_transport(azure)

    class Token:
        def get_token(self, *_: str, **__: object) -> AccessToken:
            return AccessToken("token", int(time.time()) + 3600)

    base = azure.coordinates["resource_manager"]
    client = ComputeManagementClient(
        Token(),  # type: ignore[arg-type]
        azure.coordinates["subscription"],
        base_url=base,
        credential_scopes=[f"{base}/.default"],
        transport=transport,
        retry_total=0,
    )
    return client, pages


if __name__ == "__main__":
    raise SystemExit(main())
