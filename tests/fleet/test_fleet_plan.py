"""Whole plays of `operation: fleet-plan` on several simulated scale sets."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from planning_harness import GITHUB, PlannedFleet, configuration, plan, wave

from azure_simulator import Reply, VirtualClock
from azure_simulator.subscription import SimulatedSubscription
from harness.playing import cancelled_at, job_environment, one_clock
from harness.wire import Request, Send, wired
from permitted import complaint
from vmss_upgrade.fleet.planning.record import plan_in
from vmss_upgrade.main import run
from vmss_upgrade.reporters.outputs import MATRICES

OLD, NEW = "22.04.202610010", "22.04.202611010"
UBUNTU = "Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2"
ON_NEW = {
    "image": {
        "publisher": "Canonical",
        "offer": "0001-com-ubuntu-server-jammy",
        "sku": "22_04-lts-gen2",
        "version": NEW,
    }
}
HERE = {"resource-group": "simulated-group"}
THREE = (
    wave("canary", "canary-weu", bake_time="30m"),
    wave("api", tags="role=api", max_parallel=1, environment="production"),
    wave("web", tags="ROLE=web", stop_after_failures=2),
)
FLEET = configuration(*THREE, canary_weu=HERE)
EMPTY = '{"include": []}'


def sets(*described: dict[str, Any], **common: Any) -> dict[str, Any]:
    """Return a scenario of several sets, of one instance each where they say nothing else."""
    return {"fleet": {"update_domains": [1, 1]}, "inputs": {"image-version": NEW}, "sets": list(described), **common}


def one(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "tags": {"role": "web"}, **more}


def as_json(body: Any, status: int = 200, *headers: tuple[str, str]) -> Reply:
    return Reply(status, [("content-type", "application/json"), *headers], json.dumps(body).encode())


WEB = configuration(wave("web", tags="role=web"))


def play(scenario: Any, folder: Path, **more: Any) -> PlannedFleet:
    return plan(scenario, more.pop("held", WEB), folder, **more)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> PlannedFleet:
    return plan("fleet", FLEET, tmp_path_factory.mktemp("whole"))


def test_every_set_of_a_wave_gets_a_job(whole: PlannedFleet) -> None:
    assert whole.exit_code == 0
    names = [[job["name"] for job in whole.matrix(number)] for number in range(1, 7)]
    assert names == [["canary-weu"], ["api-weu", "api-neu"], ["web-weu", "web-neu", "web-neu-flex"], [], [], []]
    job = whole.matrix(2)[1]
    assert set(job) == {"name", "scale-set", "group", "image", "plan-hash"}
    assert job["scale-set"].endswith(
        "/resourceGroups/simulated-north/providers/Microsoft.Compute/virtualMachineScaleSets/api-neu"
    )
    assert (job["group"], job["image"]) == ("vmss-api-neu", f"{UBUNTU}:{NEW}")


def test_the_outputs_say_what_fleet_yml_needs(whole: PlannedFleet) -> None:
    outputs = whole.outputs
    assert (outputs["outcome"], outputs["due"], outputs["image"]) == ("planned", "6", f"{UBUNTU}:{NEW}")
    assert outputs["changed"] == "false" and outputs["report"] == "plan.json" and outputs["summary-path"] == "plan.md"
    waves = json.loads(outputs["waves"])
    assert len(waves) == 6
    assert waves[1] == {
        "name": "api",
        "environment": "production",
        "max-parallel": 1,
        "bake-seconds": 0,
        "stop-after-failures": 1,
        "due": 2,
    }
    assert (waves[0]["bake-seconds"], waves[0]["max-parallel"]) == (1800, 256)
    assert (waves[5]["name"], waves[5]["due"]) == ("", 0)


def test_the_record_holds_the_plan(whole: PlannedFleet) -> None:
    read = plan_in(whole.record)
    assert [each.name for each in read.waves] == ["canary", "api", "web"]
    assert read.waves[1].environment == "production"
    flexible = next(each for each in read.sets if each.name == "web-neu-flex")
    assert (flexible.region, flexible.kind, flexible.mode) == ("northeurope", "Flexible", "Manual")
    assert flexible.images == ((f"{UBUNTU}:{OLD}", 5),)
    assert (flexible.instances, flexible.moving, flexible.most_away) == (5, 5, 1)


def test_the_log_has_a_line_for_each_set(whole: PlannedFleet) -> None:
    assert "2/6 📋 api-weu: 5 of 5 instances due, at most 1 away at once" in whole.log
    assert "SIMULATED RUN" in whole.log.splitlines()[0]


def test_the_summary_shows_the_blast_radius(whole: PlannedFleet) -> None:
    assert "At most 4 of 28 instances are away at once." in whole.files["summary.md"]
    assert "approved in <code>production</code> | 2 of 2 | 1 of 9 |" in whole.files["summary.md"]
    assert whole.files["plan.md"].endswith(whole.files["summary.md"])


def test_one_token_serves_all(whole: PlannedFleet) -> None:
    assert sum("oauth2" in request.url for request in whole.sent) == 1


def test_a_plan_sends_reads_alone(whole: PlannedFleet) -> None:
    found = [complaint(each.method, each.url, each.body, ["fleet-plan"]) for each in whole.sent]
    assert list(filter(None, found)) == []


def run_job(
    azure: SimulatedSubscription, folder: Path, job: dict[str, str], clock: VirtualClock, operation: str
) -> dict[str, Any]:
    """Run one job of a matrix as fleet.yml does, and return its record."""
    inputs = {"operation": operation, "scale-set": job["scale-set"], "image": job["image"]}
    inputs |= {"expect-plan": job["plan-hash"], "report-path": "job.json"}
    environ = job_environment(azure, folder, inputs)  # type: ignore[arg-type]
    for name in ("RESOURCE-GROUP", "SUBSCRIPTION-ID"):
        environ.pop(f"INPUT_{name}")
    with one_clock(clock):
        run(environ, clock, transport=wired(azure), web=lambda _clock: azure.web())  # type: ignore[arg-type, return-value]
    record: dict[str, Any] = json.loads((folder / "job.json").read_text())
    return record


def test_a_job_carries_out_the_very_plan(whole: PlannedFleet, tmp_path: Path) -> None:
    """The hash in the matrix is the one that the job computes from its own inputs, and is held to."""
    for number in (1, 2, 3):
        for job in whole.matrix(number):
            record = run_job(whole.azure, tmp_path, job, whole.clock, "plan")
            assert (record["outcome"], record["plan_hash"]) == ("planned", job["plan-hash"]), job["name"]
    assert run_job(whole.azure, tmp_path, whole.matrix(1)[0], whole.clock, "upgrade")["outcome"] == "succeeded"


def test_a_set_on_the_target_is_not_due_and_one_half_way_is(tmp_path: Path) -> None:
    old_ones = {"0": {"image": OLD}}
    scenario = sets(
        one("done", fleet=ON_NEW),
        one("half", fleet=ON_NEW, instances=old_ones),
        one("model", instances={"0": {"image": NEW}, "1": {"image": NEW}}),
        one("begin"),
    )
    played = play(scenario, tmp_path)
    assert played.verdicts() == {"begin": "due", "done": "on-target", "half": "due", "model": "due"}
    assert [job["name"] for job in played.matrix(1)] == ["begin", "half", "model"]
    moving = {each["name"]: each["moving"] for each in played.record["sets"]}
    assert moving == {"begin": 2, "done": 0, "half": 1, "model": 0}
    assert "model: the model alone is due" in played.log


def test_a_fleet_on_the_target_has_nothing_to_do(tmp_path: Path) -> None:
    played = play(sets(one("a"), one("b")), tmp_path, inputs={"image-version": OLD})
    assert (played.exit_code, played.outputs["outcome"], played.outputs["due"]) == (0, "nothing-to-do", "0")
    assert {played.outputs[name] for name in MATRICES} == {EMPTY}
    assert "All 2 scale sets are on the target image already." in played.outputs["headline"]


def test_a_wave_that_a_wrong_tag_leaves_empty_is_warned_of(tmp_path: Path) -> None:
    """The waves after it begin without it, and it may have been the canary."""
    held = configuration(wave("canary", tags="role=canry"), wave("web", tags="role=web"))
    played = play(sets(one("web-1"), one("first", tags={"role": "canary"})), tmp_path, held=held, environ=GITHUB)
    warned = [line for line in played.log.splitlines() if line.startswith("::warning")]
    assert len(warned) == 1
    assert "Wave canary has no scale set" in warned[0]
    assert "bears role=canry" in warned[0]
    assert "Did you mean role=canary? The waves after it do not wait for one." in warned[0]
    assert [played.matrix(number) != [] for number in (1, 2)] == [False, True]


def test_nothing_bears_the_tag(tmp_path: Path) -> None:
    played = play(sets(one("a")), tmp_path, held=configuration(wave("w", tags="role=nobody")))
    assert (played.exit_code, played.outputs["outcome"], played.outputs["waves"]) == (1, "refused", "")
    assert "No scale set was found for this wave: none that the identity may read bears role=nobody" in played.log
    assert "Did you mean" not in played.log and "do not wait" not in played.log


def test_the_summary_says_which_tag_may_be_meant(tmp_path: Path) -> None:
    played = play(sets(one("a")), tmp_path, held=configuration(wave("w", tags="role=wbe")))
    assert "Did you mean role=web? Compare the tags" in played.files["summary.md"]


REFUSED = [
    pytest.param({"model": {"properties": {"upgradePolicy": {"mode": "Automatic"}}}}, "Automatic", id="mode"),
    pytest.param({"tags": {"role": "web", "vmss-upgrade": "stop"}}, "stop", id="stop-tag"),
    pytest.param(
        {
            "faults": [
                {"kind": "http", "path": "/virtualMachineScaleSets/bad", "status": 403, "code": "AuthorizationFailed"}
            ]
        },
        "AuthorizationFailed",
        id="denied",
    ),
    pytest.param(
        {"faults": [{"kind": "http", "path": "/virtualMachineScaleSets/bad", "status": 500, "count": 10_000}]},
        "500",
        id="never-answers",
    ),
    pytest.param({"index": "deleted"}, "not found", id="gone"),
]


@pytest.mark.parametrize(("trouble", "words"), REFUSED)
def test_a_set_that_cannot_be_rolled_is_left_out_by_name(trouble: dict[str, Any], words: str, tmp_path: Path) -> None:
    played = play(sets(one("good"), one("bad", **trouble)), tmp_path, environ=GITHUB)
    assert (played.exit_code, played.outputs["outcome"], played.outputs["due"]) == (1, "refused", "1")
    assert [job["name"] for job in played.matrix(1)] == ["good"]
    [left] = [each for each in played.record["sets"] if each["verdict"] == "refused"]
    assert left["name"] == "bad" and words.lower() in json.dumps(left["findings"]).lower()
    assert "::error title=Left out::bad (wave web)" in played.log
    assert "### Left out" in played.files["summary.md"] and "**bad**" in played.files["summary.md"]
    assert played.outputs["headline"].startswith("1 of 2 scale sets is left out: bad.")


def test_a_set_that_is_left_out_shows_what_was_read_of_it(tmp_path: Path) -> None:
    automatic = {"model": {"properties": {"upgradePolicy": {"mode": "Automatic"}}}}
    played = play(sets(one("bad", **automatic), one("gone", index="deleted"), one("good")), tmp_path)
    bad, gone, _ = played.record["sets"]
    assert (bad["instances"], [each["image"] for each in bad["images"]]) == (2, [f"{UBUNTU}:{OLD}"])
    assert (gone["instances"], gone["images"]) == (0, [])
    assert f"| 22_04-lts-gen2 {OLD}<br>left out, see above |" in played.files["summary.md"]


def test_an_entry_that_the_inputs_contradict_is_left_out(tmp_path: Path) -> None:
    held = configuration(wave("all", "a", "b"), a=HERE, b={**HERE, "min-healthy": "75%"})
    played = play(sets(one("a"), one("b")), tmp_path, held=held, inputs={"allow-downtime": "true"})
    assert played.verdicts() == {"a": "due", "b": "refused"}
    [finding] = played.record["sets"][1]["findings"]
    assert "fleet.yml:" in finding["message"] and "min-healthy" in finding["message"]


def test_the_values_of_an_entry_reach_its_plan(tmp_path: Path) -> None:
    held = configuration(
        wave("all", "a", "b"),
        defaults={**HERE, "image-version": NEW, "batch-size": "2"},
        a={"image-version": OLD},
        b={},
    )
    played = play(sets(one("a"), one("b"), inputs={}), tmp_path, held=held)
    assert played.verdicts() == {"a": "on-target", "b": "due"}
    assert played.outputs["image"] == ""
    away = {each["name"]: each["most_away"] for each in played.record["sets"]}
    assert away == {"a": 0, "b": 1}


def test_one_secret_of_hooks_serves_the_sets_that_call_and_disturbs_no_other(tmp_path: Path) -> None:
    held = configuration(wave("all", "a", "b"), a={**HERE, "before-batch-url": "https://hooks.test/before"}, b=HERE)
    played = play(sets(one("a"), one("b")), tmp_path, held=held, inputs={"hook-secret": "0123456789abcdef"})
    assert played.verdicts() == {"a": "due", "b": "due"}
    without = play(sets(one("a"), one("b")), tmp_path, held=held)
    assert without.verdicts() == {"a": "refused", "b": "due"}


def test_an_input_wins_over_the_file(tmp_path: Path) -> None:
    held = configuration(wave("all", "a"), a={**HERE, "image-version": NEW, "image-sku": "none"})
    played = play(sets(one("a"), inputs={}), tmp_path, held=held, inputs={"image": f"{UBUNTU}:{OLD}"})
    assert played.verdicts() == {"a": "on-target"}


def test_a_set_belongs_to_the_first_wave_also_where_that_is_not_planned(tmp_path: Path) -> None:
    held = configuration(wave("first", "a"), wave("second", tags="role=web"), a=HERE)
    played = play(sets(one("a"), one("b")), tmp_path, held=held, inputs={"waves": "second"})
    assert [job["name"] for job in played.matrix(2)] == ["b"]
    assert played.verdicts() == {"b": "due"}
    assert [each["name"] for each in json.loads(played.outputs["waves"])][:3] == ["", "second", ""]
    assert "### Wave 2: second" in played.files["summary.md"]


def test_two_sets_of_one_name_get_jobs_of_their_own(tmp_path: Path) -> None:
    played = play(sets(one("web"), one("web", group="north")), tmp_path)
    assert [job["name"] for job in played.matrix(1)] == ["north.web", "simulated-group.web"]
    groups = [job["group"] for job in played.matrix(1)]
    assert groups == ["vmss-north.web", "vmss-simulated-group.web"], "they need not wait for each other"


def test_a_run_of_some_waves_shares_the_groups_of_one_of_all(tmp_path: Path) -> None:
    """Two runs would else be at one scale set together."""
    waves = (wave("first", "one"), wave("second", "two"))
    held = configuration(*waves, one={**HERE, "scale-set": "web"}, two={"scale-set": "web", "resource-group": "north"})
    scenario = sets(one("web"), one("web", group="north"))
    both = play(scenario, tmp_path, held=held)
    second = play(scenario, tmp_path, held=held, inputs={"waves": "second"})
    assert both.matrix(2)[0]["group"] == second.matrix(2)[0]["group"] == "vmss-two"


def test_a_wave_that_holds_back_no_other_bakes_nothing(tmp_path: Path) -> None:
    waves = (wave("first", "a", bake_time="60s"), wave("second", "b", bake_time="60s"), wave("third", "c"))
    held = configuration(*waves, a=HERE, b=HERE, c=HERE)
    played = play(sets(one("a"), one("b"), one("c", fleet=ON_NEW)), tmp_path, held=held)
    assert [each["bake-seconds"] for each in json.loads(played.outputs["waves"])][:3] == [60, 0, 0]


GALLERY = (
    "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/images/providers/Microsoft.Compute"
    "/galleries/golden/images/web"
)
IN_GALLERY = {"image": {"id": f"{GALLERY}/versions/1.0.0"}}


def gallery(*versions: tuple[str, list[str]]) -> list[dict[str, Any]]:
    return [{"id": GALLERY, "versions": [version], "target_regions": regions} for version, regions in versions]


@pytest.mark.parametrize(
    ("group", "version", "verdicts"),
    [("zz", "1.2.0", {"a": "due", "b": "refused"}), ("north", "1.1.0", {"a": "due", "b": "due"})],
)
def test_the_first_set_decides_and_a_region_that_lacks_its_image_is_named(
    group: str, version: str, verdicts: dict[str, str], tmp_path: Path
) -> None:
    """Sets that tags find are in the order of their ids, so that the group decides which comes first."""
    both = ["West Europe", "North Europe"]
    scenario = sets(
        one("a", fleet=IN_GALLERY),
        one("b", fleet=IN_GALLERY, location="northeurope", group=group),
        images=gallery(("1.0.0", both), ("1.1.0", both), ("1.2.0", ["West Europe"])),
        inputs={"image-id": GALLERY},
    )
    played = play(scenario, tmp_path)
    assert (played.verdicts(), played.outputs["image"]) == (verdicts, f"{GALLERY}/versions/{version}")
    assert ("is not replicated to northeurope" in played.log) == ("refused" in verdicts.values())


class Publisher:
    """Publishes the newest version after the first list of them was asked for."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, request: Request, send: Send) -> Reply:
        reply = send(request)
        if request.url.split("?")[0].endswith("/versions"):
            self.asked += 1
            if self.asked == 1:
                return as_json([each for each in json.loads(reply.body) if each["name"] != NEW])
        return reply


