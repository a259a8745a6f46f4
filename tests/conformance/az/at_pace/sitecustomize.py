"""The interpreter of az imports this module before az itself, so that its waits pass at the simulator's pace.

az has no option for the 30 s between two polls, and it rightly respects a Retry-After. It waits as long as it decides,
in the simulator's seconds.
"""

import os
import time
from collections.abc import Callable
from typing import SupportsIndex

Sleep = Callable[[float | SupportsIndex], None]


def _at_pace(sleep: Sleep, pace: float) -> Sleep:
    return lambda seconds: sleep(float(seconds) * pace)


time.sleep = _at_pace(time.sleep, float(os.environ["SIMULATOR_PACE"]))
