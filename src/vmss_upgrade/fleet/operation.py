"""What can be done with a whole fleet."""

from __future__ import annotations

from enum import Enum


class FleetOperation(Enum):
    """What is to be done with many scale sets; the values are those of the input `operation`."""

    PLAN = "fleet-plan"  # find and plan every scale set of the file, wave by wave
    REPORT = "fleet-report"  # put the records of its runs into one picture