def test_a_version_that_is_published_meanwhile_is_nobodys(tmp_path: Path) -> None:
    """Resolved anew for each set, the second would get another image than the first."""
    for wish in ({"image-version": "latest"}, {"image": f"{UBUNTU}:latest"}):
        publisher = Publisher()
        scenario = sets(one("a"), one("b"), one("c"), inputs=wish)
        played = play(scenario, tmp_path, interceptors=(publisher,), inputs={"on-failure": "stop"})
        assert publisher.asked >= 1
        targets = {each["target"] for each in played.record["sets"]}
        assert len(targets) == 1 and NEW not in targets.pop()
        assert (publisher.asked == 1) == ("image" in wish)


def test_a_cancelled_plan_writes_what_it_knows(tmp_path: Path) -> None:
    played = plan("fleet", FLEET, tmp_path, clock=cancelled_at(5.0))
    assert (played.exit_code, played.outputs["outcome"]) == (1, "interrupted")
    assert 0 < len(played.record["sets"]) < 6
    assert {played.outputs[name] for name in MATRICES} == {EMPTY}
    assert (played.outputs["waves"], played.outputs["due"]) == ("", "")
    assert "cancelled" in played.files["summary.md"]


MAKING = {"instances": {"1": {"provisioning_state": "Creating"}}}  # for good


