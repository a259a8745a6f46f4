"""The environment of a job whose Azure is simulated."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from azure_simulator import SimulatedAzure, SimulatedSubscription


def environment(
    azure: SimulatedAzure | SimulatedSubscription, folder: Path, inputs: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment that a runner would give the action for this simulated Azure."""
    there = azure.coordinates
    given = {
        "subscription-id": there["subscription"],
        "tenant-id": there["tenant"],
        "client-id": there["client_id"],
        "resource-group": there["resource_group"],
        "scale-set": there["scale_set"],
        "resource-manager-endpoint": there["resource_manager"],
        "report-path": "record.json",
        **inputs,
    }
    return {
        **{f"INPUT_{name.upper()}": value for name, value in given.items()},
        "AZURE_AUTHORITY_HOST": there["authority"],
        "ACTIONS_ID_TOKEN_REQUEST_URL": there["oidc_request_url"],
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": there["oidc_request_token"],
        "GITHUB_WORKSPACE": str(folder),
        "GITHUB_OUTPUT": str(folder / "outputs.txt"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
    }
