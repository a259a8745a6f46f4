"""The base of the sweeps: mutations find only public names, interceptors keep their order, and failures are printed."""

from pathlib import Path
from typing import Any

import pytest

from azure_simulator import Reply, fault_names, scenario_names
from harness.groups import group_of
from harness.mutation import mutate
from harness.playing import play, play_once
from harness.pool import Verdict, sweep
from harness.routes import ROUTES, route_of
from harness.rows import OF_THE_SAMPLE, SIBLINGS
from harness.scenarios import fleet_of
from harness.vocabulary import CHOICES, OUTCOMES
from harness.wire import Request, Send
from vmss_upgrade.inputs.operation import OPERATIONS
from vmss_upgrade.rollout.history.outcome import Outcome
from vmss_upgrade.rollout.policy import HealthUse, OnFailure


def test_a_mutation_replaces_a_name_in_every_module_that_imports_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from vmss_upgrade.rollout.planning import planner, rollback

    mutate(monkeypatch, {"batch_limit": lambda real, *_: 99, "RolloutPlan.due_now": lambda real, plan: (plan, real)})
    assert planner.batch_limit(1) == rollback.batch_limit(2) == 99
    assert planner.RolloutPlan.due_now.fget("plan")[0] == "plan"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        pytest.param("Report._arrived", ValueError, id="private-method"),
        pytest.param("_batches", ValueError, id="private-function"),
        pytest.param("no_such_name", LookupError, id="unknown"),
        pytest.param("run", LookupError, id="in-two-modules"),
        pytest.param("Report.no_such_name", KeyError, id="unknown-method"),
    ],
)
def test_a_mutation_of_an_unknown_or_ambiguous_name_is_refused(
    name: str, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(error):
        mutate(monkeypatch, {name: lambda *_: None})


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (CHOICES["operation"], {*OPERATIONS}),
        (CHOICES["on-failure"], {each.value for each in OnFailure}),
        (CHOICES["health"], {each.value for each in HealthUse}),
        (CHOICES["environment"], {"AzureCloud", "AzureUSGovernment", "AzureChinaCloud"}),
        (CHOICES["allow-downtime"], {"true", "false"}),
        (CHOICES["protected-instances"], {"skip", "fail"}),
        (OUTCOMES, {each.value for each in Outcome}),
    ],
)
def test_the_words_of_action_yml_are_those_of_the_action(words: frozenset[str], meant: set[str]) -> None:
    assert words == meant


def test_a_request_passes_the_interceptors_in_order_and_each_may_answer(tmp_path: Path) -> None:
    passed = []

    def first(request: Request, send: Send) -> Reply:
        reply = send(request)
        passed.append((request.route, reply.status))
        return reply

    def second(request: Request, send: Send) -> Reply:
        return Reply(404, [], b"") if request.route == "set" else send(request)

    played = play(fleet_of(), tmp_path, interceptors=[first, second])
    assert played.outcome == "refused"
    assert ("set", 404) in passed and ("token", 200) in passed
    assert "set" not in {route_of(each.method, each.path) for each in played.azure.requests}


@pytest.mark.parametrize("name", ["repairs"])
def test_every_request_of_a_run_has_its_own_route(name: str, tmp_path: Path) -> None:
    """Only Entra's own description may lack one, as the SDK asks for it at some authorities only."""
    surge = play(fleet_of([2, 2], {"surge": "1"}), tmp_path)
    asked = {route_of(each.method, each.path) for each in (*play_once(name).azure.requests, *surge.azure.requests)}
    assert asked == {*ROUTES} - {"openid"}


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        pytest.param("contracts/test_a.py::test_a[happy]", "runs/test_b.py::test_b[happy-succeeded]", True, id="run"),
        pytest.param("runs/test_a.py::test_a[faults/vanished]", "runs/test_a.py::test_a[happy]", False, id="two-runs"),
        pytest.param("runs/test_a.py::test_a[own]", "runs/test_a.py::test_b[own]", True, id="run-of-a-file"),
        pytest.param("runs/test_a.py::test_a[own]", "runs/test_b.py::test_a[own]", False, id="runs-of-two-files"),
        pytest.param("runs/test_a.py::test_a", "runs/test_a.py::test_b", False, id="plain-runs"),
        pytest.param("sweeps/test_a.py::test_a[1]", "sweeps/test_a.py::test_b[1]", False, id="sweeps"),
        pytest.param("inputs/test_a.py::test_a[1]", "inputs/test_a.py::test_b", True, id="file"),
        pytest.param("contracts/test_a.py::test_a[happyer]", "runs/test_a.py::test_a[happy]", False, id="part-of-name"),
    ],
)
def test_tests_that_look_at_one_run_are_on_one_worker(one: str, other: str, together: bool) -> None:
    assert (group_of(f"tests/{one}") == group_of(f"tests/{other}")) is together


def test_this_test_run_is_distributed_in_groups(request: pytest.FixtureRequest) -> None:
    scheduler = request.config.hook.pytest_xdist_make_scheduler
    chosen = [each.plugin_name for each in scheduler.get_hookimpls()]
    assert any(name.endswith("conftest.py") for name in chosen)


def _judged(number: int) -> Verdict:
    return Verdict(f"again {number}", "odd" if number % 2 else "even", ("it broke",) if number == 3 else ())


def test_a_sweep_prints_the_problems_and_the_replay_command(capsys: Any) -> None:
    assert [verdict.replay for verdict in sweep("numbers", _judged, range(5), chunk=2)] == ["again 3"]
    shown = capsys.readouterr().out
    assert "FAILED\n  it broke\n  again: again 3\n" in shown
    assert shown.startswith("FAILED") and "1 failed: 3 even, 2 odd." in shown


def test_make_test_plays_a_scenario_of_each_kind() -> None:
    assert {*scenario_names(), *fault_names()} >= OF_THE_SAMPLE
    assert OF_THE_SAMPLE.isdisjoint(SIBLINGS.values())