def test_scale_sets_that_are_being_changed_are_waited_for_all_at_once(tmp_path: Path) -> None:
    scenario = sets(one("a", **MAKING), one("b"), one("c", **MAKING), one("d"))
    played = play(scenario, tmp_path)
    assert 1200 <= played.clock.now() < 1300  # the default of `health-timeout`, once
    assert [each["name"] for each in played.record["sets"]] == ["a", "b", "c", "d"], "in the order of the file"
    lines = re.findall(r"\d/4 \S+ (\w):", played.log)
    assert lines == ["b", "d", "a", "c"]
    assert sum("/a/virtualMachines?" in each.url for each in played.sent) > 75, "each is looked at as if it were alone"
    assert played.log.count("a: waiting, 15s at a time: instances are being created or updated (1)") == 1


def test_scale_sets_that_wait_take_the_image_of_the_others(tmp_path: Path) -> None:
    """A newer version is published while the first of them waits."""
    changed = {"kind": "updated-by-somebody", "at": 0, "instance": "1", "seconds": 60}
    scenario = sets(one("a", faults=[changed]), one("b"), inputs={"image-version": "latest"})
    played = play(scenario, tmp_path, interceptors=(Publisher(),))
    assert "a: waiting, 15s at a time" in played.log
    assert {each["target"].rpartition(":")[2] for each in played.record["sets"]} == {OLD}


