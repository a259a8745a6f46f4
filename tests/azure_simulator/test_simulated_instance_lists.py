"""Lists of instances: what a filter picks, and where a page begins."""

import json

import pytest
from simulated import SMALL, Simulation, error_of


@pytest.fixture
def small() -> Simulation:
    return Simulation(SMALL)


def test_a_skiptoken_that_is_no_base64(small: Simulation) -> None:
    reply = small.raw("GET", f"{small.set_path}/virtualMachines?$skiptoken=%C3%A9")
    assert error_of(reply) == (400, "InvalidParameter")
    assert json.loads(reply.body)["error"]["target"] == "$skiptoken"


@pytest.mark.parametrize(("asked", "found"), [("true", ["1", "2", "3"]), ("false", ["0"])])
def test_a_list_of_the_current_instances_or_of_the_others(asked: str, found: list[str]) -> None:
    simulation = Simulation(SMALL + "instances: {'0': {image: '22.04.202609010'}}")
    listed = simulation.raw(
        "GET", f"{simulation.set_path}/virtualMachines?$filter=properties/latestModelApplied%20eq%20{asked}"
    )
    assert [each["instanceId"] for each in json.loads(listed.body)["value"]] == found
