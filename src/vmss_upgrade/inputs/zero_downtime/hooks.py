"""The hooks: two addresses, the secret that signs what is sent to them, and how long one call may take."""

from __future__ import annotations

from typing import Final

from vmss_upgrade.inputs.form import EMPTY, Form
from vmss_upgrade.inputs.values import is_address, shown_address
from vmss_upgrade.rollout.zero_downtime.hooks import HOOK_TIMEOUT, Hooks
from vmss_upgrade.web.addresses import is_loopback, leads_inside, parse_address

SHORTEST_SECRET: Final = 16  # characters
_NAMES: Final = ("before-batch-url", "after-batch-url")
_EXAMPLE: Final = "Write it as https://HOST/PATH."
_UNREACHABLE: Final = (
    "The action runs in a container, whose loopback is its own; and a hosted runner reaches no private addresses. Give "
    "an address that the runner can reach."
)


def hooks_of(form: Form) -> Hooks | None:
    """Return the hooks; None if no address is given."""
    before, after = (_address(form, name) for name in _NAMES)
    timeout = form.time_limit("hook-timeout") or HOOK_TIMEOUT
    secret = form.sendable("hook-secret")
    is_given = any(form[name] for name in _NAMES)
    if is_given and not secret and not form["hook-secret"]:
        remedy = "Make one by openssl rand -hex 32, and give it to your service and to the workflow, as a secret."
        form.problem("hook-secret", f"is missing {EMPTY}", remedy)
    elif secret and len(secret) < SHORTEST_SECRET:
        form.problem("hook-secret", f"is shorter than {SHORTEST_SECRET} characters", "Use a longer, random one.")
    elif secret and not is_given and not form["config"]:  # a fleet gives it to all of its scale sets
        remedy = f"Give `{_NAMES[0]}` or `{_NAMES[1]}`, or leave it out."
        form.problem("hook-secret", "is of no use without an address to call", remedy)
    return Hooks(before=before, after=after, secret=secret, timeout=timeout) if before or after else None


def _address(form: Form, name: str) -> str:
    """Return an https address as it is sent; empty if none was given, or one that cannot be used (a problem)."""
    value = form[name]
    if not value:
        return ""
    address = parse_address(value)
    shown = shown_address(value)
    if address is None or address.scheme != "https" or not is_address(value):
        form.problem(name, f"{shown!r} is not an https address", _EXAMPLE)
    elif leads_inside(address.host):
        lack = f"{shown!r} is a service of the runner's machine itself, which gives its tokens away"
        form.problem(name, lack, "Give the address of a service of your own.")
    elif is_loopback(address.host):
        form.problem(name, f"{shown!r} is the loopback of the action's own container", _UNREACHABLE)
    else:
        return str(address)
    return ""
