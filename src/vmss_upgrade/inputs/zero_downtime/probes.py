"""The inputs of probes: the addresses to ask during a run, and how many failures halt it."""

from __future__ import annotations

from typing import Final

from vmss_upgrade.inputs.form import Form
from vmss_upgrade.inputs.values import is_address, parse_number, shown_address
from vmss_upgrade.rollout.zero_downtime.probes import MAX_FAILURES, Probes
from vmss_upgrade.web.addresses import leads_inside, parse_address

MOST_ADDRESSES: Final = 5  # they are asked one after the other, and each may take 2 s
_NAME: Final = "probe-url"
_EXAMPLE: Final = "Write addresses such as https://www.example.com/health, a line each."


def probes_of(form: Form) -> Probes | None:
    """Return the probes that are asked for; None without an address."""
    addresses = tuple(dict.fromkeys(form[_NAME].split()))
    for address in addresses:
        _examine(form, address)
    if len(addresses) > MOST_ADDRESSES:
        lack = f"{len(addresses)} addresses are too many to ask every second"
        form.problem(_NAME, lack, f"Give at most {MOST_ADDRESSES}.")
    failures = _max_failures(form)
    return Probes(addresses=addresses, max_failures=failures) if addresses else None


def _examine(form: Form, address: str) -> None:
    parsed = parse_address(address) if is_address(address) else None
    if parsed is None:
        form.problem(_NAME, f"{shown_address(address)!r} is not an http or https address", _EXAMPLE)
    elif leads_inside(parsed.host):
        lack = f"{parsed.origin!r} is link-local: only the runner's own machine and its cloud answer there"
        form.problem(_NAME, lack, "Probe the address that the clients of the service use.")


def _max_failures(form: Form) -> int:
    value = form["probe-max-failures"]
    count = parse_number(value)
    if not count:
        form.problem("probe-max-failures", f"{value!r} is not a count of failures", "Write a number from 1 on.")
    return count or MAX_FAILURES
