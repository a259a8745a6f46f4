"""Facts about a case that need no action: whether its inputs are bad, and which instances may be upgraded."""

import re
from itertools import starmap

from harness.vocabulary import CHOICES, INPUTS
from sweeps.bad_input.case import Alteration, Case, Place
from sweeps.bad_input.player import Aftermath
from sweeps.bad_input.worlds import CURRENT, DUE, NAMES, PROTECTED

_PROTECTION = frozenset({"protectionPolicy", "protectFromScaleSetActions"})
_FORMS = {
    **dict.fromkeys(("health-timeout", "batch-timeout", "timeout"), r"(?:PT)?[0-9hms]*[hms]"),
    "wait-for-replication": r"0+|(?:PT)?[0-9hms]*[hms]",
    "bake-time": r"(?:PT)?[0-9hms]+",
    **dict.fromkeys(("batch-size", "canary", "min-healthy"), r"[0-9]+\s*%?"),
    **dict.fromkeys(("image-version", "image-sku"), r"[\w.-]+(?::[\w.-]+){0,3}"),
    "image": r"/.*|https?://.*|[\w.-]+(?::[\w.-]+){3}",
    **dict.fromkeys(("resource-manager-endpoint", "authority-host"), r"https://[^\s#\\@]+"),
    "scale-set": r"[\w.()/-]+|https://.+#.*/virtualMachineScaleSets/.+",
    "resource-group": r"[\w.()-]+",
}


def are_inputs_surely_bad(case: Case) -> bool:
    """Return True for an unknown name, a value outside a choice, or a value of an impossible form."""
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
    """Return True if an answer says that a write was refused although it was carried out, which Azure never does."""
    struck = [each for each, _ in after.hostile.struck if each.route in ("patch", "upgrade", "repairs")]
    return any(each.how in ("error", "status") for each in struck)


def upgraded(after: Aftermath) -> frozenset[str]:
    """Return the numbers of the instances in every accepted manualupgrade, from the simulator's state."""
    names = NAMES.get(after.case.world, "")
    return frozenset(id_.removeprefix(names) for call in after.left.upgrade_calls for id_ in call)


def may_be_upgraded(after: Aftermath) -> frozenset[str]:
    """Return the instances that the unaltered case upgrades, and those whose answers were altered.

    A hidden protection cannot be respected. If an answer about images was altered, the current instance may be due,
    because the model supplies what the inputs leave out.
    """
    struck = after.hostile.struck
    about_images = any(each.route in ("set", "image", "instances", "patch") for each, _ in struck)
    allowed = set(DUE)
    if after.case.inputs or after.case.world == "vhd" or about_images:
        allowed.add(CURRENT)
    if any(starmap(_hides_protection, struck)) or "protected-instances" in after.case.inputs:
        allowed.add(PROTECTED)
    return frozenset(allowed)


def _hides_protection(alteration: Alteration, place: Place | None) -> bool:
    """Return True if it struck an instance's protection, or something around it."""
    return alteration.route == "instances" and (place is None or len(place) < 4 or bool({*place} & _PROTECTION))
