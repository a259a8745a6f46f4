"""Lists of image versions, and galleries, as their requests show them."""

import json
from typing import Any

import pytest
from simulated import Simulation, error_of

from azure_simulator import ScenarioError, parse_scenario

SUBSCRIPTION = "/subscriptions/11111111-1111-1111-1111-111111111111"
GALLERY = f"{SUBSCRIPTION}/resourceGroups/images/providers/Microsoft.Compute/galleries/golden/images/web"
VERSIONS = (
    f"{SUBSCRIPTION}/providers/Microsoft.Compute/locations/westeurope/publishers/p/artifacttypes/vmimage"
    "/offers/o/skus/s/versions"
)


def simulation_of(began: str = "2026-01-01T00:00:00+00:00") -> Simulation:
    """Return a gallery whose versions 1.0.0, 2.0.0 and 3.0.0 are replicated, being replicated, and failed."""
    return Simulation(
        f"""
description: images
began: "{began}"
fleet: {{update_domains: [1], image: {{publisher: p, offer: o, sku: s, version: 1.9.0}}}}
images:
  - {{publisher: p, offer: o, sku: s, versions: [1.9.0, 1.10.0]}}
  - {{id: "{GALLERY}", versions: [1.0.0]}}
  - {{id: "{GALLERY}", versions: [2.0.0], replication: InProgress}}
  - {{id: "{GALLERY}", versions: [3.0.0], replication: Failed}}
"""
    )


# --- lists ---


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["1.9.0", "1.10.0"]),
        ("$orderby=name", ["1.9.0", "1.10.0"]),
        ("$orderby=name%20desc", ["1.10.0", "1.9.0"]),
        ("$top=1&$orderby=name%20desc", ["1.10.0"]),
        ("$top=0", []),
        ("$top=9", ["1.9.0", "1.10.0"]),
    ],
)
def test_a_list_of_versions(query: str, names: list[str]) -> None:
    answer = simulation_of().raw("GET", f"{VERSIONS}?{query}")
    assert [each["name"] for each in json.loads(answer.body)] == names


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("$top=abc", (400, "InvalidParameter")),
        ("$top=-1", (400, "InvalidParameter")),
        ("$top=", (400, "InvalidParameter")),
        ("$orderby=foo", (501, "NotSimulated")),
        ("$filter=foo", (501, "NotSimulated")),
    ],
)
def test_a_list_of_versions_that_is_refused(query: str, error: tuple[int, str]) -> None:
    assert error_of(simulation_of().raw("GET", f"{VERSIONS}?{query}")) == error


def test_the_option_that_is_wrong_is_named() -> None:
    answer = simulation_of().raw("GET", f"{VERSIONS}?$top=abc")
    assert json.loads(answer.body)["error"]["target"] == "$top"
    # It costs as much as a valid one.
    assert "x-ms-ratelimit-remaining-resource" in dict(answer.headers)


# --- galleries ---


@pytest.mark.parametrize(
    ("version", "aggregated", "state", "progress"),
    [
        ("1.0.0", "Completed", "Completed", 100),
        ("2.0.0", "InProgress", "Replicating", 50),
        ("3.0.0", "Failed", "Failed", 50),
    ],
)
def test_the_replication_of_a_gallery_version(version: str, aggregated: str, state: str, progress: int) -> None:
    shown = properties(simulation_of(), f"{GALLERY}/versions/{version}?$expand=ReplicationStatus")
    assert shown["replicationStatus"] == {
        "aggregatedState": aggregated,
        "summary": [{"region": "westeurope", "state": state, "progress": progress}],
    }


def test_a_replication_that_does_not_exist_is_refused() -> None:
    images = f'images: [{{id: "{GALLERY}", versions: [1.0.0], replication: Done}}]'
    with pytest.raises(ScenarioError, match=r"replication.*Completed, InProgress, Failed"):
        parse_scenario(f"description: x\n{images}", "x", "x.yml")


def test_only_versions_of_galleries_replicate() -> None:
    images = "images: [{publisher: p, offer: o, sku: s, versions: [1.0.0], replication: Failed}]"
    with pytest.raises(ScenarioError, match="replication"):
        parse_scenario(f"description: x\n{images}", "x", "x.yml")


@pytest.mark.parametrize(
    ("began", "shown"), [("2020-07-09T00:00:00+00:00", False), ("2024-08-26T00:00:00+00:00", True)]
)
def test_an_image_of_a_gallery_shows_its_architecture_since_2022(began: str, shown: bool) -> None:
    assert ("architecture" in properties(simulation_of(began), GALLERY)) is shown


def properties(simulation: Simulation, path: str) -> dict[str, Any]:
    return json.loads(simulation.raw("GET", path).body)["properties"]
