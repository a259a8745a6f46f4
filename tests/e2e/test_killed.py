"""After SIGKILL, the post step reports what was left, and the same job run again finishes it."""

from collections.abc import Callable

import pytest

from e2e.expectations import assert_no_secret_in, assert_whole_set_upgraded, ids, scenario_inputs
from e2e.runner import Runner, Way
from e2e.simulator import Simulator

both_ways = pytest.mark.parametrize("way", ["container", "process"])


@both_ways
def test_a_run_killed_in_a_batch_is_finished_by_the_next(
    serve: Callable[[str], Simulator], job: Callable[[Simulator, Way], Runner], way: Way
) -> None:
    simulator, inputs = serve("happy"), scenario_inputs("happy")
    killed = job(simulator, way)
    killed.start(inputs)
    killed.wait_for(lambda: len(simulator.state()["upgrades"]) == 2)
    killed.kill()
    at_death = simulator.state()
    begun = [id_ for upgrade in at_death["upgrades"] for id_ in upgrade["instance_ids"]]

    left = killed.run_post()

    assert left.exit_code == 0, left.log
    [warning] = left.commands("warning")
    under_way = f"Batch 2 of 5 (4 instances: {', '.join(begun[4:])}) was being upgraded to "
    assert under_way in warning
    assert under_way in left.summary
    assert "run the workflow again with the same inputs" in left.summary
    assert len(simulator.state()["requests"]) == len(at_death["requests"])

    again = job(simulator, way).run(inputs)

    assert again.exit_code == 0, again.log
    assert again.outputs["outcome"] == "succeeded"
    every = [instance["instance_id"] for instance in simulator.state()["instances"]]
    assert ids(again.outputs, "skipped") == sorted(begun, key=int)
    assert ids(again.outputs, "upgraded") == sorted(set(every) - set(begun), key=int)
    assert ids(again.outputs, "failed") == ids(again.outputs, "remaining") == []
    assert_whole_set_upgraded(simulator, inputs["image-version"])
    assert_no_secret_in(again.log, simulator)
