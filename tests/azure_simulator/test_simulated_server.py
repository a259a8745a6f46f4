"""The simulator in a process of its own, over HTTPS, as containers and other clients use it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from ssl import create_default_context

import pytest
from azure.identity import ClientAssertionCredential
from azure.mgmt.compute import ComputeManagementClient
from test_simulated_capture import MODEL, files, instance

from azure_simulator.__main__ import main

SOURCE = Path(__file__).resolve().parents[2] / "src"


@contextmanager
def serving(folder: Path, scenario: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str], Path]]:
    """Start a server that plays `scenario` a thousand times as fast; yield its process, and the ready file."""
    ready = folder / "ready.json"
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "azure_simulator", "serve", "--scenario", scenario, "--host", "127.0.0.1"),
            *("--port", "0", "--ready-file", str(ready), "--pace", "0.001"),
        ],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 10
        while not ready.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert ready.exists(), process.communicate(timeout=1)[1]
        yield process, json.loads(ready.read_text()), ready
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[subprocess.Popen[str], dict[str, str], Path]]:
    with serving(tmp_path_factory.mktemp("server"), "happy") as running:
        yield running


def fetch(at: dict[str, str], url: str, **headers: str) -> bytes:
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, context=create_default_context(cafile=at["ca"]), timeout=5) as answer:
        return bytes(answer.read())


def test_the_ready_file_says_where_everything_is(server: tuple[object, dict[str, str], Path]) -> None:
    _, at, ready = server
    assert set(at) == {
        "resource_manager", "authority", "ca", "oidc_request_url", "oidc_request_token", "subscription", "tenant",
        "client_id", "resource_group", "scale_set",
    }  # fmt: skip
    assert at["resource_manager"].startswith("https://127.0.0.1:")
    assert "BEGIN CERTIFICATE" in Path(at["ca"]).read_text()
    written = "".join(each.read_text() for each in ready.parent.iterdir())
    assert "PRIVATE" not in written


def test_the_real_sdk_over_https(server: tuple[object, dict[str, str], Path]) -> None:
    _, at, _ = server

    def assertion() -> str:
        url = at["oidc_request_url"] + "&audience=api://AzureADTokenExchange"
        return str(json.loads(fetch(at, url, Authorization=f"Bearer {at['oidc_request_token']}"))["value"])

    trust = {"connection_verify": at["ca"]}
    credential = ClientAssertionCredential(at["tenant"], at["client_id"], assertion, authority=at["authority"], **trust)
    client = ComputeManagementClient(
        credential,
        at["subscription"],
        base_url=at["resource_manager"],
        credential_scopes=[at["resource_manager"] + "/.default"],
        **trust,
    )
    vms = list(client.virtual_machine_scale_set_vms.list(at["resource_group"], at["scale_set"], expand="instanceView"))
    assert {vm.instance_view.vm_health.status.code for vm in vms} == {"HealthState/healthy"}
    state = json.loads(fetch(at, at["resource_manager"] + "/_simulator/state"))
    assert len(state["instances"]) == len(vms) == 20
    assert state["lowest_available"] == 20
    assert state["requests"][-1]["path"].endswith("/virtualMachines")


def test_an_unknown_request_is_a_501_that_names_it(server: tuple[object, dict[str, str], Path]) -> None:
    _, at, _ = server
    with pytest.raises(urllib.error.HTTPError) as raised:
        fetch(at, at["resource_manager"] + "/nothing")
    assert raised.value.code == 501
    assert f"GET {at['resource_manager']}/nothing" in raised.value.read().decode()


def test_a_stalled_client_does_not_keep_others_out(server: tuple[object, dict[str, str], Path]) -> None:
    _, at, _ = server
    host, port = at["resource_manager"].removeprefix("https://").split(":")
    with socket.create_connection((host, int(port))):
        assert fetch(at, at["resource_manager"] + "/_simulator/state")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_drops_connections_where_asked_and_ends_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    scenario = tmp_path / "drop.yml"
    scenario.write_text(
        'description: x\nfleet: {update_domains: [1, 1]}\nfaults: [{kind: http, path: "/gone", drop: before}]'
    )
    with serving(tmp_path, str(scenario)) as (process, at, ready):
        with pytest.raises((ConnectionError, urllib.error.URLError)) as raised:
            fetch(at, at["resource_manager"] + "/gone")
        assert not isinstance(raised.value, urllib.error.HTTPError)
        assert fetch(at, at["resource_manager"] + "/_simulator/state")
        process.send_signal(number)
        assert process.communicate(timeout=5)[1] == ""
        assert process.returncode == 0
        assert not ready.exists()


def test_a_handshake_that_fails_and_a_body_that_ends_early(tmp_path: Path) -> None:
    """A failed handshake shows as a dropped connection: the server knows the request only after the handshake."""
    scenario = tmp_path / "broken.yml"
    faults = '[{kind: http, path: "/id-token", drop: tls}, {kind: http, path: "/openid-configuration", drop: in-body}]'
    scenario.write_text(f"description: x\nfleet: {{update_domains: [1, 1]}}\nfaults: {faults}")
    with serving(tmp_path, str(scenario)) as (_, at, _ready):
        with pytest.raises((ConnectionError, urllib.error.URLError)):
            fetch(at, at["oidc_request_url"])
        configuration = f"{at['authority']}/{at['tenant']}/v2.0/.well-known/openid-configuration"
        with pytest.raises(http.client.IncompleteRead):
            fetch(at, configuration)
        assert fetch(at, configuration)


def test_list_prints_names_and_descriptions(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(
        line.split(maxsplit=1)
        == ["happy", "Five update domains of four instances, a health probe, and nothing goes wrong."]
        for line in lines
    )
    assert len(lines) >= 12


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--scenario", "nothing"], "there is no such scenario"),
        (["--scenario", "happy", "--model", "x"], "--model and --instances belong together"),
        (["--scenario", "happy", "--model", "x", "--instances", "y"], "x: cannot be read"),
    ],
)
def test_bad_arguments_of_serve_are_reported(
    arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["serve", *arguments, "--host", "127.0.0.1", "--port", "0", "--ready-file", "never"]
    assert main(command) == 2
    assert problem in capsys.readouterr().err
    assert not Path("never").exists()


def test_several_sets_are_served_and_the_ready_file_names_them(tmp_path: Path) -> None:
    with serving(tmp_path, "fleet") as (_, at, ready):
        sets = json.loads(ready.read_text())["sets"]
        assert [each["scale_set"] for each in sets] == [
            "canary-weu", "api-weu", "api-neu", "web-weu", "web-neu", "web-neu-flex",
        ]  # fmt: skip
        assert sets[2] == {"resource_group": "simulated-north", "scale_set": "api-neu", "location": "northeurope"}
        assert at["scale_set"] == "canary-weu"
        state = json.loads(fetch(at, at["resource_manager"] + "/_simulator/state"))
        assert [len(each["instances"]) for each in state["sets"]] == [4, 5, 4, 6, 4, 5]


def test_a_taken_port_ends_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--scenario", "happy", "--host", "127.0.0.1", "--ready-file", str(tmp_path / "ready.json")]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["serve", *options, "--port", port]) == 2
    assert capsys.readouterr().err == (
        f"azure_simulator: cannot serve on 127.0.0.1, port {port}: Address already in use\n"
    )
    assert main(["serve", *options, "--port", "70000"]) == 2
    assert "port 70000: " in capsys.readouterr().err


def test_a_list_that_nobody_reads_ends_in_a_sentence() -> None:
    command = [sys.executable, "-m", "azure_simulator", "list"]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(command, env=environment, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=30)
    os.close(writing)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert ended.stderr.startswith("azure_simulator: the list was cut off")


def test_serving_needs_trustme_and_listing_does_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    monkeypatch.delitem(sys.modules, "azure_simulator.serving.server", raising=False)
    assert main(["list"]) == 0
    options = ["--host", "127.0.0.1", "--port", "0", "--ready-file", "never"]
    assert main(["serve", "--scenario", "happy", *options]) == 2
    assert "install trustme" in capsys.readouterr().err


def test_a_captured_set_is_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served = []
    monkeypatch.setattr("azure_simulator.serving.server.serve", lambda scenario, *rest: served.append((scenario, rest)))
    model, instances = files(tmp_path, MODEL, [instance(0), instance(1)])
    options = ["--model", str(model), "--instances", str(instances), "--host", "127.0.0.1", "--port", "8443"]
    assert main(["serve", "--scenario", "happy", *options, "--ready-file", "r", "--seed", "3"]) == 0
    ((scenario, rest),) = served
    assert scenario.scale_set.model["name"] == "web"
    assert rest == ("127.0.0.1", 8443, Path("r"), 1.0, 3)
