"""The door to the demo and the rehearsal, which play on the simulator: `python -m vmss_upgrade.rehearsal`."""

from vmss_rehearsal.demo import main, plan_fleet, rehearse
from vmss_rehearsal.environment import environment

__all__ = ["environment", "main", "plan_fleet", "rehearse"]

if __name__ == "__main__":
    raise SystemExit(main())
