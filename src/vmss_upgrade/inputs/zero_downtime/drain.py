"""`drain-command` and `drain-timeout`: what runs in the guest of every instance before its batch is upgraded."""

from __future__ import annotations

from vmss_upgrade.inputs.form import Form
from vmss_upgrade.rollout.wording import duration
from vmss_upgrade.rollout.zero_downtime.drain import LONGEST_TIMEOUT, TIMEOUT, Drain


def drain_of(form: Form) -> Drain | None:
    """Return the command and its time; None without a command. Its text is never shown: a secret may be in it."""
    timeout = form.time_limit("drain-timeout") or TIMEOUT
    if timeout > LONGEST_TIMEOUT:
        lack = f"{form['drain-timeout']} is longer than Azure lets a command run ({duration(LONGEST_TIMEOUT)})"
        form.problem("drain-timeout", lack, "Make it shorter.")
    command = form["drain-command"].replace("\r\n", "\n")
    if "\0" in command:
        form.problem("drain-command", "holds a character that no script can hold (NUL)", "Take it out.")
    return Drain(command=command, timeout=timeout) if command else None
