"""One long-running operation, polled one step at a time by the SDK's own code, without the SDK's thread.

`LROPoller` starts a thread only for a polling method that is not finished; this one says it is until the first
`step`. Each step is one `update_status` of the SDK (azure-core `LROBasePolling`), so all of ARM's rules stay the
SDK's: which URL is polled, what its answers mean, how an error is read.
"""

from __future__ import annotations

from typing import Any

from azure.core.exceptions import HttpResponseError
from azure.core.polling.base_polling import BadResponse, BadStatus
from azure.mgmt.core.polling.arm_polling import ARMPolling

from vmss_upgrade.azure_api import failures
from vmss_upgrade.azure_api.failures import read_by_the_sdk, translated
from vmss_upgrade.errors import AzureError, Trouble
from vmss_upgrade.ports import OperationState
from vmss_upgrade.rollout.failures import Problem

_STATES = {
    "succeeded": OperationState.SUCCEEDED,
    **dict.fromkeys(("failed", "canceled", "cancelled"), OperationState.FAILED),
}


class SteppedPolling(ARMPolling):
    """A polling method that does nothing until it is stepped. Is an `Operation`, see ports.py."""

    def __init__(self, doing: str, **options: Any) -> None:
        super().__init__(**options)
        self._doing = doing
        self._stepped = False
        self.problem: Problem | None = None  # Azure's error of a failed operation

    def initialize(self, client: Any, initial_response: Any, deserialization_callback: Any) -> None:
        """Take the first answer. Raises HttpResponseError where it is a page, or a 200 that says nothing: neither tells
        that Azure accepted anything.
        """
        response = initial_response.http_response
        if failures.is_page(response) or (response.status_code == 200 and not response.body()):
            raise HttpResponseError(response=response)
        super().initialize(client, initial_response, deserialization_callback)

    def finished(self) -> bool:
        """Return True until the first step, so that no thread is started."""
        return True if not self._stepped else super().finished()

    def run(self) -> None:
        """Do nothing: the steps are ours."""

    @property
    def correlation_id(self) -> str:
        """The id of the request that started the operation."""
        return failures.correlation_id(self._initial_response.http_response.headers)

    @property
    def asked_delay(self) -> float | None:
        """What the latest answer asks for; None where it does not."""
        return failures.retry_after(self._pipeline_response.http_response.headers)

    @property
    def ended_at(self) -> str:
        """From the last poll's `endTime`."""
        return str(self._body().get("endTime") or "")

    def step(self) -> OperationState:
        """Poll once. After a poll that failed the operation counts as running still."""
        self._stepped = True
        try:
            with translated(f"polling the operation ({self._doing})"):
                if not super().finished():
                    self._poll_once()
        except AzureError as error:
            if error.trouble is Trouble.NOT_FOUND:
                error.trouble, error.remedy = Trouble.NO_RECORD, ""  # it was accepted, so it did exist
            raise
        state = _STATES.get(str(self._status).lower(), OperationState.RUNNING)
        if state is OperationState.FAILED:
            self.problem = self._read_problem()
        return state

    def _poll_once(self) -> None:
        try:
            with read_by_the_sdk():
                self.update_status()
        except (BadStatus, BadResponse) as error:
            response = self._pipeline_response.http_response
            raise HttpResponseError(response=response, message=str(error), error=error) from error

    def _body(self) -> dict[str, Any]:
        """Return the latest answer; empty where it is no JSON object (the final answer of a POST has no body)."""
        try:
            body = self._pipeline_response.http_response.json()
        except (ValueError, RecursionError):
            return {}
        return body if isinstance(body, dict) else {}

    def _read_problem(self) -> Problem:
        error = self._body().get("error")
        error = error if isinstance(error, dict) else {}
        unsaid = "OperationFailed" if str(self._status).lower() == "failed" else str(self._status)
        message = failures.words_of(error) or f"the operation ended {self._status}"
        return Problem(failures.code_of(error) or unsaid, message)
