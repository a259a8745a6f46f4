"""The core: decisions about a rollout. Pure: no I/O, no clock, no environment, no logging."""
