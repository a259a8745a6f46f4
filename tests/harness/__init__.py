"""Playing the action against the simulated Azure: scenarios as dicts, what a run left, and what the sweeps share."""
