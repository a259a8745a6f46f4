"""Failures of an instance or a run, and what to do about them, by Azure's code or words.

Sources: Azure's pages on allocation failures, on quota errors, on SKUs that are not available, on resource locks,
and on the terms of marketplace images; the words of images that do not boot, jenkinsci/azure-vm-agents-plugin#305
(generation), Azure/azure-cli#27975 (trusted launch).
"""

from __future__ import annotations

import re
from dataclasses import KW_ONLY, dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Problem:
    """A failure that Azure reports of an instance or an operation, in Azure's words.

    `extension` names the extension that failed (empty: the instance itself).
    """

    code: str
    message: str
    extension: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What makes this failure differ from others: its message may hold a time, or another number at each look."""
        return (self.code, self.extension)

    @property
    def says_preempted(self) -> bool:
        """True if an operation ended because another took its place, which proves nothing about the instances."""
        return self.code.lower() in ("operationpreempted", "canceled", "cancelled", "operationcanceled")

    def __str__(self) -> str:
        """Say what failed, with the extension if it was one."""
        return f"extension {self.extension}: {self.message}" if self.extension else self.message


class FailureCode(StrEnum):
    """The codes of this action. Azure's own codes stay text as Azure writes them, and are never among these."""

    NOT_SEEN = "NotSeen"
    STILL_UPDATING = "StillUpdating"
    NOT_PROVISIONED = "NotProvisioned"
    NOT_ON_TARGET = "NotOnTarget"
    NOT_RUNNING = "NotRunning"
    NOT_CURRENT = "NotCurrent"
    NOT_HEALTHY = "NotHealthy"
    NOT_REPORTED_SINCE = "NotReportedSince"
    REPLACED = "ReplacedWhileIll"
    BATCH_TIMEOUT = "BatchTimeout"  # only a matter of time
    NOT_HEALTHY_ELSEWHERE = "NotHealthyElsewhere"
    UPDATED_BY_SOMEBODY = "UpdatedBySomebody"
    BEING_CREATED = "BeingCreated"
    NONE_ELSE_RUNS = "NobodyElseRuns"
    NONE_ELSE_IS_HEALTHY = "NobodyElseIsHealthy"
    BELOW_MIN_HEALTHY = "BelowMinHealthy"
    NOT_RETURNED = "NotReturned"
    INCOMPLETE_SURGE = "IncompleteSurge"
    MODEL_CHANGED = "ModelChangedBySomebody"
    SIGNAL_LOST = "SignalLost"
    PROBES_FAILED = "ProbesFailed"
    DRAIN_FAILED = "DrainFailed"
    UNDRAIN_FAILED = "UndrainFailed"


@dataclass(frozen=True, slots=True)
class Failure:
    """What is wrong with an instance (empty: with a batch, or the run as a whole), for now or for good.

    `code` is one of ours, or Azure's as it is. `blames_image`: the instance was seen bad on the target image, so that
    going back would help. `is_older`: it was bad there when this run began, and this run never touched it, which says
    nothing of what this run did.
    """

    instance_id: str
    code: FailureCode | str
    message: str
    _: KW_ONLY
    correlation_id: str = ""
    blames_image: bool = False
    is_older: bool = False


_NO_CAPACITY = (
    "allocationfailed",
    "zonalallocationfailed",
    "overconstrainedallocationrequest",
    "overconstrainedzonalallocationrequest",
)
_NO_CAPACITY_REMEDY = (
    "Azure has no room for this VM size there just now, whatever the image: run again later, or give the scale set "
    "another size, or more zones."
)
_SIZE_REMEDY = (
    "The subscription may not use this VM size in the scale set's region or zones: "
    "`az vm list-skus --location REGION --size SIZE --all` shows why. Ask for access to it, or choose another size."
)
_QUOTA_REMEDY = (
    "Have the quota that Azure names raised, or free some of it (`az vm list-usage --location REGION` shows what is "
    "used), then run again."
)
_TERMS_REMEDY = (
    "Accept the terms of the marketplace image in this subscription: "
    "`az vm image terms accept --publisher PUBLISHER --offer OFFER --plan PLAN`."
)
_DISABLED_REMEDY = "The subscription is disabled, so that nothing in it can be changed: have it enabled again."

COPY_OR_SHARE = (
    "Copy the image into a gallery of the scale set's tenant, or have a gallery share it with the subscription or the "
    "community (`image-id: /SharedGalleries/...` or `/CommunityGalleries/...`)."
)

_SPEAKS_OF_QUOTA = re.compile(r"\bquota\b", re.IGNORECASE)
_LOCKED = re.compile(r"scope\(s\) are locked: '([^']+)'", re.IGNORECASE)
_NAMESPACE = re.compile(r"namespace '([A-Za-z.]+)'")
# what of an image and a VM does not go together -> Azure's words for it; the first that fits counts
_UNFIT = (
    ("hypervisor generation", re.compile(r"hypervisor generation", re.IGNORECASE)),
    ("CPU architecture", re.compile(r"cpu architecture", re.IGNORECASE)),
    ("disk controller type", re.compile(r"cannot boot\b.*\bdisk controller type", re.IGNORECASE | re.DOTALL)),
    ("security type", re.compile(r"security type|\btrusted ?launch\b", re.IGNORECASE)),
)
_CLIENT_ERRORS = ("badrequest", "invalidparameter", "operationnotallowed")


def is_never_the_images(code: str, message: str) -> bool:
    """Return whether the image is not to blame: for want of room, quota or access, or for another operation."""
    known = code.lower()
    if known == "operationnotallowed":
        return _SPEAKS_OF_QUOTA.search(message) is not None
    return known in (*_NO_CAPACITY, "skunotavailable", "quotaexceeded", "scopelocked", "operationpreempted")


def remedy_of(code: str, message: str) -> str:
    """Return what to do; empty if nothing is known that helps."""
    match code.lower():
        case known if known in _NO_CAPACITY:
            return _NO_CAPACITY_REMEDY
        case "skunotavailable":
            return _SIZE_REMEDY
        case "quotaexceeded":
            return _QUOTA_REMEDY
        case "operationnotallowed" if _SPEAKS_OF_QUOTA.search(message):
            return _QUOTA_REMEDY
        case "scopelocked":
            return _lock(message)
        case "readonlydisabledsubscription":
            return _DISABLED_REMEDY
        case "missingsubscriptionregistration":
            return _registration(message)
        case "resourcepurchasevalidationfailed" | "marketplacepurchaseeligibilityfailed":
            return _TERMS_REMEDY
        case known if known in _CLIENT_ERRORS:
            return _unfit(message)
    return ""


def _lock(message: str) -> str:
    found = _LOCKED.search(message)
    where = f" at {found[1]}" if found else ""
    return (
        f"A lock{where} forbids it, whatever role the identity has: have its owner remove it for the time of the "
        "rollout (`az lock list` shows the locks)."
    )


def _registration(message: str) -> str:
    found = _NAMESPACE.search(message)
    namespace = found[1] if found else "NAMESPACE"
    return f"Register the subscription for it: `az provider register --namespace {namespace}`, then run again."


def _unfit(message: str) -> str:
    what = next((what for what, words in _UNFIT if words.search(message)), None)
    if what is None:
        return ""
    return (
        f"Image and scale set do not go together in their {what}: choose an image with the one that the scale set "
        "has, or change its VM size or security profile first."
    )
