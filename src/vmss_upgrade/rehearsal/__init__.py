"""The simulator under the action: the demo of a scenario, and the rehearsal on a copy of a scale set.

The only room that imports both the action and the simulator.
"""

from vmss_upgrade.rehearsal.demo import main, plan_fleet, rehearse
from vmss_upgrade.rehearsal.environment import environment

__all__ = ["environment", "main", "plan_fleet", "rehearse"]
