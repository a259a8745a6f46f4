"""Commands in the guests: what a PUT, a DELETE and the older POST do to an instance.

Times are those of a recorded PUT (Azure/azure-cli, test_vmss_run_command_v2, 2024-08): the script began after 17 s, and
the operation ended 9 s after the script; a DELETE took 10.7 s. A silent agent is given up after 90 minutes
(documented, "Run scripts in your VM by using action Run Commands").

Choices that no recording decides: an instance is Updating while the operation of a PUT or a DELETE runs, the set is
not; commands run side by side; an instance whose OS disk is being replaced refuses them (409); one that is Updating for
a command refuses a manualupgrade (409); a PUT over a command runs it again; a DELETE ends a running script
(documented), and the operation of its PUT is then Canceled; a stopped instance refuses commands as it refuses the
older ones. Exit code 0 is shown until a script has ended by itself.
"""

from typing import Any

from azure_simulator.scenario.companions.run_commands import USUAL, GuestBehavior
from azure_simulator.scenario.request_faults import OperationFate
from azure_simulator.state.companions.command import DRAIN, UNDRAIN, RunCommand, drained_spans
from azure_simulator.state.instances import Instance
from azure_simulator.state.operations import Operation, lasting
from azure_simulator.state.periods import FOREVER, DrainedPeriod, StatePeriod
from azure_simulator.state.scale_set import SimulatedScaleSet
from azure_simulator.wire.errors import OPERATION_ERRORS, refusal

BEGINS_AFTER = 17.0
SETTLES_AFTER = 9.0
DELETED_AFTER = 10.7
AGENT_GIVEN_UP_AFTER = 5400.0


def find(instance: Instance, name: str, now: float) -> RunCommand | None:
    """Return the instance's command of this name, if there is one."""
    return next((each for each in present(instance, now) if each.name.lower() == name.lower()), None)


def present(instance: Instance, now: float) -> list[RunCommand]:
    """Return the instance's commands that are resources now."""
    return [each for each in instance.commands if each.exists(now)]


def put(
    scale_set: SimulatedScaleSet,
    instance: Instance,
    name: str,
    properties: dict[str, Any],
    now: float,
    api_version: str,
    fate: OperationFate | None,
) -> tuple[RunCommand, Operation]:
    """Create a command, or replace it, and run it. Raises Refusal 409 (see above)."""
    _check_runs(scale_set, instance, now)
    before = find(instance, name, now)
    if before is not None:
        _stop(instance, before, now, now)
    command = _plan(scale_set, instance, name, properties, now, fate)
    command.replaces = before is not None
    instance.commands.append(command)
    _keep_updating(instance, now, command.settled_at)
    _renew_drained(instance)
    ends_at = lambda: min(command.settled_at, command.stopped_at)  # noqa: E731
    failure = None if command.failure is None else (command.failure, OPERATION_ERRORS[command.failure])
    operation = scale_set.operations.start(now, api_version, ends_at, fate=fate, error=failure)
    scale_set.operations.mark_foreign(operation)
    command.operation = operation
    return command, operation


def delete(
    scale_set: SimulatedScaleSet,
    instance: Instance,
    command: RunCommand,
    now: float,
    api_version: str,
    fate: OperationFate | None,
) -> Operation:
    """Delete a command, which ends its script."""
    ends = now + lasting(fate, DELETED_AFTER)
    _stop(instance, command, now, ends)
    _keep_updating(instance, now, ends)
    _renew_drained(instance)
    operation = scale_set.operations.start(now, api_version, lambda: ends, fate=fate)
    scale_set.operations.mark_foreign(operation)
    return operation


def invoke(
    scale_set: SimulatedScaleSet,
    instance: Instance,
    body: dict[str, Any],
    now: float,
    api_version: str,
    fate: OperationFate | None,
) -> tuple[RunCommand, Operation]:
    """Run a command by the older action, one at a time. Raises Refusal 409 while another one runs (reported)."""
    _check_runs(scale_set, instance, now)
    if any(not each.managed and now < each.settled_at for each in instance.commands):
        raise refusal("run-command-in-progress")
    script = "\n".join(str(line) for line in body.get("script") or [])
    properties = {"source": {"script": script}, "parameters": body.get("parameters")}
    command = _plan(scale_set, instance, "", properties, now, fate)
    command.managed = False
    instance.commands.append(command)
    _renew_drained(instance)
    failure = None if command.failure is None else (command.failure, OPERATION_ERRORS[command.failure])
    operation = scale_set.operations.start(now, api_version, lambda: command.settled_at, fate=fate, error=failure)
    scale_set.operations.mark_foreign(operation)
    return command, operation


