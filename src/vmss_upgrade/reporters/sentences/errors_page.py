"""The place in docs/troubleshooting.md that explains how a run ended."""

from __future__ import annotations

from vmss_upgrade.rollout.failures import FailureCode
from vmss_upgrade.rollout.findings import Severity
from vmss_upgrade.rollout.history.outcome import Outcome
from vmss_upgrade.rollout.history.report import Report
from vmss_upgrade.rollout.native.codes import known_codes

PAGE = "troubleshooting.md"
FAULTED = "RollingUpgradeFaulted"
# code in lower case -> heading of the page; codes that mean the same share one
_HEADINGS = {
    **{
        code.lower(): code
        for code in (
            FailureCode.NOT_HEALTHY,
            FailureCode.NOT_ON_TARGET,
            FailureCode.REPLACED,
            FailureCode.BATCH_TIMEOUT,
            FailureCode.NOT_HEALTHY_ELSEWHERE,
            FailureCode.MODEL_CHANGED,
            FailureCode.SIGNAL_LOST,
            FailureCode.DRAIN_FAILED,
            FailureCode.UNDRAIN_FAILED,
            FailureCode.PROBES_FAILED,
            FailureCode.BELOW_MIN_HEALTHY,
            "OSProvisioningTimedOut",
            "AllocationFailed",
            "SignInFailed",
            "ResourceNotFound",
            "AuthorizationFailed",
            "RequestDisallowedByPolicy",
            "InvalidAuthenticationToken",
            "SubscriptionNotRegisteredForFeature",
            "OperationNotAllowed",
            "InternalError",
            "ServiceResponseError",
            "NoRegisteredProviderFound",
        )
    },
    "zonalallocationfailed": "AllocationFailed",
    "overconstrainedallocationrequest": "AllocationFailed",
    "overconstrainedzonalallocationrequest": "AllocationFailed",
    "resourcegroupnotfound": "ResourceNotFound",
    "subscriptionnotfound": "ResourceNotFound",
    "linkedauthorizationfailed": "AuthorizationFailed",
    "featurenotregistered": "SubscriptionNotRegisteredForFeature",
    **dict.fromkeys(known_codes(), FAULTED),
    "faulted": FAULTED,
    "rollingupgradecanceled": "RollingUpgradeCanceled",
    "servertimeout": "InternalError",
    "serviceunavailable": "InternalError",
    "servicerequesterror": "ServiceResponseError",
}
_BY_OUTCOME = {Outcome.REFUSED: "Refused", Outcome.TIMED_OUT: "Timeout", Outcome.INTERRUPTED: "Interrupted"}


def place_of(report: Report, code: str = "") -> str:
    """Return the address of the page, or of the heading for a failure's code; empty after a good end.

    Without a code it is the heading of the first failure, or else of the outcome. The address is a path below the
    action's repository where the runner does not say which repository and release that is.
    """
    if report.ending is None or report.ending.outcome.exit_code == 0:
        return ""
    codes = [code] if code else [failure.code for failure in report.failures()]
    heading = next(filter(None, map(_heading_of, codes)), "") or (
        "" if code else _by_ending(report, report.ending.outcome)
    )
    return f"{report.facts.docs or 'docs'}/{PAGE}{f'#{heading.lower()}' if heading else ''}"


def _heading_of(code: str) -> str:
    if code.lower().startswith("provisioningstate/failed"):
        return "ProvisioningStateFailed"
    return _HEADINGS.get(code.lower(), "")


def _by_ending(report: Report, outcome: Outcome) -> str:
    if (
        outcome is Outcome.REFUSED
        and report.model is None
        and any(f.severity is Severity.REFUSE for f in report.findings)
    ):
        return "Inputs"
    return _BY_OUTCOME.get(outcome, "")
