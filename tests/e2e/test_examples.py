"""Every workflow in examples/workflows, and the README's, unedited, under act against the simulator.

The bake time is the default one, in real seconds, so every fleet here needs one or two batches.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from e2e.conftest import Copy
from e2e.copied_workflow import example
from e2e.named_azure import set_id
from e2e.simulator import PROJECT

NAME = "my-scale-set"  # the README's, and the conftest's
OLD, NEW = "22.04.202610010", "22.04.202611010"
TWO_BEHIND = "description: Two instances.\nfleet: {update_domains: [1, 1], health: probe}\n"
ONE_BEHIND = TWO_BEHIND + f'instances: {{"0": {{image: "{NEW}"}}}}\n'
BAD_IMAGE = """
faults:
  - {kind: provisioning-failure, instance: "%s", code: OSProvisioningTimedOut, message: Too late., image: new}
"""

pytestmark = pytest.mark.example


@pytest.fixture
def chat() -> Iterator[tuple[str, list[bytes]]]:
    """Return the address of an incoming webhook, and the list of what it gets."""
    got: list[bytes] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/hook", got
        server.shutdown()


def test_the_workflow_of_the_readme(copy: Copy) -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    workflow = next(text for text in re.findall(r"```yaml\n(.*?)```", readme, re.DOTALL) if "\njobs:" in text)
    repository = copy({"readme.yml": workflow}, {NAME: TWO_BEHIND})

    ran = repository.run("readme.yml", image_version=NEW)

    assert (ran.exit_code, set(ran.jobs.values())) == (0, {"succeeded"}), ran.log
    assert repository.azure.versions(NAME) == {"0": NEW, "1": NEW}


def test_by_hand(copy: Copy) -> None:
    repository = copy({"by-hand.yml": example("by-hand.yml")}, {NAME: TWO_BEHIND})

    ran = repository.run("by-hand.yml", image_version=NEW, update_domains="1")

    assert (ran.exit_code, ran.jobs) == (0, {"Roll out": "succeeded"}), ran.log
    assert repository.azure.versions(NAME) == {"0": OLD, "1": NEW}


def test_after_an_image_build(copy: Copy) -> None:
    called = example("after-image-build.yml")
    gallery = f"{set_id('').partition('/providers')[0]}/providers/Microsoft.Compute/galleries/golden/images/web"
    repository = copy(
        {"after-image-build.yml": called, "build.yml": _caller(called, f"{gallery}/versions/1.1.0")},
        {
            NAME: f"""
description: Two instances of a gallery's image, one of them upgraded.
fleet: {{update_domains: [1, 1], health: probe, image: {{id: {gallery}/versions/1.0.0}}}}
instances: {{"0": {{image: {{id: {gallery}/versions/1.1.0}}}}}}
images: [{{id: {gallery}, versions: ["1.0.0", "1.1.0"]}}]
"""
        },
    )

    ran = repository.run("build.yml", event="push")

    assert (ran.exit_code, set(ran.jobs.values())) == (0, {"succeeded"}), ran.log
    assert repository.azure.versions(NAME) == {"0": "1.1.0", "1": "1.1.0"}


def test_nightly_asks_only_if_there_is_something_to_do(copy: Copy) -> None:
    repository = copy({"nightly-approval.yml": example("nightly-approval.yml")}, {NAME: ONE_BEHIND})

    ran = repository.run("nightly-approval.yml", event="schedule")

    assert (ran.exit_code, ran.jobs) == (0, {"Plan": "succeeded", "Roll out": "succeeded"}), ran.log
    assert repository.azure.versions(NAME) == {"0": NEW, "1": NEW}

    ran = repository.run("nightly-approval.yml", event="schedule")

    assert (ran.exit_code, ran.jobs) == (0, {"Plan": "succeeded"}), ran.log


def test_a_canary_and_then_the_rest(copy: Copy) -> None:
    repository = copy({"canary-approval.yml": example("canary-approval.yml")}, {NAME: TWO_BEHIND})

    ran = repository.run("canary-approval.yml", image_version="latest")

    both = {"Upgrade one instance": "succeeded", "Upgrade the rest": "succeeded"}
    assert (ran.exit_code, ran.jobs) == (0, both), ran.log
    assert repository.azure.versions(NAME) == {"0": NEW, "1": NEW}
    assert [each.instance_ids for each in repository.azure.sets[NAME].upgrades] == [("0",), ("1",)]


def test_a_failure_is_sent_to_the_chat_and_rolled_back_by_its_record(copy: Copy, chat: tuple[str, list[bytes]]) -> None:
    webhook, messages = chat
    files = {name: example(name) for name in ("notify.yml", "roll-back.yml")}
    repository = copy(files, {NAME: TWO_BEHIND + BAD_IMAGE % "0"})
    repository.secrets["CHAT_WEBHOOK"] = webhook

    ran = repository.run("notify.yml", image_version=NEW)

    assert (ran.exit_code, ran.jobs) == (1, {"Roll out": "failed"}), ran.log
    [message] = messages
    assert json.loads(message)["text"].startswith("halted: "), message
    kept = repository.artifacts / "1" / "rollout-1"
    assert {file.name for file in kept.iterdir()} == {"rollout.json", "rollout.md", "rollout.html"}

    ran = repository.run("roll-back.yml", run_id="1")

    assert (ran.exit_code, ran.jobs) == (0, {"Roll back": "succeeded"}), ran.log
    assert repository.azure.versions(NAME) == {"0": OLD, "1": OLD}


def test_nothing_is_written_if_a_service_is_out_of_reach(copy: Copy) -> None:
    """Nothing answers at example.com here, and no secret is set."""
    repository = copy({"zero-downtime.yml": example("zero-downtime.yml")}, {NAME: ONE_BEHIND})
    before = repository.azure.versions(NAME)

    ran = repository.run("zero-downtime.yml", image_version=NEW)

    assert ran.exit_code == 1, ran.log
    assert repository.azure.versions(NAME) == before


def test_every_example_is_run() -> None:
    tests = (Path(__file__), Path(__file__).with_name("test_fleet.py"))
    run = {name for test in tests for name in re.findall(r'"([\w-]+\.yml)"', test.read_text(encoding="utf-8"))}
    assert {file.name for file in (PROJECT / "examples" / "workflows").iterdir()} <= run


def _caller(called: str, image: str) -> str:
    """Return the workflow in the comment at the head of `called`, with a build that gives `image`."""
    comment = called.partition("\nname:")[0]
    workflow = yaml.safe_load(re.sub(r"(?m)^# ?", "", comment[comment.index("#   jobs:") :]))
    workflow["jobs"]["build"] |= {
        "runs-on": "ubuntu-latest",
        "outputs": {"image": "${{ steps.build.outputs.image }}"},
        "steps": [{"id": "build", "run": f'echo "image={image}" >>"$GITHUB_OUTPUT"'}],
    }
    return yaml.safe_dump({"name": "Build", "on": "push", **workflow}, sort_keys=False)
