"""Many scale sets: what a configuration file names, the plan of a fleet, and the report over all of its sets."""
