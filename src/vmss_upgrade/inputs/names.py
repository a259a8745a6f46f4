"""The names of the inputs, with their defaults: the same list as in action.yml (a test holds them together).

action.yml only describes the defaults: the runner would pass one as if the workflow's author had written it, and then
no value of a configuration file could win over it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# name -> default, as action.yml describes it; an empty default is decided here or by the scale set
INPUTS: Final[Mapping[str, str]] = {
    "resource-group": "",
    "scale-set": "",
    "subscription-id": "",
    "tenant-id": "",
    "client-id": "",
    "client-secret": "",
    "audience": "",
    "environment": "AzureCloud",
    "resource-manager-endpoint": "",
    "authority-host": "",
    "operation": "upgrade",
    "config": "",
    "waves": "",
    "wave": "",
    "records": "",
    "expect-plan": "",
    "on-failure": "stop",
    "record": "",
    "typical-upgrade-time": "",
    "image": "",
    "image-version": "",
    "image-sku": "",
    "image-offer": "",
    "image-publisher": "",
    "image-id": "",
    "image-uri": "",
    "wait-for-replication": "",
    "strategy": "auto",
    "batch-size": "",
    "canary": "",
    "update-domains": "",
    "fault-domains": "",
    "zones": "",
    "instance-ids": "",
    "stop-after": "",
    "not-after": "",
    "surge": "",
    "min-healthy": "",
    "allow-downtime": "false",
    "protected-instances": "skip",
    "stopped-instances": "skip",
    "health": "auto",
    "suspend-repairs": "false",
    "bake-time": "",
    "health-timeout": "20m",
    "batch-timeout": "",
    "timeout": "5h30m",
    "probe-url": "",
    "probe-max-failures": "3",
    "drain-command": "",
    "drain-timeout": "15m",
    "before-batch-url": "",
    "after-batch-url": "",
    "hook-secret": "",
    "hook-timeout": "15m",
    "report-path": "",
    "report-html": "",
}

# The post step of the action completes these if the run is killed; the program outside GitHub has none.
NEED_POST_STEP: Final[Mapping[str, str]] = {
    "suspend-repairs": "Suspend the repairs before the run, and resume them after it: "
    "az vmss set-orchestration-service-state --service-name AutomaticRepairs --action Suspend (then Resume).",
    "drain-command": "Drain the instances before the run by a way of your own.",
    **dict.fromkeys(
        ("before-batch-url", "after-batch-url", "hook-secret"),
        "Use --stop-after 1, and call your service between the runs.",
    ),
}
# set by the program: what needs a post step is refused in a configuration file, too
NO_POST_STEP: Final = "VMSS_UPGRADE_NO_POST_STEP"