def test_the_timeout_leaves_the_rest_out(tmp_path: Path) -> None:
    scenario = sets(*(one(name) for name in "abcdef"), timing={"request_latency": 10})
    played = play(scenario, tmp_path, inputs={"timeout": "4m"})
    assert played.exit_code == 1
    assert sorted(set(played.verdicts().values())) == ["due", "refused"]
    last = played.record["sets"][-1]
    assert last["findings"][0]["message"] == "This scale set was not read: the `timeout` passed before its turn."
    assert not any("virtualMachineScaleSets/f" in each.url for each in played.sent)
    assert played.log.count("waiting") <= 1  # for the set that was being read


def test_the_timeout_ends_the_patience_with_one_set(tmp_path: Path) -> None:
    down = {"kind": "http", "path": "/virtualMachineScaleSets/a", "status": 500, "count": 10_000}
    played = play(sets(one("a", faults=[down]), one("b")), tmp_path, inputs={"timeout": "6m"})
    assert played.clock.now() < 360
    assert played.verdicts()["a"] == "refused"


def test_a_run_of_too_many_sets_gets_no_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("step", "sentences"):
        monkeypatch.setattr(f"vmss_upgrade.fleet.planning.{module}.MOST_DUE", 2)
    played = play(sets(one("a"), one("b"), one("c")), tmp_path)
    assert (played.exit_code, played.outputs["outcome"], played.outputs["waves"]) == (1, "refused", "")
    assert played.matrix(1) == [] and len(played.record["sets"]) == 3
    assert played.outputs["reason"] == "3 scale sets are due, and a run rolls out to 2 at most."
    assert "Plan fewer `waves` in a run" in played.log


