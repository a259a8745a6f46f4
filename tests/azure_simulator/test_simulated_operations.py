"""Polls of operations, and of their Location."""

import pytest
from simulated import SMALL, Simulation, error_of, header, post


@pytest.fixture
def small() -> Simulation:
    return Simulation(SMALL)


def test_a_poll_of_the_location_while_it_runs(small: Simulation) -> None:
    url = str(header(post(small, "deallocate", "0"), "location"))
    reply = small.raw("GET", url)
    assert (reply.status, header(reply, "location")) == (202, url)
    small.clock.sleep(600)
    assert (small.raw("GET", url).status, header(small.raw("GET", url), "location")) == (200, None)


def test_a_poll_says_monitor_in_any_case(small: Simulation) -> None:
    url = str(header(post(small, "deallocate", "0"), "location"))
    assert small.raw("GET", url.replace("monitor=true", "monitor=True")).status == 202


def test_a_poll_in_another_region(small: Simulation) -> None:
    url = str(header(post(small, "deallocate", "0"), "azure-asyncoperation"))
    assert error_of(small.raw("GET", url.replace("/westeurope/", "/northeurope/"))) == (404, "NotFound")
    assert small.raw("GET", url.replace("/westeurope/", "/WestEurope/")).status == 200
