"""The configuration file below the inputs: what wins, which entry a run takes, and what the post step gets of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from test_inputs import CLIENT, GALLERY, OIDC, SUBSCRIPTION, TENANT

from azure_simulator import SimulatedAzure, VirtualClock, load_scenario
from vmss_upgrade import main
from vmss_upgrade.errors import InputError
from vmss_upgrade.fleet.configuration import Configuration, Entry, Tag, Wave
from vmss_upgrade.inputs import (
    Inputs,
    parse_account,
    parse_drain,
    parse_hooks,
    parse_inputs,
    read_configuration,
    usable_files,
)
from vmss_upgrade.inputs.configuration.file import SAVED
from vmss_upgrade.job.progress import VALUES
from vmss_upgrade.rollout.image import ImageRequest
from vmss_upgrade.rollout.policy import OnFailure, Share

OTHER = "00000000-0000-4000-8000-00000000000f"


def set_id(name: str, group: str = "g", subscription: str = SUBSCRIPTION) -> str:
    compute = f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute"
    return f"{compute}/virtualMachineScaleSets/{name}"


SIGN_IN = f"tenant-id: {TENANT}, client-id: {CLIENT}"
FILE = f"""
defaults:
  subscription-id: {SUBSCRIPTION}
  tenant-id: {TENANT}
  client-id: {CLIENT}
  image-version: 1.10
  on-failure: rollback
  batch-size: 20%
  instance-ids: 012