def test_a_plan_that_github_would_not_take_gets_no_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vmss_upgrade.fleet.planning.outputs.LONGEST_OUTPUTS", 21_000)
    played = play(sets(one("a"), one("b"), one("c")), tmp_path)
    assert (played.exit_code, played.matrix(1), played.outputs["waves"]) == (1, [], "")
    assert "larger than GitHub takes" in played.outputs["reason"]


def test_an_index_that_may_not_be_asked_ends_the_plan(tmp_path: Path) -> None:
    def deny(request: Request, send: Send) -> Reply:
        if "ResourceGraph" not in request.url:
            return send(request)
        body = {"error": {"code": "AuthorizationFailed", "message": "No."}}
        return as_json(body, 403)

    played = plan("fleet", FLEET, tmp_path, interceptors=(deny,))
    assert (played.exit_code, played.outputs["outcome"]) == (1, "refused")
    assert "AuthorizationFailed" in played.outputs["reason"]
    assert played.record["sets"] == [] and played.outputs["waves"] == ""
    assert "There is no plan of the fleet" in played.files["summary.md"]


def test_a_throttled_index_is_asked_again(tmp_path: Path) -> None:
    refused = 0

    def throttle(request: Request, send: Send) -> Reply:
        nonlocal refused
        if "ResourceGraph" in request.url and refused < 2:
            refused += 1
            body = {"error": {"code": "RateLimiting", "message": "Please provide below info when asking for support."}}
            return as_json(body, 429, ("x-ms-user-quota-resets-after", "00:00:05"))
        return send(request)

    played = plan("fleet", FLEET, tmp_path, interceptors=(throttle,))
    assert played.exit_code == 0 and refused == 2
    assert "s: finding scale sets by their tags: Azure asks for fewer requests (429)" in played.log


