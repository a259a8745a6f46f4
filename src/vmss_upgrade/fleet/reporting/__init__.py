"""The report of a fleet: the records of its jobs, folded into one picture."""
