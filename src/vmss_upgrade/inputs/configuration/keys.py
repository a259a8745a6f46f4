"""The inputs that a configuration file may hold, and how their values are written there."""

from __future__ import annotations

from typing import Final

from vmss_upgrade.inputs.names import INPUTS

# what belongs to one run, so that a file says nothing about it
OF_ONE_RUN: Final = ("operation", "config", "waves", "wave", "records", "record", "expect-plan", "typical-upgrade-time")
SECRETS: Final = ("client-secret", "hook-secret")
# what tells one scale set from others
OF_AN_ENTRY: Final = ("scale-set",)

# input -> what stands between the items of a list, in the text that the input takes
LISTS: Final = {
    **dict.fromkeys(("update-domains", "fault-domains", "zones", "instance-ids"), ","),
    "probe-url": "\n",
}

FOR_ENTRIES: Final = tuple(name for name in INPUTS if name not in (*OF_ONE_RUN, *SECRETS))
FOR_DEFAULTS: Final = tuple(name for name in FOR_ENTRIES if name not in OF_AN_ENTRY)
