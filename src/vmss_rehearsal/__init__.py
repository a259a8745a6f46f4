"""The simulator under the action: the demo of a scenario, and the rehearsal on a copy of a scale set.

The only package that imports both the action and the simulator.
"""

from typing import Any


def rehearse_copy(*given: Any) -> Any:
    """Carry `operation: rehearse` out, as `copying.rehearse_copy` does, which is imported only when it is called."""
    from vmss_rehearsal.copying import rehearse_copy as carry_out

    return carry_out(*given)
