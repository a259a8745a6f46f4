"""The workflow of fleets under act, called by the unedited example: waves of scale sets that one subscription has.

act asks no reviewers, knows no queue, cannot cancel, and runs all jobs of a run again or none.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import yaml

from e2e.conftest import Copy
from e2e.copied_workflow import ACTION_IMAGE, Ran, Repository, example
from e2e.docker_cli import docker
from e2e.named_azure import GROUP

OLD, NEW = "22.04.202610010", "22.04.202611010"
PUBLISHER, OFFER, SKU = "Canonical", "0001-com-ubuntu-server-jammy", "22_04-lts-gen2"
TARGET = f"{PUBLISHER}:{OFFER}:{SKU}:{NEW}"
QUICK = "timing: {upgrade_seconds: [15, 40], healthy_after_seconds: [5, 20]}\n"
TWO = f"description: Two instances.\nfleet: {{update_domains: [2], health: probe}}\n{QUICK}"
MODEL = f'{{publisher: {PUBLISHER}, offer: {OFFER}, sku: {SKU}, version: "{NEW}"}}'
DONE = f"description: On the image.\nfleet: {{update_domains: [2], health: probe, image: {MODEL}}}\n"
BAD = """
faults:
  - {kind: provisioning-failure, instance: "1", code: OSProvisioningTimedOut, message: Too late., image: old}
"""
SLOW = "description: Slow.\nfleet: {update_domains: [2], health: probe}\ntiming: {upgrade_seconds: [3600, 3600]}\n"

pytestmark = pytest.mark.example


def fleet_of(copy: Copy, sets: dict[str, str], waves: Sequence[dict[str, Any]]) -> Repository:
    """Return a repository with the example and a configuration file, and an Azure with these scale sets."""
    repository = copy({"fleet.yml": example("fleet.yml")}, sets)
    account = repository.azure.coordinates
    defaults = {
        "subscription-id": account["subscription"],
        "tenant-id": account["tenant"],
        "client-id": account["client_id"],
        "resource-group": GROUP,
        "image-version": "latest",  # the input wins
        "bake-time": "1s",
        "canary": 0,
        "batch-size": 2,
        "allow-downtime": True,  # one batch is enough
    }
    described = {"defaults": defaults, "scale-sets": {name: {"scale-set": name} for name in sets}, "waves": waves}
    repository.configure(yaml.safe_dump(described, sort_keys=False))
    return repository


def reported(repository: Repository, attempt: int = 1) -> dict[str, Any]:
    """Return the record of the last job's report."""
    text = (repository.artifacts / "1" / f"fleet-report-{attempt}" / "fleet.json").read_text()
    record: dict[str, Any] = json.loads(text)
    return record


def images_of(repository: Repository) -> dict[str, set[str]]:
    return {name: set(repository.azure.versions(name).values()) for name in repository.azure.sets}


def begun(ran: Ran) -> list[str]:
    """Return the waves that began, as the log names their gates."""
    return [name for job in ran.jobs for name in re.findall(r"/(Wave \d): begin$", job)]


def test_waves_follow_each_other_and_empty_ones_stop_none(copy: Copy) -> None:
    """The first wave and one in the middle have nothing to do."""
    sets = {"done": DONE, "canary": TWO, "kept": DONE, "web": TWO, "api": TWO, "late": TWO}
    waves: list[dict[str, Any]] = [
        {"name": "nothing", "scale-sets": ["done"]},
        {"name": "first", "scale-sets": ["canary"], "bake-time": "1s", "environment": "approval"},
        {"name": "idle", "scale-sets": ["kept"]},
        {"name": "many", "scale-sets": ["web", "api"], "max-parallel": 2},
        {"name": "last", "scale-sets": ["late"]},
    ]
    repository = fleet_of(copy, sets, waves)

    ran = repository.run("fleet.yml", image=TARGET)

    assert (ran.exit_code, begun(ran)) == (0, ["Wave 2", "Wave 4", "Wave 5"]), ran.log
    assert images_of(repository) == {name: {NEW} for name in sets}
    assert reported(repository)["outcome"] == "succeeded"
    began = {name: azure.upgrades[0].started_at for name, azure in repository.azure.sets.items() if azure.upgrades}
    assert began["canary"] < min(began["web"], began["api"]) and max(began["web"], began["api"]) < began["late"]


def test_a_failed_wave_stops_the_next_and_another_attempt_goes_on(copy: Copy) -> None:
    sets = {"canary": TWO, "web": TWO + BAD, "api": TWO, "late": TWO}
    waves = [{"name": "first", "scale-sets": ["canary"]}, {"name": "many", "scale-sets": ["web", "api"]}]
    repository = fleet_of(copy, sets, [*waves, {"name": "last", "scale-sets": ["late"]}])

    ran = repository.run("fleet.yml", image=TARGET)

    assert (ran.exit_code, begun(ran)) == (1, ["Wave 1", "Wave 2"]), ran.log
    assert {name: images_of(repository)[name] for name in ("canary", "api", "late")} == {
        "canary": {NEW},
        "api": {NEW},
        "late": {OLD},
    }, "the sibling of the set that fails ends properly"
    report = reported(repository)
    assert (report["outcome"], "web" in report["headline"]) == ("halted", True), report["headline"]

    repository.azure.sets["web"].end_faults()
    again = repository.run("fleet.yml", attempt=2, image=TARGET)

    assert (again.exit_code, begun(again)) == (0, ["Wave 2", "Wave 3"]), again.log
    assert images_of(repository) == {name: {NEW} for name in sets}
    assert reported(repository, attempt=2)["outcome"] == "succeeded"


def test_a_fleet_that_is_cancelled_says_where_it_stands(copy: Copy) -> None:
    """Each job of the first wave gets the signal that GitHub's runner sends."""
    waves = [{"name": "first", "scale-sets": ["web", "api"]}, {"name": "last", "scale-sets": ["late"]}]
    repository = fleet_of(copy, {"web": SLOW, "api": SLOW, "late": TWO}, waves)

    with ThreadPoolExecutor(1) as beside:
        running = beside.submit(repository.run, "fleet.yml", image=TARGET)
        wait_until(lambda: running.done() or all(repository.azure.sets[name].upgrades for name in ("web", "api")))
        interrupt_actions_of(repository)
        ran = running.result()

    assert (ran.exit_code, begun(ran)) == (1, ["Wave 1"]), ran.log
    assert images_of(repository)["late"] == {OLD}
    report = reported(repository)
    assert report["outcome"] == "halted" and "Half-way: web, api" in report["headline"], report["headline"]
    records = (repository.artifacts / "1").glob("vmss-upgrade-???-1/???.json")
    assert [json.loads(record.read_text())["outcome"] for record in records] == ["interrupted", "interrupted"]


def interrupt_actions_of(repository: Repository) -> None:
    """Send SIGINT to each container of the action that trusts this repository's Azure."""
    mine = ("--filter", f"ancestor={ACTION_IMAGE}", "--filter", f"volume={repository.azure.hosts}")
    for container in docker("ps", "--quiet", *mine).split():
        subprocess.run(["docker", "kill", "--signal", "INT", container], check=True, stdout=subprocess.DEVNULL)


def wait_until(condition: Callable[[], bool], seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.2)