def is_drained(instance: Instance, now: float) -> bool:
    """Return whether a command has drained the instance, and neither `undrain` nor a new OS disk came after it."""
    replaced = [each.ended_at for each in instance.upgrades if each.image is not None and each.ended_at <= now]
    replaced_at = max(replaced, default=-FOREVER)
    return any(since <= now < until and since > replaced_at for since, until, _ in drained_spans(instance.commands))


def argument_of(properties: dict[str, Any]) -> str:
    """Return the argument of a command: of its parameters `drain` or `undrain`, else the last; without parameters the
    last word of its script.
    """
    given = [*(properties.get("parameters") or []), *(properties.get("protectedParameters") or [])]
    values = [str(each.get("value", "")) for each in given if isinstance(each, dict)]
    known = [value for value in values if value in (DRAIN, UNDRAIN)]
    words = str((properties.get("source") or {}).get("script") or "").split()
    return next((each[-1].strip("'\"") for each in (known, values, words) if each), "")


# --- steps ---


def _check_runs(scale_set: SimulatedScaleSet, instance: Instance, now: float) -> None:
    snapshot = scale_set.snapshot(instance, now)
    if snapshot.power != "running":
        raise refusal("machine-not-running")
    if snapshot.rebuilding or snapshot.provisioning == "Deleting":
        raise refusal("conflict")


def _plan(
    scale_set: SimulatedScaleSet,
    instance: Instance,
    name: str,
    properties: dict[str, Any],
    now: float,
    fate: OperationFate | None,
) -> RunCommand:
    argument = argument_of(properties)
    behavior = _behavior(scale_set, instance, argument)
    begins = now + BEGINS_AFTER
    ends = FOREVER if behavior.never_ends else begins + behavior.seconds
    timeout = float(properties.get("timeoutInSeconds") or 0)
    timed_out = 0 < timeout < ends - begins
    ends = begins + timeout if timed_out else ends
    settled = (begins if properties.get("asyncExecution") else ends) + SETTLES_AFTER
    if behavior.agent_silent:
        begins = ends = FOREVER
        settled, timed_out = now + AGENT_GIVEN_UP_AFTER, False
    return RunCommand(
        name=name,
        properties=properties,
        argument=argument,
        behavior=behavior,
        put_at=now,
        begins_at=begins,
        ends_at=ends,
        settled_at=now + lasting(fate, settled - now),
        timed_out=timed_out,
    )


def _behavior(scale_set: SimulatedScaleSet, instance: Instance, argument: str) -> GuestBehavior:
    fitting = (each for each in scale_set.scenario.guest if each.is_for(instance.instance_id, argument))
    return next(fitting, USUAL)


def _stop(instance: Instance, command: RunCommand, now: float, gone_at: float) -> None:
    """End a command's script and the operation of its PUT, where these still run."""
    command.stopped_at, command.deleted_at = min(command.stopped_at, now), min(command.deleted_at, gone_at)
    if now >= command.settled_at:
        return
    if command.operation is not None:
        command.operation.cancelled = True
        command.operation.error = ("OperationPreempted", OPERATION_ERRORS["OperationPreempted"])
    instance.state_periods = [
        StatePeriod(each.start, now) if each == StatePeriod(command.put_at, command.settled_at) else each
        for each in instance.state_periods
    ]


def _keep_updating(instance: Instance, now: float, until: float) -> None:
    instance.state_periods.append(StatePeriod(now, until))


def _renew_drained(instance: Instance) -> None:
    """Note when commands keep the instance drained, and whether its health says so, as the scenario wants it."""
    spans = drained_spans(instance.commands)
    instance.drained_periods = [
        DrainedPeriod(since, until, unhealthy=by.behavior.turns_unhealthy) for since, until, by in spans
    ]
