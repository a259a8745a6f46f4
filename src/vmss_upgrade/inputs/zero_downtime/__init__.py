"""The inputs of hooks, draining, surge and probes."""
