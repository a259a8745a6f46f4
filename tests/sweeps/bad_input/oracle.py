"""What is known of a case without the action: whether its inputs are bad, and which instances may be upgraded."""

from __future__ import annotations

import re

from harness.vocabulary import CHOICES, INPUTS
from sweeps.bad_input.alterations import PROTECTION
from sweeps.bad_input.case import Case
from sweeps.bad_input.player import Aftermath, Struck
from sweeps.bad_input.worlds import CURRENT, DUE, NAMES, PROTECTED

_FORMS = {
    "health-timeout": r"(?:PT)?[0-9hms]+",
    "batch-timeout": r"(?:PT)?[0-9hms]+",
    "timeout": r"(?:PT)?[0-9hms]+",
    "bake-time": r"(?:PT)?[0-9hms]+",
    "batch-size": r"[0-9]+\s*%?",
    "canary": r"[0-9]+\s*%?",
    "min-healthy": r"[0-9]+\s*%?",
    "image-version": r"[\w.-]+",
    "image-sku": r"[\w.-]+",
    "scale-set": r"[\w.()/-]+",
    "resource-group": r"[\w.()-]+",
    "resource-manager-endpoint": r"https://[^\s#\\@]+",
    "authority-host": r"https://[^\s#\\@]+",
}


def are_inputs_surely_bad(case: Case) -> bool:
    """An unknown name, a value that is none of a choice's, or one that cannot have the form that it must have."""
    for name, value in case.inputs.items():
        name, value = name.lower(), value.strip()
        if name in ("entrypoint", "args"):
            continue
        if name not in INPUTS:
            return True
        if value and name in CHOICES and value.lower() not in {word.lower() for word in CHOICES[name]}:
            return True
        if value and name in _FORMS and not re.fullmatch(_FORMS[name], value, re.IGNORECASE):
            return True
    return False


def lies_about_writes(after: Aftermath) -> bool:
    """A write was carried out, and the answer says that it was refused, which Azure does not do."""
    on_writes = [
        each.alteration for each in after.hostile.struck if each.alteration.route in ("patch", "upgrade", "repairs")
    ]
    return any(alteration.how in ("error", "status") for alteration in on_writes)


def upgraded(after: Aftermath) -> frozenset[str]:
    """The numbers of the instances in every manualupgrade that was accepted, in the simulator's own words."""
    names = NAMES.get(after.case.world, "")
    return frozenset(id_.removeprefix(names) for call in after.left.upgrade_calls for id_ in call)


def may_be_upgraded(after: Aftermath) -> frozenset[str]:
    """The instances that the unaltered set would have upgraded, and those of which an answer said another thing.

    Protection that is not shown at all cannot be heeded. Where an answer about images was altered (what inputs leave
    out is kept from the model), the current instance may be due.
    """
    struck = after.hostile.struck
    allowed = set(DUE)
    if after.case.inputs or after.case.world == "vhd" or any(_tells_of_images(each) for each in struck):
        allowed.add(CURRENT)
    if any(_hides_protection(each) for each in struck) or "protected-instances" in after.case.inputs:
        allowed.add(PROTECTED)
    return frozenset(allowed)


def _tells_of_images(struck: Struck) -> bool:
    return struck.alteration.route in ("set", "image", "instances", "patch")


def _hides_protection(struck: Struck) -> bool:
    """It struck an instance's protection, or something around it."""
    place = struck.place
    return struck.alteration.route == "instances" and (place is None or len(place) < 4 or bool({*place} & PROTECTION))
