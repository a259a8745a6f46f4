"""Operations as Azure writes them: what a poll answers."""

from typing import Any

from azure_simulator.state.operations import Operation
from azure_simulator.wire.calendar import Calendar


def operation_body(operation: Operation, now: float, calendar: Calendar) -> dict[str, Any]:
    """Return the body of a poll, whose status is always 200."""
    started = calendar.timestamp(operation.started_at)
    if operation.running(now):
        return {"startTime": started, "status": "InProgress", "name": operation.name}
    body: dict[str, Any] = {"startTime": started, "endTime": calendar.timestamp(operation.ends_at())}
    status = "Canceled" if operation.cancelled else "Succeeded" if operation.error is None else "Failed"
    if operation.error is None:
        output = {} if operation.output is None else {"properties": {"output": operation.output}}
        return {**body, "status": status, **output, "name": operation.name}
    code, message = operation.error
    details = {} if operation.details is None else {"details": operation.details}
    error = {"code": code, **details, "message": message}
    return {**body, "status": status, "error": error, "name": operation.name}