def test_pages_are_followed_and_a_circle_is_left(tmp_path: Path) -> None:
    def page(request: Request, send: Send) -> Reply:
        if "ResourceGraph" not in request.url:
            return send(request)
        reply = send(request)
        body = json.loads(reply.body)
        token = json.loads(request.body)["options"].get("$skipToken", "0")
        following = str(int(token) + 1)
        rows = body["data"]
        at = int(token)
        body["data"] = rows[at : at + 1]
        if at + 1 < len(rows):
            body |= {"$skipToken": following, "resultTruncated": "true"}
        quota = [("x-ms-user-quota-remaining", str(2 - at)), ("x-ms-user-quota-resets-after", "00:00:05")]
        return as_json(body, 200, *quota)

    def stripped(request: Request, send: Send) -> Reply:
        """Answer every page alike, as the simulator does not know the token of `page`."""
        asked = json.loads(request.body) if "ResourceGraph" in request.url else None
        if asked:
            asked["options"].pop("$skipToken", None)
            request = Request(
                request.method, request.url, request.headers, json.dumps(asked).encode(), request.patience
            )
        return send(request)

    played = plan("fleet", FLEET, tmp_path, interceptors=(page, stripped))
    assert played.exit_code == 0 and played.outputs["due"] == "6"
    assert sum("ResourceGraph" in each.url for each in played.sent) == 6
    assert played.log.count("waiting 6s: Azure's index of resources takes no more queries for now") == 1

    def circle(request: Request, send: Send) -> Reply:
        reply = send(request)
        if "ResourceGraph" not in request.url:
            return reply
        return as_json({**json.loads(reply.body), "$skipToken": "again"})

    played = plan("fleet", FLEET, tmp_path, interceptors=(circle, stripped))
    assert (played.exit_code, played.outputs["outcome"]) == (1, "refused")
    assert "goes round in a circle" in played.outputs["reason"]