scale-sets:
  web-weu: {{ resource-group: weu, scale-set: vmss-web, batch-size: 3 }}
  web-neu: {{ resource-group: neu, scale-set: vmss-web, zones: [1, 2] }}
  api: {{ scale-set: {set_id("vmss-api", subscription=OTHER)}, image: a:b:c:1.0.0 }}
  worker:
    resource-group: g
    probe-url: [https://a.invalid/x, https://b.invalid]
    not-after: 17:00 UTC
    drain-command: |
      echo "a: b" # c
      exit 0
"""


def environ(folder: Path, given: dict[str, str], text: str = FILE, **more: str) -> dict[str, str]:
    (folder / "c.yml").write_text(text)
    inputs = {"config": "c.yml", **given}
    return {
        **OIDC,
        "GITHUB_WORKSPACE": str(folder),
        **{f"INPUT_{name.upper()}": value for name, value in inputs.items()},
        **more,
    }


def parsed(folder: Path, given: dict[str, str], text: str = FILE) -> Inputs:
    return parse_inputs(environ(folder, given, text))


def refusals(folder: Path, given: dict[str, str], text: str = FILE) -> list[str]:
    with pytest.raises(InputError) as error:
        parsed(folder, given, text)
    return [str(problem) for problem in error.value.problems]


@pytest.mark.parametrize(
    ("given", "found", "entry"),
    [
        pytest.param({"scale-set": "web-weu"}, (SUBSCRIPTION, "weu", "vmss-web"), "web-weu", id="its-name"),
        pytest.param({"scale-set": "WEB-neu"}, (SUBSCRIPTION, "neu", "vmss-web"), "web-neu", id="whatever-its-case"),
        pytest.param({"scale-set": "worker"}, (SUBSCRIPTION, "g", "worker"), "worker", id="a-set-of-its-name"),
        pytest.param({"scale-set": "api"}, (OTHER, "g", "vmss-api"), "api", id="with-an-id"),
        pytest.param({"scale-set": "vmss-api"}, (OTHER, "g", "vmss-api"), "api", id="name-of-its-set"),
        pytest.param(
            {"scale-set": "vmss-web", "resource-group": "NEU"},
            (SUBSCRIPTION, "NEU", "vmss-web"),
            "web-neu",
            id="name-of-several-sets-and-a-group",
        ),
        pytest.param(
            {"scale-set": set_id("VMSS-web", "WEU")}, (SUBSCRIPTION, "WEU", "VMSS-web"), "web-weu", id="id-of-its-set"
        ),
        pytest.param(
            {"scale-set": f"https://portal.azure.com/#@x/resource{set_id('vmss-web', 'neu')}/overview"},
            (SUBSCRIPTION, "neu", "vmss-web"),
            "web-neu",
            id="page-of-its-set",
        ),
        pytest.param(
            {"scale-set": set_id("other", "weu", OTHER)}, (OTHER, "weu", "other"), "", id="id-of-a-set-without-entry"
        ),
    ],
)
def test_a_scale_set_finds_its_entry(
    given: dict[str, str], found: tuple[str, str, str], entry: str, tmp_path: Path
) -> None:
    inputs = parsed(tmp_path, given)
    account = inputs.account
    assert (account.subscription_id, account.resource_group, account.scale_set) == found
    assert inputs.source is not None
    assert inputs.source.entry == entry


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(
            {"scale-set": "web-wue"}, "scale-set: 'web-wue' is no entry of c.yml. Did you mean `web-weu`?", id="typo"
        ),
        pytest.param(
            {"scale-set": "xyz"},
            "scale-set: 'xyz' is no entry of c.yml. Give the name of one of its entries (web-weu, web-neu, api, "
            "worker), or a whole resource id.",
            id="nothing-like-it",
        ),
        pytest.param(
            {"scale-set": "vmss-web"},
            "scale-set: 'vmss-web' is the scale set of several entries of c.yml: `web-weu` and `web-neu`. Give the "
            "name of one of them.",
            id="of-several-entries",
        ),
        pytest.param(
            {"scale-set": "api", "resource-group": "h"},
            "resource-group: 'h' contradicts 'g' in the resource id in `scale-set`. Leave `resource-group` out.",
            id="input-against-the-id",
        ),
    ],
)
def test_a_scale_set_without_an_entry_is_refused(given: dict[str, str], expected: str, tmp_path: Path) -> None:
    assert refusals(tmp_path, given) == [expected]


def test_a_file_of_defaults_alone_serves_every_scale_set(tmp_path: Path) -> None:
    text = FILE[: FILE.index("scale-sets:")]
    inputs = parsed(tmp_path, {"scale-set": "any", "resource-group": "g"}, text)
    assert (inputs.account.scale_set, inputs.order.policy.on_failure) == ("any", OnFailure.ROLLBACK)


def test_inputs_win_over_the_entry_and_this_over_the_defaults(tmp_path: Path) -> None:
    def sizes(given: dict[str, str]) -> tuple[Share | None, OnFailure]:
        policy = parsed(tmp_path, given).order.policy
        return policy.batch_size, policy.on_failure

    assert sizes({"scale-set": "web-neu"}) == (Share(20, True), OnFailure.ROLLBACK)
    assert sizes({"scale-set": "web-weu"}) == (Share(3), OnFailure.ROLLBACK)
    assert sizes({"scale-set": "web-weu", "batch-size": "7", "on-failure": "stop"}) == (Share(7), OnFailure.STOP)
    assert sizes({"scale-set": "web-weu", "batch-size": "", "on-failure": " "}) == (Share(3), OnFailure.ROLLBACK)


@pytest.mark.parametrize(
    ("given", "image"),
    [
        pytest.param({"scale-set": "web-weu"}, ImageRequest(version="1.10"), id="default-as-it-is-written"),
        pytest.param(
            {"scale-set": "api"},
            ImageRequest(publisher="a", offer="b", sku="c", version="1.0.0"),
            id="whole-image-over-a-version",
        ),
        pytest.param(
            {"scale-set": "api", "image-version": "2.0"}, ImageRequest(version="2.0"), id="version-over-a-whole"
        ),
        pytest.param(
            {"scale-set": "web-weu", "image": GALLERY}, ImageRequest(image_id=GALLERY), id="pinned-by-a-fleet"
        ),
        pytest.param(
            {"scale-set": "web-weu", "image-sku": "s"}, ImageRequest(version="1.10", sku="s"), id="parts-of-two-layers"
        ),
        pytest.param(
            {"scale-set": "web-weu", "image-version": "p:o:s:2.0"},
            ImageRequest(publisher="p", offer="o", sku="s", version="2.0"),
            id="urn-over-a-version",
        ),
    ],
)
def test_an_image_is_one_wish(given: dict[str, str], image: ImageRequest, tmp_path: Path) -> None:
    assert parsed(tmp_path, given).order.image == image


def test_values_arrive_as_they_are_written(tmp_path: Path) -> None:
    worker = parsed(tmp_path, {"scale-set": "worker"}).order.policy
    assert worker.selection.instance_ids == ("012",)
    assert worker.not_after is not None
    assert worker.not_after.text.startswith("17:00")
    assert worker.probes is not None
    assert worker.probes.addresses == ("https://a.invalid/x", "https://b.invalid")
    assert worker.drain is not None
    assert worker.drain.command == 'echo "a: b" # c\nexit 0'
    assert parsed(tmp_path, {"scale-set": "web-neu"}).order.policy.selection.zones == ("1", "2")


def test_the_log_names_the_file_the_entry_and_the_values(tmp_path: Path) -> None:
    source = parsed(tmp_path, {"scale-set": "worker", "on-failure": "stop", "instance-ids": "0"}).source
    assert source is not None
    assert source.in_words() == (
        "Configuration: c.yml, its entry worker",
        "Of the entry: resource-group: g, probe-url: https://a.invalid/x https://b.invalid, not-after: 17:00 UTC, "
        "drain-command: (not shown), scale-set: worker",
        f"Of the defaults: subscription-id: {SUBSCRIPTION}, {SIGN_IN}, image-version: 1.10, batch-size: 20%",
    )
    alone = parsed(tmp_path, {"scale-set": set_id("other")}).source
    assert alone is not None
    assert alone.in_words()[0] == "Configuration: c.yml, its defaults alone: no entry names this scale set"


def test_the_post_step_reads_what_the_main_step_read(tmp_path: Path) -> None:
    """Later steps may have removed or changed the file."""
    hooked = FILE.replace("not-after: 17:00 UTC", "after-batch-url: https://c.invalid/y")
    given = environ(tmp_path, {"scale-set": "worker", "hook-secret": "0123456789abcdef"}, hooked)
    inputs = parse_inputs(given)
    assert inputs.source is not None
    assert (parse_drain(given), parse_hooks(given)) == (inputs.order.policy.drain, inputs.order.policy.hooks)
    state = {**given, f"STATE_{VALUES}": inputs.source.as_value()}
    for text in ("defaults: [", "scale-sets: { worker: { resource-group: other, drain-command: evil } }"):
        (tmp_path / "c.yml").write_text(text)
        assert parse_account(state) == inputs.account
        assert parse_drain(state) == inputs.order.policy.drain
        assert parse_hooks(state) == inputs.order.policy.hooks
    assert VALUES == SAVED


@pytest.mark.parametrize(
    "saved", ["{", "[]", '["c.yml", 1]', '["c.yml", {"zones": 1}]', '["c", {"operation": ["x", 1, 1]}]']
)
def test_a_state_that_is_none_gives_no_values(saved: str, tmp_path: Path) -> None:
    given = environ(tmp_path, {"scale-set": "web", "resource-group": "g"}, **{f"STATE_{VALUES}": saved})
    with pytest.raises(InputError) as error:
        parse_account(given)
    assert {problem.input for problem in error.value.problems} >= {"subscription-id", "tenant-id"}


def test_files_of_the_configuration_are_written_also_if_others_values_are_wrong(tmp_path: Path) -> None:
    text = "defaults: { report-path: out.json, timeout: never }\nscale-sets: { web: {} }\n"
    assert usable_files(environ(tmp_path, {"scale-set": "web"}, text)).record == "out.json"
    assert usable_files(environ(tmp_path, {"scale-set": "web", "report-path": "x.json"}, "- a\n")).record == "x.json"


def test_a_whole_fleet(tmp_path: Path) -> None:
    text = """
defaults: { zones: 1, image-version: latest }
scale-sets:
  web: { resource-group: g }
  api:
waves:
  - { name: canary, scale-sets: [WEB], bake-time: 30m }
  - name: rest
    scale-sets: [api]
    tag: [role=web, "a b = c=d", empty=]
    max-parallel: 3
    environment: production
    stop-after-failures: 2
"""
    assert read_configuration(environ(tmp_path, {}, text)) == Configuration(
        defaults={"zones": "1", "image-version": "latest"},
        entries=(
            Entry(
                name="web",
                values={"scale-set": "web", "zones": "1", "image-version": "latest", "resource-group": "g"},
            ),
            Entry(name="api", values={"scale-set": "api", "zones": "1", "image-version": "latest"}),
        ),
        waves=(
            Wave(name="canary", number=1, members=("web",), bake_time=1800.0),
            Wave(
                name="rest",
                number=2,
                members=("api",),
                tags=(Tag("role", "web"), Tag("a b", "c=d"), Tag("empty", "")),
                max_parallel=3,
                environment="production",
                stop_after_failures=2,
            ),
        ),
    )


def run(folder: Path, entry: str, more: str = "") -> int:
    """Play a rollout whose inputs are all in the file."""
    clock = VirtualClock(0.0)
    azure = SimulatedAzure(load_scenario("happy"), clock, seed=0)
    there = azure.coordinates
    text = f"""
defaults:
  subscription-id: {there["subscription"]}
  tenant-id: {there["tenant"]}
  client-id: {there["client_id"]}
  resource-manager-endpoint: {there["resource_manager"]}
  authority-host: {there["authority"]}
  image-version: {load_scenario("happy").inputs["image-version"]}
  report-path: out/record.json
scale-sets:
  web: {{ scale-set: {there["scale_set"]}, resource-group: {there["resource_group"]}{more} }}
"""
    files = {name: str(folder / name.lower()) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_STATE")}
    secret = {"client-secret": "Zq8~Q9kLm_no.pQrStUvWxYz"}
    given = environ(folder, {"scale-set": entry, **secret}, text, GITHUB_ACTIONS="true", **files)
    return main.run(given, clock, transport=lambda _: azure.transport())


@pytest.mark.slow
def test_a_run_by_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "web") == 0
    log = capsys.readouterr().out.splitlines()
    assert "Configuration: c.yml, its entry web" in log
    assert json.loads((tmp_path / "out" / "record.json").read_text())["outcome"] == "succeeded"
    assert "config<<" in (tmp_path / "github_state").read_text()


def test_a_refusal_is_an_annotation_in_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "web", ", batch-size: 0") == 1
    [annotation] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("::error")]
    command, _, message = annotation[2:].partition("::")
    line, column = 11, (tmp_path / "c.yml").read_text().splitlines()[10].index(": 0 }") + 3
    assert sorted(command.removeprefix("error ").split(",")) == [
        f"col={column}",
        "file=c.yml",
        f"line={line}",
        "title=Input",
    ]
    assert message.startswith(f"config: c.yml:{line}:{column} batch-size: '0' is neither a count")
    assert "c.yml:11:" in (tmp_path / "github_step_summary").read_text()
