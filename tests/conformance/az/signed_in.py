"""An az that is signed in to a simulated Azure without a login, or not signed in, and that knows nothing else."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.az.az_cli import INSTALLED, Az
from conformance.az.identity_endpoint import PATH, IdentityEndpoint, identity_endpoint
from e2e.simulator import PACE, serving

AT_PACE = Path(__file__).parent / "at_pace"
SCENARIOS = Path(__file__).parent / "scenarios"
_QUIET = (
    "[core]\ncollect_telemetry = no\nsurvey_message = no\n"
    "[auto-upgrade]\nenable = no\n"
    "[extension]\nuse_dynamic_install = no\n"
)
_MISSING = "the az CLI is not here; tools/az-cli.sh installs it"


@contextmanager
def az_beside(scenario: str, folder: Path) -> Iterator[Az]:
    """Serve a scenario of `scenarios/` until the block ends, with an az that is signed in to it.

    Without az the test is skipped, or fails if `AZ_CLI_REQUIRED` is set.
    """
    version = needed_version()
    with (
        serving(str(SCENARIOS / f"{scenario}.yml"), host="127.0.0.1", folder=folder) as simulator,
        identity_endpoint(simulator.ready) as endpoint,
    ):
        configuration = folder / "azure"
        configuration.mkdir()
        _configure(configuration, version, simulator.ready)
        environment = _environment(configuration, simulator.ready, endpoint)
        yield Az(simulator=simulator, endpoint=endpoint, environment=environment)


def signed_out(az: Az, configuration: Path) -> Az:
    """Return an az beside the same simulator that knows no cloud of it, and has not signed in."""
    configuration.mkdir()
    _keep_to_itself(configuration, needed_version())
    (configuration / "config").write_text(_QUIET)
    return replace(az, environment={**az.environment, "AZURE_CONFIG_DIR": str(configuration)})


def needed_version() -> str:
    """Return the version of the az CLI that tools/az-cli.sh installs."""
    for mark in INSTALLED.glob(".ready-*"):
        return mark.name.removeprefix(".ready-")
    if os.environ.get("AZ_CLI_REQUIRED"):
        pytest.fail(_MISSING)
    pytest.skip(_MISSING)


def _configure(configuration: Path, version: str, ready: Mapping[str, str]) -> None:
    """Write the files that `az cloud register`, `az cloud set` and `az login --identity` would leave."""
    names = ("management", "resource_manager", "active_directory", "active_directory_resource_id")
    endpoints = [f"endpoint_{name} = {ready['resource_manager']}" for name in names]
    (configuration / "clouds.config").write_text("\n".join(["[Simulated]", *endpoints, ""]))
    (configuration / "config").write_text(f"[cloud]\nname = Simulated\n{_QUIET}")
    account = {
        "id": ready["subscription"],
        "tenantId": ready["tenant"],
        "environmentName": "Simulated",
        "name": "simulated",
        "state": "Enabled",
        "isDefault": True,
        "user": {"name": "systemAssignedIdentity", "type": "servicePrincipal", "assignedIdentityInfo": "MSI"},
    }
    (configuration / "azureProfile.json").write_text(json.dumps({"subscriptions": [account]}))
    _keep_to_itself(configuration, version)


def _keep_to_itself(configuration: Path, version: str) -> None:
    """Write a recent version check, without which az asks the internet for newer versions."""
    known = {"azure-cli": {"local": version}, "core": {"local": version}}
    (configuration / "versionCheck.json").write_text(json.dumps({"versions": known}))


def _environment(configuration: Path, ready: Mapping[str, str], endpoint: IdentityEndpoint) -> dict[str, str]:
    """Return an environment without the tests' own proxies and certificates."""
    return {
        "HOME": str(configuration),
        "LANG": "C.UTF-8",
        "AZURE_CONFIG_DIR": str(configuration),
        "IDENTITY_ENDPOINT": endpoint.address + PATH,
        "IDENTITY_HEADER": "not checked",
        "REQUESTS_CA_BUNDLE": ready["ca"],
        "HTTP_PROXY": endpoint.address,
        "HTTPS_PROXY": endpoint.address,
        "NO_PROXY": "127.0.0.1",
        "PYTHONPATH": str(AT_PACE),
        "SIMULATOR_PACE": str(PACE),
    }