BAD = [
    pytest.param({"config": ""}, "config: is missing", id="no-config"),
    pytest.param({"waves": "third"}, "waves: 'third' is neither the name nor the number of a wave", id="no-such-wave"),
    pytest.param({"waves": "cannary"}, "Did you mean `canary`?", id="nearly-a-wave"),
    pytest.param({"waves": "0"}, "waves: '0'", id="no-number"),
    pytest.param({"scale-set": "web"}, "scale-set: is of no use with `operation: fleet-plan`", id="a-scale-set"),
    pytest.param({"expect-plan": "0a1b2c3d-4e5f6071"}, "expect-plan: is of no use", id="a-hash"),
    pytest.param({"report-html": "page.html"}, "report-html: is of no use", id="a-page"),
    pytest.param({"timeout": "0"}, "timeout: 0 leaves no time at all", id="no-time"),
    pytest.param({"report-path": "../x.json"}, "report-path: ", id="a-record-elsewhere"),
    pytest.param({"wafes": "1"}, "there is no input of this name", id="a-typo"),
]


@pytest.mark.parametrize(("inputs", "words"), BAD)
def test_wrong_inputs_are_refused_before_anything_is_asked(inputs: dict[str, str], words: str, tmp_path: Path) -> None:
    played = plan("fleet", FLEET, tmp_path, inputs=inputs, environ=GITHUB)
    assert (played.exit_code, played.outputs["outcome"], played.sent) == (1, "refused", [])
    assert words in played.log
    assert {played.outputs[name] for name in MATRICES} == {EMPTY} and played.outputs["waves"] == ""


def test_two_entries_of_one_set_are_refused(tmp_path: Path) -> None:
    held = configuration(wave("w", "a", "b"), a=HERE, b={**HERE, "scale-set": "A"})
    played = plan("fleet", held, tmp_path)
    assert played.exit_code == 1 and "fleet.yml:6:3 b: this is the scale set of a as well" in played.log
    held = configuration(wave("w", "a", "b"), a={"resource-group": "x"}, b={"scale-set": "a", "resource-group": "y"})
    played = plan("fleet", held, tmp_path, inputs={"resource-group": "z"})
    assert played.exit_code == 1 and "'a' and 'b' name one scale set" in played.log


def test_a_seventh_wave_is_refused_with_the_way(tmp_path: Path) -> None:
    held = configuration(*(wave(f"w{number}", tags="role=web") for number in range(7)))
    played = plan("fleet", held, tmp_path)
    assert played.exit_code == 1 and "Begin with `waves: w0,w1,w2,w3,w4,w5`" in played.log
    assert plan("fleet", held, tmp_path, inputs={"waves": "1,3"}).exit_code == 0


def test_an_unknown_subscription_is_asked_for(tmp_path: Path) -> None:
    played = plan("fleet", configuration(wave("w", tags="role=web")), tmp_path, inputs={"subscription-id": ""})
    assert played.exit_code == 1 and "`tag` is looked for in the subscriptions that the file names" in played.log


TAGS = (
    "role=web' or true or ''=='",
    'role="',
    "role=\\",
    "role=a\nb",
    "role=a | project id",
    "a' | take 1=b",
    "ro\u2028le=x",
)


def test_no_tag_changes_the_query(tmp_path: Path) -> None:
    """Tags are compared where the answer is read; Resource Graph gets one fixed text."""
    bodies = set()
    for tag in TAGS:
        file = {"waves": [{"name": "w", "tag": [tag]}]}
        played = plan("fleet", json.dumps(file), tmp_path)
        found = [each.body for each in played.sent if "ResourceGraph" in each.url]
        assert played.outputs["outcome"] in ("nothing-to-do", "refused") and played.matrix(1) == []
        bodies.update(found)
    assert len(bodies) == 1


def test_a_wave_of_names_asks_no_index(tmp_path: Path) -> None:
    played = plan("fleet", configuration(wave("w", "canary-weu"), canary_weu=HERE), tmp_path)
    assert played.exit_code == 0 and not any("ResourceGraph" in each.url for each in played.sent)


def test_entries_of_no_wave_are_named(tmp_path: Path) -> None:
    held = configuration(wave("w", "canary-weu"), canary_weu=HERE, spare=HERE)
    assert "No wave has 1 scale set of the file: spare." in plan("fleet", held, tmp_path).log
